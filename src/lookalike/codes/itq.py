"""Iterative quantization: principal components, rotated until their signs say as much as they can."""

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.coder import Coder, check_bits, check_vectors, coder_of


def itq_coder(vectors: NDArray[np.float32], n_bits: int = 256, *, seed: int = 7, n_rounds: int = 50) -> Coder:
    """Return the coder learned by iterative quantization.

    Parameters
    ----------
    vectors : (N, D) float32
        At least one.
    n_bits : int
    seed : int
        Of the first rotation.
    n_rounds : int
        How often signs and rotation are fitted to each other.

    Raises
    ------
    ValueError
        If there is no vector, a number is not finite, or n_bits is no multiple of 8.

    References
    ----------
    Gong, Lazebnik, Gordo, Perronnin, "Iterative Quantization: A Procrustean Approach to Learning Binary Codes for
    Large-Scale Image Retrieval", TPAMI 2013.

    Notes
    -----
    Differs from the paper: where there are more bits than dimensions, components of zeros fill up, so that the rotation
    spreads D components over n_bits axes. Where there are as many, nothing is left out and all that remains is
    centring and rotating.
    """
    check_bits(n_bits)
    check_vectors(vectors)
    if not len(vectors):
        raise ValueError("iterative quantization learns from vectors, got none; use lsh_coder")
    mean = vectors.mean(axis=0, dtype=np.float64)
    centred = (vectors - mean).astype(np.float32)
    components = principal_components(centred, n_bits)
    weights = components @ _fit_rotation(centred @ components, seed, n_rounds)
    return coder_of("itq", weights, mean @ weights)


def principal_components(centred: NDArray[np.float32], n_bits: int) -> NDArray[np.float32]:
    """Return the first components (D, n_bits) of centred vectors (N, D), filled up with zeros from D on."""
    n_dims = centred.shape[1]
    _, axes = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    components = np.zeros((n_dims, n_bits), dtype=np.float32)
    components[:, :n_dims] = axes[:, ::-1][:, :n_bits]
    return components


def _fit_rotation(projected: NDArray[np.float32], seed: int, n_rounds: int) -> NDArray[np.float32]:
    """Return the rotation (B, B) that brings projected vectors (N, B) near to the corners of a cube."""
    n_bits = projected.shape[1]
    rotation = np.linalg.qr(np.random.default_rng(seed).standard_normal((n_bits, n_bits)))[0].astype(np.float32)
    for _ in range(n_rounds):
        corners = np.where(projected @ rotation > 0, np.float32(1), np.float32(-1))
        left, _, right = np.linalg.svd(corners.T @ projected)
        rotation = (left @ right).T
    return rotation
