"""Dot products with float16 vectors in compiled code, for collections that are worth the time numba takes to load."""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from lookalike.index.code_compiled import compiled, read_only

_EXPONENT_GAP = np.float32(2.0**112)
"""Float32 counts exponents from -127, float16 from -15."""


def _half_over_gap(bits: np.uint16) -> np.float32:
    """Return a finite float16, given as bits, divided by 2**112.

    Numba knows no float16. LLVM does, but where a processor cannot convert, it calls a function that is not there,
    and the process ends. Moving exponent and fraction to their places in a float32 needs nothing special, is exact
    for subnormal numbers too, and keeps up with the memory.
    """
    wide = np.uint32(bits)
    sign = (wide & np.uint32(0x8000)) << np.uint32(16)
    magnitude = (wide & np.uint32(0x7FFF)) << np.uint32(13)
    return np.uint32(sign | magnitude).view(np.float32)


_IN_ANY_ORDER = {"reassoc", "contract"}
"""Summing so lets LLVM use wide registers; the order depends on D alone, so equal rows stay equal."""

_widened = njit(_half_over_gap)


def _dot_products(
    bits: NDArray[np.uint16],
    is_wanted: NDArray[np.bool_],
    queries: NDArray[np.float32],
    similarities: NDArray[np.float32],
) -> None:
    for row in range(len(bits)):
        for query in range(len(queries)):
            total = np.float32(-np.inf)
            if is_wanted[row]:
                total = np.float32(0)
                for d in range(bits.shape[1]):
                    total += _widened(bits[row, d]) * queries[query, d]
            similarities[query, row] = total


def _paired_dot_products(
    bits: NDArray[np.uint16],
    rows: NDArray[np.int64],
    queries: NDArray[np.float32],
    owners: NDArray[np.int64],
    similarities: NDArray[np.float32],
) -> None:
    for pair in range(len(rows)):
        row, query = rows[pair], owners[pair]
        total = np.float32(0)
        for d in range(bits.shape[1]):
            total += _widened(bits[row, d]) * queries[query, d]
        similarities[pair] = total


_fill = compiled(
    _dot_products,
    types.void(
        read_only(types.uint16, 2),
        read_only(types.boolean, 1),
        read_only(types.float32, 2),
        types.Array(types.float32, 2, "C"),
    ),
    fastmath=_IN_ANY_ORDER,
)

_fill_pairs = compiled(
    _paired_dot_products,
    types.void(
        read_only(types.uint16, 2),
        read_only(types.int64, 1),
        read_only(types.float32, 2),
        read_only(types.int64, 1),
        types.Array(types.float32, 1, "C"),
    ),
    fastmath=_IN_ANY_ORDER,
)


def scan(
    vectors: NDArray[np.float16], is_wanted: NDArray[np.bool_], queries: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the dot products (Q, n) of queries with vectors, minus infinity for vectors that are not wanted.

    Parameters
    ----------
    vectors : (n, D) float16
        C-contiguous and finite.
    is_wanted : (n,) bool
    queries : (Q, D) float32
        C-contiguous; numbers below 65,536.
    """
    similarities = np.empty((len(queries), len(vectors)), dtype=np.float32)
    _fill(vectors.view(np.uint16), is_wanted, queries * _EXPONENT_GAP, similarities)
    return similarities


def pair_scan(
    vectors: NDArray[np.float16], rows: NDArray[np.int64], queries: NDArray[np.float32], owners: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the dot products (P,) of vectors[rows] with queries[owners].

    Parameters
    ----------
    vectors : (n, D) float16
        C-contiguous and finite.
    rows, owners : (P,) int64
    queries : (Q, D) float32
        C-contiguous; numbers below 65,536.
    """
    similarities = np.empty(len(rows), dtype=np.float32)
    rows, owners = np.ascontiguousarray(rows), np.ascontiguousarray(owners)
    _fill_pairs(vectors.view(np.uint16), rows, queries * _EXPONENT_GAP, owners, similarities)
    return similarities
