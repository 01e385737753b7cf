"""Opening the catalogue: pragmas, migrations, and the database's errors as sentences."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine

from lookalike.errors import (
    BadQuery,
    CollectionBusy,
    CollectionDamaged,
    IncompatibleCollection,
    LookalikeError,
    StorageFull,
)

SCHEMA = "0004"
"""The newest migration, so that opening an up-to-date catalogue need not import Alembic (0.2 s)."""


def open_catalog(path: Path) -> Engine:
    """Return an engine on the SQLite file, which must have been made by `migrate`.

    Every connection waits for a writer up to 30 s, obeys foreign keys, and overwrites what is deleted with zeros.
    All it reads until its end is one moment's state, and all it writes is there at once or not at all.
    """
    engine = sa.create_engine(_url(path), connect_args={"timeout": 30, "check_same_thread": False})

    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA synchronous = FULL")
        # SQLite's own knows ASCII alone, and "ZÜRICH" should find "Zürich".
        connection.create_function("lower", 1, lambda text: text and _composed(str(text).lower()), deterministic=True)
        connection.create_function("composed", 1, _composed, deterministic=True)

    def begin(connection: Connection) -> None:
        # Python's sqlite3 begins at the first change, so that reads before it would each see another moment.
        options = connection.get_execution_options()
        if options.get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("is_writing") else "BEGIN")

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", begin)
    return engine


def _composed(name: str | bytes) -> str | bytes:
    """Return a name, or a path as the file system writes it, with accents in their letters: some systems part them."""
    if name.isascii():
        return name
    if isinstance(name, bytes):
        return os.fsencode(normalize("NFC", os.fsdecode(name)))
    return normalize("NFC", name)


def writing(engine: Engine) -> Engine:
    """Return the engine for transactions that write.

    Each waits for its turn at its beginning; one that began by reading could not wait for another writer any more.
    """
    return engine.execution_options(is_writing=True)


def command(engine: Engine, statement: str) -> None:
    """Execute what cannot stand in a transaction: PRAGMA journal_mode, PRAGMA wal_checkpoint, VACUUM."""
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(statement)


def _url(path: Path) -> URL:
    if os.access(path.parent, os.W_OK):
        return URL.create("sqlite", database=str(path))
    # A log cannot be kept on a disc that takes no writing; without one, a finished catalogue can still be read.
    return URL.create("sqlite", database=f"file:{quote(str(path))}", query={"immutable": "1", "uri": "true"})


def schema_of(engine: Engine) -> str | None:
    """Return the migration that the catalogue stands at, None if it is empty.

    Raises
    ------
    IncompatibleCollection
        If a newer version of Lookalike made it.
    """
    with translated(), engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        schema = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    if schema is not None and schema > SCHEMA:
        raise IncompatibleCollection(
            f"the collection has schema {schema} and this version knows up to {SCHEMA}; update Lookalike to open it"
        )
    return schema


def migrate(engine: Engine) -> None:
    """Bring the catalogue to the newest schema.

    Raises
    ------
    IncompatibleCollection
        As `schema_of` does.
    """
    if schema_of(engine) == SCHEMA:
        return
    from alembic.command import upgrade
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with translated():
        command(engine, "PRAGMA journal_mode = WAL")
        try:
            with writing(engine).connect() as connection:
                _disobey_foreign_keys(connection)
                with connection.begin():
                    config.attributes["connection"] = connection
                    upgrade(config, "head")
        finally:
            engine.dispose()  # nobody else may get this connection from the pool


def _disobey_foreign_keys(connection: Connection) -> None:
    """Let a table be dropped without what names its rows, for a new one that has the same rows."""
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.execute("PRAGMA foreign_keys = OFF")  # does nothing inside a transaction


@contextmanager
def translated() -> Iterator[None]:
    """Turn the database's errors into ours."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise translation(error) from error


def translation(error: sa.exc.DBAPIError) -> LookalikeError | sa.exc.DBAPIError:
    """Return the sentence that a database error deserves, or the error itself when it is a fault of ours."""
    text = str(error.orig)
    if "disk is full" in text or "disk I/O error" in text:
        return StorageFull(
            f"the catalogue could not be written: {text}; make room on the disk and run the command again"
        )
    if "malformed" in text or "not a database" in text:
        return CollectionDamaged(
            f"the catalogue is damaged: {text}; run `lookalike repair`, or go back to a copy made by `lookalike backup`"
        )
    if "locked" in text:
        return CollectionBusy("the collection is being written by another process; try again in a moment")
    if "interrupted" in text:
        return BadQuery("the query took longer than its time limit; ask for fewer terms or a narrower filter")
    return error


@contextmanager
def deadline(connection: Connection, seconds: float) -> Iterator[None]:
    """Interrupt whatever the connection executes inside the block once the time is over."""
    end = time.monotonic() + seconds
    raw = connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.set_progress_handler(lambda: time.monotonic() > end, 10_000)
    try:
        yield
    finally:
        raw.set_progress_handler(None, 0)
