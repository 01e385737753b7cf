"""Average pooling (SPoC): each place of a map counts alike."""

from __future__ import annotations

from torch import Tensor


def spoc(maps: Tensor) -> Tensor:
    """Return the average of each channel, (N, C) float32, of maps (N, C, H, W).

    References
    ----------
    Babenko, Lempitsky, "Aggregating Deep Convolutional Features for Image Retrieval", ICCV 2015.

    Notes
    -----
    Differs from the paper: no centre prior, no whitening.
    """
    return maps.float().mean(dim=(2, 3))
