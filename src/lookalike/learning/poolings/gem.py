"""Generalized mean: between the average (p = 1) and the maximum (p to infinity), with p learned."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def gem(maps: Tensor, p: Tensor | float, smallest: float = 1e-4) -> Tensor:
    """Return the generalized mean of each channel.

    Parameters
    ----------
    maps : (N, C, H, W) float
        Not negative; values below `smallest` count as `smallest`.
    p : float or tensor of one
        Above 0.

    Returns
    -------
    pooled : (N, C) float32

    References
    ----------
    Radenović, Tolias, Chum, "Fine-Tuning CNN Image Retrieval with No Human Annotation", IEEE PAMI 2019.
    """
    powers = maps.float().clamp(min=smallest).pow(p)
    return powers.mean(dim=(2, 3)).pow(1 / p)


class GeM(nn.Module):
    """`gem` with one learned p for all channels."""

    def __init__(self, p: float = 3.0) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor(p))

    def forward(self, maps: Tensor) -> Tensor:
        return gem(maps, self.p)
