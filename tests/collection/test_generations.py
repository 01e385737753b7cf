"""Generations of a space: built beside what serves, put in its place, gone back to, given up; nothing is ever lost."""

import gc
import os
import shutil
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from lookalike.collection import Collection
from lookalike.collection.generations import Generation
from lookalike.collection.renew import Renewal
from lookalike.errors import (
    BadQuery,
    CollectionBusy,
    IncompatibleCollection,
    ItemNotFound,
    ModelNotFound,
    UnreadableMedia,
)
from lookalike.media import Decoded, Decoder
from lookalike.models import write_manifest
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
        assert of_picture(pictures)[1].stand_ins == 1
        assert pictures.is_renewal_due()  # nobody has looked yet whether the file is there
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


def test_a_generation_that_was_kept_is_gone_on_with_whoever_asks_for_it(place: Path, using: Using) -> None:
    n_described = []
    for model in ("right", "left", "right", "left"):
        with Collection(place, settings=using(model)) as pictures:
            pictures.add()
            n_described.append(pictures.renew().described)
            assert [each.model for each in of_picture(pictures) if each.state == "serving"] == [model]
            assert not pictures.is_renewal_due()
    assert n_described == [N, 0, 0, 0]
    with Collection(place, settings=using("left")) as pictures:
        assert pictures.use_model("right").state == "serving"
        assert states(pictures) == [("left", "retired", N), ("right", "serving", N)]


def test_of_two_generations_that_one_network_made_the_newer_is_gone_back_to(place: Path, using: Using, rows) -> None:
    with Collection(place, settings=using("right")) as pictures:
        pictures.renew()
        pictures.use_model("classics")
        pictures.renew()
        rows(
            pictures,
            "UPDATE spaces SET version = (SELECT version FROM spaces WHERE model = 'right') WHERE model = 'left'",
        )
        pictures.use_model("right")
        assert states(pictures) == [("left", "retired", N), ("right", "serving", N), ("classics", "retired", N)]


def test_a_network_whose_folder_has_another_name_is_found_under_that(place: Path, using: Using, models: Path) -> None:
    (models / "left").rename(models / "renamed")
    with Collection(place, settings=using()) as pictures:
        assert pictures.use_model("renamed").model == "renamed"
        assert pictures.add().unchanged == N
        assert states(pictures) == [("renamed", "serving", N)]


def test_a_network_that_changes_beside_an_open_collection_is_renewed_once(
    place: Path, using: Using, models: Path
) -> None:
    with Collection(place, settings=using("left")) as server:
        assert not server.is_renewal_due()
        looks = models / "left" / "preprocess_cfg.json"
        looks.write_text(looks.read_text().replace("0.5", "0.25"))
        write_manifest(models / "left")
        assert server.is_renewal_due()
        with Collection(place, settings=using("left")) as other:
            assert other.renew().switched == ["picture"]
        assert not server.is_renewal_due()
        assert server.renew().switched == []


def test_what_is_described_for_a_generation_that_is_given_up_meanwhile_comes_into_no_other(
    place: Path, using: Using, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Collection(place, settings=using("right")) as pictures:
        right = pictures._spaces.named("right")
        describe = right.describe

        def meanwhile(*arguments: object) -> np.ndarray:
            with Collection(place, settings=using("right")) as other:
                other.use_model("classics")
            return describe(*arguments)

        monkeypatch.setattr(right, "describe", meanwhile)
        pictures.renew()
        assert states(pictures) == [("left", "retired", N), ("classics", "serving", N)]
        assert len(evidence(pictures)) == N - 1
        assert pictures.verify().problems == ()


def test_a_generation_that_is_made_again_is_not_taken_for_the_one_before(place: Path, using: Using) -> None:
    with Collection(place, settings=using("right")) as server, Collection(place, settings=using()) as other:
        server.renew()
        before = server._spaces.view("picture").space
        other.note_look(3)  # comes first when it is described again, so that rows change
        other.use_model("left")
        other.close()
        other.drop_generation("picture", 2)
        other.use_model("right")
        other.renew()
        after = server._spaces.view("picture").space
        assert (before.generation, after.generation) == (2, 2)
        assert before.id != after.id
        assert before.folder != after.folder
        assert evidence(server) == evidence(other)


def test_what_is_dropped_is_let_go_by_who_has_it_open(place: Path, using: Using) -> None:
    with Collection(place, settings=using("right")) as server, Collection(place, settings=using()) as other:
        server.renew()
        assert evidence(server, generation=1)
        view = weakref.ref(server._spaces.at(1).view("picture"))
        assert view() is not None
        other.use_model("right")
        other.drop_generation("picture", 1)
        assert evidence(server)
        gc.collect()
        assert view() is None


def test_a_picture_that_is_removed_while_it_is_read_is_missed_by_nobody(
    place: Path, using: Using, folder: Path
) -> None:
    away = (folder / "3.png").stat().st_ino

    class Unplugged:
        def __init__(self, decoder: Decoder) -> None:
            self._decoder = decoder
            self.decode_bytes = decoder.decode_bytes

        def decode(self, descriptor: int) -> Decoded:
            if os.fstat(descriptor).st_ino != away:
                return self._decoder.decode(descriptor)
            with Collection(place, settings=using()) as other:
                other.remove([4])
            raise UnreadableMedia("its disk was unplugged")

    with Collection(place, settings=using("right")) as pictures:

        @contextmanager
        def decoder_of(size: int) -> Iterator[Unplugged]:
            with pictures._decoder(size, 1) as decoder:
                yield Unplugged(decoder)

        report = Renewal(pictures._store, pictures._spaces, decoder_of, 1, None).renew()
        assert (report.described, report.lost, report.switched) == (N - 1, [], ["picture"])


def test_what_to_do_about_a_picture_that_is_not_described_is_told(
    place: Path, using: Using, folder: Path, draw
) -> None:
    draw(folder / "new.png", 77)
    with Collection(place, settings=using("right")) as pictures:
        pictures.add(folder)
        with pytest.raises(ItemNotFound, match=r"picture 1 is not described in generation 2 .+; run `lookalike renew`"):
            pictures.search("#1", generation=2)
        pictures.use_model("left")
        pictures.use_model("right")
        pictures.renew()
        draw(folder / "newer.png", 78)
        pictures.add(folder)
        with pytest.raises(
            ItemNotFound, match=r"picture 8 is not described in generation 1 .+ ask the one that serves"
        ):
            pictures.search("#8", generation=1)


def test_a_generation_that_nobody_here_can_complete_is_no_reason_to_renew(place: Path, using: Using, rows) -> None:
    with Collection(place, settings=using("left")) as pictures:
        rows(
            pictures,
            "INSERT INTO spaces (name, generation, folder, finder, version, n_dims, n_rows, n_vectors, state) "
            "VALUES ('plugged', 1, 'plugged', 'whole', 'old', 8, 0, 0, 'serving'), "
            "('plugged', 2, 'plugged@9', 'whole', 'new', 8, 0, 0, 'building')",
        )
    (place / "catalog.crc").unlink()
    with Collection(place, settings=using("left")) as pictures:
        assert not pictures.is_renewal_due()


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


def test_removing_a_picture_forgets_the_thumbnail_that_stood_in_for_it(
    place: Path, using: Using, folder: Path, tmp_path: Path, draw
) -> None:
    large = draw(folder / "large.png", 8, side=128)
    with Collection(place, settings=using("left")) as pictures:
        pictures.add(folder)
    shutil.move(large, tmp_path / "elsewhere")
    with Collection(place, settings=using("right")) as pictures:
        pictures.renew()
        needle = stored(pictures, 2, N + 1).astype(np.float16).tobytes()
        shutil.move(tmp_path / "elsewhere", large)
        pictures.renew()
        assert needle in on_disk(place)
        pictures.remove([N + 1])
        assert needle not in on_disk(place)
        assert (pictures._spaces.view("picture").is_live.sum(), len(evidence(pictures))) == (N, N - 1)
        assert pictures.verify().problems == ()


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
