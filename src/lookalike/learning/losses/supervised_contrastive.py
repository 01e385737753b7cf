"""Supervised contrastive loss: a vector tells those of its own label from all others of the batch."""

from __future__ import annotations

import torch
from torch import Tensor


def supervised_contrastive(vectors: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Return the mean loss of each vector with all of its label.

    Parameters
    ----------
    vectors : (N, D) float32
        L2-normalized.
    labels : (N,) int64
        Vectors that are alone with their label do not count.
    temperature : float
        What cosines are divided by, above 0.

    Returns
    -------
    loss : () float32
        0 if no vector counts.

    References
    ----------
    Khosla et al., "Supervised Contrastive Learning", NeurIPS 2020 (the sum over likes outside the logarithm).
    """
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    is_like = (labels[:, None] == labels[None]) & ~itself
    n_likes = is_like.sum(dim=1)
    logits = (vectors @ vectors.T / temperature).masked_fill(itself, -torch.inf)
    unlikely = torch.logsumexp(logits, dim=1, keepdim=True) - logits
    losses = unlikely.masked_fill(~is_like, 0).sum(dim=1) / n_likes.clamp(min=1)
    return losses.sum() / (n_likes > 0).sum().clamp(min=1)
