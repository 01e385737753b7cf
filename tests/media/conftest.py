"""Pictures drawn for these tests, and a decoder that they share."""

import io
import struct
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from lookalike.media import Decoder

Array = NDArray[np.uint8]
Png = Callable[..., bytes]


@pytest.fixture(scope="session")
def decoder() -> Iterator[Decoder]:
    with Decoder(n_workers=1, size=512) as decoder:
        yield decoder


@pytest.fixture(scope="session")
def drawn() -> Array:
    """A gradient (64, 96, 3) with a red and a blue box, without any symmetry."""
    y, x = np.mgrid[:64, :96]
    image = np.stack([x * 255 // 95, y * 255 // 63, 128 + 0 * x], -1).astype(np.uint8)
    image[8:24, 8:40] = 220, 30, 30
    image[36:56, 60:84] = 30, 60, 220
    return image


@pytest.fixture(scope="session")
def encoded() -> Callable[..., bytes]:
    """Encode an array or picture in a format of Pillow's."""

    def encode(picture: Array | Image.Image, format_: str, **options: object) -> bytes:
        content = io.BytesIO()
        image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
        image.save(content, format_, **options)
        return content.getvalue()

    return encode


@pytest.fixture(scope="session")
def samples(drawn: Array, encoded: Callable[..., bytes]) -> dict[str, bytes]:
    """The drawn picture in twelve kinds of files. The HEIC is the output of pillow-heif, which can write them."""
    image = Image.fromarray(drawn)
    rotated = image.rotate(90)
    return {
        "jpeg": encoded(image, "JPEG", quality=90),
        "progressive jpeg": encoded(image, "JPEG", quality=90, progressive=True, subsampling=0),
        "cmyk jpeg": encoded(image.convert("CMYK"), "JPEG", quality=90),
        "png": encoded(image, "PNG"),
        "palette png": encoded(image.quantize(64), "PNG", transparency=3),
        "gif": encoded(image, "GIF", save_all=True, append_images=[rotated], loop=0),
        "webp": encoded(image, "WEBP", quality=90),
        "lossless webp": encoded(image, "WEBP", lossless=True, save_all=True, append_images=[rotated]),
        "avif": encoded(image, "AVIF", quality=90),
        "tiff": encoded(image, "TIFF", compression="tiff_lzw"),
        "bmp": encoded(image, "BMP"),
        "heic": Path(__file__).with_name("drawn.heic").read_bytes(),
    }


@pytest.fixture(scope="session")
def png() -> Png:
    """Build a PNG from its parts, which an encoder would refuse to."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    def build(
        width: int, height: int, depth: int, colour: int, data: bytes, *chunks: tuple[bytes, bytes], interlace: int = 0
    ) -> bytes:
        header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
        parts = [(b"IHDR", header), *chunks, (b"IDAT", data), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, content) for kind, content in parts)

    return build


@pytest.fixture
def high_water() -> Callable[[Decoder], int]:
    """Tell the most memory, in MiB, that the workers of a decoder have had."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells what a running process has needed at most")

    def read(decoder: Decoder) -> int:
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in decoder.worker_pids]
        return max(int(status.partition("VmHWM:")[2].split()[0]) // 1024 for status in statuses)

    return read
