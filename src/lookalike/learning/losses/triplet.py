"""Triplet loss: an anchor is nearer to what is like it than to what is not, by a margin."""

from __future__ import annotations

import torch
from torch import Tensor


def triplet(anchors: Tensor, positives: Tensor, negatives: Tensor, margin: float) -> Tensor:
    """Return the mean loss of given triplets, by squared distances.

    Parameters
    ----------
    anchors, positives, negatives : (N, D) float32
        L2-normalized.
    margin : float
        Of squared Euclidean distances, at least 0.

    Returns
    -------
    loss : () float32

    References
    ----------
    Schroff, Kalenichenko, Philbin, "FaceNet: A Unified Embedding for Face Recognition and Clustering", CVPR 2015.
    """
    near = (anchors - positives).pow(2).sum(dim=1)
    far = (anchors - negatives).pow(2).sum(dim=1)
    return (near - far + margin).clamp(min=0).mean()


def batch_hard_triplet(vectors: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Return the mean loss of each vector with its farthest like and its nearest unlike in the batch.

    Parameters
    ----------
    vectors : (N, D) float32
    labels : (N,) int64
        Vectors without a like or without an unlike do not count.
    margin : float
        Of Euclidean distances, at least 0.

    Returns
    -------
    loss : () float32
        0 if no vector counts.

    References
    ----------
    Hermans, Beyer, Leibe, "In Defense of the Triplet Loss for Person Re-Identification", arXiv:1703.07737, 2017.
    """
    squares = (vectors[:, None] - vectors[None]).pow(2).sum(dim=2)
    distances = squares.clamp(min=1e-12).sqrt()
    is_same = labels[:, None] == labels[None]
    is_like = is_same & ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    counts = is_like.any(dim=1) & ~is_same.all(dim=1)
    farthest = distances.masked_fill(~is_like, -torch.inf).amax(dim=1)[counts]
    nearest = distances.masked_fill(is_same, torch.inf).amin(dim=1)[counts]
    return (farthest - nearest + margin).clamp(min=0).sum() / counts.sum().clamp(min=1)
