"""The space `picture` when a network is present: its answer to the whole picture, or to a masked region."""

from __future__ import annotations

import functools
import hashlib
import threading
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import astuple
from itertools import islice

import numpy as np

from lookalike.describers.fitted import normalized, read_calibration
from lookalike.describers.regions import regions
from lookalike.errors import BadModel
from lookalike.models import Model, Network, changed_files, fit, open_network
from lookalike.models.files import file_in
from lookalike.types import Calibration, Image, Mask, Vectors

ROUTINE = 1
"""Counts up when this module or the preprocessing computes other vectors from the same network."""

MAX_CALIBRATION = 1 << 28
"""Bytes of the unpacked arrays."""


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
        self.n_dims = model.n_dims
        self._n_threads = n_threads
        self._network: Network | None = None
        self._lock = threading.Lock()

    @functools.cached_property
    def calibration(self) -> Calibration | None:
        """What turns similarities into chances, where the network's folder has it."""
        return _read_calibration(self.model)

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        """Return (N, D) float32, L2-normalized; see `types.Describer`.

        Raises
        ------
        ValueError
            If the numbers of images and masks, or a mask's size, do not fit.
        BadModel
            If the network's files have changed, or it answers with something else than finite numbers.
        """
        network = self._open()
        fitted = (fit(region.image, self.model.preprocessing) for region in regions(images, masks, self.size))
        parts = [np.empty((0, self.n_dims), np.float32)]
        while chunk := list(islice(fitted, network.batch)):
            parts.append(network.describe(np.stack(chunk)))
        vectors = np.concatenate(parts)
        if not np.isfinite(vectors).all():
            raise BadModel(
                f"The network {self.model.name} answers a picture with values that are no finite numbers: run "
                f"`lookalike models verify {self.model.name}`, or take another network, not in half precision."
            )
        peaks = np.abs(vectors).max(axis=1, keepdims=True)
        vectors /= np.maximum(peaks, np.finfo(np.float32).tiny)  # the squares of what is left fit float32
        return normalized(vectors)

    def _open(self) -> Network:
        with self._lock:
            if self._network is None:
                self._network = open_network(self.model, self._n_threads)
            return self._network


def _version(model: Model) -> str:
    facts = (ROUTINE, model.sha256, model.plug.output, astuple(model.preprocessing))
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _read_calibration(model: Model) -> Calibration | None:
    """Return the calibration in the network's folder, None if there is none; raise BadModel if it cannot be used."""
    if model.calibration is None:
        return None
    if problems := changed_files(model, [model.calibration]):
        raise BadModel(problems[0])
    path = file_in(model.folder, model.calibration.name)
    try:
        with zipfile.ZipFile(path) as archive:
            n_bytes = sum(entry.file_size for entry in archive.infolist())
        if n_bytes > MAX_CALIBRATION:
            raise ValueError(f"it unpacks to {n_bytes} bytes, over {MAX_CALIBRATION}")
        calibration = read_calibration(path)
        _check_shapes(calibration, model.n_dims)
        return calibration
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        MemoryError,
        EOFError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise BadModel(f"{path} is no calibration of this network ({error}): make it again, or remove it.") from error


def _check_shapes(calibration: Calibration, n_dims: int) -> None:
    tail, rates = calibration.tail_z.shape, calibration.log_rates.shape
    if calibration.reference.ndim != 2 or calibration.reference.shape[1] != n_dims:
        raise ValueError(f"reference vectors are {calibration.reference.shape}, the network gives {n_dims} numbers")
    if (
        len(tail) != 1
        or calibration.tail_log_p.shape != tail
        or len(rates) != 1
        or calibration.precisions.shape != rates
    ):
        raise ValueError("tail and rates need as many values as they have chances and precisions")
