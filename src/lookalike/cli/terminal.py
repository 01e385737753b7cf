"""What a command talks to: what the user asked of every command, and where answers go."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal
from unicodedata import category

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from lookalike.collection import Collection, Progress
    from lookalike.settings import Settings

WIDE = 4096
"""Columns where no terminal sets a limit, so that a program that reads the output finds every row on one line."""


def printable(text: object) -> str:
    r"""Return the text with what no terminal should be sent written as escapes: control characters, stray bytes.

    >>> print(printable("caf\udce9 \x1b[31m"))
    caf\udce9 \x1b[31m
    """
    return "".join(
        c if c.isprintable() or category(c) == "Zs" else c.encode("unicode_escape", "surrogatepass").decode("ascii")
        for c in str(text)
    )


def shortest(path: Path) -> str:
    """Return the path, or its way from the current folder if that is shorter."""
    whole = str(path)
    try:
        relative = os.path.relpath(whole)
    except OSError:  # the current folder was deleted
        return whole
    return min(relative, whole, key=len)


def can_print(text: str) -> bool:
    """Return whether standard output has all characters of a text."""
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class Terminal:
    """One run of a command: the options that all commands have, and standard output and error.

    Attributes
    ----------
    collection : Path or None
        None leaves it to the settings.
    is_json, is_quiet, is_verbose : bool
        Machine-readable; answers without remarks; all there is to say.
    """

    collection: Path | None = None
    is_json: bool = False
    is_quiet: bool = False
    is_verbose: bool = False

    def joined(self, other: "Terminal") -> "Terminal":
        """Return the options given here or there; here before there."""
        return Terminal(
            self.collection or other.collection,
            self.is_json or other.is_json,
            self.is_quiet or other.is_quiet,
            self.is_verbose or other.is_verbose,
        )

    def settings(self, **flags: object) -> "Settings":
        """Return the settings of this run; a flag that is not None beats them."""
        from lookalike.settings import load_settings

        folder = None if self.collection is None else self.collection.expanduser()
        given = {"collection": folder, **flags}
        return load_settings().model_copy(update={name: value for name, value in given.items() if value is not None})

    def open(self, *, make: bool = False, **flags: object) -> "Collection":
        """Open the collection that this run is about."""
        from lookalike.collection import Collection

        settings = self.settings(**flags)
        return Collection(settings.collection, make=make, settings=settings)

    def show(self, value: Any, lines: Iterable[str | Table]) -> None:
        """Print an answer: its JSON value, or what people read."""
        if self.is_json:
            print(json.dumps(value, indent=2))
            return
        console = _console(sys.stdout)
        for line in lines:
            if isinstance(line, Table):
                console.print(line)
            else:
                console.print(Text(line), soft_wrap=True)

    def tell(self, value: Any, lines: Iterable[str | Table]) -> None:
        """Print what was done, which nobody needs to know who asked for quiet."""
        if self.is_json or not self.is_quiet:
            self.show(value, lines)

    def remark(self, text: str) -> None:
        """Print a sentence beside the answer, on standard error."""
        if text and not self.is_json and not self.is_quiet:
            _console(sys.stderr).print(Text(printable(text)), soft_wrap=True)

    @contextmanager
    def progress(self, label: str) -> Iterator["Callable[[Progress], None] | None"]:
        """Show a bar with rate and time left while the block works, if somebody can see it."""
        if self.is_json or self.is_quiet or not sys.stderr.isatty():
            yield None
            return
        from rich.progress import BarColumn, SpinnerColumn, TextColumn
        from rich.progress import Progress as Bar

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"))
        with Bar(*columns, console=_console(sys.stderr), transient=True) as bar:
            task = bar.add_task(label, total=None, state="")

            def advance(progress: "Progress") -> None:
                left = _duration(progress.seconds_left)
                state = f"{progress.done:,} of {progress.total:,} · {progress.rate:,.0f} a second · {left} left"
                bar.update(task, completed=progress.done, total=progress.total, state=state)

            yield advance


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    numbers: Sequence[int] = (),
    whole: Sequence[int] = (),
) -> Table:
    """Return rows as a table; columns in `numbers` are flush right, those in `whole` are never broken."""
    result = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", show_header=any(headings))
    for number, heading in enumerate(headings):
        justify: Literal["right", "left"] = "right" if number in numbers else "left"
        result.add_column(heading, justify=justify, overflow="fold", no_wrap=number in whole)
    for row in rows:
        result.add_row(*(Text(printable(cell)) for cell in row))
    return result


def size(n_bytes: float) -> str:
    """Return a number of bytes as people read it.

    >>> size(1_234_567)
    '1.2 MB'
    """
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.0f} {unit}" if unit == "bytes" else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.1f} TB"


def count(number: int, noun: str) -> str:
    """Return a number with its noun.

    >>> count(1, "picture"), count(2000, "picture")
    ('1 picture', '2,000 pictures')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _console(file: IO[str]) -> Console:
    width = None if file.isatty() or "COLUMNS" in os.environ else WIDE
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(file=file, markup=False, highlight=False, emoji=False, width=width, color_system=colours)
