"""Search by a graph: it proposes, and exact search answers for what it does not know, and scores."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.index.exact import ExactIndex
from lookalike.index.graph.exploration import ExplorationGraph
from lookalike.types import Matches

SLACK = 0.3
"""Of a walk: recall@10 of at least 0.995 among 100,000 clustered vectors of 512 numbers, whose clusters overlap."""

_SPARE = 0.25
"""Share of the rows that are proposed beyond those wanted, because by compact vectors the last of them are mistaken."""

_STEP = 200
"""Vectors that are scanned in about the time in which a walk finds one neighbour more."""


class GraphIndex:
    """Finds the nearest vectors by walking a graph of them; safe to use from several threads at once.

    Rows that were added after the graph was built are scanned, so nothing is ever missed for being new; rows that were
    removed from the graph are never found. Where few rows are allowed, those are scanned instead of the graph walked,
    because it is cheaper: the answer is exact then. Where many are, the walk proposes as many more as are probably not
    allowed, and a query for which too few remain is scanned.

    Parameters
    ----------
    segments : sequence of (n, D) float16
        As for `ExactIndex`, which scores what the graph proposes: similarities are the same.
    graph : ExplorationGraph
        Of the first rows of the segments. It must not change while this index is used; make another index afterwards.
    slack : float
        See `ExplorationGraph.near`. More finds more of what is nearest, and takes longer.

    Raises
    ------
    ValueError
        If the graph has more rows than the segments, or vectors of another size, or a segment does not fit.

    Notes
    -----
    Equal similarities are ordered by smaller row; but which of several equals are found at the last rank is open.
    """

    def __init__(
        self, segments: Sequence[NDArray[np.float16]], graph: ExplorationGraph, *, slack: float = SLACK
    ) -> None:
        self._exact = ExactIndex(segments)
        self._graph = graph
        self._slack = slack
        n_graph, n_dims = graph.n_rows, {segment.shape[1] for segment in segments}
        if n_graph > len(self) or n_dims - {graph.n_dims}:
            raise ValueError(
                f"the graph has {n_graph} rows of {graph.n_dims} numbers, the segments {len(self)} of {n_dims}; "
                "build the graph from these segments"
            )
        self._tail = ExactIndex(_from_row(segments, n_graph))
        self._is_present = np.ones(len(self), dtype=np.bool_)
        self._is_present[:n_graph] = ~graph.is_removed

    def __len__(self) -> int:
        return len(self._exact)

    def search(self, queries: NDArray[np.float32], k: int, *, allowed: NDArray[np.bool_] | None = None) -> Matches:
        """Return the k rows of each query that are probably the nearest by dot product, among the allowed.

        Parameters
        ----------
        queries : (Q, D) float32
        k : int
            At least 1; may exceed the number of rows.
        allowed : (N,) bool or None
            Rows that may be returned; None means all.

        Raises
        ------
        ValueError
            If k is below 1, a shape does not fit, or a query holds a number that is not finite.
        """
        queries = self._exact.checked(queries, k, allowed)
        return self._search(queries, k, allowed, lambda n: self._graph.near(queries, n, self._slack))

    def explore(self, row: int, k: int, *, allowed: NDArray[np.bool_] | None = None) -> Matches:
        """Return the k other rows (1, k) that are probably the nearest to a row, by a walk that begins there.

        Parameters
        ----------
        row : int
            Not removed; may be newer than the graph.
        k : int
            At least 1; may exceed the number of rows.
        allowed : (N,) bool or None
            Rows that may be returned; None means all.

        Raises
        ------
        ValueError
            If k is below 1, or a shape does not fit.
        IndexError
            If the row is not in the index, or was removed.
        """
        if not 0 <= row < len(self) or not self._is_present[row]:
            raise IndexError(f"the index has rows 0 to {len(self) - 1}, got {row}, which is not there or was removed")
        query = self._exact.checked(self._exact.vector(row)[None], k, allowed)
        in_graph = row < self._graph.n_rows
        matches = self._search(
            query,
            k + 1,
            allowed,
            lambda n: (
                self._graph.from_row(row, n, self._slack) if in_graph else self._graph.near(query, n, self._slack)
            ),
        )
        others = np.flatnonzero(matches.rows[0] != row)[:k]
        return Matches(matches.rows[:, others], matches.similarities[:, others])

    def similarities(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the dot products (R,) of one query (D,) with the given rows (R,), the same as a search finds."""
        return self._exact.similarities(query, rows)

    def _search(
        self,
        queries: NDArray[np.float32],
        k: int,
        allowed: NDArray[np.bool_] | None,
        propose: Callable[[int], NDArray[np.int64]],
    ) -> Matches:
        """Return the nearest of n proposed rows (Q, n) and those newer than the graph, or scan if that is cheaper."""
        n_graph, n_inside = self._graph.n_rows, len(self._graph)
        may = self._is_present
        if allowed is not None:
            may = may & allowed
            n_inside = int(np.count_nonzero(may[:n_graph]))
        n_proposed = _enough(k, n_inside, len(self._graph))
        if n_inside <= _STEP * n_proposed:
            return self._exact.search(queries, k, allowed=may)
        rows = propose(n_proposed)
        if allowed is not None:  # what was removed is proposed by no graph
            rows[~may[rows]] = -1
        is_short = np.count_nonzero(rows >= 0, axis=1) < min(k, n_inside)
        if len(self._tail):
            new = self._tail.search(queries, k, allowed=may[n_graph:]).rows
            rows = np.hstack([rows, np.where(new >= 0, new + n_graph, -1)])
        matches = self._exact.ranked(queries, rows, k)
        if is_short.any():
            scanned = self._exact.search(queries[is_short], k, allowed=may)
            matches.rows[is_short], matches.similarities[is_short] = scanned.rows, scanned.similarities
        return matches


def _from_row(segments: Sequence[NDArray[np.float16]], first: int) -> list[NDArray[np.float16]]:
    """Return what the segments hold from a row on."""
    starts = np.cumsum([0, *map(len, segments)])
    return [segment[max(0, first - start) :] for start, segment in zip(starts, segments, strict=False)]


def _enough(k: int, n_allowed: int, n_all: int) -> int:
    """Return how many rows to propose so that k of them are probably allowed."""
    n_wanted = k + math.ceil(_SPARE * k)
    if n_allowed < n_all:
        n_wanted = math.ceil(2 * n_wanted * n_all / max(n_allowed, 1))
    return min(n_all, n_wanted)
