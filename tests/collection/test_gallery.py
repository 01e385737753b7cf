"""Galleries: many pictures as columns, page by page."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from lookalike.collection import Collection
from lookalike.collection.gallery import Gallery
from lookalike.errors import BadQuery, ItemNotFound

Draw = Callable[..., Path]


@pytest.fixture
def photos(collection: Collection, folder: Path, draw: Draw) -> Iterator[Collection]:
    """Seven pictures; those with an even number were taken in the year 2000 and so many."""
    for seed in range(7):
        exif = Image.Exif()
        if seed % 2 == 0:
            exif[0x9003] = f"{2000 + seed}:01:01 12:00:00"
        draw(folder / f"{seed}.jpg", seed, squares=(6, 6 + seed), exif=exif)
    collection.add(folder)
    yield collection


def names(photos: Collection, gallery: Gallery) -> list[str]:
    return [photos.item(item_id).paths[0].stem for item_id in gallery.ids]


def pages(photos: Collection, limit: int, **options: object) -> list[Gallery]:
    found = [photos.gallery(limit=limit, **options)]
    while found[-1].next is not None:
        found.append(photos.gallery(limit=limit, after=found[-1].next, **options))
    return found


def test_the_newest_come_first_and_those_without_a_date_by_when_they_were_added(photos: Collection) -> None:
    gallery = photos.gallery("taken")
    assert names(photos, gallery)[:3] == ["5", "3", "1"]
    assert names(photos, gallery)[3:] == ["6", "4", "2", "0"]
    assert gallery.total == 7 and gallery.next is None


def test_each_picture_has_its_aspect_its_key_and_its_colours(photos: Collection) -> None:
    gallery = photos.gallery()
    for n, item_id in enumerate(gallery.ids):
        item = photos.item(item_id)
        assert gallery.aspects[n] == pytest.approx(item.width / item.height, abs=1e-4)
        assert gallery.keys[n] == item.sha256[:8]
        assert gallery.colours[n] == item.colours and len(item.colours) == 12


@pytest.mark.parametrize("order", ["taken", "added"])
@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_of_any_length_are_the_whole_in_parts(photos: Collection, order: str, limit: int) -> None:
    parts = pages(photos, limit, order=order)
    assert [item_id for part in parts for item_id in part.ids] == photos.gallery(order).ids  # type: ignore[arg-type]
    assert all(part.total == 7 for part in parts)


def test_an_album_keeps_its_own_order_also_in_pages(photos: Collection) -> None:
    photos.make_album("some", [5, 2, 7, 1])
    [album] = photos.albums()
    assert photos.gallery("album", album=album.id).ids == [5, 2, 7, 1]
    assert [part.ids for part in pages(photos, 2, order="album", album=album.id)] == [[5, 2], [7, 1]]
    assert sorted(photos.gallery("taken", album=album.id).ids) == [1, 2, 5, 7]


def test_filters_narrow_a_gallery_and_its_total(photos: Collection) -> None:
    gallery = photos.gallery(query="year:2002..2004", limit=1)
    assert gallery.total == 2 and len(gallery.ids) == 1
    assert photos.gallery(query="nothing").ids == []


def test_a_picture_that_no_file_holds_is_in_no_gallery(photos: Collection, folder: Path) -> None:
    (folder / "3.jpg").unlink()
    photos.add(folder)
    assert photos.gallery().total == 6


@pytest.mark.parametrize("after", ["", "x", "WzFd", "e30", "W3sifSwgMV0", "bnVsbA", "W251bGwsIG51bGxd", "\N{SNOWMAN}"])
def test_what_is_no_place_where_a_page_begins_is_refused(photos: Collection, after: str) -> None:
    with pytest.raises(BadQuery, match="take the `next` of the page before"):
        photos.gallery(after=after)


@pytest.mark.parametrize("place", [[10**30, 1], [-(10**30), 1], ["\ud800", 1], [True, 1], [1, True]])
def test_what_no_catalogue_can_hold_is_no_place_where_a_page_begins(photos: Collection, place: list[object]) -> None:
    after = base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")
    with pytest.raises(BadQuery, match="take the `next` of the page before"):
        photos.gallery(after=after)


def test_what_cannot_be_a_gallery_is_refused(photos: Collection) -> None:
    with pytest.raises(BadQuery, match="limit is from 1 to 20,000, got 0"):
        photos.gallery(limit=0)
    with pytest.raises(BadQuery, match="by filters and words alone, got #1"):
        photos.gallery(query="#1 year:2002")
    with pytest.raises(BadQuery, match="needs an album"):
        photos.gallery("album")
    with pytest.raises(ItemNotFound, match="there is no album 4"):
        photos.gallery("album", album=4)


def test_a_page_is_found_by_an_index_and_not_by_sorting_all(photos: Collection, rows) -> None:  # type: ignore[no-untyped-def]
    for order in ("coalesce(taken_at, added_at)", "added_at"):
        plan = rows(
            photos,
            f"EXPLAIN QUERY PLAN SELECT id FROM items WHERE items.is_missing IS 0 AND ({order}, id) < ('2000', 5) "
            f"ORDER BY {order} DESC, id DESC LIMIT 5",
        )
        assert not any("TEMP B-TREE" in str(step) for step in plan)
