"""Filters: what is known about a picture, and must hold before anything is ranked."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import ClassVar, TypeAlias
from unicodedata import normalize

from lookalike.errors import BadQuery
from lookalike.query import checks
from lookalike.query.checks import shown
from lookalike.query.terms import And, Term

End: TypeAlias = date | float | None
DAY = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
KINDS = ("picture",)
FORMATS = ("avif", "bmp", "gif", "heic", "jpeg", "png", "tiff", "webp")
OTHER_SPELLINGS = {"jpg": "jpeg", "tif": "tiff", "heif": "heic"}


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included; None is an open end, and one of them is given."""

    low: End
    high: End


@dataclass(frozen=True, repr=False)
class Where(Term):
    """One filter; made by `where`.

    Attributes
    ----------
    field : str
        "date" or "added" with a range of `datetime.date`; "width", "height" (pixels, int) or "megapixels" (float) with
        a range of numbers; "album", "camera", "folder", "format", "kind" or "place" with a text.
    value : Range or str
        Texts are in NFC: systems differ in how they write accents. Folders have "/" between their parts and none at
        the ends.
    """

    is_filter: ClassVar[bool] = True
    field: str
    value: Range | str

    def __repr__(self) -> str:
        return f"where({self.field}={plain(self.value)!r})"


def where(**conditions: object) -> Term:
    """Ask for pictures about which all these conditions hold.

    Parameters
    ----------
    date, added : "1970", "1970-05", "1970-05-31", datetime.date, or (low, high) of these
        When the picture was taken by the camera's own clock, and when it came into the collection.
    year : int or (low, high)
        The same as `date`.
    width, height : int or (low, high)
        Of the upright picture, in pixels.
    megapixels : float or (low, high)
    folder : str
        For instance "Holiday/Rome": the folder below any root, and all it holds.
    kind, format : str
        "picture"; "avif", "bmp", "gif", "heic", "jpeg", "png", "tiff" or "webp".
    camera, place, album : str

    Both ends of a range are included, and None leaves one open: ``megapixels=(2, None)``.

    Raises
    ------
    BadQuery
        If a name is not one of these, or a value not of its form.
    """
    for name in conditions:
        if name not in FIELDS:
            raise BadQuery(f"there is no filter {shown(name)}; known are {', '.join(FIELDS)}")
    filters = tuple(FIELDS[name](value) for name, value in conditions.items())
    if not filters:
        raise BadQuery(f"where needs at least one condition, got none; known are {', '.join(FIELDS)}")
    return filters[0] if len(filters) == 1 else And(filters)


def plain(value: Range | str) -> object:
    """Return the value as text and numbers that `where` reads: dates as texts, ranges as tuples."""
    if isinstance(value, str):
        return value
    low, high = (end.isoformat() if isinstance(end, date) else end for end in (value.low, value.high))
    return low, high


Span: TypeAlias = Callable[[object], tuple[End, End] | None]
"""Returns the first and the last value that a user's value stands for, or None if it stands for nothing."""


def _ranged(written: str, field: str, form: str, span: Span, value: object) -> Where:
    low, high = value if isinstance(value, tuple | list) and len(value) == 2 else (value, value)
    first = (None, None) if low is None else span(low)
    last = (None, None) if high is None else span(high)
    if first is None or last is None or low is high is None:
        raise BadQuery(f"{written} is {form}, or low and high of it with one end open at most, got {shown(value)}")
    start, end = first[0], last[1]
    if start is not None and end is not None and start > end:  # type: ignore[operator]
        raise BadQuery(f"{written} goes from low to high, got {shown(value)}; exchange the ends")
    return Where(field, Range(start, end))


def _days(value: object) -> tuple[date, date] | None:
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        return day, day
    found = DAY.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return None
    year, month, day_of_month = found.groups()
    last_month = month or "12"
    try:
        last_day = day_of_month or calendar.monthrange(int(year), int(last_month))[1]
        return date(int(year), int(month or 1), int(day_of_month or 1)), date(int(year), int(last_month), int(last_day))
    except ValueError:  # no calendar has this year, month or day
        return None


def _year(value: object) -> tuple[date, date] | None:
    year = checks.whole(value, date.max.year)
    return (date(year, 1, 1), date(year, 12, 31)) if year else None


def _pixels(value: object) -> tuple[int, int] | None:
    pixels = checks.whole(value)
    return None if pixels is None else (pixels, pixels)


def _megapixels(value: object) -> tuple[float, float] | None:
    size = checks.number(value)
    return None if size is None or size < 0 else (size, size)


def _folder(value: object) -> Where:
    parts = [part for part in value.split("/") if part not in ("", ".")] if isinstance(value, str) else []
    if not parts or ".." in parts:
        raise BadQuery(f"a folder is named from below its root, like Holiday/Rome and without '..', got {shown(value)}")
    return Where("folder", checks.path(normalize("NFC", "/".join(parts)), "a folder"))


def _choice(field: str, known: tuple[str, ...], value: object) -> Where:
    name = value.strip().lower() if isinstance(value, str) else ""
    name = OTHER_SPELLINGS.get(name, name)
    if name not in known:
        raise BadQuery(f"{field} is one of {', '.join(known)}, got {shown(value)}")
    return Where(field, name)


def _text(field: str, value: object) -> Where:
    return Where(field, checks.text(value, f"{field} in a filter"))


A_DAY = "a date like 1970, 1970-05 or 1970-05-31"
FIELDS: dict[str, Callable[[object], Where]] = {
    "added": partial(_ranged, "added", "added", A_DAY, _days),
    "album": partial(_text, "album"),
    "camera": partial(_text, "camera"),
    "date": partial(_ranged, "date", "date", A_DAY, _days),
    "folder": _folder,
    "format": partial(_choice, "format", FORMATS),
    "height": partial(_ranged, "height", "height", "a whole number of pixels", _pixels),
    "kind": partial(_choice, "kind", KINDS),
    "megapixels": partial(_ranged, "megapixels", "megapixels", "a number from 0", _megapixels),
    "place": partial(_text, "place"),
    "width": partial(_ranged, "width", "width", "a whole number of pixels", _pixels),
    "year": partial(_ranged, "year", "date", "a year from 1 to 9999", _year),
}
