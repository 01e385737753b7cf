"""Which pictures people opened lately, so that long work begins with those; kept roughly, and never worth an error."""

import time
from contextlib import suppress
from threading import Lock, Thread

import sqlalchemy as sa

from lookalike.catalog import tables as t
from lookalike.collection.batches import PORTION, batches
from lookalike.collection.store import Store, now
from lookalike.errors import LookalikeError

WRITE_SECONDS = 60.0
"""At least between two writings: each makes answers that are kept elsewhere old."""


class LookLog:
    """Notes which pictures were opened, and writes that down now and then, beside whoever reads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._noted: set[int] = set()
        self._lock = Lock()
        self._written_at = time.monotonic()
        self._writer: Thread | None = None

    def note(self, item_id: int) -> None:
        """Note that a picture was opened; returns at once."""
        with self._lock:
            self._noted.add(item_id)
            if time.monotonic() - self._written_at < WRITE_SECONDS:
                return
            self._written_at = time.monotonic()
            self._writer = Thread(target=self._write, name="looks", daemon=True)
            self._writer.start()

    def close(self) -> None:
        """Write down what is noted."""
        if self._writer is not None:
            self._writer.join()
        self._write()

    def _write(self) -> None:
        with self._lock:
            noted, self._noted = self._noted, set()
        if not noted:
            return
        # A disk that is full or takes no writing is no reason to fail: nothing but an order depends on it.
        # Nor is a number that is too large for any id.
        whatever = suppress(LookalikeError, OSError, OverflowError, sa.exc.DBAPIError)
        with whatever, self._store.changing() as connection:
            for ids in batches(iter(noted), PORTION):
                connection.execute(sa.update(t.items).where(t.items.c.id.in_(ids)).values(looked_at=now()))
