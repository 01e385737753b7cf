"""Folders that the operator allows to be looked into and added, and nothing beside them."""

import os
from collections.abc import Sequence
from pathlib import Path

from lookalike.errors import BadQuery
from lookalike.media import folders_beneath


def allowed(path: str, roots: Sequence[Path]) -> Path:
    """Return a folder or file if it lies below an allowed root and no symbolic link below the root leads to it.

    Raises
    ------
    BadQuery
        If it does not.
    UnreadableMedia
        If it is not there or a link stands in its way.
    """
    root, relative = _place(path, roots)
    folders_beneath(root, relative)
    return Path(path)


def folders_in(path: str, roots: Sequence[Path]) -> list[Path]:
    """Return the folders in a folder that lies below an allowed root; those whose names are not UTF-8 are left out.

    Raises
    ------
    BadQuery, UnreadableMedia
        As `allowed` does.
    """
    root, relative = _place(path, roots)
    names = [os.fsdecode(folder) for folder in folders_beneath(root, relative)]
    return [root / name for name in names if name.isprintable()]


def parent_of(path: str, roots: Sequence[Path]) -> Path | None:
    """Return the folder around a folder; None for a root."""
    return None if Path(path) in roots else Path(path).parent


def _place(path: str, roots: Sequence[Path]) -> tuple[Path, bytes]:
    place = Path(path)
    if "\0" not in path and ".." not in place.parts:
        for root in roots:
            if place.is_relative_to(root):
                relative = place.relative_to(root)
                return root, b"" if relative == Path() else os.fsencode(relative)
    known = ", ".join(map(str, roots)) or "none: start the server with --root DIR"
    raise BadQuery(f"{path[:200]!r} lies below no folder that may be added here; those are {known}")
