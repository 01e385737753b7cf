"""The query terms: their canonical form, the line, the JSON, and what is refused."""

import contextlib
import json
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lookalike.errors import BadQuery
from lookalike.query import (
    And,
    Colour,
    Not,
    Or,
    Range,
    Term,
    Upload,
    Weighted,
    Where,
    Words,
    colour,
    from_json,
    image,
    leaves,
    parse,
    to_json,
    to_line,
    where,
    words,
)
from lookalike.query.line import printed
from lookalike.query.looks import quoted, unquoted, words_of

PIXELS = np.random.default_rng(7).integers(0, 256, (4, 5, 3), np.uint8)
GUIDE = Path(__file__).parent.parent / "docs" / "query-syntax.md"

# Strategies: any canonical tree

text_parts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).filter(str.strip)
tricky_parts = st.sampled_from(
    ["OR", "AND", "NOT", "&", "-", "-a", "#42", "12:30", "30", "a:b", "/x", '"', "\\", "a|b"]
)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,10}", fullmatch=True)
file_names = st.binary(min_size=1, max_size=12).filter(lambda name: b"\0" not in name).map(os.fsdecode)
spans = st.floats(0, 1e6).flatmap(lambda low: st.tuples(st.just(low), st.floats(low, 2e6, exclude_min=True)))
boxes = st.tuples(spans, spans).map(lambda both: (both[0][0], both[1][0], both[0][1], both[1][1]))


def ranges(ends: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Single values and ranges, open ones too."""
    closed = st.tuples(ends, ends).map(lambda pair: tuple(sorted(pair)))
    return ends | closed | st.tuples(ends, st.none()) | st.tuples(st.none(), ends)


def folder(name: str) -> bool:
    parts = name.split("/")
    return ".." not in parts and any(part not in ("", ".") for part in parts)


pictures = st.builds(
    image,
    st.integers(0, 2**63 - 1) | file_names | tricky_parts | st.from_regex("[0-9a-f]{32}", fullmatch=True).map(Upload),
    box=st.none() | boxes,
    like=st.none() | names,
)
colours = st.builds(colour, st.tuples(*[st.integers(0, 255)] * 3))
texts = st.builds(
    words_of, st.lists(text_parts | tricky_parts, min_size=1, max_size=4), st.sampled_from([None, "text", "look"])
)
filters = st.one_of(
    st.builds(lambda days: where(date=days), ranges(st.dates())),
    st.builds(lambda days: where(added=days), ranges(st.dates())),
    st.builds(lambda years: where(year=years), ranges(st.integers(1, 9999))),
    st.builds(lambda width: where(width=width), ranges(st.integers(0, 2**31 - 1))),
    st.builds(lambda height: where(height=height), ranges(st.integers(0, 2**31 - 1))),
    st.builds(lambda size: where(megapixels=size), ranges(st.floats(0, allow_infinity=False))),
    st.builds(lambda name: where(folder=name), file_names.filter(folder)),
    st.builds(lambda name: where(format=name), st.sampled_from(["jpeg", "PNG", "tif"])),
    st.builds(lambda name: where(camera=name), text_parts | tricky_parts),
    st.builds(lambda name: where(place=name), text_parts),
    st.builds(lambda name: where(album=name), text_parts),
    st.just(where(kind="picture")),
)
weights = st.floats(0.001, 100) | st.integers(1, 100) | st.floats(0, 1e-9, exclude_min=True)


def weighed(term: Term, weight: float) -> Term:
    """Weigh what can be weighed."""
    try:
        return weight * term
    except BadQuery:
        return term


terms = st.recursive(
    pictures | colours | texts | filters,
    lambda inner: st.one_of(
        st.builds(lambda parts: And(tuple(parts)), st.lists(inner, min_size=2, max_size=4)),
        st.builds(lambda parts: Or(tuple(parts)), st.lists(inner, min_size=2, max_size=4)),
        inner.map(lambda term: ~term),
        st.builds(weighed, inner, weights),
    ),
    max_leaves=12,
)
PIECES = """ " ( ) | & - OR AND NOT red 2: 0.5: #42 #x image: ./a ~/b /c [1,2,3,4] @shape colour:red year:1970..1979
    date: width:.. folder:a/b person: : .. 1e9 ~ + \\ """
pieces = st.sampled_from([*PIECES.split(), " ", "\u00a0", "\udc80", "\0", "\n"])
lines = st.text(max_size=40) | st.lists(pieces, max_size=24).map("".join)


def refusal(make: Callable[[], object]) -> str:
    with pytest.raises(BadQuery) as caught:
        make()
    return str(caught.value)


# Line and JSON are inverse to printing


@given(terms)
@example(And((words("red"), words("boat"))))
@example(2 * words("30"))
@example(2 * words('"red boat"'))
@example(~words("30"))
@example(And((Or((words("a"), words("b"))), words("c"), words("OR"))))
@example(image("#42"))
@example(image("a@b"))
@example(image("a[1,2,3,4]"))
@example(image("a\n"))
def test_a_printed_line_reads_back_as_the_same_term(term: Term) -> None:
    assert parse(to_line(term), paths=True) == term
    assert str(term) == to_line(term)


@given(terms)
def test_json_reads_back_as_the_same_term(term: Term) -> None:
    assert from_json(json.loads(json.dumps(to_json(term))), paths=True) == term


def check_line(line: str, paths: bool) -> None:
    with contextlib.suppress(BadQuery):
        term = parse(line, paths=paths)
        assert parse(to_line(term), paths=True) == term


@given(lines, st.booleans())
def test_any_line_is_a_term_or_refused(line: str, paths: bool) -> None:
    check_line(line, paths)


@pytest.mark.soak
@given(lines, st.booleans())
@settings(max_examples=100_000, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_hundred_thousand_lines_are_terms_or_refused(line: str, paths: bool) -> None:
    check_line(line, paths)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["term", "of", "weight", "id", "path", "upload", "box", "text", "rgb", "year"]), inner
        )
        | st.builds(
            lambda tag, rest: {**rest, "term": tag},
            st.sampled_from(["and", "or", "not", "weighted", "image", "colour", "words", "where"]),
            st.dictionaries(st.sampled_from(["of", "weight", "id", "path", "box", "text", "rgb", "year"]), inner),
        )
    ),
    max_leaves=8,
)


@given(json_values)
def test_any_json_is_a_term_or_refused(value: object) -> None:
    with contextlib.suppress(BadQuery):
        assert isinstance(from_json({"version": 1, "query": value}), Term)


@given(st.text())
def test_what_is_quoted_is_unquoted_again(text: str) -> None:
    assert unquoted(quoted(text)[1:-1]) == text


# What a line means

RED, BOAT = words("red"), words("boat")
MEANINGS = [
    ("red boat", words("red boat")),
    ("  red\tboat ", words("red boat")),
    ('"red boat"', Words(("red boat",))),
    ('say "red  boat" twice', Words(("say", "red boat", "twice"))),
    ("(red) boat", RED & BOAT),
    ("red & boat", RED & BOAT),
    ("red AND boat", RED & BOAT),
    ("red|boat", RED | BOAT),
    ("red OR boat", RED | BOAT),
    ("text:boat", words("boat", only="text")),
    ('text:"red boat"', words('"red boat"', only="text")),
    ('shows:( red  "big boat" )', words('red "big boat"', only="look")),
    ("SHOWS:(red) boat", words("red", only="look") & words("boat")),
    ("-text:(a b) 2:shows:c", ~words("a b", only="text") & 2 * words("c", only="look")),
    ("(text:a)", words("a", only="text")),
    ("red boat | #1 #2", words("red boat") | (image(1) & image(2))),
    ("#1 (#2 #3)", And((image(1), image(2), image(3)))),
    ("-red boat", ~RED & BOAT),
    ("NOT red boat", ~RED & BOAT),
    ("-(red boat)", ~words("red boat")),
    ("--red", RED),
    ("2:red boat", 2 * RED & BOAT),
    ("2:(red boat)", 2 * words("red boat")),
    (".5:red", 0.5 * RED),
    ("2.:red", 2 * RED),
    ("-2:red", 2 * ~RED),
    ("2:-3:red", 6 * ~RED),
    ("1:red", RED),
    ("R&B semi-detached don't a.b,c +x 1/2 C++:x", words("R&B semi-detached don't a.b,c +x 1/2 C++:x")),
    ('2:"30"', 2 * words("30")),
    ('"12:30"', words("12:30")),
    ("#007", image(7)),
    ("image:#42", image(42)),
    ("#42@shape", image(42, like="shape")),
    ("#42[40,60,380.5,300]@shape", image(42, box=(40, 60, 380.5, 300), like="shape")),
    ("./a.jpg", image("./a.jpg")),
    ("../a.jpg@shape", image("../a.jpg", like="shape")),
    ("~/a.jpg /b", image("~/a.jpg") & image("/b")),
    ("Image:a.jpg", image("a.jpg")),
    ("image:me@home.jpg", image("me@home.jpg")),
    ("image:a[1].jpg", image("a[1].jpg")),
    ('image:"a (1).jpg"[1,2,3,4]@shape', image("a (1).jpg", box=(1, 2, 3, 4), like="shape")),
    ('image:"#42"', image("#42")),
    (r'image:"C:\a \"b\" \\"', image('C:\\a "b" \\')),
    ("colour:#B03020 color:darkred", colour("#b03020") & colour("darkred")),
    ("year:1970", where(date=("1970-01-01", "1970-12-31"))),
    ("year:..1979", where(year=(None, 1979))),
    ("date:1970-05", where(date=("1970-05-01", "1970-05-31"))),
    ("date:1970..1972-02", where(date=("1970-01-01", "1972-02-29"))),
    ("added:2024-01-02", where(added=date(2024, 1, 2))),
    ("width:1000.. height:..800", where(width=(1000, None), height=(None, 800))),
    ("megapixels:1.5..2", where(megapixels=(1.5, 2))),
    ('camera:Leica place:"Monte Mario"', where(camera="Leica", place="Monte Mario")),
    ("folder:/Holiday//Rome/", where(folder="Holiday/Rome")),
    ("album:a..b", where(album="a..b")),
    ("kind:picture format:JPG", where(kind="picture", format="jpeg")),
]


@pytest.mark.parametrize(("line", "term"), MEANINGS)
def test_a_line_means(line: str, term: Term) -> None:
    assert parse(line, paths=True) == term
    assert parse(to_line(term), paths=True) == term
    assert from_json(to_json(term), paths=True) == term


PRINTED = [
    (RED & BOAT, "red & boat"),
    ((RED | BOAT) & image(1), "(red | boat) #1"),
    (RED & BOAT | image(1), "red & boat | #1"),
    (2 * ~image(1), "2:-#1"),
    (0.5 * (RED | BOAT), "0.5:(red | boat)"),
    (1e-7 * RED, "0.0000001:red"),
    (~(RED & image(1)), "-(red #1)"),
    (words("OR 30 a:b"), '"OR" 30 "a:b"'),
    (where(year=(1970, 1979)), "year:1970..1979"),
    (where(year=(980, None)), "year:980.."),
    (where(date=(None, "1979-12-31")), "year:..1979"),
    (where(date=("1970-01-01", "1979-12-30")), "date:1970-01-01..1979-12-30"),
    (where(date=("1970-01-02", "1979-12-31")), "date:1970-01-02..1979-12-31"),
    (where(date=("1970-01-02", "1970-12-31")), "date:1970-01-02..1970-12-31"),
    (where(date="1970-05-03"), "date:1970-05-03"),
    (where(added="1970"), "added:1970-01-01..1970-12-31"),
    (where(width=0), "width:0"),
    (where(megapixels=(0.5, 2)), "megapixels:0.5..2"),
    (image("a b.jpg", box=(0, 0, 1, 1.5)), 'image:"a b.jpg"[0,0,1,1.5]'),
    (image(PIXELS, like="shape"), "image:<4x5x3>@shape"),
]


@pytest.mark.parametrize(("term", "line"), PRINTED)
def test_a_term_prints_as(term: Term, line: str) -> None:
    assert str(term) == line


REPRESENTED = [
    image("a.jpg", box=(0, 0, 1, 2), like="shape"),
    image(42),
    colour("red"),
    words('red "big boat"'),
    where(year=1970),
    where(folder="a/b"),
    where(width=(None, 100)),
    2 * ~image(42) & (words("a") | colour("#010203")),
]


@pytest.mark.parametrize("term", REPRESENTED, ids=repr)
def test_a_representation_is_the_python_that_makes_it(term: Term) -> None:
    assert eval(repr(term)) == term


def test_an_array_is_represented_by_its_shape() -> None:
    assert repr(image(PIXELS)) == "image(<4x5x3 array>)"


# What is refused

REFUSED = [
    ("", "the query is empty"),
    (" \n ", "the query is empty"),
    ("a person:Ada", "at character 3, there is no term 'person:' yet; known are image:, upload:, colour:, text:"),
    ("text:", "at character 1, text: has no value"),
    ("shows:()", "at character 8, only words and phrases stand here"),
    ("shows:(a", "at character 9, only words and phrases stand here"),
    ("text:(a | b)", "at character 9, only words"),
    ("text:(#1)", "at character 7, only words"),
    ("text:(a)b", "at character 9, something follows without a space"),
    ('text:" "', "at character 1, a phrase has at least one word"),
    ("https://example.org/", "there is no term 'https:' yet"),
    ("at 12:30", "at character 4, '12:' before a digit is a weight or a time"),
    ("16:.9", "'16:' before a digit"),
    ("2: cat", "at character 3, a term is missing"),
    ("a - b", "at character 4, a term is missing"),
    ("a |", "at character 4, a term is missing"),
    ("| a", "at character 1, a term is missing"),
    ("a & & b", "at character 5, a term is missing"),
    ("AND a", "at character 1, a term is missing"),
    ("()", "at character 2, a term is missing"),
    ("NOT", "at character 4, a term is missing"),
    ('a OR"b"', "at character 5, something follows without a space"),
    ('NOT"b"', "at character 4, something follows without a space"),
    ("a(b)", "at character 2, something follows without a space"),
    ("(a)b", "at character 4, something follows without a space"),
    ('"a""b"', "at character 4, something follows without a space"),
    ('image:a"b"', "at character 8, something follows without a space"),
    ('12"', "at character 3, something follows without a space"),
    ('a "b', "at character 3, this quotation mark is not closed"),
    ('album:"b', "at character 7, this quotation mark is not closed"),
    ("a (b", "at character 3, this parenthesis is not closed"),
    ("a) b", "at character 2, this parenthesis closes none"),
    ('""', 'a phrase has at least one word, got ""'),
    ("#b03020", "a colour like colour:#b03020, got '#b03020'"),
    ("#42[1,2,3]", "a picture is like #42"),
    ("#" + "9" * 19, "a picture is a path, an id"),
    ("#" + "9" * 20, "a picture is like #42"),
    ("image:", "a picture is like #42"),
    ('image:"a.jpg".b', "a picture is like #42"),
    ('image:""', "the path of a picture is not empty"),
    ("#42[3,2,1,4]", "a box is"),
    ('album:"a"@b', "nothing follows the quotation of album:, got '@b'"),
    ("year:", "year: has no value"),
    ("year:1970-1979", "year is a year from 1 to 9999, or low and high"),
    ("year:1980..1970", "at character 1, year goes from low to high, got (1980, 1970)"),
    ("year:0", "year is a year from 1 to 9999"),
    ("year:99999999999", "year is a year from 1 to 9999"),
    ("date:1970-13", "date is a date like"),
    ("date:1970-00", "date is a date like"),
    ("date:1970-02-29", "date is a date like"),
    ("date:0000", "date is a date like"),
    ("width:..", "width is a whole number of pixels"),
    ("width:12.5", "width is a whole number of pixels"),
    ("colour:reddish", "a colour is a CSS name"),
    ("2:year:1970", "takes no weight, got 2.0"),
    ("2:-(year:1970 kind:picture)", "takes no weight, got 2.0"),
    ("0:a", "a weight is a number above 0 and at most 100, got 0.0"),
    ("101:a", "a weight is a number above 0"),
    ("50:-3:a", "a weight is a number above 0"),
    ("9" * 400 + ":a", "a weight is a number above 0"),
    ("a\0b", "has no control characters"),
    ("a\udc80b", "is written in UTF-8"),
    ("a" * 4097, "at most 4096 bytes, got 4097"),
    ("a " * 2100, "at most 4096 bytes"),
    ("(" * 33 + "a" + ")" * 33, "at character 33, parentheses nest at most 32 deep"),
    ("-(a (" * 16 + "b | -(c #1)" + "))" * 16, "at most 32 deep"),
    (" ".join(["#1"] * 257), "at character 769, a query has at most 256 terms, got one more"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED, ids=[line[:20] for line, _ in REFUSED])
def test_a_line_is_refused_in_one_sentence(line: str, message: str) -> None:
    said = refusal(lambda: parse(line, paths=True))
    assert message in said
    assert said.isprintable() and ". " not in said


@pytest.mark.parametrize("line", ["image:a.jpg", "./a.jpg", "/etc/passwd", "~/a", 'image:"a b"'])
def test_a_path_is_refused_over_the_network(line: str) -> None:
    assert "on the command line and in Python alone" in refusal(lambda: parse(line))
    asked = to_json(parse(line, paths=True))
    assert "on the command line and in Python alone" in refusal(lambda: from_json(asked))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: image(-1), "a picture is a path, an id"),
        (lambda: image(True), "a picture is a path, an id"),
        (lambda: image(2**63), "a picture is a path, an id"),
        (lambda: image(10**5000), "got a number of thousands of digits"),
        (lambda: image(1.5), "a picture is a path, an id"),  # type: ignore[arg-type]
        (lambda: image(PIXELS[0]), "got an array (5, 3) of uint8"),
        (lambda: image(PIXELS[:0]), "got an array (0, 5, 3) of uint8"),
        (lambda: image(PIXELS[..., :2]), "got an array (4, 5, 2) of uint8"),
        (lambda: image(PIXELS / 255), "got an array (4, 5, 3) of float64"),  # type: ignore[arg-type]
        (lambda: image("a\0"), "has no zero byte"),
        (lambda: image("a\ud800"), "characters or bytes of a file name"),
        (lambda: image("ä" * 2049), "at most 4096 bytes, got 4098"),
        (lambda: image(1, box=(0, 0, 1)), "a box is"),
        (lambda: image(1, box=(0, 0, 0, 1)), "a box is"),
        (lambda: image(1, box=(0, 1, 1, 1)), "a box is"),
        (lambda: image(1, box=(-1, 0, 1, 1)), "a box is"),
        (lambda: image(1, box=(0, -1, 1, 1)), "a box is"),
        (lambda: image(1, box=(0, 0, float("inf"), 1)), "a box is"),
        (lambda: image(1, box=(0, 0, 10**400, 1)), "a box is"),
        (lambda: image(1, box="1234"), "a box is"),  # type: ignore[arg-type]
        (lambda: image(1, like=""), "like is the name of a space"),
        (lambda: image(1, like=3), "like is the name of a space"),  # type: ignore[arg-type]
        (lambda: colour((1, 2)), "a colour is"),
        (lambda: colour((1, 2, 256)), "a colour is"),
        (lambda: colour((1, 2, 3.0)), "a colour is"),  # type: ignore[arg-type]
        (lambda: colour("b32"), "a colour is"),
        (lambda: colour(7), "a colour is"),  # type: ignore[arg-type]
        (lambda: words(""), "a text of words is a text that is not empty, got ''"),
        (lambda: words(" "), "not empty"),
        (lambda: words('a "b'), "the quotation mark at character 3 is not closed"),
        (lambda: words('" "'), "a phrase has at least one word"),
        (lambda: words("a", only="names"), "words are asked of only text or look, or of both, got 'names'"),
        (lambda: words(3), "a text of words is a text, got 3"),  # type: ignore[arg-type]
        (lambda: where(), "at least one condition"),
        (lambda: where(colour="red"), "there is no filter 'colour'; known are added, album, camera"),
        (lambda: where(year=None), "year is a year"),
        (lambda: where(year=True), "year is a year"),
        (lambda: where(year=(1970,)), "year is a year"),
        (lambda: where(year=10000), "year is a year"),
        (lambda: where(date=1970), "date is a date"),
        (lambda: where(megapixels=-1), "megapixels is a number from 0"),
        (lambda: where(megapixels="2"), "megapixels is a number from 0"),
        (lambda: where(megapixels=(2, float("nan"))), "megapixels is a number from 0"),
        (lambda: where(width=2**31), "width is a whole number"),
        (lambda: where(folder="../x"), "a folder is named from below its root"),
        (lambda: where(folder="/"), "a folder is named from below its root"),
        (lambda: where(folder=3), "a folder is named from below its root"),
        (lambda: where(kind="movie"), "kind is one of picture, got 'movie'"),
        (lambda: where(format=1), "format is one of avif"),
        (lambda: where(camera=""), "camera in a filter is a text"),
        (lambda: 0 * image(1), "a weight is"),
        (lambda: True * image(1), "a weight is"),
        (lambda: "2" * image(1), "a weight is"),  # type: ignore[operator]
        (lambda: Weighted(1, image(1)), "a weight other than 1"),
        (lambda: Weighted(2, 2 * image(1)), "a weight other than 1"),
        (lambda: Weighted(2, "a"), "a weight other than 1"),  # type: ignore[arg-type]
        (lambda: Not(~image(1)), "write ~term"),
        (lambda: Not(2 * image(1)), "write ~term"),
        (lambda: Not("a"), "write ~term"),  # type: ignore[arg-type]
        (lambda: And((image(1),)), "And holds at least two terms, got 1"),
        (lambda: And((image(1),) * 257), "at most 256 terms, got 257"),
        (lambda: Or(()), "Or holds at least two terms, got 0"),
        (lambda: Or((image(1), "a")), "Or holds terms, got 'a'"),  # type: ignore[arg-type]
        (lambda: to_line(image(PIXELS)), "a line holds no pixels, got image(<4x5x3 array>)"),
        (lambda: to_json(image(PIXELS)), "JSON holds no pixels, got (4, 5, 3)"),
        (lambda: printed(Term()), "a line holds terms"),
        (lambda: to_json(Term()), "JSON holds terms"),
    ],
)
def test_a_value_is_refused_in_one_sentence(make: Callable[[], object], message: str) -> None:
    said = refusal(make)
    assert message in said
    assert "\n" not in said and ". " not in said


NESTED: Any = {"term": "words", "text": "a"}
for _ in range(5000):
    NESTED = {"term": "not", "of": NESTED}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (None, 'query is an object whose "term" is one of and, or'),
        ({}, 'query is an object whose "term"'),
        ({"term": []}, 'query is an object whose "term"'),
        ({"term": "person"}, 'query is an object whose "term"'),
        ({"term": "words"}, "query: the keys of words are only, text, got []"),
        ({"term": "words", "text": "a", "box": []}, "query: the keys of words are only, text"),
        ({"term": "words", "text": "a", "only": "names"}, "query: words are asked of only text or look, or of both"),
        ({"term": "words", "text": "a", "only": ["text"]}, "of only text or look, or of both, got ['text']"),
        ({"term": "image", "id": 1, 2: 3}, "query: the keys of image are box, id, like, path"),
        ({"term": "image"}, "query: an image has either an id"),
        ({"term": "image", "id": 1, "upload": "0" * 32}, "query: an image has either an id"),
        ({"term": "image", "path": "a", "upload": "0" * 32}, "query: an image has either an id"),
        ({"term": "image", "upload": "../../etc"}, "query: the handle of an upload is 32 hexadecimal digits"),
        ({"term": "image", "id": 1, "path": "a"}, "query: an image has either an id"),
        ({"term": "image", "path": "a", "id": "a"}, "query: an image has either an id"),
        ({"term": "image", "id": "/etc/passwd"}, "query: an image has either an id"),
        ({"term": "image", "id": True}, "query: a picture is"),
        ({"term": "and", "of": "ab"}, "query.of is a list of terms, got 'ab'"),
        ({"term": "or", "of": [{"term": "words", "text": "a"}, 3]}, 'query.of[1] is an object whose "term"'),
        ({"term": "or", "of": []}, "query: Or holds at least two terms"),
        ({"term": "weighted", "weight": "2", "of": {"term": "words", "text": "a"}}, "query: a weight is"),
        ({"term": "where"}, "query: where needs at least one"),
        ({"term": "where", "colour": 3}, "query: the keys of where are added"),
        ({"term": "where", "year": [1970]}, "query: year is"),
        (NESTED, "at most 32 deep, got more at query.of.of"),
    ],
)
def test_json_is_refused_with_the_place(query: object, message: str) -> None:
    assert message in refusal(lambda: from_json({"version": 1, "query": query}))


@pytest.mark.parametrize("value", [None, [], {"query": {}}, {"version": 1}, {"version": 1, "query": {}, "k": 3}])
def test_json_is_refused_without_its_root(value: object) -> None:
    assert 'a query is {"version": 1, "query": {...}} without other keys' in refusal(lambda: from_json(value))


def test_json_of_another_version_is_refused() -> None:
    assert "reads queries of version 1, got 2" in refusal(lambda: from_json({"version": 2, "query": {}}))


def test_json_in_another_form_becomes_canonical() -> None:
    one, two, three = ({"term": "image", "id": number} for number in (1, 2, 3))
    double = {"term": "not", "of": {"term": "not", "of": {"term": "weighted", "weight": 1, "of": three}}}
    query = {"term": "and", "of": [one, {"term": "and", "of": [two, double]}]}
    assert from_json({"version": 1, "query": query}) == And((image(1), image(2), image(3)))


@pytest.mark.parametrize(
    "piece", ["(", "-", "2:-", '"a" ', "#1 ", '"\\\\', "image:[", "image:@a", "@a", "9", " ", "NOT ", "a|", "a:", "[1,"]
)
def test_an_enormous_line_is_refused(piece: str) -> None:
    assert refusal(lambda: parse(100_000 * piece, paths=True))
    assert refusal(lambda: parse("image:" + 100_000 * piece, paths=True))


# Values and operators


def test_groups_of_one_kind_merge_in_order() -> None:
    a, b, c, d = map(image, range(4))
    assert (a & b) & (c & d) == And((a, b, c, d))
    assert a | (b | c) == Or((a, b, c))
    assert (a | b) & c == And((Or((a, b)), c))


def test_signs_and_weights_have_one_order() -> None:
    a = image(1)
    assert ~~a == a
    assert ~(2 * a) == 2 * ~a == Weighted(2, Not(a))
    assert ~(2 * ~a) == 2 * a
    assert 2 * (3 * a) == a * 6
    assert 2 * (0.5 * a) == 1 * a == a


def test_a_number_of_numpy_is_a_weight() -> None:
    assert np.float32(2) * image(1) == np.int64(2) * image(1) == image(1) * np.float64(2) == 2 * image(1)


@pytest.mark.parametrize("combine", [lambda a: a & 3, lambda a: a | "b", lambda a: 3 & a])
def test_terms_combine_with_terms_alone(combine: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError):
        combine(image(1))


def test_a_tree_has_at_most_256_terms_and_32_levels() -> None:
    assert len(list(leaves(And(tuple(image(1) for _ in range(256)))))) == 256
    term: Term = image(0)
    for number in range(32):
        term = (term | image(number)) if number % 2 else (term & image(number))
    assert parse(to_line(term)) == from_json(to_json(term)) == term
    assert "nests at most 32 deep, got 33" in refusal(lambda: ~term)


def test_leaves_come_in_order() -> None:
    term = 2 * ~(image(1) | colour("red")) & words("a")
    assert list(leaves(term)) == [image(1), colour("red"), words("a")]


def test_pictures_of_equal_pixels_are_equal_and_others_are_not() -> None:
    assert image(PIXELS) == image(PIXELS.copy())
    assert len({image(PIXELS), image(PIXELS.copy()), image(1), image("1"), image(1, like="shape"), image(1)}) == 4
    assert image(PIXELS) != image(255 - PIXELS)
    assert image(np.zeros((2, 3, 3), np.uint8)) != image(np.zeros((3, 2, 3), np.uint8))
    assert image(1) != 1


def test_a_term_does_not_change_with_the_array_it_was_made_of() -> None:
    pixels = PIXELS.copy()
    term = image(pixels)
    pixels[:] = 0
    assert term == image(PIXELS)
    assert isinstance(term.source, np.ndarray) and not term.source.flags.writeable


def test_sources_are_an_id_or_a_path_as_it_was_written() -> None:
    assert image(np.int64(42)).source == 42
    assert image(PurePosixPath("~/a.jpg")).source == "~/a.jpg"
    assert image(os.fsdecode(b"\xff.jpg")).source == "\udcff.jpg"


def test_boxes_and_colours_may_be_lists_and_arrays() -> None:
    assert image(1, box=np.array([0, 1, 2, 3])).box == image(1, box=[0, 1, 2, 3]).box == (0, 1, 2, 3)  # type: ignore[arg-type]
    assert colour(PIXELS[0, 0]) == colour(PIXELS[0, 0].tolist())  # type: ignore[arg-type]
    assert str(image(1, box=(-0.0, 0, 1, 1))) == "#1[0,0,1,1]"


@pytest.mark.parametrize("written", ["#b03020", "b03020", " #B03020 ", (176, 48, 32), [176, 48, 32]])
def test_a_colour_can_be_written_as(written: Any) -> None:
    assert colour(written) == Colour((176, 48, 32))
    assert colour(written).hex == "#b03020"


@pytest.mark.parametrize(
    ("name", "digits"),
    [
        ("red", "#ff0000"),
        ("Dark Red", "#8b0000"),
        ("rebeccapurple", "#663399"),
        ("grey", "#808080"),
        ("#b32", "#bb3322"),
    ],
)
def test_a_colour_has_the_name_of_css(name: str, digits: str) -> None:
    assert colour(name).hex == digits


def test_words_are_single_words_and_phrases() -> None:
    term = words(' a  "b  c" d"e" OR (f "\\"" "C:\\x" ')
    assert term.parts == ("a", "b c", "d", "e", "OR", "(f", '"', "C:\\x")
    assert words(term.text) == term
    assert words('a\n"b\tc"') == Words(("a", "b c"))


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("1970", date(1970, 1, 1), date(1970, 12, 31)),
        ("1972-02", date(1972, 2, 1), date(1972, 2, 29)),
        ("9999-12", date(9999, 12, 1), date(9999, 12, 31)),
        (datetime(1970, 5, 31, 12, 30), date(1970, 5, 31), date(1970, 5, 31)),
        (["1970", "1971-02"], date(1970, 1, 1), date(1971, 2, 28)),
        (("1970-03", None), date(1970, 3, 1), None),
        ((None, date(1970, 3, 1)), None, date(1970, 3, 1)),
    ],
)
def test_a_date_stands_for_all_of_its_days(written: object, low: date | None, high: date | None) -> None:
    assert where(date=written) == Where("date", Range(low, high))


@pytest.mark.parametrize(
    ("condition", "field", "value"),
    [
        ({"year": 1970}, "date", Range(date(1970, 1, 1), date(1970, 12, 31))),
        ({"width": 100}, "width", Range(100, 100)),
        ({"height": (None, 100)}, "height", Range(None, 100)),
        ({"megapixels": (2, None)}, "megapixels", Range(2.0, None)),
        ({"folder": "./a//b c/"}, "folder", "a/b c"),
        ({"format": "HEIF "}, "format", "heic"),
        ({"camera": " Leica "}, "camera", "Leica"),
        ({"folder": "Rome/Cafe\u0301"}, "folder", "Rome/Caf\u00e9"),
        ({"album": "Cafe\u0301"}, "album", "Caf\u00e9"),
    ],
)
def test_a_filter_has_a_field_and_a_value(condition: dict[str, object], field: str, value: Range | str) -> None:
    assert where(**condition) == Where(field, value)


def test_several_conditions_must_all_hold() -> None:
    assert where(year=1970, kind="picture") == where(year=1970) & where(kind="picture")


@given(terms)
def test_terms_can_be_hashed_and_pickled(term: Term) -> None:
    again = pickle.loads(pickle.dumps(term))
    assert again == term and hash(again) == hash(term)


def test_importing_and_reading_a_query_needs_no_numpy_and_no_pillow() -> None:
    code = "import sys; from lookalike.query import parse; parse('red #42 year:1970'); print(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"numpy", "PIL"} & set(output.split())


# The guide says what the program does


def table(heading: str) -> list[tuple[str, str]]:
    """The rows of the guide's tables of two columns of code, under a head of which the right half is `heading`."""
    guide = GUIDE.read_text(encoding="utf-8")
    rows = [row for part in guide.split(f"| {heading} |\n")[1:] for row in part.split("\n\n")[0].splitlines()[1:]]
    cells = [re.fullmatch(r"\| `(.*)` \| `(.*)` \|", row) for row in rows]
    return [(cell[1].replace("\\|", "|"), cell[2].replace("\\|", "|")) for cell in cells if cell]


@pytest.mark.parametrize(("line", "python"), table("in Python"))
def test_a_line_of_the_guide_is_its_python(line: str, python: str) -> None:
    assert parse(line, paths=True) == eval(python)


@pytest.mark.parametrize(("line", "again"), table("prints as"))
def test_a_line_of_the_guide_prints_as_it_says(line: str, again: str) -> None:
    assert str(parse(line)) == again


def test_the_tables_of_the_guide_are_read_whole() -> None:
    n_rows = sum(row.startswith("| `") for row in GUIDE.read_text(encoding="utf-8").splitlines())
    assert len(table("in Python")) + len(table("prints as")) == n_rows == 39


def test_the_json_of_the_guide_is_its_line() -> None:
    guide = GUIDE.read_text(encoding="utf-8")
    line = re.search(r"The line `(.*)` is\n", guide)
    block = re.search(r"```json\n(.*?)```", guide, re.DOTALL)
    assert line and block
    assert to_json(parse(line[1])) == json.loads(block[1])


def test_the_guide_names_every_term() -> None:
    lines = " ".join(line for line, _ in table("in Python"))
    known = re.search(r"known are (.*); quote", refusal(lambda: parse("person:Ada")))
    assert known
    assert all(name in lines for name in known[1].split(", "))
