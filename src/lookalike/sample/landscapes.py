"""Drawn landscapes: each fills a stage; the land itself is an instance, the sky is not."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lookalike.sample.canvas import Gradient, Pen
from lookalike.sample.colours import SWATCHES, Colour, darker, lighter, mix, pick, vary
from lookalike.sample.outlines import Points, arc, at, blob, rectangle, ribbon, spline
from lookalike.sample.plants import fir, tree
from lookalike.sample.settings import paint_hills, paint_sky, paint_water, ridge
from lookalike.sample.stage import Stage


def mountains(stage: Stage, rng: np.random.Generator) -> None:
    """Draw ranges of peaks with snow, often above a lake."""
    paint_sky(stage, stage.pen(), rng)
    base = rng.uniform(0.62, 0.74)
    name, rock = pick(rng, "violet", "blue", "grey", "teal", "plum", "brown")

    def draw(pen: Pen) -> str:
        for depth in range(3):
            tone = mix(mix(rock, stage.palette.sky[1], 0.62), darker(rock, 0.15), depth / 2)
            peaks = _peaks(rng, stage.width, base - 0.52 + 0.16 * depth, base, 4 + depth)
            for peak in peaks:
                _mountain(pen, rng, peak, base + 0.02, tone, snow_line=0.34 - 0.06 * depth)
        return name

    stage.region("mountains", draw)
    pen = stage.pen()
    if rng.random() < 0.5:
        paint_water(stage, pen, rng, base)
    else:
        far, near = stage.palette.ground
        pen.fill(ridge(rng, stage.width, base, 0.015), Gradient((0, base), (0, 1), (far, near)))
    for x in sorted(rng.uniform(0, stage.width, int(rng.integers(3, 9)))):
        stage.put("fir", fir, rng, at=(x, rng.uniform(0.94, 1.06)), height=rng.uniform(0.2, 0.42))


def coast(stage: Stage, rng: np.random.Generator) -> None:
    """Draw the open sea against cliffs."""
    paint_sky(stage, stage.pen(), rng)
    horizon = rng.uniform(0.4, 0.55)
    stage.region("coast", lambda pen: _sea(stage, pen, rng, horizon))
    side = rng.choice([-1, 1])
    name, rock = pick(rng, "sand", "grey", "brown", "coral")

    def shape_of(face: Points) -> Points:
        return face if side > 0 else face * (-1, 1) + (stage.width, 0)

    def cliffs(pen: Pen) -> str:
        for depth in range(3):
            tone = mix(mix(rock, stage.palette.sky[1], 0.5), rock, depth / 2)
            top, reach = horizon - 0.2 + 0.05 * depth, stage.width * (0.62 - 0.17 * depth)
            foot = horizon + 0.02 + 0.14 * depth
            face = np.array(
                [
                    (-0.1, top - 0.05),
                    (reach * 0.5, top),
                    (reach * 0.78, top + 0.03),
                    (reach * 0.86, (top + foot) / 2),
                    (reach, foot),
                    (reach * 0.4, foot + 0.02),
                    (-0.1, foot + 0.03),
                ]
            )
            face[1:5] += rng.normal(0, 0.014, (4, 2))
            shape = spline(shape_of(face), steps=6)
            pen.fill(shape, Gradient((0, top), (0, foot), (lighter(tone, 0.2), darker(tone, 0.25))), form=0.35)
            with pen.inside(shape):
                for x in rng.uniform(0, stage.width, 22):
                    crack = spline(
                        [(x, top - 0.1), (x + 0.02 * side, (top + foot) / 2), (x + 0.05 * side, foot + 0.1)],
                        closed=False,
                    )
                    pen.stroke(crack, (0.0, 0.012, 0.004), darker(tone, 0.5), opacity=0.35)
            turf = ribbon(spline(shape_of(at((0, -0.004), face[:4])), closed=False), (0.05, 0.05, 0.045, 0.0))
            pen.fill(turf, mix(stage.palette.ground[1], SWATCHES["green"], 0.4), form=0.3)
        return name

    stage.region("cliffs", cliffs)


def dunes(stage: Stage, rng: np.random.Generator) -> None:
    """Draw dunes with one side in the light."""
    paint_sky(stage, stage.pen(), rng, n_clouds=int(rng.integers(0, 2)))
    name, sand = pick(rng, "sand", "ochre", "orange", "coral", "cream")
    w, side = stage.width, float(np.sign(stage.light[0]))

    def draw(pen: Pen) -> str:
        n = int(rng.integers(4, 6))
        for depth in range(n):
            t = depth / (n - 1)
            tone = mix(mix(sand, stage.palette.sky[1], 0.45), sand, t)
            height, peak = 0.46 + 0.42 * t, rng.uniform(0.15, 0.85) * w
            crest = spline(
                [
                    (-0.2, height + 0.06),
                    (peak - 0.35 * w, height + 0.03),
                    (peak, height - 0.1 + 0.03 * t),
                    (peak + 0.35 * w, height + 0.04),
                    (w + 0.2, height + 0.05),
                ],
                closed=False,
            )
            body = np.concatenate([crest, [(w + 0.2, 1.1), (-0.2, 1.1)]])
            pen.fill(
                body, Gradient((0, height - 0.1), (0, height + 0.35), (lighter(tone, 0.3), tone, darker(tone, 0.15)))
            )
            edge = spline(
                [
                    (peak, height - 0.1 + 0.03 * t),
                    (peak + 0.05, height + 0.02),
                    (peak - 0.04, height + 0.12),
                    (peak + 0.1, 1.1),
                ],
                closed=False,
            )
            far = w + 0.3 if side < 0 else -0.3
            with pen.inside(body):
                shade = np.concatenate([edge, [(far, 1.1), (far, height - 0.3), (peak, height - 0.3)]])
                pen.fill(
                    shade,
                    Gradient((peak, height), (far, height), (darker(tone, 0.5), darker(tone, 0.15))),
                    opacity=0.75,
                )
                for k in range(7):
                    y = height + 0.05 + 0.035 * k
                    ripple = spline([(-0.1, y), (w * 0.3, y - 0.012), (w * 0.6, y + 0.01), (w + 0.1, y)], closed=False)
                    pen.stroke(ripple, (0.0, 0.005, 0.002), darker(tone, 0.35), opacity=0.35)
        return name

    stage.region("dunes", draw)


def forest(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a wood, trunks behind trunks, with light between them."""
    w, palette = stage.width, stage.palette
    pen = stage.pen()
    glow = lighter(palette.sky[1], 0.3)
    pen.fill(rectangle(0, 0, w, 1), Gradient((0, 0), (0, 0.85), (palette.sky[0], glow, palette.ground[0])))
    name, leaves = pick(rng, "green", "teal", "olive", "ochre", "orange")

    def draw(pen: Pen) -> str:
        for depth in range(4):
            t = depth / 3
            tone = mix(mix(leaves, glow, 0.72), darker(leaves, 0.45), t)
            floor = 0.7 + 0.09 * depth
            for x in np.linspace(-0.05, w + 0.05, 9 - depth) + rng.normal(0, 0.05, 9 - depth):
                thick, sway = (0.022 + 0.035 * t) * rng.uniform(0.7, 1.3), rng.normal(0, 0.03)
                trunk = spline([(x, floor + 0.05), (x + sway, 0.4), (x - sway, -0.05)], closed=False)
                bark = mix(tone, SWATCHES["brown"], 0.25 + 0.25 * t)
                pen.fill(ribbon(trunk, (thick * 1.5, thick, thick * 0.7)), bark, form=0.4 * t)
                for y in rng.uniform(0.1, 0.5, 3):
                    reach = rng.choice([-1, 1]) * rng.uniform(0.05, 0.14)
                    pen.stroke(
                        spline([(x, y), (x + reach * 0.6, y - 0.03), (x + reach, y - 0.1)], closed=False),
                        (thick * 0.5, 0.003),
                        bark,
                    )
            for x in np.linspace(0, w, 11) + rng.normal(0, 0.05, 11):
                y = 0.05 + 0.03 * depth + rng.uniform(-0.08, 0.1) - 0.1 * t
                pen.fill(
                    blob(rng, x, y, rng.uniform(0.09, 0.16), rng.uniform(0.06, 0.12), 0.2),
                    vary(rng, tone),
                    form=0.4,
                    opacity=0.94,
                )
            pen.fill(
                ridge(rng, w, floor, 0.025),
                Gradient((0, floor), (0, floor + 0.2), (lighter(tone, 0.15), darker(tone, 0.1))),
            )
        return name

    stage.region("forest", draw)
    slant = -0.5 * stage.light[0]
    for x in rng.uniform(-0.1, w, 4):
        beam = [(x, -0.02), (x + 0.06, -0.02), (x + 0.16 + slant, 0.95), (x - 0.02 + slant, 0.95)]
        stage.pen().fill(beam, SWATCHES["cream"], opacity=0.1)


def city_night(stage: Stage, rng: np.random.Generator) -> None:
    """Draw towers with lit windows under a dark sky, and their lights in the water."""
    w, pen = stage.width, stage.pen()
    night = vary(rng, SWATCHES["navy"], 2)
    dusk = pick(rng, "violet", "plum", "coral", "teal")[1]
    pen.fill(rectangle(0, 0, w, 1), Gradient((0, 0), (0, 0.75), (darker(night, 0.5), night, mix(night, dusk, 0.7))))
    for x, y in rng.uniform((0, 0), (w, 0.5), (50, 2)):
        pen.fill(blob(rng, x, y, 0.003, 0.003), SWATCHES["cream"], opacity=0.7)
    base = rng.uniform(0.74, 0.82)
    lamps: list[tuple[float, Colour]] = []
    stage.region("city-night", lambda pen: _skyline(pen, rng, w, base, night, dusk, lamps))
    pen = stage.pen()
    pen.fill(rectangle(0, base, w, 1), Gradient((0, base), (0, 1), (mix(night, dusk, 0.35), darker(night, 0.45))))
    for x, colour in lamps:
        for y in np.arange(base + 0.012, rng.uniform(base + 0.06, 1.0), 0.016):
            half = rng.uniform(0.004, 0.02)
            pen.stroke([(x - half, y), (x, y), (x + half, y)], (0.0, 0.006, 0.0), colour, opacity=0.55)


def fields(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a patchwork of fields with furrows and single trees."""
    paint_sky(stage, stage.pen(), rng)
    horizon = rng.uniform(0.4, 0.5)
    paint_hills(stage, stage.pen(), rng, horizon, 2)
    w = stage.width
    name, first = pick(rng, "yellow", "green", "olive", "ochre", "mint", "violet")

    def draw(pen: Pen) -> str:
        pen.fill(rectangle(0, horizon, w, 1), first)
        edges = horizon + (1.05 - horizon) * np.linspace(0, 1, 6) ** 1.5
        for upper, lower in pairwise(edges):
            cuts = np.sort(rng.uniform(0.1, 0.9, 2)) * w
            for left, right in zip([-0.3, *cuts], [*cuts, w + 0.3], strict=True):
                _field(pen, rng, (left, right, upper, lower), first, stage.palette.is_dark)
        return name

    stage.region("fields", draw)
    for y in np.sort(rng.uniform(horizon + 0.05, 0.85, int(rng.integers(2, 6)))):
        stage.put(
            "tree", tree, rng, at=(rng.uniform(0.05, 0.95) * w, y), height=0.07 + 0.36 * (y - horizon), shadow="ground"
        )


def _sea(stage: Stage, pen: Pen, rng: np.random.Generator, horizon: float) -> str:
    paint_water(stage, pen, rng, horizon)
    foam = SWATCHES["white"]
    for y in np.linspace(horizon + 0.12, 0.97, 5):
        x = np.linspace(-0.1, stage.width + 0.1, 9)
        crest = spline(np.stack([x, y + rng.normal(0, 0.012, 9)], axis=1), closed=False)
        pen.stroke(crest, (0.0, 0.012 * y, 0.004, 0.016 * y, 0.0), foam, opacity=0.65)
    return "blue"


def _peaks(rng: np.random.Generator, width: float, top: float, base: float, n: int) -> Points:
    x = (np.arange(n) + rng.uniform(0.2, 0.8, n)) / n * width
    y = top + rng.uniform(0, 0.45, n) * (base - top)
    return np.stack([x, y], axis=1)[np.argsort(y)]


def _mountain(pen: Pen, rng: np.random.Generator, peak: Points, base: float, tone: Colour, snow_line: float) -> None:
    """Draw one peak: a lit and a shaded face along a jagged ridge, and snow down to a jagged line."""
    x, y = peak
    rise = base - y
    half = rise * rng.uniform(0.8, 1.15)
    steps = np.linspace(0, 1, 9)
    jag = rng.normal(0, 0.035 * rise, (9, 2)) * np.sin(np.pi * steps)[:, None]
    left, right = (np.stack([x + side * half * steps, y + rise * steps], axis=1) + jag * (1, side) for side in (-1, 1))
    outline = np.concatenate([left[::-1], right])
    spine = np.stack(
        [x + rise * 0.1 * np.array([0, 1, -0.4, 0.8, 0.2]), y + rise * np.array([0, 0.25, 0.5, 0.75, 1.05])], axis=1
    )
    is_lit_left = pen.light[0] < 0
    lit = lighter(tone, 0.2)
    pen.fill(outline, Gradient((x, y), (x, base), (lit, mix(lit, tone, 0.8), lighter(tone, 0.25))))
    dark_side = np.concatenate([spine, (right if is_lit_left else left)[::-1]])
    pen.fill(dark_side, Gradient((x, y), (x, base), (darker(tone, 0.35), darker(tone, 0.1))), opacity=0.85)
    if rise < 0.2:
        return
    zigzag = np.stack(
        [np.linspace(x + half, x - half, 9), y + rise * snow_line * (1 + 0.45 * (-1.0) ** np.arange(9))], axis=1
    )
    with pen.inside(outline):
        pen.fill(np.concatenate([[(x - half, y - 0.1), (x + half, y - 0.1)], zigzag]), SWATCHES["white"])
        with pen.inside(dark_side):
            pen.fill(
                np.concatenate([[(x - half, y - 0.1), (x + half, y - 0.1)], zigzag]), mix(SWATCHES["sky"], tone, 0.3)
            )


def _skyline(
    pen: Pen,
    rng: np.random.Generator,
    w: float,
    base: float,
    night: Colour,
    dusk: Colour,
    lamps: list[tuple[float, Colour]],
) -> str:
    for depth in range(3):
        tone = mix(mix(night, dusk, 0.45), darker(night, 0.65), depth / 2)
        x = -0.05
        while x < w:
            wide, tall = rng.uniform(0.07, 0.17), rng.uniform(0.16, 0.52 - 0.08 * depth)
            top = base - tall
            pen.fill(
                rectangle(x, top, x + wide, base),
                Gradient((x, top), (x + wide, top), (lighter(tone, 0.08), darker(tone, 0.2))),
            )
            roof = rng.random()
            if roof < 0.25:
                pen.fill([(x, top), (x + wide / 2, top - 0.06), (x + wide, top)], tone)
            elif roof < 0.5:
                pen.stroke([(x + wide / 2, top), (x + wide / 2, top - 0.09)], (0.012, 0.002), tone)
            elif roof < 0.65:
                pen.fill(arc(x + wide / 2, top, wide / 2, wide / 2, np.pi, 2 * np.pi), tone)
            _lit_windows(pen, rng, (x, top, wide), base, depth, lamps)
            x += wide * rng.uniform(0.8, 1.25)
    return "navy"


def _lit_windows(
    pen: Pen,
    rng: np.random.Generator,
    tower: tuple[float, float, float],
    base: float,
    depth: int,
    lamps: list[tuple[float, Colour]],
) -> None:
    x, top, wide = tower
    light = pick(rng, "yellow", "yellow", "cream", "orange", "sky")[1]
    size = 0.008 + 0.002 * depth
    for y in np.arange(top + 0.025, base - 0.02, 0.034):
        for column in np.arange(x + 0.016, x + wide - 0.012, 0.026):
            if rng.random() < 0.42:
                pen.fill(
                    rectangle(column, y, column + size, y + size * 1.5), vary(rng, light, 2), opacity=0.6 + 0.2 * depth
                )
    lamps.append((x + wide / 2, light))


def _field(
    pen: Pen, rng: np.random.Generator, sides: tuple[float, float, float, float], first: Colour, is_dark: bool
) -> None:
    """Draw one field between x left and right and y upper and lower, with furrows that run to a vanishing point."""
    left, right, upper, lower = sides
    tone = mix(pick(rng, "yellow", "green", "olive", "ochre", "mint", "sand", "teal")[1], first, 0.35)
    tone = darker(tone, 0.6) if is_dark else tone
    slant = rng.uniform(-0.15, 0.15)
    plot = np.array([(left + slant, upper), (right + slant, upper), (right - slant, lower), (left - slant, lower)])
    outline = spline(plot, steps=1) if rng.random() < 0.2 else plot
    pen.fill(outline, Gradient((0, upper), (0, lower), (lighter(tone, 0.25), tone)))
    with pen.inside(outline):
        if rng.random() < 0.6:
            for t in np.linspace(-0.2, 1.2, 16):
                a, b = left + (right - left) * t, left + (right - left) * (t * 1.3 - 0.15)
                pen.stroke([(a + slant, upper), (b - slant, lower)], (0.004, 0.012), darker(tone, 0.25), opacity=0.6)
        else:
            for x, y in rng.uniform((left, upper), (right, lower), (30, 2)):
                pen.fill(blob(rng, x, y, 0.01, 0.005), darker(tone, 0.3), opacity=0.6)
    pen.stroke(plot[[0, 3]], 0.007, darker(SWATCHES["green"], 0.35), opacity=0.8)
    pen.stroke(plot[[0, 1]], 0.007, darker(SWATCHES["green"], 0.35), opacity=0.8)
