"""Terms that say what a picture looks like or is called: a picture, a colour, words."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from lookalike.errors import BadQuery
from lookalike.query import checks
from lookalike.query.checks import shown
from lookalike.query.terms import Term

if TYPE_CHECKING:  # NumPy costs a tenth of a second, and only arrays need it
    from lookalike.types import Image

Box: TypeAlias = tuple[float, float, float, float]
"""x0, y0, x1, y1 in pixels of the upright original, end-exclusive."""

MAX_ID = 2**63 - 1
SPACE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
HEX = re.compile(r"#?[0-9a-f]{6}|#[0-9a-f]{3}")
HANDLE = re.compile(r"[0-9a-f]{32}")
PLACES = ("text", "look")
"""What words may be asked of alone: names and metadata, or what pictures show."""

TEXT_PART = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"|[^\s"]+|"', re.DOTALL)


@dataclass(frozen=True)
class Upload:
    """A picture that was handed to the collection for asking alone; its handle is named by its content."""

    handle: str

    def __post_init__(self) -> None:
        if not HANDLE.fullmatch(self.handle):
            raise BadQuery(f"the handle of an upload is 32 hexadecimal digits, got {shown(self.handle)}")


@dataclass(frozen=True, eq=False, repr=False)
class Picture(Term):
    """What looks like a picture, or like a region of it; made by `image`.

    Attributes
    ----------
    source : int, str, Upload or (H, W, 3) uint8
        The id of an indexed picture, a path as it was written, an upload, or the pixels: RGB, upright, an own read-only
        copy. Two arrays are equal when their pixels are.
    box : (x0, y0, x1, y1) or None
        The region, in pixels of the upright original; None means all of it.
    like : str or None
        The space to compare in; None means the best the collection has.
    """

    source: int | str | Upload | Image
    box: Box | None = None
    like: str | None = None

    def _content(self) -> tuple[object, ...]:
        source = self.source
        known = source if isinstance(source, int | str | Upload) else (source.shape, source.tobytes())
        return known, self.box, self.like

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Picture) and self._content() == other._content()

    def __hash__(self) -> int:
        return hash(self._content())

    def __repr__(self) -> str:
        source = self.source
        shape = source if isinstance(source, int | str | Upload) else "x".join(map(str, source.shape))
        words = [repr(source) if source is shape else f"<{shape} array>"]
        words += [f"{name}={value!r}" for name, value in (("box", self.box), ("like", self.like)) if value is not None]
        return f"image({', '.join(words)})"


@dataclass(frozen=True, repr=False)
class Colour(Term):
    """Pictures with much of a colour; made by `colour`. Each part of `rgb` is a whole number from 0 to 255."""

    rgb: tuple[int, int, int]

    @property
    def hex(self) -> str:
        """For instance ``"#b03020"``."""
        return "#" + bytes(self.rgb).hex()

    def __repr__(self) -> str:
        return f"colour({self.hex!r})"


@dataclass(frozen=True, repr=False)
class Words(Term):
    """All the words, each somewhere in names or metadata, or what pictures show; made by `words`.

    Attributes
    ----------
    parts : tuple of str
        Single words, and phrases whose words follow each other, in the order of writing.
    only : {"text", "look"} or None
        Names and metadata alone, what pictures show alone, or both.
    """

    parts: tuple[str, ...]
    only: str | None = None

    @property
    def text(self) -> str:
        """The parts as `words` reads them, phrases in quotation marks."""
        return " ".join(quoted(part) if re.search(r'[\s"]', part) else part for part in self.parts)

    def __repr__(self) -> str:
        only = f", only={self.only!r}" if self.only else ""
        return f"words({self.text!r}{only})"


def image(
    source: int | str | os.PathLike[str] | Upload | Image,
    *,
    box: Sequence[float] | None = None,
    like: str | None = None,
) -> Picture:
    """Ask for what looks like a picture.

    Parameters
    ----------
    source : int, path, Upload or (H, W, 3) uint8
        The id of an indexed picture, a file, what `Collection.upload` returned, or pixels (RGB, upright; they are
        copied).
    box : (x0, y0, x1, y1) or None
        Only this region, in pixels of the upright original, end-exclusive.
    like : str or None
        The space to compare in: "colour", "texture", "shape", "picture", or another that the collection has.
        None means its best.

    Raises
    ------
    BadQuery
        If one of them is not of this form.
    """
    return Picture(_source(source), None if box is None else _box(box), None if like is None else _space(like))


def local(path: str, paths: bool) -> str:
    """Return the path if pictures may be files where this query came from, and refuse it over the network."""
    if paths:
        return path
    raise BadQuery(
        f"a file can be asked for on the command line and in Python alone, got {shown(path)}; ask by id, like #42"
    )


def colour(rgb: str | Sequence[int]) -> Colour:
    """Ask for pictures with much of a colour.

    Parameters
    ----------
    rgb : str or (r, g, b)
        A CSS name such as "darkred", hexadecimal digits such as "#b03020" or "#b32" (the # may be left out), or three
        whole numbers from 0 to 255.

    Raises
    ------
    BadQuery
        If it is none of these.
    """
    found = _rgb_of_text(rgb) if isinstance(rgb, str) else _rgb_of_parts(rgb)
    if found is None:
        raise BadQuery(f"a colour is a CSS name such as darkred, or like #b03020, or (176, 48, 32), got {shown(rgb)}")
    return Colour(found)


def words(text: str, *, only: str | None = None) -> Words:
    """Ask for pictures whose names and metadata hold all the words, and for those that show what the words say.

    Parameters
    ----------
    text : str
        "Words in quotation marks" are a phrase. Inside quotation marks a backslash stands before a quotation mark or a
        backslash that is meant itself.
    only : {"text", "look"} or None
        "text" asks names and metadata alone, "look" what pictures show alone, which needs a collection whose pictures
        are described by what also understands words. None asks both, as far as the collection can.

    Raises
    ------
    BadQuery
        If there is no word, a quotation mark is not closed, the text is longer than 4,096 bytes, or `only` is neither.
    """
    if not isinstance(text, str):
        raise BadQuery(f"a text of words is a text, got {shown(text)}; write it in quotation marks")
    parts = []
    for found in TEXT_PART.finditer(text):
        if found[0] == '"':
            raise BadQuery(f"the quotation mark at character {found.start() + 1} is not closed, got {shown(text)}")
        parts.append(found[0] if found[1] is None else unquoted(found[1]))
    return words_of(parts, only)


def words_of(parts: Sequence[str], only: str | None = None) -> Words:
    """Return the words and phrases as a term; see `words`."""
    if only not in (None, *PLACES):
        raise BadQuery(f"words are asked of only {' or '.join(PLACES)}, or of both, got {shown(only)}")
    phrases = tuple(" ".join(part.split()) for part in parts)
    if not all(phrases):
        raise BadQuery('a phrase has at least one word, got ""; write words between the quotation marks')
    checks.text(Words(phrases).text, "a text of words")
    return Words(phrases, only)


def quoted(text: str) -> str:
    """Put the text in quotation marks, so that `unquoted` returns it from what stands between them."""
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'


def unquoted(inner: str) -> str:
    """Undo `quoted`; a backslash before anything else means itself."""
    return re.sub(r'\\(["\\])', r"\1", inner)


def _source(source: Any) -> int | str | Upload | Image:
    if isinstance(source, Upload):
        return source
    if isinstance(source, str | os.PathLike):
        return checks.path(os.fsdecode(source), "the path of a picture")
    identity = checks.whole(source, MAX_ID)
    if identity is not None:
        return identity
    shape: tuple[int, ...] = getattr(source, "shape", ())
    if len(shape) == 3 and shape[2] == 3 and source.dtype == "uint8" and source.size:
        pixels = source.copy(order="C")
        pixels.flags.writeable = False
        return pixels
    got = f"an array {shape} of {source.dtype}" if shape else shown(source)
    raise BadQuery(f"a picture is a path, an id, or an array (H, W, 3) of uint8, got {got}")


def _box(box: Sequence[float]) -> Box:
    numbers = [checks.number(value) for value in checks.listed(box)]
    match numbers:
        case [float(x0), float(y0), float(x1), float(y1)] if 0 <= x0 < x1 and 0 <= y0 < y1:
            return x0, y0, x1, y1
    raise BadQuery(f"a box is (x0, y0, x1, y1) in pixels with 0 <= x0 < x1 and 0 <= y0 < y1, got {shown(box)}")


def _space(name: object) -> str:
    if isinstance(name, str) and SPACE.fullmatch(name):
        return name
    raise BadQuery(f"like is the name of a space such as colour, texture, shape or picture, got {shown(name)}")


def _rgb_of_text(text: str) -> tuple[int, int, int] | None:
    from PIL import ImageColor  # knows the names of CSS

    name = "".join(text.lower().split())
    if HEX.fullmatch(name):
        name = "#" + name.removeprefix("#")
    elif name not in ImageColor.colormap:
        return None
    red, green, blue = ImageColor.getrgb(name)[:3]
    return red, green, blue


def _rgb_of_parts(parts: object) -> tuple[int, int, int] | None:
    match [checks.whole(part, 255) for part in checks.listed(parts)]:
        case [int(red), int(green), int(blue)]:
            return red, green, blue
    return None
