"""The command line: parse, call one method, print. `lookalike --help` lists the commands."""

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated

import typer

from lookalike import __version__
from lookalike.cli import (
    albums,
    care,
    codes,
    configuration,
    engine,
    indexes,
    labels,
    networks,
    pictures,
    serve,
    training,
    trial,
)
from lookalike.cli.options import AsJson, Folder, Quiet, Verbose, with_terminal
from lookalike.cli.terminal import Terminal, printable
from lookalike.errors import LookalikeError

__all__ = ["app", "main"]

app = typer.Typer(
    name="lookalike",
    help="Finds pictures by what they show: `lookalike add FOLDER`, then `lookalike search QUERY`.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"lookalike {__version__}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", help="Print the version and leave.", callback=_print_version, is_eager=True)
]


@app.callback()
def _everywhere(
    context: typer.Context,
    collection: Folder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    version: Version = False,
) -> None:
    context.obj = Terminal(collection, as_json, quiet, verbose)


def _group(name: str, summary: str, panel: str) -> typer.Typer:
    group = typer.Typer(name=name, help=summary, no_args_is_help=True)
    app.add_typer(group, rich_help_panel=panel)
    return group


PICTURES, CARE, TRIAL = "Pictures", "Care", "Trying out"

app.command("add", rich_help_panel=PICTURES)(with_terminal(pictures.add))
app.command("search", rich_help_panel=PICTURES, cls=pictures.QueryCommand, epilog=pictures.EXAMPLES)(
    with_terminal(pictures.search)
)
app.command("label", rich_help_panel=PICTURES)(with_terminal(labels.label))
app.command("words", rich_help_panel=PICTURES)(with_terminal(labels.words))
app.command("remove", rich_help_panel=PICTURES)(with_terminal(pictures.remove))
of_albums = _group("albums", "Keep chosen pictures under a name; `album:NAME` searches in them.", PICTURES)
of_albums.command("list")(with_terminal(albums.show_albums))
of_albums.command("show")(with_terminal(albums.show))
of_albums.command("make")(with_terminal(albums.make))
of_albums.command("add")(with_terminal(albums.add))
of_albums.command("remove")(with_terminal(albums.remove))
of_albums.command("rename")(with_terminal(albums.rename))
of_albums.command("delete")(with_terminal(albums.delete))
app.command("serve", rich_help_panel=PICTURES)(with_terminal(serve.serve))
app.command("export", rich_help_panel=PICTURES)(with_terminal(care.export))

app.command("stats", rich_help_panel=CARE)(with_terminal(care.stats))
app.command("verify", rich_help_panel=CARE)(with_terminal(care.verify))
app.command("renew", rich_help_panel=CARE)(with_terminal(care.renew))
app.command("repair", rich_help_panel=CARE)(with_terminal(care.repair))
app.command("backup", rich_help_panel=CARE)(with_terminal(care.backup))
app.command("push", rich_help_panel=CARE)(with_terminal(engine.push))
app.command("doctor", rich_help_panel=CARE)(with_terminal(care.doctor))
app.command("settings", rich_help_panel=CARE)(with_terminal(configuration.settings))
of_models = _group("models", "Install and check networks, which describe pictures better.", CARE)
of_models.command("list")(with_terminal(networks.show_models))
of_models.command("pull")(with_terminal(networks.pull))
of_models.command("add")(with_terminal(networks.add))
of_models.command("verify")(with_terminal(networks.verify))
of_models.command("use")(with_terminal(networks.use))
of_models.command("drop")(with_terminal(networks.drop))
of_models.command("measure")(with_terminal(networks.measure))
of_codes = _group("codes", "The short codes beside the vectors, which make large collections quick.", CARE)
of_codes.command("show")(with_terminal(codes.show))
of_codes.command("train")(with_terminal(codes.train))
app.command("audit", rich_help_panel=CARE)(with_terminal(indexes.audit))
of_indexes = _group("index", "The graph of a space, for float vectors beyond what is quick to scan.", CARE)
of_indexes.command("build")(with_terminal(indexes.build))
of_indexes.command("drop")(with_terminal(indexes.drop))

app.command("sample", rich_help_panel=TRIAL)(with_terminal(trial.sample))
app.command("evaluate", rich_help_panel=TRIAL)(with_terminal(trial.evaluate))
app.command("train", rich_help_panel=TRIAL)(with_terminal(training.train))


def _replace_closed_streams() -> None:
    """Let nothing read and write where a standard stream is closed, before a file of ours is given its number."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            nothing = Path(os.devnull).open("r" if name == "stdin" else "w")  # noqa: SIM115 - as long as the process
            os.set_inheritable(nothing.fileno(), True)
            setattr(sys, name, nothing)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 after an error, 2 for wrong usage, 130 after Ctrl-C."""
    _replace_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no reason to fail
    try:
        app(arguments, prog_name="lookalike")
    except SystemExit as end:
        return int(end.code or 0)
    except (LookalikeError, ImportError) as error:  # an import fails by a plug-in, and its error says which
        print(f"Error: {printable(error)}", file=sys.stderr)
        return 1
    except OSError as error:
        what = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
        print(f"Error: {printable(what)}; check the name, the permissions and the disk", file=sys.stderr)
        return 1
    return 0
