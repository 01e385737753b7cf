"""The options that every command has, before its verb or behind it."""

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from lookalike.cli.terminal import Terminal

PANEL = "Options of every command"
INTERRUPTED = 130

Folder = Annotated[
    Path | None,
    typer.Option(
        "--collection",
        metavar="DIR",
        help="The collection's directory; otherwise LOOKALIKE_COLLECTION, or the settings file, or your data folder.",
        rich_help_panel=PANEL,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.", rich_help_panel=PANEL)]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print answers alone: no progress, no remarks.", rich_help_panel=PANEL)
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Print all there is to say.", rich_help_panel=PANEL)]

SHARED = tuple(
    inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
    for name, default, annotation in (
        ("collection", None, Folder),
        ("as_json", False, AsJson),
        ("quiet", False, Quiet),
        ("verbose", False, Verbose),
    )
)


def with_terminal(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command that has the shared options, and hands its function a `Terminal` as the first argument."""

    @functools.wraps(function)
    def command(
        context: typer.Context, *, collection: Folder, as_json: AsJson, quiet: Quiet, verbose: Verbose, **own: Any
    ) -> None:
        terminal = Terminal(collection, as_json, quiet, verbose).joined(context.obj)
        try:
            function(terminal, **own)
        except KeyboardInterrupt:
            print(
                "Stopped; what was finished is safe and nothing is half done, run the same command again to go on.",
                file=sys.stderr,
            )
            raise typer.Exit(INTERRUPTED) from None

    own = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in list(inspect.signature(function).parameters.values())[1:]
    ]
    context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
    signature = inspect.Signature([context, *own, *SHARED])
    command.__signature__ = signature  # type: ignore[attr-defined]
    command.__annotations__ = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    return command
