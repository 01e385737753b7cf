"""Evaluating a folder of class folders, with drawn pictures and a describer that sees their mean colour."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from lookalike.collection.ingest import Progress
from lookalike.errors import LookalikeError, UnreadableMedia
from lookalike.evaluation import Evaluation, evaluate_folder
from lookalike.types import Image, Mask, Vectors

RED, GREEN, BLUE = (200, 30, 20), (20, 190, 40), (10, 40, 210)


class MeanColour:
    name = "mean"
    version = "1"
    size = 32
    n_dims = 3

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        means = np.array([image.mean(axis=(0, 1)) + 1 for image in images], dtype=np.float32).reshape(-1, 3)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


class Constant(MeanColour):
    name = "constant"

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        return np.tile(np.array([1, 0, 0], dtype=np.float32), (len(images), 1))


def draw(path: Path, colour: tuple[int, int, int], seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise: NDArray[np.int64] = np.random.default_rng(seed).integers(-10, 11, (24, 40, 3))
    Pillow.fromarray((np.array(colour) + noise).clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(3):
        draw(tmp_path / "red" / f"{number}.png", RED, number)
        draw(tmp_path / "green" / f"{number}.png", GREEN, number)
    return tmp_path


def evaluate(folder: Path) -> Evaluation:
    return evaluate_folder(folder, {"mean": MeanColour()}, n_workers=1)


def test_classes_that_look_alike_are_found_without_a_fault(folder: Path) -> None:
    space = evaluate(folder).spaces["mean"]
    assert (space.mean_average_precision, space.low, space.high) == (1, 1, 1)
    assert space.classes == {"green": 1, "red": 1}


def test_the_json_has_the_keys_that_scripts_rely_on(folder: Path) -> None:
    (folder / "red" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    answer = json.loads(json.dumps(evaluate(folder).to_json(), allow_nan=False))
    assert answer["queries"] == 6
    assert {name: answer["spaces"]["mean"][name] for name in ("map", "low", "high")} == {"map": 1, "low": 1, "high": 1}
    assert answer["spaces"]["mean"]["judged"] is False
    assert answer["spaces"]["mean"]["honesty"]["queries"] == 6
    (skipped,) = answer["skipped"]
    assert skipped["path"] == str(folder / "red" / "broken.jpg")
    assert skipped["reason"]


def test_a_space_that_sees_nothing_ranks_by_path(folder: Path) -> None:
    evaluation = evaluate_folder(folder, {"constant": Constant(), "mean": MeanColour()}, n_workers=1)
    # Ranked 0 1 2 3 4 5 less the query, where 0 to 2 are green: green finds at ranks 1, 2, red at 4, 5.
    assert evaluation.spaces["constant"].classes == pytest.approx({"green": 1, "red": (1 / 4 + 2 / 5) / 2})
    assert evaluation.spaces["constant"].mean_average_precision == pytest.approx((1 + (1 / 4 + 2 / 5) / 2) / 2)
    assert evaluation.spaces["mean"].mean_average_precision == 1


def test_a_picture_in_the_wrong_class_is_the_worst_query(folder: Path) -> None:
    draw(folder / "green" / "wrong.png", RED)
    space = evaluate(folder).spaces["mean"]
    assert space.worst[0][0] == folder / "green" / "wrong.png"
    assert space.worst[0][1] < 0.5 < space.best[0][1]


def test_a_class_of_one_picture_is_in_the_database_and_asks_nothing(folder: Path) -> None:
    draw(folder / "alone" / "0.png", GREEN)
    evaluation = evaluate(folder)
    assert (evaluation.n_queries, evaluation.n_pictures) == (6, 7)
    assert "alone" not in evaluation.spaces["mean"].classes
    assert evaluation.spaces["mean"].classes["green"] < 1


def test_pictures_without_a_class_are_in_the_database_and_related_to_nothing(folder: Path) -> None:
    draw(folder / "a.png", BLUE, 1)
    draw(folder / "b.png", BLUE, 2)
    evaluation = evaluate(folder)
    assert (evaluation.n_queries, evaluation.n_pictures) == (6, 8)
    assert sorted(evaluation.spaces["mean"].classes) == ["green", "red"]


def test_folders_of_one_name_are_one_class(folder: Path) -> None:
    draw(folder / "drawn" / "blue" / "0.png", BLUE, 0)
    draw(folder / "photographed" / "blue" / "0.png", BLUE, 1)
    assert sorted(evaluate(folder).spaces["mean"].classes) == ["blue", "green", "red"]


def test_files_that_are_no_pictures_are_passed_over(folder: Path) -> None:
    (folder / "red" / "notes.txt").write_text("notes")
    assert evaluate(folder).skipped == []


def test_progress_ends_with_everything_done(folder: Path) -> None:
    seen: list[Progress] = []
    evaluate_folder(folder, {"mean": MeanColour()}, n_workers=1, progress=seen.append)
    assert (seen[-1].done, seen[-1].total, seen[-1].seconds_left) == (6, 6, 0)


def test_a_folder_that_is_not_there_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="nowhere"):
        evaluate(tmp_path / "nowhere")


def test_a_folder_without_classes_is_an_error_in_words(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", RED)
    draw(tmp_path / "one" / "b.png", RED)
    with pytest.raises(
        LookalikeError, match="2 readable pictures and no class of two or more; make a folder per class"
    ):
        evaluate(tmp_path)


def test_an_empty_folder_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(LookalikeError, match="0 readable pictures"):
        evaluate(tmp_path)
