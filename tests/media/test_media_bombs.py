"""Small files that would like to be large: each is refused or reduced, cheaply."""

import struct
import time
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from lookalike.errors import UnreadableMedia
from lookalike.media import Decoder

MIB = 1 << 20


def deflated_zeros(n_bytes: int) -> bytes:
    """Return a zlib stream of so many zero bytes without making them: blocks repeat, and so does the checksum's sum."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    n_blocks, rest = divmod(n_bytes, MIB)
    tail = packer.compress(bytes(rest)) + packer.flush()
    return b"\x78\xda" + block * n_blocks + tail + struct.pack(">HH", n_bytes % 65521, 1)


def png_bombs(png: Callable[..., bytes]) -> dict[str, bytes]:
    pixel = zlib.compress(bytes(4))
    text = zlib.compress(b"x")
    return {
        "900 MP of zeros": png(30_000, 30_000, 8, 2, deflated_zeros(64 * MIB)),
        "100 MP of zeros": png(10_000, 10_000, 8, 2, deflated_zeros(10_000 * 30_001)),
        "50 MP of 16 bit": png(7_000, 7_000, 16, 6, deflated_zeros(7_000 * 56_001)),
        "99 MP interlaced": png(9_999, 9_900, 8, 6, deflated_zeros(300 * MIB), interlace=1),
        "400 MP of one bit": png(20_000, 20_000, 1, 0, deflated_zeros(20_000 * 2_501)),
        "a side of 2^31": png(2**31 - 1, 1, 8, 0, pixel),
        "sides of 2^31": png(2**31 - 1, 2**31 - 1, 16, 6, pixel),
        "a header that lies": png(9_000, 9_000, 8, 2, pixel),
        "small, with a stream of 1 GB": png(1, 1, 8, 0, deflated_zeros(1024 * MIB)),
        "a profile of 256 MB": png(1, 1, 8, 0, pixel, (b"iCCP", b"p\0\0" + deflated_zeros(256 * MIB))),
        "a text of 256 MB": png(1, 1, 8, 0, pixel, (b"zTXt", b"t\0\0" + deflated_zeros(256 * MIB))),
        "a text of 256 MB, again": png(1, 1, 8, 0, pixel, (b"iTXt", b"t\0\1\0\0\0" + deflated_zeros(256 * MIB))),
        "200 texts of 1 MB": png(1, 1, 8, 0, pixel, *[(b"zTXt", b"t\0\0" + deflated_zeros(MIB))] * 200),
        "100,000 texts": png(1, 1, 8, 0, pixel, *[(b"zTXt", b"t\0\0" + text)] * 100_000),
        "100,000 chunks of nothing": png(1, 1, 8, 0, pixel, *[(b"abCd", b"")] * 100_000),
        "EXIF of 8 MB": png(1, 1, 8, 0, pixel, (b"eXIf", b"II*\0" + bytes(8 * MIB))),
        "a billion frames": png(1, 1, 8, 0, pixel, (b"acTL", struct.pack(">II", 10**9, 0))),
    }


def jpeg_bombs(encoded: Callable[..., bytes]) -> dict[str, bytes]:
    jpeg = encoded(Image.new("RGB", (16, 16)), "JPEG")
    progressive = encoded(Image.new("RGB", (16, 16)), "JPEG", progressive=True)

    def sized(content: bytes, width: int, height: int) -> bytes:
        at = max(content.find(b"\xff\xc0"), content.find(b"\xff\xc2")) + 5
        return content[:at] + struct.pack(">HH", height, width) + content[at + 4 :]

    def with_segments(n: int, marker: int, n_bytes: int) -> bytes:
        return jpeg[:2] + (struct.pack(">BBH", 255, marker, n_bytes + 2) + bytes(n_bytes)) * n + jpeg[2:]

    return {
        "4 GP": sized(jpeg, 65_500, 65_500),
        "4 GP, progressive": sized(progressive, 65_500, 65_500),
        "100 MP, progressive": sized(progressive, 10_000, 10_000),
        "40 MP, progressive": sized(progressive, 6_600, 6_000),
        "40 MP": sized(jpeg, 6_600, 6_000),
        "a side of 65,500": sized(jpeg, 65_500, 1),
        "200 segments of EXIF": with_segments(200, 0xE1, 65_000),
        "100,000 comments": with_segments(100_000, 0xFE, 1),
        "100,000 empty segments": with_segments(100_000, 0xED, 0),
    }


def gif_bombs() -> dict[str, bytes]:
    frame = b"\x2c\0\0\0\0\1\0\1\0\0\2\2D\1\0"

    def gif(width: int, height: int, *parts: bytes) -> bytes:
        return b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0" + bytes(6) + b"".join(parts) + b";"

    comment = b"!\xfe" + (b"\xff" + bytes(255)) * 33_000 + b"\0"
    return {
        "100,000 frames": gif(1, 1, frame * 100_000),
        "501 frames": gif(1, 1, frame * 501),
        "4 GP": gif(65_535, 65_535, frame),
        "a frame of 4 GP": gif(1, 1, b"\x2c\0\0\0\0\xff\xff\xff\xff\0\2\2D\1\0"),
        "a frame at the far corner": gif(1, 1, b"\x2c\xff\xff\xff\xff\1\0\1\0\0\2\2D\1\0"),
        "a comment of 8 MB": gif(1, 1, comment, frame),
        "100,000 comments": gif(1, 1, b"!\xfe\1x\0" * 100_000, frame),
        "100,000 extensions": gif(1, 1, b"!\xf9\4\0\0\0\0\0" * 100_000, frame),
        "100 MP": gif(10_000, 10_000, frame),
    }


def tiff(*entries: tuple[int, int, int, int], after: int = 0, tail: bytes = b"") -> bytes:
    """Build a TIFF of one directory; entries are (tag, type, count, value), after is the next directory's place."""
    directory = b"".join(struct.pack("<HHII", *entry) for entry in sorted(entries))
    return b"II*\0" + struct.pack("<IH", 8, len(entries)) + directory + struct.pack("<I", after) + tail


def tiff_bombs(encoded: Callable[..., bytes]) -> dict[str, bytes]:
    def picture(width: int, height: int, compression: int, n_bytes: int) -> list[tuple[int, int, int, int]]:
        strip = [(273, 4, 1, 200), (278, 4, 1, height), (279, 4, 1, n_bytes)]
        return [
            (256, 4, 1, width),
            (257, 4, 1, height),
            (258, 3, 1, 8),
            (259, 3, 1, compression),
            (262, 3, 1, 1),
            *strip,
        ]

    zeros = deflated_zeros(64 * MIB)
    pages = [struct.pack("<HI", 0, 206 + 6 * i) for i in range(100_000)]
    small = picture(1, 1, 1, 1)
    return {
        "900 MP": tiff(*picture(30_000, 30_000, 8, len(zeros)), tail=bytes(94) + zeros),
        "100 MP": tiff(*picture(10_000, 10_000, 8, len(zeros)), tail=bytes(94) + zeros),
        "sides of 2^31": tiff(*picture(2**31 - 1, 2**31 - 1, 1, 1), tail=bytes(200)),
        "sides of 2^32": tiff(*picture(2**32 - 1, 2**32 - 1, 5, 1), tail=bytes(200)),
        "a page that is its own next": tiff(*small, after=8, tail=bytes(200)),
        "100,000 pages": tiff(*small, after=200, tail=bytes(200 - 110) + b"".join(pages)),
        "a tag of 4 GB": tiff(*small, (270, 2, 2**32 - 1, 200), tail=bytes(200)),
        "a tag of 4 GB behind one of no kind": tiff(*small, (269, 99, 1, 0), (270, 2, 2**32 - 1, 200), tail=bytes(200)),
        "a tag of 2^32 rationals": tiff(*small, (33432, 5, 2**32 - 1, 200), tail=bytes(200)),
        "65,535 tags at one place": tiff(
            *small, *[(tag, 1, 6 * MIB, 200) for tag in range(40_000, 60_000)], tail=bytes(6 * MIB)
        ),
        "a strip of 4 GB": tiff(*picture(1, 1, 5, 2**32 - 1), tail=bytes(200)),
        "tiles of 2^31": tiff(
            *small[:5],
            (322, 4, 1, 2**31 - 16),
            (323, 4, 1, 2**31 - 16),
            (324, 4, 1, 200),
            (325, 4, 1, 9),
            tail=bytes(200),
        ),
        "BigTIFF far away": b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**63) + bytes(100),
        "40 MP of fax": encoded(Image.new("1", (8_000, 5_000)), "TIFF", compression="group4"),
    }


def bmp_bombs() -> dict[str, bytes]:
    def bmp(width: int, height: int, bits: int, compression: int, data: bytes) -> bytes:
        header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, len(data), 0, 0, 0, 0)
        palette = bytes(1024) if bits <= 8 else b""
        return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54 + len(palette)) + header + palette + data

    return {
        "4 EP": bmp(2**31 - 1, 2**31 - 1, 24, 0, bytes(9)),
        "4 EP from the top": bmp(2**31 - 1, -(2**31), 32, 0, bytes(9)),
        "400 MP of runs": bmp(20_000, 20_000, 8, 1, b"\xff\0" * 1000 + b"\0\1"),
        "64 MP of runs": bmp(8_000, 8_000, 8, 1, b"\xff\0" * 1000 + b"\0\1"),
        "a run that jumps": bmp(100, 100, 8, 1, b"\0\2\xff\xff" * 10_000 + b"\0\1"),
    }


def webp_bombs(encoded: Callable[..., bytes]) -> dict[str, bytes]:
    small = encoded(Image.new("RGB", (2, 2)), "WEBP", lossless=True)[12:]

    def riff(*chunks: bytes) -> bytes:
        body = b"WEBP" + b"".join(chunks)
        return b"RIFF" + struct.pack("<I", len(body)) + body

    def extended(flags: int, width: int, height: int) -> bytes:
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        return b"VP8X" + struct.pack("<II", 10, flags) + sides

    frame = b"ANMF" + struct.pack("<I", 16 + len(small)) + bytes(6) + b"\1\0\0\1\0\0" + bytes(4) + small
    animated = extended(2, 2, 2) + b"ANIM" + struct.pack("<I", 6) + bytes(6)
    return {
        "a canvas of 2^48": riff(extended(2, 1 << 24, 1 << 24), b"ANIM" + struct.pack("<I", 6) + bytes(6), frame),
        "100 MP": encoded(Image.new("RGB", (16_000, 6_000)), "WEBP", lossless=True, method=0, quality=0),
        "a header that lies": riff(b"VP8L" + struct.pack("<I", 6) + b"\x2f\xff\xff\xff\x0f\0"),
        "100,000 frames": riff(animated, frame * 100_000),
        "XMP of 8 MB": riff(extended(4, 2, 2), small, b"XMP " + struct.pack("<I", 8 * MIB) + bytes(8 * MIB)),
        "100,000 chunks": riff(extended(0, 2, 2), small, b"abcd\0\0\0\0" * 100_000),
    }


def box_bombs(samples: dict[str, bytes], encoded: Callable[..., bytes]) -> dict[str, bytes]:
    def sized(content: bytes, width: int, height: int) -> bytes:
        at = content.index(b"ispe") + 8
        return content[:at] + struct.pack(">II", width, height) + content[at + 8 :]

    return {
        "AVIF of 4 GP": sized(samples["avif"], 65_535, 65_535),
        "AVIF of 99 MP": sized(samples["avif"], 9_900, 10_000),
        "HEIC of 4 GP": sized(samples["heic"], 65_535, 65_535),
        "HEIC of 99 MP": sized(samples["heic"], 9_900, 10_000),
        "AVIF with a profile of 8 MB": encoded(Image.new("RGB", (2, 2)), "AVIF", icc_profile=bytes(8 * MIB)),
        "AVIF of 501 frames": encoded(
            Image.new("L", (2, 2)),
            "AVIF",
            save_all=True,
            append_images=[Image.new("L", (2, 2), i % 256) for i in range(500)],
            speed=10,
        ),
    }


@pytest.fixture(scope="module")
def bombs(png: Callable[..., bytes], encoded: Callable[..., bytes], samples: dict[str, bytes]) -> dict[str, bytes]:
    families = {
        "PNG": png_bombs(png),
        "JPEG": jpeg_bombs(encoded),
        "GIF": gif_bombs(),
        "TIFF": tiff_bombs(encoded),
        "BMP": bmp_bombs(),
        "WebP": webp_bombs(encoded),
        "box": box_bombs(samples, encoded),
    }
    return {f"{family}: {name}": bomb for family, members in families.items() for name, bomb in members.items()}


def outcome(decoder: Decoder, bomb: bytes) -> str:
    try:
        decoded = decoder.decode_bytes(bomb)
    except UnreadableMedia as error:
        return str(error)
    assert max(decoded.frame.image.shape) <= 512
    height, width = decoded.frame.size
    return f"reduced from {width} x {height}"


def test_every_bomb_is_refused_or_reduced_in_little_memory(
    bombs: dict[str, bytes], samples: dict[str, bytes], high_water: Callable[[Decoder], int]
) -> None:
    assert len(bombs) >= 60
    with Decoder(n_workers=1, size=512) as decoder:
        decoder.decode_bytes(samples["png"])
        pids = decoder.worker_pids
        outcomes = {name: outcome(decoder, bomb) for name, bomb in bombs.items()}
        assert decoder.worker_pids == pids, [name for name, said in outcomes.items() if "crashed" in said]
        assert high_water(decoder) <= 512


@pytest.mark.soak
def test_the_cost_of_each_bomb(
    bombs: dict[str, bytes],
    samples: dict[str, bytes],
    high_water: Callable[[Decoder], int],
    figure: Callable[[str, str, str], None],
) -> None:
    costs = []
    for bomb in bombs.values():
        with Decoder(n_workers=1, size=512) as decoder:
            decoder.decode_bytes(samples["png"])
            start = time.perf_counter()
            outcome(decoder, bomb)
            costs.append((time.perf_counter() - start, high_water(decoder)))
    seconds, mebibytes = (max(column) for column in zip(*costs, strict=True))
    reached = f"{len(costs)} bombs, all refused or reduced: slowest {seconds:.2f} s, largest {mebibytes} MiB"
    figure("2", "60 crafted bombs refused or down-scaled, 0.2 s and 512 MiB each", reached)


def photograph(width: int, height: int) -> Image.Image:
    """Return something that an encoder finds as hard as a photograph."""
    noise = np.random.default_rng(7).integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((width, height), Image.Resampling.BILINEAR)


def test_a_photograph_of_60_megapixels_is_no_bomb(decoder: Decoder, encoded: Callable[..., bytes]) -> None:
    content = encoded(photograph(10_000, 6_000).convert("L"), "JPEG", quality=60)
    decoded = decoder.decode_bytes(content)
    assert decoded.frame.size == (6_000, 10_000)
    assert decoded.frame.image.shape == (307, 512, 3)


LARGE: list[tuple[int, str, dict[str, object]]] = [
    *((megapixels, "JPEG", {"quality": 85}) for megapixels in (50, 75, 100, 125, 150, 175, 200)),
    *((megapixels, "JPEG", {"quality": 85, "progressive": True}) for megapixels in (50, 100, 150, 200)),
    *((megapixels, "TIFF", {"compression": "tiff_lzw"}) for megapixels in (50, 75, 99)),
    *((megapixels, "PNG", {"compress_level": 1}) for megapixels in (50, 75, 99)),
    (99, "BMP", {}),
    (50, "WEBP", {"method": 0, "quality": 80}),
    (50, "AVIF", {"speed": 10, "quality": 60}),
]


@pytest.mark.soak
def test_large_photographs_are_no_bombs(
    encoded: Callable[..., bytes], high_water: Callable[[Decoder], int], figure: Callable[[str, str, str], None]
) -> None:
    costs = []
    for megapixels, format_, options in LARGE:
        height = int((megapixels * 1e6 * 2 / 3) ** 0.5)
        content = encoded(photograph(height * 3 // 2, height), format_, **options)
        with Decoder(n_workers=1, size=512) as decoder:
            start = time.perf_counter()
            assert decoder.decode_bytes(content).frame.size[0] == height
            costs.append((time.perf_counter() - start, high_water(decoder)))
    seconds, mebibytes = (max(column) for column in zip(*costs, strict=True))
    reached = f"{len(costs)} accepted: slowest {seconds:.1f} s, largest {mebibytes} MiB"
    figure("2", "20 genuine pictures of 50 to 200 megapixels all accepted", reached)
