"""The messages between the decoder and its workers, over a socket: a file descriptor there, a picture or a reason back.

Nothing that a worker says is believed: a file may have taken it over. Sizes are bounded before they are allocated,
texts are cleaned, numbers are checked, and nothing is ever unpickled.
"""

import json
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from lookalike.media.metadata import Metadata, clean_text, from_wire, to_wire

FORMATS = frozenset(["JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP", "HEIF"])
THUMBNAIL_SIDE = 384
READY = b"+"
FILE = b"?"

_HEADER_BYTES = 1 << 20
_THUMBNAIL_BYTES = 2 << 20
_LARGEST_SIDE = 1 << 31
_MOST_FRAMES = 1 << 31
_LENGTH = struct.Struct(">I")


@dataclass(frozen=True)
class Picture:
    """A decoded picture as bytes.

    Attributes
    ----------
    format : str
        One of `FORMATS`.
    original : (height, width)
        Of the upright original, in pixels.
    shape : (height, width)
        Of the pixels here.
    pixels : bytes or bytearray
        RGB, row by row from the top.
    thumbnail : bytes
        WebP, its longer side at most `THUMBNAIL_SIDE` pixels.
    metadata : Metadata
    n_frames : int
    """

    format: str
    original: tuple[int, int]
    shape: tuple[int, int]
    pixels: bytes | bytearray
    thumbnail: bytes
    metadata: Metadata
    n_frames: int


@dataclass(frozen=True)
class Refusal:
    """Why there is no picture, in words for the user."""

    reason: str


def send(channel: socket.socket, answer: Picture | Refusal) -> None:
    """Send one answer."""
    if isinstance(answer, Refusal):
        header: dict[str, object] = {"reason": answer.reason}
        bodies = []
    else:
        header = {
            "format": answer.format,
            "original": answer.original,
            "shape": answer.shape,
            "n_frames": answer.n_frames,
            "n_thumbnail_bytes": len(answer.thumbnail),
            "metadata": to_wire(answer.metadata),
        }
        bodies = [answer.pixels, answer.thumbnail]
    text = json.dumps(header).encode()
    channel.sendall(b"".join([_LENGTH.pack(len(text)), text, *bodies]))


def receive(channel: socket.socket, size: int, deadline: float) -> Picture | Refusal:
    """Receive one answer.

    Parameters
    ----------
    channel : socket
    size : int
        The longer side of the picture at most.
    deadline : float
        By `time.monotonic`.

    Raises
    ------
    TimeoutError
        If the answer is not complete by then.
    EOFError, ConnectionError
        If the worker hangs up.
    ValueError
        If the answer is not one that our worker would give.
    """
    (length,) = _LENGTH.unpack(receive_exactly(channel, _LENGTH.size, deadline))
    _require(length <= _HEADER_BYTES)
    try:
        header = json.loads(receive_exactly(channel, length, deadline))
        if "reason" in header:
            return Refusal(clean_text(header["reason"], 500) or "it cannot be decoded")
        return _picture(header, channel, size, deadline)
    except (LookupError, TypeError, OverflowError, RecursionError) as error:
        raise ValueError("not an answer of a worker") from error


def _picture(header: Mapping[str, Any], channel: socket.socket, size: int, deadline: float) -> Picture:
    shape = _whole(header["shape"][0], size), _whole(header["shape"][1], size)
    original = _whole(header["original"][0], _LARGEST_SIDE), _whole(header["original"][1], _LARGEST_SIDE)
    n_thumbnail_bytes = _whole(header["n_thumbnail_bytes"], _THUMBNAIL_BYTES)
    _require(header["format"] in FORMATS)
    pixels = receive_exactly(channel, 3 * shape[0] * shape[1], deadline)
    thumbnail = bytes(receive_exactly(channel, n_thumbnail_bytes, deadline))
    _require(thumbnail[:4] == b"RIFF" and thumbnail[8:12] == b"WEBP")
    return Picture(
        format=header["format"],
        original=original,
        shape=shape,
        pixels=pixels,
        thumbnail=thumbnail,
        metadata=from_wire(header["metadata"]),
        n_frames=_whole(header["n_frames"], _MOST_FRAMES),
    )


def _whole(value: object, largest: int) -> int:
    _require(type(value) is int and 0 < value <= largest)
    return cast(int, value)


def _require(claim: bool) -> None:
    if not claim:
        raise ValueError("not an answer of a worker")


def receive_exactly(channel: socket.socket, n_bytes: int, deadline: float) -> bytearray:
    """Return exactly so many bytes; raises as `receive` does."""
    received = bytearray(n_bytes)
    view = memoryview(received)
    while view:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        channel.settimeout(left)
        n = channel.recv_into(view)
        if n == 0:
            raise EOFError
        view = view[n:]
    return received
