import hashlib
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageOps
from PIL.ExifTags import GPS, IFD, Base

from lookalike.errors import LookalikeError
from lookalike.sample import KINDS, Manifest, Picture, draw_picture, draw_world, read_manifest
from lookalike.sample.files import FORMATS, Storage, choose_storage, encode, save
from lookalike.sample.manifest import write_manifest

N = 27


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    directory = tmp_path_factory.mktemp("worlds") / "world"
    return directory, draw_world(directory, n_pictures=N, seed=3)


@pytest.fixture(scope="module")
def picture() -> Picture:
    return draw_picture("sailing-boat", np.random.default_rng(3), (90, 130))


def digests(directory: Path) -> dict[str, str]:
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_draws_the_same_bytes_with_any_number_of_workers(
    world: tuple[Path, Manifest], tmp_path: Path
) -> None:
    assert draw_world(tmp_path / "again", n_pictures=N, seed=3, n_workers=1) == world[1]
    assert digests(tmp_path / "again") == digests(world[0])


def test_another_seed_draws_other_pictures(tmp_path: Path) -> None:
    for seed in (1, 2):
        draw_world(tmp_path / str(seed), n_pictures=2, seed=seed)
    assert not set(digests(tmp_path / "1").values()) & set(digests(tmp_path / "2").values())


def test_the_manifest_comes_back_as_it_was_written(world: tuple[Path, Manifest]) -> None:
    directory, manifest = world
    assert read_manifest(directory) == manifest
    assert (manifest.seed, manifest.n_pictures, len(manifest.pictures)) == (3, N, N)


def test_every_file_is_in_the_manifest_and_decodes_upright_to_its_size(world: tuple[Path, Manifest]) -> None:
    directory, manifest = world
    files = {str(path.relative_to(directory).as_posix()) for path in directory.rglob("*.*")} - {"manifest.json"}
    assert files == {entry.path for entry in manifest.pictures}
    for entry in manifest.pictures:
        with PillowImage.open(directory / entry.path) as stored:
            assert ImageOps.exif_transpose(stored).size == (entry.width, entry.height)
        for instance in entry.instances:
            assert instance.mask.size == (entry.height, entry.width)


def test_originals_lie_in_the_folder_of_their_kind_and_copies_name_their_parent(world: tuple[Path, Manifest]) -> None:
    originals = {entry.path: entry for entry in world[1].pictures if not entry.parent}
    copies = [entry for entry in world[1].pictures if entry.parent]
    assert len(copies) == N // 9
    assert len({entry.edit for entry in copies}) == len(copies)
    assert all(entry.path.startswith(f"{entry.kind}/{entry.kind}-") for entry in originals.values())
    for copy in copies:
        assert copy.path.startswith("copies/")
        assert copy.kind == originals[copy.parent].kind


def test_drawing_again_changes_nothing_and_completes_what_is_missing(tmp_path: Path) -> None:
    drawn = draw_world(tmp_path, n_pictures=4, seed=5)
    complete = digests(tmp_path)
    (tmp_path / drawn.pictures[1].path).unlink()
    calls: list[tuple[int, int]] = []
    assert draw_world(tmp_path, n_pictures=4, seed=5, progress=lambda *done: calls.append(done)) == drawn
    assert digests(tmp_path) == complete
    assert calls == [(4, 4)]


def test_a_world_broken_off_at_the_start_is_drawn_whole(tmp_path: Path) -> None:
    write_manifest(Manifest(5, 2), tmp_path)
    assert len(draw_world(tmp_path, n_pictures=2, seed=5).pictures) == 2


def test_a_folder_with_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(LookalikeError, match="not empty and not a sample, choose a new or an empty folder"):
        draw_world(tmp_path, n_pictures=2)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]
    with pytest.raises(LookalikeError, match="is a file, choose a folder"):
        draw_world(tmp_path / "diary.txt", n_pictures=2)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LookalikeError, match=r"cannot be written .* choose another folder"):
        draw_world(tmp_path / "file" / "world", n_pictures=1)


def test_a_sample_of_another_seed_or_size_is_refused(tmp_path: Path) -> None:
    write_manifest(Manifest(5, 2), tmp_path)
    for n_pictures, seed in ((2, 6), (3, 5)):
        with pytest.raises(LookalikeError, match="holds a sample of 2 pictures from seed 5"):
            draw_world(tmp_path, n_pictures=n_pictures, seed=seed)


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"format": "lookalike-sample", "version": 99})])
def test_a_foreign_or_damaged_manifest_is_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(LookalikeError, match=r"manifest\.json"):
        draw_world(tmp_path, n_pictures=2)


def test_a_missing_manifest_says_how_to_draw_a_sample(tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match="lookalike sample"):
        read_manifest(tmp_path)


def test_a_world_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match="at least 1 picture, got 0"):
        draw_world(tmp_path / "none", n_pictures=0)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_keeps_the_picture(form: str, picture: Picture, tmp_path: Path) -> None:
    path = tmp_path / f"boat{Storage(form).suffix}"
    save(picture, Storage(form), path)
    with PillowImage.open(path) as stored:
        decoded = np.asarray(stored.convert("RGB")).astype(int)
    assert np.abs(decoded - picture.image).mean() < 8
    assert list(tmp_path.iterdir()) == [path]


def test_a_16_bit_png_has_16_bits_and_a_palette_png_a_palette(picture: Picture) -> None:
    assert encode(picture, Storage("png-16"))[24] == 16
    assert encode(picture, Storage("png-palette"))[25] == 3


def test_a_cut_out_keeps_its_alpha(tmp_path: Path) -> None:
    alpha = np.zeros((20, 30), np.uint8)
    alpha[5:10] = 255
    cut_out = Picture("apple", np.full((20, 30, 3), 99, np.uint8), alpha, (), (), {})
    assert choose_storage("apple", np.random.default_rng(1), has_alpha=True).form in ("png", "webp")
    save(cut_out, Storage("png"), tmp_path / "cut.png")
    with PillowImage.open(tmp_path / "cut.png") as stored:
        np.testing.assert_array_equal(np.asarray(stored)[..., 3], alpha)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_turned_jpegs_are_stored_turned_and_come_upright_by_their_orientation(
    orientation: int, picture: Picture, tmp_path: Path
) -> None:
    path = tmp_path / "boat.jpg"
    save(picture, Storage("jpg", orientation, "Boat", "2019-07-31 14:05:09", "Okulon Duo", "Valparaiso"), path)
    with PillowImage.open(path) as stored:
        assert stored.size == ((130, 90) if orientation in (1, 3) else (90, 130))
        upright = np.asarray(ImageOps.exif_transpose(stored)).astype(int)
        exif = stored.getexif()
        assert exif.get(Base.Orientation) == orientation
        assert (exif[Base.Make], exif[Base.Model], exif[Base.ImageDescription]) == ("Okulon", "Duo", "Boat")
        assert exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] == "2019:07:31 14:05:09"
        gps = exif.get_ifd(IFD.GPSInfo)
    assert np.abs(upright - picture.image).mean() < 8
    assert (gps[GPS.GPSLatitudeRef], gps[GPS.GPSLongitudeRef]) == ("S", "W")
    degrees, minutes, seconds = gps[GPS.GPSLatitude]
    assert float(degrees) + float(minutes) / 60 + float(seconds) / 3600 == pytest.approx(33.047, abs=1e-4)


def test_storage_is_mostly_jpeg_and_of_every_format_and_orientation() -> None:
    rng = np.random.default_rng(7)
    chosen = [choose_storage(KINDS[0], rng, has_alpha=False) for _ in range(600)]
    counts = Counter(storage.form for storage in chosen)
    assert set(counts) == set(FORMATS)
    assert counts["jpg"] > 380
    assert {storage.orientation for storage in chosen} == {1, 3, 6, 8}
    assert all(storage.camera for storage in chosen if storage.date)
