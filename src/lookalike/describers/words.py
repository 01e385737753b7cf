"""Shape words: small pieces of outlines, and how a picture's pieces differ from a codebook of typical ones."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

CELL, N_CELLS = 4, 4
"""Pixels of a cell, and cells along the side of a patch."""
FAINT = np.float32(10)
"""A patch whose orientations have a length well below this (grey levels) counts as flat."""


def patches(maps: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return overlapping patches of 16 x 16 pixels, one every four pixels.

    Parameters
    ----------
    maps : (8, H, W) float32
        Edges by orientation.

    Returns
    -------
    patches : (P, 128) float32
        Square roots of nearly L1-normalized orientations of 4 x 4 cells, which tames single strong edges.
    places : (P, 2) float32
        x and y of the patch, in [-0.5, 0.5].

    References
    ----------
    Lowe, "Distinctive Image Features from Scale-Invariant Keypoints", IJCV 2004.
    Arandjelović, Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012.

    Notes
    -----
    Differs from the papers: upright, on a dense grid, with the square root taken of L2-normalized cells.
    """
    height, width = (max(N_CELLS, side // CELL) for side in maps.shape[1:])
    grid = np.stack([cv2.resize(one, (width, height), interpolation=cv2.INTER_AREA) for one in maps], axis=-1)
    windows = np.lib.stride_tricks.sliding_window_view(grid, (N_CELLS, N_CELLS), (0, 1))
    rows, columns = windows.shape[:2]
    flat = windows.reshape(rows * columns, -1)
    lengths = np.sqrt((flat * flat).sum(1, keepdims=True))
    y, x = np.indices((rows, columns)).reshape(2, -1)
    places = np.column_stack([(x + 0.5) / columns, (y + 0.5) / rows]) - 0.5
    return np.sqrt(flat / (lengths + FAINT)), places.astype(np.float32)


@dataclass(frozen=True)
class Codebook:
    """K typical patches with their typical places.

    Attributes
    ----------
    mean : (128,) float32
    axes : (128, C) float32
        The principal axes of patches, whitened.
    centres : (K, C + 2) float32
        Reduced patches with x and y, in units of `reach`.
    sharpness : float
        How fast a patch's share in a centre falls with the squared distance.
    reach : float
        How much places count against looks.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    centres: NDArray[np.float32]
    sharpness: float
    reach: float

    def reduced(self, patches: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (P, C + 2) float32: patches (P, 128) along the axes, with their places (P, 2)."""
        return np.concatenate([(patches - self.mean) @ self.axes, places * np.float32(self.reach)], axis=1)

    def encode(
        self, patches: NDArray[np.float32], places: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return how the patches of a picture differ from the centres, and how many belong to each.

        Returns
        -------
        differences : (K, C + 2) float32
            Sums of differences from each centre, with the signed square root taken.
        shares : (K,) float32
            They sum to one.

        References
        ----------
        Jégou, Perronnin, Douze, Sánchez, Pérez, Schmid, "Aggregating local image descriptors into compact codes",
        IEEE PAMI 2012.
        Sánchez, Perronnin, de Campos, "Modeling the spatial layout of images beyond spatial pyramids", PRL 2012.

        Notes
        -----
        Differs from the papers: a patch is shared softly among the centres.
        """
        found = self.reduced(patches, places)
        distances = (self.centres**2).sum(1) - 2 * found @ self.centres.T
        belongs = np.exp(-np.float32(self.sharpness) * (distances - distances.min(1, keepdims=True)))
        belongs /= belongs.sum(1, keepdims=True)
        counts = belongs.sum(0)
        differences = (belongs.T @ found - counts[:, None] * self.centres) / len(found)
        return np.sign(differences) * np.sqrt(np.abs(differences)), counts / len(found)
