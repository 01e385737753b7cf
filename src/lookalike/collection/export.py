"""What is known about pictures, for other programs: JSON lines, CSV, or Parquet with the vectors as NPY."""

import csv
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection.batches import PORTION, batches, rows_among
from lookalike.collection.beside import part_beside
from lookalike.collection.items import Item, read_items
from lookalike.collection.store import Store
from lookalike.collection.view import SpaceView
from lookalike.errors import BadQuery, LookalikeError

FORMATS = {".jsonl": "jsonl", ".csv": "csv", "": "parquet"}
"""The format of an export whose name ends so."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""

TABLE = "items.parquet"
IDS = "ids.npy"


@dataclass(frozen=True)
class ExportReport:
    """What an export wrote: where, in which format, and about how many pictures."""

    path: Path
    format: str
    pictures: int

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {"path": str(self.path), "format": self.format, "pictures": self.pictures}


@dataclass(frozen=True)
class Wanted:
    """What is to be exported.

    Attributes
    ----------
    ids : (N,) int64
        In their order in the export.
    views : sequence of SpaceView
        The spaces whose vectors are wanted too.
    has_gps : bool
        Whether coordinates and the place's name are written.
    """

    ids: NDArray[np.int64]
    views: Sequence[SpaceView] = ()
    has_gps: bool = True


def format_of(destination: Path, name: str | None, *, vectors: bool) -> str:
    """Return the format of an export, from its name or else from that of its destination.

    Raises
    ------
    BadQuery
        If there is no such format, or it has no place for vectors.
    """
    known = FORMATS.get(destination.suffix.lower()) if name is None else name
    if known is None or known not in FORMATS.values():
        wish = f"a file named *{destination.suffix}" if name is None else name
        raise BadQuery(f"an export is jsonl, csv or parquet, got {wish}; say which with --format")
    if vectors and known != "parquet":
        raise BadQuery(f"vectors are exported beside Parquet, got {known}; choose parquet, or leave out the vectors")
    return known


def export(store: Store, destination: Path, format_: str, wanted: Wanted, *, force: bool) -> ExportReport:
    """Write an export beside its place and rename it when it is complete.

    Parameters
    ----------
    force : bool
        Whether an earlier export may be replaced.

    Raises
    ------
    LookalikeError
        If something is there that must not be replaced, nothing can be made there, or pyarrow is not installed.
    """
    write = {"jsonl": _write_jsonl, "csv": _write_csv, "parquet": _write_parquet}[format_]
    with (
        _put_in_place(destination, is_folder=format_ == "parquet", force=force) as part,
        translated(),
        store.engine.connect() as connection,
    ):
        # One transaction: all portions see the collection of one moment.
        present = replace(wanted, ids=_present(connection, wanted.ids))
        write(part, connection, present)
    return ExportReport(destination, format_, len(present.ids))


def _present(connection: Connection, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the ids without those that were removed since they were found."""
    c = t.items.c
    here = {row.id for row in rows_among(connection, sa.select(c.id), c.id, ids.tolist())}
    return np.array([item_id for item_id in ids.tolist() if item_id in here], dtype=np.int64)


@contextmanager
def _put_in_place(destination: Path, *, is_folder: bool, force: bool) -> Iterator[Path]:
    if os.path.lexists(destination):
        _check_replaceable(destination, is_folder=is_folder, force=force)
    destination.parent.mkdir(parents=True, exist_ok=True)
    part = part_beside(destination)
    _delete(part)  # left behind if somebody killed us here
    try:
        yield part
        if is_folder:
            _delete(destination)
        part.replace(destination)
    finally:
        _delete(part)


def _check_replaceable(destination: Path, *, is_folder: bool, force: bool) -> None:
    if not force:
        raise LookalikeError(f"{destination} exists already; name another place, or replace it with --force")
    if destination.is_dir() != is_folder or (is_folder and not _is_export(destination)):
        raise LookalikeError(f"{destination} is no export of this format, so it stays; name another place")


def _is_export(folder: Path) -> bool:
    names = {path.name for path in folder.iterdir()}
    return not folder.is_symlink() and TABLE in names and all(name.endswith(".npy") for name in names - {TABLE})


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _portions(connection: Connection, wanted: Wanted) -> Iterator[list[Item]]:
    for ids in batches(iter(wanted.ids.tolist()), PORTION):
        found = read_items(connection, ids)
        if wanted.has_gps:
            yield list(found)
        else:
            yield [replace(item, latitude=None, longitude=None, place=None) for item in found]


def _write_jsonl(part: Path, connection: Connection, wanted: Wanted) -> None:
    with part.open("w", encoding="ascii") as file:
        for items in _portions(connection, wanted):
            file.writelines(json.dumps(item.to_json()) + "\n" for item in items)


def _write_csv(part: Path, connection: Connection, wanted: Wanted) -> None:
    with part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(Item.__dataclass_fields__)
        for items in _portions(connection, wanted):
            writer.writerows([_cell(value) for value in item.to_json().values()] for item in items)


def _cell(value: object) -> object:
    """Return a value as a cell: a list as JSON with its escapes, a text as no spreadsheet takes it for a formula."""
    if isinstance(value, list):
        return _utf8(json.dumps(value, ensure_ascii=False))
    if not isinstance(value, str):
        return value
    return "'" * value.startswith(FORMULA_STARTS) + value


def _utf8(text: str) -> str:
    r"""Return a text with the bytes that are not UTF-8, as file names may have them, written as ``\udcff``."""
    return text.encode(errors="backslashreplace").decode()


def _write_parquet(part: Path, connection: Connection, wanted: Wanted) -> None:
    arrow, parquet = _arrow()
    types = {
        **dict.fromkeys(Item.__dataclass_fields__, arrow.string()),
        **dict.fromkeys(("id", "width", "height", "n_bytes"), arrow.int64()),
        **dict.fromkeys(("latitude", "longitude"), arrow.float64()),
        **dict.fromkeys(("keywords", "albums", "paths"), arrow.list_(arrow.string())),
        "is_missing": arrow.bool_(),
    }
    schema = arrow.schema(list(types.items()))
    part.mkdir()
    with parquet.ParquetWriter(part / TABLE, schema) as writer:
        for items in _portions(connection, wanted):
            rows = [item.to_json() | {"paths": [_escaped(path) for path in item.paths]} for item in items]
            writer.write_batch(arrow.RecordBatch.from_pylist(rows, schema=schema))
    np.save(part / IDS, wanted.ids)
    for view in wanted.views:
        _write_vectors(part / f"{view.space.name}.npy", connection, view, wanted.ids)


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise LookalikeError(
            "Parquet needs pyarrow, which is not installed; `pip install lookalike[parquet]` brings it, "
            "or export to JSON lines"
        ) from error
    return pyarrow, parquet


def _escaped(path: Path) -> str:
    """Return a path as a text for which no other path is written: backslashes are doubled, since they make escapes."""
    return _utf8(str(path).replace("\\", "\\\\"))


def _write_vectors(path: Path, connection: Connection, view: SpaceView, ids: NDArray[np.int64]) -> None:
    """Write the vectors (N, D) float16 of pictures; NaN where one is not described."""
    shape = (len(ids), view.space.n_dims)
    vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float16, shape=shape)
    for start in range(0, len(ids), PORTION):
        part = ids[start : start + PORTION].tolist()
        rows, owners = view.rows_of(connection, part)
        row_of = dict(zip(owners.tolist(), rows.tolist(), strict=True))
        places = [start + n for n, item_id in enumerate(part) if item_id in row_of]
        vectors[start : start + len(part)] = np.nan
        vectors[places] = view.vectors(np.array([row_of[ids[place]] for place in places], dtype=np.int64))
    vectors.flush()
