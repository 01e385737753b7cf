"""The catalogue: its schema, its migrations, its transactions, and what its errors say."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.engine import Engine

from lookalike.catalog import tables as t
from lookalike.catalog.database import SCHEMA, command, deadline, migrate, open_catalog, schema_of, translated
from lookalike.errors import BadQuery, CollectionDamaged, IncompatibleCollection, LookalikeError, StorageFull

MIGRATIONS = Path(sys.modules[migrate.__module__].__file__).parent / "migrations" / "versions"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_catalog(tmp_path / "catalog.db")
    migrate(engine)
    yield engine
    engine.dispose()


def album(name: str) -> sa.Insert:
    return sa.insert(t.albums).values(name=name, made_at="2026-01-01")


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_the_migrated_schema_is_that_of_the_tables(engine):
    def is_ours(thing: object, name: str | None, kind: str, *_: object) -> bool:
        return not (kind == "table" and str(name).startswith("texts_index"))

    with engine.connect() as connection:
        options = {"include_object": is_ours, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), t.metadata) == []


def test_the_newest_migration_is_the_schema_that_openers_expect(engine):
    assert schema_of(engine) == SCHEMA == max(path.stem.split("_")[0] for path in MIGRATIONS.glob("[0-9]*.py"))
    migrate(engine)
    assert schema_of(engine) == SCHEMA


def test_an_empty_file_has_no_schema(tmp_path):
    assert schema_of(open_catalog(tmp_path / "catalog.db")) is None


def test_a_newer_schema_is_refused_politely(engine):
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(IncompatibleCollection, match=r"has schema 9999 .+; update Lookalike to open it"):
        migrate(engine)


def test_opening_an_up_to_date_catalogue_does_not_import_alembic(engine, tmp_path):
    code = (
        "import sys; from pathlib import Path; from lookalike.catalog.database import migrate, open_catalog;"
        f"migrate(open_catalog(Path({str(tmp_path / 'catalog.db')!r}))); print(*sys.modules)"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "alembic" not in output.split()


def test_a_migration_that_is_interrupted_leaves_nothing(tmp_path):
    engine = open_catalog(tmp_path / "catalog.db")

    def interrupt(*arguments: object) -> None:
        if "texts_added" in str(arguments[2]):
            raise KeyboardInterrupt

    sa.event.listen(engine, "before_cursor_execute", interrupt)
    with pytest.raises(KeyboardInterrupt):
        migrate(engine)
    engine.dispose()
    again = open_catalog(tmp_path / "catalog.db")
    assert schema_of(again) is None
    migrate(again)
    assert schema_of(again) == SCHEMA


def test_a_connection_reads_one_moment(engine):
    with engine.connect() as reader:
        assert reader.scalar(sa.select(sa.func.count()).select_from(t.albums)) == 0
        with engine.begin() as writer:
            writer.execute(album("one"))
        assert reader.scalar(sa.select(sa.func.count()).select_from(t.albums)) == 0
    with engine.connect() as reader:
        assert reader.scalar(sa.select(sa.func.count()).select_from(t.albums)) == 1


def test_what_fails_in_the_middle_is_not_there(engine):
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(album("one"))
        connection.execute(album("one"))
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(t.albums)) == 0


def test_foreign_keys_are_obeyed(engine):
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        connection.execute(sa.insert(t.frames).values(item_id=7, number=0))


def test_the_id_of_a_generation_is_never_used_again(engine):
    def begun(connection: sa.Connection, number: int) -> int:
        numbers = dict.fromkeys(("n_dims", "n_rows", "n_vectors"), 0)
        words = {"name": "colour", "folder": str(number), "finder": "whole", "version": "1", "state": "retired"}
        return connection.execute(sa.insert(t.spaces).values(generation=number, **words, **numbers)).lastrowid

    with engine.begin() as connection:
        ids = [begun(connection, number) for number in (1, 2)]
        connection.execute(sa.delete(t.spaces).where(t.spaces.c.id == ids[1]))
        assert begun(connection, 2) > ids[1]


def test_foreign_keys_are_obeyed_after_a_migration_too(tmp_path):
    engine = open_catalog(tmp_path / "catalog.db")
    migrate(engine)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def test_what_is_deleted_is_overwritten(engine, tmp_path):
    with engine.begin() as connection:
        connection.execute(album("a name nobody should find"))
    with engine.begin() as connection:
        connection.execute(sa.delete(t.albums))
    command(engine, "PRAGMA wal_checkpoint(TRUNCATE)")
    command(engine, "VACUUM")
    command(engine, "PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    assert all(b"nobody should find" not in path.read_bytes() for path in tmp_path.iterdir())


def test_letters_beyond_ascii_have_a_small_form_too(engine):
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.lower("ZÜRICH"))) == "zürich"
        assert connection.scalar(sa.select(sa.func.lower(sa.null()))) is None


def test_a_query_is_interrupted_at_its_deadline(engine):
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"
    told = pytest.raises(BadQuery, match="longer than its time limit")
    with told, translated(), engine.connect() as connection, deadline(connection, 0.05):
        connection.exec_driver_sql(endless).all()
    with engine.connect() as connection, deadline(connection, 10):
        assert connection.scalar(sa.text("SELECT 1")) == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("database or disk is full", StorageFull),
        ("disk I/O error", StorageFull),
        ("database disk image is malformed", CollectionDamaged),
        ("file is not a database", CollectionDamaged),
        ("interrupted", BadQuery),
    ],
)
def test_the_databases_errors_become_sentences(text: str, kind: type[LookalikeError]) -> None:
    with pytest.raises(kind, match=r"; .+"), translated():
        raise sa.exc.OperationalError("SELECT 1", {}, sqlite3.OperationalError(text))


def test_a_fault_of_ours_stays_what_it_is() -> None:
    with pytest.raises(sa.exc.OperationalError), translated():
        raise sa.exc.OperationalError("SELECT", {}, sqlite3.OperationalError("no such table: x"))


def test_a_deletion_does_not_look_through_all_pictures(engine):
    plan = "EXPLAIN QUERY PLAN SELECT id FROM items WHERE predecessor_id = 1"
    with engine.connect() as connection:
        assert "items_predecessor_id" in str(connection.exec_driver_sql(plan).all())
