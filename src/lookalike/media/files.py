"""Finding and opening files below a root, without ever leaving it."""

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from lookalike.errors import UnreadableMedia

PICTURE_EXTENSIONS = frozenset(
    b"jpg jpeg jpe jfif mpo png apng gif webp avif avifs tif tiff bmp dib heic heics heif heifs hif".split()
)
OTHER_EXTENSIONS = frozenset(
    b"3fr arw blp cr2 cr3 crw dds dng eps erf exr fli hdr icns ico j2k jp2 jpx jxl kdc mrw msp nef nrw orf pam pbm pcx "
    b"pef pgm pnm ppm psb psd raf rw2 sgi srw svg tga wmf x3f xbm xpm".split()
)
"""Of pictures in formats that are not read: whoever has them should hear that, and not wonder where they are."""
SKIPPED_FOLDERS = frozenset(
    b"@eaDir|#recycle|$RECYCLE.BIN|System Volume Information|node_modules|__MACOSX|lost+found".split(b"|")
)
MARKERS = frozenset([b".nomedia", b"CACHEDIR.TAG"])
"""A folder that holds one of these does not want to be looked at."""

COLLECTION_SUFFIX = b".lookalike"

LARGEST_NUMBER = 2**63 - 1
"""Of an inode or a device, as a catalogue holds it; file systems may use one bit more, which is left out."""

_IRREGULAR = "not a regular file but a folder, pipe or device; only regular files are read"
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Found:
    """One candidate file of a walk, as it was when it was seen.

    Attributes
    ----------
    path : bytes
        Relative to the root, as the file system spells it, separated by ``/``.
    size : int
        In bytes.
    mtime_ns : int
    inode, device : int
        Without their highest bit.
    """

    path: bytes
    size: int
    mtime_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, path: bytes, status: os.stat_result) -> Self:
        """Return what the status of a file says."""
        inode, device = status.st_ino & LARGEST_NUMBER, status.st_dev & LARGEST_NUMBER
        return cls(path, status.st_size, status.st_mtime_ns, inode, device)


def walk(root: Path, start: bytes = b"", *, on_skip: Callable[[bytes, str], None] | None = None) -> Iterator[Found]:
    """Yield the files below a folder that may be pictures by their name, sorted within each folder.

    Those are pictures of formats that are read, of others that can only be told about, and names without extension.
    Symbolic links are never followed, except by the root itself. Hidden files and folders, folders of other programs
    and of collections, and folders with a ``.nomedia`` or ``CACHEDIR.TAG`` are passed over, unless they are the start.

    Parameters
    ----------
    root : Path
    start : bytes
        A folder below the root to start at, or one file, which is then taken whatever its extension.
    on_skip : callable or None
        Told the relative path and the reason of each folder or file that could not be looked at.

    Raises
    ------
    UnreadableMedia
        If the root cannot be opened.
    """
    root_fd = _open_root(root)
    try:
        pending = [start]
        while pending:
            folder = pending.pop()
            try:
                files, folders = _look(root_fd, folder, is_start=folder == start)
            except UnreadableMedia as error:
                if on_skip is not None:
                    on_skip(folder, str(error))
                continue
            yield from files
            pending.extend(reversed(folders))
    finally:
        os.close(root_fd)


def folders_beneath(root: Path, relative: bytes = b"") -> list[bytes]:
    """Return the folders directly in a folder below a root, sorted, as `walk` would go into them; none for a file.

    Raises
    ------
    UnreadableMedia
        If it cannot be opened, or a symbolic link leads to it.
    """
    root_fd = _open_root(root)
    try:
        return _look(root_fd, relative, is_start=True)[1]
    finally:
        os.close(root_fd)


def _look(root_fd: int, path: bytes, *, is_start: bool) -> tuple[list[Found], list[bytes]]:
    """Return the pictures in one folder, and the folders below it, both sorted; or the one file that the path names."""
    fd = _open_below(root_fd, path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode):
            return [Found.of(path, status)], []
        if not stat.S_ISDIR(status.st_mode):
            raise UnreadableMedia(_IRREGULAR)
        return _list(fd, path, is_start=is_start)
    except OSError as error:
        raise UnreadableMedia(_cannot("list", error)) from error
    finally:
        os.close(fd)


def _list(fd: int, path: bytes, *, is_start: bool) -> tuple[list[Found], list[bytes]]:
    with os.scandir(fd) as entries:
        named = sorted((os.fsencode(entry.name), entry) for entry in entries)
    if not is_start and any(name in MARKERS for name, _ in named):
        return [], []
    prefix = path + b"/" if path else b""
    files, folders = [], []
    for name, entry in named:
        if name.startswith(b"."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if name not in SKIPPED_FOLDERS and not name.endswith(COLLECTION_SUFFIX):
                folders.append(prefix + name)
        elif _may_be_picture(name) and entry.is_file(follow_symlinks=False):
            try:
                files.append(Found.of(prefix + name, entry.stat(follow_symlinks=False)))
            except FileNotFoundError:
                continue  # it vanished since the folder was read, as if it had vanished before
    return files, folders


def _may_be_picture(name: bytes) -> bool:
    """Return whether a file's name is a picture's, or says nothing: then its content will tell."""
    _, dot, extension = name.rpartition(b".")
    return not dot or extension.lower() in PICTURE_EXTENSIONS | OTHER_EXTENSIONS


def open_beneath(root: Path, relative: bytes) -> int:
    """Open a regular file below a root for reading, and return its descriptor, which the caller closes.

    Each component is opened from the one before and no symbolic link is followed, so nobody who swaps files or
    folders meanwhile can lead the way out. The root itself may be a link. A hard link cannot be told from a file.

    Raises
    ------
    UnreadableMedia
        If the path is absolute, has empty, ``.`` or ``..`` parts or a zero byte, passes through a symbolic link,
        does not name a regular file, or may not be read.
    """
    root_fd = _open_root(root)
    try:
        fd = _open_below(root_fd, relative, _FILE)
    finally:
        os.close(root_fd)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise UnreadableMedia(_IRREGULAR)
    return fd


def _open_root(root: Path) -> int:
    try:
        return os.open(root, _FOLDER)
    except (OSError, ValueError) as error:
        raise UnreadableMedia(
            f"cannot open the folder {str(root)!r}: {_fact(error)}; check that it is there"
        ) from error


def _open_below(root_fd: int, path: bytes, flags: int) -> int:
    """Open a path component by component; an empty path is the root."""
    *folders, name = parts = path.split(b"/")
    if b"\0" in path or {b".", b".."} & set(parts) or (path and not all(parts)):
        raise UnreadableMedia(f"{path!r} is not a plain path below the folder; name a file inside it")
    fd = os.dup(root_fd)
    try:
        for folder in folders:
            fd, outer = os.open(folder, _FOLDER | os.O_NOFOLLOW, dir_fd=fd), fd
            os.close(outer)
        return os.open(name or b".", flags, dir_fd=fd)
    except OSError as error:
        raise UnreadableMedia(_cannot("open", error)) from error
    finally:
        os.close(fd)


def _cannot(verb: str, error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return (
            f"cannot {verb} it: a symbolic link, or a file for a folder, stands in its path, and links are not "
            "followed; add what it points to"
        )
    return f"cannot {verb} it: {_fact(error)}; check that it is there and that you may read it"


def _fact(error: OSError | ValueError) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def sha256_of(fd: int) -> str:
    """Return the SHA-256 of a file's bytes in hexadecimal; the position of the descriptor does not move."""
    digest = hashlib.sha256()
    offset = 0
    while block := os.pread(fd, 1 << 20, offset):
        digest.update(block)
        offset += len(block)
    return digest.hexdigest()
