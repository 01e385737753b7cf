"""Pictures from files, decoded in worker processes that a hostile file may take down or over without harm."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

from lookalike.errors import LookalikeError, UnreadableMedia
from lookalike.media import wire
from lookalike.media.files import open_beneath, sha256_of
from lookalike.media.limits import DEFAULT_LIMITS, Limits
from lookalike.media.metadata import Metadata

if TYPE_CHECKING:
    from lookalike.types import Frame

_FILES_PER_WORKER = 5000
"""After so many a worker is replaced, so that what libraries leak stays bounded."""

_START_SECONDS = 60.0
_PACKAGES = str(Path(__file__).parents[2])


@dataclass(frozen=True)
class Decoded:
    """What there is to know about one picture file.

    Attributes
    ----------
    sha256 : str
        Of the file's bytes, hexadecimal.
    n_bytes : int
    format : str
        By content: JPEG, PNG, GIF, WEBP, AVIF, TIFF, BMP or HEIF.
    frame : Frame
        The picture, upright, in sRGB, what is transparent on white; of an animation or of pages the first.
    thumbnail : bytes
        WebP, its longer side at most 384 pixels.
    metadata : Metadata
    n_frames : int
        Of an animation, or pages.
    """

    sha256: str
    n_bytes: int
    format: str
    frame: Frame
    thumbnail: bytes
    metadata: Metadata
    n_frames: int


class Decoder:
    """A pool of restricted worker processes that decode pictures; may be called from several threads at once.

    Workers start when they are first needed. One that crashes, hangs or answers nonsense is replaced, and only the
    file it was reading is refused.

    Parameters
    ----------
    n_workers : int
        At most so many processes.
    size : int
        Longer side of the frames returned, in pixels; smaller pictures keep theirs.
    limits : Limits

    Examples
    --------
    >>> with Decoder(n_workers=1, size=256) as decoder:
    ...     decoder.decode_bytes(b"no picture")
    Traceback (most recent call last):
    lookalike.errors.UnreadableMedia: not a picture of a known format; ...
    """

    def __init__(self, *, n_workers: int, size: int, limits: Limits = DEFAULT_LIMITS) -> None:
        if n_workers < 1 or size < 1:
            raise ValueError(f"a decoder has at least one worker and one pixel, got {n_workers} and {size}")
        self._size, self.limits = size, limits
        self._lock = threading.Lock()
        self._workers: set[_Worker] = set()
        self._is_closed = False
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(n_workers):
            self._idle.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the workers; a decode that is under way in another thread raises RuntimeError."""
        with self._lock:
            self._is_closed = True
            for worker in self._workers:
                worker.kill()
        with suppress(queue.Empty):
            while True:
                if (idle := self._idle.get_nowait()) is not None:
                    self._retire(idle)
        self._idle.put(None)  # for those who wait for one: they wake up, see that it is closed, and wake the next

    @property
    def worker_pids(self) -> tuple[int, ...]:
        """The processes that are there now, for those who watch them."""
        with self._lock:
            return tuple(worker.pid for worker in self._workers)

    def decode_bytes(self, content: bytes) -> Decoded:
        """Decode a picture held in memory; raises as `decode` does."""
        with _file_in_memory() as file:
            file.write(content)
            file.flush()
            return self.decode(file.fileno())

    def decode(self, fd: int) -> Decoded:
        """Decode one file.

        Parameters
        ----------
        fd : int
            Of a regular file open for reading. It stays the caller's, but its position moves, so one descriptor
            serves one call at a time.

        Raises
        ------
        UnreadableMedia
            If it is not a picture, is damaged or cut off, costs more than the limits, crashes its worker, or
            changes while it is read. The message is a reason without the file's name.
        RuntimeError
            If the decoder is closed.
        LookalikeError
            If no worker can be started.
        """
        before = os.fstat(fd)
        self._check(before)
        try:
            digest = _digest(fd)
            picture = self._ask(fd)
        except UnreadableMedia as error:
            _check_unchanged(fd, before, error)
            raise
        _check_unchanged(fd, before, None)
        return Decoded(
            sha256=digest,
            n_bytes=before.st_size,
            format=picture.format,
            frame=_frame(picture),
            thumbnail=picture.thumbnail,
            metadata=picture.metadata,
            n_frames=picture.n_frames,
        )

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableMedia("not a regular file but a folder, pipe or device; only regular files are read")
        if status.st_size == 0:
            raise UnreadableMedia("the file is empty; restore it from a copy")
        if status.st_size > self.limits.file_bytes:
            raise UnreadableMedia(
                f"the file has {status.st_size:,} bytes, more than the limit of {self.limits.file_bytes:,}; "
                "save a smaller copy"
            )

    def _ask(self, fd: int) -> wire.Picture:
        worker = self._idle.get()
        answer: wire.Picture | wire.Refusal | None = None
        try:
            worker = self._ready(worker)
            answer = worker.ask(fd)
        except _Broken as error:
            if self._is_closed:
                raise RuntimeError("the decoder is closed") from error
            raise UnreadableMedia(str(error)) from error
        finally:
            # Whatever came between, an interrupt too: a worker that owes an answer is never asked again.
            if answer is None and worker is not None:
                self._retire(worker)
                worker = None
            self._idle.put(worker)
        if isinstance(answer, wire.Refusal):
            raise UnreadableMedia(answer.reason)
        return answer

    def _ready(self, worker: _Worker | None) -> _Worker:
        """Return a worker that runs and is not worn out: the one given, or a new one."""
        if worker is not None and worker.is_alive() and worker.n_files < _FILES_PER_WORKER:
            return worker
        if worker is not None:
            self._retire(worker)
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the decoder is closed")
            fresh = _Worker(self._size, self.limits)
            self._workers.add(fresh)
        try:
            fresh.wait_until_ready()
        except BaseException:
            self._retire(fresh)
            raise
        return fresh

    def _retire(self, worker: _Worker) -> None:
        with self._lock:
            self._workers.discard(worker)
        worker.stop()


class _Broken(Exception):
    """A worker crashed, hung or talked nonsense; the text is what to tell about the file."""


class _Worker:
    """One worker process and the socket to it."""

    def __init__(self, size: int, limits: Limits) -> None:
        self.n_files = 0
        self._size, self._limits = size, limits
        self._channel, theirs = socket.socketpair()
        arguments = json.dumps({"size": size, "limits": asdict(limits)})
        with theirs:
            # Its own group, so that Ctrl-C in the terminal reaches the parent alone. No signal at the parent's
            # death: Linux sends it at the death of the thread that started the worker. The closed socket ends it.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-S", "-m", "lookalike.media.worker", arguments],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env=_environment(),
                process_group=0,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until the worker has given up its rights and listens.

        Raises
        ------
        LookalikeError
            If it never does.
        """
        assert self._process.stderr is not None
        with self._process.stderr as words:
            try:
                wire.receive_exactly(self._channel, len(wire.READY), time.monotonic() + _START_SECONDS)
            except (EOFError, OSError) as error:
                self.kill()
                last = words.read().decode(errors="replace").strip().rpartition("\n")[2]
                raise LookalikeError(
                    f"the process that decodes pictures did not start ({last or 'no reason given'}); "
                    "install lookalike anew in this environment"
                ) from error

    def ask(self, fd: int) -> wire.Picture | wire.Refusal:
        """Have one file decoded.

        Raises
        ------
        _Broken
            If there is no proper answer in time.
        """
        self.n_files += 1
        deadline = time.monotonic() + self._limits.seconds
        try:
            socket.send_fds(self._channel, [wire.FILE], [fd])
            return wire.receive(self._channel, self._size, deadline)
        except TimeoutError as error:
            raise _Broken(self._too_slow()) from error
        except (EOFError, ConnectionError) as error:
            raise _Broken(self._crash()) from error
        except ValueError as error:
            raise _Broken("it led the decoder astray; the file is damaged or hostile, so leave it out") from error

    def _too_slow(self) -> str:
        return f"decoding it takes longer than the limit of {self._limits.seconds:g} seconds; save a smaller copy"

    def _crash(self) -> str:
        status = self._process.wait()
        if status == -signal.SIGXCPU:
            return self._too_slow()
        cause = signal.Signals(-status).name if -status in set(signal.Signals) else f"exit status {status}"
        return f"it crashed the decoder ({cause}); the file is damaged or hostile, so leave it out or save it anew"

    def kill(self) -> None:
        """End the process; who waits for its answer sees it hang up."""
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """End the process and hang up; nobody may be waiting for an answer."""
        self.kill()
        self._channel.close()


def _environment() -> dict[str, str]:
    """Return what a worker needs to find this very package and its libraries, and nothing else of ours."""
    paths = [_PACKAGES, *(str(Path(entry).absolute()) for entry in sys.path)]
    kept = {
        name: os.environ[name] for name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME") if name in os.environ
    }
    return {**kept, "PYTHONPATH": os.pathsep.join(paths), "MALLOC_ARENA_MAX": "2"}


def _digest(fd: int) -> str:
    try:
        return sha256_of(fd)
    except OSError as error:
        raise UnreadableMedia(f"cannot be read: {(error.strerror or str(error)).lower()}; check its disk") from error


def _check_unchanged(fd: int, before: os.stat_result, cause: UnreadableMedia | None) -> None:
    after = os.fstat(fd)
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise UnreadableMedia("changed while it was read; it will be read at the next add") from cause


def _frame(picture: wire.Picture) -> Frame:
    # Imported here, because workers import this package and should not pay for NumPy.
    import numpy as np

    from lookalike.types import Frame

    height, width = picture.shape
    return Frame(np.frombuffer(picture.pixels, np.uint8).reshape(height, width, 3), picture.original)


def _file_in_memory() -> IO[bytes]:
    """Return an empty file without a name; in memory where the system can, because a disk may be full."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("picture"), "w+b")
    return tempfile.TemporaryFile()


def read_picture(path: Path, size: int) -> Decoded:
    """Decode one picture file, following symbolic links, because its name was given on purpose.

    Parameters
    ----------
    path : Path
    size : int
        Longer side of the frame, in pixels; a smaller picture keeps its own.

    Raises
    ------
    UnreadableMedia
        If it cannot be opened or decoded; the message names the file.
    """
    try:
        real = path.resolve(strict=True)
        fd = open_beneath(real.parent, os.fsencode(real.name))
    except (OSError, RuntimeError) as error:  # Python 3.11 calls a loop of links a RuntimeError
        said = str(getattr(error, "strerror", None) or "its links lead in a circle").lower()
        raise UnreadableMedia(f"{path}: cannot be opened: {said}; check its name") from error
    try:
        with Decoder(n_workers=1, size=size) as decoder:
            return decoder.decode(fd)
    except UnreadableMedia as error:
        raise UnreadableMedia(f"{path}: {error}") from error
    finally:
        os.close(fd)
