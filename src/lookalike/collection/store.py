"""One collection's directory: catalogue, vectors, thumbnails, and who may write."""

import errno
import os
import re
import shutil
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.pool import PoolProxiedConnection

from lookalike.catalog import tables as t
from lookalike.catalog.database import SCHEMA, command, migrate, open_catalog, schema_of, translated, writing
from lookalike.catalog.held_file import HeldFile
from lookalike.catalog.vector_file import CodeFile, RowFile, VectorFile
from lookalike.errors import CollectionBusy, CollectionDamaged, CollectionNotFound, StorageFull
from lookalike.lock import writer_lock

PATIENCE_SECONDS = 30.0
"""How long to wait for others who make or migrate the catalogue, or change it a little."""

RESERVE_BYTES = 8 << 20
"""A file given up when the disk is full, so that the catalogue can be closed cleanly and searches still answer."""


LOCKS = ("lock", "seal.lock", "renew.lock", "jobs.lock")
"""Files that only keep others waiting: of who writes, who must not see the catalogue sealed, who renews, who does jobs.
"""

TAG = "CACHEDIR.TAG"
"""A file that keeps thumbnails from being taken for pictures, whatever the folder is called."""

TAGGED = "Signature: 8a477f597d28d172789f06886806bc55"
"""The first line of that file, which those who look for it expect."""

N_WORDS = 4
"""Of 64 bits, in a code."""

State = Literal["serving", "building", "retired"]
"""Of a generation: one serves, at most one is being built, the others are kept to go back to."""


def now() -> str:
    """Return the time in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True)
class Space:
    """One generation of one space, as the catalogue has it: the columns of its table."""

    id: int
    name: str
    generation: int
    folder: str
    finder: str
    version: str
    n_dims: int
    n_rows: int
    n_vectors: int
    state: State
    model: str | None
    is_chosen: bool
    coder: str
    n_codes: int


class Store:
    """Opens a collection's directory and knows where everything in it lies.

    Parameters
    ----------
    folder : Path
        Made if missing, when `make` is true.

    Raises
    ------
    CollectionNotFound
        If there is no collection and `make` is false, or the folder holds other things.
    CollectionDamaged
        If the catalogue is not the file that was last closed.
    IncompatibleCollection
        If a newer version made it.
    """

    def __init__(self, folder: Path, *, make: bool = True) -> None:
        self.folder = folder
        self.catalog_path = folder / "catalog.db"
        self._seal_path = folder / "catalog.crc"
        self._reserve_path = folder / "reserve"
        self._files: dict[int, tuple[Space, VectorFile, CodeFile]] = {}
        self._watcher: PoolProxiedConnection | None = None
        self._watching = Lock()
        self._held: HeldFile | None = None
        if not self.catalog_path.exists():
            self._make(make)
        self.engine = open_catalog(self.catalog_path)
        self.changes = writing(self.engine)
        try:
            self._check_seal()
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        try:
            self._bring_forward()
        except StorageFull:  # even reading needs a little room, for the index of the log
            if not self._reserve_path.exists():
                raise
            self._reserve_path.unlink()
            self._bring_forward()

    def _make(self, make: bool) -> None:
        if self.folder.exists() and not self.folder.is_dir():
            raise CollectionNotFound(f"{self.folder} is a file; a collection is a directory, name another place")
        others = [path for path in self.folder.iterdir() if path.name not in LOCKS] if self.folder.exists() else []
        if others:
            raise CollectionNotFound(
                f"{self.folder} holds {len(others)} other things and no collection; name a new or an empty directory"
            )
        if not make:
            raise CollectionNotFound(f"there is no collection at {self.folder}; `lookalike add PATH` makes one")
        self.folder.mkdir(parents=True, exist_ok=True)

    def _bring_forward(self) -> None:
        """Migrate if needed; an up-to-date catalogue, the usual case, is only looked at."""
        if schema_of(self.engine) == SCHEMA:
            return
        # Others may open a new collection at the same moment: they wait, and find it made.
        with writer_lock(self.folder / LOCKS[0], patience=PATIENCE_SECONDS):
            schema = schema_of(self.engine)
            if schema is None and (self.folder / "spaces").exists():
                raise CollectionDamaged(
                    f"the catalogue of {self.folder} is empty, but vectors are there; "
                    "go back to a copy made by `lookalike backup`, or add the folders to a new collection"
                )
            self._break_seal()
            if schema is not None and schema < SCHEMA:
                command(self.engine, "PRAGMA wal_checkpoint(TRUNCATE)")
                with (self.folder / f"catalog-before-{SCHEMA}.db").open("wb") as copy:
                    copy.writelines(self._catalog_pieces())
            migrate(self.engine)

    @contextmanager
    def writing(self, *, patience: float = 1.0) -> Iterator[None]:
        """Hold the writer lock; on leaving, the catalogue is one sealed file again.

        Parameters
        ----------
        patience : float
            Seconds to wait for another writer: small changes are over in some milliseconds.

        Raises
        ------
        CollectionBusy
            If another process is writing.
        StorageFull
            If the disk has no room; what was committed stays.
        """
        with self._full_disk_told(), writer_lock(self.folder / LOCKS[0], patience=patience):
            was_sealed = self._seal_path.exists()
            self._break_seal()
            try:
                self._tag()
                with translated():
                    self._cut_unfinished()
                    if not was_sealed:
                        self._sweep_thumbnails()
                    self._keep_reserve()
                    yield
            except (OSError, StorageFull):
                self._reserve_path.unlink(missing_ok=True)
                raise
            finally:
                self._close_sealed()

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """Yield a transaction for a small change of the catalogue alone, also while another process adds pictures.

        Raises
        ------
        CollectionBusy
            If another process keeps the catalogue for more than half a minute.
        StorageFull
            If the disk has no room.
        """
        with self._full_disk_told(), translated(), self._turn(), self.changes.begin() as connection:
            yield connection

    def _turn(self) -> ExitStack:
        """Become the writer or, while another one is at work, keep it from sealing the catalogue until this is left."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            with ExitStack() as stack:
                try:
                    stack.enter_context(self.writing(patience=0))
                    return stack.pop_all()
                except CollectionBusy:
                    if time.monotonic() > end:
                        raise
                stack.enter_context(self._unsealed())
                if not self._seal_path.exists():  # it is at work, and will fold in what is written now
                    return stack.pop_all()
            time.sleep(0.02)

    @contextmanager
    def _unsealed(self) -> Iterator[None]:
        """Let nobody seal the catalogue inside the block."""
        with writer_lock(self.folder / LOCKS[1], patience=PATIENCE_SECONDS):
            yield

    @contextmanager
    def _full_disk_told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise StorageFull(
                f"there is no room left on the disk that holds {self.folder}; what was indexed so far is safe, "
                "make room and run the command again"
            ) from error

    def _cut_unfinished(self) -> None:
        generations = self.generations()
        for space in generations:
            for file in self.load_files(space):
                file.cut()
        known = {space.folder for space in generations}
        for folder in (self.folder / "spaces").glob("*"):
            if folder.name not in known:
                shutil.rmtree(folder)

    def _sweep_thumbnails(self) -> None:
        """Delete thumbnails that no item has: left behind by a writer that was killed."""
        with self.engine.connect() as connection:
            known = set(connection.scalars(sa.select(t.items.c.sha256)))
        for path in (*(self.folder / "thumbs").glob("*/*"), *(self.folder / "previews").glob("*/*")):
            if path.suffix != ".webp" or path.stem not in known:
                path.unlink()

    def _tag(self) -> None:
        """Tell this and other programs that walk through folders to pass this one over."""
        if not (self.folder / TAG).exists():
            (self.folder / TAG).write_text(f"{TAGGED}\n# This folder is an index of pictures made by Lookalike.\n")

    def _keep_reserve(self) -> None:
        if self._reserve_path.exists() or shutil.disk_usage(self.folder).free < 4 * RESERVE_BYTES:
            return
        self._reserve_path.write_bytes(bytes(RESERVE_BYTES))

    def _break_seal(self) -> None:
        """Take the seal away before anything changes, and force that onto the disk, lest a power cut bring it back."""
        self._seal_path.unlink(missing_ok=True)
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _close_sealed(self) -> None:
        """Fold the log into the catalogue and note its checksum, unless a reader still needs the log."""
        try:
            with self._unsealed():
                command(self.engine, "PRAGMA wal_checkpoint(TRUNCATE)")
                self.engine.dispose()
                log = self.catalog_path.with_name("catalog.db-wal")
                if not log.exists() or log.stat().st_size == 0:
                    self._seal_path.write_text(f"{self._catalog_crc()}\n")
        except (OSError, sa.exc.DBAPIError):
            self._seal_path.unlink(missing_ok=True)  # no seal claims nothing; the next writer tries again

    def _check_seal(self) -> None:
        if self.is_catalog_damaged():
            raise CollectionDamaged(
                f"the catalogue of {self.folder} is not the file that was last closed; "
                "go back to a copy made by `lookalike backup`, or add the folders to a new collection"
            )

    def is_catalog_damaged(self) -> bool:
        """Return whether the sealed catalogue's bytes have changed; without a seal nothing is claimed."""
        seal = self._seal()
        if seal is None or seal == self._catalog_crc():
            return False
        return seal == self._seal()  # a writer that came in between took the seal away, and perhaps made another

    def _catalog_crc(self) -> int:
        """Return the CRC-32 of the catalogue's bytes (some 5 GB a second)."""
        crc = 0
        for piece in self._catalog_pieces():
            crc = zlib.crc32(piece, crc)
        return crc

    def _catalog_pieces(self) -> Iterator[bytes]:
        with self._watching:
            if self._held is None:
                self._held = HeldFile(self.catalog_path)
        return self._held.pieces()

    def _seal(self) -> int | None:
        """Return the checksum noted when the catalogue was last closed, None where none is or it is not whole."""
        try:
            text = self._seal_path.read_text()
        except (OSError, ValueError):
            return None
        return int(text) if re.fullmatch(r"[0-9]{1,10}\n", text) else None

    def spaces(self) -> list[Space]:
        """Return the generation of each space that serves, by name."""
        return [space for space in self.generations() if space.state == "serving"]

    def generations(self) -> list[Space]:
        """Return all generations of all spaces, by name, the oldest first."""
        with translated(), self.engine.connect() as connection:
            generations = read_generations(connection)
        for gone in self._files.keys() - {space.id for space in generations}:
            self._files.pop(gone, None)
        return generations

    def as_it_is(self, space: Space) -> Space | None:
        """Return a generation as it is committed now, None if it was dropped."""
        return next((other for other in self.generations() if other.id == space.id), None)

    def folder_of(self, space: Space) -> Path:
        """Return where the vectors and codes of a generation lie."""
        return self.folder / "spaces" / space.folder

    def files(self, space: Space) -> tuple[VectorFile, CodeFile]:
        """Return the vectors and codes of a space, as of the space's rows; kept while the space does not change."""
        kept = self._files.get(space.id)
        if kept is None or kept[0] != space:
            vectors, codes = self.load_files(space)
            if kept is not None and kept[0].folder == space.folder:
                vectors.inherit(kept[1])
                codes.inherit(kept[2])
            kept = self._files[space.id] = (space, vectors, codes)
        return kept[1:]

    def load_files(self, space: Space) -> tuple[VectorFile, CodeFile]:
        """Return vectors and codes anew; a writer appends to its own, so that readers keep what is committed."""
        with translated(), self.engine.connect() as connection:
            return self.read_files(connection, space)

    def read_files(self, connection: Connection, space: Space) -> tuple[VectorFile, CodeFile]:
        """Return vectors and codes of a space that the same connection has read, so of the same moment."""
        c = t.blocks.c
        checksums: dict[str, dict[int, int]] = {}
        for row in connection.execute(sa.select(c.contents, c.block, c.crc32).where(c.space_id == space.id)):
            checksums.setdefault(row.contents, {})[row.block] = row.crc32
        folder = self.folder_of(space)
        return (
            VectorFile(folder / "vectors", space.n_dims, space.n_rows, checksums.get(VectorFile.contents)),
            CodeFile(folder / "codes", N_WORDS, space.n_codes, checksums.get(CodeFile.contents)),
        )

    def thumbnail_path(self, sha256: str) -> Path:
        """Return where the thumbnail of a content lies."""
        return self.folder / "thumbs" / sha256[:2] / f"{sha256}.webp"

    def large_thumbnail_path(self, sha256: str) -> Path:
        """Return where the large thumbnail of a content lies once somebody has looked at it."""
        return self.folder / "previews" / sha256[:2] / f"{sha256}.webp"

    def version(self) -> int:
        """Return a number that is another one after every committed change, whoever made it; some microseconds."""
        with self._watching:
            if self._watcher is None:
                connection = self.engine.raw_connection()
                connection.detach()
                self._watcher = connection
            cursor = self._watcher.cursor()
            try:
                return cursor.execute("PRAGMA data_version").fetchone()[0]
            finally:
                cursor.close()

    def write_thumbnail(self, sha256: str, content: bytes) -> None:
        """Put a thumbnail in place in one step; it can be made again, so the disk is not forced."""
        path = self.thumbnail_path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(path)

    def close(self) -> None:
        """Close the catalogue."""
        self._files.clear()
        with self._watching:
            if self._watcher is not None:
                self._watcher.close()
                self._watcher = None
            self.engine.dispose()
            if self._held is not None:
                self._held.close()
                self._held = None


def read_generations(connection: Connection) -> list[Space]:
    """Return all generations of all spaces, by name, the oldest first."""
    columns = [t.spaces.c[name] for name in Space.__dataclass_fields__]
    query = sa.select(*columns).order_by(t.spaces.c.name, t.spaces.c.generation)
    return [Space(**row._mapping) for row in connection.execute(query)]


def record_rows(connection: Connection, space: Space, vectors: VectorFile, codes: CodeFile, *, n_new: int) -> None:
    """Commit the rows and checksums of flushed files, of which `n_new` more rows stand for instances."""
    c = t.spaces.c
    values = {"n_rows": vectors.n_rows, "n_codes": codes.n_rows, "n_vectors": c.n_vectors + n_new}
    connection.execute(sa.update(t.spaces).where(c.id == space.id).values(values))
    for file in (vectors, codes):
        _record_blocks(connection, space, file)


def _record_blocks(connection: Connection, space: Space, file: RowFile) -> None:
    c = t.blocks.c
    key = {"space_id": space.id, "contents": file.contents}
    rows = [key | {"block": block, "crc32": crc} for block, crc in file.unrecorded().items()]
    is_old = sa.and_(c.space_id == space.id, c.contents == file.contents, c.block.in_([row["block"] for row in rows]))
    connection.execute(sa.delete(t.blocks).where(is_old))
    if rows:
        connection.execute(sa.insert(t.blocks), rows)
