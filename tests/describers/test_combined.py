import numpy as np
import pytest

from lookalike.describers import load_describers
from lookalike.describers.combined import CombinedDescriber
from lookalike.types import Describer

IMAGES = list(np.random.default_rng(7).integers(0, 256, (4, 60, 80, 3)).astype(np.uint8))


def test_combining_parts_equals_describing() -> None:
    combined = CombinedDescriber()
    parts = {part.name: part.describe(IMAGES) for part in combined.parts}
    np.testing.assert_array_equal(combined.combine(parts), combined.describe(IMAGES))


def test_its_parts_are_the_registered_ones() -> None:
    registered = load_describers()
    for part in CombinedDescriber().parts:
        assert type(registered[part.name]) is type(part)
        assert registered[part.name].version == part.version


def test_a_similarity_weighs_colour_against_form_by_both_pictures() -> None:
    combined = CombinedDescriber()
    parts = {part.name: part.describe(IMAGES[:2]) for part in combined.parts}
    vectors = combined.combine(parts)
    colour_share = (vectors[:, : parts["colour"].shape[1]] ** 2).sum(1)
    form = np.concatenate([np.float32(0.7) * parts["texture"], parts["shape"]], axis=1)
    form /= np.linalg.norm(form, axis=1, keepdims=True)
    histogram, places = np.split(parts["colour"], [486], axis=1)
    roots = np.sqrt(histogram)
    roots /= np.linalg.norm(roots, axis=1, keepdims=True)
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    closeness = (roots[0] @ roots[1] + 0.7**2 * (places[0] @ places[1])) / (1 + 0.7**2)
    expected = np.sqrt(colour_share.prod()) * closeness
    expected += np.sqrt((1 - colour_share).prod()) * (form[0] @ form[1])
    assert vectors[0] @ vectors[1] == pytest.approx(expected, abs=1e-5)
    assert ((colour_share > 0) & (colour_share < 1)).all()


@pytest.mark.parametrize("change", ["missing", "too few rows", "too narrow"])
def test_parts_that_do_not_fit_are_refused(change: str) -> None:
    combined = CombinedDescriber()
    parts = {part.name: part.describe(IMAGES) for part in combined.parts}
    if change == "missing":
        del parts["texture"]
    else:
        parts["texture"] = parts["texture"][:2] if change == "too few rows" else parts["texture"][:, :5]
    with pytest.raises(ValueError, match=r"the part 'texture' has the shape \(4, 128\), got"):
        combined.combine(parts)


def test_the_combination_is_a_describer() -> None:
    assert isinstance(CombinedDescriber(), Describer)
