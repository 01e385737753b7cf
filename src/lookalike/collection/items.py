"""What is known about single pictures, read in portions."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection.batches import PORTION, batches
from lookalike.collection.filters import Condition
from lookalike.collection.scan import absolute
from lookalike.collection.store import Store
from lookalike.errors import ItemNotFound


@dataclass(frozen=True)
class Item:
    """One picture: a content, wherever it lies.

    Attributes
    ----------
    id : int
        Never used for another picture.
    sha256 : str
        Of the file's bytes, hexadecimal.
    colours : str
        Of the picture's quarters: four CSS colours of three digits, from top left to bottom right; empty if unknown.
    kind, format : str
        "picture"; JPEG, PNG, GIF, WEBP, AVIF, TIFF, BMP or HEIF.
    width, height : int
        Of the upright original, in pixels.
    n_bytes : int
    taken_at : str or None
        ISO 8601, by the camera's own clock.
    camera, lens, place, title, description : str or None
    latitude, longitude : float or None
        In degrees.
    keywords, albums : tuple of str
    paths : tuple of Path
        The files that hold it, the first known first; empty when no file does.
    added_at : str
        ISO 8601, UTC.
    is_missing : bool
        Whether no file holds it any more.
    """

    id: int
    sha256: str
    colours: str
    kind: str
    format: str
    width: int
    height: int
    n_bytes: int
    taken_at: str | None
    camera: str | None
    lens: str | None
    latitude: float | None
    longitude: float | None
    place: str | None
    title: str | None
    description: str | None
    keywords: tuple[str, ...]
    albums: tuple[str, ...]
    paths: tuple[Path, ...]
    added_at: str
    is_missing: bool

    def to_json(self) -> dict[str, Any]:
        """Return the item as JSON values."""
        lists = {"keywords": list(self.keywords), "albums": list(self.albums), "paths": list(map(str, self.paths))}
        return asdict(self) | lists


COLUMNS = [t.items.c[name] for name in Item.__dataclass_fields__ if name in t.items.c]


def item(store: Store, item_id: int) -> Item:
    """Return one picture.

    Raises
    ------
    ItemNotFound
        If the id is not in the collection.
    """
    with translated(), store.engine.connect() as connection:
        found = list(read_items(connection, [item_id]))
    if not found:
        raise unknown(item_id)
    return found[0]


def unknown(item_id: int) -> ItemNotFound:
    """Return the error that an id is not in the collection."""
    return ItemNotFound(f"there is no picture {item_id} in this collection; `lookalike search` shows the ids")


def items(store: Store, item_ids: Iterable[int]) -> Iterator[Item]:
    """Yield the pictures of these ids in their order, leaving out those that are gone; reads them in portions."""
    for part in batches(iter(item_ids), PORTION):
        with translated(), store.engine.connect() as connection:
            found = list(read_items(connection, part))
        yield from found


def ids_where(store: Store, condition: Condition | None, after: int = 0) -> Iterator[int]:
    """Yield the ids beyond `after` of the pictures that meet a condition, ascending, read in portions."""
    last = after
    while True:
        query = sa.select(t.items.c.id).where(t.items.c.id > last).order_by(t.items.c.id).limit(PORTION)
        if condition is not None:
            query = query.where(condition)
        with translated(), store.engine.connect() as connection:
            ids = list(connection.scalars(query))
        if not ids:
            return
        yield from ids
        last = ids[-1]


def read_items(connection: Connection, item_ids: Sequence[int]) -> Iterator[Item]:
    """Yield up to `PORTION` pictures in the ids' order; ids that are not there are left out."""
    rows = {row.id: row for row in connection.execute(sa.select(*COLUMNS).where(t.items.c.id.in_(item_ids)))}
    paths, albums = _paths(connection, item_ids), _albums(connection, item_ids)
    for item_id in item_ids:
        if item_id in rows:
            values = rows[item_id]._asdict()
            values |= {"keywords": tuple(values["keywords"]), "albums": tuple(albums.get(item_id, ()))}
            yield Item(**values, paths=tuple(paths.get(item_id, ())))


def _paths(connection: Connection, item_ids: Sequence[int]) -> dict[int, list[Path]]:
    c = t.files.c
    query = sa.select(c.item_id, c.path, t.roots.c.path.label("root")).join(t.roots)
    paths: dict[int, list[Path]] = {}
    for row in connection.execute(query.where(c.item_id.in_(item_ids), c.is_missing.is_(False)).order_by(c.id)):
        paths.setdefault(row.item_id, []).append(absolute(Path(os.fsdecode(row.root)), row.path))
    return paths


def _albums(connection: Connection, item_ids: Sequence[int]) -> dict[int, list[str]]:
    c = t.album_items.c
    query = sa.select(c.item_id, t.albums.c.name).join(t.albums).where(c.item_id.in_(item_ids))
    albums: dict[int, list[str]] = {}
    for row in connection.execute(query.order_by(t.albums.c.name)):
        albums.setdefault(row.item_id, []).append(row.name)
    return albums
