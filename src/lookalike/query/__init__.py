"""What can be asked: small frozen terms, written in Python, as one line, or as JSON. The three say the same."""

from lookalike.query.filters import Range, Where, where
from lookalike.query.line import parse, to_line
from lookalike.query.looks import Box, Colour, Picture, Upload, Words, colour, image, words
from lookalike.query.terms import And, Not, Or, Term, Weighted, leaves
from lookalike.query.wire import from_json, to_json

__all__ = [
    "And",
    "Box",
    "Colour",
    "Not",
    "Or",
    "Picture",
    "Range",
    "Term",
    "Upload",
    "Weighted",
    "Where",
    "Words",
    "colour",
    "from_json",
    "image",
    "leaves",
    "parse",
    "to_json",
    "to_line",
    "where",
    "words",
]
