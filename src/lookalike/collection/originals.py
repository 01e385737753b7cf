"""The file of a picture, opened only if it still holds that picture."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection.items import unknown
from lookalike.collection.scan import absolute, sentence_of
from lookalike.collection.store import Store
from lookalike.errors import UnreadableMedia
from lookalike.media import open_beneath, sha256_of


@dataclass(frozen=True)
class Original:
    """An original that is open for reading.

    Attributes
    ----------
    descriptor : int
        Of the file; it is the opener's to close.
    path : Path
    format : str
        By content: JPEG, PNG, GIF, WEBP, AVIF, TIFF, BMP or HEIF.
    sha256 : str
    n_bytes : int
    """

    descriptor: int
    path: Path
    format: str
    sha256: str
    n_bytes: int


def open_original(store: Store, item_id: int) -> Original:
    """Open the first file that can be read and still holds a picture, without following any link below its root.

    Raises
    ------
    ItemNotFound
        If the id is not in the collection.
    UnreadableMedia
        If no file of it can be read now, or all hold something else.
    """
    files = t.files.c
    query = sa.select(files.path, files.size, files.mtime_ns, t.roots.c.path.label("root")).join(t.roots)
    query = query.where(files.item_id == item_id, files.is_missing.is_(False)).order_by(files.id)
    with translated(), store.engine.connect() as connection:
        facts = connection.execute(
            sa.select(t.items.c.sha256, t.items.c.format).where(t.items.c.id == item_id)
        ).one_or_none()
        places = connection.execute(query).all()
    if facts is None:
        raise unknown(item_id)
    reason = "no file holds it any more"
    for place in places:
        root = Path(os.fsdecode(place.root))
        try:
            descriptor = open_beneath(root, place.path)
        except (UnreadableMedia, OSError) as error:
            reason = sentence_of(error)
            continue
        status = os.fstat(descriptor)
        if (status.st_size, status.st_mtime_ns) == (place.size, place.mtime_ns) or sha256_of(
            descriptor
        ) == facts.sha256:
            return Original(descriptor, absolute(root, place.path), facts.format, facts.sha256, status.st_size)
        os.close(descriptor)
        reason = "its file holds another picture now; `lookalike add` takes note of that"
    raise UnreadableMedia(f"the original of picture {item_id} cannot be shown: {reason}")


@contextmanager
def original(store: Store, item_id: int) -> Iterator[Original]:
    """Open an original as `open_original` does, and close it at the block's end."""
    found = open_original(store, item_id)
    try:
        yield found
    finally:
        os.close(found.descriptor)
