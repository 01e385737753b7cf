"""The perceptual hash: near-copies share it, other pictures do not."""

import cv2
import numpy as np

from lookalike.codes.perceptual import perceptual_hash
from lookalike.ranking.copies import COPY_DISTANCE


def scene(seed: int) -> np.ndarray:
    """Soft blobs, as photographs have them."""
    noise = np.random.default_rng(seed).integers(0, 256, size=(6, 8, 3), dtype=np.uint8)
    return cv2.resize(noise, (320, 240), interpolation=cv2.INTER_CUBIC)


def distance(first: np.ndarray, second: np.ndarray) -> int:
    codes = perceptual_hash([first, second])
    return int(np.bitwise_count(codes[0] ^ codes[1]).sum())


def test_no_pictures_have_no_hashes() -> None:
    assert perceptual_hash([]).shape == (0, 8)


def test_near_copies_are_close() -> None:
    picture = scene(7)
    smaller = cv2.resize(picture, (160, 120), interpolation=cv2.INTER_AREA)
    _, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 30])
    brighter = np.clip(picture.astype(np.int16) + 20, 0, 255).astype(np.uint8)
    for copy in (smaller, cv2.imdecode(jpeg, cv2.IMREAD_COLOR), brighter):
        assert distance(picture, copy) <= COPY_DISTANCE


def test_different_pictures_are_far() -> None:
    distances = [distance(scene(7), scene(seed)) for seed in range(8, 40)]
    assert min(distances) > 2 * COPY_DISTANCE


def test_one_pixel_and_flat_pictures_have_a_hash() -> None:
    assert perceptual_hash([np.zeros((1, 1, 3), np.uint8), np.full((9, 9, 3), 200, np.uint8)]).shape == (2, 8)
