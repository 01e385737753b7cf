"""Exact Hamming search in lists of sub-codes, with a certificate."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.index.code_matches import CodeMatches
from lookalike.index.code_search import Manner, SearchedCodes
from lookalike.index.code_segment import CodeSegment, Words

N_TABLES = 16


class MultiIndex:
    """Finds the true nearest codes and proves it; safe to use from several threads at once.

    Two codes that differ in few bits differ in very few of at least one of their sixteen sub-codes. So where all lists
    within a radius r_t of the query's sub-code t have been read, every code within sum(r_t + 1) - 1 has been seen. The
    radii grow one at a time, of the table whose next lists are shortest first, until no nearer code can be left.
    Where the lists would cost more than to look at all codes, or at the few that are allowed, that is done instead.

    Parameters
    ----------
    segments : sequence of CodeSegment
        With 16 tables, of consecutive rows from 0 on; they may be memory-mapped.
    tail : sequence of (n, 4) uint64
        Codes of all further rows, as given, not ordered. They are all looked at.
    order : (256,) uint16 or None
        The bit order of the segments; None means that codes are ordered as they are.

    Raises
    ------
    ValueError
        If a shape or type does not fit, rows are not consecutive, or a segment has fewer tables.

    References
    ----------
    Norouzi, Punjani, Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing", IEEE Transactions on Pattern
    Analysis and Machine Intelligence 2014.

    Notes
    -----
    Differs from the paper: radii differ from table to table, growing by cost; a scan takes over where it is cheaper.

    Examples
    --------
    >>> from lookalike.index.code_segment import build_segment
    >>> codes = np.array([[0, 0, 0, 0], [7, 0, 0, 0], [1, 0, 0, 0]], dtype=np.uint64)
    >>> segment = build_segment(codes, np.arange(256, dtype=np.uint16), n_tables=16)
    >>> matches = MultiIndex([segment]).search(codes[:1], k=2)
    >>> matches.rows, matches.distances, matches.is_exact
    (array([[0, 2]]), array([[0, 1]]), array([ True]))
    """

    def __init__(
        self, segments: Sequence[CodeSegment], tail: Sequence[Words] = (), order: NDArray[np.uint16] | None = None
    ) -> None:
        self._codes = SearchedCodes(segments, tail, order, Manner(N_TABLES))

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
