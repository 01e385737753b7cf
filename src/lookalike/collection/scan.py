"""Compares folders with the catalogue: what is new, what changed, what vanished, what cannot be seen."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from lookalike.catalog import tables as t
from lookalike.collection.store import now
from lookalike.errors import UnreadableMedia
from lookalike.media import Found, walk
from lookalike.media.files import LARGEST_NUMBER

KnownFile: TypeAlias = sa.Row[*tuple[Any, ...]]
"""What the catalogue knows of a file."""


@dataclass(frozen=True)
class Root:
    """A folder whose pictures are indexed, wholly or by single files."""

    id: int
    path: Path
    is_whole: bool
    device: int


@dataclass(frozen=True)
class Candidate:
    """A file to be read: new, changed, or worth another try."""

    root: Root
    found: Found
    file_id: int | None
    item_id: int | None

    @property
    def path(self) -> Path:
        """The absolute path."""
        return absolute(self.root.path, self.found.path)


@dataclass
class Scan:
    """What a look at the disk says, before any file is read."""

    candidates: list[Candidate] = field(default_factory=list)
    n_unchanged: int = 0
    missing: set[int] = field(default_factory=set)  # ids of files that are gone
    absent: list[tuple[Path, KnownFile]] = field(default_factory=list)  # files that are gone, or whose disk is
    devices: set[int] = field(default_factory=set)  # disks that are there, by the numbers the catalogue has of them
    taken_over: set[int] = field(default_factory=set)  # ids of items in roots that became part of an outer one
    offline: list[Path] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    asked: set[Path] = field(default_factory=set)  # files named one by one
    seen: set[tuple[int, bytes]] = field(default_factory=set)  # files by the id of their root and their path


def absolute(root: Path, relative: bytes) -> Path:
    """Return the path of a file from its root and its stored name, which need not be UTF-8."""
    return root / os.fsdecode(relative)


def scan_paths(connection: Connection, paths: Iterable[Path]) -> Scan:
    """Compare each path (file or folder) with what the catalogue knows below it; a file named in two ways counts once.

    The roots of folders come first, the outermost before those it takes over. Then come the files that are named: they
    are tried again even where their folder would pass them over.
    """
    scan = Scan()
    named = {_plain(path): path for path in paths}
    folders: list[Path] = []
    others: list[Path] = []
    places: dict[Path, tuple[Root, bytes]] = {}
    for path, name in named.items():
        with _skipping(scan, name):
            if path.is_symlink():
                scan.skipped.append((name, "it is a symbolic link; name the place it points to"))
            else:
                (folders if path.is_dir() else others).append(path)
    for folder in sorted(folders):
        with _skipping(scan, named[folder]):
            places[folder] = _root_for_folder(connection, scan, folder)
    for path in others:
        with _skipping(scan, named[path]):
            look = _scan_file if path.exists() else _scan_nothing
            look(connection, scan, path)
    for folder, (root, start) in places.items():
        with _skipping(scan, named[folder]):
            _scan_folder(connection, scan, root, start)
    _judge(scan)
    return scan


def _plain(path: Path) -> Path:
    """Return the one absolute path of a place, without "..", and with one "/" where POSIX lets two begin it."""
    return Path("/" + os.path.abspath(path).lstrip("/"))  # noqa: PTH100 - `resolve` would follow links


def scan_all(connection: Connection) -> Scan:
    """Look at all that was ever added: folders, and where only single files were named, at those."""
    scan = Scan()
    for root in known_roots(connection):
        with _skipping(scan, root.path):
            if root.is_whole:
                _scan_folder(connection, scan, root, b"")
            elif _is_seen(connection, scan, root):
                _look_again(scan, root, _known_files(connection, root, b""))
    _judge(scan)
    return scan


@contextmanager
def _skipping(scan: Scan, path: Path) -> Iterator[None]:
    """Let a path that cannot be looked at be one that is skipped."""
    try:
        yield
    except (OSError, UnreadableMedia) as error:
        scan.skipped.append((path, sentence_of(error)))


def sentence_of(error: Exception) -> str:
    """Return why a file was not read."""
    return f"it cannot be read: {error.strerror}" if isinstance(error, OSError) and error.strerror else str(error)


def known_roots(connection: Connection) -> list[Root]:
    """Return all roots, by path."""
    query = sa.select(t.roots).order_by(t.roots.c.path)
    return [Root(row.id, Path(os.fsdecode(row.path)), row.is_whole, row.device) for row in connection.execute(query)]


def is_offline(connection: Connection, root: Root) -> bool:
    """Return whether a root cannot be seen: it is not there, or it is an empty mount point where files were."""
    try:
        if not _is_empty(root.path) or _device(root.path.stat()) == root.device:
            return False
    except OSError:
        return True
    return connection.scalar(sa.select(t.files.c.id).where(t.files.c.root_id == root.id).limit(1)) is not None


def _is_empty(folder: Path) -> bool:
    return next(folder.iterdir(), None) is None


def _device(status: os.stat_result) -> int:
    return status.st_dev & LARGEST_NUMBER


def _is_seen(connection: Connection, scan: Scan, root: Root) -> bool:
    """Return whether a root can be looked at; note its disk as one that is there, or the root as offline."""
    if is_offline(connection, root):
        scan.offline.append(root.path)
        return False
    scan.devices.add(root.device)
    return True


def _scan_folder(connection: Connection, scan: Scan, root: Root, start: bytes) -> None:
    if not _is_seen(connection, scan, root):
        return
    unseen: list[bytes] = []

    def on_skip(relative: bytes, reason: str) -> None:
        unseen.append(relative)
        scan.skipped.append((absolute(root.path, relative), reason))

    known = _known_files(connection, root, start)
    for found in walk(root.path, start, on_skip=on_skip):
        _compare(scan, root, found, known.pop(found.path, None))
    places = tuple(place + b"/" if place else b"" for place in unseen)
    was_there = {path: row for path, row in known.items() if _is_expected(row)}
    _look_again(scan, root, {path: was_there[path] for path in was_there if not (path + b"/").startswith(places)})


def _is_expected(row: KnownFile) -> bool:
    """Return whether a known file would be missed."""
    return not row.is_missing or row.reason is not None


def _look_again(scan: Scan, root: Root, known: Mapping[bytes, KnownFile]) -> None:
    """Compare known files that no walk came by: they vanished, or were named although their folder is passed over."""
    for relative, row in known.items():
        found = next(walk(root.path, relative), None)
        if found is not None and found.path == relative:
            _compare(scan, root, found, row)
        elif _is_expected(row):
            scan.absent.append((absolute(root.path, relative), row))


def _judge(scan: Scan) -> None:
    """Tell files that are gone from those whose disk is: they lay on another one, of which nothing is seen."""
    for path, row in scan.absent:
        with _skipping(scan, path):
            mount_point = None if row.device in scan.devices else _left_mount_point(path, row.device)
            if mount_point is None:
                scan.missing.add(row.id)
            elif mount_point not in scan.offline:
                scan.offline.append(mount_point)


def _left_mount_point(path: Path, device: int) -> Path | None:
    """Return where the disk of a file that is not found was mounted, None if the nearest folder left lies on it."""
    below, folder = path, path.parent
    while not os.path.lexists(folder):
        below, folder = folder, folder.parent
    if _device(folder.lstat()) == device:
        return None
    return folder if _is_empty(folder) else below


def _scan_file(connection: Connection, scan: Scan, file: Path) -> None:
    root, relative = _root_for_file(connection, file)
    scan.asked.add(file)
    found = Found.of(relative, file.lstat())
    _compare(scan, root, found, _known_files(connection, root, relative, is_file=True).get(relative), again=True)


def _scan_nothing(connection: Connection, scan: Scan, path: Path) -> None:
    """A path that is not there: its files vanished, or their root is offline, or it was never known."""
    for root in known_roots(connection):
        if path != root.path and root.path not in path.parents:
            continue
        if not _is_seen(connection, scan, root):
            return
        relative = os.fsencode(path.relative_to(root.path))
        known = _known_files(connection, root, relative) | _known_files(connection, root, relative, is_file=True)
        if known:
            scan.absent += [(absolute(root.path, row.path), row) for row in known.values() if _is_expected(row)]
            return
    scan.skipped.append((path, "there is no such file or folder"))


def _compare(scan: Scan, root: Root, found: Found, row: KnownFile | None, *, again: bool = False) -> None:
    if (root.id, found.path) in scan.seen:
        return
    scan.seen.add((root.id, found.path))
    if row is not None:
        scan.devices.add(row.device)
    is_same = row is not None and (row.size, row.mtime_ns, row.inode) == (found.size, found.mtime_ns, found.inode)
    if row is not None and is_same and row.reason is None and not row.is_missing:
        scan.n_unchanged += 1
    elif row is not None and is_same and row.reason is not None and not again:
        scan.skipped.append((absolute(root.path, found.path), row.reason))
    else:
        scan.candidates.append(
            Candidate(root, found, row.id if row is not None else None, row.item_id if row is not None else None)
        )


def _known_files(connection: Connection, root: Root, start: bytes, *, is_file: bool = False) -> dict[bytes, KnownFile]:
    c = t.files.c
    query = sa.select(c.id, c.path, c.size, c.mtime_ns, c.inode, c.device, c.item_id, c.reason, c.is_missing)
    query = query.where(c.root_id == root.id)
    if is_file:
        query = query.where(c.path == start)
    elif start:
        query = query.where(c.path > start + b"/", c.path < start + b"0")  # "0" is the character behind "/"
    return {row.path: row for row in connection.execute(query)}


def _root_for_folder(connection: Connection, scan: Scan, folder: Path) -> tuple[Root, bytes]:
    roots = known_roots(connection)
    for root in roots:
        if root.is_whole and (root.path == folder or root.path in folder.parents):
            relative = folder.relative_to(root.path)
            return root, b"" if relative == Path() else os.fsencode(relative)
    root = _make_root(connection, roots, folder, is_whole=True)
    for nested in roots:
        if folder in nested.path.parents:
            scan.taken_over |= _absorb(connection, root, nested)
    return root, b""


def _root_for_file(connection: Connection, file: Path) -> tuple[Root, bytes]:
    roots = known_roots(connection)
    for root in roots:
        if root.is_whole and root.path in file.parents:
            return root, os.fsencode(file.relative_to(root.path))
    return _make_root(connection, roots, file.parent, is_whole=False), os.fsencode(file.name)


def _make_root(connection: Connection, roots: list[Root], folder: Path, *, is_whole: bool) -> Root:
    device = _device(folder.stat())
    for root in roots:
        if root.path == folder:
            if is_whole:
                connection.execute(sa.update(t.roots).where(t.roots.c.id == root.id).values(is_whole=True))
            return root
    values = {"path": os.fsencode(folder), "is_whole": is_whole, "device": device, "added_at": now()}
    number = connection.execute(sa.insert(t.roots).values(values).returning(t.roots.c.id)).scalar_one()
    return Root(number, folder, is_whole, device)


def _absorb(connection: Connection, root: Root, nested: Root) -> set[int]:
    """Hand the files of a nested root to the one around it, so that no file is known twice; return their items."""
    prefix = os.fsencode(nested.path.relative_to(root.path)) + b"/"
    c = t.files.c
    known = set(connection.scalars(sa.select(c.path).where(c.root_id == root.id)))
    rows = connection.execute(sa.select(c.id, c.path, c.item_id).where(c.root_id == nested.id)).all()
    for row in rows:
        if prefix + row.path not in known:
            values = {"root_id": root.id, "path": prefix + row.path}
            connection.execute(sa.update(t.files).where(c.id == row.id).values(values))
    connection.execute(sa.delete(t.roots).where(t.roots.c.id == nested.id))
    return {row.item_id for row in rows if row.item_id is not None}
