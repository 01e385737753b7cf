"""Drawn fruit: each a function of a pen and a generator that returns the name of its main colour."""

from __future__ import annotations

import numpy as np

from lookalike.sample.canvas import Glow, Gradient, Pen
from lookalike.sample.colours import SWATCHES, Colour, darker, lighter, mix, pick, vary
from lookalike.sample.outlines import Points, arc, at, blob, ellipse, leaf, mirrored, ribbon, spline


def apple(pen: Pen, rng: np.random.Generator) -> str:
    """Draw an apple with a stalk, a leaf, and often a blush."""
    name, skin = pick(rng, "red", "green", "yellow", "plum", "coral")
    wide, foot = rng.uniform(0.47, 0.56), rng.uniform(0.22, 0.32)
    body = mirrored(
        [(0, -0.81), (0.17, -0.9), (wide * 0.8, -0.83), (wide, -0.56), (wide * 0.86, -0.24), (foot, -0.02), (0, -0.06)]
    )
    pen.fill(body, skin, form=0.75)
    with pen.inside(body):
        blush = vary(rng, SWATCHES[str(rng.choice(["red", "coral", "ochre", "olive"]))])
        for x in rng.uniform(-0.4, 0.4, 9):
            streak = spline([(x * 0.3, -0.82), (x * 1.1, -0.5), (x * 0.9, -0.15)], closed=False)
            pen.stroke(streak, (0.01, 0.09, 0.0), blush, opacity=0.22)
        pen.fill(ellipse(0, -0.83, 0.2, 0.07), darker(skin, 0.7), opacity=0.55)
        _shine(pen, 0.26, -0.62, 0.09)
    _stalk(pen, [(0, -0.8), (0.01, -0.92), (rng.uniform(-0.1, 0.1), -1.03)], 0.045)
    if rng.random() < 0.75:
        _leaf(pen, rng, (0.01, -0.9), rng.uniform(0.26, 0.4), rng.uniform(-0.6, 0.1))
    return name


def pear(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a pear."""
    name, skin = pick(rng, "olive", "yellow", "green", "ochre", "mint")
    hip, neck = rng.uniform(0.34, 0.42), rng.uniform(0.12, 0.18)
    body = mirrored(
        [(0, -0.88), (neck, -0.83), (neck + 0.06, -0.6), (hip, -0.3), (hip * 0.85, -0.07), (0.12, 0), (0, -0.02)]
    )
    pen.fill(body, Gradient((-0.3, -0.9), (0.3, 0), (lighter(skin, 0.2), skin)), form=0.75)
    with pen.inside(body):
        if rng.random() < 0.7:
            blush = vary(rng, SWATCHES["coral"])
            for r in (0.34, 0.28, 0.22, 0.16):
                pen.fill(ellipse(hip * 0.9, -0.36, r * 0.8, r), blush, opacity=0.13)
        _freckles(pen, rng, (0, -0.4), 0.34, 26, darker(skin, 0.5))
        _shine(pen, 0.16, -0.42, 0.08)
    _stalk(pen, [(0, -0.86), (0.02, -0.95), (rng.uniform(-0.12, 0.12), -1.04)], 0.04)
    if rng.random() < 0.5:
        _leaf(pen, rng, (0.01, -0.9), 0.28, rng.uniform(-0.4, 0.3))
    return name


def lemon(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a lemon or a lime, sometimes with a cut half before it."""
    name, skin = pick(rng, "yellow", "yellow", "green")
    tip = rng.uniform(0.62, 0.7)
    body = spline(
        [(-tip, -0.42), (-0.45, -0.7), (0, -0.82), (0.45, -0.7), (tip, -0.4), (0.45, -0.12), (0, 0), (-0.45, -0.12)]
    )
    pen.fill(body, skin, form=0.7)
    with pen.inside(body):
        _freckles(pen, rng, (0, -0.4), 0.6, 60, darker(skin, 0.35))
        pen.fill(ellipse(tip, -0.4, 0.12, 0.1), mix(skin, SWATCHES["olive"], 0.6), opacity=0.7)
        _shine(pen, 0.28, -0.58, 0.1)
    if rng.random() < 0.6:
        _leaf(pen, rng, (-tip + 0.03, -0.44), 0.4, rng.uniform(-2.4, -1.2))
    if rng.random() < 0.55:
        _slice(pen, (0.28, -0.27), 0.29, skin, SWATCHES["cream"], lighter(skin, 0.35), rng)
    return name


def orange(pen: Pen, rng: np.random.Generator) -> str:
    """Draw an orange or a grapefruit, whole or halved."""
    name, skin = pick(rng, "orange", "orange", "coral")
    body = spline(ellipse(0, -0.46, 0.48, 0.46, n=9))
    pen.fill(body, skin, form=0.8)
    with pen.inside(body):
        _freckles(pen, rng, (0, -0.46), 0.46, 110, darker(skin, 0.4))
        _shine(pen, 0.2, -0.66, 0.1)
        pen.fill(blob(rng, 0.02, -0.9, 0.06, 0.035), SWATCHES["olive"])
    if rng.random() < 0.6:
        _leaf(pen, rng, (0.02, -0.9), 0.36, rng.uniform(-0.7, 0.2))
    if rng.random() < 0.6:
        _slice(pen, (rng.uniform(-0.3, 0.3), -0.32), 0.32, skin, SWATCHES["cream"], lighter(skin, 0.12), rng)
    return name


def banana(pen: Pen, rng: np.random.Generator) -> str:
    """Draw one to three bananas of a hand."""
    name, skin = pick(rng, "yellow", "yellow", "olive")
    for number in range(int(rng.integers(1, 4))):
        fan = 0.17 * number
        line = spline(
            [
                (-0.78, -0.86),
                (-0.7, -0.5),
                (-0.4, -0.2 - fan * 0.35),
                (0.05, -0.1 - fan * 0.8),
                (0.5, -0.22 - fan),
                (0.78, -0.5 - fan),
            ],
            closed=False,
            steps=12,
        )
        body = ribbon(line, (0.05, 0.17, 0.23, 0.25, 0.23, 0.17, 0.05))
        pen.fill(body, vary(rng, skin), form=0.75)
        pen.stroke(at((0, 0.035), line), (0.0, 0.012, 0.018, 0.012, 0.0), darker(skin, 0.45), opacity=0.7)
        with pen.inside(body):
            _freckles(pen, rng, (0, -0.25), 0.5, 8, SWATCHES["brown"])
            pen.fill(ellipse(0.79, -0.51 - fan, 0.06), darker(SWATCHES["brown"], 0.3))
    _stalk(pen, [(-0.75, -0.78), (-0.79, -0.9), (-0.8, -1.0)], 0.1)
    return name


def cherries(pen: Pen, rng: np.random.Generator) -> str:
    """Draw two or three cherries on their stalks."""
    name, skin = pick(rng, "red", "plum", "coral")
    top = (rng.uniform(-0.1, 0.15), -1.0)
    places = [(-0.3, -0.26), (0.3, -0.24), (0.02, -0.22)][: int(rng.integers(2, 4))]
    for x, y in places:
        line = spline([top, (x * 0.5 + 0.05, -0.75), (x, y - 0.16)], closed=False)
        pen.stroke(line, (0.05, 0.025, 0.035), mix(SWATCHES["olive"], SWATCHES["brown"], 0.4))
    for x, y in places:
        body = spline([(x - 0.25, y - 0.05), (x - 0.08, y - 0.22), (x + 0.1, y - 0.22), (x + 0.26, y - 0.04),
                       (x + 0.15, y + 0.2), (x - 0.14, y + 0.2)])  # fmt: skip
        pen.fill(body, vary(rng, skin), form=0.85)
        with pen.inside(body):
            _shine(pen, x + 0.09, y - 0.08, 0.06)
            pen.fill(ellipse(x, y - 0.2, 0.08, 0.03), darker(skin, 0.8), opacity=0.6)
    _leaf(pen, rng, top, rng.uniform(0.35, 0.5), rng.uniform(0.1, 0.6))
    return name


def strawberry(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a strawberry."""
    name, skin = pick(rng, "red", "coral", "red")
    wide = rng.uniform(0.38, 0.46)
    body = mirrored([(0, -0.84), (0.25, -0.86), (wide, -0.62), (wide * 0.75, -0.28), (0.1, -0.01), (0, 0)])
    pen.fill(body, Gradient((0, -0.85), (0, 0), (lighter(skin, 0.12), skin, darker(skin, 0.2))), form=0.75)
    with pen.inside(body):
        for row, y in enumerate(np.arange(-0.72, -0.05, 0.125)):
            for x in np.arange(-0.5, 0.5, 0.17) + (row % 2) * 0.085:
                pen.fill(ellipse(x, y, 0.024, 0.034, n=12), darker(skin, 0.5))
                pen.fill(ellipse(x, y - 0.008, 0.016, 0.026, n=12), SWATCHES["yellow"])
        _shine(pen, 0.2, -0.62, 0.07)
    for angle in np.linspace(0.25, np.pi - 0.25, 7) + rng.normal(0, 0.08, 7):
        pen.fill(leaf((0, -0.87), rng.uniform(0.26, 0.36), 0.2, angle), vary(rng, SWATCHES["green"]), form=0.5)
    _stalk(pen, [(0, -0.86), (0.02, -0.94), (0.08, -1.02)], 0.045, vary(rng, SWATCHES["green"]))
    return name


def grapes(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a bunch of grapes."""
    name, skin = pick(rng, "violet", "plum", "olive", "mint")
    _stalk(pen, [(0, -0.7), (0, -0.9), (0.1, -1.05)], 0.05)
    _leaf(pen, rng, (0.02, -0.88), 0.42, 0.15)
    _leaf(pen, rng, (0.0, -0.88), 0.36, np.pi - 0.25)
    for row, count in enumerate((4, 5, 4, 3, 2, 1)):
        y = -0.76 + row * 0.135
        for x in (np.arange(count) - (count - 1) / 2) * 0.185:
            x, r = x + rng.normal(0, 0.014), rng.uniform(0.1, 0.116)
            berry = ellipse(x, y + rng.normal(0, 0.012), r, r * 1.08, n=26)
            pen.fill(berry, vary(rng, skin, 1.5), form=0.85)
            _shine(pen, x + 0.035, y - 0.035, 0.024)
    return name


def watermelon(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a wedge of a melon, rind down."""
    name, flesh = pick(rng, "coral", "red", "yellow")
    rind = vary(rng, SWATCHES["green"])
    for radius, colour in ((0.8, darker(rind, 0.3)), (0.775, rind), (0.735, SWATCHES["cream"]), (0.70, flesh)):
        part = arc(0, -0.82, radius, radius, 0.0, np.pi, n=48)
        pen.fill(part, colour, form=0.25 if colour is flesh else 0.0)
    with pen.inside(arc(0, -0.82, 0.66, 0.66, 0, np.pi, n=48)):
        pen.fill(arc(0, -0.82, 0.45, 0.4, 0, np.pi), lighter(flesh, 0.2), opacity=0.45)
        for angle in np.linspace(0.25, np.pi - 0.25, 8):
            for radius in (0.32, 0.54):
                turn = angle + (0.16 if radius > 0.5 else 0.0) + rng.normal(0, 0.04)
                x, y = radius * np.cos(turn), -0.82 + radius * np.sin(turn)
                seed = leaf((x, y), 0.075, 0.045, turn)
                pen.fill(seed, SWATCHES["charcoal"])
    return name


def _leaf(pen: Pen, rng: np.random.Generator, base: tuple[float, float], length: float, angle: float) -> None:
    colour = vary(rng, SWATCHES[str(rng.choice(["green", "olive", "teal"]))])
    shape = leaf(base, length, length * 0.55, angle)
    pen.fill(shape, colour, form=0.6)
    tip = (base[0] + 0.9 * length * np.cos(angle), base[1] + 0.9 * length * np.sin(angle))
    pen.stroke(np.linspace(base, tip, 5), (0.018, 0.004), lighter(colour, 0.4))


def _stalk(pen: Pen, points: list[tuple[float, float]], width: float, colour: Colour = SWATCHES["brown"]) -> None:
    line = spline(points, closed=False)
    pen.stroke(line, (width * 0.8, width * 0.6, width * 1.1), darker(colour, 0.25))
    pen.stroke(line - (width * 0.15, 0), (width * 0.3, width * 0.2, width * 0.4), lighter(colour, 0.2))


def _shine(pen: Pen, x: float, y: float, r: float) -> None:
    """Reflect the light on the side it comes from."""
    mirror = np.sign(pen.matrix[0, 0]) or 1.0
    x = abs(x) * np.sign(pen.light[0]) * mirror if abs(x) < 0.3 else x
    white = SWATCHES["white"]
    pen.fill(ellipse(x, y, r, r * 0.62, angle=0.6 * np.sign(x)), white, opacity=0.5)
    pen.fill(ellipse(x, y - r * 0.1, r * 0.5, r * 0.3, angle=0.6 * np.sign(x)), white, opacity=0.65)


def _freckles(
    pen: Pen, rng: np.random.Generator, centre: tuple[float, float], radius: float, n: int, colour: Colour
) -> None:
    for x, y in rng.uniform(-radius, radius, (n, 2)) + centre:
        pen.fill(ellipse(x, y, 0.009, n=8), colour, opacity=0.45)


def _slice(
    pen: Pen,
    centre: tuple[float, float],
    radius: float,
    skin: Colour,
    pith: Colour,
    flesh: Colour,
    rng: np.random.Generator,
) -> None:
    """Draw the cut face of a citrus fruit."""
    x, y = centre
    pen.fill(ellipse(x + 0.012, y + 0.02, radius * 1.02), darker(skin, 0.5))
    pen.fill(ellipse(x, y, radius), skin)
    pen.fill(ellipse(x, y, radius * 0.92), pith)
    n = int(rng.integers(8, 11))
    for angle in np.arange(n) * 2 * np.pi / n + rng.uniform(0, 1):
        segment = _segment(centre, radius, angle, np.pi / n * 0.86)
        pen.fill(segment, Glow(centre, radius, (lighter(flesh, 0.25), flesh)))


def _segment(centre: tuple[float, float], radius: float, angle: float, half: float) -> Points:
    ends = angle + np.array([-half, -half * 0.5, 0, half * 0.5, half])
    rim = np.stack([np.cos(ends), np.sin(ends)], axis=1) * radius * 0.83
    root = np.array([[np.cos(angle), np.sin(angle)]]) * radius * 0.12
    return np.concatenate([root, rim]) + centre
