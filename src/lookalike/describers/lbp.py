"""Local binary patterns: what the eight neighbours of a pixel have in common with it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

N_POINTS = 8
N_UNIFORM = 59
NOISE = np.float32(0.5)
"""Grey levels by which a neighbour must exceed the centre, so that flat areas have one pattern whatever the noise."""
NEIGHBOURS = [(0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1), (1, 0), (1, 1)]
"""Rows and columns from the centre, anticlockwise; bit k of a pattern is neighbour k."""


def uniform_bins() -> NDArray[np.uint8]:
    """Return for each of the 256 patterns its bin: 0 to 57 for those with at most two changes around, else 58.

    Turning the picture by 45 degrees permutes the bins of patterns with equally many ones.
    """
    bits = (np.arange(256)[:, None] >> np.arange(N_POINTS)) & 1
    n_changes = (bits != np.roll(bits, 1, axis=1)).sum(1)
    bins = np.full(256, N_UNIFORM - 1, np.uint8)
    bins[n_changes <= 2] = np.arange(N_UNIFORM - 1)
    return bins


def invariant_bins() -> NDArray[np.uint8]:
    """Return for each of the 256 patterns its bin that turning does not change: the number of ones, or 9."""
    bits = (np.arange(256)[:, None] >> np.arange(N_POINTS)) & 1
    return np.where(uniform_bins() < N_UNIFORM - 1, bits.sum(1), N_POINTS + 1).astype(np.uint8)


def patterns(grey: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return the pattern of each pixel: bit k says that neighbour k on the circle of radius 1 is brighter.

    Parameters
    ----------
    grey : (H, W) float32
        In [0, 255].

    Returns
    -------
    patterns : (H, W) uint8

    References
    ----------
    Ojala, Pietikäinen, Mäenpää, "Multiresolution Gray-Scale and Rotation Invariant Texture Classification with Local
    Binary Patterns", IEEE PAMI 2002.

    Notes
    -----
    Differs from the paper: brighter means by more than half a grey level, the picture is continued by its border
    pixels, and larger scales come from reduced pictures instead of larger circles.
    """
    near = np.float32(np.sqrt(0.5))
    far = 1 - near
    padded = cv2.copyMakeBorder(grey, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    height, width = grey.shape
    shifted = {(y, x): padded[1 + y :, 1 + x :][:height, :width] for y in (-1, 0, 1) for x in (-1, 0, 1)}
    found = np.zeros(grey.shape, np.uint8)
    for k, (y, x) in enumerate(NEIGHBOURS):
        value = shifted[y, x]
        if y and x:
            sides = shifted[y, 0] + shifted[0, x]
            value = near * near * value + near * far * sides + far * far * grey
        found |= (value > grey + NOISE).astype(np.uint8) << np.uint8(k)
    return found
