"""Looking at pictures: thumbnails of two sizes, originals, and what else a page asks a collection."""

import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from unicodedata import normalize

import pytest
from PIL import Image

from lookalike.collection import Collection
from lookalike.collection.originals import original
from lookalike.errors import BadQuery, ItemNotFound, UnreadableMedia
from lookalike.settings import Settings

Draw = Callable[..., Path]
Rows = Callable[..., list[tuple[object, ...]]]


@pytest.fixture
def photos(collection: Collection, folder: Path, draw: Draw) -> Iterator[Collection]:
    """A large picture, three small ones in a folder of their own, and a file that is none."""
    draw(folder / "large.jpg", 1, squares=(20, 30), side=100)
    for seed in range(3):
        exif = Image.Exif()
        exif[0x0110], exif[0x9003] = "Box camera", f"{1970 + seed}:05:31 12:00:00"
        draw(folder / "Rome" / f"red boat {seed}.jpg", 10 + seed, exif=exif)
    (folder / "broken.jpg").write_bytes(b"broken")
    (folder / "empty.jpg").write_bytes(b"")
    collection.add(folder)
    yield collection


def identity(photos: Collection, name: str) -> int:
    [item] = [item for item in photos.items() if item.paths and item.paths[0].name == name]
    return item.id


def size(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "WEBP"
        return picture.size


def test_a_picture_has_two_thumbnails(photos: Collection) -> None:
    large = identity(photos, "large.jpg")
    assert size(photos.thumbnail(large)) == (384, 256)
    assert size(photos.thumbnail(large, "large")) == (1600, 1067)
    assert size(photos.thumbnail(identity(photos, "red boat 0.jpg"), "large")) == (64, 48)


def test_a_large_thumbnail_is_made_once_and_is_there_when_the_original_is_not(photos: Collection, folder: Path) -> None:
    large = identity(photos, "large.jpg")
    content = photos.thumbnail(large, "large")
    folder.rename(folder.with_name("elsewhere"))
    assert photos.thumbnail(large, "large") == content
    with pytest.raises(UnreadableMedia, match="the original of picture 2 cannot be shown"):
        photos.thumbnail(2 if large != 2 else 3, "large")


def test_large_thumbnails_make_room_for_others(photos: Collection, tmp_path: Path, folder: Path) -> None:
    ids = [item.id for item in photos.items()]
    sizes = {item_id: len(photos.thumbnail(item_id, "large")) for item_id in ids}
    settings = Settings(workers=1, model=None, preview_bytes=max(sizes.values()) + 1)
    with Collection(tmp_path / "other", settings=settings) as other:
        other.add(folder)
        for item_id in ids:
            other.thumbnail(item_id, "large")
        kept = list((other.folder / "previews").rglob("*"))
        assert 0 < sum(path.stat().st_size for path in kept if path.is_file()) <= settings.preview_bytes


def test_a_disk_that_takes_no_writing_shows_large_thumbnails_all_the_same(photos: Collection) -> None:
    (photos.folder / "previews").write_text("in the way")
    assert size(photos.thumbnail(identity(photos, "large.jpg"), "large")) == (1600, 1067)


def test_large_thumbnails_are_made_by_many_threads_at_once(photos: Collection) -> None:
    large = identity(photos, "large.jpg")
    contents: list[bytes] = []
    threads = [threading.Thread(target=lambda: contents.append(photos.thumbnail(large, "large"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(contents) == 6 and len(set(contents)) == 1


def test_nothing_of_a_removed_picture_stays_in_either_size(photos: Collection) -> None:
    large = identity(photos, "large.jpg")
    photos.thumbnail(large, "large")
    sha256 = photos.sha256(large)
    photos.remove([large])
    assert not list(photos.folder.rglob(f"{sha256}*"))
    with pytest.raises(ItemNotFound):
        photos.thumbnail(large, "large")


def test_a_number_that_is_no_id_is_not_worth_an_error(photos: Collection) -> None:
    photos.note_look(2**70)
    photos.close()


def test_an_original_is_the_file_byte_for_byte(photos: Collection, folder: Path) -> None:
    with original(photos._store, identity(photos, "large.jpg")) as file:
        assert os.read(file.descriptor, file.n_bytes + 1) == (folder / "large.jpg").read_bytes()
        assert (file.path, file.format) == (folder / "large.jpg", "JPEG")


def test_a_file_that_holds_another_picture_now_is_not_shown(photos: Collection, folder: Path, draw: Draw) -> None:
    large = identity(photos, "large.jpg")
    draw(folder / "large.jpg", 5)
    with pytest.raises(UnreadableMedia, match="holds another picture now"):
        photos.open_original(large)


def test_a_file_that_was_only_touched_is_shown(photos: Collection, folder: Path) -> None:
    os.utime(folder / "large.jpg", (1, 1))
    os.close(photos.open_original(identity(photos, "large.jpg")).descriptor)


def test_a_copy_is_shown_when_the_first_file_is_gone(photos: Collection, folder: Path) -> None:
    (folder / "copy.jpg").write_bytes((folder / "large.jpg").read_bytes())
    photos.add(folder)
    large = [item.id for item in photos.items() if len(item.paths) == 2][0]  # noqa: RUF015
    photos.item(large).paths[0].unlink()
    with original(photos._store, large) as file:
        assert file.path == photos.item(large).paths[1]


def test_a_link_in_the_place_of_an_original_is_not_followed(photos: Collection, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes((folder / "large.jpg").read_bytes())
    (folder / "large.jpg").unlink()
    (folder / "large.jpg").symlink_to(tmp_path / "secret.jpg")
    with pytest.raises(UnreadableMedia, match="links are not followed"):
        photos.open_original(identity(photos, "large.jpg"))


def test_an_id_that_is_not_here_has_no_original(photos: Collection) -> None:
    with pytest.raises(ItemNotFound, match="there is no picture 999"):
        photos.open_original(999)


def test_problems_are_grouped_by_reason(photos: Collection, folder: Path) -> None:
    (folder / "empty too.jpg").write_bytes(b"")
    photos.add(folder)
    first, second = photos.problems()
    assert first.n_files == 2 and {path.name for path in first.paths} == {"empty.jpg", "empty too.jpg"}
    assert second.to_json()["paths"] == [str(folder / "broken.jpg")]


def test_facets_tell_what_pictures_can_be_filtered_by(photos: Collection, folder: Path) -> None:
    photos.make_album("Best of", [1, 2])
    facets = photos.facets()
    assert [(value.value, value.n, value.line) for value in facets.years][0] == ("1972", 1, "year:1972")  # noqa: RUF015
    assert [(value.value, value.n) for value in facets.cameras] == [("Box camera", 3)]
    assert [(value.value, value.line) for value in facets.albums] == [("Best of", 'album:"Best of"')]
    assert {value.value: value.n for value in facets.folders} == {"pictures": 4, "pictures/Rome": 3}
    for group in (facets.years, facets.formats, facets.cameras, facets.folders, facets.albums):
        for value in group:
            assert photos.search(value.line).n_found == value.n


def test_facets_follow_a_change(photos: Collection, folder: Path, draw: Draw) -> None:
    assert photos.facets().formats[0].n == 4
    draw(folder / "another.jpg", 77)
    photos.add(folder)
    assert photos.facets().formats[0].n == 5


def test_what_somebody_types_is_completed_from_all_groups(photos: Collection) -> None:
    photos.make_album("Boats", [1])
    entries = photos.complete("bo")
    assert {entry.text[:2] for entry in entries if entry.group == "shows"} == {"bo"}
    assert [(entry.group, entry.text) for entry in entries if entry.group != "shows"] == [
        ("album", "Boats"),
        ("camera", "Box camera"),
        ("word", "boat"),
        ("word", "box"),
    ]
    assert [entry.text for entry in photos.complete("colour:darkre")] == ["darkred"]
    assert [entry.line for entry in photos.complete("year:197")] == ["year:1972", "year:1971", "year:1970"]
    assert [entry.text for entry in photos.complete("folder:ro")] == []
    named = [entry.text for entry in photos.complete("cam") if entry.group != "shows"]
    assert named == ["Box camera", "camera"]
    assert photos.complete("") == photos.complete('"') == photos.complete("*") == []
    assert len(photos.complete("r", k=3)) == 3
    with pytest.raises(BadQuery, match="k is from 1 to 50, got 0"):
        photos.complete("r", k=0)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("field", ["camera", "place"])
def test_metadata_is_found_however_accents_are_written(photos: Collection, rows: Rows, field: str, form: str) -> None:
    rows(photos, f"UPDATE items SET {field} = ? WHERE id = 2", normalize(form, "Évian-les-Bains"))
    for asked in ("NFC", "NFD"):
        assert [hit.id for hit in photos.search(f"{field}:{normalize(asked, 'ÉVIAN')}")] == [2]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_folders_are_found_and_completed_however_accents_are_written(
    collection: Collection, folder: Path, draw: Draw, form: str
) -> None:
    draw(folder / normalize(form, "Été Rhône") / normalize("NFC", "Café") / normalize("NFD", "thé.png"), 1)
    collection.add(folder / normalize(form, "Été Rhône"))
    for line in ("folder:Café", 'folder:"Été Rhône/Café"', f'folder:"{folder}/Été Rhône"'):
        assert len(collection.search(line)) == len(collection.search(normalize("NFD", line))) == 1
    assert len(collection.search("folder:Cafe")) == 0
    [root, below] = collection.facets().folders
    assert (root.value, below.value) == ("Été Rhône", "Été Rhône/Café")
    for begun in ("ét", "RHÔ"):
        written = [(entry.group, entry.text) for entry in collection.complete(begun) if entry.group == "folder"]
        assert written == [("folder", root.value), ("folder", below.value)]
        assert collection.complete(normalize("NFD", begun)) == collection.complete(begun)
    assert [entry.text for entry in collection.complete("thé") if entry.group == "word"] == ["thé"]


def test_each_term_tells_what_it_would_find_alone(photos: Collection) -> None:
    found = photos.found_alone("text:boat year:1971 colour:red -Rome")
    assert [(str(term), n) for term, n in found] == [
        ("text:boat", 3),
        ("year:1971", 1),
        ("colour:#ff0000", None),
        ("-Rome", 1),
    ]
    assert photos.found_alone("#1 -#2")[1][1] is None


def test_the_number_found_counts_all_pages(photos: Collection) -> None:
    assert photos.search("text:boat", k=1).n_found == 3
    assert photos.search("#1", k=1).n_found is None


def test_the_version_is_another_after_every_change_and_only_then(photos: Collection) -> None:
    before = photos.version()
    photos.search("text:boat")
    assert photos.version() == before
    photos.make_album("some")
    assert photos.version() != before
    photos.close()
    assert isinstance(photos.version(), int)


def test_covers_are_the_first_four_pictures_that_are_there(photos: Collection) -> None:
    photos.make_album("all", [4, 3, 2, 1])
    photos.make_album("none")
    by_id = {album.id: album.name for album in photos.albums()}
    assert {by_id[album]: [item.id for item in cover] for album, cover in photos.covers().items()} == {
        "all": [4, 3, 2, 1]
    }
    assert photos.album_name(next(iter(by_id))) in ("all", "none")


def test_items_go_on_after_an_id(photos: Collection) -> None:
    ids = [item.id for item in photos.items()]
    assert [item.id for item in photos.items(after=ids[1])] == ids[2:]
    assert [item.id for item in photos.items("text:boat", after=ids[0])] == ids[1:] or ids[0] not in [
        item.id for item in photos.items("text:boat")
    ]
