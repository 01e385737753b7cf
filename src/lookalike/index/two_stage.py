"""Two-stage Hamming search: lists of four short sub-codes propose, all 256 bits rank."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.index.code_matches import CodeMatches
from lookalike.index.code_search import N_SUB, Manner, SearchedCodes
from lookalike.index.code_segment import CodeSegment, Words

N_TABLES = 4

TOLERABLE = 0.01
"""Share of the nearest codes that may be expected to be missed where the radius adapts."""


class TwoStageIndex:
    """Finds nearly all of the nearest codes, and looks at few; safe to use from several threads at once.

    Candidates are the codes of which one of the first four sub-codes of 16 bits is near the query's.

    Parameters
    ----------
    segments : sequence of CodeSegment
        With 4 or 16 tables, of consecutive rows from 0 on; they may be memory-mapped.
    tail : sequence of (n, 4) uint64
        Codes of all further rows, as given, not ordered.
    order : (256,) uint16 or None
        The bit order of the segments; None means that codes are ordered as they are.
    radius : int or None
        Bits, 0 to 16, in which sub-codes may differ. 2 is the published scheme: 137 lists of each table, in which every
        code is found whose 64 bits differ in at most 11, and nothing else is looked at. None adapts to the query: lists
        are read, the cheapest first, until few of the nearest codes are likely to be missed. Where that costs more than
        to look at all codes, or at the few that are allowed, that is done instead.

    Raises
    ------
    ValueError
        If a shape or type does not fit, rows are not consecutive, or the radius is out of range.

    References
    ----------
    Korfhage, Mühling, Freisleben, "ElasticHash: Semantic Image Similarity Search by Deep Hashing with Elasticsearch",
    CAIP 2021.

    Notes
    -----
    Differs from the paper where the radius adapts: how likely a near code is missed follows from the distances found,
    with bits taken to be alike and independent.
    """

    def __init__(
        self,
        segments: Sequence[CodeSegment],
        tail: Sequence[Words] = (),
        order: NDArray[np.uint16] | None = None,
        *,
        radius: int | None = None,
    ) -> None:
        if radius is not None and not 0 <= radius <= N_SUB:
            raise ValueError(f"sub-codes differ in 0 to {N_SUB} bits, got radius = {radius}; ask for one of these")
        self._codes = SearchedCodes(
            segments, tail, order, Manner(N_TABLES, radius, TOLERABLE if radius is None else -1)
        )

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
        """Return the k nearest candidates of each query, among the allowed; see `SearchedCodes.search`."""
        return self._codes.search(queries, k, allowed, max_distance)
