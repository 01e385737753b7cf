"""Adding pictures: look, read, describe, commit; in batches that are whole or not there."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.codes.perceptual import perceptual_hash
from lookalike.codes.quarters import quarter_colours
from lookalike.collection.batches import batches, rows_among
from lookalike.collection.describe import describe_all
from lookalike.collection.reading import Read, in_order, read_candidate
from lookalike.collection.record import (
    Described,
    forget_moved,
    forget_removals,
    inherit,
    is_missing,
    record_file,
    record_items,
    record_missing,
    record_names,
    retry_refused,
    take_leave,
    take_limits,
)
from lookalike.collection.scan import Candidate, Scan, scan_all, scan_paths
from lookalike.collection.space_files import load_space_files
from lookalike.collection.store import Space, Store
from lookalike.errors import LookalikeError
from lookalike.finders.whole import WholeFrame
from lookalike.media import Decoder
from lookalike.types import Describer

SECOND = 10**9
"""Nanoseconds."""

BATCH = 64
"""Pictures per commit: about a second's work, which is what a power cut can cost."""


@dataclass(frozen=True)
class Progress:
    """How far long work is.

    Attributes
    ----------
    done, total : int
        Files.
    rate : float
        Files per second so far.
    seconds_left : float
    """

    done: int
    total: int
    rate: float
    seconds_left: float

    @classmethod
    def since(cls, started: float, done: int, total: int) -> Self:
        """Return how far work is that began at a time of `time.monotonic`."""
        rate = done / max(time.monotonic() - started, 1e-6)
        return cls(done, total, rate, (total - done) / max(rate, 1e-6))


def timed(progress: Callable[[Progress], None] | None) -> Callable[[int, int], None]:
    """Return what is told how much is done, and tells how long the rest will take."""
    started = time.monotonic()

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(Progress.since(started, done, total))

    return tell


@dataclass
class AddReport:
    """What `add` did.

    Attributes
    ----------
    added : int
        Pictures described now: new ones, and those whose file changed.
    changed : int
        How many of `added` replaced what their file held before.
    unchanged : int
        Files that were known; each cost one look at its size and time.
    moved : int
        Files whose content was known from a place where it is no more.
    copied : int
        Files whose content another file holds too.
    removed : int
        Files that vanished and whose content is nowhere else.
    skipped : list of (path, reason)
    offline : list of path
        Roots, and mount points below them, that cannot be seen now; their pictures stay.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    moved: int = 0
    copied: int = 0
    removed: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    offline: list[Path] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        counts = {name: getattr(self, name) for name in ("added", "changed", "unchanged", "moved", "copied", "removed")}
        return counts | {
            "skipped": [{"path": str(path), "reason": reason} for path, reason in self.skipped],
            "offline": [str(path) for path in self.offline],
        }


def check_all_are_there(paths: Iterable[Path]) -> None:
    """Raise LookalikeError if one of the paths that were added is not there."""
    for path in paths:
        if not os.path.lexists(path):
            raise LookalikeError(f"{path} is not there, and whatever else was named was looked at; correct its name")


class Ingest:
    """One run of `add`; made for it, and used once, by the holder of the writer lock.

    Parameters
    ----------
    store : Store
    targets : mapping of Space to Describer
        The generations that new pictures are described in.
    progress : callable or None
    """

    def __init__(
        self,
        store: Store,
        targets: Mapping[Space, Describer],
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.store = store
        self.describers = {space.id: describer for space, describer in targets.items()}
        self.files = [load_space_files(store, space, describer) for space, describer in targets.items()]
        self.finder = WholeFrame()
        self.report = AddReport()
        self._progress = progress
        self._started = time.monotonic()
        self._known_content: list[tuple[int, bool]] = []  # per file: the item, and whether it had no file before
        self._new_items: set[int] = set()
        self._has_brought_back = False

    def add(self, paths: Sequence[Path], decoder: Decoder, n_workers: int) -> AddReport:
        """Bring the collection up to date with the given files and folders; without any, with all it knows."""
        with self.store.changes.begin() as connection:
            take_limits(connection, decoder.limits)
            scan = scan_paths(connection, paths) if paths else scan_all(connection)
            record_names(connection, scan.taken_over)
        self.report.unchanged = scan.n_unchanged
        self.report.skipped += scan.skipped
        self.report.offline += scan.offline
        candidates = self._link_renamed(scan)
        with ThreadPoolExecutor(n_workers) as readers, ThreadPoolExecutor(1) as describing:
            read = partial(self._read, scan=scan, decoder=decoder)
            reads = in_order(read, candidates, readers, ahead=4 * n_workers)
            done = 0
            for batch, described in in_order(self._describe, batches(reads, BATCH), describing, ahead=1):
                self._commit(batch, described)
                done += len(batch)
                self._tell(done, len(candidates))
        self._settle(scan)
        return self.report

    def _read(self, candidate: Candidate, scan: Scan, decoder: Decoder) -> Read:
        return read_candidate(candidate, self.store.engine, decoder, asked=candidate.path in scan.asked)

    def _link_renamed(self, scan: Scan) -> list[Candidate]:
        """Give renamed files their old content by inode, size and time, unread; return the other candidates.

        Times in whole seconds do not prove it: systems that have no finer ones give inodes again, and pictures taken in
        the same second may have the same size.
        """
        with self.store.changes.begin() as connection:
            gone = _identities(connection, scan.missing)
            renamed, others = [], []
            for candidate in scan.candidates:
                found = candidate.found
                item_id = gone.get((found.device, found.inode, found.size, found.mtime_ns))
                if item_id is None or candidate.file_id is not None or found.mtime_ns % SECOND == 0:
                    others.append(candidate)
                else:
                    renamed.append(Read(candidate, item_id=item_id))
            self._place(connection, renamed, {})
            return others

    def _describe(self, batch: list[Read]) -> tuple[list[Read], Described | None]:
        new = {read.decoded.sha256: read.decoded for read in batch if read.decoded is not None}
        if not new:
            return batch, None
        pictures = list(new.values())
        frames = [picture.frame for picture in pictures]
        images = [frame.image for frame in frames]
        vectors = describe_all(images, self.describers)
        described = Described(
            pictures,
            self.finder.find(frames),
            self.finder.name,
            vectors,
            perceptual_hash(images),
            quarter_colours(images),
        )
        return batch, described

    def _commit(self, batch: list[Read], described: Described | None) -> None:
        """Make a batch durable: thumbnails and vectors first, then the rows that name them."""
        with self.store.changes.begin() as connection:
            known: dict[str, int] = {}
            added: dict[str, int] = {}
            if described is not None:
                # Two files with one new content, read at the same time, are both described; one is enough.
                known = _known_contents(connection, [picture.sha256 for picture in described.pictures])
                described = described.without(known)
                self._write(described)
                added = record_items(connection, described, self.files)
            self.report.added += len(added)
            self._new_items.update(added.values())
            if forget_removals(connection, added):
                self._has_brought_back = True
                retry_refused(connection)
            if self._has_brought_back:  # its copies may be among those that were read before
                batch = [replace(read, is_final=read.is_final and read.reason is None) for read in batch]
            self._place(connection, batch, known | added, set(added.values()))

    def _write(self, described: Described) -> None:
        for picture in described.pictures:
            self.store.write_thumbnail(picture.sha256, picture.thumbnail)
        for file in self.files:
            file.append(described.vectors[file.space.id])

    def _place(
        self, connection: Connection, reads: list[Read], contents: dict[str, int], added: Set[int] = frozenset()
    ) -> None:
        """Record where the contents lie, and count what that means.

        Parameters
        ----------
        contents : mapping of SHA-256 to item id
            Of everything that was decoded.
        added : set of int
            Which of these items are new.
        """
        touched: set[int] = set()
        placed: set[int] = set()
        for read in reads:
            before = read.candidate.item_id
            item_id = contents[read.decoded.sha256] if read.decoded is not None else read.item_id
            is_new = item_id in added and item_id not in placed
            record_file(connection, read, item_id)
            if read.reason is not None:
                self.report.skipped.append((read.candidate.path, read.reason))
            elif item_id == before:
                self.report.unchanged += 1
            elif item_id is not None and not is_new:
                self._known_content.append((item_id, is_missing(connection, item_id)))
            if before is not None and item_id is not None and item_id != before:
                self.report.changed += is_new
                if item_id in self._new_items:  # files whose names were exchanged keep their own labels
                    inherit(connection, item_id, before)
            holders = {number for number in (item_id, before) if number is not None}
            placed |= holders - {before}
            touched |= holders
        record_names(connection, touched)
        record_missing(connection, touched)

    def _settle(self, scan: Scan) -> None:
        """Take leave of vanished files, now that it is known which of them only moved."""
        with self.store.changes.begin() as connection:
            homeless = take_leave(connection, scan.missing)
            record_names(connection, homeless)
            record_missing(connection, homeless)
            self.report.removed += forget_moved(connection, homeless)
        n_moved = sum(item_id in homeless or was_missing for item_id, was_missing in self._known_content)
        self.report.moved += n_moved
        self.report.copied += len(self._known_content) - n_moved

    def _tell(self, done: int, total: int) -> None:
        if self._progress is not None:
            self._progress(Progress.since(self._started, done, total))


def _identities(connection: Connection, file_ids: Iterable[int]) -> dict[tuple[int, int, int, int], int]:
    """Return the item of each file by device, inode, size and time: together they are the same file renamed."""
    c = t.files.c
    query = sa.select(c.item_id, c.device, c.inode, c.size, c.mtime_ns)
    rows = rows_among(connection, query.where(c.item_id.is_not(None), c.reason.is_(None)), c.id, file_ids)
    return {(row.device, row.inode, row.size, row.mtime_ns): row.item_id for row in rows}


def _known_contents(connection: Connection, contents: Sequence[str]) -> dict[str, int]:
    query = sa.select(t.items.c.sha256, t.items.c.id).where(t.items.c.sha256.in_(contents))
    return {row.sha256: row.id for row in connection.execute(query)}
