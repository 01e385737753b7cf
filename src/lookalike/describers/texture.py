"""The space `texture`: what surfaces look like from near, and a scene's grain from far."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lookalike.describers import lbp, tamura
from lookalike.describers.fitted import Projection, load_calibration, load_fitted, normalized, root
from lookalike.describers.gist import gist
from lookalike.describers.regions import Region, cells, regions, scaled
from lookalike.types import Calibration, Image, Mask, Vectors

PATTERN_SIDES = (64, 32)
"""Pixels of the longer side at which patterns are taken, the scales of the paper."""
UNIFORM = lbp.uniform_bins()
N_CELLS = 2


def pattern_histograms(
    grey: NDArray[np.float32], weight: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return histograms of uniform patterns: of the whole (59,) and of its quarters (4, 59), each summing to one."""
    bins = cells(grey.shape[0], grey.shape[1], N_CELLS) * lbp.N_UNIFORM + UNIFORM[lbp.patterns(grey)]
    counts = np.bincount(bins.ravel(), weight.ravel(), N_CELLS**2 * lbp.N_UNIFORM) / weight.sum()
    quarters = counts.astype(np.float32).reshape(N_CELLS**2, lbp.N_UNIFORM)
    return quarters.sum(0), quarters


def features(region: Region) -> NDArray[np.float32]:
    """Return GIST, local binary patterns and Tamura's features (1 139,), before projection."""
    grey = cv2.cvtColor(region.image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    middle, small = (scaled(grey, side) for side in PATTERN_SIDES)
    middle_weight, small_weight = (scaled(region.weight, side) for side in PATTERN_SIDES)
    whole, quarters = pattern_histograms(middle, middle_weight)
    coarse, _ = pattern_histograms(small, small_weight)
    joint = tamura.joint_histogram(middle, middle_weight)
    blocks = [
        normalized(gist(grey).ravel()),
        root(whole) * np.float32(0.7),
        root(coarse) * np.float32(0.5),
        root(quarters) * np.float32(0.7),
        root(joint) * np.float32(0.7),
        tamura.numbers(middle, middle_weight) * np.float32(0.5),
    ]
    return np.concatenate(blocks)


class TextureDescriber:
    """Describes pictures by their texture, in grey."""

    name = "texture"
    size = 256

    def __init__(self) -> None:
        fitted, fingerprint = load_fitted("texture-projection")
        self.version = f"1-{fingerprint}"
        self._projection = Projection(fitted["mean"], fitted["matrix"])
        self.n_dims = fitted["matrix"].shape[1]

    @property
    def calibration(self) -> Calibration | None:
        return load_calibration(self.name)

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        """Return (N, D) float32, L2-normalized; see `Describer.describe`."""
        found = [features(region) for region in regions(images, masks, self.size)]
        return self._projection(np.array(found, np.float32).reshape(-1, len(self._projection.mean)))
