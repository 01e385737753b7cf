"""Classification by cosine: a vector is drawn to the proxy of its class and away from all others."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


def cosine_softmax(vectors: Tensor, labels: Tensor, proxies: Tensor, scale: Tensor | float, smoothing: float) -> Tensor:
    """Return the cross-entropy of scaled cosines.

    Parameters
    ----------
    vectors : (N, D) float32
        L2-normalized.
    labels : (N,) int64
    proxies : (C, D) float32
        One of each class, of any length.
    scale : float or tensor of one
        What cosines are multiplied by.
    smoothing : float
        Probability that a label gives to all classes alike, in [0, 1).

    Returns
    -------
    losses : (N,) float32

    References
    ----------
    Zhai, Wu, "Classification is a Strong Baseline for Deep Metric Learning", BMVC 2019.
    Wang et al., "NormFace: L2 Hypersphere Embedding for Face Verification", ACM Multimedia 2017.
    """
    logits = scale * vectors @ functional.normalize(proxies, dim=1).T
    return functional.cross_entropy(logits, labels, label_smoothing=smoothing, reduction="none")


class CosineSoftmax(nn.Module):
    """`cosine_softmax` with its proxies and its scale learned.

    Parameters
    ----------
    n_classes, n_dims : int
    scale : float
        To start from.
    smoothing : float
    """

    def __init__(self, n_classes: int, n_dims: int, scale: float, smoothing: float) -> None:
        super().__init__()
        self.proxies = nn.Parameter(functional.normalize(torch.randn(n_classes, n_dims), dim=1))
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)))
        self._smoothing = smoothing

    def forward(self, vectors: Tensor, labels: Tensor) -> Tensor:
        return cosine_softmax(vectors, labels, self.proxies, self.log_scale.exp(), self._smoothing)
