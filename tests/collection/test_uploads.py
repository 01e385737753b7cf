"""Pictures that are handed over for asking alone."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from lookalike.collection import Collection
from lookalike.collection.uploads import N_KEPT, SECONDS_KEPT, Uploads
from lookalike.errors import BadQuery, ItemNotFound, UnreadableMedia
from lookalike.media import Decoded, Metadata
from lookalike.query import Upload, image
from lookalike.types import Frame

Draw = Callable[..., Path]


def picture(number: int) -> Decoded:
    frame = Frame(np.full((2, 2, 3), number % 256, dtype=np.uint8), (2, 2))
    return Decoded(f"{number:064x}"[::-1], 1, "PNG", frame, b"thumbnail", Metadata(), 1)


@pytest.fixture
def photos(collection: Collection, folder: Path, draw: Draw) -> Iterator[Collection]:
    for seed in range(4):
        draw(folder / f"{seed}.png", seed)
    collection.add(folder)
    yield collection


def upload(photos: Collection, path: Path) -> Upload:
    with path.open("rb") as file:
        return photos.upload(file.fileno()).upload


def test_an_upload_finds_what_the_same_file_finds(photos: Collection, tmp_path: Path, draw: Draw) -> None:
    path = draw(tmp_path / "query.png", 2)
    uploaded = upload(photos, path)
    for like in (None, "colour"):
        for box in (None, (0, 0, 20, 20)):
            by_upload = photos.search(image(uploaded, box=box, like=like), cutoff=0)
            by_file = photos.search(image(path, box=box, like=like), cutoff=0)
            assert [(hit.id, hit.score) for hit in by_upload] == [(hit.id, hit.score) for hit in by_file]
    assert photos.search(f"upload:{uploaded.handle}").query == f"upload:{uploaded.handle}"


def test_nothing_of_an_upload_is_written_to_the_collection(photos: Collection, tmp_path: Path, draw: Draw) -> None:
    def sizes() -> dict[Path, int]:  # but for what SQLite puts beside a catalogue that somebody reads
        return {
            path: path.stat().st_size for path in photos.folder.rglob("*") if not path.name.startswith("catalog.db-")
        }

    before = sizes()
    upload(photos, draw(tmp_path / "query.png", 9))
    assert sizes() == before


def test_what_is_no_picture_is_refused_and_the_next_one_works(photos: Collection, tmp_path: Path, draw: Draw) -> None:
    (tmp_path / "query.png").write_bytes(b"no picture")
    with pytest.raises(UnreadableMedia, match="not a picture of a known format"):
        upload(photos, tmp_path / "query.png")
    assert photos.uploaded(upload(photos, draw(tmp_path / "good.png", 1))).frame.size == (48, 64)


def test_closing_ends_the_process_that_decoded_uploads(photos: Collection, tmp_path: Path, draw: Draw) -> None:
    upload(photos, draw(tmp_path / "query.png", 1))
    [pid] = next(iter(photos._decoders.values())).worker_pids
    photos.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_same_bytes_have_the_same_handle() -> None:
    uploads = Uploads()
    assert uploads.keep(picture(1)).upload == uploads.keep(picture(1)).upload != uploads.keep(picture(2)).upload


def test_an_upload_is_forgotten_an_hour_after_it_was_last_asked_with() -> None:
    now = [0.0]
    uploads = Uploads(lambda: now[0])
    kept = uploads.keep(picture(1)).upload
    now[0] = SECONDS_KEPT - 1
    assert uploads.find(kept).upload == kept
    now[0] += SECONDS_KEPT - 1
    assert uploads.find(kept).upload == kept
    now[0] += SECONDS_KEPT
    with pytest.raises(ItemNotFound, match="kept for an hour; upload it again"):
        uploads.find(kept)


def test_the_upload_that_was_not_asked_with_for_longest_makes_room() -> None:
    uploads = Uploads()
    first, second = (uploads.keep(picture(number)).upload for number in (1, 2))
    for number in range(3, N_KEPT + 2):
        uploads.find(first)
        uploads.keep(picture(number))
    assert uploads.find(first)
    with pytest.raises(ItemNotFound):
        uploads.find(second)


@pytest.mark.parametrize("handle", ["", "0" * 31, "0" * 33, "G" * 32, "../../../../../../etc/passwd"])
def test_a_handle_is_made_of_32_digits(handle: str) -> None:
    with pytest.raises(BadQuery, match="32 hexadecimal digits"):
        Upload(handle)
