"""Many pictures as one compact list: enough to lay out a gallery of a hundred thousand without their details."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.codes.quarters import UNKNOWN
from lookalike.collection.filters import Condition
from lookalike.collection.store import Store
from lookalike.errors import BadQuery

Order = Literal["taken", "added", "album"]

LARGEST_LIMIT = 20_000
KEY_LENGTH = 8
"""Digits of the SHA-256 that a thumbnail's address carries, so that no cache shows another collection's picture."""

SHOWN_AT = sa.func.coalesce(t.items.c.taken_at, t.items.c.added_at)
COLUMNS = (t.items.c.id, t.items.c.width, t.items.c.height, t.items.c.sha256, t.items.c.colours)


@dataclass(frozen=True)
class Gallery:
    """One page of pictures in an order.

    Attributes
    ----------
    ids : list of int
    aspects : list of float
        Width by height.
    keys, colours : list of str
        The first eight digits of the SHA-256; the colours of the quarters as `quarter_colours` writes them.
    next : str or None
        Where the next page begins; None after the last.
    total : int
        Pictures on all pages.
    """

    ids: list[int]
    aspects: list[float]
    keys: list[str]
    colours: list[str]
    next: str | None
    total: int

    def to_json(self) -> dict[str, Any]:
        """Return the page as JSON values; keys and colours, all of one length, are joined."""
        return {
            "ids": self.ids,
            "aspects": self.aspects,
            "keys": "".join(self.keys),
            "colours": "".join(self.colours),
            "next": self.next,
            "total": self.total,
        }


def gallery(
    store: Store,
    order: Order,
    *,
    condition: Condition | None = None,
    album_id: int | None = None,
    after: str | None = None,
    limit: int = 5000,
) -> Gallery:
    """Return one page of the pictures that are present and meet a condition.

    Parameters
    ----------
    order : str
        "taken": the newest first, those without a date by when they were added; "added": the last added first;
        "album": as the album has them.
    after : str or None
        The `next` of the page before.

    Raises
    ------
    BadQuery
        If `after` is no such thing, or the limit is not from 1 to 20,000.
    """
    if not 1 <= limit <= LARGEST_LIMIT:
        raise BadQuery(f"limit is from 1 to {LARGEST_LIMIT:,}, got {limit}; page through more with after")
    key = {"taken": SHOWN_AT, "added": t.items.c.added_at, "album": t.album_items.c.position}[order]
    query = sa.select(*COLUMNS, key.label("key")).where(t.items.c.is_missing.is_(False))
    if album_id is not None:
        query = query.join(t.album_items).where(t.album_items.c.album_id == album_id)
    if condition is not None:
        query = query.where(condition)
    ends = (key, t.items.c.id)
    page = query.order_by(*ends) if order == "album" else query.order_by(*(end.desc() for end in ends))
    if after is not None:
        last = sa.tuple_(*_read(after))
        page = page.where(sa.tuple_(*ends) > last if order == "album" else sa.tuple_(*ends) < last)
    with translated(), store.engine.connect() as connection:
        rows = connection.execute(page.limit(limit + 1)).all()
        total = connection.scalar(query.with_only_columns(sa.func.count())) or 0
    shown = rows[:limit]
    return Gallery(
        ids=[row.id for row in shown],
        aspects=[round(row.width / row.height, 4) for row in shown],
        keys=[row.sha256[:KEY_LENGTH] for row in shown],
        colours=[row.colours or UNKNOWN for row in shown],
        next=_written(shown[-1].key, shown[-1].id) if len(rows) > limit else None,
        total=total,
    )


def _written(key: str | int, item_id: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([key, item_id]).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[str | int, int]:
    try:
        key, item_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        str(key).encode()  # half of a surrogate pair is no text that a catalogue could hold
    except (ValueError, TypeError, binascii.Error, RecursionError):
        key = item_id = None
    if not _is_number(item_id) or not (_is_number(key) or isinstance(key, str)):
        raise BadQuery("this is no place where a page begins; take the `next` of the page before")
    return key, item_id


def _is_number(value: object) -> bool:
    """Return whether a value is a whole number that a catalogue can hold."""
    return type(value) is int and -(2**63) <= value < 2**63
