"""Work in portions: what a statement takes at once, what a commit holds."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection

PORTION = 500
"""Values in one statement: below the number that any SQLite takes."""

Value = TypeVar("Value")


def batches(values: Iterator[Value], size: int) -> Iterator[list[Value]]:
    """Yield lists of up to `size` values; `itertools.batched` comes with Python 3.12."""
    while batch := list(islice(values, size)):
        yield batch


def rows_among(
    connection: Connection, query: sa.Select[*tuple[Any, ...]], column: sa.ColumnElement[Any], values: Iterable[object]
) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """Yield the rows of a query in which a column has one of many values, asked for in portions."""
    for portion in batches(iter(values), PORTION):
        yield from connection.execute(query.where(column.in_(portion)))
