"""What was fitted to reference pictures and ships beside the code: projections, codebooks, calibrations."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import BadModel
from lookalike.models.arrays import NOT_ARRAYS, read_arrays
from lookalike.types import Calibration, Vectors

FOLDER = Path(__file__).parent / "fitted"
MAX_CALIBRATION = 1 << 28
"""Bytes of the unpacked arrays."""

MIN_TAIL = 8
"""Points of a calibration's tail, whose last eight say how it goes on."""


@functools.cache
def load_calibration(name: str) -> Calibration | None:
    """Return the calibration shipped for the describer of this name, or None."""
    path = FOLDER / f"{name}.npz"
    return read_calibration(path) if path.exists() else None


def read_calibration(path: Path) -> Calibration:
    """Return the calibration in an NPZ file; raises one of `NOT_ARRAYS` if it is none."""
    arrays = read_arrays(path, MAX_CALIBRATION)
    values: dict[str, Any] = {field.name: arrays[field.name].astype(np.float32) for field in fields(Calibration)}
    return Calibration(**{**values, "judges": bool(values["judges"])})


def read_calibration_of(path: Path, n_dims: int) -> Calibration:
    """Return the calibration that was fitted to vectors of D numbers; raise BadModel if the file holds none."""
    try:
        calibration = read_calibration(path)
        _check_fit(calibration, n_dims)
        return calibration
    except NOT_ARRAYS as error:
        raise BadModel(f"{path} is no calibration of this network ({error}): make it again, or remove it.") from error


def _check_fit(calibration: Calibration, n_dims: int) -> None:
    reference, precisions = calibration.reference, calibration.precisions
    if reference.ndim != 2 or not len(reference) or reference.shape[1] != n_dims or not np.isfinite(reference).all():
        raise ValueError(f"reference vectors are {reference.shape}, the network gives {n_dims} finite numbers")
    _check_curve("tail", calibration.tail_z, calibration.tail_log_p, MIN_TAIL)
    _check_curve("rates", calibration.log_rates, precisions, 1)
    if precisions.min() < 0 or precisions.max() > 1:
        raise ValueError(f"precisions lie in 0 to 1, got {precisions.min()} to {precisions.max()}")


def _check_curve(name: str, places: NDArray[np.float32], values: NDArray[np.float32], least: int) -> None:
    if places.ndim != 1 or len(places) < least or values.shape != places.shape:
        raise ValueError(f"{name}: {least} or more points need as many values, got {places.shape} and {values.shape}")
    if not (np.isfinite(places).all() and np.isfinite(values).all() and (np.diff(places) > 0).all()):
        raise ValueError(f"{name}: points ascend, and they and their values are finite numbers")


@functools.cache
def load_fitted(name: str) -> tuple[Mapping[str, NDArray[np.float32]], str]:
    """Return the arrays of a fitted file as float32, and what identifies its content."""
    path = FOLDER / f"{name}.npz"
    with np.load(path, allow_pickle=False) as arrays:
        values = {key: arrays[key].astype(np.float32) for key in arrays.files}
    return values, hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def save_fitted(name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the arrays as float16, in the form that `load_fitted` reads."""
    FOLDER.mkdir(exist_ok=True)
    halves: dict[str, Any] = {key: np.asarray(value).astype(np.float16) for key, value in arrays.items()}
    np.savez(FOLDER / f"{name}.npz", **halves)
    load_fitted.cache_clear()


@dataclass(frozen=True)
class Projection:
    """A linear map of features to fewer numbers, in which pictures of one class lie closer together.

    Attributes
    ----------
    mean : (F,) float32
    matrix : (F, D) float32

    References
    ----------
    Hatch, Kajarekar, Stolcke, "Within-class covariance normalization for SVM-based speaker recognition", ICSLP 2006.
    Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 1936.
    """

    mean: NDArray[np.float32]
    matrix: NDArray[np.float32]

    def __call__(self, features: NDArray[np.float32]) -> Vectors:
        """Return features (N, F) as vectors (N, D), L2-normalized."""
        return normalized((features - self.mean) @ self.matrix)


def normalized(vectors: NDArray[Any]) -> Vectors:
    """Return the vectors (..., D) at unit length; a vector of zeros points along all axes alike."""
    lengths = np.sqrt((vectors * vectors).sum(-1, keepdims=True))
    flat = np.float32(1 / np.sqrt(vectors.shape[-1]))
    return np.where(lengths > 1e-9, vectors / np.maximum(lengths, np.float32(1e-9)), flat).astype(np.float32)


def root(histogram: NDArray[Any]) -> NDArray[np.float32]:
    """Return the square roots of a histogram as one vector of unit length.

    Dot products are then Bhattacharyya coefficients, the few large bins (a sky, a wall) do not decide alone, and the
    Euclidean geometry of everything that follows is that of Hellinger's distance.
    """
    return normalized(np.sqrt(histogram.astype(np.float32).ravel()))
