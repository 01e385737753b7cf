"""One writer at a time: a lock file that names its holder and vanishes with the process."""

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from lookalike.errors import CollectionBusy


@contextmanager
def writer_lock(
    path: Path, *, patience: float = 0.0, deed: str = "the collection is being written", leaves_file: bool = True
) -> Iterator[None]:
    """Hold the lock at `path` inside the block; its file is made if missing.

    The kernel gives the lock back when the process ends, however it ends; what the file says is only for people.

    Parameters
    ----------
    patience : float
        Seconds to wait for another holder.
    deed : str
        What a holder does, for those who find it taken.
    leaves_file : bool
        Whether the file stays for the next holder; else it vanishes at the end, where locks have many names.

    Raises
    ------
    CollectionBusy
        If another process, or another block of this one, holds it.
    """
    end = time.monotonic() + patience
    while (descriptor := _locked(path)) is None:
        if time.monotonic() >= end:
            raise CollectionBusy(f"{deed} by {_holder(path)}; wait until it has ended, or stop it")
        time.sleep(0.02)
    try:
        holder = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds"), "command": _command()}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        if not leaves_file:
            path.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(path: Path) -> int | None:
    """Return a descriptor of the file at `path`, locked, or None if somebody else holds it or has just removed it."""
    descriptor, is_ours = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644), False
    try:
        with suppress(BlockingIOError, FileNotFoundError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = os.path.samestat(os.fstat(descriptor), path.stat())
    finally:
        if not is_ours:
            os.close(descriptor)
    return descriptor if is_ours else None


def _command() -> str:
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]]) or "python"


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_bytes()[:4096])
        return f"process {holder['pid']} ({holder['command']}) since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
