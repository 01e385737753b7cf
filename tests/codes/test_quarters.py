"""The colours of a picture's quarters."""

import numpy as np

from lookalike.codes.quarters import quarter_colours


def test_each_quarter_has_its_mean_colour() -> None:
    image = np.zeros((40, 60, 3), dtype=np.uint8)
    image[:20, :30] = 255
    image[:20, 30:] = (255, 0, 0)
    image[20:, :30] = (0, 136, 0)
    image[20:, 30::2] = (0, 0, 255)
    assert quarter_colours([image]) == ["ffff00080008"]


def test_a_single_pixel_has_four_quarters_too() -> None:
    assert quarter_colours([np.full((1, 1, 3), 17, dtype=np.uint8)]) == ["111111111111"]


def test_no_picture_has_no_colours() -> None:
    assert quarter_colours([]) == []
