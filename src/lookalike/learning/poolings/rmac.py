"""Regional maximum pooling (R-MAC): maxima of squares of several sizes, each of length one, summed."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional

from lookalike.learning.poolings.mac import mac

OVERLAP = 0.4
"""How much of neighbouring squares is to be shared."""


def rmac(maps: Tensor, n_scales: int = 3) -> Tensor:
    """Return the sum of the L2-normalized maxima of squares.

    Parameters
    ----------
    maps : (N, C, H, W) float
    n_scales : int
        The squares of scale l have 2 / (l + 1) of the shorter side; at least 1.

    Returns
    -------
    pooled : (N, C) float32
        L2-normalized.

    References
    ----------
    Tolias, Sicre, Jégou, "Particular Object Retrieval with Integral Max-Pooling of CNN Activations", ICLR 2016.

    Notes
    -----
    Differs from the paper: regions are not whitened.
    """
    total = torch.zeros(maps.shape[:2], device=maps.device)
    for top, left, side in squares(maps.shape[2], maps.shape[3], n_scales):
        total = total + functional.normalize(mac(maps[:, :, top : top + side, left : left + side]), dim=1)
    return functional.normalize(total, dim=1)


def squares(height: int, width: int, n_scales: int) -> Iterator[tuple[int, int, int]]:
    """Yield (top, left, side) of the squares that cover a map, large ones first."""
    shorter, longer = min(height, width), max(height, width)
    more = 0 if shorter == longer else _n_along(shorter, longer) - 1
    for scale in range(1, n_scales + 1):
        side = max(1, 2 * shorter // (scale + 1))
        for top in _starts(height - side, scale + (more if height > width else 0)):
            for left in _starts(width - side, scale + (more if width > height else 0)):
                yield top, left, side


def _n_along(shorter: int, longer: int) -> int:
    """Return how many of the largest squares, 2 to 7, share `OVERLAP` of their sides with the next, or nearly so."""
    return min(range(2, 8), key=lambda n: abs(1 - (longer - shorter) / (n - 1) / shorter - OVERLAP))


def _starts(last: int, n: int) -> list[int]:
    return [last * i // (n - 1) for i in range(n)] if n > 1 else [last // 2]
