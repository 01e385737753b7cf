"""Twins show the same thing in another style."""

import numpy as np
import pytest

from lookalike.learning.recipe import Twins
from lookalike.learning.restyle import cut_out, line_drawing, restyle, staged

DISC = np.hypot(*np.mgrid[-32:32, -32:32]) < 18


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def photograph(rng: np.random.Generator) -> np.ndarray:
    """A dark red disc on a grainy green ground."""
    grain = rng.normal(0, 4, (64, 64, 1))
    return np.clip(np.where(DISC[..., None], (150, 30, 30), (90, 170, 90)) + grain, 0, 255).astype(np.uint8)


def test_a_drawing_is_dark_along_edges_and_white_within_areas(photograph: np.ndarray, rng: np.random.Generator) -> None:
    distance = np.abs(np.hypot(*np.mgrid[-32:32, -32:32]) - 18)
    for _ in range(20):
        drawn = line_drawing(photograph, rng)
        assert (drawn == drawn[..., :1]).all()  # no colour
        assert drawn[distance < 1.5].mean() < drawn[distance > 6].mean() - 30
        assert np.median(drawn[distance > 6]) == 255


def test_a_plain_picture_has_nothing_to_draw(rng: np.random.Generator) -> None:
    assert (line_drawing(np.full((48, 40, 3), 20, np.uint8), rng) == 255).all()


def test_what_is_cut_out_stays_and_the_rest_is_plain(photograph: np.ndarray, rng: np.random.Generator) -> None:
    whites = 0
    for _ in range(40):
        cut = cut_out(photograph, rng)
        is_plain = (cut == cut[0, 0]).all(axis=2)
        assert (cut[~is_plain] == photograph[~is_plain]).all()
        assert 0.05 < is_plain.mean() < 0.9
        assert not is_plain[31:33, 31:33].all()  # the middle always remains
        whites += bool((cut[0, 0] == 255).all())
    assert 20 < whites < 40


def test_what_is_staged_is_large_before_a_plain_background(photograph: np.ndarray, rng: np.random.Generator) -> None:
    shares, whites = [], 0
    for _ in range(60):
        shown = staged(photograph, rng)
        is_plain = (shown == shown[0, 0]).all(axis=2)
        shares.append(1 - is_plain.mean())
        whites += bool((shown[0, 0] == 255).all())
    assert min(shares) > 0.05
    assert 0.3 < np.median(shares) < 0.9
    assert 30 < whites < 60


def test_a_thing_is_staged_without_what_is_around_it(photograph: np.ndarray, rng: np.random.Generator) -> None:
    n_greens = []
    for _ in range(60):
        red, green, _ = np.moveaxis(staged(photograph, rng).astype(int), 2, 0)
        n_greens.append(np.count_nonzero(green > red + 30))
    assert np.mean(np.array(n_greens) < 10) > 0.4  # as often as an outline is looked for, or the part lies in the disc


@pytest.mark.parametrize("value", [0, 20, 255])
def test_a_plain_picture_can_be_staged(value: int, rng: np.random.Generator) -> None:
    for _ in range(10):
        assert staged(np.full((48, 40, 3), value, np.uint8), rng).shape == (48, 40, 3)


def test_staging_twice_from_the_same_seed_shows_the_same(photograph: np.ndarray) -> None:
    for seed in range(10):
        one, other = (staged(photograph, np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(one, other)


def test_each_source_is_restyled_as_often_as_the_recipe_has_it(
    photograph: np.ndarray, rng: np.random.Generator
) -> None:
    images = np.repeat(photograph[None], 600, axis=0)
    sources = ["photos", "shelf", "faces"] * 200
    twins = Twins(0.2, 1.0, drawn={"photos": 0.5, "shelf": 0.25}, cut_out={"shelf": 0.5}, staged={"shelf": 0.25})
    restyle(images, sources, twins, rng)
    is_grey = (images == images[..., :1]).all(axis=(1, 2, 3))
    is_same = (images == photograph).all(axis=(1, 2, 3))
    photos, shelf, faces = (np.array(sources) == name for name in ("photos", "shelf", "faces"))
    assert is_same[faces].all()
    assert 0.4 < is_grey[photos].mean() < 0.6
    assert (is_grey | is_same)[photos].all()
    assert 0.15 < is_grey[shelf].mean() < 0.35
    assert not is_same[shelf].any()
