"""Reading what is embedded in a picture: EXIF, XMP and IPTC; runs inside a worker.

What is broken there counts as absent: a picture is worth more than what it says about itself.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TypeVar
from xml.etree import ElementTree

from PIL.ExifTags import GPS, IFD, Base
from PIL.ImageFile import ImageFile
from PIL.IptcImagePlugin import getiptcinfo

from lookalike.media.metadata import Metadata, clean_keywords, clean_text, coordinates

K = TypeVar("K")
T = TypeVar("T")

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_XP_TITLE, _XP_KEYWORDS = Base.XPTitle, Base.XPKeywords
_TITLE, _KEYWORDS, _DAY, _TIME, _CAPTION = 5, 25, 55, 60, 120
_LOCATION, _CITY, _STATE, _COUNTRY = 92, 90, 95, 101
"""IPTC data sets of record 2."""


def orientation_of(image: ImageFile) -> int:
    """Return the EXIF orientation, 1 to 8; 1 is upright."""
    orientation = _unless_broken(lambda: image.getexif().get(Base.Orientation), None)
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def read_metadata(image: ImageFile) -> Metadata:
    """Return what an opened picture says about itself.

    For texts, what a person wrote (XMP, then IPTC) goes before EXIF; for the rest, EXIF goes first.
    """
    exif = _or_nothing(lambda: _read_exif(image))
    gps = _or_nothing(lambda: dict(image.getexif().get_ifd(IFD.GPSInfo)))
    xmp = _or_nothing(lambda: _read_xmp(image.info.get("xmp")))
    iptc = _or_nothing(lambda: _read_iptc(image))

    def written(name: str, data_set: int, *others: str) -> str | None:
        return _first(clean_text, [*xmp.get(name, ()), *iptc.get(data_set, ()), *others])

    place = [
        written("Location", _LOCATION),
        written("City", _CITY),
        written("State", _STATE),
        written("Country", _COUNTRY),
    ]
    latitude, longitude = coordinates(
        _degrees(gps.get(GPS.GPSLatitude), gps.get(GPS.GPSLatitudeRef)),
        _degrees(gps.get(GPS.GPSLongitude), gps.get(GPS.GPSLongitudeRef)),
    )
    return Metadata(
        taken_at=_first(_date, _dates(exif, xmp, iptc)),
        camera=_camera(_text(exif.get(Base.Make)), _text(exif.get(Base.Model))),
        lens=clean_text(_text(exif.get(Base.LensModel))),
        latitude=latitude,
        longitude=longitude,
        place=", ".join(dict.fromkeys(part for part in place if part)) or None,
        title=written("title", _TITLE, _utf16(exif.get(_XP_TITLE))),
        description=written("description", _CAPTION, _text(exif.get(Base.ImageDescription))),
        keywords=clean_keywords(xmp.get("subject") or iptc.get(_KEYWORDS) or _utf16(exif.get(_XP_KEYWORDS)).split(";")),
    )


def _unless_broken(read: Callable[[], T], default: T) -> T:
    try:
        return read()
    except MemoryError:
        raise
    except Exception:  # what parsers raise on hostile bytes cannot be listed
        return default


def _or_nothing(read: Callable[[], dict[K, T]]) -> dict[K, T]:
    return _unless_broken(read, {})


def _first(convert: Callable[[str], T | None], texts: Iterable[str]) -> T | None:
    """Return the first text that converts to something."""
    return next((value for value in map(convert, texts) if value is not None), None)


def _read_exif(image: ImageFile) -> dict[int, object]:
    exif = image.getexif()
    return {**exif, **_or_nothing(lambda: exif.get_ifd(IFD.Exif))}


def _read_iptc(image: ImageFile) -> dict[int, list[str]]:
    """Return the texts of each data set of record 2."""
    found = getiptcinfo(image) or {}
    return {
        data_set: [_text(value) for value in (values if isinstance(values, list) else [values])]
        for (record, data_set), values in found.items()
        if record == 2
    }


def _read_xmp(packet: bytes | str | None) -> dict[str, list[str]]:
    """Return the texts of each property, by its name without name space; of alternatives and lists, all."""
    content = packet.encode() if isinstance(packet, str) else packet or b""
    if not content or b"<!DOCTYPE" in content:
        return {}
    texts: dict[str, list[str]] = {}
    root = ElementTree.fromstring(content.strip(b"\0 \r\n\t"))  # noqa: S314  without a document type it has no entities
    for description in root.iter(f"{_RDF}Description"):
        for name, value in description.attrib.items():
            texts.setdefault(_local(name), []).append(value)
        for child in description:
            values = [item.text or "" for item in child.iter(f"{_RDF}li")] or [child.text or ""]
            texts.setdefault(_local(child.tag), []).extend(values)
    return texts


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _text(value: object) -> str:
    """Return EXIF or IPTC text: UTF-8 where it is, else Latin-1; what is no text is empty."""
    raw = value.encode("latin-1", "replace") if isinstance(value, str) else value
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _utf16(value: object) -> str:
    return value.decode("utf-16-le", "replace") if isinstance(value, bytes) else ""


def _dates(exif: Mapping[int, object], xmp: Mapping[str, list[str]], iptc: Mapping[int, list[str]]) -> Iterable[str]:
    """Return what may be the date of taking, the likeliest first; EXIF's plain date is that of the last change."""
    yield _text(exif.get(Base.DateTimeOriginal))
    yield _text(exif.get(Base.DateTimeDigitized))
    for name in ("DateTimeOriginal", "DateCreated", "CreateDate"):
        yield from xmp.get(name, ())
    yield " ".join([*iptc.get(_DAY, [])[:1], *iptc.get(_TIME, [])[:1]])
    yield _text(exif.get(Base.DateTime))


_DATE = re.compile(r"\s*(\d{4})\D?(\d\d)\D?(\d\d)(?:\D(\d\d)\D?(\d\d)(?:\D?(\d\d))?)?", re.ASCII)


def _date(text: str) -> datetime | None:
    """Return a local time.

    >>> _date("2004:02:29 10:20:30"), _date("20040229 1020"), _date("0000:00:00 00:00:00")
    (datetime.datetime(2004, 2, 29, 10, 20, 30), datetime.datetime(2004, 2, 29, 10, 20), None)
    """
    match = _DATE.match(text)
    try:
        return datetime(*(int(group) for group in match.groups("0"))) if match else None  # type: ignore[arg-type]
    except ValueError:
        return None


def _camera(make: str, model: str) -> str | None:
    """Return maker and model, the maker once.

    >>> _camera("NIKON CORPORATION", "NIKON D90"), _camera("SONY", "DSC-W80")
    ('NIKON D90', 'SONY DSC-W80')
    """
    make, model = clean_text(make, 100) or "", clean_text(model, 100) or ""
    names_maker = make and model.lower().startswith(make.split()[0].lower())
    return (model if names_maker else f"{make} {model}".strip()) or None


def _degrees(parts: object, reference: object) -> float | None:
    """Return degrees from degrees, minutes and seconds; south and west are negative."""
    sign = {"N": 1, "E": 1, "S": -1, "W": -1}.get(_text(reference).strip("\0 ").upper())
    if sign is None or not isinstance(parts, tuple) or len(parts) != 3:
        return None
    degrees, minutes, seconds = parts
    return _unless_broken(lambda: sign * (float(degrees) + float(minutes) / 60 + float(seconds) / 3600), None)
