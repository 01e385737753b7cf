"""How terms meet: in z, the normal quantile of the chance that so good a match is accidental.

What is known takes part as certainty: plus infinity where it holds, minus infinity where a filter does not.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def fuse_and(terms: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """Return the weighted Stouffer sum of terms.

    Parameters
    ----------
    terms : T of (N,) float64
        z values, at least one term.
    weights : T of float
        Positive.

    Returns
    -------
    z : (N,) float64
        Minus infinity where any term is, otherwise the finite terms' sum, plus infinity where there is none. Beside
        others, what is certain counts as much as the best that the same term found by look, so that no picture falls
        behind for being certain; a filter, which finds nothing by look, leaves the sum to the others.

    References
    ----------
    Stouffer et al., "The American Soldier", 1949; Lipták, "On the Combination of Independent Tests", 1958.

    Notes
    -----
    The sum takes terms to be independent. Terms of related spaces are not, so their sum claims a little too much.
    """
    z = np.stack(terms)
    is_alone = (z == np.inf).all(axis=0)
    best = np.where(np.isfinite(z), z, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
    z = np.where((z == np.inf) & ~is_alone & (best > -np.inf), best, z)
    w = np.broadcast_to(np.asarray(weights, dtype=np.float64)[:, None], z.shape)
    finite = np.isfinite(z)
    norm = np.sqrt((w**2 * finite).sum(axis=0))
    total = np.where(finite, w * np.where(finite, z, 0.0), 0.0).sum(axis=0) / np.where(norm > 0, norm, 1.0)
    total = np.where(norm > 0, total, np.inf)
    return np.where((z == -np.inf).any(axis=0), -np.inf, total)


def fuse_or(terms: Sequence[Floats]) -> Floats:
    """Return the maximum of terms, (N,) float64."""
    return np.maximum.reduce(list(terms))


def fuse_not(term: Floats) -> Floats:
    """Return the negative of a term, (N,) float64."""
    return -term
