"""Exhaustive Hamming search: all codes are looked at, later words only where the first ones leave a chance."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.index.code_matches import CodeMatches
from lookalike.index.code_search import Manner, SearchedCodes
from lookalike.index.code_segment import CodeSegment, Words


class CodeScan:
    """Finds the nearest codes by looking at all of them; safe to use from several threads at once.

    Parameters
    ----------
    segments : sequence of CodeSegment
        Of consecutive rows from 0 on; they may be memory-mapped.
    tail : sequence of (n, 4) uint64
        Codes of all further rows, as given, not ordered.
    order : (256,) uint16 or None
        The bit order of the segments; None means that codes are ordered as they are.

    Raises
    ------
    ValueError
        If a shape or type does not fit, or rows are not consecutive.
    """

    def __init__(
        self, segments: Sequence[CodeSegment], tail: Sequence[Words] = (), order: NDArray[np.uint16] | None = None
    ) -> None:
        self._codes = SearchedCodes(segments, tail, order, Manner(n_tables=0))

    def __len__(self) -> int:
        return len(self._codes)

    def search(
        self,
        queries: Words,
        k: int,
        *,
        allowed: NDArray[np.bool_] | None = None,
        max_distance: int | None = None,
    ) -> CodeMatches:
        """Return the k nearest rows of each query, among the allowed; see `SearchedCodes.search`."""
        return self._codes.search(queries, k, allowed, max_distance)
