"""Drawn things of the house: each a function of a pen and a generator that returns the name of its main colour."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lookalike.sample.canvas import Glow, Gradient, Pen
from lookalike.sample.colours import SWATCHES, darker, lighter, mix, pick, vary
from lookalike.sample.outlines import arc, ellipse, leaf, mirrored, rectangle, ribbon, spline, star, turned

GLAZES = ("teal", "blue", "coral", "cream", "yellow", "mint", "red", "sky", "plum", "white", "ochre")
TITLES = ("SEA", "MOON", "ATLAS", "BIRDS", "HOME", "ART", "TEA", "STARS", "WALD", "ECHO")


def teapot(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a teapot."""
    name, glaze = pick(rng, *GLAZES)
    _, trim = pick(rng, "cream", "navy", "white", "coral", "yellow")
    round_ = rng.uniform(0.46, 0.54)
    handle = spline([(-0.4, -0.58), (-0.72, -0.66), (-0.8, -0.4), (-0.62, -0.2), (-0.36, -0.2)], closed=False)
    pen.fill(ribbon(handle, (0.08, 0.075, 0.09, 0.075, 0.07)), glaze, form=0.6)
    spout = spline([(0.3, -0.22), (0.58, -0.3), (0.66, -0.52), (0.84, -0.66)], closed=False)
    pen.fill(ribbon(spout, (0.26, 0.18, 0.11, 0.1)), glaze, form=0.6)
    body = mirrored([(0, -0.72), (0.24, -0.7), (round_, -0.42), (0.4, -0.1), (0.22, 0), (0, 0)])
    pen.fill(body, glaze, form=0.75)
    with pen.inside(body):
        if rng.random() < 0.5:
            for y in (-0.5, -0.28):
                pen.stroke(spline([(-0.6, y - 0.03), (0, y + 0.03), (0.6, y - 0.03)], closed=False), 0.035, trim)
            for x in np.arange(-0.45, 0.5, 0.15):
                pen.fill(ellipse(x, -0.375 - 0.05 * x * x, 0.035), trim)
        else:
            for x, y in rng.uniform(-0.5, 0.5, (16, 2)) * (1, 0.7) + (0, -0.36):
                pen.fill(leaf((x, y), 0.11, 0.07, rng.uniform(0, 6.3)), trim, opacity=0.85)
        pen.fill(
            ellipse(0.24 * np.sign(pen.light[0] * pen.matrix[0, 0]), -0.56, 0.07, 0.045), SWATCHES["white"], opacity=0.6
        )
    pen.fill(mirrored([(0, -0.84), (0.16, -0.81), (0.27, -0.7), (0, -0.66)]), darker(glaze, 0.1), form=0.6)
    pen.fill(ellipse(0, -0.89, 0.06), trim, form=0.7)
    return name


def cup(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a steaming cup on its saucer."""
    name, glaze = pick(rng, *GLAZES)
    _, trim = pick(rng, "cream", "navy", "white", "coral")
    for x in (-0.16, 0.1):
        steam = spline([(x, -0.68), (x + 0.07, -0.78), (x - 0.04, -0.88), (x + 0.05, -1.0)], closed=False)
        pen.stroke(steam, (0.01, 0.05, 0.04, 0.0), SWATCHES["white"], opacity=0.6)
    pen.fill(ellipse(0, -0.07, 0.66, 0.09), darker(glaze, 0.25))
    pen.fill(ellipse(0, -0.09, 0.66, 0.085), lighter(glaze, 0.15), form=0.3)
    pen.fill(ellipse(0, -0.085, 0.38, 0.045), darker(glaze, 0.2))
    pen.fill(
        ribbon(spline([(0.38, -0.52), (0.62, -0.54), (0.62, -0.3), (0.3, -0.22)], closed=False), (0.07, 0.075, 0.06)),
        glaze,
        form=0.6,
    )
    body = spline([(-0.44, -0.6), (-0.4, -0.3), (-0.22, -0.1), (0.22, -0.1), (0.4, -0.3), (0.44, -0.6), (0, -0.56)])
    pen.fill(body, glaze, form=0.7)
    with pen.inside(body):
        for y in rng.choice([-0.46, -0.36, -0.28], 2, replace=False):
            pen.stroke(spline([(-0.5, y - 0.02), (0, y + 0.04), (0.5, y - 0.02)], closed=False), 0.045, trim)
    pen.fill(ellipse(0, -0.6, 0.44, 0.075), lighter(glaze, 0.35))
    pen.fill(ellipse(0, -0.59, 0.39, 0.055), darker(SWATCHES["brown"], float(rng.uniform(0, 0.4))), form=0.2)
    return name


def lamp(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a table lamp that shines."""
    name, shade = pick(rng, "yellow", "coral", "mint", "cream", "red", "sky")
    _, foot = pick(rng, "teal", "navy", "brown", "plum", "ochre")
    pen.fill(ellipse(0, -0.025, 0.24, 0.035), darker(foot, 0.2), form=0.5)
    half = rng.uniform(0.12, 0.2)
    pen.fill(mirrored([(0, -0.56), (0.035, -0.5), (half, -0.26), (half * 0.6, -0.06), (0, -0.02)]), foot, form=0.75)
    top, low = rng.uniform(0.13, 0.24), rng.uniform(0.32, 0.4)
    cone = [(-top, -0.98), (top, -0.98), (low, -0.5), (-low, -0.5)]
    pen.fill(cone, Glow((0, -0.66), 0.46, (lighter(shade, 0.75), lighter(shade, 0.25), shade)))
    with pen.inside(cone):
        for t in np.linspace(-1, 1, int(rng.integers(6, 11))):
            pen.stroke([(t * top, -0.98), (t * low, -0.5)], 0.009, darker(shade, 0.3), opacity=0.4)
    for y, x in ((-0.98, top), (-0.5, low)):
        pen.stroke([(-x, y), (x, y)], 0.022, darker(shade, 0.25))
    return name


def vase(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a vase with flowers."""
    name, glaze = pick(rng, *GLAZES)
    n = int(rng.integers(4, 8))
    for angle in np.linspace(-0.75, 0.75, n) + rng.normal(0, 0.05, n):
        length = rng.uniform(0.4, 0.6)
        x, y = np.sin(angle) * length, -0.45 - np.cos(angle) * length * 0.85
        pen.stroke(spline([(0, -0.4), (x * 0.4, -0.5), (x, y)], closed=False), 0.016, SWATCHES["green"])
        pen.fill(
            leaf((x * 0.5, (y - 0.46) / 2), 0.16, 0.09, -np.pi / 2 + angle * 1.9),
            vary(rng, SWATCHES["olive"]),
            form=0.5,
        )
    for angle in np.linspace(-0.75, 0.75, n):
        length = rng.uniform(0.38, 0.55)
        x, y = np.sin(angle) * length, -0.45 - np.cos(angle) * length * 0.85
        petal = pick(rng, "coral", "yellow", "white", "pink", "violet", "red")[1]
        for turn in np.arange(6) * np.pi / 3 + angle:
            pen.fill(leaf((x, y), 0.095, 0.075, turn), vary(rng, petal, 0.5), form=0.4)
        pen.fill(ellipse(x, y, 0.03), SWATCHES["ochre"], form=0.5)
    neck, belly = rng.uniform(0.09, 0.15), rng.uniform(0.2, 0.27)
    jar = mirrored([(0, -0.5), (neck + 0.03, -0.5), (neck, -0.42), (belly, -0.24), (belly * 0.7, -0.04), (0, 0)])
    pen.fill(jar, glaze, form=0.75)
    with pen.inside(jar):
        for y in np.linspace(-0.36, -0.1, int(rng.integers(1, 4))):
            pen.stroke(
                spline([(-0.4, y - 0.01), (0, y + 0.015), (0.4, y - 0.01)], closed=False), 0.03, lighter(glaze, 0.6)
            )
    return name


def guitar(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a guitar."""
    name, wood = pick(rng, "ochre", "brown", "orange", "red", "sand", "teal")
    pen.fill(rectangle(-0.026, -0.86, 0.026, -0.4), SWATCHES["brown"], form=0.4)
    pen.fill(
        spline([(-0.035, -0.86), (-0.05, -1.0), (0.05, -1.0), (0.035, -0.86)], steps=5),
        darker(SWATCHES["brown"], 0.3),
        form=0.4,
    )
    for y in (-0.9, -0.93, -0.96):
        pen.stroke([(-0.07, y), (0.07, y)], 0.014, SWATCHES["cream"])
    body = mirrored([(0, -0.53), (0.12, -0.52), (0.155, -0.42), (0.115, -0.32), (0.2, -0.16), (0.14, -0.02), (0, 0)])
    pen.fill(body, darker(wood, 0.5))
    inner = (body - body.mean(axis=0)) * 0.94 + body.mean(axis=0)
    pen.fill(inner, Glow((0, -0.25), 0.34, (lighter(wood, 0.3), wood, darker(wood, 0.25))), form=0.35)
    pen.fill(ellipse(0, -0.34, 0.066), SWATCHES["cream"])
    pen.fill(ellipse(0, -0.34, 0.054), darker(SWATCHES["brown"], 0.6))
    pen.fill(rectangle(-0.075, -0.155, 0.075, -0.12, 0.01), darker(SWATCHES["brown"], 0.3))
    for y in np.linspace(-0.84, -0.46, 9):
        pen.stroke([(-0.026, y), (0.026, y)], 0.006, SWATCHES["sand"])
    for x in np.linspace(-0.018, 0.018, 4):
        pen.stroke([(x, -0.88), (x * 1.6, -0.14)], 0.004, SWATCHES["white"], opacity=0.85)
    return name


def books(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a pile of books with titles on their spines."""
    name, top, n = "", 0.0, int(rng.integers(3, 6))
    titles = rng.permutation(TITLES)
    for number in range(n):
        called, cloth = pick(rng, "red", "teal", "navy", "ochre", "coral", "olive", "plum", "blue", "cream", "mint")
        name = name or called
        thick, half, shift = rng.uniform(0.15, 0.23), rng.uniform(0.42, 0.6), rng.normal(0, 0.045)
        spine = rectangle(shift - half, top - thick, shift + half, top, 0.025)
        pen.fill(spine, Gradient((0, top - thick), (0, top), (lighter(cloth, 0.25), cloth, darker(cloth, 0.3))))
        ink = SWATCHES["cream"] if called not in ("cream", "mint") else SWATCHES["navy"]
        for x in (-half * 0.82, -half * 0.76, half * 0.8):
            pen.stroke([(shift + x, top - thick), (shift + x, top)], 0.014, ink, opacity=0.8)
        pen.write(str(titles[number]), (shift, top - thick / 2), thick * 0.42, ink, weight=0.02, width=half)
        top -= thick
    return name


def kite(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a kite with its tail."""
    name, paper = pick(rng, "red", "yellow", "teal", "blue", "orange", "violet", "coral")
    _, second = pick(rng, "cream", "white", "yellow", "mint", "navy")
    tail = spline([(0, -0.42), (0.08, -0.3), (-0.06, -0.18), (0.06, -0.07), (-0.03, 0)], closed=False)
    pen.stroke(tail, 0.01, SWATCHES["brown"])
    for t in (0.3, 0.55, 0.8):
        x, y = tail[int(t * len(tail))]
        for side in (-1, 1):
            pen.fill([(x, y), (x + side * 0.06, y - 0.03), (x + side * 0.06, y + 0.03)], second if side < 0 else paper)
    corners = [(0, -1), (0.3, -0.76), (0, -0.42), (-0.3, -0.76)]
    middle = (0, -0.76)
    for number in range(4):
        triangle = [middle, corners[number], corners[(number + 1) % 4]]
        colour = paper if number % 2 else second
        pen.fill(triangle, Gradient((-0.3, -1), (0.3, -0.4), (lighter(colour, 0.2), darker(colour, 0.2))))
    pen.stroke([(0, -1), (0, -0.42)], 0.012, SWATCHES["brown"])
    pen.stroke([(-0.3, -0.76), (0.3, -0.76)], 0.012, SWATCHES["brown"])
    return name


def ball(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a beach ball."""
    name, skin = pick(rng, "red", "blue", "orange", "teal", "coral", "violet")
    _, second = pick(rng, "white", "cream", "yellow")
    circle = ellipse(0, -0.48, 0.48)
    turn = rng.uniform(0, np.pi)
    pen.fill(circle, second)
    with pen.inside(circle):
        pole = np.array((np.cos(turn), np.sin(turn))) * 0.16 + (0, -0.48)
        for k in range(3):
            angles = turn + (k * 2 + np.array([0, 0.33, 0.67, 1])) * np.pi / 3
            rim = np.stack([np.cos(angles), np.sin(angles)], axis=1) * 0.7 + (0, -0.48)
            pen.fill(np.concatenate([[pole], rim]), skin if k else vary(rng, skin, 2.5))
        pen.fill(ellipse(pole[0], pole[1], 0.07), SWATCHES["yellow"] if name != "yellow" else SWATCHES["red"])
    pen.fill(circle, mix(skin, second, 0.5), form=0.9, opacity=0.32)
    x = 0.2 * np.sign(pen.light[0] * pen.matrix[0, 0])
    pen.fill(ellipse(x, -0.72, 0.08, 0.05), SWATCHES["white"], opacity=0.7)
    return name


def umbrella(pen: Pen, rng: np.random.Generator) -> str:
    """Draw an open umbrella."""
    name, cloth = pick(rng, "red", "yellow", "navy", "teal", "coral", "violet", "green")
    second = lighter(cloth, 0.5) if rng.random() < 0.5 else cloth
    handle = spline([(0, -0.9), (0, -0.12), (0.03, -0.02), (0.1, -0.01), (0.13, -0.09)], closed=False)
    pen.stroke(handle, (0.018, 0.02, 0.035), SWATCHES["brown"])
    edges = np.linspace(-0.62, 0.62, 7)
    dome = np.concatenate([arc(0, -0.48, 0.62, 0.46, np.pi, 2 * np.pi)])
    for k, (left, right) in enumerate(pairwise(edges)):
        up = [(left, -0.48), (left * 0.78, -0.74), (0, -0.94), (right * 0.78, -0.74), (right, -0.48)]
        outline = np.concatenate(
            [spline(up, closed=False), arc((left + right) / 2, -0.48, (right - left) / 2, 0.06, 0, -np.pi)]
        )
        with pen.inside(np.concatenate([dome, [(-0.62, -0.47), (0.62, -0.47)]])):
            pen.fill(outline, cloth if k % 2 else second, form=0.35)
    pen.fill(dome, cloth, form=0.8, opacity=0.2)
    pen.stroke([(0, -0.93), (0, -1.0)], (0.03, 0.008), SWATCHES["brown"])
    return name


def rocket(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a toy rocket."""
    name, paint = pick(rng, "red", "white", "blue", "coral", "mint", "yellow")
    _, trim = pick(rng, "navy", "orange", "teal", "plum")
    for side in (-1, 1):
        pen.fill(
            spline([(side * 0.12, -0.42), (side * 0.32, -0.2), (side * 0.34, 0), (side * 0.1, -0.14)], steps=6),
            trim,
            form=0.5,
        )
    pen.fill(rectangle(-0.09, -0.16, 0.09, -0.08, 0.02), SWATCHES["charcoal"], form=0.5)
    for r, colour in ((0.075, "orange"), (0.045, "yellow")):
        pen.fill(spline([(-r, -0.09), (r, -0.09), (0, -0.09 + r * 1.7)], steps=6), SWATCHES[colour])
    body = mirrored([(0, -1.0), (0.07, -0.92), (0.18, -0.62), (0.17, -0.3), (0.11, -0.12), (0, -0.12)])
    pen.fill(body, paint, form=0.8)
    with pen.inside(body):
        pen.fill(rectangle(-0.3, -1, 0.3, -0.8), trim, form=0.5)
        pen.fill(rectangle(-0.3, -0.26, 0.3, -0.2), trim, form=0.3)
    for y, r in ((-0.63, 0.085), (-0.4, 0.05)):
        pen.fill(ellipse(0, y, r), SWATCHES["grey"], form=0.6)
        pen.fill(
            ellipse(0, y, r * 0.75),
            Gradient((-r, y - r), (r, y + r), (lighter(SWATCHES["sky"], 0.5), SWATCHES["blue"])),
        )
    return name


def clock(pen: Pen, rng: np.random.Generator) -> str:
    """Draw an alarm clock."""
    name, paint = pick(rng, *GLAZES)
    for side in (-1, 1):
        pen.stroke([(side * 0.2, -0.14), (side * 0.3, 0)], (0.05, 0.07), darker(paint, 0.4))
        bell = turned(arc(0, -0.9, 0.15, 0.13, np.pi, 2 * np.pi), side * 0.6, (0, -0.48))
        pen.fill(bell, SWATCHES["ochre"], form=0.8)
    pen.stroke(spline([(-0.12, -0.93), (0, -1.0), (0.12, -0.93)], closed=False), 0.03, SWATCHES["grey"])
    centre = (0.0, -0.46)
    pen.fill(ellipse(*centre, 0.4), paint, form=0.8)
    pen.fill(ellipse(*centre, 0.33), SWATCHES["white"], form=0.25)
    for hour in range(12):
        tick = turned(
            np.array([(0.0, -0.75), (0.0, -0.75 + (0.07 if hour % 3 == 0 else 0.035))]), hour * np.pi / 6, centre
        )
        pen.stroke(tick, 0.022 if hour % 3 == 0 else 0.014, SWATCHES["charcoal"])
    time = rng.uniform(0, 12)
    for length, width, angle in ((0.17, 0.035, time * np.pi / 6), (0.25, 0.022, time * 2 * np.pi)):
        hand = turned(np.array([(0.0, -0.46), (0.0, -0.46 - length)]), angle, centre)
        pen.stroke(hand, (width, width * 0.5), SWATCHES["navy"])
    pen.fill(ellipse(*centre, 0.03), SWATCHES["red"])
    return name


def medal(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a rosette with a star."""
    name, ribbon_colour = pick(rng, "red", "blue", "green", "violet", "teal", "coral")
    for side in (-1, 1):
        strip = [(side * 0.02, -0.5), (side * 0.26, -0.45), (side * 0.34, 0), (side * 0.22, -0.06), (side * 0.12, 0.0)]
        pen.fill(strip, darker(ribbon_colour, 0.2), form=0.4)
    pen.fill(star(0, -0.62, 0.38, 0.33, 18), ribbon_colour, form=0.5)
    pen.fill(ellipse(0, -0.62, 0.26), SWATCHES["yellow"], form=0.7)
    pen.fill(ellipse(0, -0.62, 0.21), lighter(SWATCHES["yellow"], 0.35), form=0.2)
    pen.fill(star(0, -0.62, 0.17, 0.075, 5), ribbon_colour, form=0.4)
    return name
