"""Where PyTorch is not installed, one sentence says what to do, and nothing else needs it."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lookalike.cli import main

RECIPES = Path(__file__).parents[2] / "recipes"


@pytest.mark.skipif(find_spec("torch") is not None, reason="PyTorch is installed")
@pytest.mark.parametrize("how", [["--pictures", "index.csv"], ["--export-only"]])
def test_training_without_pytorch_names_the_extra(
    how: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(RECIPES / "general.toml"), "--into", str(tmp_path), *how]) == 1
    assert "is not installed: pip install 'lookalike[train]'." in capsys.readouterr().err


def test_the_parts_that_prepare_pictures_do_not_load_pytorch() -> None:
    parts = ("augment", "card", "corpus", "curve", "provenance", "recipe", "sampler")
    code = f"import sys; from lookalike.learning import {', '.join(parts)}; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
