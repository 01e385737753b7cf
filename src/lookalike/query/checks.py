"""Checks of the values that users put into terms; each refusal is a `BadQuery` of one sentence."""

import math
import operator
import re
import reprlib
from numbers import Real
from unicodedata import normalize

from lookalike.errors import BadQuery

MAX_TEXT_BYTES = 4096
MAX_WHOLE = 2**31 - 1

CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_brief = reprlib.Repr()
_brief.maxstring = _brief.maxother = 60


def shown(value: object) -> str:
    """Return a short printable form of any value, for a message."""
    try:
        return _brief.repr(value)
    except ValueError:  # Python refuses to print whole numbers of thousands of digits
        return "a number of thousands of digits"


def number(value: object) -> float | None:
    """Return the finite float, or None if the value is not one."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result + 0.0 if math.isfinite(result) else None  # without the sign of -0.0, which has no place in a line


def whole(value: object, highest: int = MAX_WHOLE) -> int | None:
    """Return the whole number from 0 to `highest`, or None if the value is not one."""
    if isinstance(value, bool):
        return None
    try:
        result = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None
    return result if 0 <= result <= highest else None


def listed(value: object) -> list[object]:
    """Return what a tuple, a list or a row of an array holds; nothing if the value is anything else."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return list(value) if isinstance(value, tuple | list) else []


def text(value: object, what: str) -> str:
    """Return the text without surrounding space and in NFC, if it is UTF-8, printable, not empty and not too long.

    Raises
    ------
    BadQuery
        Otherwise; `what` begins the sentence, for instance "a camera".
    """
    if not isinstance(value, str) or not value.strip():
        raise BadQuery(f"{what} is a text that is not empty, got {shown(value)}")
    result = normalize("NFC", value.strip())
    try:
        n_bytes = len(result.encode())
    except UnicodeEncodeError:
        raise BadQuery(f"{what} is written in UTF-8, got {shown(value)}; write it without stray bytes") from None
    _check_length(n_bytes, what)
    if CONTROL.search(result):
        raise BadQuery(f"{what} has no control characters, got {shown(value)}; write it without them")
    return result


def path(value: str, what: str) -> str:
    """Return the path; bytes that are not UTF-8 stand in it as `os.fsdecode` writes them.

    Raises
    ------
    BadQuery
        If no file can have this path; `what` begins the sentence.
    """
    try:
        n_bytes = len(value.encode(errors="surrogateescape"))
    except UnicodeEncodeError:
        raise BadQuery(f"{what} is made of characters or bytes of a file name, got {shown(value)}") from None
    _check_length(n_bytes, what)
    if not value or "\0" in value:
        raise BadQuery(f"{what} is not empty and has no zero byte, got {shown(value)}")
    return value


def _check_length(n_bytes: int, what: str) -> None:
    if n_bytes > MAX_TEXT_BYTES:
        raise BadQuery(f"{what} has at most {MAX_TEXT_BYTES} bytes, got {n_bytes}; write less")
