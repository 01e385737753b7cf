"""Backups are collections."""

import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.collection import Collection
from lookalike.errors import CollectionBusy, CollectionDamaged, LookalikeError, StorageFull

Draw = Callable[..., Path]


@pytest.fixture
def photos(collection: Collection, folder: Path, draw: Draw) -> Collection:
    """Four pictures, one of them removed again, and an album."""
    for seed in range(4):
        draw(folder / f"{seed}.png", seed)
    collection.add(folder)
    collection.remove([2])
    collection.make_album("some", [4, 1])
    return collection


def test_a_backup_opens_and_answers_like_the_collection(photos: Collection, tmp_path: Path) -> None:
    report = photos.backup(tmp_path / "backups" / "monday")
    assert report.n_bytes == sum(path.stat().st_size for path in report.path.rglob("*") if path.is_file())
    with Collection(report.path, make=False) as copy:
        assert copy.verify().ok
        assert list(copy.items()) == list(photos.items())
        assert copy.albums() == photos.albums()
        ours, theirs = photos.search("#1"), copy.search("#1")
        assert [(hit.id, hit.score) for hit in ours] == [(hit.id, hit.score) for hit in theirs]
        assert all(hit.thumbnail.exists() and hit.thumbnail.is_relative_to(copy.folder) for hit in theirs)


def test_a_backup_stands_alone(photos: Collection, folder: Path, draw: Draw, tmp_path: Path) -> None:
    place = photos.backup(tmp_path / "copy").path
    draw(folder / "later.png", 9)
    photos.add(folder)
    shutil.rmtree(photos.folder)
    with Collection(place, make=False) as copy:
        assert len(copy) == 3
        assert copy.add(folder).added == 1
        assert copy.verify().ok


def test_what_is_there_is_not_overwritten(photos: Collection, tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(LookalikeError, match="exists already"):
        photos.backup(tmp_path / "taken")
    with pytest.raises(LookalikeError, match="lies in the collection itself"):
        photos.backup(photos.folder / "spaces" / "copy")
    assert photos.verify().ok


def test_a_backup_waits_for_no_other_writer(photos: Collection, tmp_path: Path) -> None:
    with photos._store.writing(), pytest.raises(CollectionBusy):
        photos.backup(tmp_path / "copy")


def test_damaged_vectors_are_not_backed_up(photos: Collection, tmp_path: Path) -> None:
    segment = next((photos.folder / "spaces").glob("colour*/vectors/*.f16"))
    content = bytearray(segment.read_bytes())
    content[100] ^= 1
    segment.write_bytes(content)
    with pytest.raises(CollectionDamaged, match="lookalike repair"):
        photos.backup(tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_without_room_nothing_is_written(photos: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("lookalike.collection.backup.shutil.disk_usage", lambda path: usage(10**9, 10**9 - 1000, 1000))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StorageFull, match="has 1,000 free"):
        photos.backup(tmp_path / "copy")
    assert sorted(tmp_path.iterdir()) == before


def test_the_rest_of_a_killed_backup_is_replaced(photos: Collection, tmp_path: Path) -> None:
    (tmp_path / ".copy.part" / "spaces").mkdir(parents=True)
    with Collection(photos.backup(tmp_path / "copy").path, make=False) as copy:
        assert copy.verify().ok
    assert not (tmp_path / ".copy.part").exists()
