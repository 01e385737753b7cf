"""Small drawn pictures, and collections of them; and the rights of anybody."""

import ctypes
import os
import sqlite3
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from lookalike.collection import Collection
from lookalike.settings import Settings

# The same examples on every machine and in every run; a busy machine is no reason to fail.
settings.register_profile("fixed", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("fixed")

Draw = Callable[..., Path]
Figure = Callable[[str, str, str], None]

CAPABILITIES_3 = 0x20080522
DAC_OVERRIDE, DAC_READ_SEARCH = 1 << 1, 1 << 2
"""From linux/capability.h: what lets the superuser read and write what permissions forbid."""
Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Note the row of the reliability table, the figure to reach and the one reached, for `scripts/soak.py`."""

    def figure(row: str, to_reach: str, reached: str) -> None:
        record_property("row", row)
        record_property("to_reach", to_reach)
        record_property("reached", reached)

    return figure


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Draw a picture of coloured squares, another one for each seed, and return its path."""

    def draw(path: Path, seed: int, *, squares: tuple[int, int] = (6, 8), side: int = 8, **options: Any) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        colours = np.random.default_rng(seed).integers(0, 256, (*squares, 3), dtype=np.uint8)
        Image.fromarray(colours.repeat(side, axis=0).repeat(side, axis=1)).save(path, **options)
        return path

    return draw


@pytest.fixture(scope="session")
def fast() -> Settings:
    """Settings of a small collection: one worker, no network."""
    return Settings(workers=1, model=None)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for pictures."""
    (tmp_path / "pictures").mkdir()
    return tmp_path / "pictures"


@pytest.fixture
def collection(tmp_path: Path, fast: Settings) -> Iterator[Collection]:
    """A new collection."""
    with Collection(tmp_path / "collection", settings=fast) as collection:
        yield collection


@pytest.fixture(scope="session")
def rows() -> Rows:
    """Run SQL on the catalogue of a collection, as a stranger would, and return the rows."""

    def rows(collection: Collection, sql: str, *values: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(collection.folder / "catalog.db", timeout=30)
        try:
            with connection:
                return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    return rows


@pytest.fixture
def as_anybody() -> Iterator[None]:
    """Let permissions hold for the superuser too, so that what they forbid can be tested in a container."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(struct.pack("Ii", CAPABILITIES_3, 0), 8)
    before = ctypes.create_string_buffer(24)
    assert libc.capget(header, before) == 0
    effective, *others = struct.unpack("6I", before.raw)
    reduced = struct.pack("6I", effective & ~(DAC_OVERRIDE | DAC_READ_SEARCH), *others)
    assert libc.capset(header, ctypes.create_string_buffer(reduced, 24)) == 0
    yield
    assert libc.capset(header, before) == 0
