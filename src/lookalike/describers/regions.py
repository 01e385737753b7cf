"""What a describer looks at: the part of a picture that a mask selects, reduced to the working size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lookalike.types import Image, Mask


@dataclass(frozen=True)
class Region:
    """A picture cut to the tight box of its mask.

    Attributes
    ----------
    image : (H, W, 3) uint8
        RGB. Pixels outside the mask show the mean colour of those inside, so that they add neither edges nor texture
        of the background to features that need a rectangle.
    weight : (H, W) float32
        How much of each pixel lies inside the mask, in [0, 1]; never all zero.
    """

    image: Image
    weight: NDArray[np.float32]


def regions(images: Sequence[Image], masks: Sequence[Mask | None] | None, size: int | None) -> Iterator[Region]:
    """Yield the region of each image, its longer side at most `size` pixels.

    Parameters
    ----------
    images : N of (H, W, 3) uint8
    masks : N of (H, W) bool or None, or None
        None, and a mask without a pixel, mean the whole picture.
    size : int or None
        In pixels. Smaller pictures stay as they are; None leaves all as they are.

    Raises
    ------
    ValueError
        If the numbers of images and masks, or a mask's size, do not fit, or an image is not (H, W, 3) uint8.
    """
    if masks is None:
        masks = [None] * len(images)
    if len(images) != len(masks):
        raise ValueError(f"{len(images)} images need as many masks, got {len(masks)}")
    for image, mask in zip(images, masks, strict=True):
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
            raise ValueError(f"an image is (H, W, 3) uint8 with at least one pixel, got {image.shape} {image.dtype}")
        if mask is not None and mask.shape != image.shape[:2]:
            raise ValueError(f"the mask of a {image.shape[:2]} picture has its size, got {mask.shape}")
        yield _region(image, mask, size)


def reduced(array: NDArray[Any], size: int | None) -> NDArray[Any]:
    """Return the picture or map with its longer side at most `size` pixels, by averaging areas."""
    return array if size is None or max(array.shape[:2]) <= size else scaled(array, size)


def scaled(array: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the picture or map with its longer side at exactly `size` pixels.

    Features that look at neighbourhoods of pixels use it, so that a thumbnail and its original are described alike.
    """
    height, width = array.shape[:2]
    scale = size / max(height, width)
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(array, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)


def cells(height: int, width: int, n: int) -> NDArray[np.int64]:
    """Return for each pixel (H, W) the number of its cell in a grid of n x n, row by row."""
    rows, columns = np.arange(height) * n // height, np.arange(width) * n // width
    return rows[:, None] * n + columns


def _region(image: Image, mask: Mask | None, size: int | None) -> Region:
    if mask is not None and mask.any():
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        image, mask = image[box], mask[box]
        if not mask.all():
            return _masked(image, mask, size)
    image = reduced(np.ascontiguousarray(image), size)
    return Region(image, np.ones(image.shape[:2], np.float32))


def _masked(image: Image, mask: Mask, size: int | None) -> Region:
    image = image.copy()
    image[~mask] = np.rint(image[mask].mean(0))
    return Region(reduced(image, size), reduced(mask.astype(np.float32), size))
