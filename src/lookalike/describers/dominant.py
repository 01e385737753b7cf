"""The few colours that a person would name in a picture, how much of it they cover, and where they are."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lookalike.describers.colour import lab
from lookalike.describers.regions import reduced
from lookalike.types import Image, Mask

WORKING_SIDE = 64
N_COLOURS = 6
APART = 20
"""Least distance in CIELAB at which two colours are two."""
LEAST_SHARE = 0.02


def dominant_colours(
    image: Image, mask: Mask | None = None
) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """Return up to six colours that cover most of a picture, or of its masked region.

    Parameters
    ----------
    image : (H, W, 3) uint8
        RGB.
    mask : (H, W) bool or None

    Returns
    -------
    colours : (M, 3) uint8
        RGB, at least one, most frequent first.
    shares : (M,) float32
        Of the pixels, descending; they sum to one.
    centres : (M, 2) float32
        Mean x and y of their pixels, as fractions of the picture's width and height.

    References
    ----------
    Deng, Manjunath, Kenney, Moore, Shin, "An Efficient Color Representation for Image Retrieval", IEEE TIP 2001.

    Notes
    -----
    Differs from the paper: seeds are the fullest cells of a coarse Lab grid, which needs no random start.
    """
    small = reduced(image, WORKING_SIDE)
    weight = np.ones(small.shape[:2], np.float32)
    if mask is not None and mask.any():
        weight = reduced(mask.astype(np.float32), WORKING_SIDE)
    rows, columns = np.nonzero(weight > 0)
    weight = weight[rows, columns]
    colours = lab(small)[rows, columns]
    centres = _seeds(colours, weight)
    for _ in range(3):
        nearest = ((colours[:, None] - centres) ** 2).sum(2).argmin(1)
        kept = np.unique(nearest)
        centres = np.stack([np.average(colours[nearest == k], axis=0, weights=weight[nearest == k]) for k in kept])
    nearest = np.searchsorted(kept, nearest)
    masses = np.bincount(nearest, weight)
    x, y = (columns + 0.5) / small.shape[1], (rows + 0.5) / small.shape[0]
    middles = np.column_stack([np.bincount(nearest, weight * place) / masses for place in (x, y)])
    shares = masses / masses.sum()
    order = np.argsort(-shares, kind="stable")
    rgb = cv2.cvtColor(centres[None].astype(np.float32), cv2.COLOR_LAB2RGB)[0]
    as_bytes = np.rint(rgb * 255).clip(0, 255).astype(np.uint8)
    return as_bytes[order], shares[order].astype(np.float32), middles[order].astype(np.float32)


def _seeds(colours: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (M, 3) Lab colours: the mean of the fullest cell, then of the fullest far from it, and so on."""
    grid = np.floor(colours / 10).astype(np.int64) + 20
    cell = (grid @ [1600, 40, 1]).astype(np.int64)
    left, least = weight.copy(), LEAST_SHARE * weight.sum()
    seeds: list[NDArray[np.float32]] = []
    while len(seeds) < N_COLOURS and (not seeds or left.sum() >= least):
        inside = cell == np.bincount(cell, left).argmax()
        seeds.append(np.average(colours[inside], axis=0, weights=left[inside]))
        left = np.where(((colours - seeds[-1]) ** 2).sum(1) < APART**2, 0, left)
    return np.stack(seeds)
