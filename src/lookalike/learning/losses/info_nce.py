"""InfoNCE: a query tells its own key from those of all others."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def info_nce(queries: Tensor, keys: Tensor, temperature: float) -> Tensor:
    """Return the mean cross-entropy of queries finding their keys.

    Parameters
    ----------
    queries, keys : (N, D) float32
        L2-normalized; row by row two views of the same thing.
    temperature : float
        What cosines are divided by, above 0.

    Returns
    -------
    loss : () float32

    References
    ----------
    van den Oord, Li, Vinyals, "Representation Learning with Contrastive Predictive Coding", arXiv:1807.03748, 2018.
    """
    own = torch.arange(len(queries), device=queries.device)
    return functional.cross_entropy(queries @ keys.T / temperature, own)
