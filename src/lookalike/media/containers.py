"""What a file is and how much it carries, read from its structure before any decoder sees it.

Bombs are cheap to see here and dear to see later: by the time a decoder refuses, it has read, copied or unpacked.
A structure that makes no sense ends the reading without complaint; the decoder will say what is wrong with it.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from mmap import mmap
from typing import TypeAlias

from lookalike.media.limits import Limits

Data: TypeAlias = mmap | bytes
Carried: TypeAlias = Iterator[tuple[int, int]]
"""(bytes, frames) of one block after another: (n, 0) is metadata, (0, n) are frames or pages."""

BLOCK_COST = 256
"""Bytes that each block of metadata counts for beyond its own: a million empty ones cost memory and time too."""


@dataclass(frozen=True)
class Structure:
    """What a file is and carries.

    Attributes
    ----------
    format : str
        JPEG, PNG, GIF, WEBP, TIFF, BMP, AVIF or HEIF.
    metadata_bytes, n_frames : int
        Counted up to a little more than the limits; what AVIF and HEIF carry is known to their decoders only.
    """

    format: str
    metadata_bytes: int
    n_frames: int


def inspect(data: Data, limits: Limits) -> Structure | None:
    """Return what the data are by their content, or None if they are no picture of a known format."""
    format_ = _format(data)
    if format_ is None:
        return None
    metadata_bytes = n_frames = 0
    try:
        for n_bytes, frames in _WALKS.get(format_, _walk_nothing)(data):
            metadata_bytes += n_bytes
            n_frames += frames
            if metadata_bytes > limits.metadata_bytes or n_frames > limits.frames:
                break
    except (IndexError, OverflowError, struct.error):
        pass  # a block lies beyond the end of the data, or beyond all memory
    return Structure(format_, metadata_bytes, max(n_frames, 1))


def _format(data: Data) -> str | None:
    start = data[:16]
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "WEBP"
    if start[4:8] == b"ftyp":
        return _brand(data)
    return next((format_ for magic, format_ in _MAGIC.items() if start.startswith(magic)), None)


_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"BM": "BMP",
}


def _brand(data: Data) -> str | None:
    end = min(int.from_bytes(data[:4]), 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    if brands & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}:
        return "HEIF"
    return None


def _walk_nothing(data: Data) -> Carried:
    return iter(())


def _walk_jpeg(data: Data) -> Carried:
    """Yield the application segments and comments up to the first scan; what follows is not read as metadata."""
    at = 2
    while True:
        while data[at + 1] == 0xFF:
            at += 1
        marker, length = struct.unpack_from(">xBH", data, at)
        if data[at] != 0xFF or marker in (0xD9, 0xDA):
            return
        if 0xE0 <= marker <= 0xEF or marker == 0xFE:
            yield length + BLOCK_COST, 0
        at += 2 + length


def _walk_png(data: Data) -> Carried:
    at = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"acTL":
            yield 0, struct.unpack_from(">I", data, at + 8)[0]
        elif kind == b"IEND":
            return
        elif kind not in (b"IHDR", b"PLTE", b"IDAT", b"fcTL", b"fdAT"):
            yield length + BLOCK_COST, 0
        at += 12 + length


def _walk_gif(data: Data) -> Carried:
    at = 13 + _palette_bytes(data[10])
    while True:
        if data[at] == 0x2C:
            at = _after_blocks(data, at + 11 + _palette_bytes(data[at + 9]))
            yield 0, 1
        elif data[at] == 0x21:
            start, at = at, _after_blocks(data, at + 2)
            yield (at - start + BLOCK_COST if data[start + 1] != 0xF9 else 0), 0
        else:
            return


def _palette_bytes(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: Data, at: int) -> int:
    while length := data[at]:
        at += length + 1
    return at + 1


def _walk_webp(data: Data) -> Carried:
    at = 12
    while True:
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"ANMF":
            yield 0, 1
        elif kind not in (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM"):
            yield length + BLOCK_COST, 0
        at += 8 + length + length % 2


_TIFF_VALUE_BYTES = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_TIFF_NO_METADATA = frozenset([273, 279, 288, 289, 324, 325, 37724])
"""Where strips, tiles and free bytes are, and the layers that Photoshop keeps, which may be many times the picture."""


def _walk_tiff(data: Data) -> Carried:
    """Yield the values of the first directory, and each page; directories that form a loop end it."""
    order = "<" if data[:1] == b"I" else ">"
    is_big = data[2:4] in (b"+\0", b"\0+")
    count, entry, pointer = (
        struct.Struct(order + form) for form in (("Q", "HHQ8x", "Q") if is_big else ("H", "HHI4x", "I"))
    )
    (at,) = pointer.unpack_from(data, 8 if is_big else 4)
    seen: set[int] = set()
    while at and at not in seen:
        (n_entries,) = count.unpack_from(data, at)
        after = at + count.size + n_entries * entry.size
        if not seen:
            for tag, kind, n_values in entry.iter_unpack(data[at + count.size : after]):
                if tag not in _TIFF_NO_METADATA:
                    yield n_values * _TIFF_VALUE_BYTES.get(kind, 0), 0
        yield 0, 1
        seen.add(at)
        (at,) = pointer.unpack_from(data, after)


_WALKS: dict[str, Callable[[Data], Carried]] = {
    "JPEG": _walk_jpeg,
    "PNG": _walk_png,
    "GIF": _walk_gif,
    "WEBP": _walk_webp,
    "TIFF": _walk_tiff,
}
