"""The commands of indexes."""

from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.terminal import Terminal, count, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.table import Table

    from lookalike.collection.audit import Audit


def audit(
    terminal: Terminal,
    spaces: Annotated[
        list[str] | None, typer.Option("--space", metavar="NAME", help="Only this space; may be repeated.")
    ] = None,
) -> None:
    """Measure, on the collection's own pictures, what its indexes miss and how quick they are."""
    with terminal.open() as pictures, terminal.progress("asking") as progress:
        audits = [pictures.audit(name, progress=progress) for name in spaces or sorted(pictures.spaces())]
    terminal.show({"spaces": [each.to_json() for each in audits]}, list(_audit_lines(audits)))


def build(
    terminal: Terminal, space: Annotated[str, typer.Option(metavar="NAME", help="The space.")] = "picture"
) -> None:
    """Build the exploration graph of a space; it then answers where the space is large, and is kept up to date."""
    with terminal.open() as pictures, terminal.progress("building") as progress:
        vectors = pictures.build_graph(space, progress=progress)
    terminal.tell({"space": space, "vectors": vectors}, [f"the graph of {space} holds {count(vectors, 'vector')}"])


def drop(
    terminal: Terminal, space: Annotated[str, typer.Option(metavar="NAME", help="The space.")] = "picture"
) -> None:
    """Delete the exploration graph of a space; what else finds its pictures stays."""
    with terminal.open() as pictures:
        is_gone = pictures.drop_graph(space)
    terminal.tell({"space": space, "dropped": is_gone}, ["it is gone" if is_gone else f"{space} has no graph"])


def _audit_lines(audits: "Sequence[Audit]") -> "Iterator[str | Table]":
    for each in audits:
        yield f"{each.space}: {each.vectors:,} vectors of {each.dims} numbers. {each.verdict}"
        rows = [
            (
                finding.index,
                finding.asked,
                finding.queries,
                f"{finding.recall_at_10:.1%}",
                f"{finding.recall_at_100:.1%}",
                f"{finding.milliseconds:.2f}",
            )
            for finding in each.findings
        ]
        headings = ("index", "asked by", "queries", "of the 10 nearest", "of the 100 nearest", "ms")
        yield table(headings, rows, numbers=(2, 3, 4, 5))
