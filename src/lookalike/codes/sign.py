"""Plain signs: the codes that cost nothing, and the reference for all others."""

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.coder import Coder, check_bits, check_vectors, coder_of


def sign_coder(vectors: NDArray[np.float32], n_bits: int) -> Coder:
    """Return the coder whose bits are the signs of coordinates.

    Parameters
    ----------
    vectors : (N, D) float32
        Of n_bits < D coordinates, those that vary most over these vectors are taken.
    n_bits : int
        At most D.

    Raises
    ------
    ValueError
        If there are more bits than coordinates, or a number is not finite.
    """
    check_bits(n_bits)
    check_vectors(vectors)
    n_dims = vectors.shape[1]
    if n_bits > n_dims:
        raise ValueError(f"vectors of {n_dims} numbers have as many signs, got n_bits = {n_bits}; use another method")
    variances = vectors.var(axis=0) if len(vectors) else np.zeros(n_dims)
    chosen = np.sort(np.argsort(-variances, kind="stable")[:n_bits])
    return coder_of("sign", np.eye(n_dims)[:, chosen], np.zeros(n_bits))
