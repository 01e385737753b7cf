"""Row 20: the disk that holds the collection fills up."""

import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lookalike.collection import Collection
from lookalike.errors import StorageFull

N_PICTURES = 120
MIB = 1 << 20
Mount = Callable[[int], Path]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Mount]:
    """Mount a small disk, or give a mounted one another size."""
    place = tmp_path / "disk"
    place.mkdir()
    is_mounted = False

    def mount(n_bytes: int) -> Path:
        nonlocal is_mounted
        again = "remount," if is_mounted else ""
        options = f"{again}size={n_bytes}"
        tried = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, text=True)
        if tried.returncode:
            pytest.skip(f"a disk of any size cannot be mounted here: {tried.stderr.strip()}")
        is_mounted = True
        return place

    yield mount
    if is_mounted:
        subprocess.run(["umount", "--lazy", place], check=True)


def vectors(rows, collection: Collection) -> set[tuple[int, int, int]]:
    return set(rows(collection, "SELECT space_id, row, item_id FROM vectors"))


@pytest.mark.parametrize("n_sizes", [6, pytest.param(50, marks=pytest.mark.soak)])
def test_a_full_disk_is_told_searches_answer_and_add_goes_on(folder, draw, disk, fast, rows, figure, share, n_sizes):
    for seed in range(N_PICTURES):
        draw(folder / f"{seed:03}.png", seed, squares=(12, 16))
    sizes = random.Random(7)
    n_full = n_answers = 0
    for number in range(share(n_sizes)):
        place = disk(64 * MIB) / f"{number}"
        ballast = place.with_suffix(".ballast")
        if number % 2 == 0:  # a disk that somebody else fills, or else one that was too small from the beginning
            with Collection(place, settings=fast) as collection:
                collection.add(folder / "000.png")
        room = int(sizes.uniform(0, 2.5) * MIB)
        ballast.write_bytes(bytes(shutil.disk_usage(place.parent).free - room))
        told: list[int] = []
        try:
            with Collection(place, settings=fast) as collection:
                collection.add(folder, progress=lambda progress, told=told: told.append(progress.done))
        except StorageFull as error:
            n_full += 1
            assert "; " in str(error)
        if told or not number % 2:
            with Collection(place, settings=fast) as collection:
                assert len(collection.search("colour:red", k=1000)) == len(collection) >= max([1, *told])
                n_answers += 1
                assert collection.verify().problems == ()
                described = vectors(rows, collection)
        else:
            described = set()
        ballast.unlink()
        with Collection(place, settings=fast) as collection:
            report = collection.add(folder)
            assert report.skipped == []
            assert len(collection) == N_PICTURES
            assert described <= vectors(rows, collection)
            assert collection.verify().problems == ()
        shutil.rmtree(place)
    assert n_full > 0 or share(n_sizes) < 5
    figure(
        "20",
        "50 sizes: 0 corruption, searches still answer, nothing indexed again",
        f"{n_full} of {share(n_sizes)} disks full: 0 corruption, {n_answers} answered, nothing described again",
    )


def fill(ballast: Path) -> None:
    """Let somebody else take all the room there is."""
    with ballast.open("ab", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        while True:
            file.write(bytes(4096))


def test_a_disk_that_somebody_else_filled_still_answers(folder, draw, disk, fast):
    draw(folder / "a.png", 1)
    place = disk(64 * MIB) / "collection"
    with Collection(place, settings=fast) as collection:
        collection.add(folder)
    ballast = place.with_name("ballast")
    fill(ballast)
    assert (place / "reserve").exists()
    with Collection(place, settings=fast) as collection:
        assert [hit.id for hit in collection.search("colour:red")] == [1]
        assert collection.verify().ok
        fill(ballast)
        draw(folder / "b.png", 2)
        with pytest.raises(StorageFull, match="; "):
            collection.add(folder)
        assert [hit.id for hit in collection.search("colour:red")] == [1]
    ballast.unlink()
    with Collection(place, settings=fast) as collection:
        assert collection.add(folder).added == 1
        assert collection.verify().ok
