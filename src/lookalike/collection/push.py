"""Moving a space to a search engine, portion by portion, and verifying that the engine then finds the same."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.codes.coder import Coder
from lookalike.collection.engine import FIELDS, Pushed, pushed, values_of, version_of
from lookalike.collection.indexes import bit_order
from lookalike.collection.spaces import PICTURE
from lookalike.collection.store import Store
from lookalike.collection.view import SpaceView
from lookalike.errors import BadQuery, LookalikeError
from lookalike.index.code_segment import ordered
from lookalike.index.elastic.code_index import CodeIndex, Layout, index_behind, operations, switch
from lookalike.index.elastic.engine import Engine
from lookalike.index.elastic.ingest import Operation, PutReport
from lookalike.index.elastic.neighbours import RADIUS, ensure_lookup
from lookalike.index.elastic.schemes import SCHEMES, subcodes
from lookalike.lock import writer_lock

ROWS = 5000
"""Rows that are compared, and written, at a time."""

CODES_PER_SHARD = 20_000_000
N_QUERIES, K = 50, 20
"""How many questions both sides are asked to verify a push, and for how many hits."""

MOST_FAILED = 1000
"""Rows that an engine may refuse before the rest is not tried."""

NAME = re.compile("[a-z][a-z0-9._-]*")
"""Of an index; engines allow more, of which some means several indexes, or something in a URL."""

LAYOUT = 1
"""Of the documents: another one makes another index."""

TWO_STAGE = SCHEMES["two-stage"]


@dataclass(frozen=True)
class PushReport:
    """What a push did.

    Attributes
    ----------
    space : str
    index : str
        The alias that stands for the space in the engine.
    written, removed, unchanged : int
        Rows.
    failed : tuple of (int, str)
        Rows that the engine refused, with the reason; with more than a thousand, the rest was not tried.
    """

    space: str
    index: str
    written: int
    removed: int
    unchanged: int
    failed: tuple[tuple[int, str], ...]

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return asdict(self) | {"failed": [{"row": row, "reason": reason} for row, reason in self.failed]}


@dataclass(frozen=True)
class PushCheck:
    """How what is in an engine compares with what is here.

    Attributes
    ----------
    index : str
    rows_here, rows_there : int
    missing, changed, extra : int
        Rows that a push would write for the first time, write anew, and remove.
    queries, different : int
        Questions asked on both sides, and how many had other hits there.
    """

    index: str
    rows_here: int
    rows_there: int
    missing: int
    changed: int
    extra: int
    queries: int
    different: int

    @property
    def ok(self) -> bool:
        """Whether both sides hold and answer the same."""
        return self.rows_here == self.rows_there and not (self.missing or self.changed or self.extra or self.different)

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return {"ok": self.ok, **asdict(self)}


@dataclass(frozen=True)
class Portion:
    """Consecutive rows, as they should be in the engine and as they are there.

    Attributes
    ----------
    rows : (n,) int64
        Those that a picture stands behind.
    codes : (n, 4) uint64
        Ordered.
    values : list of n dict
        With their versions.
    there : dict of int to int
        The version of each row that the engine has.
    """

    rows: NDArray[np.int64]
    codes: NDArray[np.uint64]
    values: list[dict[str, Any]]
    there: dict[int, int]

    @cached_property
    def is_changed(self) -> NDArray[np.bool_]:
        """Which rows (n,) the engine has in another version, or not at all."""
        pairs = zip(self.rows.tolist(), self.values, strict=True)
        return np.array([self.there.get(row) != values["version"] for row, values in pairs], dtype=np.bool_)

    @property
    def extra(self) -> list[int]:
        """The rows that the engine has and should not."""
        return sorted(self.there.keys() - set(self.rows.tolist()))

    def operations(self) -> Iterator[Operation]:
        """Yield what makes the engine's rows what they should be."""
        changed = np.flatnonzero(self.is_changed)
        values = [self.values[place] for place in changed.tolist()]
        yield from operations(self.rows[changed].tolist(), self.codes[changed], values)
        yield from (Operation(row, None) for row in self.extra)


def spaces_to_push(store: Store) -> list[str]:
    """Return the spaces that an engine should know: the one that searches use by themselves, and all pushed before."""
    before = {space.name for space in store.generations() if pushed(store.folder_of(space)) is not None}
    return [PICTURE, *sorted(before - {PICTURE})]


class Push:
    """Brings what an engine has of a space to what is here; done again after an interruption, it goes on from there.

    Parameters
    ----------
    store : Store
    view : SpaceView
    engine : Engine
    progress : callable or None
        Told the rows done and the rows in all.

    Raises
    ------
    BadQuery
        If the space has no codes, or is empty.
    """

    def __init__(
        self, store: Store, view: SpaceView, engine: Engine, progress: Callable[[int, int], None] | None = None
    ) -> None:
        if not view.codes or view.coder is None:
            raise BadQuery(
                f"the space {view.space.name} has no codes that could be pushed; `lookalike renew` makes them, or add "
                "pictures first"
            )
        self._store = store
        self._view = view
        self._engine = engine
        self._progress = progress or (lambda done, total: None)
        self._coder: Coder = view.coder
        self._codes: Sequence[NDArray[np.uint64]] = view.codes

    def push(self, name: str | None = None, n_shards: int | None = None) -> PushReport:
        """Write what is new or changed and delete what is gone; searches see a complete index at any moment.

        Others can search and add meanwhile, and push other spaces.

        Parameters
        ----------
        name : str or None
            The alias; None means that of the last push, or one of the space and a random part.
        n_shards : int or None
            Of an index that is made anew; None means one for 20 million rows.

        Raises
        ------
        BadQuery
            If no index can have the name.
        LookalikeError
            If the name is taken by another collection, or the engine is not one that we know.
        CollectionBusy
            If another process pushes this space.
        EngineUnavailable, EngineRefused
            If the engine gives no answer, or no right.
        """
        space = self._view.space.name
        # Not in the folder of the generation, which moves when pictures are removed.
        lock = self._store.folder / f"push-{space}.lock"
        with writer_lock(lock, deed=f"the space {space} is being pushed"):
            return self._push(name, n_shards)

    def _push(self, name: str | None, n_shards: int | None) -> PushReport:
        place = self._place(name)
        self._engine.info()
        ensure_lookup(self._engine)
        self._behind(place)
        self._save(place)
        target = CodeIndex(self._engine, f"{place.index}-{self._coder.version}-{LAYOUT}")
        shards = n_shards or 1 + self._view.space.n_rows // CODES_PER_SHARD
        target.create(Layout(FIELDS, n_shards=shards), {"key": place.key, "coder": self._coder.version})
        self._check_owner(target, place)
        target.refresh()
        report = self._write(target, place)
        if not report.failed:
            # It was ours when we began; what others put there since is not ours to delete.
            switch(self._engine, place.index, target.name, self._behind(place))
            self._save(Pushed(place.index, place.key, self._coder.version, self._view.space.n_rows))
        return report

    def _behind(self, place: Pushed) -> str | None:
        """Return the index that answers under a name, None where there is none; it must be ours."""
        behind = index_behind(self._engine, place.index)
        if behind is not None:
            self._check_owner(CodeIndex(self._engine, behind), place)
        return behind

    def _folder(self) -> Path:
        """Return where the generation lies now: it moves when pictures are removed."""
        space = self._store.as_it_is(self._view.space)
        if space is None:
            raise BadQuery(f"generation {self._view.space.generation} of {self._view.space.name} was dropped meanwhile")
        return self._store.folder_of(space)

    def _known(self) -> Pushed | None:
        return pushed(self._folder())

    def _save(self, place: Pushed) -> None:
        place.save(self._folder())

    def _place(self, name: str | None) -> Pushed:
        known = self._known()
        if known is not None and name in (None, known.index):
            return known
        key = uuid4().hex
        index = f"lookalike-{self._view.space.name}-{key[:8]}" if name is None else name
        if NAME.fullmatch(index) is None:
            raise BadQuery(
                f"no index can be called {index or 'nothing'}; choose a --name of a to z, 0 to 9, - . and _, with a "
                "letter first"
            )
        return Pushed(index, key)

    def _check_owner(self, index: CodeIndex, place: Pushed) -> None:
        about = index.about()
        if about is None:
            raise BadQuery(f"there is no index {index.name} at {self._engine.url} any more; run `lookalike push`")
        if about.get("key") != place.key:
            raise LookalikeError(
                f"{index.name} at {self._engine.url} was not pushed from this collection, or from another space or "
                "generation of it; delete it if nobody needs it, or choose another --name"
            )

    def _write(self, target: CodeIndex, place: Pushed) -> PushReport:
        total = PutReport()
        n_unchanged = 0
        for portion in self._portions(target):
            report = target.write(portion.operations())
            n_unchanged += int(np.count_nonzero(~portion.is_changed))
            total.join(report)
            self._check_owner(target, place)  # an engine makes an index that was deleted anew, without what it notes
            if len(total.failed) > MOST_FAILED:
                break
        target.refresh()
        space = self._view.space.name
        return PushReport(space, place.index, total.written, total.deleted, n_unchanged, tuple(total.failed))

    def check(self) -> PushCheck:
        """Compare all versions, and the answers to some questions, on both sides; changes nothing.

        Raises
        ------
        BadQuery
            If the space was not pushed.
        EngineUnavailable, EngineRefused
            As `push` does.
        """
        place = self._known()
        if place is None or place.coder != self._coder.version:
            raise BadQuery(f"the space {self._view.space.name} was not pushed as it is now; run `lookalike push`")
        index = CodeIndex(self._engine, place.index)
        self._check_owner(index, place)
        index.refresh()
        here, missing, changed, extra = [], 0, 0, 0
        for portion in self._portions(index):
            here.append(portion.rows)
            n_there = sum(row in portion.there for row in portion.rows.tolist())
            missing += len(portion.rows) - n_there
            changed += int(np.count_nonzero(portion.is_changed)) - (len(portion.rows) - n_there)
            extra += len(portion.extra)
        rows = np.concatenate(here)
        asked, different = self._compare(index, rows)
        return PushCheck(place.index, len(rows), index.count(), missing, changed, extra, asked, different)

    def _compare(self, index: CodeIndex, rows: NDArray[np.int64]) -> tuple[int, int]:
        """Ask both sides for what is near to some rows, as they are and with bits flipped; count other answers."""
        rng = np.random.default_rng(7)
        asked = rng.permutation(rows)[:N_QUERIES]
        flips = np.packbits(rng.random((len(asked), 256)) < 0.05, axis=1).view(np.uint64)
        flips[::2] = 0
        queries = self._ordered(asked) ^ flips
        found = index.search(queries, K)
        ids, distances = self._nearest(queries, rows)
        is_same = (found.ids == ids) & (found.distances == distances)
        return len(asked), int(np.count_nonzero(~is_same.all(axis=1)))

    def _nearest(
        self, queries: NDArray[np.uint64], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return what a two-stage search must find, ids and distances (Q, K), by looking at every code once."""
        n_tables, none = TWO_STAGE.n_tables, TWO_STAGE.n_bits + 1
        ids = np.full((len(queries), K), -1, dtype=np.int64)
        distances = np.full((len(queries), K), none, dtype=np.int64)
        own = subcodes(queries, n_tables)
        for start in range(0, len(rows), ROWS):
            part = rows[start : start + ROWS]
            codes = self._ordered(part)
            theirs = subcodes(codes, n_tables)
            for query, code in enumerate(queries):
                is_near = (np.bitwise_count(theirs ^ own[query]) <= RADIUS).any(axis=1)
                far = np.bitwise_count(codes[is_near] ^ code).sum(axis=1, dtype=np.int64)
                both = np.concatenate([ids[query], part[is_near]]), np.concatenate([distances[query], far])
                best = np.lexsort(both)[:K]
                ids[query], distances[query] = both[0][best], both[1][best]
        return ids, distances

    def _portions(self, index: CodeIndex) -> Iterator[Portion]:
        """Yield all rows in portions; the last one also has what the engine has beyond them."""
        n_rows = self._view.space.n_rows
        for first in range(0, n_rows, ROWS):
            end = min(first + ROWS, n_rows)
            there = index.versions(first, end if end < n_rows else None)
            yield self._portion(first, end, there)
            self._progress(end, n_rows)

    def _portion(self, first: int, end: int, there: dict[int, int]) -> Portion:
        c = t.vectors.c
        query = sa.select(c.row, c.item_id).join(t.items, t.items.c.id == c.item_id)
        is_here = sa.and_(c.space_id == self._view.space.id, c.row >= first, c.row < end)
        with translated(), self._store.engine.connect() as connection:
            pairs = connection.execute(query.where(is_here, t.items.c.is_missing.is_(False)).order_by(c.row)).all()
            known = values_of(connection, list(dict.fromkeys(pair.item_id for pair in pairs)))
        rows = np.array([pair.row for pair in pairs], dtype=np.int64)
        codes = self._ordered(rows)
        values = [
            known[pair.item_id] | {"version": version_of(code, known[pair.item_id])}
            for pair, code in zip(pairs, codes, strict=True)
        ]
        return Portion(rows, codes, values, there)

    def _ordered(self, rows: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Return the ordered codes (R, 4) of rows."""
        starts = np.cumsum([0, *map(len, self._codes)])
        found = np.empty((len(rows), 4), dtype=np.uint64)
        for start, chunk in zip(starts.tolist(), self._codes, strict=False):
            is_here = (rows >= start) & (rows < start + len(chunk))
            found[is_here] = chunk[rows[is_here] - start]
        return ordered(found, bit_order(self._coder))
