"""The commands that add, search and remove pictures."""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from lookalike.cli.terminal import Terminal, can_print, count, printable, shortest, table
from lookalike.errors import BadQuery, LookalikeError

if TYPE_CHECKING:
    from rich.table import Table

    from lookalike.collection import AddReport, Collection, Hit, Hits

SHOWN_REASONS, SHOWN_PATHS = 10, 3
"""Reasons of skipped files, and paths of each, unless all are asked for."""

BLOCKS = " ▏▎▍▌▋▊▉█"
EXAMPLES = """\
Examples:
lookalike search ./query.jpg             what looks like this file
lookalike search '#42@colour'            the colours of picture 42, or @shape
lookalike search '#42 colour:teal -#17'  like 42, much teal, unlike 17
lookalike search 'boat year:1998..2015'  words, and a filter
lookalike search '#42' --sheet a.png     the answer as a picture"""
OPTION = re.compile(r"-[hkqv]|-k-?[0-9]+|--.*")


def identity(text: str) -> int:
    """Read the id of a picture: 42 or #42.

    >>> identity("#42")
    42
    """
    if not re.fullmatch("#?[0-9]{1,18}", text):
        raise typer.BadParameter(f"{text!r} is not the id of a picture; ids are like 42 or #42, `search` shows them")
    return int(text.removeprefix("#"))


class QueryCommand(TyperCommand):
    """A command whose words may begin with a minus, which excludes: `boat -colour:red`."""

    def parse_args(self, ctx, args):  # type: ignore[no-untyped-def]
        """Write `-term` as `NOT term`, which means the same, wherever it is no option of this command."""
        before, dashes, after = _partition(args, "--")
        options = {place for place, word in enumerate(before) if OPTION.fullmatch(word)}
        options |= {place + 1 for place in options if before[place] in self._valued()}
        words = [
            f"NOT {word[1:]}" if re.match("-.", word) and place not in options else word
            for place, word in enumerate(before)
        ]
        return super().parse_args(ctx, [*words, *dashes, *after])

    def _valued(self) -> set[str]:
        """Return the options that a value follows."""
        return {name for option in self.params if not getattr(option, "is_flag", True) for name in option.opts}


def _partition(words: list[str], separator: str) -> tuple[list[str], list[str], list[str]]:
    place = words.index(separator) if separator in words else len(words)
    return words[:place], words[place : place + 1], words[place + 1 :]


def add(
    terminal: Terminal,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH", help="Files and folders; without any, all that were ever added."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=64, help="Processes that decode; otherwise the setting `workers`.")
    ] = None,
) -> None:
    """Index what is new, moved, changed or gone below files and folders; the originals are only read."""
    from lookalike.collection.ingest import check_all_are_there

    if paths and not any(map(os.path.lexists, paths)) and not terminal.settings().collection.exists():
        raise LookalikeError(f"{paths[0]} is not there, so no collection was made; correct its name")
    with terminal.open(make=bool(paths), workers=workers) as pictures, terminal.progress("adding") as progress:
        report = pictures.add(*(paths or ()), progress=progress)
        building = [each for each in pictures.generations() if each.state == "building"]
    terminal.tell(report.to_json(), _report_lines(report, everything=terminal.is_verbose))
    check_all_are_there(paths or ())
    for each in building:
        terminal.remark(
            f"The space {each.space} is being described anew, {each.vectors:,} of {each.pictures:,} pictures so far; "
            "`lookalike renew` goes on, and `lookalike serve` does it in the background."
        )


def _report_lines(report: "AddReport", *, everything: bool) -> Iterator[str]:
    done = {
        "added": report.added - report.changed,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "moved": report.moved,
        "copied": report.copied,
        "removed": report.removed,
        "skipped": len(report.skipped),
    }
    yield ", ".join(f"{number:,} {what}" for what, number in done.items() if number) or "there is nothing to add"
    for root in report.offline:
        yield f"offline, so left as it is: {printable(root)}"
    reasons: dict[str, list[Path]] = {}
    for path, reason in report.skipped:
        reasons.setdefault(reason, []).append(path)
    groups = sorted(reasons.items(), key=lambda group: -len(group[1]))
    n_most = len(groups) if everything else SHOWN_REASONS
    for reason, paths in groups[:n_most]:
        yield f"skipped {count(len(paths), 'file')}: {printable(reason)}"
        yield from (f"  {printable(shortest(path))}" for path in (paths if everything else paths[:SHOWN_PATHS]))
        if not everything and len(paths) > SHOWN_PATHS:
            yield f"  and {len(paths) - SHOWN_PATHS:,} more, which --verbose shows"
    if n_rest := sum(len(paths) for _, paths in groups[n_most:]):
        yield f"skipped {count(n_rest, 'file')} for other reasons, which --verbose shows"


def search(
    terminal: Terminal,
    query: Annotated[
        list[str],
        typer.Argument(
            metavar="QUERY",
            help="Words, #42, a picture's file, colour:red, year:1970..1979, -not; see the query syntax.",
        ),
    ],
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="Hits at most.")] = 20,
    start: Annotated[int, typer.Option(min=0, help="Hits to pass over; the next page begins at START + K.")] = 0,
    cutoff: Annotated[
        float | None, typer.Option(min=0, max=1, help="The smallest score to show; otherwise 0.5 where it is judged.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show all that was ranked, as --cutoff 0 does.")] = False,
    sheet: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Also write a contact sheet of query and hits.")
    ] = None,
    paths: Annotated[bool, typer.Option("--paths", help="Print paths alone, one a line, for pipes.")] = False,
    generation: Annotated[
        int | None, typer.Option(metavar="N", help="Search in this generation of `picture`, as `stats` lists them.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show beside the answer that of another generation of `picture`.")
    ] = False,
) -> None:
    """Find the pictures that answer a query, best first, with scores and what earned them."""
    from lookalike.collection.hits import SHEET_SUFFIXES

    if everything and cutoff is not None:
        raise typer.BadParameter("--all means --cutoff 0; give one of the two")
    if sheet is not None and sheet.suffix.lower() not in SHEET_SUFFIXES:
        raise typer.BadParameter(f"a contact sheet is one of *{', *'.join(SHEET_SUFFIXES)}, got {sheet.name}")
    if compare and (sheet is not None or paths):
        raise typer.BadParameter("--compare shows two answers side by side; leave out --sheet and --paths")
    if paths and terminal.is_json:
        raise typer.BadParameter("--paths prints paths alone and --json whole answers; give one of the two")
    cutoff = 0.0 if everything else cutoff
    with terminal.open() as pictures:
        if compare:
            _compare(terminal, pictures, line_of(query), generation, k=k, start=start, cutoff=cutoff)
            return
        hits = pictures.search(line_of(query), k=k, start=start, cutoff=cutoff, generation=generation)
    if sheet is not None:
        hits.sheet(sheet)
    if paths:
        _print_paths(hits)
    else:
        terminal.show(hits.to_json(), _hit_lines(hits, copies=terminal.is_verbose))
        terminal.remark(_closing(hits))
    if sheet is not None:
        terminal.remark(f"The contact sheet is {sheet}.")


def _compare(terminal: Terminal, pictures: "Collection", query: str, generation: int | None, **page: Any) -> None:
    """Show what serves and another generation side by side: the one given, or what is being built, or the newest."""
    known = [each for each in pictures.generations() if each.space == "picture"]
    serving = next((each for each in known if each.state == "serving"), None)
    others = [each for each in known if each is not serving and generation in (None, each.generation)]
    if serving is None or not others:
        raise BadQuery(
            f"there is no other generation of picture{'' if generation is None else f' with the number {generation}'}; "
            "`lookalike models use NAME` begins one"
        )
    other = max(others, key=lambda each: (each.state == "building", each.generation))
    answers = {each.generation: pictures.search(query, generation=each.generation, **page) for each in (serving, other)}
    left, right = answers.values()
    found = [{hit.id for hit in hits} for hits in (left, right)]
    rows = [
        (str(n), *_beside(one, found[1]), *_beside(two, found[0]))
        for n, (one, two) in enumerate(zip_longest(left, right), start=page["start"] + 1)
    ]
    titles = [f"{each.model or each.version[:8]} ({each.state})" for each in (serving, other)]
    headings = ("", "score", titles[0], "score", titles[1])
    terminal.show(
        {"answers": [{"generation": number, **hits.to_json()} for number, hits in answers.items()]},
        [table(headings, rows, numbers=(0,), whole=(1, 3))],
    )
    n_both = len(found[0] & found[1])
    notes = dict.fromkeys((left.note, right.note))  # once, where both say the same
    terminal.remark(f"{count(n_both, 'hit')} in both; * marks what only one has. {' '.join(notes)}".rstrip())


def _beside(hit: "Hit | None", others: set[int]) -> tuple[str, str]:
    if hit is None:
        return "", ""
    return f"{_bar(hit.score)} {hit.score:.2f}", f"{' ' if hit.id in others else '*'} #{hit.id} {_name(hit)}"


def line_of(words: Iterable[str]) -> str:
    """Join the words of a query; one that is the file of a picture, wanted or not, stands for that picture."""
    return " ".join(_in_line(word) for word in words)


def _in_line(word: str) -> str:
    sign = "NOT " if word.startswith("NOT ") else ""
    rest = word.removeprefix(sign)
    return sign + _picture_line(rest) if _is_picture_file(rest) else word


def _is_picture_file(word: str) -> bool:
    from lookalike.media.files import PICTURE_EXTENSIONS

    path = Path(word)
    if os.fsencode(path.suffix.lower()[1:]) not in PICTURE_EXTENSIONS:
        return False
    try:
        return path.is_file()
    except OSError:  # too long for a name
        return False


def _picture_line(word: str) -> str:
    from lookalike.query import image, to_line

    return to_line(image(word))


def _print_paths(hits: "Hits") -> None:
    """Print paths as the bytes they are, so that the next program finds every file."""
    content = b"".join(os.fsencode(hit.path) + b"\n" for hit in hits if hit.path is not None)
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _hit_lines(hits: "Hits", *, copies: bool) -> "Iterator[Table]":
    if hits:
        rows = [row for hit in hits for row in _rows(hit, copies=copies)]
        yield table(("", "score", "id", "picture", "because"), rows, numbers=(0,), whole=(1, 2))


def _rows(hit: "Hit", *, copies: bool) -> Iterator[tuple[str, ...]]:
    remarks = [f"and {len(hit.copies):,} like it"] if hit.copies and not copies else []
    remarks += ["offline"] if hit.is_offline else []
    note = f" ({', '.join(remarks)})" if remarks else ""
    why = "; ".join(evidence.sentence() for evidence in hit.evidence)
    yield str(hit.rank), f"{_bar(hit.score)} {hit.score:.2f}", f"#{hit.id}", _name(hit) + note, why
    for copy in hit.copies if copies else ():
        yield "", "", f"#{copy.id}", f"  like it: {_name(copy)}", ""


def _name(hit: "Hit") -> str:
    return "no file holds it any more" if hit.path is None else shortest(hit.path)


def _bar(score: float, width: int = 5) -> str:
    """Return a bar of a fixed width that a score from 0 to 1 fills.

    >>> _bar(0.5)
    '██▌  '
    """
    if not can_print(BLOCKS):
        return ("#" * round(score * width)).ljust(width)
    eighths = round(score * width * 8)
    return ("█" * (eighths // 8) + BLOCKS[eighths % 8].strip()).ljust(width)


def _closing(hits: "Hits") -> str:
    shown = f"{count(len(hits), 'hit')} in {hits.seconds * 1000:.0f} ms."
    left_out = f" {hits.n_below:,} more have a score below {hits.cutoff:g}." if hits and hits.n_below else ""
    return f"{shown}{left_out} {hits.note}".rstrip()


def remove(
    terminal: Terminal,
    ids: Annotated[list[int], typer.Argument(metavar="ID", parser=identity, help="Pictures, as 42 or #42.")],
    remember: Annotated[
        bool,
        typer.Option("--remember/--forget", help="Keep a fingerprint, so that the next add does not bring them back."),
    ] = True,
) -> None:
    """Delete pictures from the collection so that nothing of them stays on disk; their files are not touched."""
    with terminal.open() as pictures:
        n_removed = pictures.remove(ids, is_remembered=remember)
    done = f"removed {count(n_removed, 'picture')} from the collection; the files are where they were"
    terminal.tell({"removed": n_removed, "remembered": remember}, [done])
