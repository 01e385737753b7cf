"""What a collection holds, in numbers."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection.scan import is_offline, known_roots
from lookalike.collection.sizes import bytes_below, catalog_bytes
from lookalike.collection.store import Space, Store

TOP = 10
"""Cameras listed."""


@dataclass(frozen=True)
class RootStats:
    """A folder that was added, wholly or by single files, and the files known below it."""

    path: Path
    is_whole: bool
    is_online: bool
    files: int


@dataclass(frozen=True)
class SpaceStats:
    """One space: what made its vectors, how many of how many numbers, and what they take on disk."""

    name: str
    version: str
    vectors: int
    dims: int
    n_bytes: int


@dataclass(frozen=True)
class Stats:
    """A collection in numbers.

    Attributes
    ----------
    pictures : int
        That some file holds.
    files : int
        That hold them.
    missing : int
        Pictures that no file holds any more.
    albums : int
    problems : dict of str to int
        Why files could not be read, the most frequent reason first.
    roots : tuple of RootStats
    formats, years, cameras : dict of str to int
        Pictures of each format, year (ascending; of those with a date) and camera (the ten most frequent).
    spaces : tuple of SpaceStats
    thumbnail_bytes, catalog_bytes : int
    last_added : str or None
        When the newest picture came in: ISO 8601, UTC.
    """

    pictures: int
    files: int
    missing: int
    albums: int
    problems: dict[str, int]
    roots: tuple[RootStats, ...]
    formats: dict[str, int]
    years: dict[str, int]
    cameras: dict[str, int]
    spaces: tuple[SpaceStats, ...]
    thumbnail_bytes: int
    catalog_bytes: int
    last_added: str | None

    def to_json(self) -> dict[str, Any]:
        """Return the numbers as JSON values."""
        roots = [asdict(root) | {"path": str(root.path)} for root in self.roots]
        return asdict(self) | {"roots": roots, "spaces": [asdict(space) for space in self.spaces]}


def stats(store: Store) -> Stats:
    """Count what a collection holds."""
    items, files = t.items.c, t.files.c
    is_here = items.is_missing.is_(False)
    holds = sa.and_(files.is_missing.is_(False), files.item_id.is_not(None))
    year = sa.func.substr(items.taken_at, 1, 4)
    with translated(), store.engine.connect() as connection:
        return Stats(
            pictures=_count(connection, t.items, is_here),
            files=_count(connection, t.files, holds),
            missing=_count(connection, t.items, items.is_missing.is_(True)),
            albums=_count(connection, t.albums, sa.true()),
            problems=_frequencies(connection, files.reason, sa.true()),
            roots=tuple(_roots(connection)),
            formats=_frequencies(connection, items.format, is_here),
            years=dict(sorted(_frequencies(connection, year, is_here).items())),
            cameras=_frequencies(connection, items.camera, is_here, n_most=TOP),
            spaces=tuple(_space(store, space) for space in store.spaces()),
            thumbnail_bytes=bytes_below(store.folder / "thumbs"),
            catalog_bytes=catalog_bytes(store.folder),
            last_added=connection.scalar(sa.select(sa.func.max(items.added_at))),
        )


def _count(connection: Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table).where(condition)) or 0


def _frequencies(
    connection: Connection,
    column: sa.ColumnElement[Any],
    condition: sa.ColumnElement[bool],
    n_most: int | None = None,
) -> dict[str, int]:
    """Return how often each value stands in a column, the most frequent first; NULL does not count."""
    n_times = sa.func.count().label("n_times")
    query = sa.select(column.label("value"), n_times).where(condition, column.is_not(None)).group_by(column)
    rows = connection.execute(query.order_by(n_times.desc(), column).limit(n_most))
    return {row.value: row.n_times for row in rows}


def _roots(connection: Connection) -> list[RootStats]:
    c = t.files.c
    query = sa.select(c.root_id, sa.func.count().label("n_files")).where(c.is_missing.is_(False))
    n_files = {row.root_id: row.n_files for row in connection.execute(query.group_by(c.root_id))}
    return [
        RootStats(root.path, root.is_whole, not is_offline(connection, root), n_files.get(root.id, 0))
        for root in known_roots(connection)
    ]


def _space(store: Store, space: Space) -> SpaceStats:
    n_bytes = bytes_below(store.folder_of(space))
    return SpaceStats(space.name, space.version, space.n_vectors, space.n_dims, n_bytes)
