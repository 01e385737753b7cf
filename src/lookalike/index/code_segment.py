"""Codes of an index in four planes of words, with inverted lists over sub-codes of 16 bits."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
"""(n, 4): codes of 256 bits; bit b is bit b of `numpy.unpackbits` of the little-endian bytes."""

N_BITS = 256
N_WORDS = 4
N_VALUES = 1 << 16
"""Values of a sub-code: each has a list in each table."""

MOST_CODES = 1 << 24
"""Codes that the 24 bits of an id can tell apart."""

WORTH_COMPILED_CODE = 20_000
"""Codes from which on loading numba, half a second once, is paid back."""

_CHUNK = 1 << 18
"""Codes that are brought into order at a time."""

_THREADS = 2
"""Tables that are built at the same time."""


@dataclass(frozen=True, eq=False)
class CodeSegment:
    """Codes of consecutive rows, and for each sub-code the list of the codes that have it.

    Parameters
    ----------
    first : int
        Row of the first code.
    planes : (4, N) uint64
        Word w of every ordered code. All arrays are C-contiguous and may be memory-mapped.
    starts : (T, 65537) uint32
        The list of value v in table t is ``ids[t, starts[t, v] : starts[t, v + 1]]``. T is 4 or 16.
    ids : (T, N, 3) uint8
        Little-endian, relative to `first`, ascending inside a list.

    Raises
    ------
    ValueError
        If a shape, type or layout does not fit.
    """

    first: int
    planes: Words
    starts: NDArray[np.uint32]
    ids: NDArray[np.uint8]

    def __post_init__(self) -> None:
        n = self.planes.shape[1] if self.planes.ndim == 2 else 0
        n_tables = 16 if len(self.starts) == 16 else 4
        _check("planes", self.planes, (N_WORDS, n), np.uint64)
        _check("starts", self.starts, (n_tables, N_VALUES + 1), np.uint32)
        _check("ids", self.ids, (n_tables, n, 3), np.uint8)
        if n > MOST_CODES or self.first < 0:
            raise ValueError(
                f"a segment holds at most {MOST_CODES} codes from row 0 on, got {n} from row {self.first}; "
                "make several segments"
            )

    def __len__(self) -> int:
        return self.planes.shape[1]

    @property
    def n_tables(self) -> int:
        return len(self.starts)


def _check(name: str, array: NDArray[np.generic], shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    if array.shape != shape or array.dtype != dtype or not array.flags.c_contiguous:
        raise ValueError(
            f"the {name} of a segment are {shape} {np.dtype(dtype)} and C-contiguous, got {array.shape} {array.dtype}; "
            "build the segment again"
        )


def build_segment(
    codes: Words | Sequence[Words],
    order: NDArray[np.uint16],
    *,
    n_tables: int,
    first: int = 0,
    out: CodeSegment | None = None,
) -> CodeSegment:
    """Bring codes into order and list, for each sub-code, where it is found.

    Parameters
    ----------
    codes : (N, 4) uint64, or a sequence of such chunks
        At most 2**24 in all.
    order : (256,) uint16
        Bit i of an ordered code is bit order[i] of the code.
    n_tables : int
        4 for the two-stage index, 16 for exact multi-index search.
    first : int
        Row of the first code.
    out : CodeSegment or None
        Of the right size and `first`, with arrays that can be written to: they are filled and returned, so memory stays
        bounded where they are memory-mapped.

    Raises
    ------
    ValueError
        If a shape or type does not fit, or the order is no permutation.

    Notes
    -----
    The same codes in other chunks make the same segment.
    """
    chunks = [codes] if isinstance(codes, np.ndarray) else list(codes)
    for chunk in chunks:
        check_codes(chunk)
    check_order(order)
    if n_tables not in (4, 16):
        raise ValueError(f"a segment has 4 or 16 tables, got n_tables = {n_tables}; ask for one of them")
    n = sum(len(chunk) for chunk in chunks)
    segment = _empty(n, n_tables, first) if out is None else out
    if (len(segment), segment.n_tables, segment.first) != (n, n_tables, first):
        raise ValueError(
            f"{n} codes from row {first} on, in {n_tables} tables, do not fit into a segment of {len(segment)} "
            f"from row {segment.first} on with {segment.n_tables} tables; give one of that size"
        )
    write, fill = _builders(n)
    ends = np.cumsum([len(chunk) for chunk in chunks], dtype=np.int64).tolist()
    parts = [
        (chunk[start : start + _CHUNK], end - len(chunk) + start)
        for chunk, end in zip(chunks, ends, strict=True)
        for start in range(0, len(chunk), _CHUNK)
    ]
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(lambda part: write(np.ascontiguousarray(part[0]), order, segment.planes, part[1]), parts))
        list(pool.map(lambda table: fill(segment.planes, table, segment.starts, segment.ids), range(n_tables)))
    return segment


def _empty(n: int, n_tables: int, first: int) -> CodeSegment:
    return CodeSegment(
        first,
        np.empty((N_WORDS, n), dtype=np.uint64),
        np.empty((n_tables, N_VALUES + 1), dtype=np.uint32),
        np.empty((n_tables, n, 3), dtype=np.uint8),
    )


def ordered(codes: Words, order: NDArray[np.uint16]) -> Words:
    """Return the codes (N, 4) with their bits in the given order: bit i is bit order[i] of the code.

    Raises
    ------
    ValueError
        If a shape or type does not fit, or the order is no permutation.

    Examples
    --------
    >>> code = np.array([[128, 0, 0, 0]], dtype=np.uint64)  # bit 0 alone
    >>> ordered(code, np.roll(np.arange(256, dtype=np.uint16), 1))  # which becomes bit 1
    array([[64,  0,  0,  0]], dtype=uint64)
    """
    check_codes(codes)
    check_order(order)
    return in_order(codes, order)


def in_order(codes: Words, order: NDArray[np.uint16]) -> Words:
    """Return what `ordered` does, of codes and an order that have been checked."""
    planes = np.empty((N_WORDS, len(codes)), dtype=np.uint64)
    write, _ = _builders(len(codes))
    for start in range(0, len(codes), _CHUNK):
        write(np.ascontiguousarray(codes[start : start + _CHUNK]), order, planes, start)
    return np.ascontiguousarray(planes.T)


def check_codes(codes: NDArray[np.generic]) -> None:
    """Raise ValueError where codes are not (n, 4) uint64."""
    if codes.ndim != 2 or codes.shape[1] != N_WORDS or codes.dtype != np.uint64:
        raise ValueError(f"codes are (n, {N_WORDS}) uint64, got {codes.shape} {codes.dtype}; view their bytes as such")


def check_order(order: NDArray[np.generic]) -> None:
    """Raise ValueError where a bit order is not a permutation (256,) uint16."""
    if order.shape != (N_BITS,) or order.dtype != np.uint16 or not np.array_equal(np.sort(order), np.arange(N_BITS)):
        raise ValueError(
            f"a bit order is a permutation of 0 to {N_BITS - 1} as uint16, got {order.shape} {order.dtype}; "
            "give every bit once"
        )


Write: TypeAlias = Callable[[Words, NDArray[np.uint16], Words, int], None]
"""(n, 4) codes, (256,) order, (4, N) planes, where in them -> n codes written from there on."""

Fill: TypeAlias = Callable[[Words, int, NDArray[np.uint32], NDArray[np.uint8]], None]
"""(4, N) planes, table, (T, 65537) starts, (T, N, 3) ids -> one table filled."""


def _builders(n: int) -> tuple[Write, Fill]:
    if n < WORTH_COMPILED_CODE:
        return write_planes, fill_table
    from lookalike.index import code_tables

    return code_tables.write_planes, code_tables.fill_table


def write_planes(codes: Words, order: NDArray[np.uint16], planes: Words, at: int) -> None:
    """Write codes (n, 4), their bits in the given order, to columns of planes (4, N), from column `at` on."""
    bits = np.unpackbits(codes.view(np.uint8), axis=1)
    planes[:, at : at + len(codes)] = np.packbits(np.take(bits, order, axis=1), axis=1).view(np.uint64).T


def fill_table(planes: Words, table: int, starts: NDArray[np.uint32], ids: NDArray[np.uint8]) -> None:
    """Fill starts (T, 65537) and ids (T, N, 3) of one table from planes (4, N)."""
    values = (planes[table // 4] >> np.uint64(16 * (table % 4))).astype(np.uint16)
    starts[table, 0] = 0
    starts[table, 1:] = np.cumsum(np.bincount(values, minlength=N_VALUES))
    sequence = np.argsort(values, kind="stable").astype("<u4")
    ids[table] = sequence.view(np.uint8).reshape(-1, 4)[:, :3]
