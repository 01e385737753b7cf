"""The head of ElasticHash: codes that tell classes apart, learned from labels."""

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.adam import Adam
from lookalike.codes.coder import Coder
from lookalike.codes.head import Progress, sample, train_head

BATCH = 128
PER_CLASS = 4
"""Vectors of each class in a batch."""
CLASS_WEIGHT, TRIPLET_WEIGHT, MARGIN = 1.0, 5.0, 2.0


def train_elastichash(
    vectors: NDArray[np.float32],
    labels: NDArray[np.integer],
    n_bits: int = 256,
    *,
    seed: int = 7,
    n_steps: int = 2000,
    rate: float = 1e-3,
    progress: Progress | None = None,
) -> Coder:
    """Learn a layer with tanh by classes and hard triplets.

    The loss is that of a classifier on the layer (softmax cross-entropy) and 5 times the mean, over the vectors of a
    batch, of max(d(anchor, positive) - d(anchor, negative) + 2, 0): Euclidean distances to the farthest vector of the
    same class and to the nearest of another one. Batches of 128 have as many classes as they can, drawn uniformly.

    Parameters
    ----------
    vectors : (N, D) float32
    labels : (N,) int
        Two classes with two vectors each, at least. Classes with one vector are not used.
    n_bits : int
    seed : int
    n_steps : int
    rate : float
        Of Adam's first step.
    progress : Progress or None

    Raises
    ------
    ValueError
        If labels are too few or not as many as vectors, a number is not finite, or n_bits is no multiple of 8.

    References
    ----------
    Korfhage, Mühling, Freisleben, "ElasticHash: Semantic Image Similarity Search by Deep Hashing with Elasticsearch",
    CAIP 2021.

    Notes
    -----
    Differs from the paper: the network below the layer is frozen.
    """
    if labels.shape != vectors.shape[:1]:
        raise ValueError(f"{len(vectors)} vectors need as many labels, got {labels.shape}")
    rows = sample(vectors, n_bits, seed)
    vectors, classes = vectors[rows], np.unique(labels[rows], return_inverse=True)[1]
    members = [np.flatnonzero(classes == number) for number in range(classes.max() + 1)]
    members = [group for group in members if len(group) > 1]
    if len(members) < 2:
        raise ValueError(f"triplets need two classes with two vectors each, got {len(members)}; learn without labels")
    classifier = Classifier(n_bits, int(classes.max()) + 1, rate, seed)

    def draw(rng: np.random.Generator) -> NDArray[np.int64]:
        chosen = rng.choice(len(members), min(BATCH // PER_CLASS, len(members)), replace=False)
        return np.concatenate([rng.permutation(members[number])[:PER_CLASS] for number in chosen])

    def loss(rows: NDArray[np.int64], outputs: NDArray[np.float32]) -> tuple[float, NDArray[np.float32]]:
        class_loss, by_class = classifier.improve(outputs, classes[rows])
        triplet_loss, by_triplet = hard_triplet_loss(outputs, classes[rows])
        return (
            CLASS_WEIGHT * class_loss + TRIPLET_WEIGHT * triplet_loss,
            CLASS_WEIGHT * by_class + TRIPLET_WEIGHT * by_triplet,
        )

    return train_head(
        "elastichash", vectors, n_bits, draw, loss, n_steps=n_steps, rate=rate, seed=seed, progress=progress
    )


class Classifier:
    """The linear classifier above the layer, which is needed while training only."""

    def __init__(self, n_bits: int, n_classes: int, rate: float, seed: int) -> None:
        self.parameters = {
            "weights": (np.random.default_rng(seed).standard_normal((n_bits, n_classes)) / n_bits).astype(np.float32),
            "biases": np.zeros(n_classes, dtype=np.float32),
        }
        self._adam = Adam(self.parameters)
        self._rate = rate

    def improve(self, outputs: NDArray[np.float32], classes: NDArray[np.integer]) -> tuple[float, NDArray[np.float32]]:
        """Return the cross-entropy of a batch and its gradient (n, B) by the outputs, and learn from it."""
        weights = self.parameters["weights"]
        logits = outputs @ weights + self.parameters["biases"]
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        own = np.arange(len(classes)), classes
        value = -float(logits[own].mean())
        by_logits = np.exp(logits)
        by_logits[own] -= 1
        by_logits /= len(classes)
        by_outputs = by_logits @ weights.T
        self._adam.step({"weights": outputs.T @ by_logits, "biases": by_logits.sum(axis=0)}, self._rate)
        return value, by_outputs


def hard_triplet_loss(
    outputs: NDArray[np.float32], classes: NDArray[np.integer], margin: float = MARGIN
) -> tuple[float, NDArray[np.float32]]:
    """Return the mean loss of the hardest triplet of every anchor, and its gradient (n, B) by the outputs (n, B).

    Every class (n,) needs two outputs, and there are two classes.

    References
    ----------
    Hermans, Beyer, Leibe, "In Defense of the Triplet Loss for Person Re-Identification", 2017 ("batch hard").
    """
    anchors = np.arange(len(outputs))
    squares = (outputs * outputs).sum(axis=1)
    distances = np.sqrt(np.maximum(squares[:, None] + squares - 2 * outputs @ outputs.T, 1e-12))
    is_same = classes[:, None] == classes
    is_positive = is_same & ~np.eye(len(outputs), dtype=np.bool_)
    positives = np.where(is_positive, distances, -np.inf).argmax(axis=1)
    negatives = np.where(is_same, np.inf, distances).argmin(axis=1)
    losses = np.maximum(distances[anchors, positives] - distances[anchors, negatives] + margin, 0)
    gradient = np.zeros_like(outputs)
    active = (losses > 0).astype(outputs.dtype) / len(outputs)
    for others, sign in ((positives, 1), (negatives, -1)):
        scale = sign * active / distances[anchors, others]
        pulls = scale[:, None] * (outputs - outputs[others])
        gradient += pulls
        np.subtract.at(gradient, others, pulls)
    return float(losses.mean()), gradient
