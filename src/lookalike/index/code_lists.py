"""Reads inverted lists by compiled code, as far as they are cheaper than looking at all codes."""

from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

from lookalike.index import code_kernel as kernel
from lookalike.index.code_search import N_SUB, Manner, SearchedCodes, certified_by
from lookalike.index.code_segment import N_BITS

COSTS = np.array([25.0, 6.0, 24.0])
"""Nanoseconds to find a list, and to look at a code in it, by its first word or by all four."""

ROW_COST, PLANE_COST = 20.0, 0.27
"""Nanoseconds to look at an allowed row, and at one word of a code in a scan. Only the ratios of these figures count,
and they decide what is read, never what is found."""


class ListReader:
    """Finds the nearest codes among the allowed; safe to use from several threads at once."""

    def __init__(self, codes: SearchedCodes, allowed: NDArray[np.bool_] | None) -> None:
        self._codes = codes
        self._manner = codes.manner
        self._beyond = chance_beyond()
        self._filters = [_part(allowed, segment.first, len(segment)) for segment in codes.segments]
        self._tail_filters = [_part(allowed, first, len(tail)) for first, tail in codes.tail]
        self._rows = [_worth_listing(filter_, codes.manner) for filter_ in self._filters]
        self._scan_costs = [
            _scan_costs(len(segment), rows, codes.manner)
            for segment, rows in zip(codes.segments, self._rows, strict=True)
        ]

    def find(
        self, query: NDArray[np.uint64], ordered_query: NDArray[np.uint64], keys: NDArray[np.int64]
    ) -> tuple[int, int]:
        """Improve the keys (k,) of a query (4,); return up to which distance that is certain, and the codes seen."""
        certified, n_seen = certified_by(self._manner), 0
        for number in range(len(self._codes.segments)):
            certified_here, n_here = self._find_in_segment(number, ordered_query, keys)
            certified, n_seen = min(certified, certified_here), n_seen + n_here
        radius = self._manner.radius or 0
        for (first, tail), allowed in zip(self._codes.tail, self._tail_filters, strict=True):
            n_seen += kernel.scan_tail(tail, first, query, allowed, self._codes.parts, radius, keys)
        return certified, n_seen

    def _find_in_segment(self, number: int, query: NDArray[np.uint64], keys: NDArray[np.int64]) -> tuple[int, int]:
        segment, rows = self._codes.segments[number], self._rows[number]
        radii = np.full(self._manner.n_tables, -1, dtype=np.int64)
        is_cheaper_to_scan, n_seen = True, 0
        if len(radii):
            is_cheaper_to_scan, n_seen = kernel.probe(
                segment.planes,
                segment.starts,
                segment.ids,
                segment.first,
                query,
                self._filters[number],
                N_SUB if self._manner.radius is None else self._manner.radius,
                self._manner.tolerable,
                self._scan_costs[number],
                self._beyond,
                kernel.MASKS,
                kernel.SHELLS,
                COSTS,
                radii,
                keys,
            )
        if not is_cheaper_to_scan:
            return int(radii.sum()) + len(radii) - 1, n_seen
        if rows is not None:
            kernel.compare(segment.planes, rows, segment.first, query, radii, keys)
            return N_BITS, n_seen + len(rows)
        kernel.scan(segment.planes, segment.first, query, self._filters[number], radii, keys)
        return N_BITS, n_seen + len(segment)


def _part(allowed: NDArray[np.bool_] | None, first: int, n: int) -> NDArray[np.bool_]:
    """Return what is allowed of n rows; nothing at all stands for no filter."""
    return np.zeros(0, dtype=np.bool_) if allowed is None else np.ascontiguousarray(allowed[first : first + n])


def _worth_listing(allowed: NDArray[np.bool_], manner: Manner) -> NDArray[np.int64] | None:
    """Return the allowed rows if comparing these alone may be cheaper than one plane of all codes."""
    if not len(allowed) or manner.radius is not None:
        return None
    n_allowed = np.count_nonzero(allowed)
    if n_allowed * ROW_COST > len(allowed) * PLANE_COST:
        return None
    rows = np.empty(n_allowed + 1, dtype=np.int64)
    kernel.list_allowed(allowed, rows)
    return rows[:-1]


def _scan_costs(n: int, rows: NDArray[np.int64] | None, manner: Manner) -> NDArray[np.float64]:
    """Return what it costs to compare all codes, or the allowed rows, by the largest distance of interest, (257,).

    Of random codes, blocks are left out by their first word up to a distance of some 20, by two up to some 50.
    """
    if manner.radius is not None:
        return np.full(N_BITS + 1, np.inf)
    if rows is not None:
        return np.full(N_BITS + 1, ROW_COST * len(rows))
    reach = np.arange(N_BITS + 1)
    return n * PLANE_COST * (1.0 + (reach > 20) + 2 * (reach > 50))


@cache
def chance_beyond() -> NDArray[np.float64]:
    """Return how likely two codes differ in more than r bits of a sub-code if they do in d bits of all, (18, 258).

    In row r + 1, column d; bits are taken to be alike and independent, which a good bit order makes them. A distance of
    257 stands for codes that have not been found: as of 256.
    """
    chances = np.ones((N_SUB + 2, N_BITS + 2))
    for distance in range(N_BITS + 1):
        ways = [comb(N_SUB, r) * comb(N_BITS - N_SUB, distance - r) for r in range(min(N_SUB, distance) + 1)]
        total = comb(N_BITS, distance)
        for r in range(N_SUB + 1):
            chances[r + 1, distance] = sum(ways[r + 1 :]) / total
    chances[:, -1] = chances[:, -2]
    return chances
