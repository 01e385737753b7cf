"""The page about the command line says what the command line does."""

import runpy
from pathlib import Path
from typing import Any

import pytest
import typer

from lookalike.cli import app

ROOT = Path(__file__).parent.parent.parent
script = runpy.run_path(str(ROOT / "scripts" / "cli_reference.py"))
COMMANDS = dict(script["commands"](typer.main.get_command(app)))


def test_the_page_is_what_the_script_writes() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert page == script["reference"](), "run `python scripts/cli_reference.py`"


@pytest.mark.parametrize("command", COMMANDS.values(), ids=map(" ".join, COMMANDS))
def test_every_command_and_option_is_explained(command: Any) -> None:
    assert command.help
    assert all(parameter.help for parameter in command.params)
