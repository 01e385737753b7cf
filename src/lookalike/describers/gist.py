"""GIST: which orientations and scales a scene has, roughly where."""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE, PADDING = 64, 8
"""Pixels of the square that the picture is made to, and of its mirrored border."""
N_SCALES, N_ORIENTATIONS, N_CELLS = 4, 8, 4


def gist(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean response of 32 oriented filters in each cell of a 4 x 4 grid.

    Parameters
    ----------
    grey : (H, W) float32
        In [0, 255].

    Returns
    -------
    responses : (4, 8, 4, 4) float32
        Scale (finest first), orientation, row, column.

    References
    ----------
    Oliva, Torralba, "Modeling the Shape of the Scene: A Holistic Representation of the Spatial Envelope", IJCV 2001.

    Notes
    -----
    Differs from the paper: the square has 64 pixels, and contrast is evened out by Gaussians in space.
    """
    interpolation = cv2.INTER_AREA if min(grey.shape) >= SIDE else cv2.INTER_LINEAR
    square = _even(cv2.resize(grey, (SIDE, SIDE), interpolation=interpolation))
    spectrum = cv2.dft(square, flags=cv2.DFT_COMPLEX_OUTPUT)
    cells = [_cells(cv2.idft(spectrum * passing, flags=cv2.DFT_SCALE)) for passing in _filters()]
    return np.stack(cells).reshape(N_SCALES, N_ORIENTATIONS, N_CELLS, N_CELLS)


def _even(square: NDArray[Any]) -> NDArray[np.float32]:
    """Return the padded logarithm of the picture, less its surroundings' mean and over their contrast."""
    padded = cv2.copyMakeBorder(np.log1p(square), PADDING, PADDING, PADDING, PADDING, cv2.BORDER_REFLECT)
    detail = padded - cv2.GaussianBlur(padded, (0, 0), 6.4)
    contrast = np.sqrt(np.maximum(cv2.GaussianBlur(detail * detail, (0, 0), 6.4), 0))
    return detail / (np.float32(0.2) + contrast)


def _cells(response: NDArray[Any]) -> NDArray[np.float32]:
    strength = cv2.magnitude(response[..., 0], response[..., 1])[PADDING:-PADDING, PADDING:-PADDING]
    return np.asarray(cv2.resize(strength, (N_CELLS, N_CELLS), interpolation=cv2.INTER_AREA), np.float32)


@functools.cache
def _filters() -> tuple[NDArray[np.float32], ...]:
    """Return 32 Gabor filters in the frequency domain, each (S, S, 2) with its values twice, for two real planes."""
    frequency = np.fft.fftfreq(SIDE + 2 * PADDING)
    fy, fx = np.meshgrid(frequency, frequency, indexing="ij")
    radius, angle = np.hypot(fx, fy), np.arctan2(fy, fx)
    filters = []
    for scale, orientation in np.ndindex(N_SCALES, N_ORIENTATIONS):
        octave = radius / (0.3 / 1.85**scale) - 1
        turn = np.abs((angle - np.pi * orientation / N_ORIENTATIONS + np.pi) % (2 * np.pi) - np.pi)
        gain = np.exp(-3.5 * octave**2 - 2 * np.pi * (N_ORIENTATIONS / 8) ** 2 * turn**2)
        filters.append(np.dstack([gain, gain]).astype(np.float32))
    return tuple(filters)
