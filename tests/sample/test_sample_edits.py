import numpy as np
import pytest

from lookalike.sample import EDITS, draw_picture
from lookalike.sample.edits import border, brighten, crop, greyscale, mirror, rotate_quarter, scale
from lookalike.types import Image


@pytest.fixture(scope="module")
def image() -> Image:
    return draw_picture("house", np.random.default_rng(7), (120, 160)).image


@pytest.mark.parametrize("name", sorted(EDITS))
def test_every_edit_changes_the_picture_repeatably_and_leaves_its_argument_alone(name: str, image: Image) -> None:
    before = image.copy()
    first, again = (EDITS[name](image, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(image, before)
    np.testing.assert_array_equal(first, again)
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert first.flags.c_contiguous
    assert first.shape != image.shape or (first != image).any()


@pytest.mark.parametrize("name", sorted(EDITS))
def test_every_edit_survives_a_picture_of_one_pixel(name: str) -> None:
    edited = EDITS[name](np.full((1, 1, 3), 90, np.uint8), np.random.default_rng(3))
    assert min(edited.shape) > 0


def test_the_geometry_of_edits(image: Image) -> None:
    rng = np.random.default_rng(7)
    h, w = image.shape[:2]
    assert rotate_quarter(image, rng).shape == (w, h, 3)
    np.testing.assert_array_equal(mirror(mirror(image, rng), rng), image)
    assert all(0.78 * full < cut < full for full, cut in zip((h, w), crop(image, rng).shape[:2], strict=True))
    assert scale(image, rng).shape[0] < 0.72 * h
    framed = border(image, rng)
    side = (framed.shape[1] - w) // 2
    np.testing.assert_array_equal(framed[side : side + h, side : side + w], image)


def test_the_colours_of_edits(image: Image) -> None:
    rng = np.random.default_rng(7)
    grey = greyscale(image, rng)
    np.testing.assert_array_equal(grey[..., 0], grey[..., 2])
    assert abs(brighten(image, rng).mean() / image.mean() - 1) > 0.1
