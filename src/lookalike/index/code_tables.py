"""Tables of a code segment built by compiled code: bits ordered by look-up, lists by counting sort."""

import numpy as np
from numba import types
from numpy.typing import NDArray

from lookalike.index.code_compiled import compiled, read_only
from lookalike.index.code_segment import N_BITS, N_VALUES, N_WORDS, Words


def _look_up(code_bytes: NDArray[np.uint8], lookup: NDArray[np.uint64], planes: NDArray[np.uint64], at: int) -> None:
    for row in range(len(code_bytes)):
        word0 = word1 = word2 = word3 = np.uint64(0)
        for place in range(len(lookup)):
            value = code_bytes[row, place]
            word0 |= lookup[place, value, 0]
            word1 |= lookup[place, value, 1]
            word2 |= lookup[place, value, 2]
            word3 |= lookup[place, value, 3]
        planes[0, at + row] = word0
        planes[1, at + row] = word1
        planes[2, at + row] = word2
        planes[3, at + row] = word3


def _sort(words: NDArray[np.uint64], shift: np.uint64, starts: NDArray[np.uint32], ids: NDArray[np.uint8]) -> None:
    """Sort by counting, first by the low byte of the sub-code, then by the high one: few enough places to write to."""
    starts[:] = 0
    for row in range(len(words)):
        starts[((words[row] >> shift) & np.uint64(0xFFFF)) + np.uint64(1)] += np.uint32(1)
    by_low = np.zeros(257, dtype=np.uint32)
    for value in range(N_VALUES):
        by_low[(value & 0xFF) + 1] += starts[value + 1]
        starts[value + 1] += starts[value]
    for low in range(256):
        by_low[low + 1] += by_low[low]
    by_high = starts[:-1:256].copy()
    halfway = np.empty(len(words), dtype=np.uint32)  # high byte, id
    for row in range(len(words)):
        value = words[row] >> shift
        low = value & np.uint64(0xFF)
        halfway[by_low[low]] = np.uint32((value & np.uint64(0xFF00)) << np.uint64(16)) | np.uint32(row)
        by_low[low] += np.uint32(1)
    for pair in halfway:
        high = pair >> np.uint32(24)
        at = by_high[high]
        by_high[high] = at + np.uint32(1)
        ids[at, 0] = pair & np.uint32(0xFF)
        ids[at, 1] = (pair >> np.uint32(8)) & np.uint32(0xFF)
        ids[at, 2] = (pair >> np.uint32(16)) & np.uint32(0xFF)


_look_up_all = compiled(
    _look_up,
    types.void(read_only(types.uint8, 2), read_only(types.uint64, 3), types.uint64[:, ::1], types.int64),
)
_sort_all = compiled(
    _sort,
    types.void(read_only(types.uint64, 1), types.uint64, types.uint32[::1], types.uint8[:, ::1]),
)


def write_planes(codes: Words, order: NDArray[np.uint16], planes: Words, at: int) -> None:
    """Write codes (n, 4), their bits in the given order, to columns of planes (4, N), from column `at` on."""
    _look_up_all(codes.view(np.uint8), _contributions(order), planes, at)


def fill_table(planes: Words, table: int, starts: NDArray[np.uint32], ids: NDArray[np.uint8]) -> None:
    """Fill starts (T, 65537) and ids (T, N, 3) of one table from planes (4, N)."""
    _sort_all(planes[table // 4], np.uint64(16 * (table % 4)), starts[table], ids[table])


def _contributions(order: NDArray[np.uint16]) -> Words:
    """Return what each value of each byte of a code contributes to the ordered code, (32, 256, 4)."""
    place_of_bit = np.argsort(order)
    bits = np.zeros((N_BITS // 8, 256, N_BITS), dtype=np.uint8)
    of_values = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
    for place in range(len(bits)):
        bits[place][:, place_of_bit[8 * place : 8 * place + 8]] = of_values
    return np.packbits(bits, axis=2).view(np.uint64).reshape(-1, 256, N_WORDS)
