"""Queries, garbage, and what lies between, in every form and place that the interface takes them."""

from typing import Any

from hypothesis import strategies as st

from lookalike.query.filters import FIELDS
from tests.api.places import Sent, in_url

SOUND = ["#1", "#2@shape", "red", "boat", "-rome", "2:#1", "colour:red", "year:1970..", "camera:box", "format:jpeg"]
GARBAGE = """
| OR AND NOT & - -- ( ) " : 2: 0: 1e9: #0 #99999999999999999999 #1[0,0,9,9]@colour colour:rgb(1,2,3) colour:
upload:0123456789abcdef0123456789abcdef upload: image: image:/etc/passwd /dev/zero ~root ./ year:.. year:9999..
date:2020-13 width:1e9 megapixels:0..1e308 folder:a/../b camera:% camera:_ place:\\ album:' format:png; * "*" red* ^red
NEAR(a,5) text:red {a}:c \0 \x1b[2J \u202e \ud800 \ufb01 \u0130 \u0301 \U0001f98a ((((((((((((((((((((((((((((((((((((#1
"""
LONG = {
    "word": "x" * 20_000,
    "terms": "#1 " * 6000,
    "names": " ".join(f'"w{n} w{n}"' for n in range(256)),
    "ranks": " | ".join(f"#1@shape colour:#{n:06x}" for n in range(127)),
    "folders": " | ".join(f"folder:f{n}" for n in range(256)),
    "minuses": "-" * 4000 + "#1",
    "nested": "(" * 32 + "#1" + ")" * 32,
}
fields = st.sampled_from([*FIELDS, "image", "colour", "words", "x", ""])


@st.composite
def some_pieces(draw: st.DrawFn) -> str:
    """Draw a part of a query, or garbage."""
    kind = draw(st.integers(0, 5))
    match kind:
        case 0:
            return draw(st.text(max_size=20))
        case 1:
            return f"{draw(fields)}:{draw(st.text(max_size=12))}"
        case 2:
            return f"{draw(fields)}:{draw(st.integers(-5, 10**12))}..{draw(st.integers(-5, 10**12))}"
        case 3:
            return f"{draw(st.floats(0, 1e6)):g}:{draw(st.sampled_from(['#1', 'colour:red', '(#1 | #3)', '-#2']))}"
    return draw(st.sampled_from(SOUND + GARBAGE.split()))


@st.composite
def some_lines(draw: st.DrawFn) -> str:
    """Draw a query that can be answered, or garbage, and now and then something very long."""
    kind = draw(st.integers(0, 19))
    if kind == 19:
        return LONG[draw(st.sampled_from(sorted(LONG)))]
    if kind > 9:
        return " ".join(["#4", *draw(st.lists(st.sampled_from(SOUND), max_size=6))])
    return " ".join(draw(st.lists(some_pieces(), max_size=10)))


pieces, lines = some_pieces(), some_lines()
odd = st.sampled_from([0, 1000, 1001, -1, 10**6, 2**63, 10**30, "", "x", "1e3"])
numbers = st.one_of(st.none(), st.integers(1, 50), odd, st.integers())
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20), lines)
leaves = st.one_of(
    scalars,
    st.builds(lambda identity, like: {"term": "image", "id": identity, "like": like}, scalars, scalars),
    st.builds(lambda text: {"term": "words", "text": text}, scalars),
    st.builds(lambda rgb: {"term": "colour", "rgb": rgb}, scalars),
    st.builds(
        lambda field, value: {"term": "where", field: value}, fields, st.one_of(scalars, st.lists(scalars, max_size=3))
    ),
)
trees = st.recursive(
    leaves,
    lambda of: st.one_of(
        st.builds(lambda term, of: {"term": term, "of": of}, st.sampled_from(["and", "or"]), st.lists(of, max_size=4)),
        st.builds(lambda of: {"term": "not", "of": of}, of),
        st.builds(lambda weight, of: {"term": "weighted", "weight": weight, "of": of}, scalars, of),
    ),
    max_leaves=12,
)


def asking(path: str, **parameters: st.SearchStrategy[Any]) -> st.SearchStrategy[Sent]:
    """Return requests with a query in the address; what is None is left out."""

    def made(values: dict[str, Any]) -> Sent:
        pairs = [f"{key}=".encode() + in_url(str(value)) for key, value in values.items() if value is not None]
        return Sent("GET", path.encode() + b"?" + b"&".join(pairs))

    return st.fixed_dictionaries(parameters).map(made)


def telling(path: str, **parameters: st.SearchStrategy[Any]) -> st.SearchStrategy[Sent]:
    """Return requests with JSON; a lone surrogate is written as an escape."""
    return st.fixed_dictionaries(parameters).map(lambda body: Sent("POST", path.encode(), body))


queries = st.one_of(
    asking("/v1/search", q=lines, k=numbers, start=numbers, cutoff=st.one_of(numbers, st.floats().map(str))),
    asking("/v1/search", q=lines),
    asking("/v1/counts", q=lines),
    asking("/v1/complete", text=st.one_of(pieces, lines), k=numbers),
    asking(
        "/v1/gallery",
        order=st.sampled_from([None, "taken", "added", "album", "x"]),
        album=numbers,
        q=st.one_of(st.none(), lines),
        after=st.one_of(st.none(), st.text(max_size=40)),
        limit=numbers,
    ),
    telling("/v1/query", line=lines),
    telling("/v1/query", query=st.fixed_dictionaries({"version": st.sampled_from([1, 1, 1, 2, "1"]), "query": trees})),
    telling("/v1/query", line=scalars, query=scalars),
    telling("/v1/export", format=st.sampled_from(["csv", "jsonl", "x"]), query=lines, k=numbers),
    telling("/v1/export", format=st.just("jsonl"), items=st.lists(numbers, max_size=5)),
)
