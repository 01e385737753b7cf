"""A space that was pushed to a search engine: where it is there, what it knows of each row, and what it proposes."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.codes.coder import Coder
from lookalike.collection.batches import PORTION, batches, rows_among
from lookalike.collection.indexes import bit_order, query_codes
from lookalike.collection.items import Item, read_items
from lookalike.errors import BadQuery
from lookalike.index.code_segment import ordered
from lookalike.index.elastic.code_index import LARGEST_K, TEXTS, CodeIndex
from lookalike.index.elastic.engine import Engine, Patience
from lookalike.index.exact import ExactIndex
from lookalike.index.reranked import Propose
from lookalike.query import And, Not, Or, Range, Term, Where
from lookalike.settings import Settings

RECORD = "engine.json"
"""In a generation's folder: where it was pushed to."""

MOST_IDS = 65_536
"""Ids that an engine takes in one condition."""

KEYWORD = {"type": "keyword", "ignore_above": 8191}
FIELDS: Mapping[str, Mapping[str, Any]] = {
    "item": {"type": "long"},
    **dict.fromkeys(("kind", "format", "camera", "place", "date", "added", "folders", "albums"), KEYWORD),
    "width": {"type": "integer"},
    "height": {"type": "integer"},
    "megapixels": {"type": "double"},
}
"""What the engine knows of each row beside its code and its texts. Dates are days, cameras and places in lower case."""

LASTING = ("kind", "format", "camera", "place", "date", "added", "width", "height", "megapixels")
"""Fields that nobody changes while a content stays: conditions on others are not left to what was pushed."""


@dataclass(frozen=True)
class Pushed:
    """Where a generation of a space is in an engine.

    Attributes
    ----------
    index : str
        The alias that stands for what was pushed last.
    key : str
        Noted in the engine too, so that no other collection is taken for this one.
    coder : str
        The version of what made the codes there; empty before the first push was complete.
    n_rows : int
        Rows that a complete push has seen.
    """

    index: str
    key: str
    coder: str = ""
    n_rows: int = 0

    def save(self, folder: Path) -> None:
        """Note it in the generation's folder, in one step."""
        part = folder / f"{RECORD}.part"
        part.write_text(json.dumps(asdict(self)))
        part.replace(folder / RECORD)


def pushed(folder: Path) -> Pushed | None:
    """Return where the generation in a folder was pushed to; None if it was not, or nobody can tell any more."""
    try:
        return Pushed(**json.loads((folder / RECORD).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def engine_of(settings: Settings, url: str, *, seconds: float = 30.0, patience: Patience | None = None) -> Engine:
    """Return the engine at a URL, with the rights that the settings give."""
    password, api_key = (
        None if secret is None else secret.get_secret_value()
        for secret in (settings.engine_password, settings.engine_api_key)
    )
    return Engine(
        url,
        user=settings.engine_user,
        password=password,
        api_key=api_key,
        ca=settings.engine_ca,
        seconds=seconds,
        patience=patience,
    )


def engine_url(settings: Settings) -> str:
    """Return the URL of the engine that is set; raises `BadQuery` if none is."""
    if settings.engine is None:
        raise BadQuery("no search engine is set; give its URL, as an argument of `push` or as LOOKALIKE_ENGINE")
    return settings.engine


def searched_engine(settings: Settings, url: str) -> Engine:
    """Return the engine to be asked while somebody waits for the answer."""
    return engine_of(settings, url, seconds=settings.query_seconds, patience=Patience(n_attempts=2, most_seconds=0.5))


def values_of(connection: Connection, items: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return what an engine is told about items, by id."""
    c = t.texts.c
    texts: dict[int, list[str]] = {}
    for row in rows_among(connection, sa.select(c.item_id, c.text).order_by(c.id), c.item_id, items):
        texts.setdefault(row.item_id, []).append(_clean(row.text))
    return {
        item.id: _values(item) | {TEXTS: texts.get(item.id, [])}
        for portion in batches(iter(items), PORTION)
        for item in read_items(connection, portion)
    }


def _values(item: Item) -> dict[str, Any]:
    known = {
        "item": item.id,
        "kind": item.kind,
        "format": item.format.lower(),
        "camera": _lowered(item.camera),
        "place": _lowered(item.place),
        "date": None if item.taken_at is None else item.taken_at[:10],
        "added": item.added_at[:10],
        "width": item.width,
        "height": item.height,
        "megapixels": item.width * item.height / 1e6,
        "folders": sorted({_clean(str(path.parent)) for path in item.paths}),
        "albums": sorted(_clean(name) for name in item.albums),
    }
    return {name: value for name, value in known.items() if value is not None}


def _lowered(text: str | None) -> str | None:
    """Return a text with the letters A to Z small, as the catalogue compares."""
    return None if text is None else _clean(text).translate({n: n + 32 for n in range(ord("A"), ord("Z") + 1)})


def _clean(text: str) -> str:
    """Return a text with the bytes that are not UTF-8, as file names may have them, written as escapes."""
    return os.fsencode(text).decode(errors="backslashreplace") if _has_surrogates(text) else text


def _has_surrogates(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def version_of(code: NDArray[np.uint64], values: Mapping[str, Any]) -> int:
    """Return a signed 64-bit number that another code (4,), or other values, do not have."""
    digest = blake2b(code.astype("<u8").tobytes(), digest_size=8)
    digest.update(json.dumps(values, sort_keys=True).encode())
    return int.from_bytes(digest.digest(), "big", signed=True)


class EngineProposal:
    """Proposes rows of a space from an engine, to be ranked by their vectors: for `RerankedIndex`.

    Rows that came after the last push are searched here, so that none is missed.

    Parameters
    ----------
    index : CodeIndex
    n_pushed : int
        Rows that the engine has seen.
    coder : Coder
        Made the codes there.
    vectors : ExactIndex
        All rows.
    otherwise : Propose
        Proposes where neither ids nor a condition can tell the engine which rows are allowed.
    """

    def __init__(self, index: CodeIndex, n_pushed: int, coder: Coder, vectors: ExactIndex, otherwise: Propose) -> None:
        self._index = index
        self._n_pushed = n_pushed
        self._coder = coder
        self._vectors = vectors
        self._otherwise = otherwise

    def where(self, filters: Term | None) -> Propose:
        """Return what proposes rows that meet filters, of which the mask of allowed rows is told too."""
        clause = None if filters is None else clause_of(filters)

        def propose(queries: NDArray[np.float32], n: int, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
            clauses = self._clauses(allowed, clause)
            if clauses is None or n > LARGEST_K:
                return self._otherwise(queries, n, allowed)
            codes = ordered(query_codes(self._coder, queries), bit_order(self._coder))
            found = self._index.search(codes, n, clauses=clauses).ids
            found = np.where(found < self._n_pushed, found, -1)  # it was told so, but who knows what answers
            if allowed is not None:  # it has the last word: what was pushed may be older than the catalogue
                found = np.where(allowed[found], found, -1)
            return np.concatenate([found, self._later(queries, n, allowed)], axis=1)

        return propose

    def completed(self, filters: Term | None) -> Propose:
        """Return the same, but where the engine knows of fewer than are asked for, the embedded index proposes instead.

        Its lists are made for millions of rows: of a small collection, or behind a filter that few rows pass, they hold
        next to nothing.
        """
        ask = self.where(filters)

        def propose(queries: NDArray[np.float32], n: int, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
            rows = ask(queries, n, allowed)
            n_there = len(self._vectors) if allowed is None else int(np.count_nonzero(allowed))
            is_short = np.count_nonzero(rows >= 0, axis=1) < min(n, n_there)
            return self._otherwise(queries, n, allowed) if is_short.any() else rows

        return propose

    def _clauses(
        self, allowed: NDArray[np.bool_] | None, clause: Mapping[str, Any] | None
    ) -> list[Mapping[str, Any]] | None:
        """Return the conditions that tell the engine which rows are allowed; None if there are too many to tell."""
        # A push that is still going on has written more than the last complete one.
        is_pushed = {"range": {"id": {"lt": self._n_pushed}}}
        if allowed is None:
            return [is_pushed]
        there = allowed[: self._n_pushed]
        n_allowed = int(np.count_nonzero(there))
        if n_allowed <= MOST_IDS:
            return [{"terms": {"id": np.flatnonzero(there).tolist()}}]
        if len(there) - n_allowed <= MOST_IDS:
            return [is_pushed, {"bool": {"must_not": {"terms": {"id": np.flatnonzero(~there).tolist()}}}}]
        return None if clause is None else [is_pushed, clause]

    def _later(self, queries: NDArray[np.float32], n: int, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """Return the nearest rows (Q, n or none) of those that came after the last push."""
        n_later = len(self._vectors) - self._n_pushed
        if n_later <= 0:
            return np.empty((len(queries), 0), dtype=np.int64)
        is_later = np.arange(len(self._vectors)) >= self._n_pushed
        if allowed is not None:
            is_later &= allowed
        return self._vectors.search(queries, min(n, n_later), allowed=is_later).rows


def clause_of(term: Term) -> dict[str, Any] | None:
    """Return what a filter means in the query language of the engine; None where that is not certain to be the same.

    Words are not: the catalogue and the engine find other stems. Folders and albums change without a push.
    """
    match term:
        case And(children) | Or(children):
            parts = [clause_of(child) for child in children]
            kind = "filter" if isinstance(term, And) else "should"
            return None if None in parts else {"bool": {kind: parts}}
        case Not(child):
            inner = clause_of(child)
            return None if inner is None else {"bool": {"must_not": [inner]}}
        case Where(field, value) if field in LASTING:
            return _where(field, value)
    return None


def _where(field: str, value: Range | str) -> dict[str, Any]:
    if isinstance(value, Range) and field in ("date", "added"):
        return {"range": {field: dict(_days(value))}}
    if isinstance(value, Range):
        ends = {"gte": value.low, "lte": value.high}
        return {"range": {field: {name: end for name, end in ends.items() if end is not None}}}
    if field in ("camera", "place"):
        return {"wildcard": {field: {"value": f"*{_literal(_lowered(value) or '')}*"}}}
    return {"term": {field: {"heic": "heif"}.get(value, value) if field == "format" else value}}


def _days(value: Range) -> Iterator[tuple[str, str]]:
    if isinstance(value.low, date):
        yield "gte", value.low.isoformat()
    if isinstance(value.high, date):
        yield "lte", value.high.isoformat()


def _literal(text: str) -> str:
    return "".join(f"\\{character}" if character in "\\*?" else character for character in text)
