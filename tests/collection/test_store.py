"""A collection's directory: who may make, open, write and seal it, and what is left when a writer is killed."""

import json
import shutil
import sqlite3
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from lookalike.catalog.held_file import HeldFile
from lookalike.collection import Collection
from lookalike.collection.looks import look_of
from lookalike.collection.search import Page, answer
from lookalike.collection.uploads import Uploads
from lookalike.errors import CollectionBusy, CollectionDamaged, CollectionNotFound, IncompatibleCollection
from lookalike.lock import writer_lock
from lookalike.query import leaves, parse


@pytest.fixture
def closed(collection, folder, draw) -> Path:
    """The directory of a collection of three pictures that was closed."""
    for seed in range(3):
        draw(folder / f"{seed}.png", seed)
    collection.add(folder)
    collection.close()
    return collection.folder


def flip(path: Path, place: int, bit: int = 0) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)


def test_a_closed_collection_is_one_sealed_catalogue_without_a_log(closed):
    assert (closed / "catalog.crc").read_text() == f"{zlib.crc32((closed / 'catalog.db').read_bytes())}\n"
    assert not (closed / "catalog.db-wal").exists()


def test_a_sealed_catalogue_with_another_byte_is_not_opened(closed, fast):
    size = (closed / "catalog.db").stat().st_size
    for place in (0, 30, size // 2, size - 1):
        flip(closed / "catalog.db", place)
        with pytest.raises(CollectionDamaged, match="not the file that was last closed; go back to a copy"):
            Collection(closed, settings=fast)
        flip(closed / "catalog.db", place)
    assert Collection(closed, settings=fast).verify().ok


@pytest.mark.parametrize("seal", ["", "12", "12345678901", "x\n", "12\n12\n", "\xff"])
def test_a_seal_that_was_not_finished_claims_nothing(closed, fast, seal):
    (closed / "catalog.crc").write_text(seal, encoding="latin-1")
    assert Collection(closed, settings=fast).verify().ok


def test_a_catalogue_that_is_empty_among_vectors_is_not_taken_for_a_new_one(closed, fast):
    (closed / "catalog.crc").unlink()
    (closed / "catalog.db").write_bytes(b"")
    with pytest.raises(CollectionDamaged, match="empty, but vectors are there; "):
        Collection(closed, settings=fast)
    (closed / "catalog.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(CollectionDamaged, match="not a database; "):
        Collection(closed, settings=fast)


def test_nothing_is_sealed_while_a_writer_is_at_work(collection, folder, draw):
    draw(folder / "a.png", 1)
    seen = []
    collection.add(folder, progress=lambda _: seen.append((collection.folder / "catalog.crc").exists()))
    assert seen == [False]
    assert (collection.folder / "catalog.crc").exists()


def test_a_reader_in_the_middle_of_reading_keeps_the_catalogue_unsealed_at_most(collection, folder, draw, fast):
    draw(folder / "a.png", 1)
    collection.add(folder)
    reader = sqlite3.connect(collection.folder / "catalog.db", check_same_thread=False)
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM items").fetchall() == [(1,)]
    draw(folder / "b.png", 2)
    threading.Timer(0.5, reader.rollback).start()
    collection.add(folder)
    with Collection(collection.folder, settings=fast) as other:  # a sealed or an unsealed catalogue, never a false one
        assert len(other) == 2
        assert other.verify().ok
    reader.close()


def test_an_idle_reader_does_not_keep_a_seal_from_being_true(collection, folder, draw, fast):
    draw(folder / "a.png", 1)
    collection.add(folder)
    with Collection(collection.folder, settings=fast) as reader:
        assert len(reader) == 1
        draw(folder / "b.png", 2)
        collection.add(folder)
        collection.close()
        assert len(reader) == 2
        assert not reader._store.is_catalog_damaged()
    assert not Collection(collection.folder, settings=fast)._store.is_catalog_damaged()


def test_a_seal_made_anew_while_it_is_compared_is_no_damage(closed, fast, monkeypatch):
    collection = Collection(closed, settings=fast)
    seal = closed / "catalog.crc"

    def bytes_while_a_writer_comes_and_goes(file: HeldFile) -> Iterator[bytes]:
        seal.write_text("4711\n")
        yield b"other bytes"

    monkeypatch.setattr(HeldFile, "pieces", bytes_while_a_writer_comes_and_goes)
    assert not collection._store.is_catalog_damaged()
    assert collection._store.is_catalog_damaged()  # now it is the same before and after


def test_openers_and_a_writer_never_see_damage_that_is_none(collection, folder, draw):
    draw(folder / "a.png", 0)
    collection.add(folder)
    code = (
        "import sys; from pathlib import Path; from lookalike.collection.store import Store\n"
        "folder, over = map(Path, sys.argv[1:])\n"
        "print('ready', flush=True)\n"
        "while not over.exists():\n"
        "    store = Store(folder); store.spaces(); store.close()\n"
    )
    over = collection.folder.with_name("over")
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(collection.folder), str(over)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        assert [reader.stdout.readline() for reader in readers] == ["ready\n"] * 2
        for seed in range(1, 9):
            draw(folder / "a.png", seed)
            collection.add(folder)
    finally:
        over.touch()
    for reader in readers:
        assert (reader.communicate()[1], reader.returncode) == ("", 0)


def test_several_processes_may_open_a_new_collection_at_once(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from lookalike.collection.store import Store\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "store = Store(Path(sys.argv[1])); assert store.spaces() == []; store.close()\n"
    )
    for number in range(2):
        place = str(tmp_path / f"collection-{number}")
        openers = [
            subprocess.Popen(
                [sys.executable, "-c", code, place],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(3)
        ]
        for opener in openers:
            assert opener.stdout.readline() == "ready\n"
        assert [opener.communicate("\n")[1] for opener in openers] == [""] * 3


def test_a_newer_collection_is_refused_and_left_alone(closed, fast):
    connection = sqlite3.connect(closed / "catalog.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    (closed / "catalog.crc").write_text(f"{zlib.crc32((closed / 'catalog.db').read_bytes())}\n")
    before = {path: path.read_bytes() for path in closed.rglob("*") if path.is_file()}
    with writer_lock(closed / "lock"), pytest.raises(IncompatibleCollection, match="update Lookalike to open it"):
        Collection(closed, settings=fast)  # even while the newer version is at work
    after = {path: path.read_bytes() for path in closed.rglob("*") if path.is_file()}
    assert {path: content for path, content in after.items() if "-" not in path.name} == before


def test_a_collection_is_made_only_where_nothing_is(tmp_path, fast):
    with pytest.raises(CollectionNotFound, match=r"there is no collection at .*; `lookalike add PATH` makes one"):
        Collection(tmp_path / "new", make=False, settings=fast)
    (tmp_path / "file").write_text("")
    with pytest.raises(CollectionNotFound, match="is a file; a collection is a directory"):
        Collection(tmp_path / "file", settings=fast)
    with pytest.raises(CollectionNotFound, match="holds 1 other things and no collection; name a new"):
        Collection(tmp_path, settings=fast)
    (tmp_path / "empty").mkdir()
    assert len(Collection(tmp_path / "empty", settings=fast)) == 0


def test_a_second_writer_is_told_who_writes_and_readers_read_on(collection, folder, draw, fast):
    for seed in range(2):
        draw(folder / f"{seed}.png", seed)
    collection.add(folder / "0.png")
    told = []

    def another(_: object) -> None:
        with Collection(collection.folder, settings=fast) as other:
            with pytest.raises(CollectionBusy, match=r"process \d+ \(.+\) since .+; wait until it has"):
                other.add(folder)
            with pytest.raises(CollectionBusy):
                other.remove([1])
            with pytest.raises(CollectionBusy):
                other.repair()
            told.append(len(other.search("colour:red")))

    collection.add(folder, progress=another)
    assert told == [2]


def test_what_a_killed_writer_left_is_cut_off_and_swept(closed, fast, folder, draw):
    (closed / "catalog.crc").unlink()
    vectors = next((closed / "spaces" / "colour" / "vectors").glob("*.f16"))
    sound = vectors.read_bytes()
    vectors.write_bytes(sound + b"\1" * 5000)
    vectors.with_name("00001.f16").write_bytes(b"\1" * 100)
    (closed / "spaces" / "unknown").mkdir()
    thumbnail = next((closed / "thumbs").rglob("*.webp"))
    orphan = thumbnail.with_name("0" * 64 + ".webp")
    shutil.copy(thumbnail, orphan)
    part = thumbnail.with_suffix(".part")
    part.write_bytes(b"half")
    with Collection(closed, settings=fast) as collection:
        assert collection.verify().ok
        assert [hit.id for hit in collection.search("#1", cutoff=0)]
        draw(folder / "3.png", 3)
        assert collection.add(folder).added == 1
        assert collection.verify().ok
    assert vectors.read_bytes()[: len(sound)] == sound
    left = {path.name for path in closed.rglob("*")}
    assert not {orphan.name, part.name, "unknown", "00001.f16"} & left


def test_a_search_keeps_its_moment_while_pictures_come_and_go(collection, folder, draw, fast):
    for seed in range(8):
        draw(folder / f"{seed}.png", seed)
    collection.add(folder)
    stop = threading.Event()

    def ask() -> None:
        with Collection(collection.folder, settings=fast) as reader:
            while not stop.is_set():
                for query in ("colour:red", "colour:red | format:png", "png", "colour:red -format:gif"):
                    assert len({hit.id for hit in reader.search(query, k=100)}) >= 6
                assert reader.verify().ok

    with ThreadPoolExecutor(2) as threads:
        readers = [threads.submit(ask) for _ in range(2)]
        try:
            for seed in range(101, 106):
                draw(folder / "new.png", seed)
                collection.add(folder)
                newest = max(hit.id for hit in collection.search("new", k=100))
                collection.remove([newest])
        finally:
            stop.set()
    for reader in readers:
        reader.result()


def test_the_facts_of_a_space_are_written_beside_it(closed):
    facts = json.loads((closed / "spaces" / "colour" / "space.json").read_text())
    assert {"format", "name", "finder", "finder_version", "describer", "version", "size", "n_dims"} <= set(facts)
    vectors = np.fromfile(closed / "spaces" / "colour" / "vectors" / "00000.f16", np.float16)
    assert vectors.size == 3 * facts["n_dims"]


def test_pictures_that_came_after_a_query_was_understood_do_no_harm(collection, folder, draw, fast):
    draw(folder / "0.png", 0)
    collection.add(folder)
    with Collection(collection.folder, settings=fast) as reader:
        query = parse("colour:red | format:png")
        understood = {leaf: look_of(leaf, reader._store, reader._spaces, Uploads()) for leaf in leaves(query)}
        looks = {leaf: look for leaf, look in understood.items() if look is not None}
        draw(folder / "1.png", 1)
        collection.add(folder)
        collection.remove([1])
        hits = answer(reader._store, query, looks, Page(cutoff=0), n_neighbours=0, seconds=10, started=0)
        assert [hit.id for hit in hits] == [2]
        assert [hit.id for hit in reader.search(query)] == [2]


def test_comparing_the_seal_takes_no_lock_of_sqlite_away(closed, fast):
    """Another process that could lock the whole file would take it for unused, and delete the log under us."""
    code = (
        "import fcntl, sys; file = open(sys.argv[1], 'r+b')\n"
        "try: fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)\n"
        "except OSError: print('in use')\n"
    )

    def is_in_use() -> bool:
        command = [sys.executable, "-c", code, str(closed / "catalog.db")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout == "in use\n"

    assert not is_in_use()
    with Collection(closed, settings=fast) as reader:
        reader.version()
        assert is_in_use()
        assert not reader._store.is_catalog_damaged()
        reader.make_album("some")
        with Collection(closed, settings=fast) as another:
            assert not another._store.is_catalog_damaged()
        assert is_in_use()
        reader.verify()
        assert is_in_use()
    assert not is_in_use()
