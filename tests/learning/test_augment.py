"""Random views show what they should."""

from dataclasses import replace

import numpy as np
import pytest

from lookalike.learning.augment import Views, damage, random_views, render, whole_views
from lookalike.learning.corpus import Corpus
from lookalike.learning.recipe import Recipe

ROWS = np.tile(np.arange(112), 4)


def views(corpus: Corpus, recipe: Recipe, seed: int = 7) -> Views:
    return random_views(corpus, ROWS, recipe, np.random.default_rng(seed))


def of(corpus: Corpus, source: str) -> np.ndarray:
    return np.array(corpus.sources)[ROWS] == source


def one(image: np.ndarray) -> Corpus:
    """A corpus of one picture."""
    size, start = np.array([image.shape[:2]], np.int32), np.zeros(1, np.int64)
    return Corpus(image.ravel(), start, size, ("a",), start, {"a": ("a",)}, np.zeros(1, bool))


def shown(image: np.ndarray, box: tuple[float, ...], side: int, hole: tuple[float, ...] = (0, 0, 0, 0)) -> np.ndarray:
    corpus = one(image)
    plain = whole_views(corpus, np.zeros(1, np.int64))
    boxes, holes = np.array([box], np.float32), np.array([hole], np.float32)
    return render(corpus, replace(plain, boxes=boxes, holes=holes), side)[0]


def test_the_same_seed_gives_the_same_views(corpus: Corpus, recipe: Recipe) -> None:
    first, again, other = views(corpus, recipe), views(corpus, recipe), views(corpus, recipe, seed=8)
    np.testing.assert_array_equal(render(corpus, first, 32), render(corpus, again, 32))
    assert (render(corpus, first, 32) != render(corpus, other, 32)).any()


def test_crops_lie_within_their_pictures_and_are_large_enough(corpus: Corpus, recipe: Recipe) -> None:
    boxes, sizes = views(corpus, recipe).boxes, corpus.sizes[ROWS]
    x0, x1 = np.minimum(boxes[:, 0], boxes[:, 2]), np.maximum(boxes[:, 0], boxes[:, 2])
    assert (x0 >= 0).all() and (boxes[:, 1] >= 0).all()
    assert (x1 <= sizes[:, 1] + 1e-3).all() and (boxes[:, 3] <= sizes[:, 0] + 1e-3).all()
    is_cut_by_the_border = (x1 - x0 > sizes[:, 1] - 1e-2) | (boxes[:, 3] - boxes[:, 1] > sizes[:, 0] - 1e-2)
    area = (x1 - x0) * (boxes[:, 3] - boxes[:, 1]) / sizes.prod(axis=1)
    assert (area[~is_cut_by_the_border] >= 0.3 - 1e-5).all()
    assert area.min() < 0.4 and area.max() > 0.8


def test_only_sources_that_may_be_mirrored_are(corpus: Corpus, recipe: Recipe) -> None:
    boxes = views(corpus, recipe).boxes
    is_mirrored = boxes[:, 0] > boxes[:, 2]
    assert not is_mirrored[of(corpus, "forms")].any()
    assert 0.3 < is_mirrored[of(corpus, "colours")].mean() < 0.7


def test_a_source_without_colour_changes_keeps_its_colours(corpus: Corpus, recipe: Recipe) -> None:
    colours = views(corpus, recipe).colours
    np.testing.assert_array_equal(
        colours[of(corpus, "colours")], np.tile(np.eye(3, 4, dtype=np.float32), (48 * 4, 1, 1))
    )
    assert (colours[of(corpus, "forms")] != np.eye(3, 4)).any()


def test_a_grey_view_has_no_colour(corpus: Corpus, recipe: Recipe) -> None:
    sources = {name: replace(source, grey=1.0) for name, source in recipe.sources.items()}
    drawn = render(corpus, views(corpus, replace(recipe, sources=sources, erase=0.0)), 32).astype(int)
    assert np.ptp(drawn, axis=3).max() <= 1


def test_as_many_views_are_erased_as_the_recipe_says(corpus: Corpus, recipe: Recipe) -> None:
    holes = views(corpus, replace(recipe, erase=0.5)).holes
    is_erased = holes[:, 0] < holes[:, 2]
    assert 0.4 < is_erased.mean() < 0.6
    assert (holes >= 0).all() and (holes <= 1).all()


def test_a_whole_picture_at_its_own_size_is_itself() -> None:
    image = np.random.default_rng(7).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    np.testing.assert_array_equal(shown(image, (0, 0, 40, 40), 40), image)
    np.testing.assert_array_equal(shown(image, (40, 0, 0, 40), 40), image[:, ::-1])
    np.testing.assert_array_equal(shown(image, (4, 8, 36, 40), 32), image[8:40, 4:36])


def test_a_picture_at_half_its_size_has_the_means_of_its_pixels() -> None:
    image = np.random.default_rng(7).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    means = image.reshape(32, 2, 32, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(shown(image, (0, 0, 64, 64), 32), means, atol=0.51)


def test_an_erased_rectangle_is_grey_and_the_rest_as_it_was() -> None:
    image = np.full((32, 32, 3), 200, np.uint8)
    erased = shown(image, (0, 0, 32, 32), 32, hole=(0.25, 0.5, 0.75, 1.0))
    assert (erased[16:, 8:24] == 124).all()
    erased[16:, 8:24] = 200
    assert (erased == 200).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1)])
def test_the_smallest_pictures_are_shown(size: tuple[int, int]) -> None:
    image = np.full((*size, 3), 77, np.uint8)
    assert (shown(image, (0, 0, size[1], size[0]), 32) == 77).all()


def test_damage_keeps_pictures_recognizable_and_the_rest_untouched() -> None:
    rng = np.random.default_rng(7)
    before = np.repeat(rng.integers(60, 200, (40, 4, 4, 3), dtype=np.uint8).repeat(8, axis=1), 8, axis=2)
    after = before.copy()
    damage(after, 0.5, rng)
    is_changed = (after != before).any(axis=(1, 2, 3))
    assert 10 <= is_changed.sum() <= 30
    assert np.abs(after.astype(int) - before).mean() < 8
    damage(after := before.copy(), 0.0, rng)
    np.testing.assert_array_equal(after, before)
