"""A space as searches see it: its index, its describer, and the yardstick of chance."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.catalog.vector_file import CodeFile, VectorFile
from lookalike.codes.coder import Coder
from lookalike.collection.batches import rows_among
from lookalike.collection.engine import EngineProposal, pushed
from lookalike.collection.graphs import graph_file, open_graph
from lookalike.collection.indexes import KINDS, Kind, changed, chosen, open_code_index, query_codes
from lookalike.collection.reach import ASSUMED, read_reach
from lookalike.collection.store import Space
from lookalike.errors import CollectionDamaged, LookalikeError
from lookalike.index.elastic.code_index import CodeIndex
from lookalike.index.elastic.engine import Engine
from lookalike.index.exact import ExactIndex
from lookalike.index.graph import GraphIndex
from lookalike.index.reranked import RerankedIndex
from lookalike.query import Term
from lookalike.types import Calibration, Describer, Index, Vectors

SAMPLE = 1024
"""Vectors of the collection that join the reference vectors as pictures that a query has nothing to do with."""

FROM_ENGINE = 4
"""Candidates for each neighbour that an engine is asked for at most: each is sent over the network."""

MASKS = 8
"""Answers to "which rows fulfil this" that are kept until the catalogue changes: one byte a row each."""


@dataclass(frozen=True)
class Closeness:
    """How close items are to a query, in three units; all (N,) and aligned."""

    similarities: NDArray[np.float32]
    log_chances: NDArray[np.float64]
    z: NDArray[np.float64]

    @staticmethod
    def nothing(n: int) -> "Closeness":
        """Return N times no closeness at all."""
        return Closeness(np.full(n, -np.inf, dtype=np.float32), np.zeros(n), np.full(n, -np.inf))

    def at(self, order: NDArray[np.int64]) -> "Closeness":
        """Return the measurements in another order, or a part of them."""
        return Closeness(self.similarities[order], self.log_chances[order], self.z[order])

    def put(self, positions: NDArray[np.int64], others: "Closeness") -> None:
        """Set the measurements at positions; where a position repeats, the last holds."""
        self.similarities[positions] = others.similarities
        self.log_chances[positions] = others.log_chances
        self.z[positions] = others.z


def judges(describer: Describer) -> bool:
    """Return whether scores of what a describer made are calibrated, so that they judge and do not only rank."""
    calibration: Calibration | None = getattr(describer, "calibration", None)
    return calibration is not None and calibration.judges


class SpaceView:
    """One space at one moment: what was committed when it was made.

    The vectors are verified and mapped at once, so that a writer who then removes their files takes nothing from it.

    Parameters
    ----------
    space : Space
    file : VectorFile
    codes : CodeFile
    describer : Describer
    make_coder : callable
        Returns what makes codes of vectors, None where it cannot be used; called when it is first needed.
    folder : Path
        The generation's.
    wish : Kind or None
        The kind of index that shall answer where it can be used.
    engine : Engine or None
        Answers where the space was pushed to it.

    Attributes
    ----------
    index : ExactIndex
        Looks at all vectors; what it finds is what every other kind is measured by.

    Raises
    ------
    CollectionDamaged
        As `VectorFile.segments` does.
    """

    def __init__(
        self,
        space: Space,
        file: VectorFile,
        codes: CodeFile,
        describer: Describer,
        make_coder: Callable[[], Coder | None],
        folder: Path,
        wish: Kind | None = None,
        engine: Engine | None = None,
    ) -> None:
        self.space = space
        self.describer = describer
        self._make_coder = make_coder
        self._code_file = codes
        self._codes: list[NDArray[np.uint64]] | None = None
        self.calibration: Calibration | None = getattr(describer, "calibration", None)
        self._segments = file.segments()
        self._rows_per_segment = file.rows_per_segment
        self._folder = folder
        self._wish = wish
        self._engine = engine
        self._opened: dict[Kind, Index] = {}
        self._opening = Lock()
        self._graph_file: Path | None = None
        self._noticed: int | None = None
        self._per_neighbour = ASSUMED
        self._allowed: dict[tuple[int, str], NDArray[np.bool_] | None] = {}
        self.index = ExactIndex(self._segments)

    @cached_property
    def yardstick(self) -> Vectors:
        """Vectors (M, D) that stand for chance: the describer's references, and a fixed sample of the collection."""
        from lookalike.ranking.chance import evenly  # as in `closeness`

        sample = self.vectors(evenly(len(self.index), SAMPLE))
        return sample if self.calibration is None else np.concatenate([self.calibration.reference, sample])

    @cached_property
    def coder(self) -> Coder | None:
        """What makes codes of vectors, None where it cannot be used."""
        return self._make_coder()

    @property
    def codes(self) -> list[NDArray[np.uint64]] | None:
        """The codes (n_i, 4) of all rows, mapped when they are first asked for.

        None where rows have none yet, or by another coder, or they cannot be read: exact search needs none.
        """
        if self.coder is None or self.space.coder != self.coder.version or self.space.n_codes != self.space.n_rows:
            return None
        if self._codes is None:
            with suppress(CollectionDamaged):  # until they are repaired
                self._codes = self._code_file.segments()
        return self._codes

    def notice(self) -> None:
        """Look whether a writer has changed the indexes since; they are opened anew then. Costs one `stat`."""
        changed_at = changed(self._folder)
        with self._opening:
            if changed_at != self._noticed:
                self._noticed = changed_at
                self._opened = {}
                self._graph_file = graph_file(self._folder)
                reach = read_reach(self._folder, self.space.coder)
                self._per_neighbour = ASSUMED if reach is None else reach.per_neighbour

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of index that can be used now."""
        is_there = {"codes": bool(self.codes), "two-stage": bool(self.codes), "graph": self._graph_file is not None}
        return tuple(kind for kind in KINDS if is_there.get(kind, True))

    @property
    def kind(self) -> Kind:
        """The kind of index that answers."""
        usable = self.kinds
        return (
            self._wish
            if self._wish in usable
            else chosen(len(self.index), self.space.n_dims, usable, self._per_neighbour)
        )

    def proposing(self, filters: Term | None = None) -> Index:
        """Return the index that answers, a search engine where the space was pushed to one.

        Parameters
        ----------
        filters : Term or None
            What the rows that will be allowed fulfil: an engine may be told that more briefly than row by row.
        """
        there = self._in_engine()
        if there is None:
            return self.index_of(self.kind)
        return RerankedIndex(self.index, there.completed(filters), per_neighbour=min(FROM_ENGINE, self._per_neighbour))

    def _in_engine(self) -> EngineProposal | None:
        place = None if self._engine is None else pushed(self._folder)
        if self._engine is None or place is None or self.coder is None or place.coder != self.coder.version:
            return None
        otherwise = self.index_of(self.kind)
        return EngineProposal(
            CodeIndex(self._engine, place.index),
            place.n_rows,
            self.coder,
            self.index,
            lambda queries, n, allowed: otherwise.search(queries, n, allowed=allowed).rows,
        )

    def index_of(self, kind: Kind) -> Index:
        """Return an index of one of the kinds that can be used, opened when it is first asked for.

        In the place of a graph that turns out to be unreadable stands what would answer if there were none.
        """
        with self._opening:
            if kind not in self._opened:
                self._opened[kind] = self._open(kind)
            return self._opened[kind]

    def _open(self, kind: Kind) -> Index:
        if kind == "graph" and self._graph_file is not None:
            try:
                return GraphIndex(self._segments, open_graph(self._graph_file, self.space))
            except (LookalikeError, OSError):
                self._graph_file = None
                kind = self.kind
        return self.index if kind == "exact" else self._open_code_index(kind)

    def _open_code_index(self, kind: Kind) -> Index:
        assert self.coder is not None and self.codes is not None
        coder = self.coder
        index = open_code_index(self._folder, coder, self._code_file, self.codes, kind)
        return RerankedIndex(
            self.index,
            lambda queries, n, allowed: index.search(query_codes(coder, queries), n, allowed=allowed).rows,
            per_neighbour=self._per_neighbour,
        )

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """Return the vectors (R, D) of the given rows."""
        numbers, places = np.divmod(rows, self._rows_per_segment)
        vectors = np.empty((len(rows), self.space.n_dims), dtype=np.float32)
        for number in np.unique(numbers):
            is_here = numbers == number
            vectors[is_here] = self._segments[number][places[is_here]]
        return vectors

    def closeness(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> Closeness:
        """Return how close rows are to a query (D,), measured against chance."""
        from lookalike.ranking.chance import against_chance  # SciPy: 0.15 s that opening need not take

        similarities = self.index.similarities(query, rows)
        # In this thread alone: a matrix product wakes others, and waits for them while an import keeps their cores.
        by_chance = np.vecdot(self.yardstick, query)
        return Closeness(similarities, *against_chance(similarities, by_chance, self.calibration))

    def rows_of(self, connection: Connection, item_ids: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return rows and, aligned, the item of each; of items that came later, none."""
        c = t.vectors.c
        query = sa.select(c.row, c.item_id).where(c.space_id == self.space.id, c.row < self.space.n_rows)
        pairs = [(row, item_id) for row, item_id in rows_among(connection, query, c.item_id, item_ids)]
        table = np.array(sorted(pairs), dtype=np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def items_of(self, connection: Connection, rows: NDArray[np.int64]) -> list[int]:
        """Return the items that stand behind rows, each once, in the rows' order."""
        c = t.vectors.c
        query = sa.select(c.row, c.item_id).where(c.space_id == self.space.id)
        items = {row.row: row.item_id for row in rows_among(connection, query, c.row, rows.tolist())}
        return list(dict.fromkeys(items[row] for row in rows.tolist() if row in items))

    def allowed(
        self, connection: Connection, condition: sa.ColumnElement[bool] | None, version: int
    ) -> NDArray[np.bool_] | None:
        """Return which rows (N,) belong to items that are present and fulfil the condition; None means all.

        Parameters
        ----------
        version : int
            Of the catalogue, from before the connection began to read: what was found at the same version holds.
        """
        key = version, _identity(condition)
        known = self._allowed
        if key not in known:
            still_true = [(each, rows) for each, rows in known.items() if each[0] == version]
            known = dict([*still_true[1 - MASKS :], (key, self._find_allowed(connection, condition))])
            self._allowed = known
        return known[key]

    def _find_allowed(
        self, connection: Connection, condition: sa.ColumnElement[bool] | None
    ) -> NDArray[np.bool_] | None:
        if condition is None and self._is_complete(connection):
            return None
        c = t.vectors.c
        query = sa.select(c.row).join(t.items, t.items.c.id == c.item_id)
        query = query.where(c.space_id == self.space.id, t.items.c.is_missing.is_(False))
        if condition is not None:
            query = query.where(condition)
        rows = np.fromiter(connection.scalars(query), dtype=np.int64)
        mask = np.zeros(self.space.n_rows, dtype=np.bool_)
        mask[rows[rows < self.space.n_rows]] = True
        return mask

    def _is_complete(self, connection: Connection) -> bool:
        if self.space.n_vectors != self.space.n_rows:
            return False
        return connection.scalar(sa.select(t.items.c.id).where(t.items.c.is_missing.is_(True)).limit(1)) is None


def _identity(condition: sa.ColumnElement[bool] | None) -> str:
    """Return a text that two conditions share only if the same items fulfil them."""
    if condition is None:
        return ""
    compiled = condition.compile()
    return f"{compiled} {sorted(compiled.params.items())!r}"
