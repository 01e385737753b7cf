"""The commands that look after a collection, and those that take things out of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lookalike.cli.terminal import Terminal, count, printable, size, table
from lookalike.errors import CollectionDamaged

if TYPE_CHECKING:
    from rich.table import Table

    from lookalike.collection.care import RepairReport
    from lookalike.collection.generations import Generation
    from lookalike.collection.renew import RenewReport
    from lookalike.collection.stats import Stats

SHOWN = 10
"""Rows of a long list, unless all are asked for."""

MARKS = {"ok": "ok", "warning": "!", "problem": "PROBLEM"}


def stats(terminal: Terminal) -> None:
    """Show what the collection holds, in numbers."""
    with terminal.open() as pictures:
        numbers = pictures.stats()
        others = [each for each in pictures.generations() if each.state != "serving"]
        folder = pictures.folder
    values = {"collection": str(folder), **numbers.to_json(), "generations": [each.to_json() for each in others]}
    terminal.show(values, [*_stats_lines(folder, numbers, terminal.is_verbose), *_other_lines(others)])


def _other_lines(others: "list[Generation]") -> "Iterator[str | Table]":
    if others:
        rows = [
            (
                each.space,
                each.generation,
                each.state,
                each.model or "",
                f"{each.vectors:,} of {each.pictures:,}",
                size(each.n_bytes),
            )
            for each in others
        ]
        yield table(("space", "generation", "state", "model", "pictures", "on disk"), rows, numbers=(1, 4, 5))


def _stats_lines(folder: Path, numbers: "Stats", everything: bool) -> "Iterator[str | Table]":
    yield f"{printable(folder)}: {count(numbers.pictures, 'picture')} in {count(numbers.files, 'file')}"
    if numbers.missing:
        yield f"{count(numbers.missing, 'picture')} in no file any more"
    if numbers.last_added:
        yield f"last added {numbers.last_added}, {count(numbers.albums, 'album')}"
    yield from (
        f"{what}: {_frequencies(values, everything)}"
        for what, values in (("formats", numbers.formats), ("years", numbers.years), ("cameras", numbers.cameras))
        if values
    )
    if numbers.spaces:
        spaces = ((s.name, f"{s.vectors:,}", s.dims, size(s.n_bytes), s.version[:16]) for s in numbers.spaces)
        yield table(("space", "vectors", "numbers each", "on disk", "version"), spaces, numbers=(1, 2, 3))
    yield f"thumbnails {size(numbers.thumbnail_bytes)}, catalogue {size(numbers.catalog_bytes)}"
    for root in numbers.roots:
        kind = "" if root.is_whole else "single files of "
        state = "" if root.is_online else ", offline"
        yield f"{kind}{printable(root.path)}: {count(root.files, 'file')}{state}"
    for reason, n_files in _most(numbers.problems, everything):
        yield f"{count(n_files, 'file')} not indexed: {printable(reason)}"


def _frequencies(values: Mapping[str, int], everything: bool) -> str:
    shown = ", ".join(f"{printable(value)} {number:,}" for value, number in _most(values, everything))
    return shown if everything or len(values) <= SHOWN else f"{shown}, ..."


def _most(values: Mapping[str, int], everything: bool) -> list[tuple[str, int]]:
    return list(values.items())[: None if everything else SHOWN]


def verify(terminal: Terminal) -> None:
    """Compare all that is stored with its checksums and counts; changes nothing, ends with 1 if anything is wrong."""
    problems: list[str]
    try:
        with terminal.open() as pictures, terminal.progress("verifying") as progress:
            problems = list(pictures.verify(progress=progress).problems)
    except CollectionDamaged as error:
        problems = [str(error)]
    remedy = ["`lookalike repair` makes again what can be made again from the originals"]
    lines = [printable(problem) for problem in problems] + (remedy if problems else ["all is well"])
    terminal.show({"ok": not problems, "problems": problems}, lines)
    raise typer.Exit(1 if problems else 0)


def repair(terminal: Terminal) -> None:
    """Make again, from the originals, what is damaged or missing."""
    with terminal.open() as pictures, terminal.progress("repairing") as progress:
        report = pictures.repair(progress=progress)
    terminal.tell(report.to_json(), _repair_lines(report))


def renew(terminal: Terminal) -> None:
    """Describe pictures anew where another version or network should describe them, beside what serves until then."""
    with terminal.open() as pictures, terminal.progress("describing") as progress:
        report = pictures.renew(progress=progress)
    terminal.tell(report.to_json(), _renew_lines(report))


def _renew_lines(report: "RenewReport") -> Iterator[str]:
    yield f"described {count(report.described, 'picture')}, made {count(report.coded, 'code')}"
    if report.stand_ins:
        yield f"{report.stand_ins:,} of them by their thumbnail, until their original can be read again"
    yield from (f"the new generation of {name} serves now" for name in report.switched)
    yield from (f"not now: {printable(item)}: {printable(reason)}" for item, reason in report.lost)


def _repair_lines(report: "RepairReport") -> Iterator[str]:
    made = (count(report.described, "vector"), count(report.coded, "code"), count(report.thumbnails, "thumbnail"))
    yield f"made again: {', '.join(made)}"
    yield from (f"not now: {printable(item)}: {printable(reason)}" for item, reason in report.lost)


def backup(
    terminal: Terminal,
    destination: Annotated[Path, typer.Argument(metavar="DESTINATION", help="A directory that is not there yet.")],
) -> None:
    """Copy the collection to a directory that opens like it; searches go on meanwhile. The pictures are not copied."""
    with terminal.open() as pictures, terminal.progress("copying"):
        report = pictures.backup(destination)
    copy = f"copied {size(report.n_bytes)} to {printable(report.path)}"
    terminal.tell(report.to_json(), [f"{copy}; `lookalike --collection DIR ...` opens it"])


def export(
    terminal: Terminal,
    destination: Annotated[
        Path, typer.Argument(metavar="DESTINATION", help="A file.jsonl, a file.csv, or a directory for Parquet.")
    ],
    format_: Annotated[
        str | None, typer.Option("--format", metavar="jsonl|csv|parquet", help="Otherwise by the destination's name.")
    ] = None,
    query: Annotated[
        str | None, typer.Option(metavar="QUERY", help="Only what this query answers; see the query syntax.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Hits taken from a query that ranks.")] = 20,
    vectors: Annotated[bool, typer.Option("--vectors", help="Also the vectors, as NPY beside Parquet.")] = False,
    strip_gps: Annotated[bool, typer.Option("--strip-gps", help="Leave out coordinates and place names.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier export.")] = False,
) -> None:
    """Write what is known about pictures for other programs."""
    with terminal.open() as pictures, terminal.progress("exporting"):
        report = pictures.export(
            destination, format_, query=query, k=k, vectors=vectors, strip_gps=strip_gps, force=force
        )
    terminal.tell(
        report.to_json(), [f"wrote {count(report.pictures, 'picture')} to {printable(report.path)} as {report.format}"]
    )


def doctor(terminal: Terminal) -> None:
    """Check this computer, the settings and the collection; downloads nothing, ends with 1 if there is a problem."""
    from lookalike.cli.doctor import examine

    checks = examine(terminal)
    is_well = all(check.state != "problem" for check in checks)
    rows = [(MARKS[check.state], check.name, check.text) for check in checks]
    terminal.show({"ok": is_well, "checks": [check.to_json() for check in checks]}, [table(("", "", ""), rows)])
    raise typer.Exit(0 if is_well else 1)
