"""Backups are collections."""

import os
import shutil
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.collection import Collection
from lookalike.collection.beside import part_beside
from lookalike.collection.sizes import bytes_below
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


def test_room_is_needed_for_what_is_copied_alone(
    photos: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_bytes = photos.backup(tmp_path / "first").n_bytes
    preview = photos.folder / "previews" / "ab" / "looked at.webp"
    preview.parent.mkdir(parents=True)
    with preview.open("wb") as file:
        file.truncate(1 << 30)
    free = n_bytes + (1 << 29)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("lookalike.collection.backup.shutil.disk_usage", lambda path: usage(2 * free, free, free))
    assert not (photos.backup(tmp_path / "second").path / "previews").exists()


def test_what_vanishes_while_it_is_counted_has_no_bytes(tmp_path: Path) -> None:
    (tmp_path / "stays").write_bytes(b"12")
    (tmp_path / "writing.part").write_bytes(b"345")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")  # is listed, and is not there when it is asked
    assert bytes_below(tmp_path) == 2
    assert bytes_below(tmp_path / "dropped") == 0


def test_a_name_may_be_as_long_as_the_disk_takes_it(photos: Collection, tmp_path: Path) -> None:
    longest = "c" * os.pathconf(tmp_path, "PC_NAME_MAX")
    with Collection(photos.backup(tmp_path / longest).path, make=False) as copy:
        assert copy.verify().ok
    with pytest.raises(LookalikeError, match=r"cannot be made \(File name too long\); name another place"):
        photos.backup(tmp_path / "new" / f"{longest}c")
    assert not list((tmp_path / "new").iterdir())


def test_the_rest_of_a_killed_backup_is_replaced(photos: Collection, tmp_path: Path) -> None:
    part = part_beside(tmp_path / "copy")
    (part / "spaces").mkdir(parents=True)
    with Collection(photos.backup(tmp_path / "copy").path, make=False) as copy:
        assert copy.verify().ok
    assert not part.exists()


def test_what_is_made_in_one_folder_at_the_same_time_does_not_meet(tmp_path: Path) -> None:
    parts = {part_beside(tmp_path / name) for name in ("a", "b", "a" * 250 + "1", "a" * 250 + "2")}
    assert len(parts) == 4
    assert {part.parent for part in parts} == {tmp_path}
