"""Pictures that are handed over for asking alone: kept in memory for a while, never written to the collection."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from lookalike.errors import ItemNotFound
from lookalike.media import Decoded
from lookalike.query import Upload
from lookalike.types import Frame

N_KEPT = 128
"""At most, some 100 MB: frames are kept at working size."""

SECONDS_KEPT = 3600.0
"""Since it was last asked with."""


@dataclass(frozen=True)
class Uploaded:
    """An upload: what it is called in queries, its frame at working size, and its thumbnail as WebP."""

    upload: Upload
    frame: Frame
    thumbnail: bytes


class Uploads:
    """The uploads of one collection, in one process.

    Parameters
    ----------
    clock : callable
        Returns seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, Uploaded]] = OrderedDict()  # the one asked with last comes last

    def keep(self, picture: Decoded) -> Uploaded:
        """Keep a picture; the same bytes have the same handle."""
        upload = Upload(picture.sha256[:32])
        uploaded = Uploaded(upload, picture.frame, picture.thumbnail)
        with self._lock:
            self._touch(uploaded)
        return uploaded

    def find(self, upload: Upload) -> Uploaded:
        """Return what was uploaded.

        Raises
        ------
        ItemNotFound
            If it was never there or is forgotten.
        """
        with self._lock:
            self._forget()
            if upload.handle not in self._kept:
                raise ItemNotFound("this upload is not here any more, uploads are kept for an hour; upload it again")
            uploaded = self._kept[upload.handle][1]
            self._touch(uploaded)
            return uploaded

    def _touch(self, uploaded: Uploaded) -> None:
        self._kept[uploaded.upload.handle] = (self._clock(), uploaded)
        self._kept.move_to_end(uploaded.upload.handle)
        self._forget()

    def _forget(self) -> None:
        while self._kept:
            handle, (touched, _) = next(iter(self._kept.items()))
            if len(self._kept) <= N_KEPT and self._clock() - touched < SECONDS_KEPT:
                return
            del self._kept[handle]
