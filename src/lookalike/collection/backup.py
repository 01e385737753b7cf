"""A copy of a whole collection that can be opened like the collection itself."""

import os
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lookalike.collection.beside import part_beside
from lookalike.collection.sizes import UNFINISHED, bytes_below, catalog_bytes
from lookalike.collection.store import RESERVE_BYTES, Store
from lookalike.errors import CollectionDamaged, LookalikeError, StorageFull

COPIED = ("spaces", "thumbs")
"""The folders that are copied beside the catalogue; previews are made again when somebody looks."""


@dataclass(frozen=True)
class BackupReport:
    """Where a backup lies, and how large it is."""

    path: Path
    n_bytes: int

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {"path": str(self.path), "bytes": self.n_bytes}


def backup(store: Store, destination: Path) -> BackupReport:
    """Copy a collection to a new directory; searches go on meanwhile, but nobody can add.

    The copy is made beside its place and renamed when it is complete.

    Raises
    ------
    LookalikeError
        If the destination exists, cannot be made, or lies in the collection.
    StorageFull
        If its disk has no room.
    CollectionDamaged
        If vectors are damaged, so that a copy would be worth nothing.
    CollectionBusy
        If another process is writing.
    """
    destination = Path(os.path.abspath(destination))  # noqa: PTH100 - `resolve` would follow links
    _check_place(store, destination)
    with store.writing():
        _check_soundness(store)
        destination.parent.mkdir(parents=True, exist_ok=True)
        part = part_beside(destination)
        _check_room(store, destination.parent)
        shutil.rmtree(part, ignore_errors=True)  # left behind if somebody killed us here
        try:
            _copy(store, part)
            part.rename(destination)
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return BackupReport(destination, bytes_below(destination))


def _check_place(store: Store, destination: Path) -> None:
    if os.path.lexists(destination):
        raise LookalikeError(f"{destination} exists already; name a place where nothing is")
    if store.folder.resolve() in destination.resolve().parents:
        raise LookalikeError(f"{destination} lies in the collection itself; name a place outside of {store.folder}")


def _check_soundness(store: Store) -> None:
    for space in store.generations():
        for file in store.load_files(space):
            damaged = file.damaged_blocks()
            if damaged:
                raise CollectionDamaged(
                    f"{len(damaged)} blocks of {file.contents} in the space {space.name}, generation "
                    f"{space.generation}, are damaged, so nothing was copied; run `lookalike repair` first"
                )


def _check_room(store: Store, folder: Path) -> None:
    copied = sum(bytes_below(store.folder / name) for name in COPIED)
    needed = catalog_bytes(store.folder) + copied + RESERVE_BYTES
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StorageFull(
            f"the backup needs {needed:,} bytes and the disk of {folder} has {free:,} free; "
            "make room or name another disk"
        )


def _copy(store: Store, part: Path) -> None:
    part.mkdir()
    source, copy = sqlite3.connect(store.catalog_path), sqlite3.connect(part / "catalog.db")
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    for name in COPIED:
        if (store.folder / name).is_dir():
            shutil.copytree(store.folder / name, part / name, ignore=shutil.ignore_patterns(f"*{UNFINISHED}"))
    copied = Store(part, make=False)
    with copied.writing():
        pass  # a writer leaves the catalogue sealed
    copied.close()
    os.sync()
