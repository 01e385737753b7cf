"""The command that moves a collection to Elasticsearch or OpenSearch."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.terminal import Terminal, count, printable

if TYPE_CHECKING:
    from lookalike.collection.push import PushCheck, PushReport

SHOWN = 5
"""Refusals that are printed, unless all are asked for."""


def push(
    terminal: Terminal,
    url: Annotated[
        str | None,
        typer.Argument(metavar="URL", help="Of the engine, like https://HOST:9200; otherwise LOOKALIKE_ENGINE."),
    ] = None,
    space: Annotated[str, typer.Option(metavar="NAME", help="The space.")] = "picture",
    name: Annotated[
        str | None, typer.Option(metavar="INDEX", help="What the index is called there; otherwise as last time.")
    ] = None,
    shards: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=1024, help="Parts of the index, if it is made anew.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Compare both sides and change nothing.")] = False,
) -> None:
    """Move a space to Elasticsearch or OpenSearch, what is new or changed alone; ends with 1 if not all is there."""
    if check and (name is not None or shards is not None):
        raise typer.BadParameter("--check compares with what was pushed last; leave out --name and --shards")
    with terminal.open(engine=url) as pictures:
        if check:
            with terminal.progress("comparing") as progress:
                found = pictures.check_push(space, progress=progress)
            terminal.show(found.to_json(), _check_lines(found))
            is_well = found.ok
        else:
            with terminal.progress("pushing") as progress:
                report = pictures.push(space, name=name, n_shards=shards, progress=progress)
            terminal.tell(report.to_json(), _push_lines(report, terminal.is_verbose))
            is_well = not report.failed
    raise typer.Exit(0 if is_well else 1)


def _push_lines(report: "PushReport", everything: bool) -> Iterator[str]:
    numbers = f"{report.written:,} written, {report.removed:,} removed, {report.unchanged:,} unchanged"
    yield f"{printable(report.index)}: {numbers}"
    for row, reason in report.failed[: None if everything else SHOWN]:
        yield f"refused: row {row}: {printable(reason)}"
    if report.failed:
        yield f"{count(len(report.failed), 'row')} refused, so searches go on in what was pushed before"


def _check_lines(found: "PushCheck") -> Iterator[str]:
    yield f"{printable(found.index)}: {count(found.rows_there, 'row')} there, {found.rows_here:,} here"
    if found.missing or found.changed or found.extra:
        yield f"{found.missing:,} missing, {found.changed:,} changed, {found.extra:,} too many"
        yield "`lookalike push` makes them equal"
    yield f"{found.different} of {found.queries} questions have another answer there"
    if found.ok:
        yield "all is well"
