"""The command that shows what is set, and where it comes from."""

import os
import tomllib
from pathlib import Path
from typing import Any

from lookalike.cli.terminal import Terminal, printable, table


def settings(terminal: Terminal) -> None:
    """Show what is set, and whether a flag, the environment, the settings file or nobody said so."""
    from pydantic import SecretStr

    from lookalike.settings import SETTINGS_FILE, Settings

    values = terminal.settings()
    in_file = tomllib.loads(SETTINGS_FILE.read_text()) if SETTINGS_FILE.exists() else {}
    in_environment = {name.lower() for name in os.environ}

    def known(name: str) -> dict[str, Any]:
        value = getattr(values, name)
        return {
            "value": str(value) if isinstance(value, Path | SecretStr) else value,
            "source": _source(name, terminal, in_environment, in_file),
            "meaning": Settings.model_fields[name].description,
        }

    found = {name: known(name) for name in Settings.model_fields}
    rows = [
        (name, "" if each["value"] is None else each["value"], each["source"], each["meaning"])
        for name, each in found.items()
    ]
    lines = (table(("setting", "value", "from", "meaning"), rows), f"the settings file is {printable(SETTINGS_FILE)}")
    terminal.show({"file": str(SETTINGS_FILE), "settings": found}, lines)


def _source(name: str, terminal: Terminal, in_environment: set[str], in_file: dict[str, Any]) -> str:
    if name == "collection" and terminal.collection is not None:
        return "flag"
    if f"lookalike_{name}" in in_environment:
        return "environment"
    return "file" if name in in_file else "default"
