"""The head of Search Anything: pairs are as similar in codes as in vectors. It needs no labels."""

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.coder import Coder
from lookalike.codes.head import Progress, sample, train_head

BATCH = 256


def train_search_anything(
    vectors: NDArray[np.float32],
    n_bits: int = 256,
    *,
    seed: int = 7,
    n_steps: int = 2000,
    rate: float = 1e-3,
    progress: Progress | None = None,
) -> Coder:
    """Learn tanh(W f + b) so that cosines between outputs are those between vectors, pair by pair.

    Parameters
    ----------
    vectors : (N, D) float32
        At least two.
    n_bits : int
    seed : int
    n_steps : int
        Batches of 256.
    rate : float
        Of Adam's first step.
    progress : Progress or None

    Raises
    ------
    ValueError
        If there are fewer than two vectors, a number is not finite, or n_bits is no multiple of 8.

    References
    ----------
    Korfhage, Mühling, Freisleben, "Search Anything: Segmentation-Based Similarity Search via Region Prompts",
    Multimedia Tools and Applications 2024.

    Notes
    -----
    Differs from the paper: the vectors are those of any describer, of whole pictures too.
    """
    vectors = vectors[sample(vectors, n_bits, seed)]
    size = min(BATCH, len(vectors))

    def loss(rows: NDArray[np.int64], outputs: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
        return cosine_loss(vectors[rows], outputs)

    def draw(rng: np.random.Generator) -> NDArray[np.int64]:
        return rng.choice(len(vectors), size, replace=False)

    return train_head(
        "search-anything", vectors, n_bits, draw, loss, n_steps=n_steps, rate=rate, seed=seed, progress=progress
    )


def cosine_loss(vectors: NDArray[np.float32], outputs: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
    """Return the mean squared difference between the cosines of vectors (n, D) and of outputs (n, B), all pairs.

    The second value is the gradient (n, B) by the outputs.
    """
    unit, _ = _unit(vectors)
    directions, lengths = _unit(outputs)
    differences = directions @ directions.T - unit @ unit.T
    by_direction = 4 / differences.size * differences @ directions
    along = (by_direction * directions).sum(axis=1, keepdims=True)
    return float((differences**2).mean()), (by_direction - along * directions) / lengths


def _unit(rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))
    return rows / lengths, lengths
