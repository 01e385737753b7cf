"""The space `picture` of the bundled network: what the network sees together with colour, texture and shape."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from lookalike.codes.coder import Coder, read_coder
from lookalike.describers.combined import CombinedDescriber
from lookalike.describers.fitted import FOLDER, load_calibration
from lookalike.describers.network import NetworkDescriber
from lookalike.types import Calibration, Describer, Image, Mask, TextDescriber, Vectors

FITTED = "joint"
NETWORK_SHARE = np.float32(0.5)
"""Of the similarity; the classics, which every collection has anyway, give the rest."""


class JointDescriber:
    """Describes pictures by a small network and by the combined classics, side by side in one vector.

    What a small network learned of things and what the classics say of colours and outlines err on different pictures:
    together they find more than either.

    Parameters
    ----------
    network : NetworkDescriber

    References
    ----------
    Zheng, Wang, Tian, He, Liu, Tian, "Query-adaptive late fusion for image search and person re-identification",
    CVPR 2015 (why equal parts of unlike describers are hard to beat).
    """

    name = "picture"

    def __init__(self, network: NetworkDescriber) -> None:
        self.network = network
        self.classics = CombinedDescriber()
        self.parts: tuple[Describer, ...] = (*self.classics.parts, network)
        self.size = max(network.size, self.classics.size)
        self.n_dims = network.n_dims + self.classics.n_dims
        versions = f"1 {network.version} {self.classics.version} {NETWORK_SHARE}"
        self.version = hashlib.sha256(versions.encode()).hexdigest()[:16]

    @functools.cached_property
    def calibration(self) -> Calibration | None:
        """What turns similarities into chances, where it was fitted to this network."""
        calibration = load_calibration(FITTED)
        return None if calibration is None or calibration.reference.shape[1] != self.n_dims else calibration

    @functools.cached_property
    def coder(self) -> Coder | None:
        """What makes codes of the vectors, where it was trained on those of this network."""
        path = FOLDER / f"{FITTED}-coder.npz"
        coder = read_coder(path) if path.exists() else None
        return None if coder is None or coder.n_dims != self.n_dims else coder

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        """Return (N, D) float32, L2-normalized; see `types.Describer`."""
        return self.combine({part.name: part.describe(images, masks) for part in self.parts})

    def combine(self, parts: Mapping[str, Vectors]) -> Vectors:
        """Return (N, D) float32, L2-normalized, from what the parts said of the same pictures.

        Parameters
        ----------
        parts : dict of (N, D) float32
            By name of the part: ``colour``, ``texture``, ``shape``, and ``picture`` for the network.

        Raises
        ------
        ValueError
            If a part is missing or the parts' shapes do not fit.
        """
        seen, drawn = parts[self.network.name], self.classics.combine(parts)
        return np.concatenate([np.sqrt(NETWORK_SHARE) * seen, np.sqrt(1 - NETWORK_SHARE) * drawn], axis=1)


class WordedJointDescriber(JointDescriber):
    """Joins a network that understands words with the classics, which do not."""

    def __init__(self, network: NetworkDescriber) -> None:
        super().__init__(network)
        assert isinstance(network, TextDescriber)
        self._words: TextDescriber = network

    def describe_texts(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) float32, L2-normalized: words say nothing of the classics' part; see `types.TextDescriber`."""
        said = self._words.describe_texts(texts)
        return np.concatenate([said, np.zeros((len(said), self.classics.n_dims), np.float32)], axis=1)


def joint_describer(network: NetworkDescriber) -> JointDescriber:
    """Return what joins a network with the classics: one that takes words, where the network does."""
    return (WordedJointDescriber if isinstance(network, TextDescriber) else JointDescriber)(network)
