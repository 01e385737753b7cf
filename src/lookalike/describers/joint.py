"""The space `picture` of the bundled network: what the network sees together with colour, texture and shape."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lookalike.codes.coder import Coder, read_coder
from lookalike.describers.combined import CombinedDescriber
from lookalike.describers.fitted import Projection, read_calibration_of
from lookalike.describers.network import NetworkDescriber
from lookalike.describers.vocabulary import Vocabulary, read_vocabulary
from lookalike.errors import BadModel
from lookalike.models.arrays import NOT_ARRAYS, read_arrays
from lookalike.types import Calibration, Describer, Image, Mask, Vectors

PROJECTION, VOCABULARY, CODER, CALIBRATION = "projection.npz", "words.npz", "coder.npz", "calibration.npz"
MAX_PROJECTION = 64 << 20

NETWORK_SHARE = np.float32(0.5)
"""Of the similarity before the projection; the classics, which every collection has anyway, give the rest."""


class JointDescriber:
    """Describes pictures by a small network and by the combined classics, projected together onto one short vector.

    What a small network learned of things and what the classics say of colours and outlines err on different pictures:
    together they find more than either. The projection, learned from labelled pictures, says which of it counts.

    Parameters
    ----------
    network : NetworkDescriber
    folder : Path
        Of what was fitted to this network: the projection, and the words, the coder and the calibration if there are.

    Raises
    ------
    BadModel
        If the projection is damaged, or of another network.

    References
    ----------
    Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 1936.
    """

    name = "picture"

    def __init__(self, network: NetworkDescriber, folder: Path) -> None:
        self.network = network
        self.classics = CombinedDescriber()
        self.parts: tuple[Describer, ...] = (*self.classics.parts, network)
        self.size = max(network.size, self.classics.size)
        self._folder = folder
        self._projection = _read_projection(folder / PROJECTION, network.n_dims + self.classics.n_dims)
        self.n_dims = self._projection.matrix.shape[1]
        digest = hashlib.sha256(f"2 {NETWORK_SHARE} {network.version} {self.classics.version}".encode())
        digest.update((folder / PROJECTION).read_bytes())
        self.version = digest.hexdigest()[:16]

    @functools.cached_property
    def calibration(self) -> Calibration | None:
        """What turns similarities into chances, where it was fitted; raises BadModel if it cannot be used."""
        path = self._folder / CALIBRATION
        return read_calibration_of(path, self.n_dims) if path.exists() else None

    @functools.cached_property
    def coder(self) -> Coder | None:
        """What makes codes of the vectors, where it was trained."""
        path = self._folder / CODER
        return read_coder(path) if path.exists() else None

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        """The words that classes were named by when all was fitted; raises BadModel if they cannot be read."""
        return read_vocabulary(self._folder / VOCABULARY, self.n_dims)

    @property
    def known_words(self) -> tuple[str, ...]:
        """The words, sorted, in lower case."""
        return self.vocabulary.words

    def describe_texts(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) float32, L2-normalized; see `Vocabulary.describe_texts`."""
        return self.vocabulary.describe_texts(texts)

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
        return self._projection(joined(parts[self.network.name], self.classics.combine(parts)))


def joined(seen: Vectors, drawn: Vectors) -> Vectors:
    """Return what a network saw and what the classics drew side by side, (N, D) float32, L2-normalized."""
    return np.concatenate([np.sqrt(NETWORK_SHARE) * seen, np.sqrt(1 - NETWORK_SHARE) * drawn], axis=1)


def _read_projection(path: Path, n_features: int) -> Projection:
    try:
        arrays = read_arrays(path, MAX_PROJECTION)
        projection = Projection(arrays["mean"].astype(np.float32), arrays["matrix"].astype(np.float32))
        if projection.mean.shape != (n_features,) or projection.matrix.shape[:1] != (n_features,):
            raise ValueError(f"it takes {projection.mean.shape} numbers, network and classics give {n_features}")
        return projection
    except NOT_ARRAYS as error:
        raise BadModel(f"{path} is no projection of this network ({error}): install the package again.") from error
