"""The learning curve in numbers and as a picture."""

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from lookalike.errors import BadRecipe
from lookalike.learning.curve import Point, add_point, draw_curve, mean_average_precision, read_curve

POINTS = (Point(500, 5.0, 0.25, 240.0), Point(1000, 4.0, 0.5, 510.0))
LINE = '{{"step": {step}, "loss": {loss}, "mean_average_precision": 0.5, "pictures_per_second": 9}}'
SVG = "{http://www.w3.org/2000/svg}"


def test_average_precision_by_hand() -> None:
    vectors = np.array([[1, 0], [0.9, 0.4], [0.4, 0.9], [0, 1]], np.float32)
    labels = np.array([0, 1, 0, 1])
    # first: 1 wrong, 0 right at place 2; second: 0 or 2 before 3; and so on: always the last or the second
    due = np.mean([1 / 2, 1 / 3, 1 / 3, 1 / 2])
    assert mean_average_precision(vectors, labels, np.array(["a"] * 4)) == pytest.approx(due)


def test_heads_count_alike_and_are_not_compared() -> None:
    vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [1, 0], [0, 1]], np.float32)
    labels, heads = np.array([0, 0, 1, 1, 0, 0]), np.array(["a"] * 4 + ["b"] * 2)
    assert mean_average_precision(vectors, labels, heads) == pytest.approx(1)


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_to_find_is_nothing_found(n: int) -> None:
    assert mean_average_precision(np.ones((n, 2), np.float32), np.zeros(n, int), np.array(["a"] * n)) == 0


def test_of_two_points_of_a_step_the_later_counts(tmp_path: Path) -> None:
    for point in (POINTS[1], Point(500, 9.0, 0.1, 1.0), POINTS[0]):
        add_point(point, tmp_path)
    assert read_curve(tmp_path) == POINTS


def test_a_folder_without_a_curve_has_no_points(tmp_path: Path) -> None:
    assert read_curve(tmp_path) == ()


@pytest.mark.parametrize(
    "line", ["x", "[]", '{"step": 3}', "[" * 100_000, LINE.format(step='"a"', loss=2), LINE.format(step=3, loss="null")]
)
def test_a_damaged_curve_is_said_in_a_sentence(line: str, tmp_path: Path) -> None:
    (tmp_path / "curve.jsonl").write_text(line)
    with pytest.raises(BadRecipe, match="is damaged"):
        read_curve(tmp_path)


def test_the_picture_has_both_curves_inside_its_frame() -> None:
    loss, precision = ET.fromstring(draw_curve(POINTS, 2000)).iter(f"{SVG}polyline")
    assert loss.get("points") == "208.0,40.0 360.0,102.4"
    assert precision.get("points") == "208.0,274.0 360.0,196.0"


def test_no_point_is_a_picture_too() -> None:
    assert [line.get("points") for line in ET.fromstring(draw_curve((), 1)).iter(f"{SVG}polyline")] == ["", ""]


def test_a_point_that_cannot_be_written_leaves_the_curve_as_it_was(tmp_path: Path) -> None:
    add_point(POINTS[0], tmp_path)
    (tmp_path / "curve.jsonl.new").mkdir()
    with pytest.raises(IsADirectoryError):
        add_point(POINTS[1], tmp_path)
    assert read_curve(tmp_path) == POINTS[:1]


def test_many_pictures_are_compared_some_at_a_time() -> None:
    vectors = np.random.default_rng(7).standard_normal((600, 4)).astype(np.float32)
    labels = np.arange(600) // 2
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -np.inf)
    ranks = [np.argsort(-row, kind="stable").tolist().index(n ^ 1) + 1 for n, row in enumerate(similarities)]
    assert mean_average_precision(vectors, labels, np.array(["x"] * 600)) == pytest.approx(np.mean(1 / np.array(ranks)))
