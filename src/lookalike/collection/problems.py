"""Files that could not be read, by reason."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection.scan import absolute
from lookalike.collection.store import Store

MOST_PATHS = 20


@dataclass(frozen=True)
class Problem:
    """A reason why files are not indexed, of how many, and the first of them."""

    reason: str
    n_files: int
    paths: tuple[Path, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the problem as JSON values."""
        return {"reason": self.reason, "n": self.n_files, "paths": [str(path) for path in self.paths]}


def problems(store: Store) -> list[Problem]:
    """Return why files are not indexed, the most frequent reason first."""
    c = t.files.c
    n_files = sa.func.count().over(partition_by=c.reason).label("n_files")
    place = sa.func.row_number().over(partition_by=c.reason, order_by=c.id).label("place")
    query = sa.select(c.reason, c.path, t.roots.c.path.label("root"), n_files, place).join(t.roots)
    rows = query.where(c.reason.is_not(None)).subquery()
    found: dict[tuple[str, int], list[Path]] = {}
    with translated(), store.engine.connect() as connection:
        for row in connection.execute(
            sa.select(rows)
            .where(rows.c.place <= MOST_PATHS)
            .order_by(rows.c.n_files.desc(), rows.c.reason, rows.c.place)
        ):
            path = absolute(Path(os.fsdecode(row.root)), row.path)
            found.setdefault((row.reason, row.n_files), []).append(path)
    return [Problem(reason, n, tuple(paths)) for (reason, n), paths in found.items()]
