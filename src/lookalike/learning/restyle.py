"""The same thing in another style: as lines on white paper, cut out, or staged as a shop shows its goods."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lookalike.learning.recipe import Twins


def restyle(images: NDArray[np.uint8], sources: list[str], twins: Twins, rng: np.random.Generator) -> None:
    """Draw, cut out or stage pictures (N, H, W, 3) uint8, as often as their sources have it; in place."""
    for n, (source, chance) in enumerate(zip(sources, rng.random(len(images)), strict=True)):
        drawn = twins.drawn.get(source, 0.0)
        cut = drawn + twins.cut_out.get(source, 0.0)
        if chance < drawn:
            images[n] = line_drawing(images[n], rng)
        elif chance < cut:
            images[n] = cut_out(images[n], rng)
        elif chance < cut + twins.staged.get(source, 0.0):
            images[n] = staged(images[n], rng)


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
    radii = rng.uniform(0.28, 0.5, 2)
    centre = 0.5 + rng.uniform(-1, 1, 2) * (0.5 - radii)
    is_outside = ~_superellipse(image.shape[:2], radii, centre, rng.uniform(2, 8))
    plain = 255 if rng.random() < 0.75 else rng.integers(0, 256, 3)
    cut = image.copy()
    cut[is_outside] = plain
    return cut


def staged(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return what stands in the middle of a picture (H, W, 3) uint8, or a part of it, as a shop would show it.

    It is cut out along its edges where these are found, otherwise as a superellipse; then lit, turned a little, and
    enlarged before a plain background, mostly white, now and then two or three times.
    """
    height, width = image.shape[:2]
    is_thing = _in_the_middle(image, rng) if rng.random() < 0.6 else None
    if is_thing is None:
        radii = rng.uniform(0.12, 0.5) * rng.uniform(0.7, 1, 2)
        centre = 0.5 + rng.uniform(-0.5, 0.5, 2) * (0.5 - radii)
        is_thing = _superellipse((height, width), radii, centre, rng.uniform(2, 8))
    left, top, wide, high = cv2.boundingRect(is_thing.astype(np.uint8))
    middle = np.array([left + wide / 2, top + high / 2])
    lit = np.minimum(image * np.float32(rng.uniform(0.9, 1.6)), 255)
    shown = np.full(image.shape, 255, np.float32)
    if rng.random() < 0.25:
        shown[:] = rng.integers(0, 256, 3)
    n_times = rng.choice([1, 2, 3], p=[0.66, 0.17, 0.17])
    for _ in range(n_times):
        extent = rng.uniform(0.6, 0.98) * (1 if n_times == 1 else 0.6)
        place = np.array([width, height]) * (0.5 + rng.uniform(-0.5, 0.5, 2) * (1 - extent))
        larger = extent * min(height / high, width / wide)
        turn = cv2.getRotationMatrix2D(middle.tolist(), rng.uniform(-25, 25), larger)
        turn[:, 2] += place - middle
        is_there = cv2.warpAffine(is_thing.astype(np.float32), turn, (width, height))[..., None]
        shown += is_there * (cv2.warpAffine(lit, turn, (width, height), borderMode=cv2.BORDER_REPLICATE) - shown)
    return (shown + 0.5).astype(np.uint8)


def _superellipse(
    shape: tuple[int, int], radii: NDArray[np.float64], centre: NDArray[np.float64], power: float
) -> NDArray[np.bool_]:
    """Return where a superellipse is; radii and centre (y, x) as shares of the sides."""
    y, x = (np.abs((np.arange(n) + 0.5) / n - at) / radius for n, at, radius in zip(shape, centre, radii, strict=True))
    return y[:, None] ** power + x**power <= 1


def _in_the_middle(image: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.bool_] | None:
    """Return where the thing in the middle of a picture (H, W, 3) uint8 is, or None where no outline is found.

    References
    ----------
    Rother, Kolmogorov, Blake, "GrabCut: Interactive Foreground Extraction using Iterated Graph Cuts", SIGGRAPH 2004.
    """
    y, x = (np.abs((np.arange(n) + 0.5) / n - 0.5) for n in image.shape[:2])
    y = y[:, None]
    far = np.hypot(y, x)
    mask = np.where(far < rng.uniform(0.12, 0.36), cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    mask[far < 0.08] = cv2.GC_FGD
    mask[np.maximum(y, x) > 0.47] = cv2.GC_BGD
    cv2.setRNGSeed(int(rng.integers(1 << 31)))  # OpenCV draws, too
    cv2.grabCut(image, mask, (0, 0, 0, 0), np.zeros((1, 65)), np.zeros((1, 65)), 2, cv2.GC_INIT_WITH_MASK)
    _, parts = cv2.connectedComponents(mask & 1)
    is_thing = parts == parts[parts.shape[0] // 2, parts.shape[1] // 2]
    return is_thing if 0.05 < is_thing.mean() < 0.6 else None
