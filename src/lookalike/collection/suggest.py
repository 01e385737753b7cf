"""What can be asked of a collection: its years, cameras, places, folders and albums, and how a word may go on."""

import os
import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import Any
from unicodedata import normalize

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection.albums import read_albums
from lookalike.collection.filters import TEXTS_INDEX
from lookalike.collection.store import Store
from lookalike.errors import BadQuery
from lookalike.query import Term, colour, to_line, where, words

MOST_VALUES = 100
"""Of one facet."""

MOST_TEXTS = 500
"""Names and descriptions in which words are looked for."""

WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Value:
    """One value that pictures can be filtered by: how many have it, and the term that asks for it."""

    value: str
    n: int
    line: str


@dataclass(frozen=True)
class Facets:
    """The values to filter by: years descending, albums and folders by name, others the most frequent first."""

    years: tuple[Value, ...]
    formats: tuple[Value, ...]
    cameras: tuple[Value, ...]
    places: tuple[Value, ...]
    folders: tuple[Value, ...]
    albums: tuple[Value, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the values as JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class Suggestion:
    """How what somebody types may go on.

    Attributes
    ----------
    group : str
        "album", "date", "camera", "place", "folder", "format", "colour" or "word".
    text : str
        What people read.
    line : str
        The term that it stands for, in the one-line syntax.
    n : int or None
        How many pictures have it; None where that is not known.
    """

    group: str
    text: str
    line: str
    n: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the suggestion as JSON values."""
        return asdict(self)


def facets(store: Store) -> Facets:
    """Return the values that the pictures which are present can be filtered by."""
    c = t.items.c
    year = sa.func.substr(c.taken_at, 1, 4)
    with translated(), store.engine.connect() as connection:
        years = _values(connection, year, lambda value: where(year=int(value)))
        return Facets(
            years=tuple(sorted(years, key=lambda value: value.value, reverse=True)),
            formats=_values(connection, c.format, lambda value: where(format=value)),
            cameras=_values(connection, c.camera, lambda value: where(camera=value)),
            places=_values(connection, c.place, lambda value: where(place=value)),
            folders=tuple(_folders(connection)),
            albums=tuple(_albums(connection)),
        )


def _values(connection: Connection, column: sa.ColumnElement[Any], term: Callable[[str], Term]) -> tuple[Value, ...]:
    n = sa.func.count().label("n")
    query = sa.select(column.label("value"), n).where(t.items.c.is_missing.is_(False), column.is_not(None))
    rows = connection.execute(query.group_by(column).order_by(n.desc(), column).limit(MOST_VALUES))
    return tuple(value for row in rows if (value := _value(row.value, row.n, term)) is not None)


def _value(value: str, n: int, term: Callable[[str], Term]) -> Value | None:
    """Return a value with its term; None for what no filter takes, such as a year 0000."""
    try:
        return Value(value, n, to_line(term(value)))
    except (BadQuery, ValueError):
        return None


def _folders(connection: Connection) -> Iterator[Value]:
    """Yield the folders directly below the roots, and the roots themselves."""
    c = t.files.c
    end = sa.func.instr(c.path, sa.literal(b"/", sa.LargeBinary))
    first = sa.func.substr(c.path, 1, end - 1)
    n = sa.func.count(sa.distinct(c.item_id)).label("n")
    query = sa.select(t.roots.c.path.label("root"), sa.case((end > 0, first)).label("folder"), n).join(t.roots)
    rows = connection.execute(
        query.where(c.is_missing.is_(False), c.item_id.is_not(None)).group_by(c.root_id, sa.text("folder"))
    )
    found: dict[str, int] = {}
    for row in rows:
        root = normalize("NFC", Path(os.fsdecode(row.root)).name)
        for name in {root, f"{root}/{normalize('NFC', os.fsdecode(row.folder))}" if row.folder else root}:
            found[name] = found.get(name, 0) + row.n
    for name, n_items in sorted(found.items())[:MOST_VALUES]:
        if value := _value(name, n_items, lambda folder: where(folder=folder)):
            yield value


def _albums(connection: Connection) -> Iterator[Value]:
    for album in read_albums(connection):
        if value := _value(album.name, album.n_items, lambda name: where(album=name)):
            yield value


GROUPS = {
    "album": "albums",
    "date": "years",
    "camera": "cameras",
    "place": "places",
    "folder": "folders",
    "format": "formats",
}


def complete(store: Store, known: Facets, seen: Sequence[str], text: str, k: int) -> list[Suggestion]:
    """Return how a word, or `field:` and the beginning of its value, may go on: from each group something.

    Parameters
    ----------
    seen : sequence of str
        Words that what describes pictures knows, sorted.

    Raises
    ------
    BadQuery
        If `k` is not from 1 to 50.
    """
    if not 1 <= k <= 50:
        raise BadQuery(f"k is from 1 to 50, got {k}")
    field, colon, rest = text.strip().rpartition(":")
    wanted = _folded((rest if colon else text).strip().strip('"'))
    field = {"year": "date", "color": "colour"}.get(field.lower(), field.lower())
    if not wanted and not colon:
        return []
    groups: list[Iterator[Suggestion]] = [
        _of_facet(name, getattr(known, plural), wanted) for name, plural in GROUPS.items() if not colon or field == name
    ]
    if not colon or field == "colour":
        groups.append(_colours(wanted))
    if not colon:
        groups += [_words(store, wanted), _seen(seen, wanted)]
    found = [list(islice(group, k)) for group in groups]
    by_turns = [group[n] for n in range(k) for group in found if n < len(group)]
    chosen = set(by_turns[:k])
    return [suggestion for group in found for suggestion in group if suggestion in chosen]


def _folded(text: str) -> str:
    """Return a text without what is not compared: its case, and how its accents are written."""
    return normalize("NFC", normalize("NFC", text).casefold())


def _of_facet(group: str, values: tuple[Value, ...], wanted: str) -> Iterator[Suggestion]:
    """Yield the values that begin so, and then those of which a later word does."""
    begin = [value for value in values if _folded(value.value).startswith(wanted)]
    within = [value for value in values if f" {wanted}" in _folded(value.value) and value not in begin]
    for value in [*begin, *within]:
        yield Suggestion(group, value.value, value.line, value.n)


def _colours(wanted: str) -> Iterator[Suggestion]:
    from PIL import ImageColor

    for name in sorted(ImageColor.colormap):
        if name.startswith(wanted):
            yield Suggestion("colour", name, to_line(colour(name)), None)


def _seen(known: Sequence[str], wanted: str) -> Iterator[Suggestion]:
    """Yield the words for what pictures show that begin so, the shortest first."""
    place = bisect_left(known, wanted)
    begun = takewhile(lambda word: word.startswith(wanted), islice(known, place, None))
    for word in sorted(begun, key=lambda word: (len(word), word)):
        yield Suggestion("shows", word, to_line(words(word, only="look")), None)


def _words(store: Store, wanted: str) -> Iterator[Suggestion]:
    """Yield words that stand in names and metadata and begin so, the most frequent of what is looked at first.

    The index knows only the stems of words, so it finds the texts and the words are read there.
    """
    if WORD.fullmatch(wanted) is None:
        return
    found = (
        sa.select(TEXTS_INDEX.c.rowid).where(TEXTS_INDEX.c.texts_index.op("MATCH")(f'"{wanted}"*')).limit(MOST_TEXTS)
    )
    with translated(), store.engine.connect() as connection:
        texts = connection.scalars(sa.select(t.texts.c.text).where(t.texts.c.id.in_(found))).all()
    written = (word for text in texts for word in WORD.findall(_folded(text)))
    times = Counter(word for word in written if word.startswith(wanted))
    for word in sorted(times, key=lambda word: (-times[word], word)):
        yield Suggestion("word", word, to_line(words(word)), None)
