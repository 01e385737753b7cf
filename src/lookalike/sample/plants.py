"""Drawn plants: each a function of a pen and a generator that returns the name of its main colour."""

from __future__ import annotations

import numpy as np

from lookalike.sample.canvas import Pen
from lookalike.sample.colours import SWATCHES, darker, lighter, mix, pick, vary
from lookalike.sample.outlines import at, blob, ellipse, leaf, rectangle, ribbon, spline


def tree(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a broad-leaved tree, sometimes with fruit."""
    name, crown = pick(rng, "green", "olive", "teal", "ochre", "orange", "pink", "red")
    bark = vary(rng, SWATCHES["brown"])
    lean = rng.uniform(-0.06, 0.06)
    trunk = spline([(0, 0), (0.01 + lean, -0.3), (lean, -0.6)], closed=False)
    pen.fill(ribbon(trunk, (0.17, 0.1, 0.08)), bark, form=0.6)
    for side in (-1, 1):
        branch = spline([(lean, -0.32), (side * 0.12 + lean, -0.45), (side * 0.2, -0.6)], closed=False)
        pen.fill(ribbon(branch, (0.06, 0.02)), darker(bark, 0.15))
    clumps = [
        (-0.22, -0.52, 0.2),
        (0.24, -0.53, 0.19),
        (0, -0.5, 0.2),
        (-0.14, -0.72, 0.2),
        (0.16, -0.72, 0.2),
        (0.01, -0.82, 0.18),
    ]
    for depth, (x, y, r) in enumerate(clumps):
        tone = mix(darker(crown, 0.25), lighter(crown, 0.08), depth / 5)
        pen.fill(blob(rng, x + lean + rng.normal(0, 0.02), y, r * 1.08, r), vary(rng, tone, 0.6), form=0.5)
    for _ in range(46):
        x, y, r = clumps[rng.integers(len(clumps))]
        dot = at((x + lean, y), rng.normal(0, r * 0.42, 2))
        pen.fill(
            leaf((dot[0], dot[1]), 0.05, 0.03, rng.uniform(0, 6.3)), lighter(crown, rng.uniform(0, 0.4)), opacity=0.75
        )
    if rng.random() < 0.35:
        fruit = SWATCHES[str(rng.choice(["red", "yellow", "cream"]))]
        for _ in range(12):
            x, y, r = clumps[rng.integers(len(clumps))]
            pen.fill(ellipse(x + rng.normal(0, r * 0.4), y + rng.normal(0, r * 0.4), 0.026), fruit, form=0.7)
    return name


def fir(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a fir, sometimes with snow."""
    name, needle = pick(rng, "teal", "green", "olive", "navy")
    pen.fill(rectangle(-0.04, -0.16, 0.04, 0), SWATCHES["brown"], form=0.5)
    is_snowy = rng.random() < 0.3
    for tier, y in enumerate(np.linspace(-0.12, -0.7, 5)):
        half, rise = 0.34 - 0.055 * tier, 0.3
        left = [
            (-half + rng.normal(0, 0.01), y),
            (-half * 0.5, y - 0.035),
            (0, y + 0.02),
            (half * 0.5, y - 0.035),
            (half, y),
        ]
        skirt = spline([*left, (half * 0.4, y - rise * 0.5), (0, y - rise), (-half * 0.4, y - rise * 0.5)], steps=6)
        pen.fill(skirt, lighter(needle, 0.05 * tier), form=0.6)
        if is_snowy:
            with pen.inside(skirt):
                pen.fill(blob(rng, -0.1, y - rise * 0.62, half * 0.6, 0.09), SWATCHES["white"], opacity=0.9)
    return name


def tulips(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a few tulips."""
    name, petal = pick(rng, "red", "yellow", "pink", "violet", "coral", "orange", "white")
    n = int(rng.integers(2, 5))
    for x in np.linspace(-0.26, 0.26, n) + rng.normal(0, 0.02, n):
        top = -rng.uniform(0.62, 0.82)
        green = vary(rng, SWATCHES["green"])
        pen.stroke(spline([(x * 0.35, 0), (x * 0.7, top * 0.5), (x, top + 0.05)], closed=False), 0.028, green)
        for side in (-1, 1):
            blade = spline(
                [(x * 0.35, 0), (x * 0.4 + side * 0.1, -0.2), (x * 0.5 + side * rng.uniform(0.12, 0.2), top * 0.55)],
                closed=False,
            )
            pen.fill(ribbon(blade, (0.02, 0.085, 0.0)), vary(rng, green), form=0.5)
        head = np.array((x, top))
        pen.fill(
            spline(at(head, [(-0.08, -0.16), (0, -0.19), (0.08, -0.16), (0.06, 0.02), (-0.06, 0.02)])),
            darker(petal, 0.3),
        )
        for side in (-1, 1):
            cup = spline(
                at(
                    head,
                    [
                        (side * 0.12, -0.18),
                        (side * 0.125, -0.02),
                        (side * 0.03, 0.06),
                        (-side * 0.04, 0.02),
                        (side * 0.02, -0.1),
                    ],
                )
            )
            pen.fill(cup, vary(rng, petal), form=0.6)
    return name


def sunflower(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a sunflower or a big daisy."""
    name, petal = pick(rng, "yellow", "ochre", "white", "pink", "coral")
    green = vary(rng, SWATCHES["green"])
    lean = rng.uniform(-0.08, 0.08)
    pen.stroke(spline([(0, 0), (lean * -0.6, -0.35), (lean, -0.66)], closed=False), (0.05, 0.035), green)
    for y, angle in ((-0.18, -0.5), (-0.28, np.pi + 0.5)):
        pen.fill(leaf((0, y), rng.uniform(0.28, 0.36), 0.2, angle), vary(rng, green), form=0.6)
    centre = (lean, -0.7)
    n = int(rng.integers(13, 18))
    for shade, turn in ((0.25, 0.0), (0.0, 0.5)):
        for angle in (np.arange(n) + turn) * 2 * np.pi / n:
            root = (centre[0] + 0.08 * np.cos(angle), centre[1] + 0.08 * np.sin(angle))
            pen.fill(leaf(root, rng.uniform(0.19, 0.23), 0.1, angle), darker(vary(rng, petal, 0.6), shade), form=0.35)
    pen.fill(ellipse(*centre, 0.13), SWATCHES["brown"], form=0.7)
    for k in range(70):
        angle, r = k * 2.39996, 0.118 * np.sqrt(k / 70)
        pen.fill(ellipse(centre[0] + r * np.cos(angle), centre[1] + r * np.sin(angle), 0.008, n=8), SWATCHES["ochre"])
    return name


def cactus(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a cactus in a pot."""
    name, skin = pick(rng, "green", "teal", "olive", "mint")
    _, pot = pick(rng, "coral", "ochre", "white", "blue", "pink")
    arms = [spline([(0, -0.42), (0.2, -0.44), (0.25, -0.56), (0.24, -0.72)], closed=False)]
    arms.append(spline([(0, -0.5), (-0.18, -0.52), (-0.23, -0.64), (-0.22, -rng.uniform(0.75, 0.85))], closed=False))
    for arm in arms[: int(rng.integers(0, 3))]:
        pen.fill(ribbon(arm, (0.1, 0.12, 0.12, 0.1)), skin, form=0.6)
        pen.fill(ellipse(arm[-1][0], arm[-1][1], 0.052, 0.06), skin, form=0.4)
    body = rectangle(-0.12, -0.96, 0.12, -0.25, 0.12)
    pen.fill(body, skin, form=0.75)
    with pen.inside(body):
        for x in (-0.07, 0.0, 0.07):
            pen.stroke(
                spline([(x * 0.7, -1), (x, -0.6), (x, -0.2)], closed=False), 0.01, darker(skin, 0.4), opacity=0.7
            )
            for y in np.arange(-0.9, -0.28, 0.075):
                pen.stroke([(x - 0.016, y - 0.012), (x + 0.016, y + 0.012)], 0.007, SWATCHES["cream"])
                pen.stroke([(x - 0.016, y + 0.012), (x + 0.016, y - 0.012)], 0.007, SWATCHES["cream"])
    if rng.random() < 0.7:
        for angle in np.linspace(-np.pi + 0.3, -0.3, 5):
            pen.fill(leaf((0, -0.94), 0.11, 0.07, angle), vary(rng, SWATCHES["pink"]), form=0.4)
    pen.fill([(-0.2, -0.3), (0.2, -0.3), (0.15, 0), (-0.15, 0)], pot, form=0.6)
    pen.fill(rectangle(-0.225, -0.345, 0.225, -0.265, 0.015), lighter(pot, 0.1), form=0.5)
    return name


def mushroom(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a mushroom or two."""
    name, cap = pick(rng, "red", "brown", "ochre", "coral", "plum")
    is_spotted = rng.random() < 0.7
    members = [(0.0, 1.0)]
    if rng.random() < 0.6:
        members.insert(0, (float(rng.choice([-0.4, 0.42])), rng.uniform(0.45, 0.6)))
    for x, s in members:
        stem = spline(
            np.array([(-0.1, -0.6), (0.1, -0.6), (0.11, -0.25), (0.17, -0.02), (0, 0), (-0.17, -0.02), (-0.11, -0.25)])
            * s
            + (x, 0)
        )
        pen.fill(stem, SWATCHES["cream"], form=0.6)
        pen.fill(
            spline(np.array([(-0.4, -0.52), (0, -0.44), (0.4, -0.52), (0, -0.6)]) * s + (x, 0)),
            darker(SWATCHES["sand"], 0.35),
        )
        skirt = np.array(
            [(-0.12, -0.4), (0.12, -0.4), (0.16, -0.3), (0.05, -0.33), (-0.05, -0.3), (-0.16, -0.32)]
        ) * s + (x, 0)
        pen.fill(spline(skirt), lighter(SWATCHES["cream"], 0.4), form=0.3)
        dome = spline(
            np.array(
                [
                    (0, -1),
                    (0.26, -0.92),
                    (0.43, -0.66),
                    (0.42, -0.52),
                    (0, -0.56),
                    (-0.42, -0.52),
                    (-0.43, -0.66),
                    (-0.26, -0.92),
                ]
            )
            * s
            + (x, 0)
        )
        pen.fill(dome, cap, form=0.75)
        if is_spotted:
            with pen.inside(dome):
                for dx, dy, r in (
                    (0.05, -0.88, 0.07),
                    (-0.22, -0.76, 0.08),
                    (0.24, -0.72, 0.08),
                    (0.02, -0.66, 0.06),
                    (-0.35, -0.6, 0.05),
                    (0.38, -0.6, 0.05),
                ):
                    pen.fill(blob(rng, x + dx * s, dy * s, r * s, r * 0.8 * s), SWATCHES["cream"], form=0.3)
    for _ in range(7):
        x = rng.uniform(-0.4, 0.4)
        pen.stroke(
            spline([(x, 0.01), (x + 0.01, -0.07), (x + rng.normal(0, 0.05), -0.14)], closed=False),
            (0.025, 0.0),
            vary(rng, SWATCHES["green"]),
        )
    return name
