"""The space `colour`: how much of which colour a picture has, and where."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lookalike.describers.fitted import Projection, load_calibration, load_fitted, normalized, root
from lookalike.describers.regions import Region, cells, reduced, regions
from lookalike.types import Calibration, Image, Mask, Vectors

WORKING_SIDE = 64
"""Pixels: colours and their places need no more, and a few thousand pixels are described in a millisecond."""
FINE = (6, 9, 9)
COARSE = (4, 5, 5)
"""Bins of L, a and b."""
N_HISTOGRAM = FINE[0] * FINE[1] * FINE[2]
"""Numbers of a vector that are the histogram; they come first."""
KNEE = np.float32(12)
"""Chroma (of 100) up to which bins are even; beyond, they widen: most pictures are nearly grey."""
N_CELLS = 4
TOLERANCE = np.array([8, 8, 8], np.float32)
"""How far, in L, a and b, a colour that was asked for may be off."""


def lab(image: Image) -> NDArray[np.float32]:
    """Return CIELAB (H, W, 3) of an sRGB picture, D65; L in [0, 100]."""
    return np.asarray(cv2.cvtColor(image.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2LAB), np.float32)


def soft_histogram(
    colours: NDArray[np.float32],
    weight: NDArray[np.float32],
    shape: tuple[int, int, int],
    cell: NDArray[np.int64] | None = None,
    n_cells: int = 1,
) -> NDArray[np.float32]:
    """Return histograms of Lab colours, each shared among the eight bins around it.

    Parameters
    ----------
    colours : (P, 3) float32
        CIELAB.
    weight : (P,) float32
        Not all zero.
    shape : (3,) int
        Bins of L, a, b, each at least 2; bin centres lie at L = 0 and 100, and at a, b = -100 and 100.
    cell : (P,) int64 or None
        Which of the histograms each colour goes to.

    Returns
    -------
    histograms : (n_cells, bins) float32
        The sum over all cells and bins is one.
    """
    bends = np.arcsinh(colours[:, 1:] / KNEE) / np.arcsinh(100 / KNEE)
    places = np.column_stack([colours[:, :1] / 100, (bends + 1) / 2]).clip(0, 1) * (np.array(shape, np.float32) - 1)
    low = np.minimum(places.astype(np.int64), np.array(shape) - 2)
    share = (places - low).astype(np.float32)
    strides = np.array([shape[1] * shape[2], shape[2], 1])
    n_bins = int(np.prod(shape))
    base = low @ strides + (0 if cell is None else cell * n_bins)
    counts = np.zeros(n_cells * n_bins)
    for corner in np.ndindex(2, 2, 2):
        part = np.where(corner, share, 1 - share).prod(1) * weight
        counts += np.bincount(base + strides @ corner, part, len(counts))
    return (counts / weight.sum()).astype(np.float32).reshape(n_cells, n_bins)


def moments(colours: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return mean, standard deviation and cube root of the third moment of L, a, b: (9,) float32.

    References
    ----------
    Stricker, Orengo, "Similarity of Color Images", SPIE Storage and Retrieval for Image and Video Databases 1995.
    """
    weight = weight[:, None] / weight.sum()
    mean = (colours * weight).sum(0)
    deviation = colours - mean
    spread = np.sqrt((deviation**2 * weight).sum(0))
    skew = np.cbrt((deviation**3 * weight).sum(0))
    return np.concatenate([mean, spread, skew]).astype(np.float32)


def layout(image_lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosine transforms (3, 8, 8) of L, a, b averaged on an 8 x 8 grid.

    References
    ----------
    Kasutani, Yamada, "The MPEG-7 Color Layout Descriptor", ICIP 2001.

    Notes
    -----
    Differs from the paper: CIELAB instead of YCbCr, and neither quantized nor cut to the lowest frequencies, which
    the projection decides.
    """
    small = cv2.resize(image_lab, (8, 8), interpolation=cv2.INTER_AREA)
    return np.stack([cv2.dct(np.ascontiguousarray(small[..., channel])) for channel in range(3)])


def features(region: Region) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the fine histogram's roots (486,), and with colours in their places (2 487,), before projection."""
    image_lab = lab(reduced(region.image, WORKING_SIDE))
    weight = reduced(region.weight, WORKING_SIDE).ravel()
    colours = image_lab.reshape(-1, 3)
    fine = root(soft_histogram(colours, weight, FINE))
    cell = cells(image_lab.shape[0], image_lab.shape[1], N_CELLS).ravel()
    places = soft_histogram(colours, weight, COARSE, cell, N_CELLS**2).reshape(N_CELLS, N_CELLS, -1)
    centre = places[1:-1, 1:-1].sum((0, 1))
    rings = root(np.stack([centre, places.sum((0, 1)) - centre]).clip(0))
    half = np.float32(0.5)
    blocks = fine, rings, root(places), half * normalized(layout(image_lab).ravel()), moments(colours, weight) / 80
    return fine, np.concatenate(blocks)


class ColourDescriber:
    """Describes pictures by their colours alone.

    The first 486 numbers are a histogram, square roots of shares, to which `describe_colour` speaks; the others are a
    projection of histogram, moments and coarse places of colours.
    """

    name = "colour"
    size = 256

    def __init__(self) -> None:
        fitted, fingerprint = load_fitted("colour-projection")
        self.version = f"1-{fingerprint}"
        self._projection = Projection(fitted["mean"], fitted["matrix"])
        self.n_dims = N_HISTOGRAM + fitted["matrix"].shape[1]

    @property
    def calibration(self) -> Calibration | None:
        return load_calibration(self.name)

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        """Return (N, D) float32, L2-normalized; see `Describer.describe`."""
        found = [features(region) for region in regions(images, masks, self.size)]
        fine = np.array([histogram for histogram, _ in found], np.float32).reshape(-1, N_HISTOGRAM)
        whole = np.array([blocks for _, blocks in found], np.float32).reshape(-1, len(self._projection.mean))
        return normalized(np.concatenate([fine, self._projection(whole)], axis=1))

    def describe_colour(self, rgb: tuple[int, int, int]) -> NDArray[np.float32]:
        """Return the vector (D,) float32, L2-normalized, whose dot product with pictures grows with their share of it.

        Parameters
        ----------
        rgb : (3,) int
            sRGB, 0 to 255. Colours within about 8 units of L, a and b count too.
        """
        offsets = np.indices((3, 3, 3), np.float32).reshape(3, -1).T - 1
        near = lab(np.array([[rgb]], np.uint8)).reshape(1, 3) + offsets * TOLERANCE
        vector = np.zeros(self.n_dims, np.float32)
        vector[:N_HISTOGRAM] = root(soft_histogram(near, np.ones(len(near), np.float32), FINE))
        return vector
