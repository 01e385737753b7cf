"""How cost grows with a collection: storing, opening and asking at 1,000, 10,000 and 100,000 pictures.

    python benchmarks/growth.py [--largest 100000]

Pictures are synthetic (random vectors, invented files), so that what is measured is the store and the search, not
decoding. Each size is asked in a fresh process as well as in a warm one; figures are medians.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import sqlalchemy as sa

import lookalike as la
from lookalike.catalog import tables as t
from lookalike.collection.reading import Read
from lookalike.collection.record import Described, record_file, record_items
from lookalike.collection.scan import Candidate, Root
from lookalike.collection.space_files import load_space_files
from lookalike.collection.store import now
from lookalike.finders.whole import WholeFrame
from lookalike.media import Decoded, Found, Metadata
from lookalike.types import Frame

BATCH = 64
QUERIES = 15

OPEN_AND_ASK = """
import sys, time, resource
started = time.perf_counter()
import lookalike as la
imported = time.perf_counter()
photos = la.open(sys.argv[1])
n = len(photos)
opened = time.perf_counter()
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
photos.search(f"#{n // 2}")
asked = time.perf_counter()
print(imported - started, opened - imported, asked - opened, memory)
"""


def main() -> None:
    """Fill one collection step by step and measure at each step."""
    parser = argparse.ArgumentParser(description="Cost of storing, opening and asking as a collection grows.")
    parser.add_argument("--largest", type=int, default=100_000)
    largest = parser.parse_args().largest
    print("pictures  store ms/picture  open ms  MiB when open  first query ms  query ms  with a filter ms  rescan s")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        with la.open(Path(folder) / "growing.lookalike") as photos:
            done = 0
            for size in [size for size in (1_000, 10_000, 100_000) if size <= largest]:
                per_picture = fill(photos, tree, done, size)
                done = size
                _, opening, first, memory = fresh(photos.folder)
                plain, filtered = ask(photos, "#{}"), ask(photos, "#{} year:1970..1979")
                row = [opening * 1000, memory / 1024, first * 1000, plain, filtered, rescan(photos, tree)]
                print(f"{size:8,} {per_picture * 1000:17.2f}", *(f"{value:9.1f}" for value in row))


def fill(photos: la.Collection, tree: Path, start: int, stop: int) -> float:
    """Store invented pictures with the collection's own means; return seconds per picture of the last thousand."""
    store, spaces = photos._store, photos._spaces
    rng = np.random.default_rng(start)
    seconds = []
    with store.writing():
        files = [load_space_files(store, space, describer) for space, describer in spaces.ensure().items()]
        with store.changes.begin() as connection:
            root = root_of(connection, tree)
        for first in range(start, stop, BATCH):
            numbers = range(first, min(first + BATCH, stop))
            reads = [invented(root, tree, number) for number in numbers]
            vectors = {file.space.id: unit(rng, len(reads), file.space.n_dims) for file in files}
            began = time.perf_counter()
            pictures = [read.decoded for read in reads if read.decoded is not None]
            instances = WholeFrame().find([picture.frame for picture in pictures])
            colours = ["000000000000"] * len(reads)
            hashes = rng.integers(0, 256, size=(len(reads), 8), dtype=np.uint8)
            with store.changes.begin() as connection:
                for file in files:
                    file.append(vectors[file.space.id])
                items = record_items(
                    connection, Described(pictures, instances, "whole", vectors, hashes, colours), files
                )
                for read, picture in zip(reads, pictures, strict=True):
                    record_file(connection, read, items[picture.sha256])
            seconds.append((time.perf_counter() - began) / len(reads))
    return statistics.median(seconds[-16:])


def root_of(connection: sa.Connection, tree: Path) -> Root:
    """Return the one root of the invented files."""
    query = sa.select(t.roots.c.id)
    number = connection.scalar(query)
    if number is None:
        values = {"path": str(tree).encode(), "is_whole": True, "device": tree.stat().st_dev, "added_at": now()}
        number = connection.execute(sa.insert(t.roots).values(values).returning(t.roots.c.id)).scalar_one()
    return Root(number, tree, True, tree.stat().st_dev)


def invented(root: Root, tree: Path, number: int) -> Read:
    """Return an empty file on disk as if it had been read as a picture."""
    from datetime import datetime

    path = tree / f"{number // 1000:03d}" / f"picture-{number:06d}.jpg"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    os.utime(path, (1_000_000_000, 1_000_000_000))  # what was written just now would be looked at twice
    status = path.stat()
    found = Found(
        str(path.relative_to(tree)).encode(), status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev
    )
    frame = Frame(np.zeros((1, 1, 3), dtype=np.uint8), (375, 500))
    metadata = Metadata(taken_at=datetime(1950 + number % 70, 1 + number % 12, 1), camera=f"Camera {number % 7}")
    picture = Decoded(f"{number:064x}", 40_000, "JPEG", frame, b"", metadata, 1)
    return Read(Candidate(root, found, None, None), decoded=picture)


def unit(rng: np.random.Generator, n: int, n_dims: int) -> np.ndarray:
    """Return random vectors of length 1."""
    vectors = rng.normal(size=(n, n_dims)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def fresh(folder: Path) -> list[float]:
    """Open and ask in a fresh process, three times; return the medians of import, opening, first query and memory."""
    command = [sys.executable, "-c", OPEN_AND_ASK, str(folder)]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(3)]
    return [statistics.median(float(run[column]) for run in runs) for column in range(4)]


def ask(photos: la.Collection, query: str) -> float:
    """Return the median milliseconds of many queries after the first."""
    n = len(photos)
    times = []
    for number in range(QUERIES):
        began = time.perf_counter()
        photos.search(query.format(1 + number * (n // QUERIES)))
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:]) * 1000


def rescan(photos: la.Collection, tree: Path) -> float:
    """Return the seconds of an `add` that finds nothing new."""
    began = time.perf_counter()
    report = photos.add(tree)
    assert report.added == 0
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
