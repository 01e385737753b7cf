"""The space `picture` when a network is present: its answer to the whole picture, or to a masked region."""

from __future__ import annotations

import functools
import hashlib
import threading
from collections.abc import Sequence
from dataclasses import astuple
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.coder import Coder, read_coder
from lookalike.describers.fitted import normalized, read_calibration_of
from lookalike.describers.regions import regions
from lookalike.errors import BadModel
from lookalike.models import Model, Network, TextNetwork, fit, open_network, open_text_network
from lookalike.models.files import file_in
from lookalike.models.manifest import ModelFile, changed
from lookalike.types import Calibration, Image, Mask, Vectors

ROUTINE = 1
"""Counts up when this module or the preprocessing computes other vectors from the same network."""


class NetworkDescriber:
    """Describes pictures by a network; loads it when the first picture comes, and may be used by several threads.

    Pixels outside a mask's box are cut away, those outside the mask show the mean colour of those inside.

    Parameters
    ----------
    model : Model
    n_threads : int
        Threads of one run, at least 1.

    Attributes
    ----------
    version : str
        Depends on the bytes of the network, its preprocessing, and the output taken.
    size : int
        Twice the longer side that the network's preprocessing resizes to: the shorter side of pictures up to 2:1 then
        still has all the pixels it wants.
    """

    name = "picture"

    def __init__(self, model: Model, n_threads: int = 1) -> None:
        self.model = model
        self.version = _version(model)
        self.size = 2 * max(*model.preprocessing.resize, *model.preprocessing.size)
        self._n_threads = n_threads
        self._network: Network | None = None
        self._lock = threading.Lock()

    @functools.cached_property
    def n_dims(self) -> int:
        """D; see `Model.n_dims`."""
        return self.model.n_dims

    @functools.cached_property
    def calibration(self) -> Calibration | None:
        """What turns similarities into chances, where the network's folder has it."""
        return _read_calibration(self.model)

    @functools.cached_property
    def coder(self) -> Coder | None:
        """What makes codes of the vectors, where the network's folder has it; raises BadModel if it cannot be used."""
        if self.model.coder is None:
            return None
        coder = read_coder(_unchanged(self.model, self.model.coder))
        if coder.n_dims != self.n_dims:
            raise BadModel(
                f"The coder of {self.model.name} takes vectors of {coder.n_dims} numbers, the network gives "
                f"{self.n_dims}: get the network again."
            )
        return coder

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        """Return (N, D) float32, L2-normalized; see `types.Describer`.

        Raises
        ------
        ValueError
            If the numbers of images and masks, or a mask's size, do not fit.
        BadModel
            If the network's files have changed, or it answers with something else than finite numbers.
        """
        network, how = self._open(), self.model.preprocessing
        working = None if how.interpolation == "area" else self.size  # areas of areas take longer and blur
        fitted = (fit(region.image, how) for region in regions(images, masks, working))
        parts = [np.empty((0, self.n_dims), np.float32)]
        while chunk := list(islice(fitted, network.batch)):
            parts.append(network.describe(np.stack(chunk)))
        return _unit(np.concatenate(parts), self.model, "a picture")

    def _open(self) -> Network:
        with self._lock:
            if self._network is None:
                self._network = open_network(self.model, self._n_threads)
            return self._network


class TextNetworkDescriber(NetworkDescriber):
    """Describes pictures and words by the two towers of a CLIP-type network; its version is that of the pictures.

    Attributes
    ----------
    templates : tuple of str
        Sentences that a word is put into when it stands for a class of pictures.

    References
    ----------
    Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021, section 3.1.4.
    """

    templates = (
        "a photo of a {}.",
        "a close-up photo of a {}.",
        "a bad photo of the {}.",
        "a photo of many {}.",
        "a drawing of a {}.",
        "a picture that shows a {}.",
    )

    def __init__(self, model: Model, n_threads: int = 1) -> None:
        super().__init__(model, n_threads)
        self._text_network: TextNetwork | None = None

    def describe_texts(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) float32, L2-normalized; see `types.TextDescriber`.

        Raises
        ------
        UnknownWords
            If nothing in a text is in the network's vocabulary.
        BadModel
            If the files of the tower that reads words have changed or cannot be used, or it answers with something else
            than finite numbers.
        """
        with self._lock:
            if self._text_network is None:
                self._text_network = open_text_network(self.model, self._n_threads)
        return _unit(self._text_network.describe(texts), self.model, "a text")


def network_describer(model: Model, n_threads: int = 1) -> NetworkDescriber:
    """Return what describes pictures by a network: one that also takes words, where the network reads them."""
    return (TextNetworkDescriber if model.has_text else NetworkDescriber)(model, n_threads)


def _unchanged(model: Model, file: ModelFile) -> Path:
    """Return where a file of a network lies; raise BadModel if it is not the one that was installed."""
    if problems := changed(model.folder, [file]):
        raise BadModel(problems[0])
    return file_in(model.folder, file.name)


def _unit(vectors: NDArray[np.float32], model: Model, what: str) -> Vectors:
    """Return vectors (N, D), L2-normalized, whatever their size; raise BadModel unless all are finite."""
    if not np.isfinite(vectors).all():
        raise BadModel(
            f"The network {model.name} answers {what} with values that are no finite numbers: run "
            f"`lookalike models verify {model.name}`, or take another network, not in half precision."
        )
    peaks = np.abs(vectors).max(axis=1, keepdims=True)
    vectors = vectors / np.maximum(peaks, np.finfo(np.float32).tiny)  # the squares of what is left fit float32
    return normalized(vectors)


def _version(model: Model) -> str:
    facts = (ROUTINE, model.sha256, model.plug.output, astuple(model.preprocessing))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _read_calibration(model: Model) -> Calibration | None:
    """Return the calibration in the network's folder, None if there is none; raise BadModel if it cannot be used."""
    if model.calibration is None:
        return None
    return read_calibration_of(_unchanged(model, model.calibration), model.n_dims)
