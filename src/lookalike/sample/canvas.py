"""Painting: fills with gradients, rounded form, clipping, lines and lettering on a surface of premultiplied RGBA.

Surfaces are drawn at `OVERSAMPLING` times the size of the picture and reduced at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from lookalike.sample.colours import SHADE, WARM_LIGHT, Colour
from lookalike.sample.outlines import Points, at, rectangle, ribbon, turned

OVERSAMPLING = 2

Surface = NDArray[np.uint8]
"""(H, W, 4) uint8, RGB premultiplied by the alpha in the last channel."""


Coverage = NDArray[np.uint8]
"""(H, W) uint8, 255 where something covers a pixel wholly."""

_Window = tuple[int, int, int, int]
"""xyxy in whole pixels of a surface, end-exclusive."""


@dataclass(frozen=True)
class Gradient:
    """Colours that change evenly along a line from `start` to `end`, in unit space."""

    start: tuple[float, float]
    end: tuple[float, float]
    colours: tuple[Colour, ...]


@dataclass(frozen=True)
class Glow:
    """Colours that change evenly with the distance from a centre, up to `radius`, in unit space."""

    centre: tuple[float, float]
    radius: float
    colours: tuple[Colour, ...]


Paint = Colour | Gradient | Glow


@dataclass(frozen=True)
class Lettering:
    """A word as it was painted: its string, and its corners (4, 2) in pixels of the surface."""

    text: str
    corners: Points


class Pen:
    """Draws outlines given in unit space onto a surface.

    Parameters
    ----------
    surface : (H, W, 4) uint8
        Painted in place.
    matrix : (2, 3) float64
        From unit space to pixels of the surface.
    light : (2,) float64
        Unit vector in the picture towards the light.
    wobble : (2, 3) float64
        Amplitude, frequency and phase of a gentle wave in x and in y that takes the ruler out of the drawing.
    """

    def __init__(
        self, surface: Surface, matrix: ArrayLike, light: ArrayLike, wobble: ArrayLike = ((0, 1, 0), (0, 1, 0))
    ) -> None:
        self.surface = surface
        self.matrix = np.asarray(matrix, dtype=np.float64)
        self.light = np.asarray(light, dtype=np.float64)
        self.wobble = np.asarray(wobble, dtype=np.float64)
        self.lettering: list[Lettering] = []
        self._clip: Coverage | None = None

    @property
    def scale(self) -> float:
        """Pixels of the surface per unit."""
        return float(np.sqrt(abs(np.linalg.det(self.matrix[:, :2]))))

    def to_pixels(self, points: ArrayLike) -> Points:
        """Return where points (N, 2) of unit space lie on the surface."""
        p = np.asarray(points, dtype=np.float64)
        (ax, fx, px), (ay, fy, py) = self.wobble
        wavy = p + np.stack([ax * np.sin(fx * p[:, 1] + px), ay * np.sin(fy * p[:, 0] + py)], axis=1)
        return wavy @ self.matrix[:, :2].T + self.matrix[:, 2]

    def fill(self, outline: ArrayLike, paint: Paint, *, form: float = 0.0, opacity: float = 1.0) -> None:
        """Fill a closed outline.

        Parameters
        ----------
        outline : (N, 2)
        paint : colour, Gradient or Glow
        form : float
            0 is flat; towards 1 the shape swells, lit from the light's side and in shade on the other.
        opacity : float
            In [0, 1].
        """
        pixels = self.to_pixels(_dense(np.asarray(outline, dtype=np.float64)))
        window = _window_of(pixels, self.surface.shape)
        if window is None:
            return
        x0, y0, x1, y1 = window
        polygon = _fixed_point(pixels - (x0, y0))
        if form == 0 and isinstance(paint, np.ndarray):
            self._fill_flat(window, polygon, paint, opacity)
            return
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(mask, [polygon], (255,), cv2.LINE_AA, 4)
        colours = self._colours(paint, window)
        if form:
            colours = _formed(colours, mask, self.light, form)
        self._lay(window, mask, colours, opacity)

    def stroke(self, line: ArrayLike, width: float | tuple[float, ...], paint: Paint, *, opacity: float = 1.0) -> None:
        """Draw an open line; several widths make it swell and taper. A loop closes itself by repeating a point."""
        self.fill(ribbon(line, width), paint, opacity=opacity)

    @contextmanager
    def inside(self, outline: ArrayLike) -> Iterator[None]:
        """Keep what is painted meanwhile inside an outline."""
        mask = np.zeros(self.surface.shape[:2], np.uint8)
        polygon = _fixed_point(self.to_pixels(_dense(np.asarray(outline, dtype=np.float64))))
        cv2.fillPoly(mask, [polygon], (255,), cv2.LINE_AA, 4)
        before = self._clip
        self._clip = mask if before is None else _bytes(cv2.multiply(mask, before, scale=1 / 255))
        try:
            yield
        finally:
            self._clip = before

    def write(
        self,
        text: str,
        centre: tuple[float, float],
        height: float,
        colour: Colour,
        *,
        weight: float = 0.0,
        angle: float = 0.0,
        width: float | None = None,
    ) -> None:
        """Write a word `height` high around a centre; it can be read from left to right on a mirrored thing too.

        Parameters
        ----------
        weight : float
            Thickness added to the letters, as a part of their height.
        angle : float
            Radians, clockwise.
        width : float or None
            Largest width, in units; a longer word becomes smaller.
        """
        glyphs = _glyphs(text, weight)
        size = height / glyphs.shape[0]
        if width is not None:
            size = min(size, width / glyphs.shape[1])
        mirror = np.sign(np.linalg.det(self.matrix[:, :2]))
        half_width, half_height = glyphs.shape[1] * size / 2 * mirror, glyphs.shape[0] * size / 2
        box = rectangle(-half_width, -half_height, half_width, half_height)
        corners = at(centre, turned(box, angle, (0, 0))) @ self.matrix[:, :2].T + self.matrix[:, 2]
        window = _window_of(corners, self.surface.shape)
        if window is None:
            return
        glyphs = _reduced(glyphs, size * self.scale)
        h, w = glyphs.shape
        source = np.array([(0, 0), (w, 0), (w, h)], np.float32)
        to_window = cv2.getAffineTransform(source - 0.5, (corners[:3] - window[:2] - 0.5).astype(np.float32))
        extent = (window[2] - window[0], window[3] - window[1])
        mask = _bytes(cv2.warpAffine(glyphs, to_window, extent, flags=cv2.INTER_LINEAR))
        self._lay(window, mask, self._colours(colour, window), 1.0)
        self.lettering.append(Lettering(text, corners))

    def _fill_flat(self, window: _Window, polygon: NDArray[np.int32], colour: Colour, opacity: float) -> None:
        """Fill with one colour, the short way: OpenCV draws, and only what is translucent or clipped is blended."""
        x0, y0, x1, y1 = window
        view = self.surface[y0:y1, x0:x1]
        painted = np.ascontiguousarray(view)
        before = painted if opacity == 1 and self._clip is None else painted.copy()
        cv2.fillPoly(painted, [polygon], (*(float(c) for c in colour), 255.0), cv2.LINE_AA, 4)
        if self._clip is not None:
            over = self._clip[y0:y1, x0:x1].astype(np.float32) * np.float32(opacity / 255)
            painted = _bytes(cv2.blendLinear(painted, before, over, 1 - over))
        elif opacity < 1:
            painted = _bytes(cv2.addWeighted(painted, opacity, before, 1 - opacity, 0))
        view[:] = painted

    def _lay(self, window: _Window, mask: Coverage, colours: NDArray[np.uint8], opacity: float) -> None:
        """Blend colours (h, w, 3) into a window where the mask (h, w) and the clip let them."""
        x0, y0, x1, y1 = window
        if self._clip is not None:
            mask = _bytes(cv2.multiply(mask, self._clip[y0:y1, x0:x1], scale=1 / 255))
        over = mask.astype(np.float32) * np.float32(opacity / 255)
        paint = cv2.merge([*cv2.split(colours), np.full(mask.shape, 255, np.uint8)])
        view = self.surface[y0:y1, x0:x1]
        view[:] = cv2.blendLinear(paint, np.ascontiguousarray(view), over, 1 - over)

    def _colours(self, paint: Paint, window: _Window) -> NDArray[np.uint8]:
        x0, y0, x1, y1 = window
        if isinstance(paint, np.ndarray):
            flat = np.empty((y1 - y0, x1 - x0, 3), np.uint8)
            flat[:] = np.clip(paint, 0, 255).astype(np.uint8)
            return flat
        xs, ys = np.arange(x0, x1, dtype=np.float32), np.arange(y0, y1, dtype=np.float32)
        if isinstance(paint, Gradient):
            (ax, ay), (bx, by) = np.array([paint.start, paint.end]) @ self.matrix[:, :2].T + self.matrix[:, 2]
            length = max((bx - ax) ** 2 + (by - ay) ** 2, 1e-9)
            part = ((xs - ax) * (bx - ax) / length)[None] + ((ys - ay) * (by - ay) / length)[:, None]
        else:
            cx, cy = np.asarray(paint.centre) @ self.matrix[:, :2].T + self.matrix[:, 2]
            part = cv2.magnitude(*np.broadcast_arrays((xs - cx)[None], (ys - cy)[:, None])) / (
                paint.radius * self.scale
            )
        return _ramp(part.astype(np.float32), paint.colours)


def _ramp(part: NDArray[np.float32], colours: tuple[Colour, ...]) -> NDArray[np.uint8]:
    """Look colours up along [0, 1] in a table of 256 steps."""
    stops = np.linspace(0, 255, len(colours))
    table = np.stack([np.interp(np.arange(256), stops, [c[i] for c in colours]) for i in range(3)], axis=1)
    table = np.clip(table, 0, 255).astype(np.uint8)
    steps = cv2.convertScaleAbs(np.maximum(part, 0), alpha=255)
    return _bytes(cv2.LUT(cv2.merge([steps] * 3), table.reshape(256, 1, 3)))


def _fixed_point(pixels: Points) -> NDArray[np.int32]:
    """Return points as OpenCV wants them: in sixteenths, from the middle of the first pixel."""
    return np.round((pixels - 0.5) * 16).astype(np.int32)


def _dense(outline: Points, step: float = 0.06) -> Points:
    """Divide long edges, so that the wave of a pen bends them too."""
    edges = np.roll(outline, -1, axis=0) - outline
    parts = np.clip(np.ceil(np.abs(edges).max(axis=1) / step), 1, 40).astype(int)
    if parts.max() == 1:
        return outline
    start = np.repeat(np.arange(len(outline)), parts)
    within = np.concatenate([np.arange(n) / n for n in parts])
    return outline[start] + edges[start] * within[:, None]


def _window_of(pixels: Points, shape: tuple[int, ...]) -> _Window | None:
    """Return the whole-pixel box xyxy of the points on a surface, or None if they lie off it."""
    x0, y0 = np.maximum(np.floor(pixels.min(axis=0)).astype(int) - 1, 0)
    x1, y1 = np.minimum(np.ceil(pixels.max(axis=0)).astype(int) + 2, (shape[1], shape[0]))
    return (int(x0), int(y0), int(x1), int(y1)) if x0 < x1 and y0 < y1 else None


def _formed(
    colours: NDArray[np.uint8], mask: NDArray[np.uint8], light: NDArray[np.float64], form: float
) -> NDArray[np.uint8]:
    """Shade a shape as if it swelled towards the viewer: its blurred mask is a height, the slope meets the light."""
    h, w = mask.shape
    reduction = max(1.0, max(h, w) / 72)
    small = (max(4, round(w / reduction)), max(4, round(h / reduction)))
    sigma = 0.16 * min(small) + 0.6
    height = cv2.copyMakeBorder(cv2.resize(mask, small, interpolation=cv2.INTER_AREA), 8, 8, 8, 8, cv2.BORDER_CONSTANT)
    height = cv2.GaussianBlur(height.astype(np.float32) / 255, (0, 0), sigma)
    slope_x, slope_y = cv2.Sobel(height, -1, 1, 0, scale=1 / 8), cv2.Sobel(height, -1, 0, 1, scale=1 / 8)
    facing = (-(slope_x * float(light[0]) + slope_y * float(light[1])) * sigma * 2.4)[8:-8, 8:-8]
    facing = cv2.resize(np.clip(facing, -1, 1) * form, (w, h), interpolation=cv2.INTER_CUBIC)
    lit, shaded = np.clip(facing * 0.62, 0, 1), np.clip(-facing, 0, 1)
    tint = np.empty_like(colours)
    tint[:] = WARM_LIGHT.astype(np.uint8)
    bright = cv2.blendLinear(tint, colours, lit, 1 - lit)
    return _bytes(cv2.multiply(bright, cv2.merge([1 - shaded * (1 - s) for s in SHADE.tolist()]), dtype=cv2.CV_8U))


def _bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Say of what OpenCV returns that it is (..., uint8), without a copy."""
    return array.astype(np.uint8, copy=False)


def _reduced(glyphs: Coverage, factor: float) -> Coverage:
    """Return letters reduced without jagged edges; they are never enlarged here."""
    if factor >= 1:
        return glyphs
    h, w = (max(1, round(side * factor)) for side in glyphs.shape)
    return _bytes(cv2.resize(glyphs, (w, h), interpolation=cv2.INTER_AREA))


@lru_cache(maxsize=256)
def _glyphs(text: str, weight: float) -> NDArray[np.uint8]:
    """Return a word as coverage (H, W), trimmed, with letters about 120 pixels high."""
    font = ImageFont.load_default(160)
    thickness = round(weight * 120)
    left, top, right, bottom = (round(v) for v in font.getbbox(text, stroke_width=thickness))
    picture = PillowImage.new("L", (right - left + 20, bottom - top + 20))
    ImageDraw.Draw(picture).text((10 - left, 10 - top), text, fill=255, font=font, stroke_width=thickness)
    return np.asarray(picture.crop(picture.getbbox())).copy()
