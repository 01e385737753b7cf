"""Where an item's picture lies now."""

import os
from collections.abc import Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.collection.batches import rows_among
from lookalike.collection.scan import absolute


def present_paths(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[Path, bool]]:
    """Return for each item one of its paths, and whether it is offline: a path that can be reached wins."""
    places: dict[int, tuple[Path, bool]] = {}
    c = t.files.c
    query = sa.select(c.item_id, c.path, t.roots.c.path.label("root")).join(t.roots)
    for row in rows_among(connection, query.where(c.is_missing.is_(False)).order_by(c.id), c.item_id, ids):
        if places.get(row.item_id, (None, True))[1]:
            path = absolute(Path(os.fsdecode(row.root)), row.path)
            places[row.item_id] = (path, not os.path.lexists(path))
    return places
