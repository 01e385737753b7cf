"""`lookalike train` from shards to a network's folder."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lookalike.cli import main
from lookalike.learning.checkpoint import CHECKPOINT, read_checkpoint
from lookalike.learning.recipe import read_recipe
from lookalike.lock import writer_lock
from lookalike.models import read_model

RECIPE = """
n_samples = {n_samples}
batch = 8
validation = 5
phases = [{{ until = 1.0, side = 32 }}]
[shape]
widths = [4, 4, 4, 8]
blocks = [1, 1, 1, 1]
n_dims = 8
[sources.colours]
head = "colours"
share = 1
"""


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    (tmp_path / "recipe.toml").write_text(RECIPE.format(n_samples=80))
    return tmp_path / "recipe.toml"


def command(recipe: Path, index: Path, into: Path) -> list[str]:
    return ["train", str(recipe), "--pictures", str(index), "--into", str(into), "--threads", "1"]


def test_a_recipe_becomes_a_network(
    recipe_file: Path, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(recipe_file, index, tmp_path / "out")) == 0
    out, err = capsys.readouterr()
    assert "48 pictures; at batch 0 of 10." in err
    assert "batch 10 of 10: loss" in err
    assert "differ from PyTorch's by" in out
    assert read_model(tmp_path / "out" / "network").n_dims == 8
    assert (tmp_path / "out" / "curve.svg").exists()


def test_what_comes_before_is_trained_first_and_once(
    recipe_file: Path, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe_file.write_text(RECIPE.format(n_samples=80) + "[before]\nn_samples = 40\n")
    assert main(command(recipe_file, index, tmp_path / "out")) == 0
    err = capsys.readouterr().err
    assert "at batch 0 of 5." in err
    assert err.index("batch 5 of 5: loss") < err.index("at batch 0 of 10.")
    assert main(command(recipe_file, index, tmp_path / "out")) == 0
    err = capsys.readouterr().err
    assert "of 5." not in err
    assert "at batch 10 of 10." in err


def test_what_is_trained_can_be_exported_again_for_another_size(
    recipe_file: Path, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(recipe_file, index, tmp_path / "out")) == 0
    capsys.readouterr()
    export = ["--json", "train", str(recipe_file), "--into", str(tmp_path / "out"), "--export-only", "--side", "64"]
    assert main(export) == 0
    answer = json.loads(capsys.readouterr().out)
    assert read_model(Path(answer["path"])).preprocessing.size == (64, 64)


def test_without_pictures_there_is_nothing_to_train_on(
    recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(recipe_file), "--into", str(tmp_path / "out")]) == 2
    assert "training needs --pictures" in capsys.readouterr().err


def test_control_c_keeps_the_checkpoint(recipe_file: Path, index: Path, tmp_path: Path) -> None:
    recipe_file.write_text(RECIPE.format(n_samples=8_000_000))
    arguments = [sys.executable, "-m", "lookalike", *command(recipe_file, index, tmp_path / "out")]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    while not (tmp_path / "out" / CHECKPOINT).exists():
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert "run the same command again to go on" in said
    assert "Traceback" not in said
    assert read_checkpoint(tmp_path / "out", read_recipe(recipe_file)).step % 250 == 0


def test_two_do_not_train_in_one_folder(
    recipe_file: Path, index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    with writer_lock(tmp_path / "out" / "training.lock"):
        assert main(command(recipe_file, index, tmp_path / "out")) == 1
    assert "is being trained in by process" in capsys.readouterr().err
    assert not (tmp_path / "out" / CHECKPOINT).exists()
