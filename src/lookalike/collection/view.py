"""A space as searches see it: its indexes, its describer, and the yardstick of chance."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.catalog.vector_file import CodeFile, VectorFile
from lookalike.codes.coder import Coder
from lookalike.collection.batches import rows_among
from lookalike.collection.space_indexes import IndexFiles, SpaceIndexes, StoredCodes, Wishes
from lookalike.collection.store import Space
from lookalike.types import Calibration, Describer, Vectors

SAMPLE = 1024
"""Vectors of the collection that join the reference vectors as pictures that a query has nothing to do with."""

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
    index_files : IndexFiles
    wishes : Wishes

    Attributes
    ----------
    indexes : SpaceIndexes
        What can search the space.
    index : ExactIndex
        That of them which looks at all vectors.

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
        index_files: IndexFiles,
        wishes: Wishes,
    ) -> None:
        self.space = space
        self.describer = describer
        self._codes = StoredCodes(space, codes, make_coder)
        self.calibration: Calibration | None = getattr(describer, "calibration", None)
        self._segments = file.segments()
        self._rows_per_segment = file.rows_per_segment
        self.indexes = SpaceIndexes(space, index_files, self._segments, self._codes, wishes)
        self.index = self.indexes.exact
        self._allowed: dict[tuple[int, str], NDArray[np.bool_] | None] = {}

    @cached_property
    def is_live(self) -> NDArray[np.bool_]:
        """Which rows (N,) hold a vector: what was removed is zeros. All vectors are read when this is first asked."""
        return self.index.is_live()

    @cached_property
    def yardstick(self) -> Vectors:
        """Vectors (M, D) that stand for chance: the describer's references, and a fixed sample of the collection."""
        from lookalike.ranking.chance import evenly  # as in `closeness`

        sample = self.vectors(evenly(len(self.index), SAMPLE))
        sample = sample[sample.any(axis=1)]  # what was removed is zeros
        if not len(sample):
            live = np.flatnonzero(self.is_live)
            sample = self.vectors(live[evenly(len(live), SAMPLE)])
        return sample if self.calibration is None else np.concatenate([self.calibration.reference, sample])

    @property
    def coder(self) -> Coder | None:
        """What makes codes of vectors, None where it cannot be used."""
        return self._codes.coder

    @property
    def codes(self) -> list[NDArray[np.uint64]] | None:
        """The codes (n_i, 4) of all rows; None where they cannot be used."""
        return self._codes.rows

    def vectors(self, rows: NDArray[np.int64]) -> Vectors:
        """Return the vectors (R, D) of the given rows."""
        numbers, places = np.divmod(rows, self._rows_per_segment)
        vectors = np.empty((len(rows), self.space.n_dims), dtype=np.float32)
        for number in np.unique(numbers):
            is_here = numbers == number
            vectors[is_here] = self._segments[number][places[is_here]]
        return vectors

    def closeness(self, query: NDArray[np.float32], similarities: NDArray[np.float32]) -> Closeness:
        """Return how close rows of these similarities to a query (D,) are, measured against chance."""
        from lookalike.ranking.chance import against_chance  # SciPy: 0.15 s that opening need not take

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
