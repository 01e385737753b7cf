"""Maximum pooling (MAC): the strongest response of each channel, wherever it is."""

from __future__ import annotations

from torch import Tensor


def mac(maps: Tensor) -> Tensor:
    """Return the maximum of each channel, (N, C) float32, of maps (N, C, H, W).

    References
    ----------
    Razavian, Sullivan, Carlsson, Maki, "Visual Instance Retrieval with Deep Convolutional Networks", ITE Transactions
    on Media Technology and Applications 4(3), 2016.
    """
    return maps.float().amax(dim=(2, 3))
