"""The space `picture` when no network is present: colour, texture and shape, in the proportion that suits a picture."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lookalike.describers.colour import N_HISTOGRAM, ColourDescriber
from lookalike.describers.fitted import load_calibration, load_fitted, normalized
from lookalike.describers.shape import ShapeDescriber
from lookalike.describers.texture import TextureDescriber
from lookalike.types import Calibration, Describer, Image, Mask, Vectors

TEXTURE_WEIGHT = np.float32(0.7)
"""Of texture relative to shape."""
PLACES_WEIGHT = np.float32(0.7)
"""Of the projection relative to the histogram, both of colour."""
MOST_COLOUR = np.float32(0.92)
"""Form keeps the rest even where colour does best."""


def form_of(parts: Mapping[str, Vectors]) -> Vectors:
    """Return texture and shape together as one vector each (N, D), L2-normalized."""
    return normalized(np.concatenate([TEXTURE_WEIGHT * parts["texture"], parts["shape"]], axis=1))


def paint_of(parts: Mapping[str, Vectors]) -> Vectors:
    """Return colour (N, D), L2-normalized, with square roots taken once more of its histogram.

    So small areas of a telling colour count more; the space `colour` leaves them their share.
    """
    histogram, places = np.split(parts["colour"], [N_HISTOGRAM], axis=1)
    return normalized(np.concatenate([normalized(np.sqrt(histogram)), PLACES_WEIGHT * normalized(places)], axis=1))


class CombinedDescriber:
    """Describes pictures by colour on one side and by texture and shape on the other.

    How much colour counts is a logistic function of the vector itself, fitted to where colour finds pictures of the
    same class and where form does: crowded shelves and landscapes ask for colour, single objects for form.

    References
    ----------
    Zheng, Wang, Tian, He, Liu, Tian, "Query-adaptive late fusion for image search and person re-identification",
    CVPR 2015.

    Notes
    -----
    Differs from the paper: the proportion is told from the picture and not from the scores it gets, and so is part of
    its vector. A dot product multiplies the square roots of both pictures' proportions.
    """

    name = "picture"
    size = 256

    def __init__(self) -> None:
        self.parts: tuple[Describer, ...] = (ColourDescriber(), TextureDescriber(), ShapeDescriber())
        fitted, fingerprint = load_fitted("picture-proportion")
        versions = " ".join([fingerprint, *(part.version for part in self.parts)])
        self.version = f"1-{hashlib.sha256(versions.encode()).hexdigest()[:12]}"
        self._weights, self._bias = fitted["weights"], fitted["bias"]
        self.n_dims = sum(part.n_dims for part in self.parts)

    @property
    def calibration(self) -> Calibration | None:
        return load_calibration(self.name)

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        """Return (N, D) float32, L2-normalized; see `Describer.describe`."""
        return self.combine({part.name: part.describe(images, masks) for part in self.parts})

    def combine(self, parts: Mapping[str, Vectors]) -> Vectors:
        """Return (N, D) float32, L2-normalized, from what the three parts said of the same pictures.

        Parameters
        ----------
        parts : dict of (N, D) float32
            By name of the part: ``colour``, ``texture``, ``shape``.

        Raises
        ------
        ValueError
            If a part is missing or the parts' shapes do not fit.
        """
        n = len(next(iter(parts.values()), ()))
        for part in self.parts:
            if part.name not in parts or parts[part.name].shape != (n, part.n_dims):
                got = {name: vectors.shape for name, vectors in parts.items()}
                raise ValueError(f"the part {part.name!r} has the shape ({n}, {part.n_dims}), got {got}")
        share = self._colour_shares(parts)[:, None]
        return normalized(np.concatenate([np.sqrt(share) * paint_of(parts), np.sqrt(1 - share) * form_of(parts)], 1))

    def _colour_shares(self, parts: Mapping[str, Vectors]) -> NDArray[np.float32]:
        evidence = np.concatenate([parts[part.name] for part in self.parts], axis=1) @ self._weights + self._bias
        return MOST_COLOUR / (1 + np.exp(-evidence))
