"""Drawn lettering: posters, signs, stamps and marks, with the words that can be read on them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lookalike.sample.animals import bird, butterfly, cat, fish, owl, whale
from lookalike.sample.buildings import lighthouse
from lookalike.sample.canvas import Glow, Gradient, Pen
from lookalike.sample.colours import SWATCHES, Colour, darker, lighter, pick, vary
from lookalike.sample.outlines import arc, ellipse, leaf, mirrored, rectangle, ribbon, spline, star
from lookalike.sample.patterns import SCHEMES
from lookalike.sample.plants import mushroom, sunflower
from lookalike.sample.settings import meadow, paper, street
from lookalike.sample.stage import Draw, Stage
from lookalike.sample.vehicles import aeroplane, balloon, sailing_boat

WORDS = (
    "JAZZ", "HELLO", "SUMMER", "OPEN", "MUSIK", "DANCE", "NORTH", "COFFEE", "MARKET", "FRISCH", "LUNA", "RADIO",
    "HARBOUR", "GARTEN", "WINTER", "CINEMA", "PAPIER", "SONNE", "VELO", "ATELIER",
)  # fmt: skip
SIGNS = (
    "MARKT",
    "HAFEN",
    "STATION",
    "NORTH",
    "BEACH",
    "MUSEUM",
    "PARK",
    "ZOO",
    "CASTLE",
    "SCHULE",
    "VILLAGE",
    "AIRPORT",
)
COUNTRIES = ("NORDLAND", "INSULA", "MERIDIA", "LAGUNA", "VALORIA", "TERRANOVA")
MARKS = ("NORDELO", "KIESOLA", "BRIVANE", "ZUNDRA", "EKORNA", "TIDELO")
"""Invented brands, each with its own sign."""

STAMP_MOTIFS: tuple[tuple[Draw, float], ...] = (
    (sailing_boat, 0.5), (bird, 0.4), (butterfly, 0.38), (fish, 0.34), (owl, 0.44), (aeroplane, 0.28), (balloon, 0.5),
    (lighthouse, 0.5), (sunflower, 0.5), (cat, 0.46), (whale, 0.28), (mushroom, 0.5),
)  # fmt: skip
"""What is shown on stamps, and how large."""


def poster(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a large word with bold shapes behind it."""
    names = str(rng.choice(SCHEMES)).split()
    ground, *others = (vary(rng, SWATCHES[name]) for name in names)
    w = stage.width

    def draw(pen: Pen) -> str:
        pen.fill(
            rectangle(-0.01, -0.01, w + 0.01, 1.01),
            Gradient((0, 0), (w, 1), (lighter(ground, 0.08), darker(ground, 0.12))),
        )
        _bold_shapes(pen, rng, w, others)
        word = str(rng.choice(WORDS))
        y = rng.choice([0.3, 0.5, 0.72])
        ink = lighter(others[0], 0.8)
        height = rng.uniform(0.16, 0.3)
        weight, angle = rng.choice([0.0, 0.06, 0.12]), rng.choice([0.0, 0.0, -0.12, 0.1])
        drop = darker(ground, 0.9)
        shadow = Pen(pen.surface, pen.matrix, pen.light)
        for step in np.arange(1, 8) * 0.003:
            shadow.write(
                word, (w / 2 + step, y + step), height, drop, weight=weight + 0.02, angle=angle, width=0.86 * w
            )
        pen.write(word, (w / 2, y), height, ink, weight=weight, angle=angle, width=0.86 * w)
        if rng.random() < 0.6:
            second = str(rng.choice([other for other in WORDS if other != word]))
            pen.write(second, (w / 2, y + (0.22 if y < 0.6 else -0.24)), 0.06, ink, width=0.6 * w)
        return names[0]

    stage.region("poster", draw)


def sign(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a signpost in the open with one to three boards."""
    floor = meadow(stage, rng) if rng.random() < 0.6 else street(stage, rng)
    names = rng.permutation(SIGNS)
    n = int(rng.integers(1, 4))

    def draw(pen: Pen, rng: np.random.Generator) -> str:
        called, paint = pick(rng, "teal", "cream", "yellow", "white", "blue", "green", "coral")
        ink = SWATCHES["charcoal"] if called in ("cream", "yellow", "white") else SWATCHES["white"]
        pen.fill(rectangle(-0.035, -0.98, 0.035, 0), SWATCHES["brown"], form=0.6)
        for k in range(n):
            y, side = -0.86 + 0.25 * k, float(rng.choice([-1, 1]))
            board = np.array([(-0.5, y - 0.1), (0.5, y - 0.1), (0.62, y), (0.5, y + 0.1), (-0.5, y + 0.1)]) * (side, 1)
            pen.fill(board, darker(paint, 0.35))
            pen.fill(
                (board - (0, y)) * 0.95 + (0, y), Gradient((0, y - 0.1), (0, y + 0.1), (lighter(paint, 0.15), paint))
            )
            pen.write(str(names[k]), (0.02 * side, y), 0.095, ink, weight=0.03, width=0.88)
        return called

    height = min(rng.uniform(0.6, 0.72), 0.72 * stage.width)
    x = stage.width * rng.uniform(0.42, 0.58)
    stage.put("sign", draw, rng, at=(x, floor.front), height=height, angle=rng.normal(0, 0.03), shadow=floor.shadow)


def stamp(stage: Stage, rng: np.random.Generator) -> None:
    """Draw one to three postage stamps on paper, sometimes cancelled."""
    paper(stage, rng)
    n = int(rng.choice([1, 1, 2, 3])) if stage.width > 1.1 else 1
    height = min(0.78, 0.86 * stage.width / n)
    for k in range(n):
        x = stage.width * (k + 0.5) / n + rng.normal(0, 0.012)
        turn = rng.normal(0, 0.06)
        stage.put("stamp", _stamp, rng, at=(x, 0.5 + height / 2), height=height, angle=turn, shadow="wall")
    if rng.random() < 0.5:
        pen, x = stage.pen(), stage.width * rng.uniform(0.3, 0.7)
        for r in (0.2, 0.165):
            pen.stroke(arc(x, 0.3, r, r, 0, 2 * np.pi, n=60), 0.007, SWATCHES["charcoal"], opacity=0.55)
        for y in (0.24, 0.28, 0.32, 0.36):
            line = spline([(x + 0.21, y), (x + 0.31, y - 0.015), (x + 0.41, y + 0.015), (x + 0.52, y)], closed=False)
            pen.stroke(line, 0.007, SWATCHES["charcoal"], opacity=0.55)


def logo(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a mark of an invented brand, its sign and its name."""
    design = int(rng.integers(len(MARKS)))
    paper(stage, rng)
    has_badge = rng.random() < 0.4

    def draw(pen: Pen, rng: np.random.Generator) -> str:
        called, paint = pick(rng, "navy", "teal", "coral", "red", "plum", "green", "orange", "charcoal")
        _, second = pick(rng, "yellow", "mint", "sky", "ochre", "pink")
        if has_badge:
            pen.fill(rectangle(-0.66, -1.08, 0.66, 0.08, 0.16), SWATCHES["white"])
        MARK_SIGNS[design](pen, paint, second)
        pen.write(MARKS[design], (0, -0.12), 0.15, paint, weight=0.05, width=1.2)
        return called

    height = min(rng.uniform(0.55, 0.8), 0.7 * stage.width)
    x, y = stage.width * rng.uniform(0.45, 0.55), 0.5 + height / 2
    stage.put(f"logo-{MARKS[design].lower()}", draw, rng, at=(x, y), height=height, angle=rng.normal(0, 0.05))


def _bold_shapes(pen: Pen, rng: np.random.Generator, w: float, colours: list[Colour]) -> None:
    """Draw the large shapes of a poster: rays, discs, bars or leaves."""
    x, y = w * rng.uniform(0.3, 0.7), rng.uniform(0.3, 0.7)
    style = rng.choice(["rays", "discs", "bars", "leaves"])
    if style == "rays":
        for k, angle in enumerate(np.arange(16) * np.pi / 8):
            far = np.array([(np.cos(angle + d), np.sin(angle + d)) for d in (-0.1, 0.1)]) * 2.5 + (x, y)
            pen.fill(np.concatenate([[(x, y)], far]), colours[k % 2], opacity=0.8)
        pen.fill(ellipse(x, y, 0.2), Glow((x, y), 0.2, (lighter(colours[-1], 0.3), colours[-1])))
    elif style == "discs":
        for k in range(6):
            cx, cy, r = rng.uniform(0, w), rng.uniform(0, 1), rng.uniform(0.1, 0.34)
            pen.fill(ellipse(cx, cy, r), vary(rng, colours[k % len(colours)]), form=0.5, opacity=0.85)
    elif style == "bars":
        for k, left in enumerate(np.sort(rng.uniform(-0.1, w, 7))):
            top = rng.uniform(0.1, 0.8)
            pen.fill(rectangle(left, top, left + rng.uniform(0.05, 0.2), 1.1), colours[k % len(colours)], opacity=0.88)
    else:
        for k in range(12):
            place = (rng.uniform(0, w), rng.uniform(0, 1))
            pen.fill(
                leaf(place, rng.uniform(0.25, 0.5), rng.uniform(0.14, 0.22), rng.uniform(0, 6.3)),
                vary(rng, colours[k % len(colours)]),
                form=0.4,
            )


def _stamp(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a stamp with teeth, a motif, a country and a value."""
    called, ground = pick(rng, "sky", "coral", "mint", "ochre", "pink", "teal", "navy", "plum", "sand")
    half = 0.4
    teeth = np.concatenate([
        np.stack([np.linspace(-half, half, 60), -1 + 0.012 * np.cos(np.linspace(0, 24 * np.pi, 60))], axis=1),
        np.stack([half + 0.012 * np.cos(np.linspace(0, 30 * np.pi, 76)), np.linspace(-1, 0, 76)], axis=1),
        np.stack([np.linspace(half, -half, 60), 0.012 * np.cos(np.linspace(0, 24 * np.pi, 60))], axis=1),
        np.stack([-half + 0.012 * np.cos(np.linspace(0, 30 * np.pi, 76)), np.linspace(0, -1, 76)], axis=1),
    ])  # fmt: skip
    pen.fill(teeth, SWATCHES["white"])
    field = rectangle(-half + 0.05, -0.95, half - 0.05, -0.05)
    pen.fill(field, Gradient((0, -0.95), (0, -0.05), (lighter(ground, 0.35), ground)))
    motif, scale = STAMP_MOTIFS[rng.integers(len(STAMP_MOTIFS))]
    with pen.inside(field):
        pen.fill(ellipse(0, -0.46, 0.3), lighter(ground, 0.6), opacity=0.55)
        pen.fill(mirrored([(0, -0.28), (0.3, -0.24), (0.6, -0.02), (0, 0.1)]), darker(ground, 0.3), opacity=0.5)
    inner = pen.matrix @ np.array([(scale, 0, 0), (0, scale, -0.22), (0, 0, 1)])
    motif(Pen(pen.surface, inner, pen.light, pen.wobble), rng)
    ink = lighter(ground, 0.85) if called in ("teal", "navy", "plum", "coral") else darker(ground, 0.85)
    pen.write(str(rng.choice(COUNTRIES)), (0, -0.885), 0.06, ink, weight=0.03, width=0.62)
    pen.write(
        str(rng.choice(["5", "10", "20", "45", "60", "80", "1.20"])), (0.2, -0.12), 0.09, ink, weight=0.04, width=0.24
    )
    return called


def _star_sign(pen: Pen, paint: Colour, second: Colour) -> None:
    pen.fill(ellipse(0, -0.6, 0.36), paint)
    pen.fill(star(0, -0.6, 0.32, 0.08, 4), second)
    pen.fill(star(0, -0.6, 0.2, 0.05, 4, angle=-np.pi / 4), second)


def _pebble_sign(pen: Pen, paint: Colour, second: Colour) -> None:
    for y, rx, colour in ((-0.32, 0.38, paint), (-0.56, 0.29, second), (-0.76, 0.2, paint)):
        pen.fill(spline(ellipse(0, y, rx, 0.115, n=9)), colour)


def _breeze_sign(pen: Pen, paint: Colour, second: Colour) -> None:
    for k, y in enumerate((-0.82, -0.62, -0.42)):
        line = spline([(-0.42, y), (-0.1, y - 0.09), (0.12, y + 0.06), (0.42 - 0.06 * k, y - 0.03)], closed=False)
        pen.fill(ribbon(line, (0.03, 0.13, 0.13, 0.0)), second if k == 1 else paint)


def _spark_sign(pen: Pen, paint: Colour, second: Colour) -> None:
    pen.fill(rectangle(-0.34, -0.94, 0.34, -0.26, 0.14), paint)
    pen.fill([(0.08, -0.88), (-0.2, -0.54), (-0.01, -0.54), (-0.08, -0.32), (0.2, -0.67), (0.01, -0.67)], second)


def _acorn_sign(pen: Pen, paint: Colour, second: Colour) -> None:
    pen.fill(mirrored([(0, -0.7), (0.24, -0.68), (0.22, -0.42), (0.04, -0.25), (0, -0.24)]), second)
    pen.fill(mirrored([(0, -0.88), (0.2, -0.84), (0.31, -0.68), (0.16, -0.63), (0, -0.62)]), paint)
    pen.stroke(spline([(0, -0.86), (0.02, -0.95), (0.09, -0.99)], closed=False), 0.05, paint)


def _tide_sign(pen: Pen, paint: Colour, second: Colour) -> None:
    circle = ellipse(0, -0.6, 0.36)
    pen.fill(circle, second)
    with pen.inside(circle):
        for y in (-0.62, -0.5, -0.38):
            line = spline([(x, y + 0.035 * (-1) ** k) for k, x in enumerate(np.arange(-0.5, 0.6, 0.14))], closed=False)
            pen.stroke(line, 0.065, paint)
        pen.fill(ellipse(0.1, -0.78, 0.09), paint)


MARK_SIGNS: tuple[Callable[[Pen, Colour, Colour], None], ...] = (
    _star_sign, _pebble_sign, _breeze_sign, _spark_sign, _acorn_sign, _tide_sign,
)  # fmt: skip
"""In the order of `MARKS`."""
