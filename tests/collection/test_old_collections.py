"""Collections made by earlier versions: opened and brought forward, and nothing of them lost, whatever interrupts."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from lookalike.catalog.database import SCHEMA
from lookalike.collection import Collection
from lookalike.settings import Settings

OLD = Path(__file__).parent / "old"
SCHEMAS = sorted(path.stem for path in OLD.glob("*.zip"))
WITHOUT_CODES = [schema for schema in SCHEMAS if schema < "0003"]
N = 3

Unpack = Callable[[str], Path]


@pytest.fixture
def unpack(tmp_path: Path) -> Unpack:
    """Return the directory of an old collection, whose pictures lie where it expects them."""

    def unpack(schema: str) -> Path:
        with ZipFile(OLD / f"{schema}.zip") as archive:
            archive.extractall(tmp_path / schema)
        place = tmp_path / schema / "collection"
        connection = sqlite3.connect(place / "catalog.db")
        with connection:
            connection.execute("UPDATE roots SET path = ?", (bytes(tmp_path / schema / "pictures"),))
        connection.close()
        return place

    return unpack


def content(pictures: Collection) -> list[tuple[object, ...]]:
    """Return what people would miss: the pictures, in order, with their names and albums."""
    return [
        (item.id, item.sha256, item.taken_at, item.albums, [path.name for path in item.paths])
        for item in pictures.items()
    ]


EXPECTED_NAMES = [["0.png"], ["1.png"], ["2.png"]]


def test_every_schema_before_this_one_is_kept() -> None:
    assert [int(schema) for schema in SCHEMAS] == list(range(1, int(SCHEMA)))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_an_old_collection_opens_with_all_it_held_and_a_copy_of_its_catalogue(
    schema: str, unpack: Unpack, fast: Settings
) -> None:
    place = unpack(schema)
    before = (place / "catalog.db").read_bytes()
    with Collection(place, settings=fast) as pictures:
        assert (place / f"catalog-before-{SCHEMA}.db").read_bytes() == before
        assert [names for *_, names in content(pictures)] == EXPECTED_NAMES
        assert len(list(pictures.album("kept"))) == 2
        assert pictures.verify().problems == ()
        assert {generation.vectors for generation in pictures.generations()} == {N}
        for space in ("picture", "colour", "texture", "shape"):
            assert len(pictures.search(f"#1@{space}", k=N, cutoff=0)) == N - 1


@pytest.mark.parametrize("schema", WITHOUT_CODES)
def test_an_old_collection_is_brought_forward_in_the_background(schema: str, unpack: Unpack, fast: Settings) -> None:
    with Collection(unpack(schema), settings=fast) as pictures:
        before = content(pictures)
        assert [generation.codes for generation in pictures.generations()] == [0] * 4
        assert pictures._spaces.view("colour").codes is None
        assert pictures.is_renewal_due()
        report = pictures.renew()
        assert report.lost == []
        serving = [generation for generation in pictures.generations() if generation.state == "serving"]
        assert [(each.space, each.codes, each.vectors) for each in serving] == [
            (name, N, N) for name in ("colour", "picture", "shape", "texture")
        ]
        assert not pictures.is_renewal_due()
        assert content(pictures) == before
        assert pictures.verify().problems == ()
        assert pictures.search(next(pictures.items()).paths[0], k=1, cutoff=0)[0].id == 1


@pytest.mark.parametrize("schema", SCHEMAS)
def test_an_old_collection_can_be_added_to_before_it_is_brought_forward(
    schema: str, unpack: Unpack, fast: Settings, draw
) -> None:
    place = unpack(schema)
    draw(place.parent / "pictures" / "new.png", 77)
    with Collection(place, settings=fast) as pictures:
        report = pictures.add()
        assert (report.added, report.removed) == (1, 0)
        pictures.renew()
        assert {generation.codes for generation in pictures.generations()} == {N + 1}
        assert pictures.verify().problems == ()


@pytest.mark.parametrize("schema", [*SCHEMAS, *(pytest.param(schema, marks=pytest.mark.soak) for schema in SCHEMAS)])
def test_a_migration_interrupted_at_any_step_loses_nothing(
    schema: str, unpack: Unpack, fast: Settings, figure: Callable[[str, str, str], None]
) -> None:
    source = unpack(schema)
    with Collection(copied(source, 0), settings=fast) as pictures:
        expected = content(pictures)
    for step in range(1, 100):
        place = copied(source, step)
        countdown = Countdown(step)
        event.listen(Engine, "before_cursor_execute", countdown)
        try:
            with Collection(place, settings=fast):
                is_interrupted = False
        except KeyboardInterrupt:
            is_interrupted = True
        finally:
            event.remove(Engine, "before_cursor_execute", countdown)
        if is_interrupted:
            assert schema_in(place) == schema
        with Collection(place, settings=fast) as pictures:
            assert content(pictures) == expected
            assert pictures.verify().problems == ()
        shutil.rmtree(place)
        if not is_interrupted:
            break
    assert step > 6
    assert countdown.n_left > 0
    figure("26", "old to new, interrupted at each step: 0 lost", f"from {schema}, at {step - 1} steps: 0 lost")


class Countdown:
    """Interrupts at the n-th statement that changes something."""

    def __init__(self, n: int) -> None:
        self.n_left = n

    def __call__(self, *arguments: object) -> None:
        if not str(arguments[2]).lstrip().startswith(("SELECT", "PRAGMA", "BEGIN")):
            self.n_left -= 1
            if self.n_left == 0:
                raise KeyboardInterrupt


def copied(source: Path, number: int) -> Path:
    return Path(shutil.copytree(source, source.with_name(f"copy-{number}")))


def schema_in(place: Path) -> str:
    connection = sqlite3.connect(place / "catalog.db")
    try:
        return connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    finally:
        connection.close()
