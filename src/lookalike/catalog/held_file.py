"""Reading the bytes of a database file beside SQLite, without giving up SQLite's locks.

POSIX drops all locks that a process holds on a file when the process closes any descriptor of it; another process then
takes the database for one that nobody uses, and deletes its log ("How To Corrupt An SQLite Database File", 2.2). So a
file is opened once for the whole process, and closed when nobody in it needs it any more.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

PIECE = 1 << 20

_lock = Lock()
_descriptors: dict[tuple[int, int], int] = {}
_n_holders: dict[tuple[int, int], int] = {}


class HeldFile:
    """A file that stays open for reading until the last holder in this process closes it.

    Parameters
    ----------
    path : Path

    Raises
    ------
    OSError
        If it cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        with _lock:
            status = path.stat()
            self._key = (status.st_dev, status.st_ino)
            if self._key not in _descriptors:
                _descriptors[self._key] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            _n_holders[self._key] = _n_holders.get(self._key, 0) + 1
        self._is_closed = False

    def pieces(self) -> Iterator[bytes]:
        """Yield the file's bytes as they are now, in pieces."""
        offset = 0
        while piece := os.pread(_descriptors[self._key], PIECE, offset):
            yield piece
            offset += len(piece)

    def close(self) -> None:
        """Need the file no more; the holder must have closed its connections to it before."""
        with _lock:
            if self._is_closed:
                return
            self._is_closed = True
            _n_holders[self._key] -= 1
            if _n_holders[self._key] == 0:
                del _n_holders[self._key]
                os.close(_descriptors.pop(self._key))
