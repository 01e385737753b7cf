"""Evaluating spaces on pictures that are painted for it, with describers that see their mean colour."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from lookalike.codes.coder import coder_of
from lookalike.codes.lsh import lsh_coder
from lookalike.collection.ingest import Progress
from lookalike.errors import LookalikeError
from lookalike.evaluation import Evaluation, evaluate, read_data_set
from lookalike.types import Describer, Image, Mask, TextDescriber, Vectors

Paint = Callable[..., Path]


def evaluated(source: Path, *describers: Describer, queries: Path | None = None) -> Evaluation:
    data = read_data_set(source, queries=queries)
    return evaluate(data, {describer.name: describer for describer in describers}, n_workers=1)


def test_classes_that_look_alike_are_found_without_a_fault(classes: Path, mean: Describer) -> None:
    space = evaluated(classes, mean).spaces["mean"]
    assert space.measures["map"] == (1, 1, 1)
    assert space.classes == {"green": 1, "red": 1}
    assert space.domains == {}


def test_the_json_has_the_keys_that_scripts_rely_on(classes: Path, mean: Describer) -> None:
    (classes / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    answer = json.loads(json.dumps(evaluated(classes, mean).to_json(), allow_nan=False))
    assert answer["queries"] == 6
    space = answer["spaces"]["mean"]
    assert {name: space[name] for name in ("map", "low", "high")} == {"map": 1, "low": 1, "high": 1}
    assert space["measures"]["precision@1"] == {"mean": 1, "low": 1, "high": 1}
    assert space["judged"] is False
    assert space["honesty"]["queries"] == 6
    assert space["best"][0]["path"] == str(classes / "green" / "0.png")
    assert space["best"][0]["average_precision"] == 1
    assert [hit["related"] for hit in space["best"][0]["hits"]] == [True, True, False, False, False]
    (skipped,) = answer["skipped"]
    assert skipped["path"] == str(classes / "red" / "broken.jpg")
    assert skipped["reason"]


def test_a_space_that_sees_nothing_ranks_by_path(classes: Path, mean: Describer, constant: Describer) -> None:
    evaluation = evaluated(classes, constant, mean)
    # Ranked 0 1 2 3 4 5 less the query, where 0 to 2 are green: green finds at ranks 1, 2, red at 4, 5.
    expected = (1 / 4 + 2 / 5) / 2
    assert evaluation.spaces["constant"].classes == pytest.approx({"green": 1, "red": expected})
    assert evaluation.spaces["constant"].measures["map"][0] == pytest.approx((1 + expected) / 2)
    (lead,) = evaluation.leads
    assert (lead.better, lead.other, lead.difference) == ("mean", "constant", pytest.approx((1 - expected) / 2))
    assert lead.low < lead.difference < lead.high
    assert evaluation.leads_of_best() == [lead]


def test_a_picture_in_the_wrong_class_is_the_worst_query(classes: Path, mean: Describer, paint: Paint) -> None:
    paint(classes / "green" / "wrong.png", "red")
    space = evaluated(classes, mean).spaces["mean"]
    assert space.worst[0].to_json()["path"] == str(classes / "green" / "wrong.png")
    assert [is_right for _, is_right in space.worst[0].hits[:3]] == [False, False, False]
    assert space.worst[0].average_precision < 0.5 < space.best[0].average_precision


def test_a_class_of_one_picture_is_in_the_database_and_asks_nothing(
    classes: Path, mean: Describer, paint: Paint
) -> None:
    paint(classes / "alone" / "0.png", "green")
    evaluation = evaluated(classes, mean)
    assert (evaluation.n_queries, evaluation.n_pictures) == (6, 7)
    assert "alone" not in evaluation.spaces["mean"].classes
    assert evaluation.spaces["mean"].classes["green"] < 1


def test_pictures_without_a_class_are_in_the_database_and_related_to_nothing(
    classes: Path, mean: Describer, paint: Paint
) -> None:
    paint(classes / "a.png", "blue", 1)
    paint(classes / "b.png", "blue", 2)
    evaluation = evaluated(classes, mean)
    assert (evaluation.n_queries, evaluation.n_pictures) == (6, 8)
    assert sorted(evaluation.spaces["mean"].classes) == ["green", "red"]


def test_domains_have_means_of_their_own(tmp_path: Path, mean: Describer, paint: Paint) -> None:
    for number, colour in enumerate(("blue", "red")):
        paint(tmp_path / "painted" / colour / "0.png", colour, number)
        paint(tmp_path / "mistaken" / colour / "0.png", "green", number)
        paint(tmp_path / "painted" / colour / "1.png", colour, number + 5)
    space = evaluated(tmp_path, mean).spaces["mean"]
    assert sorted(space.domains) == ["mistaken", "painted"]
    assert space.domains["mistaken"] < space.domains["painted"] < 1


def test_files_that_are_no_pictures_are_passed_over(classes: Path, mean: Describer) -> None:
    (classes / "red" / "notes.txt").write_text("notes")
    assert evaluated(classes, mean).skipped == []


def test_one_style_asks_for_another(tmp_path: Path, mean: Describer, paint: Paint) -> None:
    for colour in ("red", "green"):
        paint(tmp_path / "shelf" / colour / "0.png", colour, 1)
        paint(tmp_path / "shelf" / colour / "1.png", colour, 2)
        paint(tmp_path / "iconic" / f"{colour}.png", colour)
    paint(tmp_path / "iconic" / "unknown.png", "blue")
    evaluation = evaluated(tmp_path / "shelf", mean, queries=tmp_path / "iconic")
    assert (evaluation.n_queries, evaluation.n_pictures) == (2, 4)
    assert evaluation.spaces["mean"].measures["map"][0] == 1
    assert evaluation.spaces["mean"].honesty is not None


def test_queries_that_are_in_the_database_do_not_find_themselves(tmp_path: Path, mean: Describer, paint: Paint) -> None:
    paint(tmp_path / "sketch" / "dog" / "0.png", "red")
    paint(tmp_path / "photo" / "dog" / "0.png", "blue")
    paint(tmp_path / "photo" / "cat" / "0.png", "red", 1)
    evaluation = evaluated(tmp_path, mean, queries=tmp_path / "sketch")
    assert (evaluation.n_queries, evaluation.n_pictures) == (1, 3)
    (answer,) = evaluation.spaces["mean"].worst
    assert [(hit.path, is_right) for hit, is_right in answer.hits] == [
        (b"photo/cat/0.png", False),
        (b"photo/dog/0.png", True),
    ]


def captions(folder: Path, paint: Paint) -> Path:
    for number, colour in enumerate(("red", "green", "blue")):
        paint(folder / f"{colour}.png", colour, number)
    (folder / "captions.csv").write_text(
        "image,caption\nred.png,all red\nblue.png,so blue\nblue.png,not green\ngreen.png,\n"
    )
    return folder / "captions.csv"


def test_captions_ask_spaces_that_take_words_and_the_others_are_left_out(
    tmp_path: Path, mean: Describer, named: TextDescriber, paint: Paint
) -> None:
    evaluation = evaluated(captions(tmp_path, paint), mean, named)
    assert (evaluation.n_queries, evaluation.n_pictures) == (3, 3)
    assert list(evaluation.spaces) == ["named"]
    space = evaluation.spaces["named"]
    assert space.measures["recall@1"][0] == pytest.approx(2 / 3)
    assert space.worst[0].to_json()["caption"] == "not green"
    assert space.honesty is None
    assert not space.judged
    assert space.to_json()["honesty"] is None


def test_a_caption_whose_words_are_unknown_is_skipped_with_its_reason(
    tmp_path: Path, named: TextDescriber, paint: Paint
) -> None:
    file = captions(tmp_path, paint)
    before = evaluated(file, named)
    with file.open("a") as rows:
        rows.write("red.png,a zyzzyva\n")
    after = evaluated(file, named)
    reason = "'a zyzzyva' names none of red, green, blue"
    assert after.to_json() == before.to_json() | {"skipped": [{"caption": "a zyzzyva", "reason": reason}]}


def test_captions_that_are_all_unknown_are_an_error_before_any_picture_is_described(
    tmp_path: Path, named: TextDescriber
) -> None:
    (tmp_path / "c.csv").write_text("path,caption\nnone.png,a zyzzyva\nneither.png,a qwx\n")
    data = read_data_set(tmp_path / "c.csv")
    seen: list[Progress] = []
    with pytest.raises(
        LookalikeError, match=r"none of the 2 captions of .*c\.csv is understood; 'a qwx': .* names none"
    ):
        evaluate(data, {"named": named}, n_workers=1, progress=seen.append)
    assert seen == []


def test_codes_are_measured_beside_vectors_by_the_coder_that_comes_with_the_describer(
    classes: Path, mean: Describer, constant: Describer
) -> None:
    constant.coder = coder_of("own", np.ones((3, 8)), np.zeros(8))  # type: ignore[attr-defined]
    spaces = evaluated(classes, mean, constant).spaces
    assert (spaces["mean"].codes.method, spaces["mean"].codes.n_bits) == ("lsh", 256)
    assert (spaces["constant"].codes.method, spaces["constant"].codes.n_bits) == ("own", 8)
    assert spaces["mean"].codes.measures["map"] == (1, 1, 1)
    assert spaces["mean"].codes.loss == (0, 0, 0)
    answer = spaces["constant"].codes.to_json()
    assert answer["map"] == spaces["constant"].measures["map"][0], (
        "codes that are all equal rank by path, as vectors do"
    )
    assert answer["measures"]["map"]["mean"] == answer["map"]
    assert answer["loss"] == {"difference": 0, "low": 0, "high": 0}


def test_a_coder_of_other_vectors_is_an_error_in_words(classes: Path, mean: Describer) -> None:
    mean.coder = lsh_coder(5)  # type: ignore[attr-defined]
    with pytest.raises(LookalikeError, match="the coder of the space mean takes 5 numbers, and its vectors have 3"):
        evaluated(classes, mean)


def test_captions_without_a_space_that_takes_words_are_an_error_in_words(
    tmp_path: Path, mean: Describer, paint: Paint
) -> None:
    with pytest.raises(LookalikeError, match="asks with captions, and none of the spaces mean takes words"):
        evaluated(captions(tmp_path, paint), mean)


def test_paths_that_lead_out_of_the_folder_are_skipped_with_a_reason(
    tmp_path: Path, mean: Describer, paint: Paint
) -> None:
    paint(tmp_path / "outside.png", "red")
    for number in range(2):
        paint(tmp_path / "in" / f"{number}.png", "red", number)
    (tmp_path / "in" / "truth.csv").write_text(
        "path,label\n0.png,x\n1.png,x\n../outside.png,x\n/etc/passwd,x\nnone.png,x\n"
    )
    evaluation = evaluated(tmp_path / "in" / "truth.csv", mean)
    assert evaluation.n_pictures == 2
    assert len(evaluation.skipped) == 3


def test_progress_ends_with_everything_done(classes: Path, mean: Describer) -> None:
    seen: list[Progress] = []
    evaluate(read_data_set(classes), {"mean": mean}, n_workers=1, progress=seen.append)
    assert (seen[0].done, seen[0].total) == (6, 6)
    assert (seen[-1].done, seen[-1].total, seen[-1].seconds_left) == (6, 6, 0)


@pytest.mark.parametrize("names", [["a.png", "one/b.png"], []])
def test_a_folder_without_classes_is_an_error_in_words(
    names: list[str], tmp_path: Path, mean: Describer, paint: Paint
) -> None:
    for name in names:
        paint(tmp_path / name, "red")
    with pytest.raises(LookalikeError, match=f"{len(names)} readable pictures to be found .* make a folder per class"):
        evaluated(tmp_path, mean)


def test_a_space_that_answers_no_numbers_is_an_error_in_words(classes: Path, mean: Describer) -> None:
    class Broken(type(mean)):  # type: ignore[misc]
        def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
            return np.full((len(images), 3), np.nan, dtype=np.float32)

    with pytest.raises(LookalikeError, match="the space mean answers with values that are no finite numbers"):
        evaluated(classes, Broken())


def test_where_nothing_can_be_read_the_first_reason_is_said(classes: Path, mean: Describer) -> None:
    (classes.parent / "truth.csv").write_text("path,labels\na.png,x\nb.png,x\n")
    with pytest.raises(LookalikeError, match=r"; 2 could not be read, the first being .*a\.png: cannot open it"):
        evaluate(read_data_set(classes.parent / "truth.csv"), {"mean": mean})
