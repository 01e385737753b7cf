"""Work in portions: what a statement takes at once, what a commit holds."""

from collections.abc import Iterator
from itertools import islice
from typing import TypeVar

Value = TypeVar("Value")


def batches(values: Iterator[Value], size: int) -> Iterator[list[Value]]:
    """Yield lists of up to `size` values; `itertools.batched` comes with Python 3.12."""
    while batch := list(islice(values, size)):
        yield batch
