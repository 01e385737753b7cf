"""A 64-bit perceptual hash that survives recompression, scaling and mild colour changes: near-copies share it."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from lookalike.types import Image


def perceptual_hash(images: Sequence[Image]) -> NDArray[np.uint8]:
    """Return the signs of low frequencies of lightness.

    Parameters
    ----------
    images : N of (H, W, 3) uint8

    Returns
    -------
    codes : (N, 8) uint8
        Packed bits.

    References
    ----------
    Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010.
    """
    codes = np.zeros((len(images), 8), dtype=np.uint8)
    for code, image in zip(codes, images, strict=True):
        grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (32, 32), interpolation=cv2.INTER_AREA)
        low = cv2.dct(grey.astype(np.float32))[:8, :8].ravel()
        code[:] = np.packbits(low > np.median(low[1:]))
    return codes
