"""Signed random projections: codes that need no data, so that a space without a trained coder has codes too."""

import numpy as np

from lookalike.codes.coder import Coder, check_bits, coder_of


def lsh_coder(n_dims: int, n_bits: int = 256, *, seed: int = 7) -> Coder:
    """Return a coder of random hyperplanes through the origin.

    The share of bits in which two codes differ estimates the angle between their vectors, in units of pi.

    Parameters
    ----------
    n_dims : int
        D of the vectors.
    n_bits : int
    seed : int

    Raises
    ------
    ValueError
        If n_bits is no multiple of 8, or n_dims is not positive.

    References
    ----------
    Charikar, "Similarity Estimation Techniques from Rounding Algorithms", STOC 2002.
    """
    check_bits(n_bits)
    _check_dims(n_dims)
    normals = np.random.default_rng(seed).standard_normal((n_dims, n_bits))
    return coder_of("lsh", normals, np.zeros(n_bits))


def super_bit_coder(n_dims: int, n_bits: int = 256, *, seed: int = 7) -> Coder:
    """Return a coder of random hyperplanes that stand upright on each other in batches of at most D.

    The same estimate of the angle as by `lsh_coder`, with less variance.

    Parameters
    ----------
    n_dims, n_bits, seed
        As of `lsh_coder`.

    Raises
    ------
    ValueError
        If n_bits is no multiple of 8, or n_dims is not positive.

    References
    ----------
    Ji, Li, Yan, Zhang, Tian, "Super-Bit Locality-Sensitive Hashing", NIPS 2012.
    """
    check_bits(n_bits)
    _check_dims(n_dims)
    rng = np.random.default_rng(seed)
    batches = [
        np.linalg.qr(rng.standard_normal((n_dims, min(n_dims, n_bits - start))))[0]
        for start in range(0, n_bits, n_dims)
    ]
    return coder_of("super-bit", np.hstack(batches), np.zeros(n_bits))


def _check_dims(n_dims: int) -> None:
    if n_dims < 1:
        raise ValueError(f"vectors have at least one number, got n_dims = {n_dims}; give their D")
