"""The segments of one code index on disk: a cache beside the codes, kept in few files however it grew."""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import CollectionDamaged
from lookalike.index.code_segment import CodeSegment, Words
from lookalike.index.segment_file import PART, Stamp, is_stamped, read_segment, write_segment

SMALLEST = 1 << 18
"""Rows from which on a segment is worth its file; every segment begins and ends at a multiple of it."""

FACTOR = 4
"""As many segments of one size are merged into one of the next."""

LARGEST = 1 << 23
"""Rows of a segment that is merged no further."""

Seal: TypeAlias = Callable[[int, int], int]
"""Returns a checksum, of at most 64 bits, of the codes of rows [first, end)."""

_Compared: TypeAlias = tuple[tuple[int, ...], CodeSegment]
"""What tells a file from another of its name, and what it holds."""

_NAME = re.compile(r"([0-9]{12})-([0-9]{12})\.codes(4|16)")


def layout(n_rows: int) -> list[range]:
    """Return the rows of each segment that a number of rows is kept in; the rest, below `SMALLEST`, is in none.

    First segments of `LARGEST` rows, then, for each smaller size, one that holds as many of it as fit in: the digits
    of the number of rows. It depends on the number alone, so it does not matter how rows came in, and all segments
    that there ever are lie apart or one inside the other.

    Examples
    --------
    >>> [len(rows) // SMALLEST for rows in layout(47 * SMALLEST + 5)]
    [32, 12, 3]
    >>> [len(rows) // SMALLEST for rows in layout(48 * SMALLEST)]
    [32, 16]
    """
    ranges: list[range] = []
    first = 0
    for size in _sizes():
        end = first + (n_rows - first) // size * size
        step = size if size == LARGEST else max(size, end - first)
        ranges += [range(start, start + step) for start in range(first, end, step)]
        first = end
    return ranges


def _sizes() -> Iterator[int]:
    """Yield `LARGEST`, then the sizes below it from which segments are merged."""
    yield LARGEST
    size = SMALLEST
    while size * FACTOR < LARGEST:
        size *= FACTOR
    while size >= SMALLEST:
        yield size
        size //= FACTOR


@dataclass(frozen=True)
class Cover:
    """The segments that can be used.

    Attributes
    ----------
    segments : tuple of CodeSegment
        They hold consecutive rows from 0 on.
    problems : tuple of str
        One sentence for each file that was looked at and cannot be used.
    """

    segments: tuple[CodeSegment, ...]
    problems: tuple[str, ...]

    @property
    def n_covered(self) -> int:
        """Rows that are in segments; those behind them are compared one by one."""
        return sum(len(segment) for segment in self.segments)


class SegmentFolder:
    """Reads, extends and merges the segments of one index.

    Nothing in it is needed: what is missing, damaged or made from other codes is left aside when reading, and made
    again when the writer extends. Files are never changed, only replaced, so who has one mapped keeps it. An object
    compares a file with its checksums once, however often it loads it.

    Parameters
    ----------
    folder : Path
        Made by the first segment; of the files in it, those named like segments belong to this class.
    key : str
        Says which coder and bit order made the segments; those of another key are replaced.
    n_tables : int
        Of each segment: 4 for two-stage search, 16 for exact search as well.
    """

    def __init__(self, folder: Path, key: str, *, n_tables: int) -> None:
        self.folder = folder
        self.key = key
        self.n_tables = n_tables
        self._compared: dict[range, _Compared] = {}

    def load(self, n_rows: int, seal: Seal) -> Cover:
        """Map sound segments of consecutive rows from 0 on, the widest where there are several, none past `n_rows`.

        Other threads and processes may load, and one may extend, at the same time.
        """
        listed: list[range] = []
        while (found := self._listed(n_rows)) != listed:
            listed = found
            with suppress(FileNotFoundError):  # merged since the folder was listed, so a wider one is there
                return self._load(listed, seal)
        return Cover((), ())

    def _load(self, listed: list[range], seal: Seal) -> Cover:
        segments: list[CodeSegment] = []
        problems: list[str] = []
        compared = {}
        n_covered = 0
        for rows in listed:
            if rows.start < n_covered:
                continue
            try:
                compared[rows] = self._read(rows, seal)
            except CollectionDamaged as problem:
                problems.append(str(problem))
                continue
            if rows.start == n_covered:
                segments.append(compared[rows][1])
                n_covered = rows.stop
        self._compared = compared
        return Cover(tuple(segments), tuple(problems))

    def n_covered(self, n_rows: int, seal: Seal) -> int:
        """Return how many rows `load` would cover if no file is damaged behind its head; reads only the heads."""
        n_covered = 0
        for rows in self._listed(n_rows):
            if rows.start == n_covered and is_stamped(self._path(rows), self._stamp(rows, seal)):
                n_covered = rows.stop
        return n_covered

    def is_due(self, n_rows: int, seal: Seal) -> bool:
        """Return whether so many rows are in no segment that `extend` would write one; reads only the heads."""
        return n_rows - self.n_covered(n_rows, seal) >= SMALLEST

    def extend(self, codes: Sequence[Words], seal: Seal, order: NDArray[np.uint16]) -> None:
        """Bring the folder up to date; only for the holder of the collection's writer lock.

        Makes what is new, merged, missing, damaged or of another key from the codes, each file in one step, and
        removes what is not needed any more after that. It can be interrupted anywhere: what is done stays.

        Parameters
        ----------
        codes : sequence of (n_i, 4) uint64
            The codes of all rows; memory stays bounded where they are memory-mapped.
        seal : callable
        order : (256,) uint16
            Bit i of an ordered code is bit order[i] of the given code.

        Raises
        ------
        OSError
            If there is no room, or the disk fails; what was there before stays.
        """
        if not self.folder.is_dir():
            _remove(self.folder)
        wanted = layout(sum(len(chunk) for chunk in codes))
        self._remove_all(lambda name: name.endswith(PART))  # of a writer that was killed
        self._compared = self._sound(wanted, seal)
        due = [rows for rows in wanted if rows not in self._compared]
        if due:
            self.folder.mkdir(parents=True, exist_ok=True)
        for rows in due:
            path = self._path(rows)
            if path.is_dir():
                _remove(path)
            write_segment(path, self._stamp(rows, seal), _between(codes, rows), order)
        names = {self._path(rows).name for rows in wanted}
        self._remove_all(lambda name: name not in names)

    def link_without(self, rows: NDArray[np.int64], folder: Path) -> None:
        """Link the segments that hold none of some rows into another folder, so that `extend` need not make them there.

        For codes that are copied with these rows zeroed: what is left out is made again from them.

        Parameters
        ----------
        rows : (R,) int64
        folder : Path
            Made if missing.
        """
        folder.mkdir(parents=True, exist_ok=True)
        for listed in self._listed():
            if not np.any((rows >= listed.start) & (rows < listed.stop)):
                with suppress(OSError):  # what cannot be linked is made again, too
                    os.link(self._path(listed), folder / self._path(listed).name)

    def _sound(self, wanted: list[range], seal: Seal) -> dict[range, _Compared]:
        sound = {}
        for rows in wanted:
            with suppress(CollectionDamaged, FileNotFoundError):
                sound[rows] = self._read(rows, seal)
        return sound

    def _read(self, rows: range, seal: Seal) -> _Compared:
        stamp = self._stamp(rows, seal)
        status = self._path(rows).lstat()
        identity = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, stamp.seal)
        compared = self._compared.get(rows)
        if compared is not None and compared[0] == identity:
            return compared
        return identity, read_segment(self._path(rows), stamp)

    def _stamp(self, rows: range, seal: Seal) -> Stamp:
        return Stamp(rows.start, len(rows), self.n_tables, self.key, seal(rows.start, rows.stop))

    def _path(self, rows: range) -> Path:
        return self.folder / f"{rows.start:012}-{rows.stop:012}.codes{self.n_tables}"

    def _listed(self, n_rows: int | None = None) -> list[range]:
        """Return the rows of the files that are there, not past a number, by first row, of several the widest first."""
        found = []
        for name in self._names():
            match = _NAME.fullmatch(name)
            if match is None or int(match[3]) != self.n_tables:
                continue
            rows = range(int(match[1]), int(match[2]))
            if (n_rows is None or rows.stop <= n_rows) and layout(rows.stop)[-1:] == [rows]:
                found.append(rows)
        return sorted(found, key=lambda rows: (rows.start, -rows.stop))

    def _names(self) -> list[str]:
        try:
            return [path.name for path in self.folder.iterdir()]
        except OSError:  # no folder, no index
            return []

    def _remove_all(self, is_unneeded: Callable[[str], bool]) -> None:
        for name in self._names():
            if _NAME.fullmatch(name.removesuffix(PART)) and is_unneeded(name):
                _remove(self.folder / name)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _between(chunks: Sequence[Words], rows: range) -> list[Words]:
    """Return the parts of chunks, which hold the rows from 0 on, that lie in a range."""
    parts = []
    first = 0
    for chunk in chunks:
        parts.append(chunk[max(0, rows.start - first) : max(0, rows.stop - first)])
        first += len(chunk)
    return [part for part in parts if len(part)]
