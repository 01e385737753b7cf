"""Items, and albums of them."""

import dataclasses
import json
import os
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from PIL import Image

from lookalike.catalog import tables as t
from lookalike.collection import Collection
from lookalike.collection.items import PORTION
from lookalike.errors import BadQuery, ItemNotFound
from lookalike.query import colour, image, where

Draw = Callable[..., Path]
Rows = Callable[..., list[tuple[object, ...]]]


@pytest.fixture
def photos(collection: Collection, folder: Path, draw: Draw) -> Iterator[Collection]:
    """Eight pictures, the odd ones in a folder of their own; the last two are near-copies."""
    for seed in range(7):
        draw(folder / ("odd" if seed % 2 else "even") / f"picture {seed}.png", seed)
    exif = Image.Exif()
    exif[0x0110], exif[0x9003] = "Box camera", "1970:05:31 12:00:00"
    draw(folder / "even" / "copy.jpg", 6, exif=exif, quality=95)
    collection.add(folder)
    yield collection


def ids(photos: Collection, name: str) -> list[int]:
    return [item.id for item in photos.album(name)]


def test_an_item_is_what_is_known_about_a_picture(photos: Collection, folder: Path) -> None:
    [item] = photos.items("copy")
    assert photos.item(item.id) == item
    assert (item.format, item.width, item.height, item.kind) == ("JPEG", 64, 48, "picture")
    assert (item.camera, item.taken_at) == ("Box camera", "1970-05-31T12:00:00")
    assert item.paths == (folder / "even" / "copy.jpg",)
    assert item.n_bytes == item.paths[0].stat().st_size
    written = json.loads(json.dumps(item.to_json()))
    assert set(written) == {field.name for field in dataclasses.fields(item)}
    assert written["paths"] == [str(item.paths[0])]


def test_an_unknown_item_is_named(photos: Collection) -> None:
    with pytest.raises(ItemNotFound, match="no picture 99 "):
        photos.item(99)


def test_items_are_all_pictures_by_id_also_those_without_a_file(photos: Collection, folder: Path) -> None:
    (folder / "even" / "picture 0.png").unlink()
    photos.add(folder)
    found = list(photos.items())
    assert [item.id for item in found] == list(range(1, 9))
    [gone] = [item for item in found if item.is_missing]
    assert gone.paths == ()
    assert gone.id not in [item.id for item in photos.items("picture")]


def test_items_of_a_filter_are_all_that_meet_it(photos: Collection) -> None:
    odd = list(photos.items(where(folder="odd"), k=1))
    assert [item.paths[0].parent.name for item in odd] == ["odd"] * 3
    assert [item.id for item in photos.items(where(format="png") & ~where(folder="odd"))] == [2, 3, 4, 5]


def test_items_of_a_ranking_are_its_best_hits_with_their_copies(photos: Collection) -> None:
    query = image(1) & ~where(folder="odd")
    hits = photos.search(query, k=2)
    expected = [found.id for hit in hits for found in (hit, *hit.copies)]
    assert [item.id for item in photos.items(query, k=2)] == expected


def test_items_are_read_while_they_are_asked_for(photos: Collection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.collection.items.PORTION", 3)
    assert PORTION > 3
    items = photos.items()
    assert next(items).id == 1
    photos.remove([5, 8])
    assert [item.id for item in items] == [2, 3, 4, 6, 7]


def test_a_name_that_is_not_utf8_stays_what_it_is(collection: Collection, folder: Path, draw: Draw) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    draw(folder / name, 1)
    collection.add(folder)
    [item] = collection.items()
    assert item.paths[0].name == name
    assert json.loads(json.dumps(item.to_json()))["paths"] == [str(item.paths[0])]


def test_an_album_keeps_the_order_in_which_it_was_filled(photos: Collection) -> None:
    assert photos.make_album("best", [5, 2, 7, 2]) == 3
    assert photos.add_to_album("best", [1, 5]) == 1
    assert ids(photos, "best") == [5, 2, 7, 1]
    assert photos.remove_from_album("best", [2, 8]) == 1
    assert photos.add_to_album("best", [2]) == 1
    assert ids(photos, "best") == [5, 7, 1, 2]


def test_an_album_is_filled_from_ids_items_hits_and_queries(photos: Collection) -> None:
    hits = photos.search(image(1), k=1)
    photos.make_album("mixed", [np.int64(3), photos.item(2), *hits], query="folder:odd")
    odd = [item.id for item in photos.items("folder:odd")]
    assert ids(photos, "mixed") == list(dict.fromkeys([3, 2, hits[0].id, *odd]))
    photos.make_album("ranked", query=colour("red"), k=2)
    assert set(ids(photos, "ranked")[:1]) == {photos.search(colour("red"), k=1)[0].id}


def test_a_search_can_stay_in_an_album(photos: Collection) -> None:
    photos.make_album("two words", [4, 6])
    assert {hit.id for hit in photos.search(where(album="two words"))} == {4, 6}
    assert {hit.id for hit in photos.search('#4 album:"two words"')} <= {4, 6}
    assert photos.item(4).albums == ("two words",)


def test_albums_are_listed_by_name_with_their_sizes(photos: Collection) -> None:
    assert photos.albums() == []
    photos.make_album("b", [1, 2])
    photos.make_album("a")
    assert [(album.name, album.n_items) for album in photos.albums()] == [("a", 0), ("b", 2)]
    assert set(photos.albums()[0].to_json()) == {"id", "name", "n_items", "made_at"}


def test_a_renamed_album_keeps_its_pictures(photos: Collection) -> None:
    photos.make_album("old", [3, 1])
    photos.make_album("other")
    photos.rename_album("old", "new")
    assert ids(photos, "new") == [3, 1]
    photos.rename_album("new", " new ")
    with pytest.raises(BadQuery, match="'other' already"):
        photos.rename_album("new", "other")
    with pytest.raises(ItemNotFound, match="no album 'old'"):
        photos.album("old")


def test_an_album_is_one_however_its_accents_are_written(photos: Collection) -> None:
    composed, apart = "Caf\u00e9", "Cafe\u0301"
    photos.make_album(apart, [3])
    assert photos.add_to_album(composed, [1]) == photos.add_to_album(apart, [2]) == 1
    assert ids(photos, composed) == ids(photos, apart) == [3, 1, 2]
    assert len(photos.search(where(album=composed))) == len(photos.search(where(album=apart))) == 3
    assert [album.name for album in photos.albums()] == [composed]
    with pytest.raises(BadQuery, match="already"):
        photos.make_album(composed)
    photos.rename_album(composed, apart)
    photos.delete_album(apart)
    assert photos.albums() == []


def test_an_album_whose_name_was_stored_apart_is_found(photos: Collection, rows: Rows) -> None:
    photos.make_album("old", [3])
    rows(photos, "UPDATE albums SET name = ?", "Cafe\u0301")
    assert ids(photos, "Caf\u00e9") == [3]
    assert len(photos.search("album:Caf\u00e9")) == 1


def test_a_deleted_album_leaves_its_pictures(photos: Collection) -> None:
    photos.make_album("gone", [1])
    photos.delete_album("gone")
    assert photos.albums() == []
    assert len(photos) == 8
    with pytest.raises(ItemNotFound, match="albums list"):
        photos.delete_album("gone")


def test_a_removed_picture_leaves_its_albums(photos: Collection) -> None:
    photos.make_album("some", [1, 2, 3])
    photos.remove([2])
    assert ids(photos, "some") == [1, 3]


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "\udcff", "x" * 5000])
def test_what_cannot_be_asked_for_is_no_name(photos: Collection, name: str) -> None:
    with pytest.raises(BadQuery, match="name of an album"):
        photos.make_album(name)


def test_an_unknown_picture_leaves_no_album(photos: Collection) -> None:
    with pytest.raises(ItemNotFound, match="no picture 99 "):
        photos.make_album("some", [1, 99])
    assert photos.albums() == []
    photos.make_album("some", [1])
    with pytest.raises(ItemNotFound, match="no picture 99 "):
        photos.add_to_album("some", [2, 99])
    assert ids(photos, "some") == [1]


def test_an_album_is_made_while_another_process_writes_and_the_seal_stays_true(photos: Collection) -> None:
    with photos._store.writing():
        assert photos.make_album("some", [1]) == 1
        assert not (photos.folder / "catalog.crc").exists()
    assert not photos._store.is_catalog_damaged()
    assert ids(photos, "some") == [1]
    seal = int((photos.folder / "catalog.crc").read_text())
    assert seal == zlib.crc32((photos.folder / "catalog.db").read_bytes())


def test_a_writer_does_not_seal_what_somebody_is_changing(photos: Collection) -> None:
    with ExitStack() as work, ThreadPoolExecutor(1) as other:
        work.enter_context(photos._store.writing())
        with photos._store.changing() as connection:
            connection.execute(sa.insert(t.albums).values(name="some", made_at="2026-01-01"))
            leaving = other.submit(work.pop_all().close)
            with pytest.raises(TimeoutError):
                leaving.result(0.2)
        leaving.result(10)
    assert ids(photos, "some") == []
    assert not photos._store.is_catalog_damaged()


def test_a_changed_picture_stays_in_its_albums(photos: Collection, folder: Path, draw: Draw) -> None:
    [before] = photos.items('"picture 3"')
    photos.make_album("some", [before.id])
    draw(folder / "odd" / "picture 3.png", 33)
    photos.add(folder)
    [after] = photos.items('"picture 3"')
    assert after.id != before.id
    assert after.id in ids(photos, "some")


def test_an_album_counts_the_pictures_that_it_shows(photos: Collection, folder: Path, draw: Draw) -> None:
    [picture] = photos.items('"picture 3"')
    photos.make_album("some", [picture.id, 1 + picture.id % 8])
    for seed in (33, 34):
        draw(folder / "odd" / "picture 3.png", seed)
        photos.add(folder)
    [album] = photos.albums()
    assert album.n_items == photos.gallery("album", album=album.id).total == 2


def test_a_verified_collection_stays_so(photos: Collection) -> None:
    photos.make_album("some", query="picture")
    photos.rename_album("some", "others")
    assert photos.verify().ok
    photos.close()
    with Collection(photos.folder, make=False) as again:
        assert again.verify().ok
        assert again.albums()[0].n_items == 8
