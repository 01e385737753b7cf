"""The head that methods learn: a linear map and tanh on frozen vectors, trained with Adam."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.adam import Adam
from lookalike.codes.coder import Coder, check_bits, check_vectors, coder_of

MAX_VECTORS = 50_000
"""Vectors that are learned from; of more, as many are drawn."""

MAX_START = 10_000
"""Vectors that the scale of the first weights is measured on."""

Loss: TypeAlias = Callable[[NDArray[np.int64], NDArray[np.float32]], tuple[float, NDArray[np.float32]]]
"""(n,) rows of the batch and (n, B) outputs of the head -> the loss and its gradient (n, B) by the outputs."""

Progress: TypeAlias = Callable[[int, int], None]
"""Told how many steps are done, and of how many."""


def train_head(
    method: str,
    vectors: NDArray[np.float32],
    n_bits: int,
    draw: Callable[[np.random.Generator], NDArray[np.int64]],
    loss: Loss,
    *,
    n_steps: int,
    rate: float,
    seed: int,
    progress: Progress | None = None,
) -> Coder:
    """Return the coder whose bits are the signs of tanh(W f + b), trained to make a loss small.

    Parameters
    ----------
    method : str
    vectors : (N, D) float32
    n_bits : int
    draw : function
        Returns the rows of a batch.
    loss : Loss
    n_steps : int
    rate : float
        Of the first step; it falls to zero along half a cosine.
    seed : int
        Of the first weights and the batches.
    progress : Progress or None
    """
    rng = np.random.default_rng(seed)
    mean = vectors.mean(axis=0)
    weights = rng.standard_normal((vectors.shape[1], n_bits)).astype(np.float32)
    # Vectors of unit length would leave tanh in its linear middle, where hard triplets collapse to one point.
    deviation = np.float32(((vectors[:MAX_START] - mean) @ weights).std())
    parameters = {
        "weights": weights / (deviation or np.float32(1)),
        "biases": np.zeros(n_bits, dtype=np.float32),
    }
    adam = Adam(parameters)
    for step in range(n_steps):
        rows = draw(rng)
        centred = vectors[rows] - mean
        outputs = np.tanh(centred @ parameters["weights"] + parameters["biases"])
        _, gradient = loss(rows, outputs)
        gradient = gradient * (1 - outputs * outputs)
        adam.step({"weights": centred.T @ gradient, "biases": gradient.sum(axis=0)}, falling(rate, step, n_steps))
        if progress:
            progress(step + 1, n_steps)
    return coder_of(method, parameters["weights"], mean @ parameters["weights"] - parameters["biases"])


def falling(rate: float, step: int, n_steps: int) -> float:
    """Return the rate of a step: from the given one to zero along half a cosine."""
    return rate * 0.5 * (1 + np.cos(np.pi * step / n_steps))


def sample(vectors: NDArray[np.float32], n_bits: int, seed: int) -> NDArray[np.int64]:
    """Return the rows (at most MAX_VECTORS, ascending) to learn from, after checking that something can be learned.

    Raises
    ------
    ValueError
        If there are fewer than two vectors, a number is not finite, or n_bits is no multiple of 8.
    """
    check_bits(n_bits)
    check_vectors(vectors)
    if len(vectors) < 2:
        raise ValueError(f"codes are learned from two vectors or more, got {len(vectors)}; use lsh_coder")
    if len(vectors) <= MAX_VECTORS:
        return np.arange(len(vectors))
    return np.sort(np.random.default_rng(seed).choice(len(vectors), MAX_VECTORS, replace=False))
