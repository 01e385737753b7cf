"""Counting what a collection holds."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from lookalike.collection import Collection

Draw = Callable[..., Path]


def test_an_empty_collection_counts_nothing(collection: Collection) -> None:
    numbers = collection.stats()
    assert (numbers.pictures, numbers.files, numbers.missing, numbers.albums, numbers.last_added) == (0, 0, 0, 0, None)
    assert numbers.roots == numbers.spaces == ()
    assert numbers.catalog_bytes > 0


def test_pictures_files_and_problems_are_counted(collection: Collection, folder: Path, draw: Draw) -> None:
    exif = Image.Exif()
    exif[0x0110] = "Box camera"
    for year in (1970, 1999, 1970):
        exif[0x9003] = f"{year}:05:31 12:00:00"
        draw(folder / f"{len(list(folder.iterdir()))}.jpg", year + len(list(folder.iterdir())), exif=exif)
    draw(folder / "gone.png", 7)
    shutil.copy(draw(folder / "original.png", 8), folder / "copy.png")
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(b"no picture")
    (folder / "empty.png").write_bytes(b"")
    collection.add(folder)
    (folder / "gone.png").unlink()
    collection.add(folder)
    collection.make_album("some")

    numbers = collection.stats()
    assert (numbers.pictures, numbers.files, numbers.missing, numbers.albums) == (4, 5, 1, 1)
    assert numbers.formats == {"JPEG": 3, "PNG": 1}
    assert list(numbers.years.items()) == [("1970", 2), ("1999", 1)]
    assert numbers.cameras == {"Box camera": 3}
    assert list(numbers.problems.values()) == [2, 1]
    assert [(root.path, root.is_online, root.files) for root in numbers.roots] == [(folder, True, 8)]
    assert [space.name for space in numbers.spaces] == ["colour", "picture", "shape", "texture"]
    assert all(space.vectors == 5 and space.n_bytes >= 5 * 2 * space.dims for space in numbers.spaces)
    assert numbers.thumbnail_bytes == sum(path.stat().st_size for path in collection.folder.rglob("*.webp"))
    assert numbers.last_added == max(item.added_at for item in collection.items())
    assert json.loads(json.dumps(numbers.to_json()))["roots"][0]["path"] == str(folder)


def test_a_root_that_is_not_there_is_offline(collection: Collection, folder: Path, draw: Draw) -> None:
    draw(folder / "1.png", 1)
    collection.add(folder)
    folder.rename(folder.with_name("elsewhere"))
    [root] = collection.stats().roots
    assert not root.is_online
    assert collection.stats().pictures == 1
