"""NT-Xent: each of two views of a picture finds the other among all views of the batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def nt_xent(first: Tensor, second: Tensor, temperature: float) -> Tensor:
    """Return the mean cross-entropy of views finding their partners.

    Parameters
    ----------
    first, second : (N, D) float32
        L2-normalized; row by row two views of the same picture.
    temperature : float
        What cosines are divided by, above 0.

    Returns
    -------
    loss : () float32

    References
    ----------
    Chen, Kornblith, Norouzi, Hinton, "A Simple Framework for Contrastive Learning of Visual Representations" (SimCLR),
    ICML 2020.
    """
    views = torch.cat([first, second])
    itself = torch.eye(len(views), dtype=torch.bool, device=views.device)
    logits = (views @ views.T / temperature).masked_fill(itself, -torch.inf)
    partners = torch.arange(len(views), device=views.device).roll(len(first))
    return functional.cross_entropy(logits, partners)
