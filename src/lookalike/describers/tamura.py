"""Tamura's coarseness, contrast and directionality, per pixel and for the whole picture."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

N_SCALES = 5
CONTRAST_EDGES = np.array([1, 2, 4, 8, 16], np.float32)
"""Grey levels (of 255) between the bins of local contrast: doubling, as the eye compares."""
N_DIRECTIONS = 8
EDGE_STRENGTH = 12
"""Prewitt gradients weaker than this (of 255) have no direction; the value of the paper."""


def coarseness_scales(grey: NDArray[np.float32], n_scales: int = N_SCALES) -> NDArray[np.intp]:
    """Return for each pixel the scale k in 1 ... n_scales at which neighbouring windows of 2^k pixels differ most.

    Parameters
    ----------
    grey : (H, W) float32

    Returns
    -------
    scales : (H, W) intp
        The smallest k of equals.

    References
    ----------
    Tamura, Mori, Yamawaki, "Textural Features Corresponding to Visual Perception", IEEE SMC 1978.

    Notes
    -----
    Differs from the paper: the picture is continued by its border pixels, so that each pixel has all windows.
    """
    contrasts = np.empty((n_scales, *grey.shape), np.float32)
    for k in range(1, n_scales + 1):
        window, half = 2**k, 2 ** (k - 1)
        border = cv2.copyMakeBorder(grey, window, window, window, window, cv2.BORDER_REPLICATE)
        means = cv2.blur(border, (window, window))
        across, down = means[window:-window, half:-half], means[half:-half, window:-window]
        across, down = np.abs(across[:, window:] - across[:, :-window]), np.abs(down[window:] - down[:-window])
        np.maximum(across, down, out=contrasts[k - 1])
    return contrasts.argmax(0) + 1


def local_contrast(grey: NDArray[np.float32], window: int = 13) -> NDArray[np.float32]:
    """Return for each pixel the contrast sigma / kurtosis^(1/4) of the window around it, in grey levels.

    References
    ----------
    Deselaers, Keysers, Ney, "Features for Image Retrieval: An Experimental Comparison", Information Retrieval 2008.
    """
    deviation = grey - cv2.blur(grey, (window, window))
    squared = deviation * deviation
    variance = cv2.blur(squared, (window, window))
    fourth = np.maximum(cv2.blur(squared * squared, (window, window)), 0)
    return np.asarray(variance / np.maximum(np.sqrt(np.sqrt(fourth)), np.float32(1e-3)), np.float32)


def directions(grey: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return for each pixel the bin 1 ... 8 of its edge's direction, or 0 where there is no edge.

    Bin 1 is centred on gradients along x, the bins go on in steps of 22.5 degrees; opposite gradients share one.
    """
    strength, angle = _edges(grey)
    bins = np.rint(angle * np.float32(N_DIRECTIONS / np.pi)).astype(np.intp) % N_DIRECTIONS
    return np.where(strength >= EDGE_STRENGTH, bins + 1, 0)


def numbers(grey: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the three numbers of a texture, each about 0 to 1.

    Returns
    -------
    numbers : (3,) float32
        Coarseness: mean of 2^k over the largest 2^k. Contrast: sigma / kurtosis^(1/4) in halves of 255.
        Directionality: 0 if edges run everywhere alike, 1 if all are parallel.

    References
    ----------
    Tamura, Mori, Yamawaki, "Textural Features Corresponding to Visual Perception", IEEE SMC 1978.

    Notes
    -----
    Differs from the paper: directionality is the length of the mean of doubled directions instead of the narrowness
    of the peaks of a histogram, which needs a search for peaks.
    """
    weight = weight / weight.sum()
    coarseness = (2.0 ** coarseness_scales(grey) * weight).sum() / 2**N_SCALES
    deviation = grey - (grey * weight).sum()
    variance, fourth = (deviation**2 * weight).sum(), (deviation**4 * weight).sum()
    contrast = variance / max(fourth, 1e-6) ** 0.25 / 127.5
    strength, angle = _edges(grey)
    strength = strength * weight
    length = abs((strength * np.exp(2j * angle)).sum()) / max(strength.sum(), 1e-6)
    return np.array([coarseness, contrast, length], np.float32)


def joint_histogram(grey: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the joint histogram of scale, local contrast and direction.

    Parameters
    ----------
    grey : (H, W) float32
        In [0, 255].
    weight : (H, W) float32
        Of each pixel; the histogram sums to one.

    Returns
    -------
    histogram : (5, 6, 9) float32
        Scale, contrast, direction (first: none).

    References
    ----------
    Deselaers, Keysers, Ney, "Features for Image Retrieval: An Experimental Comparison", Information Retrieval 2008.

    Notes
    -----
    Differs from the paper: contrast in doubling bins, and pixels without an edge have a direction bin of their own.
    """
    shape = (N_SCALES, len(CONTRAST_EDGES) + 1, N_DIRECTIONS + 1)
    contrast = np.searchsorted(CONTRAST_EDGES, local_contrast(grey))
    bins = ((coarseness_scales(grey) - 1) * shape[1] + contrast) * shape[2] + directions(grey)
    counts = np.bincount(bins.ravel(), weight.ravel(), int(np.prod(shape)))
    return (counts / counts.sum()).astype(np.float32).reshape(shape)


def _edges(grey: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return strength and angle (H, W) of Prewitt's gradients as the paper takes them."""
    across = np.repeat(np.array([[-1, 0, 1]], np.float32), 3, axis=0)
    gx = cv2.filter2D(grey, cv2.CV_32F, across, borderType=cv2.BORDER_REPLICATE)
    gy = cv2.filter2D(grey, cv2.CV_32F, np.ascontiguousarray(across.T), borderType=cv2.BORDER_REPLICATE)
    return np.asarray((np.abs(gx) + np.abs(gy)) / 2, np.float32), np.asarray(cv2.phase(gx, gy), np.float32)
