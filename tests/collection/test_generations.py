"""Generations of a space: built beside what serves, put in its place, gone back to, given up; nothing is ever lost."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lookalike.collection import Collection
from lookalike.collection.generations import Generation
from lookalike.errors import BadQuery, CollectionBusy, IncompatibleCollection, ModelNotFound
from lookalike.settings import Settings

N = 6
Using = Callable[..., Settings]


@pytest.fixture
def place(tmp_path: Path, folder: Path, using: Using, draw) -> Path:
    """The directory of a collection of six pictures that the network `left` described."""
    for seed in range(N):
        draw(folder / f"{seed}.png", seed)
    with Collection(tmp_path / "c", settings=using("left")) as pictures:
        assert pictures.add(folder).added == N
    return tmp_path / "c"


def of_picture(pictures: Collection) -> list[Generation]:
    return [generation for generation in pictures.generations() if generation.space == "picture"]


def states(pictures: Collection) -> list[tuple[str | None, str, int]]:
    return [(each.model, each.state, each.vectors) for each in of_picture(pictures)]


def evidence(pictures: Collection, query: object = "#1", generation: int | None = None) -> dict[int, float]:
    hits = pictures.search(query, k=N, cutoff=0, generation=generation)
    return {hit.id: hit.evidence[0].similarity for hit in hits}


def test_a_new_generation_is_built_beside_the_old_one_and_then_serves(place: Path, using: Using) -> None:
    with Collection(place, settings=using("right")) as pictures:
        before = evidence(pictures)
        report = pictures.renew()
        assert (report.described, report.switched, report.lost) == (N, ["picture"], [])
        assert states(pictures) == [("left", "retired", N), ("right", "serving", N)]
        assert evidence(pictures) != before
        assert evidence(pictures, generation=1) == before
        assert not pictures.is_renewal_due()
        assert pictures.renew().described == 0
        assert pictures.verify().problems == ()


def test_what_is_not_complete_does_not_serve_and_new_pictures_come_into_both(
    place: Path, using: Using, folder: Path, draw
) -> None:
    with Collection(place, settings=using("right")) as pictures:
        draw(folder / "new.png", 77)
        assert pictures.add(folder).added == 1
        assert states(pictures) == [("left", "serving", N + 1), ("right", "building", 1)]
        assert len(pictures.search("#1", k=20, cutoff=0)) == N
        assert len(pictures.search("#7", k=20, cutoff=0, generation=2)) == 0
        assert pictures.verify().problems == ()
        assert pictures.renew().described == N
        assert states(pictures) == [("left", "retired", N + 1), ("right", "serving", N + 1)]


def test_what_is_described_anew_is_what_a_new_collection_would_hold(
    place: Path, using: Using, folder: Path, tmp_path: Path
) -> None:
    with Collection(place, settings=using("right")) as pictures:
        pictures.renew()
        renewed = evidence(pictures, folder / "2.png")
    with Collection(tmp_path / "new", settings=using("right")) as fresh:
        fresh.add(folder)
        assert {hit.path.name for hit in fresh.search(folder / "2.png", k=N, cutoff=0)} == {
            f"{n}.png" for n in range(N)
        }
        assert sorted(evidence(fresh, folder / "2.png").values()) == pytest.approx(sorted(renewed.values()), abs=1e-5)


def test_pictures_that_were_looked_at_come_first_then_the_newest(place: Path, using: Using) -> None:
    with Collection(place, settings=using()) as pictures:
        pictures.note_look(2)
        pictures.note_look(2**40)  # nobody's
    with Collection(place, settings=using("right")) as pictures:
        from lookalike.collection.renew import Renewal

        with pictures._store.writing():
            pictures._spaces.ensure()
        renewal = Renewal(pictures._store, pictures._spaces, lambda size: pictures._decoder(size, 1), 1, None)
        assert renewal._to_describe().tolist() == [2, 6, 5, 4, 3, 1]


def test_a_picture_whose_original_is_away_is_described_by_its_thumbnail_until_it_is_back(
    place: Path, using: Using, folder: Path, tmp_path: Path, draw
) -> None:
    elsewhere = tmp_path / "elsewhere"
    large = draw(folder / "large.png", 8, side=128)
    with Collection(place, settings=using("left")) as pictures:
        pictures.add(folder)
        large_id = max(item.id for item in pictures.items())
    shutil.move(large, elsewhere)
    with Collection(place, settings=using("right")) as pictures:
        report = pictures.renew()
        assert (report.described, report.stand_ins, report.switched) == (N + 1, 1, ["picture"])
        by_thumbnail = pictures._spaces.view("picture")
        assert not pictures.is_renewal_due() or of_picture(pictures)[1].stand_ins == 1
        assert large_id in evidence(pictures)
        assert pictures.renew().described == 0
        shutil.move(elsewhere, large)
        assert pictures.is_renewal_due()
        report = pictures.renew()
        assert (report.described, report.stand_ins) == (1, 0)
        assert of_picture(pictures)[1].stand_ins == 0
        assert pictures._spaces.view("picture").space.n_rows == by_thumbnail.space.n_rows + 1
        assert pictures._spaces.view("picture").space.n_vectors == N + 1
        assert evidence(pictures, large)[large_id] == pytest.approx(1, abs=1e-3)
        assert pictures.verify().problems == ()
        assert not pictures.is_renewal_due()


def test_a_picture_without_original_and_thumbnail_stays_in_the_old_generation(
    place: Path, using: Using, folder: Path
) -> None:
    (folder / "3.png").unlink()
    with Collection(place, settings=using("right")) as pictures:
        sha256 = pictures.sha256(4)
        (place / "thumbs" / sha256[:2] / f"{sha256}.webp").write_bytes(b"no thumbnail")
        report = pictures.renew()
        assert [item for item, _ in report.lost] == ["#4"]
        assert report.switched == ["picture"]
        assert 4 not in evidence(pictures)
        assert 4 in evidence(pictures, generation=1)


def test_going_back_describes_nothing_again_but_what_came_since(place: Path, using: Using, folder: Path, draw) -> None:
    with Collection(place, settings=using()) as pictures:
        before = evidence(pictures)
        assert pictures.use_model("right").state == "building"
        pictures.renew()
        assert pictures.use_model("left").state == "serving"
        assert evidence(pictures) == before
        assert states(pictures) == [("left", "serving", N), ("right", "retired", N)]
        draw(folder / "new.png", 77)
        pictures.add(folder)
        assert pictures.use_model("right").state == "building"
        assert pictures.renew().described == 1
        assert states(pictures) == [("left", "retired", N + 1), ("right", "serving", N + 1)]
        assert pictures.verify().problems == ()


def test_what_was_chosen_stays_whatever_the_setting(place: Path, using: Using) -> None:
    with Collection(place, settings=using("left")) as pictures:
        pictures.use_model("right")
        pictures.renew()
        assert [each.is_chosen for each in of_picture(pictures)] == [False, True]
    with Collection(place, settings=using("left")) as pictures:
        assert not pictures.is_renewal_due()


def test_a_generation_that_is_given_up_is_gone_and_is_not_begun_again(place: Path, using: Using) -> None:
    with Collection(place, settings=using("right")) as pictures:
        pictures.add()
        with pytest.raises(BadQuery, match="generation 1 of picture serves; let another serve first"):
            pictures.drop_generation("picture", 1)
        pictures.drop_generation("picture", 2)
        assert states(pictures) == [("left", "serving", N)]
        assert not pictures.is_renewal_due()
        with pytest.raises(BadQuery, match="no generation 2; known are 1"):
            pictures.drop_generation("picture", 2)
        with pytest.raises(BadQuery, match="no generation 2; known are 1"):
            pictures.search("#1", generation=2)
    assert sorted(path.name for path in (place / "spaces").iterdir()) == ["colour", "picture", "shape", "texture"]


def test_another_wish_takes_the_place_of_what_is_being_built(place: Path, using: Using) -> None:
    with Collection(place, settings=using("right")) as pictures:
        pictures.add()
        assert pictures.use_model("classics").state == "building"
        assert [(each.model, each.state) for each in of_picture(pictures)] == [
            ("left", "serving"),
            ("classics", "building"),
        ]
        pictures.renew()
        assert [each.model for each in of_picture(pictures) if each.state == "serving"] == ["classics"]
        with pytest.raises(ModelNotFound, match="nothing is not installed, known are left, right"):
            pictures.use_model("nothing")


def test_a_classical_space_of_another_version_is_renewed_and_answers_from_what_it_has_until_then(
    place: Path, using: Using, folder: Path, rows, draw
) -> None:
    with Collection(place, settings=using()) as pictures:
        before = evidence(pictures, "#1@colour")
        pictures.make_album("kept", [1, 2])
        rows(pictures, "UPDATE spaces SET version = 'older' WHERE name = 'colour'")
    (place / "catalog.crc").unlink()
    with Collection(place, settings=using()) as pictures:
        assert pictures.is_renewal_due()
        assert evidence(pictures, "#1@colour") == before
        with pytest.raises(IncompatibleCollection, match="version older, which is not installed any more; run"):
            pictures.search("colour:red")
        draw(folder / "new.png", 77)
        assert pictures.add(folder).added == 1
        assert pictures.renew().switched == ["colour"]
        assert len(pictures.search("colour:red", k=20, cutoff=0)) == N + 1
        after = evidence(pictures, "#1@colour")
        assert {key: after[key] for key in before} == before
        assert len(list(pictures.album("kept"))) == 2
        assert pictures.verify().problems == ()


def test_removing_a_picture_forgets_it_in_every_generation(place: Path, using: Using) -> None:
    with Collection(place, settings=using("right")) as pictures:
        pictures.renew()
        needles = [stored(pictures, number, 3).astype(np.float16).tobytes() for number in (1, 2)]
        assert all(needle in on_disk(place) for needle in needles)
        pictures.remove([3])
        assert not any(needle in on_disk(place) for needle in needles)
        for number in (1, 2):
            [codes] = pictures._spaces.at(number).view("picture").codes
            assert codes.any(axis=1).sum() == N - 1
        assert pictures.verify().problems == ()
        assert states(pictures) == [("left", "retired", N - 1), ("right", "serving", N - 1)]


def stored(pictures: Collection, generation: int, item_id: int) -> np.ndarray:
    view = pictures._spaces.at(generation).view("picture")
    with pictures._store.engine.connect() as connection:
        rows, _ = view.rows_of(connection, [item_id])
    return view.vectors(rows)


def on_disk(place: Path) -> bytes:
    return b"".join(path.read_bytes() for path in (place / "spaces").rglob("0*"))


def test_a_backup_has_every_generation(place: Path, using: Using, tmp_path: Path) -> None:
    with Collection(place, settings=using("right")) as pictures:
        pictures.renew()
        pictures.backup(tmp_path / "copy")
    with Collection(tmp_path / "copy", settings=using("right")) as copy:
        assert states(copy) == [("left", "retired", N), ("right", "serving", N)]
        assert copy.verify().problems == ()
        assert copy.use_model("left").state == "serving"


def test_damage_in_a_retired_generation_is_told_and_mended(place: Path, using: Using) -> None:
    with Collection(place, settings=using("right")) as pictures:
        pictures.renew()
        segment = place / "spaces" / "picture" / "vectors" / "00000.f16"
        segment.write_bytes(bytes(len(segment.read_bytes())))
    with Collection(place, settings=using("right")) as pictures:
        assert "space picture (generation 1): the vectors of rows 0 to 5" in pictures.verify().problems[0]
        assert pictures.repair().described == N
        assert pictures.verify().problems == ()


def test_two_do_not_renew_at_once_and_others_add_meanwhile(place: Path, using: Using, folder: Path, draw) -> None:
    told = []

    def meanwhile(_: object) -> None:
        if told:
            return
        with Collection(place, settings=using("right")) as other:
            with pytest.raises(CollectionBusy):
                other.renew()
            draw(folder / "new.png", 77)
            told.append(other.add(folder).added)
            other.remove([1])

    with Collection(place, settings=using("right")) as pictures:
        pictures.renew(progress=meanwhile)
        assert told == [1]
        assert states(pictures) == [("left", "retired", N), ("right", "serving", N)]
        assert pictures.verify().problems == ()


RENEW = """
import sys
from pathlib import Path
from lookalike.collection import Collection, renew
from lookalike.settings import Settings
renew.BATCH = 1
settings = Settings(workers=1, models=Path(sys.argv[2]), model="right")
with Collection(Path(sys.argv[1]), settings=settings) as pictures:
    pictures.renew(progress=lambda progress: print(progress.done, flush=True))
"""


def test_a_renewal_that_is_killed_keeps_what_it_did_and_goes_on(place: Path, using: Using, models: Path) -> None:
    for _ in range(2):
        child = subprocess.Popen(
            [sys.executable, "-c", RENEW, str(place), str(models)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        assert child.stdout.readline() == "1\n"
        child.send_signal(signal.SIGKILL)
        child.communicate()
        with Collection(place, settings=using("right")) as pictures:
            assert pictures.verify().problems == ()
            assert len(evidence(pictures)) == N - 1
            [old, new] = of_picture(pictures)
            assert (old.state, new.state) == ("serving", "building")
    n_described = new.vectors
    assert n_described >= 2
    with Collection(place, settings=using("right")) as pictures:
        assert pictures.renew().described == N - n_described
        assert states(pictures) == [("left", "retired", N), ("right", "serving", N)]
        assert pictures.verify().problems == ()


@pytest.mark.parametrize("statement", ["UPDATE spaces SET state", "UPDATE spaces SET n_rows", "INSERT INTO vectors"])
def test_a_renewal_interrupted_at_any_step_changes_nothing_that_is_served(
    place: Path, using: Using, statement: str
) -> None:
    from sqlalchemy import event

    def interrupt(*arguments: object) -> None:
        if str(arguments[2]).startswith(statement):
            raise KeyboardInterrupt

    with Collection(place, settings=using("right")) as pictures:
        before = evidence(pictures)
        event.listen(pictures._store.engine, "before_cursor_execute", interrupt)
        with pytest.raises(KeyboardInterrupt):
            pictures.renew()
    with Collection(place, settings=using("right")) as pictures:
        assert evidence(pictures) == before
        assert pictures.verify().problems == ()
        assert pictures.renew().switched == ["picture"]
        assert pictures.verify().problems == ()


def test_the_same_file_is_described_twice_alike(place: Path, using: Using, folder: Path, tmp_path: Path) -> None:
    settings = using("left")
    with Collection(place, settings=settings) as pictures, Collection(tmp_path / "d", settings=settings) as other:
        other.add(folder)
        for name in ("picture", "colour", "texture", "shape"):
            one, two = (by_content(each, name) for each in (pictures, other))
            lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
            assert (np.vecdot(one, two) / lengths).min() >= 0.99999


def by_content(pictures: Collection, space: str) -> np.ndarray:
    view = pictures._spaces.view(space)
    ids = [item.id for item in sorted(pictures.items(), key=lambda item: item.sha256)]
    with pictures._store.engine.connect() as connection:
        rows, owners = view.rows_of(connection, ids)
    row_of = dict(zip(owners.tolist(), rows.tolist(), strict=True))
    return view.vectors(np.array([row_of[item_id] for item_id in ids]))
