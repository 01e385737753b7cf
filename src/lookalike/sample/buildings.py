"""Drawn buildings: each a function of a pen and a generator that returns the name of its main colour."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from lookalike.sample.canvas import Gradient, Pen
from lookalike.sample.colours import SWATCHES, Colour, darker, lighter, mix, pick, vary
from lookalike.sample.outlines import arc, blob, ellipse, rectangle, turned

WALLS = ("cream", "coral", "yellow", "sky", "mint", "white", "ochre", "pink", "red", "teal")
ROOFS = ("red", "brown", "charcoal", "plum", "teal", "navy")
SHOPS = ("BAKERY", "CAFE", "BOOKS", "KINO", "BLUMEN", "FISCH", "HOTEL", "TEE", "POST", "BAR")


def house(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a house with a gable roof, seen a little from the side."""
    name, wall = pick(rng, *WALLS)
    _, roof = pick(rng, *ROOFS)
    eaves, ridge, half = -rng.uniform(0.5, 0.6), -rng.uniform(0.86, 0.94), rng.uniform(0.3, 0.36)
    side = 0.36 + half
    lit = pen.light[0] * np.sign(pen.matrix[0, 0]) < 0
    front, flank = (wall, darker(wall, 0.3)) if lit else (darker(wall, 0.22), lighter(wall, 0.1))
    x0 = -0.34 - half * 0.3
    pen.fill(rectangle(x0, eaves, x0 + half * 1.5, 0), front)
    pen.fill([(x0, eaves), (x0 + half * 0.75, ridge), (x0 + half * 1.5, eaves)], front)
    pen.fill(rectangle(x0 + half * 1.5, eaves, side, 0), Gradient((0, eaves), (0, 0), (flank, darker(flank, 0.15))))
    chimney = rng.uniform(0.1, 0.35)
    pen.fill(rectangle(chimney, ridge - 0.09, chimney + 0.09, ridge + 0.1), darker(SWATCHES["brown"], 0.1), form=0.3)
    pen.fill(rectangle(chimney - 0.015, ridge - 0.11, chimney + 0.105, ridge - 0.08), SWATCHES["grey"])
    slope = [
        (x0 + half * 0.75, ridge),
        (side - half * 0.45, ridge),
        (side + 0.05, eaves + 0.05),
        (x0 + half * 1.5, eaves + 0.03),
    ]
    pen.fill(slope, Gradient((0, ridge), (0, eaves), (lighter(roof, 0.12), darker(roof, 0.12))))
    with pen.inside(slope):
        for y in np.arange(ridge, eaves + 0.05, 0.055):
            pen.stroke([(-1, y), (1, y)], 0.008, darker(roof, 0.45), opacity=0.6)
            for x in np.arange(-0.6, 0.9, 0.075) + rng.uniform(0, 0.07):
                pen.stroke([(x, y), (x + 0.01, y + 0.05)], 0.006, darker(roof, 0.4), opacity=0.45)
    pen.stroke(
        [(x0 - 0.05, eaves + 0.06), (x0 + half * 0.75, ridge - 0.01), (x0 + half * 1.5 + 0.03, eaves + 0.05)],
        0.045,
        darker(roof, 0.3),
    )
    shutter = vary(rng, SWATCHES[str(rng.choice(["teal", "green", "blue", "brown", "plum"]))])
    middle = x0 + half * 0.75
    _window(pen, middle, eaves + 0.02, 0.12, 0.15, shutter)
    pen.fill(rectangle(middle - 0.09, -0.32, middle + 0.09, 0, 0.02), shutter, form=0.3)
    pen.fill(ellipse(middle + 0.055, -0.15, 0.014), SWATCHES["yellow"])
    pen.fill(rectangle(middle - 0.13, -0.025, middle + 0.13, 0), SWATCHES["grey"])
    for x in np.linspace(x0 + half * 1.5 + 0.14, side - 0.13, int(rng.integers(2, 4))):
        _window(pen, x, -0.28, 0.1, 0.15, shutter if rng.random() < 0.7 else None)
    for x in rng.uniform(x0 + half * 1.6, side, 4):
        pen.fill(blob(rng, x, -0.02, 0.09, 0.07), vary(rng, SWATCHES["green"]), form=0.5)
    return name


def shop(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a narrow town house with a shop, an awning and a sign."""
    name, wall = pick(rng, *WALLS)
    _, trim = pick(rng, "teal", "navy", "plum", "green", "red", "charcoal")
    half = rng.uniform(0.28, 0.36)
    top = -0.92
    pen.fill(rectangle(-half, top, half, 0), Gradient((-half, 0), (half, 0), (lighter(wall, 0.12), darker(wall, 0.15))))
    if rng.random() < 0.5:
        pen.fill(
            [(-half - 0.03, top + 0.01), (-half * 0.6, top - 0.1), (half * 0.6, top - 0.1), (half + 0.03, top + 0.01)],
            darker(trim, 0.1),
        )
    else:
        for step, width in enumerate((1.0, 0.7, 0.4)):
            pen.fill(
                rectangle(-half * width, top - 0.04 * (step + 1), half * width, top - 0.04 * step), darker(wall, 0.1)
            )
    pen.fill(rectangle(-half - 0.03, top, half + 0.03, top + 0.03), SWATCHES["cream"], form=0.3)
    for y in (-0.8, -0.6):
        for x in (-half * 0.55, half * 0.55):
            _window(pen, x, y + 0.06, 0.105, 0.14, trim if rng.random() < 0.3 else None)
    pen.fill(rectangle(-half + 0.02, -0.44, half - 0.02, 0), trim)
    pen.fill(
        rectangle(-half + 0.05, -0.26, half * 0.28, -0.06),
        Gradient((-half, -0.3), (0, 0), (SWATCHES["cream"], SWATCHES["ochre"])),
    )
    for _ in range(5):
        pen.fill(
            blob(rng, rng.uniform(-half + 0.1, half * 0.2), -0.09, 0.035, 0.04),
            pick(rng, "red", "green", "white", "brown")[1],
            form=0.5,
        )
    pen.fill(rectangle(half * 0.4, -0.3, half * 0.9, 0), lighter(trim, 0.2), form=0.2)
    pen.fill(rectangle(half * 0.48, -0.27, half * 0.82, -0.12), SWATCHES["sky"])
    stripes = np.linspace(-half - 0.02, half + 0.02, 12)
    for number, (left, right) in enumerate(pairwise(stripes)):
        colour = SWATCHES["white"] if number % 2 else lighter(trim, 0.15)
        flap = [
            (left, -0.36),
            (right, -0.36),
            (right * 1.08, -0.27),
            ((left + right) * 0.54, -0.245),
            (left * 1.08, -0.27),
        ]
        pen.fill(flap, Gradient((0, -0.36), (0, -0.25), (colour, darker(colour, 0.15))))
    pen.fill(rectangle(-half * 0.92, -0.455, half * 0.92, -0.365, 0.015), darker(trim, 0.25))
    pen.write(str(rng.choice(SHOPS)), (0, -0.41), 0.056, SWATCHES["cream"], weight=0.03, width=half * 1.7)
    return name


def lighthouse(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a lighthouse, banded, on a rock."""
    name, band = pick(rng, "red", "navy", "teal", "coral", "charcoal", "ochre")
    foot, neck, head = rng.uniform(0.15, 0.19), 0.095, -0.8
    for x, y, rx, ry in ((-0.17, -0.03, 0.2, 0.07), (0.2, -0.02, 0.2, 0.06), (0, -0.05, 0.26, 0.08)):
        pen.fill(blob(rng, x, y, rx, ry, 0.16), vary(rng, mix(SWATCHES["grey"], SWATCHES["brown"], 0.4)), form=0.6)
    tower = [(-neck, head), (neck, head), (foot, -0.06), (-foot, -0.06)]
    pen.fill(tower, SWATCHES["white"])
    n = int(rng.integers(2, 4))
    with pen.inside(tower):
        edges = np.linspace(head, -0.06, 2 * n + 1)
        for upper, lower in zip(edges[::2], edges[1::2], strict=False):
            belt = np.concatenate([arc(0, upper, 0.3, 0.03, 0, np.pi), arc(0, lower, 0.3, 0.03, np.pi, 0)])
            pen.fill(belt, band)
        away = -np.sign(pen.light[0] * pen.matrix[0, 0])
        for reach in (0.02, 0.07, 0.11):
            left, right = sorted((away * reach, away * 0.4))
            pen.fill(rectangle(left, -1, right, 0), SWATCHES["navy"], opacity=0.16)
    for y in np.linspace(head + 0.12, -0.3, 3):
        pen.fill(rectangle(-0.022, y - 0.03, 0.022, y + 0.03, 0.02), darker(SWATCHES["navy"], 0.3))
    pen.fill(rectangle(-0.05, -0.16, 0.05, -0.05, 0.04), SWATCHES["brown"])
    pen.fill(
        rectangle(-0.07, -0.9, 0.07, head),
        Gradient((0, -0.9), (0, head), (lighter(SWATCHES["yellow"], 0.6), SWATCHES["yellow"])),
    )
    for x in (-0.066, -0.022, 0.022, 0.066):
        pen.stroke([(x, -0.9), (x, head)], 0.012, darker(band, 0.5))
    pen.fill(rectangle(-0.14, head - 0.01, 0.14, head + 0.025, 0.01), darker(band, 0.4), form=0.4)
    for x in np.linspace(-0.13, 0.13, 7):
        pen.stroke([(x, head - 0.06), (x, head)], 0.008, darker(band, 0.4))
    pen.stroke([(-0.135, head - 0.06), (0.135, head - 0.06)], 0.01, darker(band, 0.4))
    pen.fill(np.concatenate([arc(0, -0.89, 0.09, 0.09, np.pi, 2 * np.pi)]), band, form=0.5)
    pen.stroke([(0, -0.97), (0, -1.03)], 0.012, darker(band, 0.4))
    return name


def windmill(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a tower mill with four sails."""
    name, wall = pick(rng, "white", "cream", "brown", "coral", "mint", "grey")
    _, cap = pick(rng, *ROOFS)
    tower = [(-0.15, -0.62), (0.15, -0.62), (0.24, 0), (-0.24, 0)]
    pen.fill(tower, wall, form=0.4)
    with pen.inside(tower):
        for _ in range(26):
            x, y = rng.uniform(-0.22, 0.2), rng.uniform(-0.6, 0)
            pen.fill(rectangle(x, y, x + 0.05, y + 0.025, 0.008), darker(wall, 0.22), opacity=0.5)
    pen.fill(rectangle(-0.055, -0.17, 0.055, 0, 0.05), darker(cap, 0.1))
    for y in (-0.32, -0.48):
        pen.fill(rectangle(-0.028, y - 0.04, 0.028, y + 0.03, 0.02), SWATCHES["navy"])
    gallery = rectangle(-0.27, -0.26, 0.27, -0.235)
    pen.fill(gallery, SWATCHES["brown"])
    for x in np.linspace(-0.26, 0.26, 9):
        pen.stroke([(x, -0.32), (x, -0.25)], 0.009, SWATCHES["brown"])
    pen.stroke([(-0.265, -0.315), (0.265, -0.315)], 0.01, SWATCHES["brown"])
    pen.fill(arc(0, -0.61, 0.19, 0.17, np.pi, 2 * np.pi), cap, form=0.6)
    hub = (0.0, -0.68)
    turn = rng.uniform(0, np.pi / 2)
    for quarter in range(4):
        angle = turn + quarter * np.pi / 2
        pen.stroke(turned(np.array([(0.0, -0.68), (0.56, -0.68)]), angle, hub), 0.022, darker(SWATCHES["brown"], 0.3))
        sail = turned(rectangle(0.12, -0.67, 0.55, -0.55), angle, hub)
        pen.fill(sail, SWATCHES["cream"], opacity=0.9)
        for along in np.arange(0.12, 0.56, 0.0717):
            pen.stroke(turned(np.array([(along, -0.67), (along, -0.55)]), angle, hub), 0.009, SWATCHES["brown"])
        pen.stroke(turned(np.array([(0.12, -0.61), (0.55, -0.61)]), angle, hub), 0.008, SWATCHES["brown"])
    pen.fill(ellipse(*hub, 0.035), darker(SWATCHES["brown"], 0.4), form=0.6)
    return name


def castle(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a castle with towers and pennants."""
    name, stone = pick(rng, "sand", "grey", "cream", "pink", "ochre")
    _, roof = pick(rng, *ROOFS)
    _, flag = pick(rng, "red", "yellow", "coral", "blue")
    towers = [
        (-0.5, rng.uniform(0.55, 0.7), 0.13),
        (0.5, rng.uniform(0.5, 0.68), 0.13),
        (rng.uniform(-0.12, 0.12), 0.76, 0.15),
    ]
    for x, height, half in (towers[2], towers[0], towers[1]):
        if half == 0.13:
            continue
        _tower(pen, x, height, half, darker(stone, 0.1), roof, flag)
    _battlement(pen, -0.5, 0.5, 0.4, stone)
    pen.fill(
        np.concatenate([arc(0, -0.2, 0.11, 0.12, np.pi, 2 * np.pi), [(0.11, 0), (-0.11, 0)]]),
        darker(SWATCHES["brown"], 0.45),
    )
    for x in (-0.28, 0.28):
        pen.fill(rectangle(x - 0.02, -0.29, x + 0.02, -0.19, 0.02), darker(stone, 0.75))
    for x, height, half in towers[:2]:
        _tower(pen, x, height, half, stone, roof, flag)
    return name


def _tower(pen: Pen, x: float, height: float, half: float, stone: Colour, roof: Colour, flag: Colour) -> None:
    pen.fill(rectangle(x - half, -height, x + half, 0), stone, form=0.45)
    pen.fill(rectangle(x - half - 0.02, -height, x + half + 0.02, -height + 0.04), lighter(stone, 0.15), form=0.3)
    peak = -height - half * 1.75
    pen.stroke([(x, peak), (x, peak - 0.1)], 0.01, SWATCHES["charcoal"])
    pen.fill([(x, peak - 0.1), (x + 0.11, peak - 0.075), (x, peak - 0.045)], flag)
    pen.fill([(x - half - 0.03, -height + 0.005), (x, peak), (x + half + 0.03, -height + 0.005)], roof, form=0.6)
    pen.fill(rectangle(x - 0.025, -height + 0.1, x + 0.025, -height + 0.22, 0.025), darker(stone, 0.75))


def _battlement(pen: Pen, left: float, right: float, height: float, stone: Colour) -> None:
    pen.fill(
        rectangle(left, -height, right, 0), Gradient((0, -height), (0, 0), (lighter(stone, 0.1), darker(stone, 0.2)))
    )
    edges = np.linspace(left, right, 14)
    for x0, x1 in zip(edges[:-1:2], edges[1::2], strict=True):
        pen.fill(rectangle(x0, -height - 0.05, x1, -height + 0.01), lighter(stone, 0.1))
    for row, y in enumerate(np.arange(-height + 0.06, -0.02, 0.08)):
        for x in np.arange(left + 0.03 + 0.08 * (row % 2), right - 0.08, 0.19):
            pen.fill(rectangle(x, y, x + 0.07, y + 0.03, 0.01), darker(stone, 0.25), opacity=0.45)


def _window(pen: Pen, x: float, sill: float, width: float, height: float, shutter: Colour | None) -> None:
    w = width / 2
    glass = darker(mix(SWATCHES["navy"], SWATCHES["sky"], 0.35), 0.1)
    pen.fill(rectangle(x - w - 0.015, sill - height - 0.015, x + w + 0.015, sill + 0.01), SWATCHES["white"])
    pen.fill(
        rectangle(x - w, sill - height, x + w, sill),
        Gradient((x - w, sill - height), (x + w, sill), (lighter(glass, 0.4), glass)),
    )
    pen.stroke([(x, sill - height), (x, sill)], 0.012, SWATCHES["white"])
    pen.stroke([(x - w, sill - height * 0.55), (x + w, sill - height * 0.55)], 0.012, SWATCHES["white"])
    if shutter is not None:
        for side in (-1, 1):
            centre = x + side * (w + 0.045)
            pen.fill(rectangle(centre - 0.027, sill - height - 0.01, centre + 0.027, sill + 0.005), shutter, form=0.25)
