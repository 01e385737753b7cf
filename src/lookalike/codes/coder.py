"""The coder of a space: a map, a threshold per bit and the order of the bits, in one small file."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lookalike.codes.packing import Codes, pack_bits, unpack_bits
from lookalike.errors import BadModel
from lookalike.models.arrays import NOT_ARRAYS, read_arrays

FORMAT = 2
"""The first format had no hidden numbers; it is still read."""

MAX_BYTES = 64 << 20
"""Of a coder's file, unpacked: 4,096 numbers to 4,096 bits take 32 MiB."""

_ROWS = 4096
"""Vectors that are encoded at the same time."""


@dataclass(frozen=True, eq=False)
class BitOrder:
    """Which bits of a code form its short code, and how those are split into sub-codes.

    Attributes
    ----------
    groups : (G, S) uint16
        The bits of each sub-code; no bit twice. S is a multiple of 8.
    """

    groups: NDArray[np.uint16]

    def __post_init__(self) -> None:
        groups = self.groups
        if groups.ndim != 2 or groups.dtype != np.uint16 or groups.shape[1] % 8 or not groups.size:
            raise ValueError(f"sub-codes are (G, S) uint16, S a multiple of 8, got {groups.shape} {groups.dtype}")
        if len(np.unique(groups)) < groups.size:
            raise ValueError(f"a bit stands in one sub-code once, got {np.sort(groups, axis=None).tolist()}")

    def short_codes(self, codes: Codes) -> Codes:
        """Return the short codes (N, G S/8) of codes (N, B/8), sub-code after sub-code.

        A sub-code of 16 bits is two bytes: ``short.view(">u2")`` are the sub-codes (N, G) as numbers.

        Raises
        ------
        ValueError
            If the codes are too short to hold the bits.
        """
        if codes.ndim != 2 or 8 * codes.shape[1] <= self.groups.max():
            raise ValueError(
                f"sub-codes take bit {self.groups.max()}, got codes {codes.shape}; use the coder's own codes"
            )
        return pack_bits(unpack_bits(codes)[:, self.groups.ravel()])


@dataclass(frozen=True, eq=False)
class Hidden:
    """Further numbers about a vector: by how much its products with some directions exceed what is usual.

    Attributes
    ----------
    weights : (D, H) float16
    biases : (H,) float32
    """

    weights: NDArray[np.float16]
    biases: NDArray[np.float32]

    def __post_init__(self) -> None:
        weights, biases = self.weights, self.biases
        if weights.ndim != 2 or weights.dtype != np.float16 or not weights.size:
            raise ValueError(f"hidden weights are (D, H) float16, got {weights.shape} {weights.dtype}")
        if biases.shape != weights.shape[1:] or biases.dtype != np.float32:
            raise ValueError(
                f"{weights.shape[1]} hidden numbers have as many float32 biases, got {biases.shape} {biases.dtype}"
            )
        if not np.isfinite(weights).all() or not np.isfinite(biases).all():
            raise ValueError("a coder holds a number that is not finite; train it again")

    def beside(self, vectors: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return vectors (N, D) with their hidden numbers beside them, (N, D + H)."""
        return np.concatenate([vectors, np.maximum(vectors @ self.weights + self.biases, 0)], axis=1)


@dataclass(frozen=True, eq=False)
class Coder:
    """Turns vectors into codes: bit b is whether the product with column b of the projection exceeds threshold b.

    Every method of this package ends in such a coder, so that whoever stores codes needs to know one thing only.

    Attributes
    ----------
    method : str
        Who made it, for people to read: ``sign``, ``lsh``, ``itq`` and so on.
    projection : (D, B) or (D + H, B) float16
        Columns of unit length, or of zeros. B is a multiple of 8.
    thresholds : (B,) float32
    order : BitOrder or None
        None where the codes are too short to be split.
    hidden : Hidden or None
        Where there is one, the projection takes vectors with their hidden numbers beside them.
    """

    method: str
    projection: NDArray[np.float16]
    thresholds: NDArray[np.float32]
    order: BitOrder | None = None
    hidden: Hidden | None = None

    def __post_init__(self) -> None:
        projection, thresholds = self.projection, self.thresholds
        if projection.ndim != 2 or projection.dtype != np.float16 or not projection.size or projection.shape[1] % 8:
            raise ValueError(
                f"a projection is (D, B) float16, B a multiple of 8, got {projection.shape} {projection.dtype}"
            )
        if thresholds.shape != projection.shape[1:] or thresholds.dtype != np.float32:
            raise ValueError(
                f"{projection.shape[1]} bits have as many float32 thresholds, got {thresholds.shape} {thresholds.dtype}"
            )
        if not np.isfinite(projection).all() or not np.isfinite(thresholds).all():
            raise ValueError("a coder holds a number that is not finite; train it again")
        if self.hidden is not None and len(projection) != sum(self.hidden.weights.shape):
            raise ValueError(
                f"vectors with {' + '.join(map(str, self.hidden.weights.shape))} numbers do not fit a projection "
                f"{projection.shape}"
            )
        if self.order is not None and self.order.groups.max() >= self.n_bits:
            raise ValueError(
                f"a code has bits 0 to {self.n_bits - 1}, got sub-codes with bit {self.order.groups.max()}"
            )

    @property
    def n_dims(self) -> int:
        """How many numbers the vectors have."""
        return len(self.projection if self.hidden is None else self.hidden.weights)

    @property
    def n_bits(self) -> int:
        """How many bits the codes have."""
        return self.projection.shape[1]

    @cached_property
    def version(self) -> str:
        """Identifies the codes: 12 hexadecimal digits; coders that differ in no bit of any code may differ here."""
        arrays: list[NDArray[Any]] = [self.projection, self.thresholds]
        if self.order is not None:
            arrays.append(self.order.groups)
        if self.hidden is not None:
            arrays += [self.hidden.weights, self.hidden.biases]
        digest = hashlib.sha256()
        for array in arrays:
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()[:12]

    def encode(self, vectors: NDArray[np.floating]) -> Codes:
        """Return the codes of vectors.

        Parameters
        ----------
        vectors : (N, D) float

        Returns
        -------
        codes : (N, B/8) uint8

        Raises
        ------
        ValueError
            If D is not the coder's, or a number is not finite.

        Notes
        -----
        Sums are in float64: the code of a vector is then the same alone and among others, where in float32 the order
        of summation, which depends on how many are multiplied at once, decides about values next to a threshold.
        """
        check_vectors(vectors, self.n_dims)
        projection = self.projection.astype(np.float64)
        codes = np.empty((len(vectors), self.n_bits // 8), dtype=np.uint8)
        for start in range(0, len(vectors), _ROWS):
            block = vectors[start : start + _ROWS].astype(np.float64)
            if self.hidden is not None:
                block = self.hidden.beside(block)
            codes[start : start + _ROWS] = pack_bits(block @ projection > self.thresholds)
        return codes


def check_vectors(vectors: NDArray[np.floating], n_dims: int | None = None) -> None:
    """Raise ValueError unless the vectors are (N, D) and finite, of the given D if there is one."""
    if vectors.ndim != 2 or not vectors.shape[1] or n_dims not in (None, vectors.shape[1]):
        raise ValueError(
            f"vectors are (N, {n_dims or 'D'}), got {vectors.shape}; describe them as those the coder was made for"
        )
    if not np.isfinite(vectors).all():
        raise ValueError("a vector holds a number that is not finite; describe its picture again")


def check_bits(n_bits: int) -> None:
    """Raise ValueError unless codes can have this many bits."""
    if n_bits < 8 or n_bits % 8:
        raise ValueError(f"codes have a multiple of 8 bits, got n_bits = {n_bits}; ask for 64 or 256")


def coder_of(method: str, weights: ArrayLike, thresholds: ArrayLike, hidden: Hidden | None = None) -> Coder:
    """Return the coder of a map.

    Parameters
    ----------
    method : str
    weights : (D, B) or (D + H, B) float
        Of any scale; the coder's columns have unit length.
    thresholds : (B,) float
        In units of the weights.
    hidden : Hidden or None
    """
    columns = np.asarray(weights, dtype=np.float64)
    lengths = np.linalg.norm(columns, axis=0)
    lengths[lengths == 0] = 1
    scaled = np.asarray(thresholds, dtype=np.float64) / lengths
    return Coder(method, (columns / lengths).astype(np.float16), scaled.astype(np.float32), hidden=hidden)


def save_coder(path: Path, coder: Coder) -> None:
    """Write a coder in the form that `read_coder` reads; the file is there as a whole or not at all."""
    arrays: dict[str, Any] = {
        "format": np.array(FORMAT),
        "method": np.array(coder.method),
        "version": np.array(coder.version),
        "projection": coder.projection,
        "thresholds": coder.thresholds,
    }
    if coder.order is not None:
        arrays["groups"] = coder.order.groups
    if coder.hidden is not None:
        arrays |= {"hidden_weights": coder.hidden.weights, "hidden_biases": coder.hidden.biases}
    content = io.BytesIO()
    np.savez(content, **arrays)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content.getvalue())
    part.replace(path)


def read_coder(path: Path) -> Coder:
    """Return the coder in a file.

    Raises
    ------
    BadModel
        If the file cannot be read, is damaged, of a newer format, or no coder. Nothing in it is ever executed.
    """
    try:
        arrays = read_arrays(path, MAX_BYTES)
        if arrays["format"].tolist() not in range(1, FORMAT + 1):
            raise BadModel(f"{path} is a coder of format {arrays['format']}, not {FORMAT}: update Lookalike.")
        order = BitOrder(arrays["groups"]) if "groups" in arrays else None
        hidden = Hidden(arrays["hidden_weights"], arrays["hidden_biases"]) if "hidden_weights" in arrays else None
        coder = Coder(str(arrays["method"]), arrays["projection"], arrays["thresholds"], order, hidden)
        is_whole = str(arrays["version"]) == coder.version
    except OSError as error:
        raise BadModel(f"{path} cannot be read ({error.strerror}): check the file and its permissions.") from error
    except NOT_ARRAYS as error:
        raise BadModel(f"{path} is no readable coder ({error}): train it again, or copy it anew.") from error
    if not is_whole:
        raise BadModel(f"{path} does not hold the coder that was saved: train it again, or copy it anew.")
    return coder
