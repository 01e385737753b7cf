"""The commands of codes."""

from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.terminal import Terminal, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lookalike.collection.codes import CodesReport


def show(
    terminal: Terminal,
    space: Annotated[str | None, typer.Option(metavar="NAME", help="One space; otherwise all.")] = None,
) -> None:
    """Show what makes the codes, and how many of the 10 nearest pictures are among the best 100 by code."""
    with terminal.open() as pictures:
        names = [space] if space is not None else sorted(pictures.spaces())
        reports = [pictures.codes(name) for name in names]
    _tell(terminal, reports)


def train(
    terminal: Terminal, space: Annotated[str, typer.Option(metavar="NAME", help="The space.")] = "picture"
) -> None:
    """Train what makes the codes of a space on its own pictures, without labels; takes some minutes."""
    with terminal.open() as pictures, terminal.progress("training") as progress:
        report = pictures.train_codes(space, progress=progress)
    _tell(terminal, [report])


def _tell(terminal: Terminal, reports: "Sequence[CodesReport]") -> None:
    rows = [
        (
            report.space,
            report.generation,
            report.method,
            report.n_bits,
            f"{report.codes:,} of {report.vectors:,}",
            "" if report.agreement is None else f"{report.agreement:.1%}",
        )
        for report in reports
    ]
    headings = ("space", "generation", "coder", "bits", "codes", "10 nearest among 100 by code")
    terminal.show({"spaces": [report.to_json() for report in reports]}, [table(headings, rows, numbers=(1, 3, 4, 5))])
