"""What every search for near codes has in common: where the codes are, and how the best are kept.

The best codes of a query are keys: the distance in the high bits, the row in the low ones, so that of equal distances
the smaller row is better. A place that nobody has taken yet holds the key just beyond what may enter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.index import code_segment
from lookalike.index.code_matches import CodeMatches, check_question
from lookalike.index.code_segment import N_BITS, CodeSegment, Words, check_codes, check_order, in_order

ROW_BITS = 40
"""Low bits of a key."""

N_SUB = 16
"""Bits of a sub-code."""

Find: TypeAlias = Callable[[NDArray[np.uint64], NDArray[np.uint64], NDArray[np.int64]], tuple[int, int]]
"""(4,) query, the same ordered, (k,) keys -> keys replaced by better ones; the distance up to which it is certain that
every code has been seen, and the number of codes compared."""


@dataclass(frozen=True)
class Manner:
    """How lists are read.

    Parameters
    ----------
    n_tables : int
        Tables whose lists are read; without any, all codes are looked at.
    radius : int or None
        Read all lists up to this distance of the sub-codes, and nothing else; None means as far as is needed.
    tolerable : float
        Where the radius is None, the expected share of the nearest codes that may be missed; below 0 none may.
    """

    n_tables: int
    radius: int | None = None
    tolerable: float = -1.0


class SearchedCodes:
    """The codes of an index: segments, and a tail that is in no table yet.

    Parameters
    ----------
    segments : sequence of CodeSegment
        Of consecutive rows from 0 on. Nothing of them is copied.
    tail : sequence of (n, 4) uint64
        Codes of all further rows, as given, not ordered.
    order : (256,) uint16 or None
        The bit order of the segments; None means that codes are ordered as they are.
    manner : Manner

    Raises
    ------
    ValueError
        If a shape or type does not fit, rows are not consecutive, or a segment has too few tables.
    """

    def __init__(
        self, segments: Sequence[CodeSegment], tail: Sequence[Words], order: NDArray[np.uint16] | None, manner: Manner
    ) -> None:
        self.order = np.arange(N_BITS, dtype=np.uint16) if order is None else order
        check_order(self.order)
        self.manner = manner
        self.parts = sub_code_bits(self.order, manner)
        self.segments: list[CodeSegment] = []
        self.tail: list[tuple[int, Words]] = []
        self._n = 0
        self._unfiltered: Find | None = None
        for segment in segments:
            _check_segment(segment, self._n, manner.n_tables)
            self._n += len(segment)
            self.segments += [segment] if len(segment) else []
        for codes in tail:
            check_codes(codes)
            self.tail += [(self._n, np.ascontiguousarray(codes))] if len(codes) else []
            self._n += len(codes)

    def __len__(self) -> int:
        return self._n

    def search(
        self, queries: Words, k: int, allowed: NDArray[np.bool_] | None, max_distance: int | None
    ) -> CodeMatches:
        """Return the k nearest of those codes that the manner of reading comes by, by Hamming distance.

        Parameters
        ----------
        queries : (Q, 4) uint64
            As given, not ordered.
        k : int
            At least 1; may exceed the number of rows.
        allowed : (N,) bool or None
            Rows that may be returned; None means all.
        max_distance : int or None
            Rows further away are not returned; 0 to 256. Small ones end a search in lists early.

        Raises
        ------
        ValueError
            If a shape or type does not fit, or a number is out of range.
        """
        check_question(queries, k, allowed, max_distance, len(self))
        vacant = ((N_BITS if max_distance is None else max_distance) + 1) << ROW_BITS
        rows = np.full((len(queries), k), -1, dtype=np.int64)
        distances = np.full((len(queries), k), N_BITS + 1, dtype=np.int64)
        is_exact = np.ones(len(queries), dtype=np.bool_)
        n_seen = np.zeros(len(queries), dtype=np.int64)
        if len(self) and len(queries):
            find = self._find(allowed)
            for i, query in enumerate(zip(np.ascontiguousarray(queries), in_order(queries, self.order), strict=True)):
                keys = np.full(min(k, len(self)), vacant, dtype=np.int64)
                certified, n_seen[i] = find(*query, keys)
                is_exact[i] = (keys.max() - 1) >> ROW_BITS <= certified
                found = np.sort(keys[keys < vacant])
                rows[i, : len(found)] = found & ((1 << ROW_BITS) - 1)
                distances[i, : len(found)] = found >> ROW_BITS
        return CodeMatches(rows, distances, is_exact, n_seen)

    def _find(self, allowed: NDArray[np.bool_] | None) -> Find:
        if len(self) < code_segment.WORTH_COMPILED_CODE:
            return lambda query, ordered_query, keys: find_in_all(self, allowed, query, ordered_query, keys)
        from lookalike.index.code_lists import ListReader

        if allowed is None:
            self._unfiltered = self._unfiltered or ListReader(self, None).find
            return self._unfiltered
        return ListReader(self, allowed).find


def _check_segment(segment: CodeSegment, first: int, n_tables: int) -> None:
    if segment.first != first:
        raise ValueError(
            f"segments stand for consecutive rows, got one from row {segment.first} on where {first} is next; "
            "give them in order"
        )
    if segment.n_tables < n_tables:
        raise ValueError(
            f"this search reads {n_tables} tables, got a segment with {segment.n_tables}; build it with {n_tables}"
        )


def certified_by(manner: Manner) -> int:
    """Return the distance up to which every code has a sub-code within the radius, if only that is looked at."""
    return N_BITS if manner.radius is None else manner.n_tables * (manner.radius + 1) - 1


def sub_code_bits(order: NDArray[np.uint16], manner: Manner) -> Words:
    """Return which bits of a code form each sub-code that must be within the radius, (T, 4); none without a radius."""
    bits = np.zeros((0 if manner.radius is None else manner.n_tables, N_BITS), dtype=np.uint8)
    for table, chosen in enumerate(bits):
        chosen[order[N_SUB * table : N_SUB * (table + 1)]] = 1
    return np.packbits(bits, axis=1).view(np.uint64)


def find_in_all(
    codes: SearchedCodes,
    allowed: NDArray[np.bool_] | None,
    query: NDArray[np.uint64],
    ordered_query: NDArray[np.uint64],
    keys: NDArray[np.int64],
) -> tuple[int, int]:
    """Compare a query with all codes by NumPy, for collections that are not worth loading compiled code."""
    natural = sub_code_bits(np.arange(N_BITS, dtype=np.uint16), codes.manner)
    in_segments = [segment.planes ^ ordered_query[:, None] for segment in codes.segments]
    in_tail = [(tail ^ query).T for _, tail in codes.tail]
    differences = in_segments + in_tail
    near = [_is_near(difference, natural, codes.manner.radius) for difference in in_segments]
    near += [_is_near(difference, codes.parts, codes.manner.radius) for difference in in_tail]
    is_near = np.concatenate(near)
    distances = np.concatenate([np.bitwise_count(difference).sum(axis=0, dtype=np.int64) for difference in differences])
    rows = np.flatnonzero(is_near if allowed is None else is_near & allowed)
    keys[:] = np.sort(np.concatenate([keys, distances[rows] << ROW_BITS | rows]))[: len(keys)]
    return certified_by(codes.manner), int(is_near.sum())


def _is_near(differences: Words, parts: Words, radius: int | None) -> NDArray[np.bool_]:
    """Return which codes, given as differences (4, n) from the query, have a sub-code within the radius."""
    if radius is None:
        return np.ones(differences.shape[1], dtype=np.bool_)
    near = [np.bitwise_count(differences & part[:, None]).sum(axis=0) <= radius for part in parts]
    return np.logical_or.reduce(near)
