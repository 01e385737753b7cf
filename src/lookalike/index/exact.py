"""Exact search: every vector is looked at, in chunks, straight from the float16 of its memory-mapped segment."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.types import Matches

Scan: TypeAlias = Callable[[NDArray[np.float16], NDArray[np.bool_], NDArray[np.float32]], NDArray[np.float32]]
"""(n, D) vectors, (n,) which are wanted, (Q, D) queries -> (Q, n) similarities, minus infinity for the unwanted."""

PairScan: TypeAlias = Callable[
    [NDArray[np.float16], NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]], NDArray[np.float32]
]
"""(n, D) vectors, (P,) rows of them, (Q, D) queries, (P,) which of these meets each row -> (P,) similarities."""

WORTH_COMPILED_CODE = 20_000 * 512
"""Numbers in an index from which on loading numba, half a second once, is paid back by faster scans."""

LARGEST = 65_536
"""What the numbers of a query must be below: compiled code multiplies them by the range of float16's exponents."""

_CHUNK = 1 << 23
"""Numbers that are looked at between two selections."""

_BLOCK = 1 << 18
"""Numbers that are float32 at the same time where NumPy scans: few enough to stay in the processor's cache."""

_QUERIES = 32
"""Queries that pass over the vectors together."""


class ExactIndex:
    """Finds the nearest vectors by looking at all of them; safe to use from several threads at once.

    Nothing of the segments is copied or kept: they may be memory-mapped and larger than the memory.

    Parameters
    ----------
    segments : sequence of (n, D) float16
        C-contiguous, finite, rows L2-normalized; row numbers run on from one segment to the next.

    Raises
    ------
    ValueError
        If a segment has another type or layout, or the D differ.

    Notes
    -----
    Similarities are summed in float32, in an order that depends on D alone: equal vectors have equal similarities,
    and their smaller row comes first. Small indexes are scanned by NumPy, large ones by compiled code, whose sums may
    differ in the last bits.

    Examples
    --------
    >>> index = ExactIndex([np.eye(3, dtype=np.float16)])
    >>> index.search(np.array([[0.6, 0.0, 0.8]], dtype=np.float32), k=2).rows
    array([[2, 0]])
    """

    def __init__(self, segments: Sequence[NDArray[np.float16]]) -> None:
        for segment in segments:
            _check_segment(segment, segments[0])
        self._segments = [np.asarray(segment) for segment in segments]
        self._n_dims = segments[0].shape[1] if segments else None
        lengths = [len(segment) for segment in segments]
        self._starts = np.cumsum([0, *lengths])

    def __len__(self) -> int:
        return int(self._starts[-1])

    def search(self, queries: NDArray[np.float32], k: int, *, allowed: NDArray[np.bool_] | None = None) -> Matches:
        """Return the k nearest rows of each query by dot product, among the allowed.

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
        queries = self.checked(queries, k, allowed)
        rows = np.full((len(queries), k), -1, dtype=np.int64)
        similarities = np.full((len(queries), k), -np.inf, dtype=np.float32)
        n_most = min(k, len(self))
        for start in range(0, len(queries), _QUERIES):
            block = slice(start, start + _QUERIES)
            self._search(queries[block], allowed, rows[block, :n_most], similarities[block, :n_most])
        return Matches(rows, similarities)

    def similarities(self, query: NDArray[np.float32], rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the dot products (R,) of one query (D,) with the given rows (R,), the same as a search finds.

        Raises
        ------
        ValueError
            If the query does not fit.
        IndexError
            If a row is not in the index.
        """
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise IndexError(f"the index has rows 0 to {len(self) - 1}, got {rows.min()} to {rows.max()}")
        return self.paired_similarities(self._checked(query[None]), rows, np.zeros(len(rows), dtype=np.int64))

    def paired_similarities(
        self, queries: NDArray[np.float32], rows: NDArray[np.int64], owners: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the dot products (P,) of rows (P,) of the index with queries[owners], the same as a search finds.

        Parameters
        ----------
        queries : (Q, D) float32
            C-contiguous and finite, as `checked` returns them.
        rows : (P,) int64
            In the index.
        owners : (P,) int64
            Which query meets each row.
        """
        if len(self._segments) == 1:  # as in most spaces; a single query feels the rest
            return self._pair_scan(self._segments[0], rows, queries, owners)
        similarities = np.empty(len(rows), dtype=np.float32)
        holders = np.searchsorted(self._starts, rows, side="right") - 1
        for holder in np.flatnonzero(np.bincount(holders)):
            here = np.flatnonzero(holders == holder)
            inside = rows[here] - self._starts[holder]
            similarities[here] = self._pair_scan(self._segments[holder], inside, queries, owners[here])
        return similarities

    def ranked(self, queries: NDArray[np.float32], rows: NDArray[np.int64], k: int) -> Matches:
        """Return the k nearest of the rows that something proposed for each query.

        Parameters
        ----------
        queries : (Q, D) float32
            C-contiguous and finite, as `checked` returns them.
        rows : (Q, n) int64
            In the index, none twice; -1 where there are no more.
        k : int
            May exceed n.
        """
        if rows.shape[1] < k:
            rows = np.pad(rows, ((0, 0), (0, k - rows.shape[1])), constant_values=-1)
        similarities = np.full(rows.shape, -np.inf, dtype=np.float32)
        owners, places = np.nonzero(rows >= 0)
        similarities[owners, places] = self.paired_similarities(queries, rows[owners, places], owners)
        best = np.arange(len(rows))[:, None], np.lexsort((rows, -similarities))[:, :k]
        return Matches(rows[best], similarities[best])

    def is_live(self) -> NDArray[np.bool_]:
        """Return which rows (N,) hold a vector: what was removed is zeros."""
        return np.concatenate([np.zeros(0, np.bool_), *(segment.any(axis=1) for segment in self._segments)])

    def vector(self, row: int) -> NDArray[np.float32]:
        """Return the vector (D,) of a row of the index."""
        holder = int(np.searchsorted(self._starts, row, side="right")) - 1
        return self._segments[holder][row - self._starts[holder]].astype(np.float32)

    def checked(
        self, queries: NDArray[np.float32], k: int, allowed: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float32]:
        """Return the queries of a search, C-contiguous, or raise as a search does."""
        queries = self._checked(queries)
        if k < 1:
            raise ValueError(f"a search returns at least one neighbour, got k = {k}; ask for k = 1 or more")
        if allowed is not None and (allowed.shape != (len(self),) or allowed.dtype != np.bool_):
            raise ValueError(
                f"the index has {len(self)} rows, got {allowed.shape} {allowed.dtype} of what is allowed; "
                "give one bool per row"
            )
        return queries

    def _checked(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        if queries.ndim != 2 or self._n_dims not in (None, queries.shape[1]):
            raise ValueError(
                f"the index holds vectors of {self._n_dims} numbers, got queries {queries.shape}; "
                "describe them as the index was described"
            )
        if not (np.abs(queries) < LARGEST).all():
            raise ValueError(
                f"a query holds a number that is not finite, or from {LARGEST:,} on; describe its picture again"
            )
        return np.ascontiguousarray(queries, dtype=np.float32)

    def _search(
        self,
        queries: NDArray[np.float32],
        allowed: NDArray[np.bool_] | None,
        rows: NDArray[np.int64],
        similarities: NDArray[np.float32],
    ) -> None:
        """Fill the best rows (Q, k) and their similarities, at first -1 and minus infinity."""
        for first, vectors in self._chunks():
            is_wanted = np.ones(len(vectors), np.bool_) if allowed is None else allowed[first : first + len(vectors)]
            if not is_wanted.any():
                continue
            seen = self._scan(vectors, np.ascontiguousarray(is_wanted), queries)
            for query in range(len(queries)):
                _improve(rows[query], similarities[query], first, seen[query])

    def _chunks(self) -> Iterator[tuple[int, NDArray[np.float16]]]:
        """Yield the first row of each chunk, and its vectors."""
        for start, segment in zip(self._starts, self._segments, strict=False):
            for first in range(0, len(segment), self._chunk_rows):
                yield int(start) + first, segment[first : first + self._chunk_rows]

    @property
    def _chunk_rows(self) -> int:
        return max(1, _CHUNK // max(self._n_dims or 1, 64))

    @cached_property
    def _scan(self) -> Scan:
        if len(self) * (self._n_dims or 0) < WORTH_COMPILED_CODE:
            return scan
        from lookalike.index import kernel

        return kernel.scan

    @cached_property
    def _pair_scan(self) -> PairScan:
        if len(self) * (self._n_dims or 0) < WORTH_COMPILED_CODE:
            return pair_scan
        from lookalike.index import kernel

        return kernel.pair_scan


def _check_segment(segment: NDArray[np.float16], first: NDArray[np.float16]) -> None:
    if segment.ndim != 2 or segment.dtype != np.float16 or not segment.flags.c_contiguous:
        raise ValueError(
            f"a segment is (n, D) float16 and C-contiguous, got {segment.shape} {segment.dtype}; convert it first"
        )
    if segment.shape[1] != first.shape[1]:
        raise ValueError(
            f"the first segment holds vectors of {first.shape[1]} numbers, another one of {segment.shape[1]}; "
            "make an index of each"
        )


def scan(
    vectors: NDArray[np.float16], is_wanted: NDArray[np.bool_], queries: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the dot products (Q, n) of queries with vectors, minus infinity for vectors that are not wanted.

    Parameters
    ----------
    vectors : (n, D) float16
    is_wanted : (n,) bool
    queries : (Q, D) float32
    """
    similarities = np.full((len(queries), len(vectors)), -np.inf, dtype=np.float32)
    size = max(1, _BLOCK // max(vectors.shape[1], 1))
    wanted = np.flatnonzero(is_wanted)
    for start in range(0, len(wanted), size):
        rows = wanted[start : start + size]
        # One dot product per row: a matrix product would sum rows at its edges in another order than their equals.
        similarities[:, rows] = np.vecdot(vectors[rows].astype(np.float32), queries[:, None])
    return similarities


def pair_scan(
    vectors: NDArray[np.float16], rows: NDArray[np.int64], queries: NDArray[np.float32], owners: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the dot products (P,) of vectors[rows] with queries[owners].

    Parameters
    ----------
    vectors : (n, D) float16
    rows, owners : (P,) int64
    queries : (Q, D) float32
    """
    similarities = np.empty(len(rows), dtype=np.float32)
    size = max(1, _BLOCK // max(vectors.shape[1], 1))
    for start in range(0, len(rows), size):
        block = slice(start, start + size)
        similarities[block] = np.vecdot(vectors[rows[block]].astype(np.float32), queries[owners[block]])
    return similarities


def _improve(
    rows: NDArray[np.int64],
    similarities: NDArray[np.float32],
    first: int,
    seen: NDArray[np.float32],
) -> None:
    """Let rows from `first` on, with the similarities seen (n,), replace those among the best (k,) that are worse.

    All rows are larger than those found before, so among equals those found before stay.
    """
    k = len(rows)
    better = np.flatnonzero(seen > similarities[-1])
    if len(better) > k:
        kth = np.partition(seen[better], -k)[-k]
        better = better[seen[better] >= kth]
    elif not len(better):
        return
    all_rows = np.concatenate([rows, better + first])
    all_similarities = np.concatenate([similarities, seen[better]])
    order = np.argsort(-all_similarities, kind="stable")[:k]
    rows[:] = all_rows[order]
    similarities[:] = all_similarities[order]
