"""Drawn pictures as the files that people have: many formats, turned cameras, dates and places."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL.ExifTags import GPS, IFD, Base

from lookalike.sample.stage import Picture
from lookalike.types import Image

CAMERAS = (("Fennel", "Pocket 35"), ("Fennel", "Reise II"), ("Okulon", "M4"), ("Okulon", "Duo"), ("Halden", "K-1"))
PLACES = {
    "Husum": (54.477, 9.051),
    "Bergen": (60.392, 5.324),
    "Porto": (41.149, -8.611),
    "Valparaiso": (-33.047, -71.612),
    "Otaru": (43.190, 140.994),
    "Hobart": (-42.882, 147.327),
    "Cape Town": (-33.925, 18.424),
    "Lunenburg": (44.377, -64.318),
}
"""Latitude and longitude, in degrees."""

FORMATS = {
    "jpg": 0.73, "png": 0.05, "png-palette": 0.03, "png-16": 0.03, "webp": 0.05,
    "gif": 0.02, "avif": 0.03, "tif": 0.03, "bmp": 0.03,
}  # fmt: skip
"""How often a picture is stored in which way; pictures with alpha are always PNG or WebP."""

OPTIONS: dict[str, dict[str, Any]] = {
    "WEBP": {"quality": 88, "method": 2, "exact": True},
    "AVIF": {"quality": 75, "speed": 9, "max_threads": 1},
    "TIFF": {"compression": "tiff_lzw"},
    "PNG": {"compress_level": 4},
}
"""How Pillow should write a format, where its own choice is slow or large."""

TURNS: dict[int, Callable[[Image], Image]] = {
    1: lambda image: image,
    3: lambda image: np.rot90(image, 2),
    6: lambda image: np.rot90(image, 1),
    8: lambda image: np.rot90(image, -1),
}
"""What a camera held differently does to the pixels it stores, by EXIF orientation."""


@dataclass(frozen=True)
class Storage:
    """How a picture is stored, and what the file says about it.

    Attributes
    ----------
    form : str
        One of `FORMATS`.
    orientation : int
        As in EXIF; 1 is upright.
    title, date, camera, place : str
        Empty where the file does not say; the date as ``2019-07-31 14:05:09``, the place one of `PLACES`.
    """

    form: str = "jpg"
    orientation: int = 1
    title: str = ""
    date: str = ""
    camera: str = ""
    place: str = ""

    @property
    def suffix(self) -> str:
        """The end of the file's name."""
        return "." + self.form.partition("-")[0]


def choose_storage(kind: str, rng: np.random.Generator, *, has_alpha: bool) -> Storage:
    """Choose how a picture is stored; only some JPEGs carry metadata."""
    form = str(
        rng.choice(["png", "webp"], p=[0.7, 0.3]) if has_alpha else rng.choice([*FORMATS], p=[*FORMATS.values()])
    )
    if form != "jpg" or rng.random() < 0.3:
        return Storage(form)
    day = np.datetime64("1998-01-01T08:00:00") + np.timedelta64(int(rng.integers(0, 27 * 365 * 86400)), "s")
    place = str(rng.choice([*PLACES]))
    return Storage(
        form,
        int(rng.choice([1, 6, 8, 3], p=[0.7, 0.12, 0.12, 0.06])),
        f"{kind.replace('-', ' ').capitalize()}, {place}" if rng.random() < 0.4 else "",
        str(day).replace("T", " "),
        " ".join(CAMERAS[rng.integers(len(CAMERAS))]),
        place if rng.random() < 0.5 else "",
    )


def save(picture: Picture, storage: Storage, path: Path) -> None:
    """Write a picture's file, whole or not at all."""
    content = encode(picture, storage)
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(content)
    unfinished.replace(path)


def encode(picture: Picture, storage: Storage) -> bytes:
    """Return the bytes of the file."""
    if storage.form == "png-16":
        return cv2.imencode(".png", picture.image[..., ::-1].astype(np.uint16) * 257)[1].tobytes()
    if picture.alpha is not None:
        return _encoded(PillowImage.fromarray(np.dstack([picture.image, picture.alpha])), storage.form)
    stored = PillowImage.fromarray(np.ascontiguousarray(TURNS[storage.orientation](picture.image)))
    if storage.form in ("png-palette", "gif"):
        return _encoded(stored.quantize(200, method=PillowImage.Quantize.MEDIANCUT), storage.suffix[1:])
    return _encoded(stored, storage.form, exif=_exif(storage).tobytes() if storage.date else b"")


def _encoded(picture: PillowImage.Image, form: str, exif: bytes = b"") -> bytes:
    name = {"jpg": "JPEG", "tif": "TIFF"}.get(form, form.upper())
    options = {"JPEG": {"quality": 88, "exif": exif}, **OPTIONS}.get(name, {})
    buffer = io.BytesIO()
    picture.save(buffer, name, **options)
    return buffer.getvalue()


def _exif(storage: Storage) -> PillowImage.Exif:
    exif = PillowImage.Exif()
    exif[Base.Orientation] = storage.orientation
    exif[Base.Make], exif[Base.Model] = storage.camera.split(" ", 1)
    date = storage.date.replace("-", ":")
    exif[Base.DateTime] = date
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = date
    if storage.title:
        exif[Base.ImageDescription] = storage.title
    if storage.place:
        latitude, longitude = PLACES[storage.place]
        gps = exif.get_ifd(IFD.GPSInfo)
        gps[GPS.GPSLatitudeRef], gps[GPS.GPSLatitude] = "N" if latitude > 0 else "S", _degrees(latitude)
        gps[GPS.GPSLongitudeRef], gps[GPS.GPSLongitude] = "E" if longitude > 0 else "W", _degrees(longitude)
    return exif


def _degrees(angle: float) -> tuple[float, float, float]:
    """Return degrees, minutes and seconds."""
    degrees, rest = divmod(abs(angle), 1)
    minutes, rest = divmod(rest * 60, 1)
    return degrees, minutes, round(rest * 60, 2)
