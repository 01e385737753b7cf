"""Bits in bytes and words, and Hamming distances between them.

Bit 0 of a code is the most significant bit of its first byte, as `numpy.packbits` has it. Words are the same bytes,
eight at a time, little-endian on every machine.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Codes: TypeAlias = NDArray[np.uint8]
"""(N, B/8) uint8, packed; B bits each, a multiple of 8."""

_BLOCK = 1 << 20
"""Pairs of words that are compared at the same time."""


def pack_bits(bits: NDArray[np.bool_]) -> Codes:
    """Return bits (N, B) as packed codes (N, B/8).

    Raises
    ------
    ValueError
        If B is no multiple of 8.
    """
    if bits.ndim != 2 or bits.shape[1] % 8:
        raise ValueError(f"codes have a multiple of 8 bits, got bits {bits.shape}; add or leave out some")
    return np.packbits(np.ascontiguousarray(bits), axis=1)


def unpack_bits(codes: Codes) -> NDArray[np.bool_]:
    """Return packed codes (N, B/8) as bits (N, B)."""
    return np.unpackbits(codes, axis=1).view(np.bool_)


def as_words(codes: Codes) -> NDArray[np.uint64]:
    """Return packed codes (N, B/8) as words (N, B/64), without a copy where their bytes lie together.

    Raises
    ------
    ValueError
        If B is no multiple of 64.

    Examples
    --------
    >>> as_words(np.array([[1, 0, 0, 0, 0, 0, 0, 0]], dtype=np.uint8)).tolist()
    [[1]]
    """
    if codes.ndim != 2 or codes.shape[1] % 8:
        raise ValueError(f"words take codes of a multiple of 64 bits, got codes {codes.shape}; keep them as bytes")
    return np.ascontiguousarray(codes).view("<u8")


def from_words(words: NDArray[np.uint64]) -> Codes:
    """Return words (N, B/64) as packed codes (N, B/8): the inverse of `as_words`."""
    return np.ascontiguousarray(words, dtype="<u8").view(np.uint8)


def hamming_distances(queries: Codes, codes: Codes) -> NDArray[np.uint16]:
    """Return in how many bits each query differs from each code.

    Parameters
    ----------
    queries : (Q, B/8) uint8
    codes : (N, B/8) uint8

    Returns
    -------
    distances : (Q, N) uint16

    Raises
    ------
    ValueError
        If queries and codes have different numbers of bits.
    """
    if queries.ndim != 2 or codes.ndim != 2 or queries.shape[1] != codes.shape[1]:
        raise ValueError(
            f"the codes are {codes.shape}, got queries {queries.shape}; encode both with the same number of bits"
        )
    in_words = codes.shape[1] % 8 == 0
    asked, held = (as_words(part) if in_words else part for part in (queries, codes))
    distances = np.zeros((len(queries), len(codes)), dtype=np.uint16)
    step = max(1, _BLOCK // max(len(codes), 1))
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        # Column by column: the sums stay in two dimensions and in the processor's cache.
        for column in range(held.shape[1]):
            distances[block] += np.bitwise_count(asked[block, column, None] ^ held[None, :, column])
    return distances
