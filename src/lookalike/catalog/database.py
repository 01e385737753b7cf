"""Opening the catalogue: pragmas, migrations, and the database's errors as sentences."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, Engine

from lookalike.errors import BadQuery, CollectionDamaged, IncompatibleCollection, LookalikeError, StorageFull

SCHEMA = "0001"
"""The newest migration, so that opening an up-to-date catalogue need not import Alembic (0.2 s)."""


def open_catalog(path: Path) -> Engine:
    """Return an engine on the SQLite file, which must have been made by `migrate`.

    Every connection waits for a writer up to 30 s, obeys foreign keys, and overwrites what is deleted with zeros.
    """
    engine = sa.create_engine(_url(path), connect_args={"timeout": 30, "check_same_thread": False})

    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA synchronous = FULL")

    event.listen(engine, "connect", configure)
    return engine


def _url(path: Path) -> URL:
    if os.access(path.parent, os.W_OK):
        return URL.create("sqlite", database=str(path))
    # A log cannot be kept on a disc that takes no writing; without one, a finished catalogue can still be read.
    return URL.create("sqlite", database=f"file:{quote(str(path))}", query={"immutable": "1", "uri": "true"})


def schema_of(engine: Engine) -> str | None:
    """Return the migration that the catalogue stands at, None if it is empty."""
    with translated(), engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.scalar(sa.text("SELECT version_num FROM alembic_version"))


def migrate(engine: Engine) -> None:
    """Bring the catalogue to the newest schema.

    Raises
    ------
    IncompatibleCollection
        If a newer version of Lookalike made it.
    """
    schema = schema_of(engine)
    if schema == SCHEMA:
        return
    if schema is not None and schema > SCHEMA:
        raise IncompatibleCollection(
            f"the collection has schema {schema} and this version knows up to {SCHEMA}; update Lookalike to open it"
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with translated(), engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.commit()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


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
