"""How much room files take, while others may be writing and deleting them."""

import os
from contextlib import suppress
from pathlib import Path

UNFINISHED = ".part"
"""How the names of files end that are being written."""


def bytes_below(folder: Path) -> int:
    """Return the bytes of the finished files below a folder."""
    return sum(
        _bytes_of(Path(parent, name))
        for parent, _, names in os.walk(folder)
        for name in names
        if not name.endswith(UNFINISHED)
    )


def catalog_bytes(collection: Path) -> int:
    """Return the bytes of the catalogue in a collection's folder, with its log."""
    return sum(map(_bytes_of, collection.glob("catalog.db*")))


def _bytes_of(file: Path) -> int:
    """Return the bytes of a file, none if it was deleted since it was listed."""
    with suppress(FileNotFoundError):
        return file.stat().st_size
    return 0
