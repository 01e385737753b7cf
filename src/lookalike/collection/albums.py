"""Albums: named, ordered subsets of a collection, filled by hand or from a query."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection.batches import PORTION, batches
from lookalike.collection.items import unknown
from lookalike.collection.store import Store, now
from lookalike.errors import BadQuery, ItemNotFound
from lookalike.query import checks


@dataclass(frozen=True)
class Album:
    """One album: its id, its name, how many pictures with a file it holds, and when it was made (ISO 8601, UTC)."""

    id: int
    name: str
    n_items: int
    made_at: str

    def to_json(self) -> dict[str, Any]:
        """Return the album as JSON values."""
        return asdict(self)


def albums(store: Store) -> list[Album]:
    """Return all albums, by name."""
    with translated(), store.engine.connect() as connection:
        return read_albums(connection)


def read_albums(connection: Connection) -> list[Album]:
    """Return all albums as a connection sees them, by name."""
    n_items = sa.func.count(t.items.c.id)
    columns = (t.albums.c.id, t.albums.c.name, n_items.label("n_items"), t.albums.c.made_at)
    is_shown = sa.and_(t.items.c.id == t.album_items.c.item_id, t.items.c.is_missing.is_(False))
    query = sa.select(*columns).select_from(t.albums).outerjoin(t.album_items).outerjoin(t.items, is_shown)
    rows = connection.execute(query.group_by(t.albums.c.id).order_by(t.albums.c.name))
    return [Album(**row._mapping) for row in rows]


COVER = 4
"""Pictures on the cover of an album."""


def cover_ids(store: Store) -> dict[int, list[int]]:
    """Return the first pictures of each album, those that some file holds, by the album's id."""
    c = t.album_items.c
    place = sa.func.row_number().over(partition_by=c.album_id, order_by=c.position).label("place")
    query = sa.select(c.album_id, c.item_id, place).join(t.items).where(t.items.c.is_missing.is_(False)).subquery()
    covers: dict[int, list[int]] = {}
    with translated(), store.engine.connect() as connection:
        for row in connection.execute(sa.select(query).where(query.c.place <= COVER).order_by(query.c.place)):
            covers.setdefault(row.album_id, []).append(row.item_id)
    return covers


def name_of(store: Store, album_id: int) -> str:
    """Return the name of an album.

    Raises
    ------
    ItemNotFound
        If there is no such album.
    """
    with translated(), store.engine.connect() as connection:
        name = connection.scalar(sa.select(t.albums.c.name).where(t.albums.c.id == album_id))
    if name is None:
        raise ItemNotFound(f"there is no album {album_id}; `lookalike albums list` shows those there are")
    return name


def album_ids(store: Store, name: str) -> list[int]:
    """Return the ids of an album's pictures in the album's order.

    Raises
    ------
    ItemNotFound
        If there is no such album.
    """
    c = t.album_items.c
    with translated(), store.engine.connect() as connection:
        query = sa.select(c.item_id).where(c.album_id == _album_id(connection, name)).order_by(c.position)
        return list(connection.scalars(query))


def make(store: Store, name: str, item_ids: Iterable[int]) -> int:
    """Make an album of pictures in their order; return how many it holds.

    Raises
    ------
    BadQuery
        If the name cannot be one, or is taken.
    ItemNotFound
        If a picture is not in the collection; there is no album then.
    """
    with store.changing() as connection:
        _check_is_free(connection, _name(name))
        values = {"name": _name(name), "made_at": now()}
        album_id = connection.execute(sa.insert(t.albums).values(values).returning(t.albums.c.id)).scalar_one()
        return _append(connection, album_id, item_ids)


def add(store: Store, name: str, item_ids: Iterable[int]) -> int:
    """Put pictures at an album's end, but for those it holds already; return how many are new in it.

    Raises
    ------
    ItemNotFound
        If there is no such album or picture; nothing is added then.
    """
    with store.changing() as connection:
        return _append(connection, _album_id(connection, name), item_ids)


def remove(store: Store, name: str, item_ids: Iterable[int]) -> int:
    """Take pictures out of an album, not out of the collection; return how many it held.

    Raises
    ------
    ItemNotFound
        If there is no such album.
    """
    c = t.album_items.c
    with store.changing() as connection:
        album_id = _album_id(connection, name)
        statements = (
            sa.delete(t.album_items).where(c.album_id == album_id, c.item_id.in_(part))
            for part in batches(iter(item_ids), PORTION)
        )
        return sum(connection.execute(statement).rowcount for statement in statements)


def rename(store: Store, name: str, new_name: str) -> None:
    """Give an album another name.

    Raises
    ------
    BadQuery
        If the new name cannot be one, or is taken.
    ItemNotFound
        If there is no such album.
    """
    with store.changing() as connection:
        album_id = _album_id(connection, name)
        if _name(new_name) != _name(name):
            _check_is_free(connection, _name(new_name))
        connection.execute(sa.update(t.albums).where(t.albums.c.id == album_id).values(name=_name(new_name)))


def delete(store: Store, name: str) -> None:
    """Delete an album; its pictures stay in the collection.

    Raises
    ------
    ItemNotFound
        If there is no such album.
    """
    with store.changing() as connection:
        connection.execute(sa.delete(t.albums).where(t.albums.c.id == _album_id(connection, name)))


def _name(name: str) -> str:
    return checks.text(name, "the name of an album")


def _check_is_free(connection: Connection, name: str) -> None:
    if connection.scalar(_named(name)) is not None:
        raise BadQuery(f"there is an album {checks.shown(name)} already; take another name, or add to it")


def _named(name: str) -> sa.Select[int]:
    return sa.select(t.albums.c.id).where(sa.func.composed(t.albums.c.name) == name)


def _album_id(connection: Connection, name: str) -> int:
    album_id = connection.scalar(_named(_name(name)))
    if album_id is None:
        raise ItemNotFound(f"there is no album {checks.shown(name)}; `lookalike albums list` shows those there are")
    return album_id


def _append(connection: Connection, album_id: int, item_ids: Iterable[int]) -> int:
    c = t.album_items.c
    known = set(connection.scalars(sa.select(c.item_id).where(c.album_id == album_id)))
    last = connection.scalar(sa.select(sa.func.max(c.position)).where(c.album_id == album_id)) or 0
    new = [item_id for item_id in dict.fromkeys(item_ids) if item_id not in known]
    rows = [
        {"album_id": album_id, "item_id": item_id, "position": position}
        for position, item_id in enumerate(new, start=last + 1)
    ]
    for part in batches(iter(rows), PORTION):
        _check_are_here(connection, [row["item_id"] for row in part])
        connection.execute(sa.insert(t.album_items), part)
    return len(new)


def _check_are_here(connection: Connection, item_ids: Sequence[int]) -> None:
    here = set(connection.scalars(sa.select(t.items.c.id).where(t.items.c.id.in_(item_ids))))
    for item_id in item_ids:
        if item_id not in here:
            raise unknown(item_id)
