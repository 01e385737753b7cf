"""A stage: one picture while it is composed, layer upon layer, with light, shadows and the truth about what is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from lookalike.sample.canvas import OVERSAMPLING, Coverage, Lettering, Pen, Surface
from lookalike.sample.colours import Palette
from lookalike.sample.manifest import Attributes, Box, Instance, RunLengths, Word
from lookalike.types import Image

Draw = Callable[[Pen, np.random.Generator], str]
"""Draws a thing in unit space and returns the name of its main colour."""

COARSE = 4
"""Shadows are soft: they are made from every fourth pixel."""

LEAST_VISIBLE = 30
"""Pixels; what shows less of itself is not in the truth."""


@dataclass(frozen=True)
class Picture:
    """A drawn picture and what is in it.

    Attributes
    ----------
    image : (H, W, 3) uint8
        RGB.
    alpha : (H, W) uint8 or None
        Where a picture without a background is opaque; None for a picture that is opaque everywhere.
    """

    kind: str
    image: Image
    alpha: NDArray[np.uint8] | None
    instances: tuple[Instance, ...]
    words: tuple[Word, ...]
    attributes: Attributes


@dataclass
class _Cast:
    """Something on the stage: its kind, attributes, full area in pixels and visible coverage (H, W) uint8."""

    kind: str
    attributes: dict[str, str | float]
    area: int
    visible: NDArray[np.uint8]


class Stage:
    """Where a picture is composed, back to front.

    Its unit space has y from 0 at the top to 1 at the bottom and x from 0 to `width`.

    Parameters
    ----------
    size : (height, width)
        Of the picture, in pixels.
    palette : Palette
    rng : Generator
        Chooses the light.
    """

    def __init__(self, size: tuple[int, int], palette: Palette, rng: np.random.Generator) -> None:
        self.size = size
        self.width = size[1] / size[0]
        self.palette = palette
        angle = rng.uniform(0.15, 0.85) * np.pi / 2
        side = rng.choice([-1, 1])
        self.light = np.array([side * np.cos(angle), -np.sin(angle)])
        self.surface = self._blank()
        self._casts: list[_Cast] = []
        self._lettering: list[Lettering] = []

    def pen(self) -> Pen:
        """Return a pen for the backdrop, which is in no instance's mask."""
        return self._pen(self.surface)

    def region(self, kind: str, draw: Callable[[Pen], str]) -> None:
        """Draw an instance in the stage's own unit space, such as a range of hills."""
        layer = self._blank()
        pen = self._pen(layer)
        main_colour = draw(pen)
        self._compose(kind, {"main_colour": main_colour}, layer)
        self._lettering += pen.lettering

    def put(
        self,
        kind: str,
        draw: Draw,
        rng: np.random.Generator,
        *,
        at: tuple[float, float],
        height: float,
        stretch: float = 1.0,
        angle: float = 0.0,
        facing: int = 1,
        shadow: str = "none",
    ) -> None:
        """Draw a thing so that it stands on a point of the stage.

        Parameters
        ----------
        at : (x, y)
            Where the middle of its base is, in the stage's unit space.
        height : float
            Of one unit of the thing, as a part of the picture's height.
        stretch : float
            Width relative to the drawn proportions.
        angle : float
            Radians, clockwise, about its middle.
        facing : int
            -1 mirrors it.
        shadow : str
            ``"ground"`` falls on what it stands on, ``"wall"`` on what is behind it, ``"none"`` nowhere.
        """
        layer = self._blank()
        pen = Pen(layer, self._placed(at, height, stretch, angle, facing), self.light, _wobble(rng))
        main_colour = draw(pen, rng)
        base = at[1] * self.surface.shape[0]
        if shadow != "none":
            self._shade(layer[..., 3], base, height * self.surface.shape[0], shadow)
        way = "left" if facing < 0 else "right"
        attributes: dict[str, str | float] = {"main_colour": main_colour, "facing": way}
        attributes["angle"] = round(float(np.degrees(angle)), 1)
        self._compose(kind, attributes, layer)
        self._lettering += pen.lettering

    def finish(self, kind: str, rng: np.random.Generator, attributes: Attributes) -> Picture:
        """Reduce to the picture's size, lay glaze and grain over it, and tell the truth about it."""
        h, w = self.size
        reduced = cv2.resize(self.surface, (w, h), interpolation=cv2.INTER_AREA).astype(np.uint8)
        alpha = None if reduced[..., 3].min() == 255 else reduced[..., 3].copy()
        colours = reduced[..., :3].astype(np.float32)
        if alpha is not None:
            colours += (255 - alpha[..., None].astype(np.float32)) * np.float32(0.965)
        image = _finished(colours, self.palette, self.light, rng)
        instances = [_instance(cast) for cast in self._casts]
        words = [self._word(each) for each in self._lettering]
        light = "left" if self.light[0] < 0 else "right"
        return Picture(
            kind,
            image,
            alpha,
            tuple(each for each in instances if each is not None),
            tuple(each for each in words if each is not None),
            {"palette": self.palette.name, "light": light, **attributes},
        )

    def _blank(self) -> Surface:
        return np.zeros((self.size[0] * OVERSAMPLING, self.size[1] * OVERSAMPLING, 4), np.uint8)

    def _pen(self, surface: Surface) -> Pen:
        scale = surface.shape[0]
        return Pen(surface, [[scale, 0, 0], [0, scale, 0]], self.light)

    def _placed(
        self, at: tuple[float, float], height: float, stretch: float, angle: float, facing: int
    ) -> NDArray[np.float64]:
        """Return the matrix (2, 3) from a thing's unit space to the surface, turned about its middle (0, -0.5)."""
        scale = height * self.surface.shape[0]
        c, s = np.cos(angle), np.sin(angle)
        turn = np.array([(c, -s), (s, c)]) @ np.diag([scale * facing * stretch, scale])
        base = np.array(at) * self.surface.shape[0]
        middle = base - np.array((0, 0.5 * scale))
        return np.column_stack([turn, middle - turn @ (0, -0.5)])

    def _shade(self, alpha: Coverage, base: float, scale: float, kind: str) -> None:
        """Multiply the shadow of a layer into the surface."""
        shade = _shadow(alpha, base, scale, -float(self.light[0]), kind)
        x, y, across, down = cv2.boundingRect((shade > 0.004).astype(np.uint8))
        if across == 0:
            return
        part = shade[y : y + down, x : x + across, None]
        small = (255 - part * (255 - self.palette.shadow)).astype(np.uint8)
        factor = cv2.resize(small, None, fx=COARSE, fy=COARSE, interpolation=cv2.INTER_LINEAR)
        top, left = y * COARSE, x * COARSE
        view = self.surface[top : top + factor.shape[0], left : left + factor.shape[1], :3]
        factor = np.ascontiguousarray(factor[: view.shape[0], : view.shape[1]])
        view[:] = cv2.multiply(np.ascontiguousarray(view), factor, scale=1 / 255)

    def _compose(self, kind: str, attributes: dict[str, str | float], layer: Surface) -> None:
        """Lay a layer over the surface, and take what it hides from those below."""
        x, y, w, h = cv2.boundingRect(layer[..., 3])
        if w == 0:
            return
        view, above = self.surface[y : y + h, x : x + w], layer[y : y + h, x : x + w]
        through = cv2.merge([255 - above[..., 3]] * 4)
        view[:] = cv2.add(np.ascontiguousarray(above), cv2.multiply(np.ascontiguousarray(view), through, scale=1 / 255))
        cover = cv2.resize(layer[..., 3], self.size[::-1], interpolation=cv2.INTER_AREA).astype(np.uint8)
        self._lettering = [each for each in self._lettering if not self._is_hidden(each, cover)]
        for cast in self._casts:
            cast.visible = cv2.multiply(cast.visible, 255 - cover, scale=1 / 255).astype(np.uint8)
        self._casts.append(_Cast(kind, attributes, int(np.count_nonzero(cover >= 128)), cover))

    def _is_hidden(self, lettering: Lettering, cover: Coverage) -> bool:
        """Return whether a tenth of a word's box or more lies under a layer's cover (H, W)."""
        x0, y0, x1, y1 = np.maximum(np.round(_box(lettering)), 0).astype(int)
        under = cover[y0 : y1 + 1, x0 : x1 + 1]
        return under.size > 0 and float(under.mean()) > 25

    def _word(self, lettering: Lettering) -> Word | None:
        """Return a word with its box, or None if a part of it lies outside the picture."""
        x0, y0, x1, y1 = _box(lettering)
        if x0 < 0 or y0 < 0 or x1 > self.size[1] or y1 > self.size[0]:
            return None
        return Word(lettering.text, (round(x0, 1), round(y0, 1), round(x1, 1), round(y1, 1)))


def _shadow(alpha: Coverage, base: float, scale: float, away: float, kind: str) -> NDArray[np.float32]:
    """Return the shadow (h, w) in [0, 1] of a layer (H, W), `COARSE` times smaller.

    On the ground it leans away from the light, laid flat about the line `base`, and is darkest where the thing stands;
    on a wall it is the thing's own shape, moved. `scale` is the thing's unit in pixels.
    """
    h, w = (-(-side // COARSE) for side in alpha.shape)
    small = cv2.resize(alpha, (w, h), interpolation=cv2.INTER_AREA)

    def moved(matrix: list[list[float]], blur: float) -> NDArray[np.float32]:
        cast = cv2.warpAffine(small, np.array(matrix), (w, h))
        return cv2.GaussianBlur(cast, (0, 0), 1 + scale * blur).astype(np.float32) / np.float32(255)

    if kind == "wall":
        step = scale * 0.05 / COARSE
        return moved([[1, 0, away * step], [0, 1, 0.9 * step]], 0.006) * np.float32(0.55)
    base, lean, flat = base / COARSE, away * 0.75, 0.26
    cast = moved([[1, -lean, lean * base], [0, flat, base * (1 - flat)]], 0.006)
    contact = moved([[1, -lean * 0.3, lean * 0.3 * base], [0, 0.07, base * 0.93 + scale * 0.006]], 0.003)
    return np.maximum(cast * np.float32(0.62), contact * np.float32(0.9))


def _box(lettering: Lettering) -> Box:
    """Return the box of a word in pixels of the picture."""
    (x0, y0), (x1, y1) = (corner.tolist() for corner in (lettering.corners.min(axis=0), lettering.corners.max(axis=0)))
    return x0 / OVERSAMPLING, y0 / OVERSAMPLING, x1 / OVERSAMPLING, y1 / OVERSAMPLING


def _instance(cast: _Cast) -> Instance | None:
    mask = cast.visible >= 128
    n_visible = int(np.count_nonzero(mask))
    if n_visible < LEAST_VISIBLE:
        return None
    x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
    attributes = {**cast.attributes, "size": round(h / mask.shape[0], 3), "visible": round(n_visible / cast.area, 3)}
    return Instance(cast.kind, (float(x), float(y), float(x + w), float(y + h)), RunLengths.of(mask), attributes)


def _wobble(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a gentle wave for a pen: (amplitude, frequency, phase) in x and in y."""
    return np.stack([rng.uniform(0.004, 0.012, 2), rng.uniform(3, 6, 2), rng.uniform(0, 6, 2)], axis=1)


def _finished(
    colours: NDArray[np.float32], palette: Palette, light: NDArray[np.float64], rng: np.random.Generator
) -> Image:
    """Lay the glaze, the fall of light and the grain of the paper over a picture (H, W, 3) float32."""
    h, w = colours.shape[:2]
    xs, ys = np.linspace(-1, 1, w, dtype=np.float32), np.linspace(-1, 1, h, dtype=np.float32)
    fall = 1 + 0.05 * (float(light[0]) * xs[None] + float(light[1]) * ys[:, None])
    grain = _paper()
    top, left = rng.integers(0, grain.shape[0], 2)
    rows, columns = (np.arange(h) + top) % grain.shape[0], (np.arange(w) + left) % grain.shape[1]
    fall = fall + grain[rows[:, None], columns[None]]
    veil = 1 - np.float32(0.5) * (1 - palette.glaze / 255)
    return np.clip(colours * veil * fall[..., None] + 2, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _paper() -> NDArray[np.float32]:
    """Return the grain of the paper (512, 512): blotches, brush marks and fine tooth; it tiles."""
    rng = np.random.default_rng(0)
    grain = np.zeros((512, 512), np.float32)
    for sigma_x, sigma_y, amount in ((0.6, 0.6, 0.010), (9, 1.2, 0.006), (1.5, 7, 0.005), (24, 24, 0.014)):
        noise = np.tile(rng.standard_normal((512, 512)).astype(np.float32), (3, 3))[384:1152, 384:1152]
        blurred = cv2.GaussianBlur(noise, (0, 0), sigma_x, sigmaY=sigma_y)[128:640, 128:640]
        grain += np.float32(amount / blurred.std()) * blurred
    return grain
