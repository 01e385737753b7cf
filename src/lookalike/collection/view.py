"""A space as searches see it: its index, its describer, and the yardstick of chance."""

from collections.abc import Callable, Sequence
from contextlib import suppress
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
from lookalike.collection.store import Space
from lookalike.errors import CollectionDamaged
from lookalike.index.exact import ExactIndex
from lookalike.types import Calibration, Describer, Index, Vectors

SAMPLE = 1024
"""Vectors of the collection that join the reference vectors as pictures that a query has nothing to do with."""


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
    ) -> None:
        self.space = space
        self.describer = describer
        self._make_coder = make_coder
        self._code_file = codes
        self._codes: list[NDArray[np.uint64]] | None = None
        self.calibration: Calibration | None = getattr(describer, "calibration", None)
        self._segments = file.segments()
        self._rows_per_segment = file.rows_per_segment
        self.index: Index = ExactIndex(self._segments)

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

    def allowed(self, connection: Connection, condition: sa.ColumnElement[bool] | None) -> NDArray[np.bool_] | None:
        """Return which rows (N,) belong to items that are present and fulfil the condition; None means all."""
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
