"""Random views of pictures: crop, mirror, colour, erasure in one pass, then blur or JPEG artefacts for some."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit
from numpy.typing import NDArray

from lookalike.learning.corpus import Corpus
from lookalike.learning.recipe import Recipe

LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Views:
    """What to see of N pictures.

    Attributes
    ----------
    rows : (N,) int64
        Of the corpus.
    boxes : (N, 4) float32
        xyxy in pixels of the picture; x0 > x1 mirrors.
    colours : (N, 3, 4) float32
        What a colour (R, G, B, 1) is multiplied by.
    holes : (N, 4) float32
        xyxy of the erased rectangle, as shares of the view; empty where x0 >= x1.
    """

    rows: NDArray[np.int64]
    boxes: NDArray[np.float32]
    colours: NDArray[np.float32]
    holes: NDArray[np.float32]


def random_views(corpus: Corpus, rows: NDArray[np.int64], recipe: Recipe, rng: np.random.Generator) -> Views:
    """Draw what to see of pictures, as the recipe has it for their sources.

    References
    ----------
    Szegedy et al., "Going Deeper with Convolutions", CVPR 2015 (random crops of area and aspect).
    Zhong et al., "Random Erasing Data Augmentation", AAAI 2020.
    """
    sources = [recipe.sources[corpus.sources[row]] for row in rows]
    smallest = np.array([source.smallest_crop for source in sources])
    flips = np.array([source.flip for source in sources]) & (rng.random(len(rows)) < 0.5)
    colour = np.array([source.colour for source in sources])
    grey = rng.random(len(rows)) < np.array([source.grey for source in sources])
    return Views(
        rows,
        _crops(corpus.sizes[rows].astype(np.float64), smallest, flips, rng),
        _colours(colour, grey, rng),
        _holes(len(rows), recipe.erase, rng),
    )


def whole_views(corpus: Corpus, rows: NDArray[np.int64]) -> Views:
    """Return the views that show whole pictures as they are, stretched to a square."""
    n = len(rows)
    sizes = corpus.sizes[rows].astype(np.float32)
    boxes = np.concatenate([np.zeros((n, 2), np.float32), sizes[:, ::-1]], axis=1)
    plain = np.tile(np.eye(3, 4, dtype=np.float32), (n, 1, 1))
    return Views(rows, boxes, plain, np.zeros((n, 4), np.float32))


def _crops(
    sizes: NDArray[np.float64], smallest: NDArray[np.float64], flips: NDArray[np.bool_], rng: np.random.Generator
) -> NDArray[np.float32]:
    area = rng.uniform(smallest, 1.0) * sizes.prod(axis=1)
    aspect = np.exp(rng.uniform(-np.log(4 / 3), np.log(4 / 3), len(sizes)))
    heights = np.minimum(np.sqrt(area / aspect), sizes[:, 0])
    widths = np.minimum(np.sqrt(area * aspect), sizes[:, 1])
    y0 = rng.random(len(sizes)) * (sizes[:, 0] - heights)
    x0 = rng.random(len(sizes)) * (sizes[:, 1] - widths)
    boxes = np.stack([x0, y0, x0 + widths, y0 + heights], axis=1)
    boxes[flips] = boxes[flips][:, [2, 1, 0, 3]]
    return boxes.astype(np.float32)


def _colours(strength: NDArray[np.float64], grey: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.float32]:
    """Return brightness and contrast about the middle, saturation, and gains of the channels as one matrix each."""
    n = len(strength)
    saturation = np.where(grey, 0.0, 1 + strength * rng.uniform(-1, 1, n))
    contrast = 1 + strength * rng.uniform(-1, 1, n)
    gains = contrast[:, None] * (1 + strength[:, None] / 4 * rng.uniform(-1, 1, (n, 3)) * ~grey[:, None])
    mixed = saturation[:, None, None] * np.eye(3) + (1 - saturation)[:, None, None] * np.tile(LUMA, (3, 1))
    shift = 128 * (1 - contrast) + 128 * strength * rng.uniform(-1, 1, n)
    matrix = np.empty((n, 3, 4), dtype=np.float32)
    matrix[:, :, :3] = gains[:, :, None] * mixed
    matrix[:, :, 3] = shift[:, None]
    return matrix


def _holes(n: int, probability: float, rng: np.random.Generator) -> NDArray[np.float32]:
    sides = np.sqrt(rng.uniform(0.03, 0.25, (n, 1)) * np.exp(rng.uniform(-1, 1, (n, 1)) * [1, -1]))
    corners = rng.random((n, 2)) * (1 - sides)
    holes = np.concatenate([corners, corners + sides], axis=1)
    holes[rng.random(n) >= probability] = 0
    return holes.astype(np.float32)


def render(corpus: Corpus, views: Views, side: int) -> NDArray[np.uint8]:
    """Return the views as pictures (N, side, side, 3) uint8."""
    out = np.empty((len(views.rows), side, side, 3), dtype=np.uint8)
    _render(
        corpus.pixels, corpus.starts[views.rows], corpus.sizes[views.rows], views.boxes, views.colours, views.holes, out
    )
    return out


@njit(nogil=True, cache=True, fastmath=True)
def _render(pixels, starts, sizes, boxes, colours, holes, out):  # type: ignore[no-untyped-def]
    """Sample each box bilinearly, as often per pixel as it shrinks, so that nothing falls between the samples."""
    side = out.shape[1]
    for n in range(len(out)):
        height, width = sizes[n]
        image = pixels[starts[n] : starts[n] + np.int64(height) * width * 3].reshape(height, width, 3)
        x0, y0, x1, y1 = boxes[n]
        step_x, step_y = (x1 - x0) / side, (y1 - y0) / side
        times_x, times_y = max(1, int(np.ceil(abs(step_x) - 0.25))), max(1, int(np.ceil(step_y - 0.25)))
        weight = np.float32(1 / (times_x * times_y))
        m = colours[n]
        hx0, hy0, hx1, hy1 = holes[n] * side
        for i in range(side):
            for j in range(side):
                if hx0 <= j < hx1 and hy0 <= i < hy1:
                    out[n, i, j] = 124
                    continue
                r = g = b = np.float32(0)
                for a in range(times_y):
                    y = min(max(y0 + (i + (a + 0.5) / times_y) * step_y - 0.5, 0.0), height - 1.0)
                    top = min(int(y), max(height - 2, 0))
                    fy = np.float32(y - top)
                    bottom = min(top + 1, height - 1)
                    for c in range(times_x):
                        x = min(max(x0 + (j + (c + 0.5) / times_x) * step_x - 0.5, 0.0), width - 1.0)
                        left = min(int(x), max(width - 2, 0))
                        fx = np.float32(x - left)
                        right = min(left + 1, width - 1)
                        w00, w01 = (1 - fy) * (1 - fx), (1 - fy) * fx
                        w10, w11 = fy * (1 - fx), fy * fx
                        p, q, s, t = image[top, left], image[top, right], image[bottom, left], image[bottom, right]
                        r += w00 * p[0] + w01 * q[0] + w10 * s[0] + w11 * t[0]
                        g += w00 * p[1] + w01 * q[1] + w10 * s[1] + w11 * t[1]
                        b += w00 * p[2] + w01 * q[2] + w10 * s[2] + w11 * t[2]
                r, g, b = r * weight, g * weight, b * weight
                for k in range(3):
                    value = m[k, 0] * r + m[k, 1] * g + m[k, 2] * b + m[k, 3]
                    out[n, i, j, k] = np.uint8(min(max(value, 0.0), 255.0) + 0.5 if value < 254.5 else 255)


def damage(images: NDArray[np.uint8], probability: float, rng: np.random.Generator) -> None:
    """Blur some pictures (N, H, W, 3) uint8, give others JPEG artefacts; in place."""
    for n in np.nonzero(rng.random(len(images)) < probability)[0]:
        if rng.random() < 0.5:
            images[n] = cv2.GaussianBlur(images[n], (0, 0), rng.uniform(0.4, 1.2))
        else:
            _, coded = cv2.imencode(".jpg", images[n], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(20, 70))])
            images[n] = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
