"""Row 21: bits that flip and files that are cut off, wherever they are."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lookalike.collection import Collection
from lookalike.errors import CollectionDamaged
from lookalike.settings import Settings

N_PICTURES = 12
SPACES = ("colour", "picture", "shape", "texture")


def answers(collection: Collection) -> list[list[int]]:
    """Return the ten best of some queries in every space."""
    return [[hit.id for hit in collection.search(f"#{n}@{space}", k=10, cutoff=0)] for n in (1, 5) for space in SPACES]


def damage(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    place = chance.randrange(len(content))
    if chance.random() < 0.25:
        del content[place:]
    else:
        content[place] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def is_refused(act: Callable[[], object]) -> bool:
    try:
        act()
    except CollectionDamaged as error:
        return "; " in str(error)
    return False


def is_detected(copy: Path, path: Path, settings: Settings) -> bool:
    """Return whether damage is seen before the damaged bytes are used."""
    if path.name == "catalog.db":
        return is_refused(lambda: Collection(copy, settings=settings))
    with Collection(copy, settings=settings) as collection:
        is_seen = not collection.verify().ok
        if path.suffix == ".f16":
            space = path.parent.parent.name
            is_seen &= is_refused(lambda: collection.search(f"#1@{space}"))
            is_seen &= is_refused(lambda: collection.search("colour:red")) == (space == "colour")
    return is_seen


@pytest.mark.parametrize("n_damages", [40, pytest.param(1000, marks=pytest.mark.soak)])
def test_damage_is_detected_before_use_and_repaired(tmp_path, folder, draw, fast, figure, share, n_damages):
    for seed in range(N_PICTURES):
        draw(folder / f"{seed:02}.png", seed)
    sound = tmp_path / "sound"
    with Collection(sound, settings=fast) as collection:
        collection.add(folder)
        expected = answers(collection)
    (sound / "reserve").unlink()
    kinds = [
        [sound / "catalog.db"],
        sorted(sound.rglob("*.f16")),
        sorted(sound.rglob("*.webp")),
        sorted(sound.rglob("space.json")),
    ]
    chance = random.Random(7)
    n_detected = n_repaired = 0
    copy = tmp_path / "copy"
    for number in range(share(n_damages)):
        shutil.copytree(sound, copy)
        path = copy / chance.choice(chance.choice(kinds)).relative_to(sound)
        damage(path, chance)
        n_detected += is_detected(copy, path, fast)
        if path.name != "catalog.db" and (number % 5 == 0 or n_damages > 40):
            with Collection(copy, settings=fast) as collection:
                assert collection.repair().lost == []
                assert collection.verify().problems == ()
                assert answers(collection) == expected
                n_repaired += 1
        shutil.rmtree(copy)
    with Collection(tmp_path / "anew", settings=fast) as collection:  # what is left where there is no backup
        collection.add(folder)
        assert answers(collection) == expected
    assert n_detected == share(n_damages)
    figure(
        "21",
        "1,000 flips and truncations: 100 % detected before use, repair gives the same top 10",
        f"{n_detected} of {share(n_damages)} detected, {n_repaired} repairs with the same top 10",
    )


def test_a_running_collection_answers_again_after_its_repair(folder, draw, collection):
    for seed in range(3):
        draw(folder / f"{seed}.png", seed)
    collection.add(folder)
    vectors = collection.folder / "spaces" / "colour" / "vectors" / "00000.f16"
    vectors.write_bytes(bytes(vectors.stat().st_size))
    with pytest.raises(CollectionDamaged, match="run `lookalike repair` to compute them again"):
        collection.search("#1@colour")
    report = collection.repair()
    assert (report.described, report.lost) == (3, [])
    assert len(collection.search("#1@colour", cutoff=0)) == 2


def test_what_cannot_be_described_again_now_is_told_and_mended_later(folder, draw, collection):
    for seed in range(3):
        draw(folder / f"{seed}.png", seed)
    collection.add(folder)
    vectors = collection.folder / "spaces" / "shape" / "vectors" / "00000.f16"
    vectors.write_bytes(vectors.read_bytes()[:-1])
    away = (folder / "1.png").rename(folder.parent / "1.png")
    report = collection.repair()
    assert report.described == 2
    assert [item for item, _ in report.lost] == ["#2"]
    assert [hit.id for hit in collection.search("#1@shape", cutoff=0)] == [3]
    assert not collection.verify().ok
    away.rename(folder / "1.png")
    assert collection.repair().described == 1
    assert collection.verify().ok
    assert len(collection.search("#1@shape", cutoff=0)) == 2


def test_several_workers_mend_each_picture_as_it_was(tmp_path, folder, draw):
    for seed in range(70):
        draw(folder / f"{seed:02}.png", seed)
    with Collection(tmp_path / "c", settings=Settings(workers=3, model=None)) as collection:
        collection.add(folder)
        before = {path: path.read_bytes() for path in (collection.folder / "thumbs").rglob("*.webp")}
        for path in before:
            path.unlink()
        draw(folder / "09.png", 1000)
        (folder / "65.png").unlink()
        report = collection.repair()
        assert report.thumbnails == sum(path.exists() for path in before) == 68
        assert report.lost == [
            ("#10", f"{folder / '09.png'} holds another picture now"),
            ("#66", "cannot open it: no such file or directory; check that it is there and that you may read it"),
        ]
        assert all(path.read_bytes() == content for path, content in before.items() if path.exists())
        assert len(collection.verify().problems) == 2
