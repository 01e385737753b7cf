import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lookalike.describers.colour import COARSE, FINE, ColourDescriber, lab, layout, moments, soft_histogram
from lookalike.describers.dominant import dominant_colours
from lookalike.types import Image

RED = (0xB0, 0x30, 0x20)


def with_red(share: float) -> Image:
    """Return noisy greens and blues with a red band that covers the share of the picture."""
    rng = np.random.default_rng(7)
    image = rng.integers((0, 90, 60), (60, 200, 200), (100, 100, 3)).astype(np.uint8)
    image[: round(100 * share)] = RED
    return image


def test_known_colours_have_their_place_in_lab() -> None:
    colours = lab(np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0]]], np.uint8))[0]
    np.testing.assert_allclose(colours, [[0, 0, 0], [100, 0, 0], [53.24, 80.09, 67.2]], atol=0.1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 50), shape=st.sampled_from([FINE, COARSE]))
def test_the_mass_of_a_soft_histogram_is_one(seed: int, n: int, shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(seed)
    colours = (rng.random((n, 3)) * [100, 300, 300] - [0, 150, 150]).astype(np.float32)
    histogram = soft_histogram(colours, rng.random(n).astype(np.float32) + np.float32(0.01), shape)
    assert histogram.sum() == pytest.approx(1, abs=1e-5)
    assert histogram.min() >= 0


def test_a_soft_histogram_equals_the_naive_loop() -> None:
    rng = np.random.default_rng(7)
    colours = (rng.random((40, 3)) * [100, 120, 120] - [0, 60, 60]).astype(np.float32)
    weight = rng.random(40).astype(np.float32)
    cell = rng.integers(0, 2, 40)
    expected = np.zeros((2, *COARSE))
    for (l, a, b), share, at in zip(colours, weight, cell, strict=True):
        bends = [(np.arcsinh(value / 12) / np.arcsinh(100 / 12) + 1) / 2 for value in (a, b)]
        place = np.array([l / 100, *bends]) * (np.array(COARSE) - 1)
        for corner in np.ndindex(*COARSE):
            expected[(at, *corner)] += share * np.prod(np.maximum(0, 1 - np.abs(place - corner)))
    found = soft_histogram(colours, weight, COARSE, cell, 2).reshape(2, *COARSE)
    np.testing.assert_allclose(found, expected / weight.sum(), atol=1e-5)


def test_moments_of_two_colours() -> None:
    colours = np.array([[10, 0, 4], [30, 0, 4], [30, 0, 4], [30, 0, 4]], np.float32)
    found = moments(colours, np.ones(4, np.float32))
    skew = np.cbrt((-(15**3) + 3 * 5**3) / 4)
    np.testing.assert_allclose(found, [25, 0, 4, np.sqrt(75), 0, 0, skew, 0, 0], rtol=1e-4, atol=1e-4)


def test_the_layout_of_a_flat_picture_is_its_colour() -> None:
    expected = np.zeros((3, 8, 8))
    expected[:, 0, 0] = np.array([50, 20, -30]) * 8
    flat = np.tile(np.array([50, 20, -30], np.float32), (16, 24, 1))
    np.testing.assert_allclose(layout(flat), expected, atol=1e-3)


def test_a_colour_that_is_asked_for_ranks_pictures_by_their_share_of_it() -> None:
    describer = ColourDescriber()
    vectors = describer.describe([with_red(share) for share in (0, 0.05, 0.1, 0.2, 0.4, 0.7, 1)])
    query = describer.describe_colour(RED)
    assert query.shape == (describer.n_dims,)
    assert np.linalg.norm(query) == pytest.approx(1, abs=1e-5)
    assert (np.diff(vectors @ query) > 0.01).all()


def test_a_colour_that_is_slightly_off_still_finds_it() -> None:
    describer = ColourDescriber()
    vectors = describer.describe([with_red(0), with_red(0.3)])
    without, some = vectors @ describer.describe_colour((0xA8, 0x38, 0x2A))
    assert some > without + 0.1


def test_mirroring_leaves_the_histogram_alone() -> None:
    describer = ColourDescriber()
    image = np.concatenate([with_red(0.3), with_red(0)], axis=1)
    one, mirrored = describer.describe([image, np.ascontiguousarray(image[:, ::-1])])[:, : int(np.prod(FINE))]
    np.testing.assert_allclose(one, mirrored, atol=2e-3)


def test_dominant_colours_of_three_bands() -> None:
    image = np.zeros((40, 60, 3), np.uint8)
    image[:, :30], image[:, 30:50], image[:, 50:] = RED, (240, 240, 240), (20, 40, 160)
    colours, shares, centres = dominant_colours(image)
    np.testing.assert_allclose(colours.astype(int), [RED, (240, 240, 240), (20, 40, 160)], atol=4)
    np.testing.assert_allclose(shares, [1 / 2, 1 / 3, 1 / 6], atol=0.03)
    np.testing.assert_allclose(centres, [(1 / 4, 1 / 2), (2 / 3, 1 / 2), (11 / 12, 1 / 2)], atol=0.02)


def test_dominant_colours_keep_to_the_mask() -> None:
    image = np.zeros((60, 90, 3), np.uint8)
    image[:, 45:] = RED
    mask = np.zeros((60, 90), np.bool_)
    mask[10:20, 60:70] = True
    colours, shares, centres = dominant_colours(image, mask)
    np.testing.assert_allclose(colours.astype(int), [RED], atol=2)
    np.testing.assert_allclose(shares, [1])
    np.testing.assert_allclose(centres, [(65 / 90, 15 / 60)], atol=0.02)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), height=st.integers(1, 40), width=st.integers(1, 40))
def test_shares_of_dominant_colours_descend_and_sum_to_one(seed: int, height: int, width: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    colours, shares, centres = dominant_colours(image)
    assert 1 <= len(colours) == len(shares) == len(centres) <= 6
    assert shares.sum() == pytest.approx(1, abs=1e-5)
    assert (np.diff(shares) <= 0).all()
    assert (centres >= 0).all() and (centres <= 1).all()


def test_colour_is_about_colour_alone() -> None:
    """Pixels shuffled within small blocks lose their edges and texture, and keep their colours and rough places."""
    rng = np.random.default_rng(7)
    image = cv2.resize(rng.integers(0, 256, (6, 8, 3)).astype(np.uint8), (256, 192), interpolation=cv2.INTER_CUBIC)
    noise = rng.integers(-2, 3, (192, 256, 1))
    blocks = (image + noise).clip(0, 255).astype(np.uint8).reshape(24, 8, 32, 8, 3).swapaxes(1, 2).reshape(-1, 64, 3)
    shuffled = blocks[:, rng.permutation(64)].reshape(24, 32, 8, 8, 3).swapaxes(1, 2).reshape(192, 256, 3)
    one, other = ColourDescriber().describe([image, shuffled])
    assert one @ other > 0.9
