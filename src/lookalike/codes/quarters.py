"""The colours of a picture's quarters: what a page shows in its place until it is there."""

from collections.abc import Sequence

import cv2

from lookalike.types import Image

UNKNOWN = "000000000000"


def quarter_colours(images: Sequence[Image]) -> list[str]:
    """Return for each picture the mean colours of its quarters, top left, top right, bottom left, bottom right.

    Parameters
    ----------
    images : N of (H, W, 3) uint8

    Returns
    -------
    colours : N of str
        12 hexadecimal digits: four colours of three digits, as CSS writes them after a #.

    Examples
    --------
    >>> import numpy as np
    >>> quarter_colours([np.array([[[255, 0, 0], [0, 0, 255]]], dtype=np.uint8)])
    ['f0000ff0000f']
    """
    quarters = [cv2.resize(image, (2, 2), interpolation=cv2.INTER_AREA) for image in images]
    return ["".join(f"{round(value / 17):x}" for value in quarter.ravel().tolist()) for quarter in quarters]
