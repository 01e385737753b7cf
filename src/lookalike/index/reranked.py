"""Search in two steps: something quick proposes rows, the vectors rank them."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.index.exact import ExactIndex
from lookalike.types import Matches

Propose: TypeAlias = Callable[[NDArray[np.float32], int, NDArray[np.bool_] | None], NDArray[np.int64]]
"""(Q, D) queries, n, (N,) which rows are allowed or None -> (Q, n) rows in any order, -1 where there are no more."""

FEWEST, MOST = 256, 1 << 16
"""Rows that are proposed at least, as ten neighbours by code are often not the ten by vector, and at most."""


class RerankedIndex:
    """Finds near vectors among those that something else proposes; fulfils `types.Index`.

    Parameters
    ----------
    vectors : ExactIndex
        Ranks what is proposed, so its similarities are those of exact search.
    propose : Propose
    per_neighbour : int
        Rows to propose for each neighbour that is asked for.
    """

    def __init__(self, vectors: ExactIndex, propose: Propose, *, per_neighbour: int) -> None:
        self._vectors = vectors
        self._propose = propose
        self._per_neighbour = per_neighbour

    def __len__(self) -> int:
        return len(self._vectors)

    def search(self, queries: NDArray[np.float32], k: int, *, allowed: NDArray[np.bool_] | None = None) -> Matches:
        """Return the k nearest of the proposed rows of each query; see `types.Index.search`.

        Raises
        ------
        ValueError
            If k is below 1, a shape does not fit, or a query holds a number that is not finite.
        """
        queries = self._vectors.checked(queries, k, allowed)
        n_proposed = min(max(k, FEWEST, min(MOST, self._per_neighbour * k)), len(self))
        proposed = self._propose(queries, n_proposed, allowed) if n_proposed else np.zeros((len(queries), 0), np.int64)
        return self._vectors.ranked(queries, proposed, k)

    def similarities(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the dot products (R,) of one query (D,) with the given rows (R,), the same as exact search finds."""
        return self._vectors.similarities(query, rows)
