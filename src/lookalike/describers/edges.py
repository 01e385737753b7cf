"""Edges of a picture: how strong they are, how they run, where they lie, and which meet."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

N_ORIENTATIONS = 8
DISTANCES = (3, 8, 16)
"""Pixels between the two points of `pairs`."""


def orientation_maps(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return eight maps (8, H, W) of edge strength by orientation, each edge shared between the two nearest.

    Dark on bright and bright on dark count as one orientation; the first map has gradients along x. The sum over the
    maps is the length of the gradient by central differences.
    """
    gx = cv2.Sobel(grey, cv2.CV_32F, 1, 0, ksize=1, borderType=cv2.BORDER_REPLICATE)
    gy = cv2.Sobel(grey, cv2.CV_32F, 0, 1, ksize=1, borderType=cv2.BORDER_REPLICATE)
    strength, angle = cv2.cartToPolar(gx, gy)
    place = angle.ravel() * np.float32(N_ORIENTATIONS / np.pi)
    low = place.astype(np.int64)
    share = place - low
    maps = np.zeros((N_ORIENTATIONS, strength.size), np.float32)
    pixel = np.arange(strength.size)
    maps[low % N_ORIENTATIONS, pixel] = (1 - share) * strength.ravel()
    maps[(low + 1) % N_ORIENTATIONS, pixel] += share * strength.ravel()
    return maps.reshape(N_ORIENTATIONS, *strength.shape)


def evened(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the maps (8, H, W) relative to the strength around, so that faint edges in faint places count too."""
    strength = maps.sum(0)
    surroundings = cv2.GaussianBlur(strength * strength, (0, 0), max(strength.shape) / 16)
    return maps / np.sqrt(surroundings + np.float32(20))


def layout(maps: NDArray[np.float32], n_cells: int) -> NDArray[np.float32]:
    """Return the means of the maps (8, H, W) in the cells of a grid: (8, n_cells, n_cells).

    References
    ----------
    Dalal, Triggs, "Histograms of Oriented Gradients for Human Detection", CVPR 2005.
    Bosch, Zisserman, Munoz, "Representing shape with a spatial pyramid kernel", CIVR 2007.
    """
    return np.stack([cv2.resize(one, (n_cells, n_cells), interpolation=cv2.INTER_AREA) for one in maps])


def displacements() -> list[tuple[int, int]]:
    """Return the twelve (rows, columns) between the two points of a pair: three distances in four directions."""
    angles = np.arange(4) * np.pi / 4
    return [(round(d * float(np.sin(a))), round(d * float(np.cos(a)))) for d in DISTANCES for a in angles]


def pairs(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how often two orientations meet at each displacement: straight, bent, parallel and cornered boundaries.

    Parameters
    ----------
    maps : (8, H, W) float32

    Returns
    -------
    meetings : (12, 8, 8) float32
        Displacement, orientation of the first point, of the second; zero where the picture is too small.

    References
    ----------
    Mahmoudi, Shanbehzadeh, Eftekhari-Moghadam, "Image retrieval based on shape similarity by edge orientation
    autocorrelogram", Pattern Recognition 2003.
    Watanabe, Ito, Yokoi, "Co-occurrence Histograms of Oriented Gradients for Pedestrian Detection", PSIVT 2009.

    Notes
    -----
    Differs from the papers: strengths are shared among orientations instead of counted, over the whole picture.
    """
    n, height, width = maps.shape
    meetings = np.zeros((len(displacements()), n, n), np.float32)
    for k, (down, across) in enumerate(displacements()):
        if down < height and abs(across) < width:
            left, right = max(0, -across), width - max(0, across)
            first = maps[:, : height - down, left:right].reshape(n, -1)
            second = maps[:, down:, left + across : right + across].reshape(n, -1)
            meetings[k] = first @ second.T / (height * width)
    return meetings


def projections(strength: NDArray[np.float32], n_steps: int = 32) -> NDArray[np.float32]:
    """Return the mean strength along each column, then along each row, in steps of equal width: (2 n_steps,)."""
    columns = cv2.resize(strength.mean(0)[None], (n_steps, 1), interpolation=cv2.INTER_AREA)
    rows = cv2.resize(strength.mean(1)[None], (n_steps, 1), interpolation=cv2.INTER_AREA)
    return np.concatenate([columns.ravel(), rows.ravel()])


def hu_moments(strength: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return Hu's seven moments of the strengths as a mass, on a signed logarithmic scale within about [-1, 1].

    They stay when the picture is moved, scaled or turned; the seventh changes its sign when it is mirrored.

    References
    ----------
    Hu, "Visual Pattern Recognition by Moment Invariants", IRE Information Theory 1962.
    """
    raw = cv2.HuMoments(cv2.moments(strength)).ravel()
    return (np.sign(raw) * np.log1p(np.abs(raw) * 1e9) / 20).astype(np.float32)
