"""Our head: codes that keep the order of neighbours. It needs no labels, but uses them where there are some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.adam import Adam
from lookalike.codes.coder import Coder, Hidden, coder_of
from lookalike.codes.head import Progress, falling, sample
from lookalike.codes.itq import itq_coder
from lookalike.codes.selection import split_prefix

BATCH = 384
TEMPERATURE = 0.1
"""Of the float neighbourhoods: a neighbour that is 0.1 less similar counts 1/e times as much."""

KINSHIP = 0.3
"""By how much more similar vectors of one label count."""

RATE = 3e-2
"""Of Adam's first step, by default."""

SHARPNESS = 2.0
"""Slope of the tanh that stands for the sign in gradients, where outputs have a standard deviation of one."""

N_HIDDEN = 512
"""Further numbers about each vector that bits are made of; without them, 64 hyperplanes cut through neighbourhoods."""

HIDDEN_DEVIATION = 0.75
"""Of the first hidden weights."""

HIDDEN, HIDDEN_PACE = ("hidden_weights", "hidden_biases", "bends"), 0.1
"""What belongs to the hidden layer, and its rate beside that of hyperplanes: as fast as they, it learns by heart."""

PREFIX = 64
"""Bits that are learned. More of them would find more of what is like the vectors learned from, less of all else."""

N_START = 10_000
"""Vectors that the start is fitted to."""

State: TypeAlias = Mapping[str, NDArray[np.float32]]


def train_listwise(
    vectors: NDArray[np.float32],
    *,
    labels: NDArray[np.integer] | None = None,
    shares: NDArray[np.float64] | None = None,
    n_bits: int = 256,
    seed: int = 7,
    n_steps: int = 1000,
    rate: float = RATE,
    progress: Progress | None = None,
) -> Coder:
    """Learn codes in which every vector has the neighbours it has among floats, in their order.

    Starts from iterative quantization, and turns, shifts and bends its hyperplanes: within each batch, the similarities
    of a vector to all others become shares by a softmax, once of floats and once of codes, and the loss is the
    divergence of the second from the first. A layer of hidden numbers does the bending. Of longer codes the first 64
    bits are learned so, become the short code, and are split into sub-codes; the others are those of iterative
    quantization, which keep whatever the vectors tell apart.

    Parameters
    ----------
    vectors : (N, D) float32
        At least two; L2-normalized, as similarities are dot products. Of more than 50,000 as many are drawn.
    labels : (N,) int or None
        Vectors of one label count as more similar than they are.
    shares : (N,) float64 or None
        How often each is drawn into a batch, relative to the others; None means alike.
    n_bits : int
    seed : int
    n_steps : int
        Batches of 384.
    rate : float
        Of Adam's first step, for weights at which outputs have a standard deviation of one.
    progress : Progress or None

    Returns
    -------
    coder : Coder
        With an order of its bits if there are 64 or more.

    Raises
    ------
    ValueError
        If there are fewer than two vectors, a number is not finite, n_bits is no multiple of 8, or labels or shares
        are not as many as vectors.

    References
    ----------
    Cao et al., "Learning to Rank: From Pairwise Approach to Listwise Approach", ICML 2007 (the loss).
    Bengio, Léonard, Courville, "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
    Computation", 2013 (the straight-through sign).
    """
    for name, values in (("labels", labels), ("shares", shares)):
        if values is not None and values.shape != vectors.shape[:1]:
            raise ValueError(f"{len(vectors)} vectors need as many {name}, got {values.shape}; give one of each")
    rows = sample(vectors, n_bits, seed)
    vectors = vectors[rows]
    kin = None if labels is None else labels[rows]
    odds = None if shares is None else shares[rows] / shares[rows].sum()
    rng = np.random.default_rng(seed)
    mean = vectors.mean(axis=0)
    few = vectors[:: len(vectors) // N_START + 1]
    state = _start(few, mean, min(n_bits, PREFIX), rng, seed)
    hidden = Adam({name: state[name] for name in HIDDEN})
    hyperplanes = Adam({name: value for name, value in state.items() if name not in HIDDEN})
    size = min(BATCH, len(vectors) if odds is None else np.count_nonzero(odds))
    for step in range(n_steps):
        drawn = rng.choice(len(vectors), size, replace=False, p=odds)
        batch = vectors[drawn]
        similarities = batch @ batch.T
        if kin is not None:
            similarities += np.float32(KINSHIP) * (kin[drawn, None] == kin[drawn])
        gradients, pace = _gradients(state, batch - mean, similarities), falling(rate, step, n_steps)
        hyperplanes.step(gradients, pace)
        hidden.step(gradients, HIDDEN_PACE * pace)
        if progress:
            progress(step + 1, n_steps)
    weights = np.concatenate([state["weights"], state["bends"]])
    thresholds = mean @ state["weights"] + state["thresholds"]
    biases = state["hidden_biases"] - mean @ state["hidden_weights"]
    if n_bits > PREFIX:
        others = itq_coder(few, n_bits - PREFIX, seed=seed)
        weights = np.hstack([weights, np.pad(others.projection, ((0, N_HIDDEN), (0, 0)))])
        thresholds = np.concatenate([thresholds, others.thresholds])
    coder = coder_of("listwise", weights, thresholds, Hidden(state["hidden_weights"].astype(np.float16), biases))
    return coder if n_bits < PREFIX else replace(coder, order=split_prefix(coder.encode(few), PREFIX, seed=seed))


def _start(
    vectors: NDArray[np.float32], mean: NDArray[np.float32], n_bits: int, rng: np.random.Generator, seed: int
) -> State:
    weights = itq_coder(vectors, n_bits, seed=seed).projection.astype(np.float32)
    deviation = np.float32(((vectors - mean) @ weights).std())
    return {
        "weights": weights / (deviation or np.float32(1)),
        "thresholds": np.zeros(n_bits, dtype=np.float32),
        "hidden_weights": HIDDEN_DEVIATION * rng.standard_normal((len(weights), N_HIDDEN), dtype=np.float32),
        "hidden_biases": np.zeros(N_HIDDEN, dtype=np.float32),
        "bends": np.zeros((N_HIDDEN, n_bits), dtype=np.float32),
        # Codes agree by 2/pi of what vectors do, where these are nearly upright on each other.
        "log_scale": np.array(np.log(np.pi / 2 / TEMPERATURE), dtype=np.float32),
    }


def _gradients(state: State, centred: NDArray[np.float32], similarities: NDArray[np.float32]) -> State:
    """Return the gradient of the loss of a batch (n, D) with similarities (n, n) by everything that is learned."""
    hidden = np.maximum(centred @ state["hidden_weights"] + state["hidden_biases"], 0)
    outputs = centred @ state["weights"] + hidden @ state["bends"] - state["thresholds"]
    codes = np.where(outputs > 0, np.float32(1), np.float32(-1))
    closeness = similarities / np.float32(TEMPERATURE)
    _, by_codes, by_scale = listwise_loss(closeness, codes, state["log_scale"])
    # The slope of a tanh stands for that of the sign, which is zero.
    sharpness = np.float32(SHARPNESS)
    by_outputs = by_codes * sharpness * (1 - np.tanh(sharpness * outputs) ** 2)
    by_hidden = by_outputs @ state["bends"].T * (hidden > 0)
    return {
        "weights": centred.T @ by_outputs,
        "thresholds": -by_outputs.sum(axis=0),
        "hidden_weights": centred.T @ by_hidden,
        "hidden_biases": by_hidden.sum(axis=0),
        "bends": hidden.T @ by_outputs,
        "log_scale": by_scale,
    }


def listwise_loss(
    closeness: NDArray[np.float32], codes: NDArray[np.float32], log_scale: NDArray[np.float32]
) -> tuple[float, NDArray[np.float32], NDArray[np.float32]]:
    """Return how far the neighbourhoods of codes are from those of floats.

    Parameters
    ----------
    closeness : (n, n) float
        Similarities of the vectors over a temperature; the diagonal does not matter.
    codes : (n, B) float
        -1 or 1, or anything in between.
    log_scale : () float
        Logarithm of what agreements of codes, in [-1, 1], are multiplied by.

    Returns
    -------
    loss : float
        The mean over rows of the Kullback-Leibler divergence of softmax(scale agreements) from
        softmax(closeness), without the diagonal.
    by_codes : (n, B) float
        Its gradient.
    by_log_scale : () float
        Its gradient.
    """
    n, n_bits = codes.shape
    scale = np.exp(log_scale)
    agreements = codes @ codes.T / codes.dtype.type(n_bits)
    wanted = _log_shares(closeness)
    found = _log_shares(agreements * scale)
    target = np.exp(wanted)
    off = ~np.eye(n, dtype=np.bool_)
    loss = float((target[off] * (wanted[off] - found[off])).sum() / n)
    by_logits = (np.exp(found) - target) / codes.dtype.type(n)
    by_agreements = by_logits * scale
    by_codes = ((by_agreements + by_agreements.T) @ codes / n_bits).astype(codes.dtype)
    return loss, by_codes, np.asarray((by_agreements * agreements).sum(), dtype=codes.dtype)


def _log_shares(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the logarithms of the softmax of each row, the diagonal left out."""
    logits = logits.copy()
    np.fill_diagonal(logits, -np.inf)
    logits -= logits.max(axis=1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
