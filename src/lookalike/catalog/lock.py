"""One writer at a time: a lock file that names its holder and vanishes with the process."""

import fcntl
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lookalike.errors import CollectionBusy


@contextmanager
def writer_lock(path: Path) -> Iterator[None]:
    """Hold the collection's writer lock inside the block.

    The kernel gives the lock back when the process ends, however it ends; what the file says is only for people.

    Raises
    ------
    CollectionBusy
        If another process, or another block of this one, holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CollectionBusy(_busy(os.pread(descriptor, 4096, 0))) from None
        holder = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds"), "command": _command()}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _command() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]) or "python"


def _busy(content: bytes) -> str:
    try:
        holder = json.loads(content)
        who = f"process {holder['pid']} ({holder['command']}) since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        who = "another process"
    return f"the collection is being written by {who}; wait until it has ended, or stop it"
