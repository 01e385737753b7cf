"""Rankings of a whole database, some queries at a time, so that memory does not grow with their number."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.metrics.truth import Truth

Compare: TypeAlias = Callable[[NDArray[np.int64]], NDArray[np.floating]]
"""Queries (B,) int64 -> their similarities (B, N) to the database, larger for closer; a negated distance is one."""

_CHUNK = 1 << 21
"""Similarities that are ranked at the same time."""


@dataclass(frozen=True)
class Rankings:
    """The whole database in the order in which some queries find it, best first.

    Attributes
    ----------
    queries : (B,) int64
    rows : (B, N) int64
        Rows of the database. A query that is in the database itself has -1 in the last place instead of its own row.
    shared : (B, N) int32
        How many labels the query shares with each; 0 is irrelevant.
    """

    queries: NDArray[np.int64]
    rows: NDArray[np.int64]
    shared: NDArray[np.int32]

    @property
    def relevant(self) -> NDArray[np.bool_]:
        """(B, N), whether each shares a label."""
        return self.shared > 0

    @property
    def relevant_with_query(self) -> NDArray[np.bool_]:
        """(B, N), the same with each query that is in the database itself in the first place instead of left out."""
        relevant, inside = self.relevant, self.rows[:, -1] < 0
        relevant[inside] = np.roll(relevant[inside], 1, axis=1)
        relevant[inside, 0] = True
        return relevant


def dot_products(queries: NDArray[np.float32], database: NDArray[np.float32]) -> Compare:
    """Return what compares rows of queries (Q, D) with a database (N, D)."""
    return lambda rows: queries[rows] @ database.T


def rankings(compare: Compare, truth: Truth) -> Iterator[Rankings]:
    """Yield the rankings of all queries that have anything to find, in their order and in blocks.

    Parameters
    ----------
    compare : callable
    truth : Truth

    Raises
    ------
    ValueError
        If a similarity is infinite or no number.

    Notes
    -----
    Ties go to the smaller row. Where similarities are sums in float32, vectors that are equal may differ in the last
    bit. Time grows with Q N (D + log N), memory with the larger of N and two million.
    """
    asked = np.flatnonzero(truth.has_answer())
    step = max(1, _CHUNK // max(truth.labels.shape[0], 1))
    for start in range(0, len(asked), step):
        queries = asked[start : start + step]
        order, shared = -compare(queries), truth.shared(queries)
        if not np.isfinite(order).all():
            raise ValueError("similarities are finite numbers, got others; look for vectors that are none")
        own = truth.own[queries]
        inside = np.flatnonzero(own >= 0)
        order[inside, own[inside]] = np.inf
        rows = np.argsort(order, axis=1, kind="stable")
        shared = np.take_along_axis(shared, rows, axis=1)
        rows[inside, -1] = -1
        yield Rankings(queries, rows, shared)
