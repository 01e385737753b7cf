"""Drawn vehicles: each a function of a pen and a generator that returns the name of its main colour."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lookalike.sample.canvas import Gradient, Pen
from lookalike.sample.colours import SWATCHES, Colour, darker, lighter, mix, pick, vary
from lookalike.sample.outlines import arc, at, ellipse, mirrored, rectangle, ribbon, spline

PAINTS = ("red", "coral", "yellow", "teal", "blue", "mint", "cream", "orange", "plum", "sky", "olive")
GLASS = (SWATCHES["sky"], mix(SWATCHES["white"], SWATCHES["sky"], 0.4))
DESTINATIONS = ("HAFEN", "MARKT", "ZOO", "MUSEUM", "STRAND", "DOM")


def car(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a small car of the fifties to seventies from the side."""
    name, paint = pick(rng, *PAINTS)
    roof, nose, tail = rng.uniform(-1.0, -0.9), rng.uniform(0.92, 1.1), rng.uniform(0.9, 1.05)
    cabin = rng.uniform(-0.1, 0.05)
    body = spline(
        [
            (-tail, -0.2),
            (-tail - 0.02, -0.45),
            (-0.75, -0.56),
            (-0.55, -0.6),
            (0.4, -0.6),
            (0.75, -0.55),
            (nose, -0.42),
            (nose + 0.03, -0.2),
            (nose - 0.1, -0.14),
            (-tail + 0.1, -0.14),
        ]
    )
    top = spline(
        [
            (-0.72 + cabin, -0.54),
            (-0.5 + cabin, roof * 0.93),
            (-0.1 + cabin, roof),
            (0.22 + cabin, roof * 0.95),
            (0.52 + cabin, -0.56),
            (0, -0.5),
        ]
    )
    roof_paint = SWATCHES["cream"] if rng.random() < 0.35 else paint
    pen.fill(top, roof_paint, form=0.5)
    for left, right in ((-0.5, -0.06), (0.0, 0.34)):
        tilt = 0.1 if left < -0.2 else 0.0
        window = spline(
            [
                (left + cabin, -0.57),
                (left + tilt + cabin, roof * 0.88),
                (right + cabin - 0.12 + tilt, roof * 0.88),
                (right + cabin, -0.57),
            ],
            steps=4,
        )
        pen.fill(window, Gradient((left, roof), (right, -0.55), (GLASS[1], GLASS[0], darker(GLASS[0], 0.3))))
        with pen.inside(window):
            pen.stroke([(left + 0.1, -0.5), (left + 0.35, -1)], 0.07, SWATCHES["white"], opacity=0.4)
    pen.fill(body, Gradient((0, -0.6), (0, -0.1), (lighter(paint, 0.22), paint, darker(paint, 0.35))), form=0.35)
    pen.stroke([(-tail + 0.02, -0.37), (0, -0.37), (nose - 0.02, -0.36)], 0.022, lighter(paint, 0.55))
    pen.stroke([(-0.04, -0.56), (-0.03, -0.2)], 0.01, darker(paint, 0.5))
    pen.stroke([(-0.22, -0.47), (-0.12, -0.47)], 0.022, SWATCHES["grey"])
    pen.fill(ellipse(nose - 0.03, -0.38, 0.055, 0.07), SWATCHES["yellow"])
    pen.fill(ellipse(-tail + 0.02, -0.38, 0.035, 0.055), SWATCHES["red"])
    for end in (nose - 0.02, -tail + 0.02):
        pen.fill(rectangle(end - 0.09, -0.24, end + 0.09, -0.17, 0.03), SWATCHES["grey"], form=0.5)
    for x in (-0.58, 0.6):
        pen.fill(arc(x, -0.17, 0.23, 0.23, np.pi, 2 * np.pi), darker(paint, 0.75))
        _wheel(pen, x, 0.18)
    return name


def bus(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a town bus from the side, with where it goes; sometimes a double-decker."""
    name, paint = pick(rng, *PAINTS)
    two = rng.random() < 0.3
    roof = -1.02
    length = 0.85 if two else rng.uniform(1.0, 1.2)
    body = rectangle(-length, roof, length, -0.12, 0.12)
    pen.fill(body, Gradient((0, roof), (0, -0.1), (lighter(paint, 0.25), paint, darker(paint, 0.25))), form=0.25)
    band = SWATCHES["cream"] if name != "cream" else SWATCHES["teal"]
    rows = ((-0.92, -0.72), (-0.6, -0.38)) if two else ((-0.84, -0.48),)
    with pen.inside(body):
        for upper, lower in rows:
            pen.fill(rectangle(-length, upper - 0.03, length, lower + 0.03), band)
        pen.fill(rectangle(-length, -0.24, length, -0.1), darker(paint, 0.4))
    n = 5 if two else 6
    edges = np.linspace(-length + 0.06, length - 0.3, n + 1)
    for upper, lower in rows:
        for left, right in pairwise(edges):
            pane = rectangle(left + 0.02, upper, right - 0.02, lower, 0.03)
            pen.fill(pane, Gradient((left, upper), (right, lower), (GLASS[1], GLASS[0], darker(GLASS[0], 0.35))))
            if rng.random() < 0.45:
                _passenger(pen, rng, (left + right) / 2, lower)
    door = length - 0.28
    pen.fill(rectangle(door, -0.6 if two else -0.8, door + 0.2, -0.16, 0.02), darker(GLASS[0], 0.25))
    pen.stroke([(door + 0.1, -0.6 if two else -0.8), (door + 0.1, -0.16)], 0.012, band)
    sign = -0.66 if two else -0.93
    pen.fill(rectangle(-0.34, sign - 0.055, 0.34, sign + 0.055, 0.02), SWATCHES["charcoal"])
    pen.write(str(rng.choice(DESTINATIONS)), (0, sign), 0.075, SWATCHES["yellow"], width=0.6)
    pen.fill(ellipse(length - 0.05, -0.24, 0.045), SWATCHES["yellow"])
    for x in (-length * 0.6, length * 0.58):
        pen.fill(arc(x, -0.15, 0.19, 0.19, np.pi, 2 * np.pi), darker(paint, 0.8))
        _wheel(pen, x, 0.15)
    return name


def sailing_boat(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a boat under one or two sails."""
    name, paint = pick(rng, *PAINTS)
    lean, top = rng.uniform(-0.05, 0.08), -1.0
    _, sail = pick(rng, "white", "cream", "coral", "ochre", "sky")
    hull = spline([(-0.5, -0.17), (-0.2, -0.14), (0.2, -0.15), (0.62, -0.24), (0.4, -0.02), (0, 0), (-0.38, -0.02)])
    main = spline(
        [(lean, top), (-0.05 + lean * 0.5, -0.6), (-0.04, -0.25), (-0.25, -0.24), (-0.47, -0.28), (-0.28, -0.6)],
        steps=8,
    )
    jib = spline([(lean, top + 0.06), (0.06, -0.6), (0.1, -0.28), (0.3, -0.26), (0.56, -0.3), (0.32, -0.6)], steps=8)
    for shape, shift in ((main, 0.0), (jib, 0.08)):
        pen.fill(
            shape, Gradient((-0.4, -0.9), (0.4, -0.2), (lighter(sail, 0.3), darker(sail, 0.12 + shift))), form=0.45
        )
    with pen.inside(main):
        if rng.random() < 0.6:
            for y in np.arange(-0.9, -0.2, 0.16):
                pen.fill(rectangle(-0.6, y, 0.1, y + 0.07), paint, opacity=0.85)
    pen.stroke(np.linspace((0.012 + lean, top - 0.03), (0.0, -0.14), 4), (0.018, 0.03), SWATCHES["brown"])
    pen.fill(
        spline(
            [
                (lean, top - 0.03),
                (lean + 0.09, top),
                (lean + 0.16, top - 0.01),
                (lean + 0.1, top + 0.03),
                (lean, top + 0.02),
            ],
            steps=4,
        ),
        SWATCHES["red"],
    )
    pen.fill(hull, Gradient((0, -0.2), (0, 0), (lighter(paint, 0.2), darker(paint, 0.3))), form=0.4)
    with pen.inside(hull):
        pen.stroke(spline([(-0.6, -0.14), (0, -0.105), (0.7, -0.2)], closed=False), 0.028, SWATCHES["white"])
    return name


def bicycle(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a bicycle, sometimes with a basket."""
    name, paint = pick(rng, *PAINTS, "charcoal")
    hub, crank, seat, head, fork = (-0.6, -0.36), (-0.08, -0.34), (-0.22, -0.84), (0.4, -0.84), (0.64, -0.36)
    for x, y in (hub, fork):
        pen.stroke(_loop(x, y, 0.345), 0.05, SWATCHES["charcoal"])
        pen.stroke(_loop(x, y, 0.31), 0.015, SWATCHES["grey"])
        for angle in np.arange(0, np.pi, np.pi / 7):
            spoke = np.array([np.cos(angle), np.sin(angle)]) * 0.31
            pen.stroke(at((x, y), [-spoke, spoke]), 0.007, SWATCHES["grey"], opacity=0.8)
        pen.fill(ellipse(x, y, 0.035), SWATCHES["grey"], form=0.6)
    low = (0.45, -0.66)
    for a, b in ((hub, crank), (hub, seat), (crank, seat), (crank, low), (seat, head)):
        pen.stroke(np.linspace(a, b, 6), 0.045, paint)
        pen.stroke(np.linspace(a, b, 6) - (0, 0.01), 0.014, lighter(paint, 0.5))
    pen.stroke(spline([head, low, (0.52, -0.5), fork], closed=False), (0.045, 0.05, 0.03), darker(paint, 0.15))
    pen.stroke(spline([(0.4, -0.82), (0.36, -0.98), (0.24, -1.0)], closed=False), 0.03, SWATCHES["grey"])
    pen.stroke([(0.3, -1.0), (0.19, -0.985)], 0.06, SWATCHES["brown"])
    pen.fill(
        spline([(-0.4, -0.93), (-0.25, -0.95), (-0.04, -0.9), (-0.2, -0.86), (-0.36, -0.86)]),
        SWATCHES["brown"],
        form=0.5,
    )
    pen.stroke([seat, (-0.23, -0.9)], 0.03, SWATCHES["grey"])
    pen.stroke(_loop(*crank, 0.09), 0.022, SWATCHES["grey"])
    pen.stroke([crank, (crank[0] + 0.1, crank[1] + 0.13)], 0.025, SWATCHES["charcoal"])
    pen.fill(rectangle(0.0, -0.22, 0.12, -0.18, 0.02), SWATCHES["charcoal"])
    if rng.random() < 0.5:
        basket = spline([(0.42, -0.92), (0.78, -0.92), (0.72, -0.68), (0.48, -0.68)], steps=4)
        pen.fill(basket, SWATCHES["sand"], form=0.5)
        with pen.inside(basket):
            for t in np.arange(0.4, 0.85, 0.06):
                pen.stroke([(t, -1), (t, -0.6)], 0.01, SWATCHES["brown"], opacity=0.6)
            for y in (-0.86, -0.8, -0.74):
                pen.stroke([(0.3, y), (0.9, y)], 0.01, SWATCHES["brown"], opacity=0.6)
    return name


def balloon(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a hot-air balloon of coloured gores."""
    name, paint = pick(rng, *PAINTS)
    _, second = pick(rng, "cream", "yellow", "white", "navy", "coral")
    envelope = mirrored([(0, -1), (0.2, -0.97), (0.38, -0.78), (0.385, -0.6), (0.25, -0.38), (0.09, -0.2), (0, -0.19)])
    pen.fill(envelope, paint, form=0.8)
    with pen.inside(envelope):
        gores = int(rng.integers(3, 5))
        for t in np.linspace(-0.86, 0.86, 2 * gores + 1)[1::2]:
            half = 0.4 / gores * np.sqrt(1 - 0.7 * t * t) * 0.5
            profile = np.array([(-1.0, 0.0), (-0.95, 0.45), (-0.8, 0.92), (-0.65, 1.0), (-0.4, 0.66), (-0.18, 0.2)])
            line = np.stack([profile[:, 1] * t * 0.4, profile[:, 0]], axis=1)
            pen.fill(ribbon(spline(line, closed=False), tuple(2 * half * profile[:, 1])), second, opacity=0.92)
        if rng.random() < 0.6:
            belt = rng.uniform(-0.72, -0.58)
            pen.stroke(
                spline([(-0.5, belt - 0.03), (0, belt + 0.03), (0.5, belt - 0.03)], closed=False),
                0.09,
                darker(paint, 0.2),
            )
        pen.fill(
            ellipse(0.2 * np.sign(-pen.light[0] * pen.matrix[0, 0]), -0.45, 0.26, 0.6), SWATCHES["navy"], opacity=0.18
        )
    for x in (-0.07, 0.07):
        pen.stroke([(x * 1.1, -0.2), (x * 0.8, -0.1)], 0.008, SWATCHES["brown"])
    pen.fill(rectangle(-0.07, -0.115, 0.07, 0, 0.02), SWATCHES["brown"], form=0.6)
    pen.fill(rectangle(-0.078, -0.12, 0.078, -0.095, 0.01), SWATCHES["sand"])
    pen.fill(ellipse(0, -0.165, 0.012, 0.03), SWATCHES["yellow"])
    return name


def train(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a small steam engine with a puff of smoke."""
    name, paint = pick(rng, *PAINTS, "green", "charcoal")
    trim = SWATCHES["yellow"] if name != "yellow" else SWATCHES["red"]
    for x, y, r in ((0.55, -0.98, 0.08), (0.42, -1.06, 0.11), (0.22, -1.12, 0.13)):
        pen.fill(
            spline(ellipse(x + rng.normal(0, 0.02), y + 0.1, r, r * 0.8, n=7)), SWATCHES["white"], form=0.4, opacity=0.9
        )
    pen.fill(
        spline([(0.5, -0.62), (0.52, -0.85), (0.47, -0.95), (0.73, -0.95), (0.68, -0.85), (0.7, -0.62)], steps=4),
        SWATCHES["charcoal"],
        form=0.6,
    )
    pen.fill(
        rectangle(-0.2, -0.7, 0.85, -0.3, 0.16), Gradient((0, -0.7), (0, -0.3), (lighter(paint), paint, darker(paint)))
    )
    for x in (0.05, 0.32, 0.6):
        pen.stroke([(x, -0.7), (x, -0.3)], 0.03, trim)
    pen.fill(ellipse(0.18, -0.72, 0.1, 0.09), trim, form=0.7)
    pen.fill(rectangle(-0.75, -0.86, -0.15, -0.26, 0.03), paint, form=0.4)
    pen.fill(rectangle(-0.82, -0.92, -0.08, -0.84, 0.03), darker(paint, 0.5), form=0.3)
    pen.fill(rectangle(-0.64, -0.76, -0.28, -0.5, 0.05), Gradient((-0.6, -0.8), (-0.3, -0.5), (GLASS[1], GLASS[0])))
    pen.fill(rectangle(-0.8, -0.32, 0.9, -0.22, 0.02), darker(paint, 0.6))
    pen.fill([(0.86, -0.26), (1.05, -0.04), (0.8, -0.04)], SWATCHES["red"], form=0.3)
    pen.fill(ellipse(0.86, -0.5, 0.05, 0.12), SWATCHES["yellow"], form=0.5)
    for x, r in ((-0.5, 0.2), (0.0, 0.15), (0.34, 0.15), (0.66, 0.15)):
        _wheel(pen, x, r, rim=SWATCHES["red"])
    pen.stroke([(-0.5, -0.2), (0.66, -0.15)], 0.035, SWATCHES["grey"])
    return name


def aeroplane(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a propeller aeroplane in flight."""
    name, paint = pick(rng, *PAINTS)
    wing = darker(paint, 0.2) if rng.random() < 0.5 else SWATCHES["cream"]
    pen.fill(spline([(-0.1, -0.55), (0.28, -0.55), (-0.1, -0.95), (-0.3, -0.98)], steps=5), darker(wing, 0.3), form=0.4)
    pen.fill(spline([(-0.95, -0.55), (-1.12, -0.93), (-0.95, -0.95), (-0.65, -0.6)], steps=5), wing, form=0.4)
    body = spline(
        [
            (0.95, -0.48),
            (0.75, -0.64),
            (0.3, -0.7),
            (-0.4, -0.64),
            (-1.02, -0.58),
            (-0.95, -0.48),
            (-0.3, -0.34),
            (0.5, -0.28),
            (0.85, -0.36),
        ]
    )
    pen.fill(body, paint, form=0.7)
    with pen.inside(body):
        pen.stroke([(-1.2, -0.5), (1.1, -0.42)], 0.06, SWATCHES["white"], opacity=0.9)
    for x in np.arange(-0.35, 0.4, 0.17):
        pen.fill(ellipse(x, -0.56, 0.045, 0.05), darker(GLASS[0], 0.2))
    pen.fill(spline([(0.5, -0.66), (0.72, -0.62), (0.66, -0.52), (0.48, -0.54)], steps=5), GLASS[0], form=0.3)
    pen.fill(spline([(0.3, -0.42), (-0.12, -0.42), (-0.55, 0.0), (-0.3, 0.0)], steps=5), wing, form=0.4)
    pen.fill(spline([(-0.8, -0.52), (-1.0, -0.53), (-1.15, -0.36), (-1.02, -0.36)], steps=5), darker(wing, 0.15))
    pen.fill(ellipse(1.0, -0.47, 0.03, 0.27), SWATCHES["charcoal"], opacity=0.35)
    pen.fill(ellipse(0.97, -0.47, 0.06, 0.05), SWATCHES["charcoal"], form=0.5)
    return name


def _wheel(pen: Pen, x: float, r: float, *, rim: Colour = SWATCHES["cream"]) -> None:
    pen.fill(ellipse(x, -r, r), SWATCHES["charcoal"], form=0.3)
    pen.fill(ellipse(x, -r, r * 0.58), rim, form=0.5)
    pen.fill(ellipse(x, -r, r * 0.2), darker(rim, 0.5))


def _loop(x: float, y: float, r: float) -> np.ndarray:
    return arc(x, y, r, r, 0, 2 * np.pi, n=48)


def _passenger(pen: Pen, rng: np.random.Generator, x: float, sill: float) -> None:
    skin = mix(SWATCHES["sand"], SWATCHES["brown"], rng.uniform(0, 0.9))
    coat = SWATCHES[str(rng.choice(["navy", "plum", "teal", "coral", "ochre"]))]
    with pen.inside(rectangle(x - 0.15, sill - 0.3, x + 0.15, sill)):
        pen.fill(ellipse(x, sill, 0.09, 0.07), vary(rng, coat))
        pen.fill(ellipse(x, sill - 0.1, 0.05, 0.058), skin)
        pen.fill(arc(x, sill - 0.11, 0.055, 0.055, np.pi, 2 * np.pi), SWATCHES["charcoal"])
