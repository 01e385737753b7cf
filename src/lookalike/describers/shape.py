"""The space `shape`: how edges run and where, whatever the colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lookalike.describers import edges
from lookalike.describers.fitted import Projection, load_calibration, load_fitted, normalized, root
from lookalike.describers.regions import Region, regions, scaled
from lookalike.describers.words import Codebook, patches
from lookalike.types import Calibration, Image, Mask, Vectors

SIDES = (128, 64)
"""Pixels of the longer side at which edges are taken."""


def lightness(region: Region) -> NDArray[np.float32]:
    """Return L of CIELAB, which hues leave alone, at the larger side: (H, W) float32 in [0, 255].

    Outside a mask it is black or white, whichever is farther from the inside, so that the outline is an edge.
    """
    rgb = scaled(region.image, SIDES[0]).astype(np.float32) / np.float32(255)
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)[..., 0] * np.float32(2.55)
    inside = scaled(region.weight, SIDES[0]) > 0.5
    if inside.all() or not inside.any():
        return grey
    return np.where(inside, grey, np.float32(255 if grey[inside].mean() < 128 else 0))


def edge_maps(region: Region) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the maps of edges by orientation (8, H, W) at both sides."""
    grey = lightness(region)
    return edges.orientation_maps(grey), edges.orientation_maps(scaled(grey, SIDES[1]))


def all_patches(maps: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the patches (P, 128) of all maps, and their places (P, 2)."""
    looks, places = zip(*map(patches, maps), strict=True)
    return np.concatenate(looks), np.concatenate(places)


def features(region: Region, codebook: Codebook) -> NDArray[np.float32]:
    """Return layout and pairs of edges, shape words, projections and moments (3 719,), before projection."""
    large, small = edge_maps(region)
    even = edges.evened(small)
    differences, shares = codebook.encode(*all_patches((large, small)))
    half = np.float32(0.5)
    blocks = [
        normalized(edges.layout(large, 4).ravel()),
        normalized(edges.layout(large, 8).ravel()),
        normalized(differences.ravel()),
        root(shares) * half,
        root(edges.pairs(even)),
        normalized(edges.projections(even.sum(0))) * half,
        edges.hu_moments(even.sum(0)) * half,
    ]
    return np.concatenate(blocks)


class ShapeDescriber:
    """Describes pictures by their edges in lightness, and masked regions by their outline too."""

    name = "shape"
    size = 256

    def __init__(self) -> None:
        book, book_fingerprint = load_fitted("shape-codebook")
        fitted, fingerprint = load_fitted("shape-projection")
        self.version = f"1-{book_fingerprint}-{fingerprint}"
        self._codebook = codebook_of(book)
        self._projection = Projection(fitted["mean"], fitted["matrix"])
        self.n_dims = fitted["matrix"].shape[1]

    @property
    def calibration(self) -> Calibration | None:
        return load_calibration(self.name)

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        """Return (N, D) float32, L2-normalized; see `Describer.describe`."""
        found = [features(region, self._codebook) for region in regions(images, masks, self.size)]
        return self._projection(np.array(found, np.float32).reshape(-1, len(self._projection.mean)))


def codebook_of(arrays: Mapping[str, NDArray[np.float32]]) -> Codebook:
    """Return the codebook whose fields were stored as arrays."""
    sharpness, reach = (float(arrays[key]) for key in ("sharpness", "reach"))
    return Codebook(arrays["mean"], arrays["axes"], arrays["centres"], sharpness, reach)
