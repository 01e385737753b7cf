"""Lookalike finds pictures, regions of pictures, people, writing and moments of video by what they show.

::

    import lookalike as la

    photos = la.open("holiday.lookalike")
    photos.add("~/Pictures")
    photos.search(la.image("query.jpg") & la.words("Rome"))
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lookalike.collection import AddReport, Collection, Evidence, Hit, Hits, Labels, Progress
    from lookalike.query import colour, image, parse, where, words

__version__ = "0.1.0"

_HOMES = {
    **dict.fromkeys(
        ("AddReport", "Collection", "Evidence", "Hit", "Hits", "Labels", "Progress"), "lookalike.collection"
    ),
    **dict.fromkeys(("colour", "image", "parse", "where", "words"), "lookalike.query"),
}
"""Where public names live: they are imported when first used, so that `import lookalike` takes milliseconds."""

__all__ = [
    "AddReport",
    "Collection",
    "Evidence",
    "Hit",
    "Hits",
    "Labels",
    "Progress",
    "colour",
    "image",
    "open",
    "parse",
    "where",
    "words",
]


def open(folder: str | os.PathLike[str] | None = None, *, make: bool = True) -> "Collection":  # noqa: A001
    """Open a collection, and make it if there is none.

    Parameters
    ----------
    folder : path or None
        The collection's directory; None takes the setting `collection` (``LOOKALIKE_COLLECTION``).
    make : bool
        Whether to make it if it is missing.

    Raises
    ------
    CollectionNotFound
        If there is none and `make` is false, or the folder holds other things.
    CollectionDamaged
        If the catalogue's bytes have changed.
    IncompatibleCollection
        If a newer version made it.
    """
    from pathlib import Path

    from lookalike.collection import Collection
    from lookalike.settings import load_settings

    return Collection(load_settings().collection if folder is None else Path(folder).expanduser(), make=make)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
