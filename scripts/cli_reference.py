"""Write docs/cli.md anew from the commands: `python scripts/cli_reference.py`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from lookalike.cli import app
from lookalike.cli.options import PANEL

DESTINATION = Path(__file__).parent.parent / "docs" / "cli.md"

HEAD = """\
# Command line

This page is generated from the commands by `scripts/cli_reference.py`.

`lookalike [OPTIONS] COMMAND [ARGS]`, or `python -m lookalike`. The options of every command stand before the command or
behind it. A value that no option gives comes from an environment variable, else from the settings file, else it is the
default; `lookalike settings` shows which.

| ends with | when |
|---|---|
| 0 | all went well, also when a search finds nothing |
| 1 | there was an error, told in one line on standard error; `verify`, `doctor` or `models verify` found a problem |
| 2 | the command was not understood |
| 130 | it was stopped by Ctrl-C: what was finished is safe, and the same command goes on from there |

Answers go to standard output, remarks and progress to standard error, progress only to a terminal. There are no styles
where `NO_COLOR` is set or the output is no terminal. In tables, characters of file names that no terminal should be
sent, and bytes that are not UTF-8, are written as escapes (`\\x1b`, `\\udcff`). JSON has such bytes as escapes too,
which Python turns back into the name by `os.fsencode`, and `search --paths` prints the bytes themselves.

`lookalike --install-completion` sets up the completion of your shell.
"""


def reference() -> str:
    """Return the page."""
    root = typer.main.get_command(app)
    shared = [parameter for parameter in root.params if getattr(parameter, "rich_help_panel", None) == PANEL]
    parts = [HEAD, "## Options of every command\n", *_parameters(shared)]
    for words, command in commands(root):
        parts += [f"\n## lookalike {' '.join(words)}\n", f"{command.help}\n", f"    {_usage(words, command)}\n"]
        parts += _parameters([p for p in command.params if getattr(p, "rich_help_panel", None) != PANEL])
        parts += [f"\n```\n{command.epilog}\n```"] if command.epilog else []
    return "\n".join(parts).rstrip() + "\n"


def commands(group: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with its words."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name), command


def _usage(words: tuple[str, ...], command: Any) -> str:
    arguments = [_argument(p) for p in command.params if p.param_type_name == "argument"]
    return " ".join(["lookalike", *words, *arguments, "[OPTIONS]"])


def _parameters(parameters: list[Any]) -> list[str]:
    rows = [f"| {_names(parameter)} | {parameter.help}{_default(parameter)} |" for parameter in parameters]
    return ["| | |", "|---|---|", *rows] if rows else []


def _names(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{_argument(parameter)}`"
    value = "" if parameter.is_flag else f" {parameter.metavar or parameter.name.upper()}"
    names = ", ".join(f"`{name}{value}`" for name in (*parameter.opts, *parameter.secondary_opts))
    return names.replace("|", "\\|")


def _argument(parameter: Any) -> str:
    name = parameter.metavar if parameter.required else f"[{parameter.metavar}]"
    return name if parameter.nargs == 1 else f"{name}..."


def _default(parameter: Any) -> str:
    is_number = isinstance(parameter.default, int | float) and not isinstance(parameter.default, bool)
    return f" Default: {parameter.default}." if is_number else ""


if __name__ == "__main__":
    DESTINATION.write_text(reference(), encoding="utf-8")
