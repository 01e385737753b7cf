"""Edits that make near-copies: what happens to a picture on its way through other hands.

Each is a function of an image and a generator that returns another image; `EDITS` lists them by name.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from lookalike.types import Image

Edit = Callable[[Image, np.random.Generator], Image]
"""From an image (H, W, 3) uint8 and a generator to an image (H', W', 3) uint8."""

CAPTIONS = ("COPY", "For sale", "2019", "Greetings!", "draft", "No. 7", "Archiv", "Look at this")


def crop(image: Image, rng: np.random.Generator) -> Image:
    """Cut off up to a fifth of the height and of the width."""
    h, w = image.shape[:2]
    top, bottom = (h * rng.uniform(0.02, 0.1, 2)).astype(int)
    left, right = (w * rng.uniform(0.02, 0.1, 2)).astype(int)
    return image[top : h - bottom, left : w - right].copy()


def mirror(image: Image, rng: np.random.Generator) -> Image:
    """Swap left and right."""
    return image[:, ::-1].copy()


def rotate_quarter(image: Image, rng: np.random.Generator) -> Image:
    """Turn by one or three quarters."""
    return np.rot90(image, rng.choice([1, 3])).copy()


def rotate_slightly(image: Image, rng: np.random.Generator) -> Image:
    """Turn by 2 to 7 degrees, as a crooked scan, and fill the corners with the colour of the edge."""
    h, w = image.shape[:2]
    angle = rng.uniform(2, 7) * rng.choice([-1, 1])
    edge = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), float(angle), 1.0)
    fill = tuple(float(v) for v in np.median(edge, axis=0))
    return cv2.warpAffine(
        image, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
    ).astype(np.uint8)


def recompress(image: Image, rng: np.random.Generator) -> Image:
    """Save as a JPEG of quality 12 to 40."""
    buffer = io.BytesIO()
    PillowImage.fromarray(image).save(buffer, "JPEG", quality=int(rng.integers(12, 41)))
    with PillowImage.open(buffer) as picture:
        return np.asarray(picture.convert("RGB")).copy()


def border(image: Image, rng: np.random.Generator) -> Image:
    """Put a plain frame around it, wider below on some, as on an instant photograph."""
    side = max(1, round(min(image.shape[:2]) * rng.uniform(0.03, 0.09)))
    below = side * int(rng.choice([1, 3]))
    shade = np.array(rng.choice([(250, 248, 243), (20, 20, 22), (255, 255, 255)]), np.uint8)
    h, w = image.shape[:2]
    framed = np.empty((h + side + below, w + 2 * side, 3), np.uint8)
    framed[:] = shade
    framed[side : side + h, side : side + w] = image
    return framed


def caption(image: Image, rng: np.random.Generator) -> Image:
    """Write something across it."""
    h, w = image.shape[:2]
    picture = PillowImage.fromarray(image)
    font = ImageFont.load_default(max(8, round(min(h, w) * rng.uniform(0.09, 0.14))))
    text = str(rng.choice(CAPTIONS))
    place = (w * rng.uniform(0.04, 0.4), h * rng.choice([0.06, 0.8]))
    ImageDraw.Draw(picture).text(place, text, fill="white", font=font, stroke_width=2, stroke_fill=(30, 30, 36))
    return np.asarray(picture).copy()


def brighten(image: Image, rng: np.random.Generator) -> Image:
    """Change the brightness by a fifth to a third, up or down."""
    return _scaled(image, 1 + rng.uniform(0.2, 0.33) * rng.choice([-1, 1]), 0.0)


def contrast(image: Image, rng: np.random.Generator) -> Image:
    """Stretch or flatten the contrast about the middle grey."""
    factor = rng.choice([rng.uniform(0.6, 0.75), rng.uniform(1.3, 1.5)])
    return _scaled(image, factor, 128 * (1 - factor))


def greyscale(image: Image, rng: np.random.Generator) -> Image:
    """Take the colour out."""
    return cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB).astype(np.uint8)


def scale(image: Image, rng: np.random.Generator) -> Image:
    """Reduce to 40 to 70 per cent of its size."""
    factor = rng.uniform(0.4, 0.7)
    h, w = (max(1, round(side * factor)) for side in image.shape[:2])
    return cv2.resize(image, (w, h), interpolation=cv2.INTER_AREA).astype(np.uint8)


EDITS: dict[str, Edit] = {
    edit.__name__: edit
    for edit in (
        crop, mirror, rotate_quarter, rotate_slightly, recompress, border,
        caption, brighten, contrast, greyscale, scale,
    )
}  # fmt: skip


def _scaled(image: Image, factor: float, offset: float) -> Image:
    return np.clip(image.astype(np.float32) * np.float32(factor) + np.float32(offset), 0, 255).astype(np.uint8)
