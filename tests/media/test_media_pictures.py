import io
import struct
import zlib
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from lookalike.errors import UnreadableMedia
from lookalike.media import Decoded, Decoder, Metadata, read_picture, sha256_of

Array = NDArray[np.uint8]
Encode = Callable[..., bytes]


def difference(decoded: Decoded, expected: NDArray[np.generic]) -> float:
    """Return the mean absolute difference of two pictures of one shape."""
    assert decoded.frame.image.shape == expected.shape
    return float(np.abs(decoded.frame.image.astype(float) - expected.astype(float)).mean())


@pytest.mark.parametrize(
    ("kind", "format_", "tolerance", "n_frames"),
    [
        ("jpeg", "JPEG", 4, 1),
        ("progressive jpeg", "JPEG", 2, 1),
        ("cmyk jpeg", "JPEG", 4, 1),
        ("png", "PNG", 0, 1),
        ("gif", "GIF", 12, 2),
        ("webp", "WEBP", 4, 1),
        ("lossless webp", "WEBP", 0, 2),
        ("avif", "AVIF", 4, 1),
        ("tiff", "TIFF", 0, 1),
        ("bmp", "BMP", 0, 1),
        ("heic", "HEIF", 4, 1),
    ],
)
def test_every_format_is_told_by_its_content_and_decodes_to_the_drawn_picture(
    decoder: Decoder,
    samples: dict[str, bytes],
    drawn: Array,
    kind: str,
    format_: str,
    tolerance: float,
    n_frames: int,
) -> None:
    decoded = decoder.decode_bytes(samples[kind])
    assert (decoded.format, decoded.n_frames, decoded.n_bytes) == (format_, n_frames, len(samples[kind]))
    assert decoded.frame.size == (64, 96)
    assert difference(decoded, drawn) <= tolerance


def test_a_frame_can_be_written_to(decoder: Decoder, samples: dict[str, bytes]) -> None:
    decoder.decode_bytes(samples["png"]).frame.image[0, 0] = 0


def test_a_stereo_photograph_is_its_first_picture(decoder: Decoder, drawn: Array, encoded: Encode) -> None:
    content = encoded(drawn, "MPO", save_all=True, append_images=[Image.fromarray(drawn[:, ::-1])], quality=95)
    assert difference(decoder.decode_bytes(content), drawn) <= 4


def test_any_file_of_one_pixel_decodes(decoder: Decoder, encoded: Encode) -> None:
    for format_ in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "TIFF", "BMP"):
        decoded = decoder.decode_bytes(encoded(np.full((1, 1, 3), 255, np.uint8), format_))
        assert difference(decoded, np.full((1, 1, 3), 255)) <= 1


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "YCbCr"])
def test_opaque_modes_become_rgb_as_pillow_has_it(decoder: Decoder, drawn: Array, encoded: Encode, mode: str) -> None:
    image = Image.fromarray(drawn).convert(mode)
    expected = np.asarray(image.convert("RGB"))
    assert difference(decoder.decode_bytes(encoded(image, "TIFF")), expected) == 0


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_is_transparent_stands_on_white(decoder: Decoder, drawn: Array, encoded: Encode, mode: str) -> None:
    image = Image.fromarray(drawn).convert(mode)
    alpha = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1))
    image.putalpha(Image.fromarray(alpha))
    opaque = np.asarray(image.convert("RGBA"))[..., :3].astype(float)
    expected = opaque * alpha[..., None] / 255 + 255 - alpha[..., None]
    assert difference(decoder.decode_bytes(encoded(image, "PNG")), expected) <= 0.5


def test_transparent_colours_of_palettes_and_keys_stand_on_white(
    decoder: Decoder, drawn: Array, encoded: Encode
) -> None:
    image = Image.fromarray(drawn).quantize(64)
    key = int(np.asarray(image)[10, 10])
    decoded = decoder.decode_bytes(encoded(image, "GIF", transparency=key)).frame.image
    assert (decoded[10, 10] == 255).all()
    assert not (decoded[40, 70] == 255).all()
    keyed = decoder.decode_bytes(encoded(Image.fromarray(drawn), "PNG", transparency=(220, 30, 30))).frame.image
    assert (keyed[8:24, 8:40] == 255).all()
    assert (keyed[40, 70] == (30, 60, 220)).all()


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_grey_of_16_bit_is_scaled_not_clipped(decoder: Decoder, encoded: Encode, format_: str) -> None:
    grey = np.arange(0, 65536, 16, dtype=np.uint16).reshape(64, 64)
    expected = np.repeat(np.floor(grey[..., None] / 257 + 0.5), 3, axis=2)
    assert difference(decoder.decode_bytes(encoded(Image.fromarray(grey), format_)), expected) == 0


def test_colour_of_16_bit_is_scaled(decoder: Decoder, png: Callable[..., bytes]) -> None:
    colour = np.random.default_rng(7).integers(0, 65536, (20, 30, 3), dtype=np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in colour)
    decoded = decoder.decode_bytes(png(30, 20, 16, 2, zlib.compress(rows)))
    assert np.abs(decoded.frame.image - colour / 257).max() <= 1


def test_floats_between_0_and_1_are_black_to_white_and_others_stretch(decoder: Decoder, encoded: Encode) -> None:
    ramp = np.tile(np.linspace(0.25, 0.75, 96, dtype=np.float32), (64, 1))
    expected = np.repeat(np.floor(ramp[..., None] * 255 + 0.5), 3, axis=2)
    assert difference(decoder.decode_bytes(encoded(Image.fromarray(ramp), "TIFF")), expected) <= 0.02
    stretched = np.repeat(np.floor((ramp[..., None] - 0.25) * 510 + 0.5), 3, axis=2)
    assert difference(decoder.decode_bytes(encoded(Image.fromarray(1000 * ramp - 700), "TIFF")), stretched) <= 0.02
    whole = Image.fromarray((100_000 * ramp).astype(np.int32))
    assert difference(decoder.decode_bytes(encoded(whole, "TIFF")), stretched) <= 0.02
    flat = decoder.decode_bytes(encoded(Image.fromarray(np.full((4, 4), 9, np.float32)), "TIFF"))
    assert not flat.frame.image.any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_floats_that_are_not_numbers_are_refused(decoder: Decoder, encoded: Encode, value: float) -> None:
    with pytest.raises(UnreadableMedia, match="not numbers"):
        decoder.decode_bytes(encoded(Image.fromarray(np.full((4, 4), value, np.float32)), "TIFF"))


@pytest.mark.parametrize("place", [(0, 0), (30, 40), (59, 79)])
def test_one_float_that_is_no_number_is_enough_wherever_it_stands(
    decoder: Decoder, encoded: Encode, place: tuple[int, int]
) -> None:
    values = np.full((60, 80), 0.5, np.float32)
    values[place] = np.nan
    with pytest.raises(UnreadableMedia, match="not numbers"):
        decoder.decode_bytes(encoded(Image.fromarray(values), "TIFF"))


def stored(upright: Array, orientation: int) -> Array:
    """Return the pixels that a file of this EXIF orientation holds when the picture is this."""
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }
    return np.ascontiguousarray(turned[orientation])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("format_", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("JPEG", {"quality": 95}, 4),
        ("AVIF", {"quality": 95}, 4),
    ],
)
def test_pictures_come_upright(
    decoder: Decoder,
    drawn: Array,
    encoded: Encode,
    orientation: int,
    format_: str,
    options: dict[str, object],
    tolerance: float,
) -> None:
    exif = Image.Exif()
    exif[274] = orientation
    decoded = decoder.decode_bytes(encoded(stored(drawn, orientation), format_, exif=exif, **options))
    assert decoded.frame.size == (64, 96)
    assert difference(decoded, drawn) <= tolerance
    thumbnail = np.asarray(Image.open(io.BytesIO(decoded.thumbnail)).convert("RGB"))
    assert np.abs(thumbnail.astype(float) - drawn).mean() < 12


@pytest.mark.parametrize("value", [0, 9, 65535])
def test_a_senseless_orientation_counts_as_none(decoder: Decoder, drawn: Array, encoded: Encode, value: object) -> None:
    exif = Image.Exif()
    exif[274] = value
    assert difference(decoder.decode_bytes(encoded(drawn, "PNG", exif=exif)), drawn) == 0


def swapped_profile() -> bytes:
    """Return the sRGB profile with its primaries red and blue swapped."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize(
    ("format_", "options"),
    [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True}), ("JPEG", {"quality": 95}), ("AVIF", {"quality": 95})],
)
def test_an_embedded_profile_is_honoured(
    decoder: Decoder, drawn: Array, encoded: Encode, format_: str, options: dict[str, object]
) -> None:
    content = encoded(drawn, format_, icc_profile=swapped_profile(), **options)
    assert difference(decoder.decode_bytes(content), drawn[..., ::-1]) <= 4


@pytest.mark.parametrize("profile", [b"no profile", swapped_profile()[:200], b"\0" * 3000])
def test_a_broken_profile_counts_as_none(decoder: Decoder, drawn: Array, encoded: Encode, profile: bytes) -> None:
    assert difference(decoder.decode_bytes(encoded(drawn, "PNG", icc_profile=profile)), drawn) == 0


def test_a_profile_for_other_channels_counts_as_none(decoder: Decoder, drawn: Array, encoded: Encode) -> None:
    grey = Image.fromarray(drawn).convert("L")
    content = encoded(grey, "PNG", icc_profile=swapped_profile())
    assert difference(decoder.decode_bytes(content), np.asarray(grey.convert("RGB"))) == 0


def test_colours_of_the_lab_space_become_rgb(decoder: Decoder, drawn: Array, encoded: Encode) -> None:
    lab = ImageCms.profileToProfile(
        Image.fromarray(drawn), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    assert difference(decoder.decode_bytes(encoded(lab, "TIFF")), drawn) <= 2


@pytest.mark.parametrize(("width", "height"), [(1024, 640), (700, 2500), (4000, 3), (40, 3000), (3001, 1999)])
@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA", "I;16", "1"])
def test_large_pictures_are_reduced_in_bands_as_if_at_once(
    decoder: Decoder, encoded: Encode, width: int, height: int, mode: str
) -> None:
    y, x = np.mgrid[:height, :width]
    wave = (127.5 + 127.5 * np.sin(x * 3 / width + 1) * np.cos(y * 12 / height)).astype(np.uint8)
    grey = Image.fromarray(wave)
    image = Image.fromarray(wave.astype(np.uint16) * 257) if mode == "I;16" else grey.convert(mode)
    decoded = decoder.decode_bytes(encoded(image, "TIFF"))
    scale = 512 / max(width, height)
    shape = (max(1, round(height * scale)), max(1, round(width * scale)))
    expected = np.asarray(image.convert("RGB") if mode != "I;16" else grey.convert("RGB"))
    expected = np.asarray(Image.fromarray(expected).resize(shape[::-1], Image.Resampling.BOX))
    assert decoded.frame.size == (height, width)
    assert difference(decoded, expected) <= (20 if mode == "1" else 2)


def test_transparent_colours_do_not_bleed_when_a_picture_is_reduced(decoder: Decoder, encoded: Encode) -> None:
    image = np.zeros((2400, 2400, 4), np.uint8)  # transparent black, with opaque red stripes
    image[:, ::2] = 255, 0, 0, 255
    decoded = decoder.decode_bytes(encoded(image, "PNG")).frame.image
    assert np.abs(decoded[5:-5, 5:-5] - np.array([255.0, 127, 127])).max() <= 3


def test_a_large_jpeg_is_reduced_while_it_is_decoded(decoder: Decoder, encoded: Encode) -> None:
    y, x = np.mgrid[:3000, :4000]
    wave = (127.5 + 127.5 * np.sin(x / 300) * np.cos(y / 300)).astype(np.uint8)
    decoded = decoder.decode_bytes(encoded(wave, "JPEG"))
    expected = np.asarray(Image.fromarray(wave).convert("RGB").resize((512, 384), Image.Resampling.BOX))
    assert decoded.frame.size == (3000, 4000)
    assert difference(decoded, expected) <= 2


@pytest.mark.parametrize(("height", "width"), [(8001, 131), (517, 4003), (4093, 4091)])
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_reduced_jpeg_shows_what_the_whole_one_shows_whatever_blocks_are_left_over(
    decoder: Decoder, encoded: Encode, height: int, width: int, mode: str
) -> None:
    y, x = np.mgrid[:height, :width]
    slopes = np.stack([x * 255 // (width - 1), y * 255 // (height - 1), 255 - x * 255 // (width - 1)], -1)
    image = Image.fromarray(slopes.astype(np.uint8)).convert(mode)
    decoded = decoder.decode_bytes(encoded(image, "JPEG", quality=95, subsampling=0))
    size = decoded.frame.image.shape[1::-1]
    expected = np.asarray(image.resize(size, Image.Resampling.LANCZOS).convert("RGB"))
    assert difference(decoded, expected) <= 1


def test_a_thumbnail_is_384_pixels_long_whatever_the_size_asked_for(encoded: Encode) -> None:
    content = encoded(np.zeros((500, 1000, 3), np.uint8), "PNG")
    with Decoder(n_workers=1, size=64) as small:
        decoded = small.decode_bytes(content)
    assert decoded.frame.image.shape == (32, 64, 3)
    assert Image.open(io.BytesIO(decoded.thumbnail)).size == (384, 192)


@pytest.mark.parametrize("kind", ["jpeg", "png", "gif", "webp", "avif", "tiff", "bmp", "heic"])
def test_a_file_that_was_cut_off_is_refused(decoder: Decoder, samples: dict[str, bytes], kind: str) -> None:
    content = samples[kind]
    for part in (1, 20, len(content) // 2):
        with pytest.raises(UnreadableMedia, match="; "):
            decoder.decode_bytes(content[:part])


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"8BPS\0\1" + b"\0" * 99,
     b"P6 1 1 255 abc", b"\0\0\1\0\1\0" + b"\0" * 99, b"icns" + b"\0" * 99, b"\0\0\0\x18ftypmp42" + b"\0" * 99],
)  # fmt: skip
def test_other_formats_are_refused(decoder: Decoder, content: bytes) -> None:
    with pytest.raises(UnreadableMedia, match=r"known format|empty"):
        decoder.decode_bytes(content)


def test_one_file_can_be_read_by_its_path(tmp_path: Path, samples: dict[str, bytes], drawn: Array) -> None:
    path = tmp_path / "misnamed.txt"
    path.write_bytes(samples["png"])
    (tmp_path / "link.png").symlink_to(path)
    decoded = read_picture(tmp_path / "link.png", 512)
    assert difference(decoded, drawn) == 0
    with path.open("rb") as file:
        assert decoded.sha256 == sha256_of(file.fileno())


def test_an_error_at_a_path_names_it(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(UnreadableMedia, match=r"empty\.jpg: the file is empty"):
        read_picture(tmp_path / "empty.jpg", 512)
    with pytest.raises(UnreadableMedia, match=r"missing\.jpg: .*no such file"):
        read_picture(tmp_path / "missing.jpg", 512)
    with pytest.raises(UnreadableMedia, match="not a regular file"):
        read_picture(tmp_path, 512)


def full_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x010E] = "Pinhole Works", "Pinhole 3", "A drawn\0 gradient"
    exif[0x0132] = "2021:01:01 00:00:00"
    exif.get_ifd(0x8769).update({0x9003: "2004:02:29 10:20:30", 0xA434: "Hole 0.3 mm"})
    exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 30.0, 36.0), 3: "E", 4: (151.0, 15.0, 0.0)})
    return exif


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_exif_is_read_from_every_format(decoder: Decoder, drawn: Array, encoded: Encode, format_: str) -> None:
    assert decoder.decode_bytes(encoded(drawn, format_, exif=full_exif().tobytes())).metadata == Metadata(
        taken_at=datetime(2004, 2, 29, 10, 20, 30),
        camera="Pinhole 3",
        lens="Hole 0.3 mm",
        latitude=-33.51,
        longitude=151.25,
        description="A drawn gradient",
    )


def test_exif_is_read_from_heic(decoder: Decoder, samples: dict[str, bytes]) -> None:
    assert decoder.decode_bytes(samples["heic"]).metadata == Metadata(camera="Pinhole 3")


XMP = """<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 photoshop:City="Zürich" photoshop:DateCreated="1987-06-05T04:03:02+01:00">
<photoshop:Country>Schweiz</photoshop:Country>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">Der See</rdf:li></rdf:Alt></dc:title>
<dc:subject><rdf:Bag><rdf:li>lake</rdf:li><rdf:li> boat </rdf:li><rdf:li>lake</rdf:li></rdf:Bag></dc:subject>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>""".encode()


@pytest.mark.parametrize("format_", ["JPEG", "WEBP", "AVIF", "PNG"])
def test_xmp_is_read(decoder: Decoder, drawn: Array, encoded: Encode, png: Callable[..., bytes], format_: str) -> None:
    if format_ == "PNG":
        text = b"XML:com.adobe.xmp\0\0\0\0\0" + XMP
        content = png(1, 1, 8, 0, zlib.compress(b"\0\0"), (b"iTXt", text))
    else:
        content = encoded(drawn, format_, xmp=XMP)
    assert decoder.decode_bytes(content).metadata == Metadata(
        taken_at=datetime(1987, 6, 5, 4, 3, 2),
        place="Zürich, Schweiz",
        title="Der See",
        keywords=("lake", "boat"),
    )


def with_iptc(jpeg: bytes, records: list[tuple[int, bytes]]) -> bytes:
    """Put an IPTC block of record 2 into a JPEG, as Photoshop does."""
    iptc = b"".join(struct.pack(">BBBH", 0x1C, 2, kind, len(text)) + text for kind, text in records)
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
    segment = b"Photoshop 3.0\0" + block
    return jpeg[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def test_iptc_is_read(decoder: Decoder, samples: dict[str, bytes]) -> None:
    records = [(5, b"Title"), (25, "Köln".encode()), (25, b"caf\xe9"), (55, b"19890110"), (60, b"112233+0000")]
    records += [(90, b"Bonn"), (101, b"Germany"), (120, b"Caption\r\nof two lines")]
    assert decoder.decode_bytes(with_iptc(samples["jpeg"], records)).metadata == Metadata(
        taken_at=datetime(1989, 1, 10, 11, 22, 33),
        place="Bonn, Germany",
        title="Title",
        description="Caption of two lines",
        keywords=("Köln", "café"),
    )


@pytest.mark.parametrize(
    "date",
    ["", "0000:00:00 00:00:00", "2004:13:01 00:00:00", "2004:02:30 00:00:00", "yesterday", "    :  :     :  :  "],
)
def test_a_senseless_date_counts_as_none(decoder: Decoder, drawn: Array, encoded: Encode, date: str) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9003] = date
    assert decoder.decode_bytes(encoded(drawn, "PNG", exif=exif)).metadata.taken_at is None


@pytest.mark.parametrize(
    "gps",
    [
        {1: "N", 2: (91.0, 0.0, 0.0), 3: "E", 4: (13.0, 0.0, 0.0)},
        {1: "N", 2: (52.0, 0.0, 0.0), 3: "E", 4: (181.0, 0.0, 0.0)},
        {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)},
        {1: "N", 2: (52.0, 0.0), 3: "E", 4: (13.0, 0.0, 0.0)},
        {1: "X", 2: (52.0, 0.0, 0.0), 3: "E", 4: (13.0, 0.0, 0.0)},
        {2: (52.0, 0.0, 0.0), 4: (13.0, 0.0, 0.0)},
        {1: "N", 2: (52.0, 0.0, 0.0)},
    ],
)
def test_a_senseless_position_counts_as_none(
    decoder: Decoder, drawn: Array, encoded: Encode, gps: dict[int, object]
) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update(gps)
    metadata = decoder.decode_bytes(encoded(drawn, "PNG", exif=exif)).metadata
    assert (metadata.latitude, metadata.longitude) == (None, None)


@pytest.mark.parametrize("xmp", [b"", b"<", b"\xff" * 99, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", XMP[:-200]])
def test_broken_metadata_never_stop_a_decode(decoder: Decoder, drawn: Array, encoded: Encode, xmp: bytes) -> None:
    content = encoded(drawn, "WEBP", lossless=True, xmp=xmp, exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 99)
    decoded = decoder.decode_bytes(content)
    assert difference(decoded, drawn) == 0
    assert decoded.metadata == Metadata()


def test_texts_are_cut_to_length(decoder: Decoder, drawn: Array, encoded: Encode) -> None:
    exif = Image.Exif()
    exif[0x010E] = "long \x1b " * 5000
    description = decoder.decode_bytes(encoded(drawn, "JPEG", exif=exif)).metadata.description
    assert description is not None
    assert len(description) <= 4000
    assert description.startswith("long long")
