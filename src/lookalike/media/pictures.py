"""From the bytes of a file to an upright sRGB picture of working size; runs inside a worker."""

import errno
import io
import math
import mmap
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import BinaryIO, cast

from PIL import Image as PillowImage
from PIL import PngImagePlugin
from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.Image import DecompressionBombError, DecompressionBombWarning, Image, Resampling, Transpose, new
from PIL.ImageCms import ImageCmsProfile, ImageCmsTransform, PyCMSError, createProfile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from lookalike.errors import UnreadableMedia
from lookalike.media import wire
from lookalike.media.containers import Structure, inspect
from lookalike.media.embedded import orientation_of, read_metadata
from lookalike.media.limits import Limits

_HARMLESS_BYTES = 128 << 20
_LARGEST_EXPANSION = 500
"""A file that unpacks to more than both is a bomb: photographs expand 100-fold at most, a blank JPEG 250-fold."""

_BAND_PIXELS = 1 << 22

_UPRIGHT = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
"""What makes a picture upright, by its EXIF orientation."""


def limit_pillow(limits: Limits) -> None:
    """Set what Pillow itself looks after, for the whole process."""
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", DecompressionBombWarning)
    PillowImage.MAX_IMAGE_PIXELS = limits.pixels
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = limits.metadata_bytes


def decode(file: BinaryIO, size: int, limits: Limits) -> wire.Picture:
    """Decode a picture as `lookalike.media.Decoded` describes it.

    Parameters
    ----------
    file : binary file
        With a descriptor.
    size : int
        Longer side of the picture returned at most, in pixels.
    limits : Limits

    Raises
    ------
    UnreadableMedia
        With the reason in words for the user.
    """
    n_bytes = file.seek(0, io.SEEK_END)
    structure = _inspect(file, n_bytes, limits)
    with _reason_for_failure(structure.format):
        image = _open(file, structure.format)
    structure = _completed(structure, image)
    _check_carried(structure, limits)
    _check_expansion(image, n_bytes)
    with _reason_for_failure(structure.format):
        longest = max(size, wire.THUMBNAIL_SIDE)
        (width, height), covered = _load(image, longest, limits)
        picture = _srgb(_shrink(image, covered, longest), image.info.get("icc_profile"))
    orientation = orientation_of(image)
    if orientation in _UPRIGHT:
        picture = picture.transpose(_UPRIGHT[orientation])
    frame = _resize(picture, size)
    return wire.Picture(
        format=structure.format,
        original=(width, height) if orientation >= 5 else (height, width),
        shape=(frame.height, frame.width),
        pixels=frame.tobytes(),
        thumbnail=_webp(_resize(picture, wire.THUMBNAIL_SIDE)),
        metadata=read_metadata(image),
        n_frames=structure.n_frames,
    )


def _inspect(file: BinaryIO, n_bytes: int, limits: Limits) -> Structure:
    try:  # a private map, because some file systems have no shared ones
        with mmap.mmap(file.fileno(), n_bytes, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ) as data:
            structure = inspect(data, limits)
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise MemoryError from error
        raise UnreadableMedia(
            f"cannot be read where it is: {(error.strerror or str(error)).lower()}; copy it to another disk"
        ) from error
    if structure is None:
        raise UnreadableMedia(
            "not a picture of a known format; JPEG, PNG, GIF, WebP, AVIF, TIFF, BMP and HEIC can be read"
        )
    _check_carried(structure, limits)
    return structure


def _completed(structure: Structure, image: ImageFile) -> Structure:
    """Add what only the decoder of the format could tell."""
    carried = sum(len(value) for value in image.info.values() if isinstance(value, bytes | str))
    n_frames = image.n_frames if structure.format in ("AVIF", "HEIF") else structure.n_frames  # type: ignore[attr-defined]
    return Structure(structure.format, max(structure.metadata_bytes, carried), n_frames)


def _check_carried(structure: Structure, limits: Limits) -> None:
    if structure.n_frames > limits.frames:
        raise UnreadableMedia(f"it has more frames or pages than the limit of {limits.frames:,}; split it")
    if structure.metadata_bytes > limits.metadata_bytes:
        raise UnreadableMedia(
            f"it carries more metadata than the limit of {limits.metadata_bytes:,} bytes; save it without"
        )


def _check_expansion(image: ImageFile, n_bytes: int) -> None:
    n_unpacked = image.width * image.height * len(image.getbands()) // (8 if image.mode == "1" else 1)
    if n_unpacked > max(_HARMLESS_BYTES, _LARGEST_EXPANSION * n_bytes):
        raise UnreadableMedia(
            f"its {n_bytes:,} bytes would unpack to {n_unpacked:,}, as no photograph's do; it is cut off or made to do "
            "harm, so restore it from a copy or leave it out"
        )


@contextmanager
def _reason_for_failure(format_: str) -> Iterator[None]:
    try:
        yield
    except (UnreadableMedia, MemoryError):
        raise
    except Exception as error:  # whatever hostile bytes make a decoder raise, the file is at fault
        raise UnreadableMedia(
            f"it cannot be decoded as {format_} ({_fact(error)}); it is damaged, cut off or of a rare kind, so "
            "restore it from a copy or save it anew"
        ) from error


def _fact(error: Exception) -> str:
    """Return what a library says, unless it stumbled over something that it did not foresee."""
    if isinstance(error, DecompressionBombError | DecompressionBombWarning):
        return "it claims too many pixels"
    if "MAX_TEXT" in str(error):
        return "its texts or profile unpack to too many bytes"
    foresaw = isinstance(error, OSError | ValueError | SyntaxError | RuntimeError) and error.__cause__ is None
    said = str(error).partition("\n")[0][:200].rstrip(".") if foresaw else ""
    return said or "its parts do not fit together"


def _open(file: BinaryIO, format_: str) -> ImageFile:
    """Open by the one class that reads the format: asking Pillow would load all its formats, and try them."""
    file.seek(0)
    if format_ == "HEIF":
        return _open_heif(file)
    return _CLASSES[format_](file)


_CLASSES: dict[str, Callable[[BinaryIO], ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "GIF": GifImageFile,
    "WEBP": WebPImageFile,
    "AVIF": AvifImageFile,
    "TIFF": TiffImageFile,
    "BMP": BmpImageFile,
}


def _open_heif(file: BinaryIO) -> ImageFile:
    from pi_heif import options  # a fifth of a worker's start, so only for those who have such files
    from pi_heif.as_plugin import HeifImageFile

    options.DECODE_THREADS = 1
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    return HeifImageFile(file)


def _load(image: ImageFile, longest: int, limits: Limits) -> tuple[tuple[int, int], tuple[float, float]]:
    """Decode, a JPEG at the smallest scale that is enough; return the full width and height, and what they are now.

    A reduced JPEG ends in blocks that the picture may cover in part only.
    """
    full = image.size
    drafted = image.draft(None, _fitting(full, longest)) if isinstance(image, JpegImageFile) else None
    if image.width * image.height > limits.pixels:
        raise UnreadableMedia(
            f"its {full[0]:,} x {full[1]:,} pixels are more than the limit of {limits.pixels:,}; "
            "save it at a smaller size"
        )
    image.load()
    return (full, drafted[1][2:]) if drafted else (image.size, image.size)  # a TIFF turns itself upright


def _fitting(size: tuple[float, float], longest: int) -> tuple[int, int]:
    """Return width and height with the longer side reduced, never enlarged, to a length."""
    width, height = size
    scale = min(1.0, longest / max(size))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _shrink(image: Image, covered: tuple[float, float], longest: int) -> Image:
    """Reduce a picture of any mode, which covers so much of it, to one of the modes L, RGB, RGBA, CMYK and LAB.

    Large pictures are averaged over whole blocks first, to twice the size, in bands, so that no second copy of full
    size exists in any mode.
    """
    plain = _to_plain(image)
    factor = int(max(covered) / longest / 2)
    if factor < 2:
        return _cut(plain(image), covered, _fitting(covered, longest))
    width, height = image.size
    band_height = max(1, _BAND_PIXELS // width // factor) * factor
    tops = range(0, height, band_height)
    bands = [plain(image.crop((0, top, width, min(top + band_height, height)))).reduce(factor) for top in tops]
    joined = new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    for top, band in zip(tops, bands, strict=True):
        joined.paste(band, (0, top // factor))
    return _cut(joined, (covered[0] / factor, covered[1] / factor), _fitting(covered, longest))


def _cut(image: Image, covered: tuple[float, float], size: tuple[int, int]) -> Image:
    return image if image.size == size else image.resize(size, Resampling.LANCZOS, (0, 0, *covered))


def _to_plain(image: Image) -> Callable[[Image], Image]:
    """Return what turns parts of the picture into one of the plain modes."""
    if image.mode.startswith("I;16"):
        return lambda part: _levels(part.convert("I"), 0, 65535)
    if image.mode in ("I", "F"):
        low, high = _range(image)
        return lambda part: _levels(part, low, high)
    if image.has_transparency_data:
        return lambda part: part.convert("RGBA")
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return lambda part: part
    return lambda part: part.convert("L" if image.mode == "1" else "RGB")


def _range(image: Image) -> tuple[float, float]:
    """Return the values of black and white: 0 and 1 if all numbers lie between, else the least and the greatest."""
    mean = image.resize((1, 1), Resampling.BOX).getpixel((0, 0))
    low, high = image.getextrema()  # which pass over what is no number, unless it comes first; the mean does not
    if not all(isinstance(value, int | float) and math.isfinite(value) for value in (low, high, mean)):
        raise UnreadableMedia("its pixels hold values that are not numbers; save it as 8 or 16 bit")
    low, high = cast(tuple[float, float], (low, high))
    return (0.0, 1.0) if image.mode == "F" and 0 <= low <= high <= 1 else (low, high)


def _levels(image: Image, low: float, high: float) -> Image:
    scale = 255 / (high - low) if high > low else 0.0
    offset = 0.5 - low * scale
    return image.point(lambda value: value * scale + offset).convert("L")


def _resize(image: Image, longest: int) -> Image:
    return _cut(image, image.size, _fitting(image.size, longest))


def _srgb(image: Image, profile: bytes | None) -> Image:
    """Put a plain picture on white and convert it to sRGB; a broken or unfitting profile counts for nothing."""
    if image.mode == "RGBA":
        opaque = new("RGB", image.size, "white")
        opaque.paste(image, mask=image)
        image = opaque
    transform = _transform(profile or b"", image.mode)
    if transform is None:
        return image.convert("RGB")
    return transform.apply(image)


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCmsTransform | None:
    if not profile and mode != "LAB":
        return None
    try:
        source = ImageCmsProfile(io.BytesIO(profile) if profile else createProfile("LAB"))
        return ImageCmsTransform(source, ImageCmsProfile(createProfile("sRGB")), mode, "RGB")
    except (PyCMSError, OSError, TypeError, ValueError):
        return None


def _webp(image: Image) -> bytes:
    """Encode at the fastest setting: 2 ms instead of 8 for a fifth more bytes."""
    content = io.BytesIO()
    image.save(content, "WEBP", quality=80, method=0)
    return content.getvalue()
