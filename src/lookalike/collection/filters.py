"""Filters as conditions on the catalogue: what is known, and words in names and metadata."""

import unicodedata
from collections.abc import Callable, Container, Sequence
from datetime import date, timedelta
from functools import reduce
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.collection.batches import rows_among
from lookalike.errors import BadQuery
from lookalike.query import And, Not, Or, Range, Term, Weighted, Where, Words, leaves

Condition = sa.ColumnElement[bool]

MOST_WORDS = 256
"""In one query: each is a condition, and SQLite nests them at most 1,000 deep."""

TEXTS_INDEX = sa.table("texts_index", sa.column("rowid"), sa.column("texts_index"))


def is_filter(term: Term, looks: Container[Term] = ()) -> bool:
    """Return whether a term, or all of it, is met or not met: words are, unless they have a look."""
    return all(is_told(leaf) and leaf not in looks for leaf in leaves(term))


def is_told(leaf: Term) -> bool:
    """Return whether what is known of a picture answers a term with certainty, whether or not it also has a look."""
    return isinstance(leaf, Where) or (isinstance(leaf, Words) and leaf.only != "look")


def split(query: Term, looks: Container[Term] = ()) -> tuple[Term | None, Term | None]:
    """Return the part of a query that filters before ranking, and the part that ranks.

    Parameters
    ----------
    looks : container of Term
        The terms that have a look.

    Raises
    ------
    BadQuery
        If it has more words than the catalogue takes in one statement.
    """
    n_words = sum(len(leaf.parts) for leaf in leaves(query) if isinstance(leaf, Words))
    if n_words > MOST_WORDS:
        raise BadQuery(f"a query has at most {MOST_WORDS} words, got {n_words}; ask in several queries")
    children = query.children if isinstance(query, And) else (query,)
    filters = [child for child in children if is_filter(child, looks)]
    others = [child for child in children if not is_filter(child, looks)]
    return _all_of(filters), _all_of(others)


def _all_of(terms: Sequence[Term]) -> Term | None:
    return reduce(lambda a, b: a & b, terms) if terms else None


def condition_of(term: Term) -> Condition:
    """Return the condition on items that a filter stands for."""
    match term:
        case And(children):
            return sa.and_(*map(condition_of, children))
        case Or(children):
            return sa.or_(*map(condition_of, children))
        case Not(child):
            # A picture without a date was not taken in 1970 either: unknown counts as not met.
            return sa.not_(sa.func.coalesce(condition_of(child), sa.false()))
        case Weighted(_, child):  # what is met or not met weighs nothing
            return condition_of(child)
        case Words(parts):
            # What has no letter or digit, like a dash between words, is in no index and would be met by nothing.
            indexed = [part for part in parts if any(map(_is_indexed, part))]
            return sa.and_(*(_holds_words(part) for part in indexed or parts))
        case Where(field, value):
            return CONDITIONS[field](value)
    raise AssertionError(f"{term!r} is no filter")


def _match(words: str) -> sa.ColumnElement[bool]:
    """Return the full-text condition that words follow each other; quoted, so that no character is an operator."""
    return TEXTS_INDEX.c.texts_index.op("MATCH")(_quoted(words))


def _quoted(words: str) -> str:
    return '"' + words.replace('"', '""') + '"'


def _is_indexed(character: str) -> bool:
    """Return whether a character makes a word for SQLite's `unicode61`: letters, digits, and those of private use."""
    category = unicodedata.category(character)
    return category[0] in "LN" or category == "Co"


def _holds_words(words: str) -> Condition:
    found = sa.select(TEXTS_INDEX.c.rowid).where(_match(words))
    return t.items.c.id.in_(sa.select(t.texts.c.item_id).where(t.texts.c.id.in_(found)))


def _in_range(column: sa.ColumnElement[Any]) -> Callable[[Range | str], Condition]:
    def condition(value: Range | str) -> Condition:
        assert isinstance(value, Range)
        low = [] if value.low is None else [column >= value.low]
        high = [] if value.high is None else [column <= value.high]
        return sa.and_(*low, *high)

    return condition


def _in_days(column: sa.ColumnElement[str | None]) -> Callable[[Range | str], Condition]:
    def condition(value: Range | str) -> Condition:
        assert isinstance(value, Range)
        low = [] if value.low is None else [column >= _day(value.low)]
        high = [] if value.high is None else [column < _day(value.high, 1)]
        return sa.and_(column.is_not(None), *low, *high)

    return condition


def _day(value: object, later: int = 0) -> str:
    assert isinstance(value, date)
    try:
        return (value + timedelta(days=later)).isoformat()
    except OverflowError:  # the last day there is
        return "9999-12-32"


def _contains(column: sa.ColumnElement[str | None]) -> Callable[[Range | str], Condition]:
    return lambda value: column.icontains(str(value), autoescape=True)


def _in_folder(value: Range | str) -> Condition:
    """Return that some file lies below a folder of this name, or of this path's end, or of this absolute path."""
    part = b"/" + str(value).encode(errors="surrogateescape").strip(b"/") + b"/"
    path = t.roots.c.path.op("||")(sa.literal(b"/")).op("||")(t.files.c.path)
    is_below = sa.func.instr(sa.func.composed(sa.cast(path, sa.LargeBinary)), sa.literal(part)) > 0
    query = sa.select(t.files.c.item_id).join(t.roots).where(is_below, t.files.c.is_missing.is_(False))
    return t.items.c.id.in_(query.where(t.files.c.item_id.is_not(None)))


def _in_album(value: Range | str) -> Condition:
    query = sa.select(t.album_items.c.item_id).join(t.albums).where(sa.func.composed(t.albums.c.name) == str(value))
    return t.items.c.id.in_(query)


CONDITIONS = {
    "date": _in_days(t.items.c.taken_at),
    "added": _in_days(t.items.c.added_at),
    "width": _in_range(t.items.c.width),
    "height": _in_range(t.items.c.height),
    "megapixels": _in_range(sa.cast(t.items.c.width * t.items.c.height, sa.Float) / 1e6),
    "camera": _contains(t.items.c.camera),
    "place": _contains(t.items.c.place),
    "kind": lambda value: t.items.c.kind == str(value),
    "format": lambda value: sa.func.lower(t.items.c.format) == {"heic": "heif"}.get(str(value), str(value)),
    "folder": _in_folder,
    "album": _in_album,
}


def items_where(
    connection: Connection, condition: Condition | None, *, n_most: int, best_words: Term | None = None
) -> NDArray[np.int64]:
    """Return the items that are present and fulfil a condition.

    Parameters
    ----------
    best_words : Term or None
        A query whose words order the items, those with the rarest words first; otherwise the newest come first.
    """
    query = sa.select(t.items.c.id).where(t.items.c.is_missing.is_(False)).limit(n_most)
    if condition is not None:
        query = query.where(condition)
    wanted = (
        [part for leaf in leaves(best_words) if isinstance(leaf, Words) for part in leaf.parts] if best_words else []
    )
    if wanted:
        match = TEXTS_INDEX.c.texts_index.op("MATCH")(" OR ".join(map(_quoted, wanted)))
        found = sa.select(TEXTS_INDEX.c.rowid, sa.literal_column("rank").label("rank")).select_from(TEXTS_INDEX)
        ranks = found.where(match).subquery()
        best = sa.select(t.texts.c.item_id, sa.func.min(ranks.c.rank).label("rank"))
        best_of = best.join(ranks, ranks.c.rowid == t.texts.c.id).group_by(t.texts.c.item_id).subquery()
        query = query.outerjoin(best_of, best_of.c.item_id == t.items.c.id)
        query = query.order_by(best_of.c.rank.is_(None), best_of.c.rank, t.items.c.id)
    else:
        newest = sa.func.coalesce(t.items.c.taken_at, t.items.c.added_at).desc()
        query = query.order_by(newest, t.items.c.id)
    return np.fromiter(connection.scalars(query), dtype=np.int64)


def count_where(connection: Connection, condition: Condition | None) -> int:
    """Return how many items are present and fulfil a condition."""
    query = sa.select(sa.func.count()).select_from(t.items).where(t.items.c.is_missing.is_(False))
    return connection.scalar(query if condition is None else query.where(condition)) or 0


def items_among(connection: Connection, condition: Condition, items: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of the items (n,) fulfil a condition."""
    query = sa.select(t.items.c.id).where(condition)
    found = {row.id for row in rows_among(connection, query, t.items.c.id, items.tolist())}
    return np.array([item_id in found for item_id in items.tolist()], dtype=np.bool_)


def matching_text(connection: Connection, words: Words, ids: Sequence[int]) -> dict[int, str]:
    """Return for each item where its words stand, as "name: red-boat.jpg"; items without them are left out."""
    found: dict[int, dict[str, None]] = {}
    for part in words.parts:
        rows = sa.select(TEXTS_INDEX.c.rowid).where(_match(part))
        c = t.texts.c
        query = sa.select(c.item_id, c.source, c.text).where(c.id.in_(rows)).order_by(c.id)
        for row in rows_among(connection, query, c.item_id, ids):
            found.setdefault(row.item_id, {})[f"{row.source}: {row.text[:120]}"] = None
    return {item_id: "; ".join(texts) for item_id, texts in found.items()}
