"""Thumbnails of two sizes: small ones are made when a picture is added, large ones when they are first looked at."""

import io
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
from PIL import Image

from lookalike.catalog import tables as t
from lookalike.catalog.database import translated
from lookalike.collection.items import unknown
from lookalike.collection.originals import original
from lookalike.collection.store import Store
from lookalike.errors import ItemNotFound, UnreadableMedia
from lookalike.media import Decoded

LARGE_SIDE = 1600
LARGE_QUALITY = 82


def sha256_of_item(store: Store, item_id: int) -> str:
    """Return the SHA-256 of a picture.

    Raises
    ------
    ItemNotFound
        If the id is not in the collection.
    """
    with translated(), store.engine.connect() as connection:
        sha256 = connection.scalar(sa.select(t.items.c.sha256).where(t.items.c.id == item_id))
    if sha256 is None:
        raise unknown(item_id)
    return sha256


def small_thumbnail(store: Store, sha256: str) -> bytes:
    """Return the WebP of a content, its longer side at most 384 pixels.

    Raises
    ------
    ItemNotFound
        If it is not there.
    """
    try:
        return store.thumbnail_path(sha256).read_bytes()
    except OSError as error:
        raise ItemNotFound("the thumbnail is not there; `lookalike repair` makes it again") from error


class LargeThumbnails:
    """WebP pictures whose longer side is at most 1,600 pixels, kept below `previews/` up to a number of bytes.

    All of them can be made again from the originals, so they may be deleted at any time.

    Parameters
    ----------
    decode : callable
        Takes the descriptor of a file, returns a `Decoded` whose frame has at most `LARGE_SIDE` pixels.
    n_bytes : int
        When more are kept, those that were not asked for longest go first.
    """

    def __init__(self, store: Store, decode: Callable[[int], Decoded], n_bytes: int) -> None:
        self._store = store
        self._decode = decode
        self._most = n_bytes
        self._n_kept: int | None = None
        self._lock = threading.Lock()

    def read(self, item_id: int, sha256: str) -> bytes:
        """Return the large thumbnail of a picture.

        Raises
        ------
        UnreadableMedia
            If there is none yet and the original cannot be read now.
        """
        path = self._store.large_thumbnail_path(sha256)
        try:
            content = path.read_bytes()
        except OSError:
            content = self._made(item_id, sha256)
            with suppress(OSError):  # a disk that is full or takes no writing is no reason not to show it
                self._keep(path, content)
        else:
            with suppress(OSError):
                os.utime(path)
        return content

    def _made(self, item_id: int, sha256: str) -> bytes:
        with original(self._store, item_id) as file:
            decoded = self._decode(file.descriptor)
        if decoded.sha256 != sha256:
            raise UnreadableMedia(f"the file of picture {item_id} holds another one now; `lookalike add` takes note")
        content = io.BytesIO()
        Image.fromarray(decoded.frame.image).save(content, "WEBP", quality=LARGE_QUALITY, method=2)
        return content.getvalue()

    def _keep(self, path: Path, content: bytes) -> None:
        with self._lock:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")
            part.write_bytes(content)
            part.replace(path)
            if self._n_kept is None:
                self._n_kept = sum(kept.stat().st_size for kept in self._all())
            else:
                self._n_kept += len(content)
            if self._n_kept > self._most:
                self._n_kept = self._drop_oldest()

    def _all(self) -> list[Path]:
        return list((self._store.folder / "previews").glob("*/*.webp"))

    def _drop_oldest(self) -> int:
        """Delete a tenth more than is too much; return how many bytes are left."""
        kept = sorted((status.st_mtime, status.st_size, path) for path in self._all() if (status := path.stat()))
        n_bytes = sum(size for _, size, _ in kept)
        for _, size, path in kept:
            if n_bytes <= 0.9 * self._most:
                break
            path.unlink(missing_ok=True)
            n_bytes -= size
        return n_bytes
