"""The same thing in another style: as lines on white paper, or cut out before a plain background."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lookalike.learning.recipe import Twins


def restyle(images: NDArray[np.uint8], sources: list[str], twins: Twins, rng: np.random.Generator) -> None:
    """Draw or cut out pictures (N, H, W, 3) uint8, as often as their sources have it; in place."""
    for n, (source, chance) in enumerate(zip(sources, rng.random(len(images)), strict=True)):
        drawn = twins.drawn.get(source, 0.0)
        if chance < drawn:
            images[n] = line_drawing(images[n], rng)
        elif chance < drawn + twins.cut_out.get(source, 0.0):
            images[n] = cut_out(images[n], rng)


def line_drawing(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a picture (H, W, 3) uint8 as dark lines on white: the dark sides of its edges.

    References
    ----------
    Winnemöller, Kyprianidis, Olsen, "XDoG: An eXtended Difference-of-Gaussians Compendium including Advanced Image
    Stylization", Computers & Graphics 36, 2012.

    Notes
    -----
    Differs from the paper: areas stay white however dark they are, as when a hand draws, and the threshold follows the
    picture's own contrast.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    finest = rng.uniform(0.5, 1.1)
    fine, coarse = (cv2.GaussianBlur(grey, (0, 0), sigma) for sigma in (finest, 1.6 * finest))
    darker = (coarse - fine) / (np.std(coarse - fine) + 1.0)
    lines = np.clip(rng.uniform(1.0, 2.5) * (darker - rng.uniform(0.5, 1.2)), 0, 1)
    return np.repeat((255.5 - rng.uniform(180, 255) * lines).astype(np.uint8)[..., None], 3, axis=2)


def cut_out(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a picture (H, W, 3) uint8 outside of a superellipse within it made plain, mostly white."""
    height, width = image.shape[:2]
    ry, rx = rng.uniform(0.28, 0.5, 2)
    cy, cx = 0.5 + rng.uniform(-1, 1, 2) * (0.5 - np.array([ry, rx]))
    y = np.abs((np.arange(height) + 0.5) / height - cy)[:, None] / ry
    x = np.abs((np.arange(width) + 0.5) / width - cx)[None] / rx
    is_outside = y ** (power := rng.uniform(2, 8)) + x**power > 1
    plain = 255 if rng.random() < 0.75 else rng.integers(0, 256, 3)
    cut = image.copy()
    cut[is_outside] = plain
    return cut
