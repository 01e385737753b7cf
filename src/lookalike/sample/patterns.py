"""Drawn patterns: each covers the whole stage and is one instance as large as the picture."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lookalike.sample.canvas import Pen
from lookalike.sample.colours import SWATCHES, Colour, darker, lighter, mix, vary
from lookalike.sample.outlines import Points, ellipse, leaf, rectangle, star, turned
from lookalike.sample.stage import Stage

SCHEMES = (
    "navy cream coral ochre",
    "teal cream mint orange",
    "plum pink cream yellow",
    "green mint cream olive",
    "red cream navy sand",
    "violet sky white pink",
    "charcoal yellow white grey",
    "brown sand cream coral",
    "blue white sky yellow",
    "olive cream ochre red",
)
"""Colours that go together: the ground, then the figures."""


def stripes(stage: Stage, rng: np.random.Generator) -> None:
    """Draw stripes of changing widths at any angle."""

    def draw(pen: Pen, colours: list[Colour], frame: Callable[[Points], Points], reach: float) -> None:
        rhythm = rng.uniform(0.012, 0.11, int(rng.integers(2, 6)))
        x, k = -reach, 0
        while x < reach:
            wide = rhythm[k % len(rhythm)]
            pen.fill(frame(rectangle(x, -reach, x + wide * 0.97, reach)), colours[k % len(colours)])
            x, k = x + wide, k + 1

    _cover(stage, rng, "stripes", draw)


def tartan(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a tartan: the same bands across and down, woven."""

    def draw(pen: Pen, colours: list[Colour], frame: Callable[[Points], Points], reach: float) -> None:
        bands = [(rng.uniform(0, 1), rng.uniform(0.03, 0.3), k) for k in rng.integers(1, len(colours), 5)]
        repeat = rng.uniform(0.22, 0.4)
        for is_across in (False, True):
            for start in np.arange(-reach, reach, repeat):
                for offset, wide, k in bands:
                    low = start + offset * repeat
                    box = (-reach, low, reach, low + wide * repeat)
                    outline = rectangle(*box) if is_across else rectangle(box[1], box[0], box[3], box[2])
                    pen.fill(frame(outline), colours[k], opacity=0.5)
        starts = np.arange(-3 * reach, reach, 0.013)
        threads = starts[:, None, None] * (1, 0) + np.array([(0, -reach), (2 * reach, reach)])
        threads[1::2] = threads[1::2, ::-1]
        pen.stroke(frame(threads.reshape(-1, 2)), 0.002, SWATCHES["white"], opacity=0.16)

    _cover(stage, rng, "tartan", draw)


def dots(stage: Stage, rng: np.random.Generator) -> None:
    """Draw dots or rings in a grid, or scattered."""

    def draw(pen: Pen, colours: list[Colour], frame: Callable[[Points], Points], reach: float) -> None:
        step, is_scattered, has_hole = rng.uniform(0.09, 0.2), rng.random() < 0.35, rng.random() < 0.35
        for row, y in enumerate(np.arange(-reach, reach, step * 0.87)):
            for x in np.arange(-reach, reach, step) + step / 2 * (row % 2):
                place = np.array((x, y)) + (rng.normal(0, step * 0.16, 2) if is_scattered else 0)
                r = step * (rng.uniform(0.15, 0.4) if is_scattered else 0.3)
                k = rng.integers(1, len(colours)) if is_scattered else 1 + row % (len(colours) - 1)
                pen.fill(frame(ellipse(place[0], place[1], r, n=30)), colours[k])
                if has_hole:
                    pen.fill(frame(ellipse(place[0], place[1], r * 0.5, n=24)), colours[0])

    _cover(stage, rng, "dots", draw)


def tiles(stage: Stage, rng: np.random.Generator) -> None:
    """Draw glazed tiles with one of four ornaments."""

    def draw(pen: Pen, colours: list[Colour], frame: Callable[[Points], Points], reach: float) -> None:
        step, ornament = rng.uniform(0.17, 0.3), int(rng.integers(4))
        for y in np.arange(-reach, reach, step):
            for x in np.arange(-reach, reach, step):
                tile = rectangle(x + 0.004, y + 0.004, x + step - 0.004, y + step - 0.004, 0.008)
                pen.fill(frame(tile), vary(rng, colours[1], 0.8), form=0.25)
                with pen.inside(frame(tile)):
                    _ornament(pen, colours, frame, np.array((x, y)) + step / 2, step, ornament, int(rng.integers(4)))

    _cover(stage, rng, "tiles", draw)


def waves(stage: Stage, rng: np.random.Generator) -> None:
    """Draw rows of overlapping round waves."""

    def draw(pen: Pen, colours: list[Colour], frame: Callable[[Points], Points], reach: float) -> None:
        r = rng.uniform(0.08, 0.16)
        rings = (1.0, 0.78, 0.56, 0.34) if rng.random() < 0.7 else (1.0, 0.86, 0.4)
        for row, y in enumerate(np.arange(-reach, reach + r, r * 0.5)):
            for x in np.arange(-reach, reach, 2 * r) + r * (row % 2):
                for k, part in enumerate(rings):
                    pen.fill(frame(ellipse(x, y, r * part, n=44)), colours[k % len(colours)])

    _cover(stage, rng, "waves", draw, tilt=0.0)


def leaves(stage: Stage, rng: np.random.Generator) -> None:
    """Draw a wallpaper of twigs."""

    def draw(pen: Pen, colours: list[Colour], frame: Callable[[Points], Points], reach: float) -> None:
        step = rng.uniform(0.2, 0.32)
        for row, y in enumerate(np.arange(-reach, reach, step * 0.8)):
            for x in np.arange(-reach, reach, step) + step / 2 * (row % 2):
                angle = (row % 2) * np.pi * 0.5 - 1.9 + rng.normal(0, 0.12)
                tone = colours[1 + row % (len(colours) - 1)]
                along = np.array([(np.cos(angle), np.sin(angle))])
                stem = np.array((x, y)) + along * np.linspace(0, step * 0.85, 6)[:, None]
                pen.stroke(frame(stem), (0.009, 0.004), darker(tone, 0.2))
                for t in (1, 2, 3, 4):
                    for side in (-0.9, 0.9):
                        pen.fill(
                            frame(leaf(tuple(stem[t]), step * (0.42 - 0.05 * t), step * 0.17, angle + side)),
                            vary(rng, tone),
                        )
                pen.fill(frame(leaf(tuple(stem[5]), step * 0.26, step * 0.15, angle)), tone)

    _cover(stage, rng, "leaves", draw)


def terrazzo(stage: Stage, rng: np.random.Generator) -> None:
    """Draw chips of stone in a plain ground."""

    def draw(pen: Pen, colours: list[Colour], frame: Callable[[Points], Points], reach: float) -> None:
        pen.fill(frame(rectangle(-reach, -reach, reach, reach)), lighter(mix(colours[1], SWATCHES["cream"], 0.6), 0.3))
        size = rng.uniform(0.02, 0.05)
        for x, y in rng.uniform(-reach, reach, (int(0.9 * reach**2 / size**2), 2)):
            angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(4, 7))))
            r = size * rng.uniform(0.3, 1.2)
            chip = np.stack([x + r * np.cos(angles), y + r * np.sin(angles)], axis=1)
            pen.fill(frame(chip), vary(rng, colours[rng.integers(len(colours))]))

    _cover(stage, rng, "terrazzo", draw)


def _cover(
    stage: Stage,
    rng: np.random.Generator,
    kind: str,
    draw: Callable[[Pen, list[Colour], Callable[[Points], Points], float], None],
    *,
    tilt: float | None = None,
) -> None:
    """Draw a pattern over the stage, in a frame turned about its middle and reaching beyond its corners."""
    names = str(rng.choice(SCHEMES)).split()
    order = [names[0], *rng.permutation(names[1:]).tolist()] if rng.random() < 0.6 else rng.permutation(names).tolist()
    colours = [vary(rng, SWATCHES[name]) for name in order]
    angle = float(rng.choice([0, 0, np.pi / 4, rng.uniform(0, np.pi)])) if tilt is None else tilt
    middle = np.array((stage.width / 2, 0.5))
    reach = float(np.hypot(*middle)) + 0.05

    def frame(points: Points) -> Points:
        return turned(np.asarray(points), angle, (0, 0)) + middle

    def region(pen: Pen) -> str:
        pen.fill(rectangle(-0.01, -0.01, stage.width + 0.01, 1.01), colours[0])
        draw(pen, colours, frame, reach)
        return order[0]

    stage.region(kind, region)


def _ornament(
    pen: Pen,
    colours: list[Colour],
    frame: Callable[[Points], Points],
    centre: Points,
    step: float,
    ornament: int,
    quarter: int,
) -> None:
    x, y = centre
    half = step / 2
    if ornament == 0:
        for dx, dy in ((-half, -half), (half, -half), (half, half), (-half, half)):
            pen.fill(frame(ellipse(x + dx, y + dy, half * 0.72, n=40)), colours[0])
            pen.fill(frame(ellipse(x + dx, y + dy, half * 0.44, n=40)), colours[-1])
        pen.fill(frame(star(x, y, half * 0.4, half * 0.16, 4)), colours[0])
    elif ornament == 1:
        corner = turned(np.array([(x - half, y - half)]), quarter * np.pi / 2, (x, y))[0]
        for part, k in ((1.0, 0), (0.72, -1), (0.42, 0)):
            pen.fill(frame(ellipse(corner[0], corner[1], step * part * 0.93, n=48)), colours[k])
    elif ornament == 2:
        for turn in np.arange(8) * np.pi / 4:
            pen.fill(
                frame(leaf((x, y), half * 0.92, half * 0.42, turn)), colours[0 if int(turn * 4 / np.pi) % 2 else -1]
            )
        pen.fill(frame(ellipse(x, y, half * 0.16)), colours[2])
    else:
        diamond = np.array([(x, y - half), (x + half, y), (x, y + half), (x - half, y)])
        pen.fill(frame(diamond), colours[0])
        pen.fill(frame((diamond - centre) * 0.55 + centre), colours[-1])
        pen.fill(frame(star(x, y, half * 0.3, half * 0.12, 8)), colours[2])
