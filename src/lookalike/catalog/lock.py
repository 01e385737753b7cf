"""One writer at a time: a lock file that names its holder and vanishes with the process."""

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from lookalike.errors import CollectionBusy


@contextmanager
def writer_lock(path: Path, *, patience: float = 0.0, deed: str = "the collection is being written") -> Iterator[None]:
    """Hold the collection's writer lock inside the block.

    The kernel gives the lock back when the process ends, however it ends; what the file says is only for people.

    Parameters
    ----------
    patience : float
        Seconds to wait for another holder.
    deed : str
        What a holder does, for those who find it taken.

    Raises
    ------
    CollectionBusy
        If another process, or another block of this one, holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        end = time.monotonic() + patience
        while not _is_taken(descriptor):
            if time.monotonic() >= end:
                raise CollectionBusy(
                    f"{deed} by {_holder(os.pread(descriptor, 4096, 0))}; wait until it has ended, or stop it"
                )
            time.sleep(0.02)
        holder = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds"), "command": _command()}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _command() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]) or "python"


def _holder(content: bytes) -> str:
    try:
        holder = json.loads(content)
        return f"process {holder['pid']} ({holder['command']}) since {holder['since']}"
    except (ValueError, KeyError, TypeError):
        return "another process"
