"""The catalogue's table of long work: rows in, rows out; what they mean is the business of who does the work."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection.store import LOCKS, Store
from lookalike.lock import writer_lock


class JobLog:
    """Reads and writes the rows of long work, also while the worker that does it writes to the collection.

    Raises
    ------
    CollectionBusy
        From all that writes, if another process keeps the catalogue for more than half a minute.
    StorageFull
        From all that writes, if the disk has no room.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def rows(self) -> list[dict[str, Any]]:
        """Return all rows, the oldest first."""
        with translated(), self._store.engine.connect() as connection:
            return [dict(row) for row in connection.execute(sa.select(t.jobs).order_by(t.jobs.c.id)).mappings()]

    def insert(self, values: Mapping[str, Any]) -> int:
        """Append a row and return its id."""
        with self._store.changing() as connection:
            return connection.execute(sa.insert(t.jobs).values(values).returning(t.jobs.c.id)).scalar_one()

    def update(self, job_id: int, values: Mapping[str, Any], before: Collection[str]) -> bool:
        """Replace the values of a row if its state is one of `before`; tell whether it was."""
        c = t.jobs.c
        with self._store.changing() as connection:
            change = sa.update(t.jobs).where(c.id == job_id, c.state.in_(before)).values(values)
            return connection.execute(change).rowcount > 0

    def delete(self, job_ids: Collection[int]) -> None:
        """Delete rows."""
        with self._store.changing() as connection:
            connection.execute(sa.delete(t.jobs).where(t.jobs.c.id.in_(job_ids)))

    @contextmanager
    def working(self) -> Iterator[None]:
        """Be the one who does the work, inside the block; raises CollectionBusy while somebody else is."""
        with writer_lock(self._store.folder / LOCKS[3], deed="the jobs are being done"):
            yield
