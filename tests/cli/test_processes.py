"""The command line as a process of its own: Ctrl-C, terminals, pipes, completion."""

import os
import pty
import signal
import sqlite3
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.collection import Collection

LOOKALIKE = [sys.executable, "-m", "lookalike"]


def test_ctrl_c_keeps_what_was_added_and_the_next_add_goes_on(tmp_path: Path) -> None:
    folder, place = tmp_path / "many", tmp_path / "collection"
    folder.mkdir()
    rng = np.random.default_rng(7)
    for number in range(250):
        pixels = rng.integers(0, 255, (24, 32, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    command = [*LOOKALIKE, "--collection", str(place), "add", str(folder), "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not _n_items(place) and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "safe" in errors
    assert "again to go on" in errors
    with Collection(place, make=False) as pictures:
        n_before = len(pictures)
        assert 0 < n_before < 250
        assert pictures.verify().ok
        report = pictures.add(folder)
        assert (report.unchanged, report.added) == (n_before, 250 - n_before)


def _n_items(place: Path) -> int:
    try:
        with sqlite3.connect(f"file:{place / 'catalog.db'}?mode=ro", uri=True) as catalog:
            return int(catalog.execute("SELECT count(*) FROM items").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def test_a_terminal_gets_styles_unless_no_color_is_set(shared: Path) -> None:
    assert "\x1b[" in _in_terminal(shared, {})
    assert "\x1b[" not in _in_terminal(shared, {"NO_COLOR": "1"})


def _in_terminal(place: Path, variables: dict[str, str]) -> str:
    """Return what a search writes to a terminal."""
    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    environment |= {"TERM": "xterm-256color", **variables}
    ours, theirs = pty.openpty()
    command = [*LOOKALIKE, "--collection", str(place), "search", "folder:red"]
    try:
        subprocess.run(command, stdout=theirs, stderr=theirs, stdin=theirs, env=environment, check=True)
        return os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_pipe_that_closes_early_is_no_error(shared: Path) -> None:
    command = [*LOOKALIKE, "--collection", str(shared), "search", "thing", "--quiet"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_terminal_without_blocks_gets_bars_of_other_characters(shared: Path) -> None:
    command = [*LOOKALIKE, "--collection", str(shared), "search", "#1@colour", "--quiet"]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    shown = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    assert "\\u" not in shown
    assert "#  " in shown


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_finds_no_room_is_told_in_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        process = subprocess.run([*LOOKALIKE, "--version"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert (process.returncode, process.stderr.count("\n")) == (1, 1)
    assert process.stderr.startswith("Error: No space left on device; ")


INTERRUPTED_IMPORT = """
import sys
from importlib.abc import MetaPathFinder

class Interrupting(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting())
"""


def test_ctrl_c_while_the_command_line_is_imported_ends_quietly() -> None:
    scripts = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]["scripts"]
    module, _, function = scripts["lookalike"].partition(":")
    script = f"from {module} import {function}; sys.exit({function}())"
    as_module = "import runpy; runpy.run_module('lookalike', run_name='__main__')"
    for started in (script, as_module):
        process = subprocess.run([sys.executable, "-c", INTERRUPTED_IMPORT + started], capture_output=True, text=True)
        assert (process.returncode, process.stdout, process.stderr) == (130, "", "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_command_does_its_work_without_standard_streams(closed: str, folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "collection"
    words = [*LOOKALIKE, "--collection", str(place), "add", str(folder / "red")]
    process = subprocess.run(["sh", "-c", f'exec "$@" {closed}', "sh", *words], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (0, "")
    with Collection(place, make=False) as pictures:
        assert len(pictures) == 3
        assert pictures.verify().ok


def test_shells_complete_commands() -> None:
    variables = {"_LOOKALIKE_COMPLETE": "complete_bash", "COMP_WORDS": "lookalike se", "COMP_CWORD": "1"}
    output = subprocess.run(LOOKALIKE, env=os.environ | variables, capture_output=True, text=True).stdout
    assert output.split() == ["search", "serve", "settings"]


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from lookalike.cli import main; main(['--help']); print(*sys.modules, file=sys.stderr)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.split()
    assert not {"numpy", "cv2", "scipy", "sqlalchemy", "PIL", "pydantic", "onnxruntime", "numba"} & set(modules)


def test_a_search_imports_nothing_that_only_large_collections_need(shared: Path) -> None:
    command = ["--collection", str(shared), "search", "#1"]
    code = f"import sys; from lookalike.cli import main; main({command}); print(*sys.modules, file=sys.stderr)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.split()
    assert not {"numba", "deglib", "onnxruntime", "alembic", "sklearn", "httpx"} & set(modules)
