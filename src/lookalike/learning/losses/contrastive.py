"""Contrastive loss: pairs of one class are drawn together, others pushed apart as far as a margin."""

from __future__ import annotations

import torch
from torch import Tensor


def contrastive(vectors: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Return the mean loss of all pairs in a batch.

    Parameters
    ----------
    vectors : (N, D) float32
        At least two.
    labels : (N,) int64
    margin : float
        Euclidean distance beyond which different things may be, above 0.

    Returns
    -------
    loss : () float32

    References
    ----------
    Hadsell, Chopra, LeCun, "Dimensionality Reduction by Learning an Invariant Mapping", CVPR 2006.
    """
    first, second = torch.triu_indices(len(vectors), len(vectors), offset=1)
    distances = (vectors[first] - vectors[second]).pow(2).sum(dim=1).clamp(min=1e-12).sqrt()
    is_same = labels[first] == labels[second]
    return torch.where(is_same, distances, (margin - distances).clamp(min=0)).pow(2).mean() / 2
