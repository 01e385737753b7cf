"""What a picture says about itself."""

import math
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Metadata:
    """What a picture says about itself; None or empty where it does not.

    Texts hold no control characters and at most `TEXT_LENGTH` characters, keywords at most `KEYWORD_LENGTH`.

    Attributes
    ----------
    taken_at : datetime or None
        Local time as the camera wrote it, without a time zone.
    camera, lens : str or None
        For instance ``"Canon EOS 5D"``.
    latitude, longitude : float or None
        Degrees, north and east positive; both or neither.
    place : str or None
        The place, city, region and country that somebody wrote into the picture, from small to large.
    title, description : str or None
    keywords : tuple of str
        At most `N_KEYWORDS`, without doubles.
    """

    taken_at: datetime | None = None
    camera: str | None = None
    lens: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    place: str | None = None
    title: str | None = None
    description: str | None = None
    keywords: tuple[str, ...] = ()


TEXT_LENGTH = 4000
KEYWORD_LENGTH = 100
N_KEYWORDS = 200


def clean_text(text: str, length: int = TEXT_LENGTH) -> str | None:
    """Return the text in one line without control characters, cut to a length; None if nothing is left.

    >>> clean_text("  red\\x00 boat\\n\\ud800 "), clean_text("red\\u2067boat")
    ('red boat', 'red boat')
    """
    kept = "".join(" " if _is_control(character) else character for character in text[: 4 * length])
    return " ".join(kept.split())[:length].strip() or None


_TURNS = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
"""Characters that turn the direction of all that follows them, until another says otherwise."""


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs", "Cn", "Zl", "Zp") or character in _TURNS


def clean_keywords(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the cleaned texts that are left, each once, in their order."""
    cleaned = (clean_text(text, KEYWORD_LENGTH) for text in texts)
    return tuple(dict.fromkeys(text for text in cleaned if text))[:N_KEYWORDS]


def coordinates(latitude: float | None, longitude: float | None) -> tuple[float, float] | tuple[None, None]:
    """Return the pair if it is a place on Earth, else two None; zero and zero is a receiver without a fix.

    >>> coordinates(52.5, 13.4), coordinates(91.0, 13.4), coordinates(0.0, 0.0)
    ((52.5, 13.4), (None, None), (None, None))
    """
    if latitude is None or longitude is None or not (math.isfinite(latitude) and math.isfinite(longitude)):
        return None, None
    if abs(latitude) > 90 or abs(longitude) > 180 or latitude == longitude == 0:
        return None, None
    return latitude, longitude


def to_wire(metadata: Metadata) -> dict[str, object]:
    """Return the metadata as JSON values."""
    return {
        "taken_at": metadata.taken_at and metadata.taken_at.isoformat(),
        "camera": metadata.camera,
        "lens": metadata.lens,
        "latitude": metadata.latitude,
        "longitude": metadata.longitude,
        "place": metadata.place,
        "title": metadata.title,
        "description": metadata.description,
        "keywords": list(metadata.keywords),
    }


def from_wire(values: Mapping[str, object]) -> Metadata:
    """Return the metadata, cleaned again, because a worker that a file has taken over may have written it.

    Raises
    ------
    TypeError, ValueError
        If a value is not of its type.
    """
    keywords = values["keywords"]
    if not isinstance(keywords, list):
        raise TypeError("keywords are a list")
    taken_at = _text(values["taken_at"])
    latitude, longitude = coordinates(_number(values["latitude"]), _number(values["longitude"]))
    return Metadata(
        taken_at=datetime.fromisoformat(taken_at).replace(tzinfo=None) if taken_at else None,
        camera=_text(values["camera"]),
        lens=_text(values["lens"]),
        latitude=latitude,
        longitude=longitude,
        place=_text(values["place"]),
        title=_text(values["title"]),
        description=_text(values["description"]),
        keywords=clean_keywords(text for text in keywords if isinstance(text, str)),
    )


def _text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise TypeError(f"expected a text, got {type(value).__name__}")
    return value and clean_text(value)


def _number(value: object) -> float | None:
    if value is not None and not isinstance(value, float | int):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    return None if value is None else float(value)
