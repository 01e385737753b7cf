"""One segment of the code index in one file: mapped, checksummed in every byte, put in place in one step."""

import mmap
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import CollectionDamaged
from lookalike.index.code_segment import N_VALUES, N_WORDS, CodeSegment, Words, build_segment

VERSION = 1
"""Of the format; a file of another one is made again."""

BLOCK_BYTES = 1 << 20
"""What one checksum stands for."""

PAGE_BYTES = 4096
"""Arrays begin at multiples of this."""

PART = ".part"
"""Ends the name of a file that is not finished."""

_MAGIC = b"LKCODES\n"
_STAMP = struct.Struct("<8sIIQQQ32s")
_CRC = np.dtype("<u4")


@dataclass(frozen=True)
class Stamp:
    """What a segment is made from: the file begins with it, and is of no use where another one is expected.

    Parameters
    ----------
    first : int
        Row of the first code.
    n_codes : int
    n_tables : int
        4 or 16.
    key : str
        Says which coder and bit order.
    seal : int
        A checksum of the codes, at most 64 bits.
    """

    first: int
    n_codes: int
    n_tables: int
    key: str
    seal: int

    def pack(self) -> bytes:
        """Return the beginning of the file."""
        key = sha256(self.key.encode()).digest()
        return _STAMP.pack(_MAGIC, VERSION, self.n_tables, self.first, self.n_codes, self.seal, key)


class _Layout:
    """Where everything lies in a file: it follows from the stamp, so nothing that is read decides where to read.

    First the head: stamp, CRC-32 of each block of what follows it, zeros up to a page, whose last four bytes are the
    CRC-32 of the head before them. Then `planes`, `starts` and `ids`, each with zeros up to a page.
    """

    def __init__(self, stamp: Stamp) -> None:
        self.stamp = stamp
        n, n_tables = stamp.n_codes, stamp.n_tables
        self._arrays: list[tuple[tuple[int, ...], np.dtype[Any]]] = [
            ((N_WORDS, n), np.dtype(np.uint64)),
            ((n_tables, N_VALUES + 1), np.dtype(np.uint32)),
            ((n_tables, n, 3), np.dtype(np.uint8)),
        ]
        sizes = [_whole_pages(prod(shape) * dtype.itemsize) for shape, dtype in self._arrays]
        self.n_blocks = -(-sum(sizes) // BLOCK_BYTES)
        self.n_head = _whole_pages(_STAMP.size + (self.n_blocks + 1) * _CRC.itemsize)
        *self._offsets, self.n_bytes = accumulate(sizes, initial=self.n_head)

    def blocks(self) -> Iterator[slice]:
        for start in range(self.n_head, self.n_bytes, BLOCK_BYTES):
            yield slice(start, min(start + BLOCK_BYTES, self.n_bytes))

    def segment(self, mapping: mmap.mmap) -> CodeSegment:
        planes, starts, ids = (
            np.frombuffer(mapping, dtype, prod(shape), offset).reshape(shape)
            for (shape, dtype), offset in zip(self._arrays, self._offsets, strict=True)
        )
        return CodeSegment(self.stamp.first, planes, starts, ids)

    def head(self, content: memoryview) -> bytes:
        checksums = np.array([zlib.crc32(content[block]) for block in self.blocks()], dtype=_CRC)
        head = (self.stamp.pack() + checksums.tobytes()).ljust(self.n_head - _CRC.itemsize, b"\0")
        return head + _crc_of(head)

    def checksums(self, descriptor: int, path: Path) -> list[int]:
        """Return the checksums of the blocks from a file whose head is sound."""
        head = os.pread(descriptor, self.n_head, 0)
        if not head.startswith(self.stamp.pack()):
            raise _damaged(path, "is damaged, or was made from other codes or by another coder or version")
        if os.fstat(descriptor).st_size != self.n_bytes or head[-_CRC.itemsize :] != _crc_of(head[: -_CRC.itemsize]):
            raise _damaged(path, "is not what was written")
        return np.frombuffer(head, _CRC, self.n_blocks, _STAMP.size).tolist()


def _whole_pages(n_bytes: int) -> int:
    return -(-n_bytes // PAGE_BYTES) * PAGE_BYTES


def _crc_of(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(_CRC.itemsize, "little")


def _damaged(path: Path, fact: str) -> CollectionDamaged:
    return CollectionDamaged(
        f"the index file {path.name} of {path.parent.parent.name} {fact}; it is not used, "
        "`lookalike repair` makes it again"
    )


def read_segment(path: Path, stamp: Stamp) -> CodeSegment:
    """Map a file read-only once every byte of it has been compared with its checksum.

    Parameters
    ----------
    path : Path
    stamp : Stamp
        What must have been written.

    Raises
    ------
    CollectionDamaged
        If the file is anything else than what `write_segment` makes with this stamp.
    FileNotFoundError
        If there is none: the writer may have merged it with others meanwhile.
    """
    layout = _Layout(stamp)
    with _opened(path) as descriptor:
        for block, checksum in zip(layout.blocks(), layout.checksums(descriptor, path), strict=True):
            # Read, not looked at through the map: there a failing disk, or a file cut short, ends the process.
            if zlib.crc32(os.pread(descriptor, block.stop - block.start, block.start)) != checksum:
                raise _damaged(path, "is not what was written")
        mapping = mmap.mmap(descriptor, layout.n_bytes, access=mmap.ACCESS_READ)
    return layout.segment(mapping)


def is_stamped(path: Path, stamp: Stamp) -> bool:
    """Return whether a file has the right stamp, size and head; the rest is not read."""
    try:
        with _opened(path) as descriptor:
            _Layout(stamp).checksums(descriptor, path)
    except (CollectionDamaged, FileNotFoundError):
        return False
    return True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open a file for reading; what the system refuses meanwhile is damage, but for a file that is gone."""
    try:
        # No link is followed, so "not found" means gone; and nobody waits for the other end of a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _damaged(path, f"cannot be read ({error.strerror})") from error


def write_segment(path: Path, stamp: Stamp, codes: Sequence[Words], order: NDArray[np.uint16]) -> None:
    """Build a segment in its file, force it onto the disk, and give it its name in one step.

    Parameters
    ----------
    path : Path
        A file of this name is replaced; who has it mapped keeps it.
    stamp : Stamp
    codes : sequence of (n_i, 4) uint64
        The codes, `stamp.n_codes` in all; may be memory-mapped, memory stays bounded then.
    order : (256,) uint16
        Bit i of an ordered code is bit order[i] of the given code.

    Raises
    ------
    OSError
        If there is no room, or the disk fails; nothing of the new file stays.
    ValueError
        As `build_segment` does.
    """
    part = path.with_name(path.name + PART)
    try:
        _write_part(part, _Layout(stamp), codes, order)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _force(path.parent)


def _write_part(part: Path, layout: _Layout, codes: Sequence[Words], order: NDArray[np.uint16]) -> None:
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        _reserve(descriptor, layout.n_bytes)
        mapping = mmap.mmap(descriptor, layout.n_bytes)
        out = layout.segment(mapping)
        build_segment(codes, order, n_tables=layout.stamp.n_tables, first=layout.stamp.first, out=out)
        mapping[: layout.n_head] = layout.head(memoryview(mapping))
        mapping.flush()
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reserve(descriptor: int, n_bytes: int) -> None:
    """Take the room on the disk, so that a full one is told here: in the map, it would end the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, n_bytes)
        return
    for offset in range(0, n_bytes, PAGE_BYTES):  # macOS
        os.pwrite(descriptor, bytes(PAGE_BYTES), offset)


def _force(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
