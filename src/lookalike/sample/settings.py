"""Settings: where things stand, sail, fly or lie. Each paints the backdrop of a stage and says where there is room."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lookalike.sample.canvas import Glow, Gradient, Pen
from lookalike.sample.colours import SWATCHES, Colour, darker, lighter, mix, pick, vary
from lookalike.sample.outlines import Points, at, blob, ellipse, leaf, rectangle, ribbon, spline
from lookalike.sample.stage import Stage


@dataclass(frozen=True)
class Floor:
    """Where things may stand.

    Attributes
    ----------
    back, front : float
        Heights of the farthest and nearest base, in the stage's unit space.
    shadow : str
        As `Stage.put` takes it.
    """

    back: float
    front: float
    shadow: str


def table(stage: Stage, rng: np.random.Generator) -> Floor:
    """Paint a table before a wall, with a window's light, tiles or a cloth."""
    pen, w, palette = stage.pen(), stage.width, stage.palette
    wall, wood = vary(rng, palette.wall, 1.5), vary(rng, palette.table, 1.5)
    edge = rng.uniform(0.48, 0.62)
    lit = 0.0 if stage.light[0] < 0 else w
    pen.fill(rectangle(0, 0, w, 1), Glow((lit, 0.1), 1.3 * w, (lighter(wall, 0.3), wall, darker(wall, 0.28))))
    _wall_ornament(pen, rng, w, edge, wall, stage.light[0] < 0)
    pen.fill(
        rectangle(0, edge, w, 1), Gradient((w / 2, edge), (w / 2, 1), (lighter(wood, 0.22), wood, darker(wood, 0.12)))
    )
    if rng.random() < 0.4:
        _cloth(pen, rng, w, edge)
    else:
        for y in edge + (1 - edge) * np.array([0.12, 0.3, 0.56, 0.86]) + rng.normal(0, 0.008, 4):
            grain = spline([(0, y), (w * 0.4, y + rng.normal(0, 0.004)), (w, y + rng.normal(0, 0.006))], closed=False)
            pen.stroke(grain, (0.001, 0.004, 0.002), darker(wood, 0.4), opacity=0.5)
    pen.stroke([(0, edge), (w, edge)], 0.006, darker(wood, 0.35), opacity=0.7)
    return Floor(edge + 0.1, 0.93, "ground")


def meadow(stage: Stage, rng: np.random.Generator) -> Floor:
    """Paint hills under a sky, and grass before them."""
    pen, w, palette = stage.pen(), stage.width, stage.palette
    horizon = rng.uniform(0.5, 0.6)
    paint_sky(stage, pen, rng)
    paint_hills(stage, pen, rng, horizon, int(rng.integers(2, 4)))
    far, near = palette.ground
    land = ridge(rng, w, horizon, 0.02)
    pen.fill(land, Gradient((0, horizon), (0, 1), (far, near, darker(near, 0.15))))
    with pen.inside(land):
        for y in np.linspace(horizon + 0.05, 0.98, 5):
            swell = spline([(0, y), (w * 0.3, y - 0.02), (w * 0.7, y + 0.02), (w, y - 0.01)], closed=False)
            pen.stroke(swell, (0.004, 0.03 * y, 0.004), lighter(mix(far, near, y), 0.25), opacity=0.35)
    for x, y in zip(rng.uniform(0, w, 46), np.sort(rng.uniform(horizon + 0.06, 1.02, 46)), strict=True):
        _tuft(pen, rng, x, y, 0.02 + 0.045 * (y - horizon), near)
    if rng.random() < 0.6:
        petal = pick(rng, "white", "yellow", "coral", "pink", "violet")[1]
        for x, y in rng.uniform((0, horizon + 0.08), (w, 1), (26, 2)):
            pen.fill(ellipse(x, y, 0.004 + 0.012 * (y - horizon), n=10), darker(petal, 0.4 if palette.is_dark else 0.0))
    return Floor(horizon + 0.1, 0.93, "ground")


def street(stage: Stage, rng: np.random.Generator) -> Floor:
    """Paint a row of pale fronts behind a pavement and a road."""
    pen, w, palette = stage.pen(), stage.width, stage.palette
    paint_sky(stage, pen, rng)
    kerb = rng.uniform(0.58, 0.66)
    haze = mix(palette.sky[1], palette.hills[0], 0.45)
    x = -0.1
    while x < w:
        width, top = rng.uniform(0.16, 0.3), rng.uniform(0.1, 0.36)
        front = mix(vary(rng, palette.wall, 3), haze, rng.uniform(0.3, 0.6))
        pen.fill(
            rectangle(x, top, x + width, kerb), Gradient((0, top), (0, kerb), (front, mix(front, palette.sky[1], 0.3)))
        )
        if rng.random() < 0.5:
            pen.fill([(x - 0.01, top), (x + width / 2, top - 0.09), (x + width + 0.01, top)], darker(front, 0.25))
        glow = SWATCHES["yellow"] if palette.is_dark else lighter(front, 0.5)
        for row in np.arange(top + 0.06, kerb - 0.1, 0.1):
            for column in np.linspace(x + 0.045, x + width - 0.045, 3):
                is_lit = rng.random() < (0.45 if palette.is_dark else 0.5)
                pen.fill(
                    rectangle(column - 0.014, row, column + 0.014, row + 0.045),
                    glow if is_lit else darker(front, 0.3),
                    opacity=0.8,
                )
        x += width
    stone = mix(palette.ground[0], SWATCHES["grey"], 0.6)
    asphalt = mix(palette.ground[1], SWATCHES["charcoal"], 0.55)
    pen.fill(
        rectangle(0, kerb, w, 1), Gradient((0, kerb), (0, kerb + 0.14), (lighter(stone, 0.35), lighter(stone, 0.15)))
    )
    for x in np.arange(-0.5, w + 0.5, 0.16):
        pen.stroke([(x, kerb), (x - 0.05, kerb + 0.12)], 0.003, darker(stone, 0.2), opacity=0.6)
    pen.fill(rectangle(0, kerb + 0.12, w, 1), Gradient((0, kerb + 0.12), (0, 1), (lighter(asphalt, 0.16), asphalt)))
    pen.fill(rectangle(0, kerb + 0.115, w, kerb + 0.132), lighter(stone, 0.5))
    for x in np.arange(rng.uniform(-0.3, 0), w, 0.36):
        pen.fill([(x, 0.945), (x + 0.2, 0.945), (x + 0.19, 0.96), (x - 0.015, 0.96)], SWATCHES["cream"], opacity=0.75)
    return Floor(kerb + 0.05, 0.92, "ground")


def sea(stage: Stage, rng: np.random.Generator) -> Floor:
    """Paint open water under a sky."""
    pen = stage.pen()
    paint_sky(stage, pen, rng)
    horizon = rng.uniform(0.46, 0.56)
    if rng.random() < 0.6:
        paint_hills(stage, pen, rng, horizon, 1)
    paint_water(stage, pen, rng, horizon)
    return Floor(horizon + 0.12, 0.9, "ground")


def beach(stage: Stage, rng: np.random.Generator) -> Floor:
    """Paint sand before the sea."""
    pen, w = stage.pen(), stage.width
    paint_sky(stage, pen, rng)
    horizon = rng.uniform(0.4, 0.46)
    paint_water(stage, pen, rng, horizon)
    sand = mix(stage.palette.ground[0], SWATCHES["sand"], 0.7)
    shore = ridge(rng, w, horizon + 0.14, 0.025)
    pen.stroke(shore[:-2], 0.035, SWATCHES["white"], opacity=0.75)
    pen.fill(
        at((0, 0.012), shore), Gradient((0, horizon + 0.14), (0, 1), (darker(sand, 0.1), sand, lighter(sand, 0.2)))
    )
    for x, y in rng.uniform((0, horizon + 0.2), (w, 1), (34, 2)):
        pen.fill(
            ellipse(x, y, 0.004 + 0.006 * y, 0.003 + 0.003 * y, n=10), darker(sand, rng.uniform(0.15, 0.4)), opacity=0.7
        )
    return Floor(horizon + 0.26, 0.93, "ground")


def sky(stage: Stage, rng: np.random.Generator) -> Floor:
    """Paint a wide sky over low hills."""
    pen = stage.pen()
    paint_sky(stage, pen, rng, n_clouds=int(rng.integers(3, 7)))
    paint_hills(stage, pen, rng, 0.93, 3)
    return Floor(0.5, 0.82, "none")


def underwater(stage: Stage, rng: np.random.Generator) -> Floor:
    """Paint the depth of the sea, with rays, weeds and bubbles."""
    pen, w = stage.pen(), stage.width
    hue = vary(rng, SWATCHES[str(rng.choice(["teal", "blue", "sky", "mint"]))], 2)
    pen.fill(rectangle(0, 0, w, 1), Gradient((0, 0), (0, 1), (lighter(hue, 0.55), hue, darker(hue, 0.45))))
    slant = -0.4 * stage.light[0]
    for x in rng.uniform(-0.2, w + 0.2, 6):
        wide = rng.uniform(0.03, 0.1)
        pen.fill(
            [(x, -0.05), (x + wide, -0.05), (x + wide * 2.2 + slant, 0.9), (x - wide + slant, 0.9)],
            SWATCHES["white"],
            opacity=0.09,
        )
    for depth in range(2):
        base = darker(mix(hue, SWATCHES["sand"], 0.15 + 0.4 * depth), 0.15)
        pen.fill(ridge(rng, w, 0.8 + 0.1 * depth, 0.04), base)
        for x in rng.uniform(0, w, 5):
            _weed(
                pen,
                rng,
                x,
                0.86 + 0.12 * depth,
                rng.uniform(0.12, 0.34),
                darker(mix(hue, pick(rng, "green", "olive", "coral", "plum")[1], 0.3 + 0.3 * depth), 0.1),
            )
    for x, y, r in rng.uniform((0, 0.05, 0.004), (w, 0.85, 0.016), (22, 3)):
        pen.fill(ellipse(x, y, r, n=20), lighter(hue, 0.6), opacity=0.45)
        pen.fill(ellipse(x - r * 0.3, y - r * 0.3, r * 0.3, n=10), SWATCHES["white"], opacity=0.8)
    return Floor(0.35, 0.86, "none")


def studio(stage: Stage, rng: np.random.Generator) -> Floor:
    """Paint a seamless paper backdrop, sometimes with a disc of colour behind the thing."""
    pen, w = stage.pen(), stage.width
    backdrop = vary(
        rng, rng.choice([stage.palette.wall, stage.palette.sky[1], stage.palette.ground[0], stage.palette.table]), 2
    )
    backdrop = lighter(backdrop, 0.35) if stage.palette.is_dark else backdrop
    bend = rng.uniform(0.62, 0.74)
    pen.fill(
        rectangle(0, 0, w, 1),
        Gradient((0, 0), (0, 1), (backdrop, lighter(backdrop, 0.12), darker(backdrop, 0.12), lighter(backdrop, 0.18))),
    )
    if rng.random() < 0.5:
        disc = mix(
            backdrop, vary(rng, rng.choice([stage.palette.hills[1], stage.palette.table, stage.palette.sky[0]])), 0.55
        )
        centre = (w * rng.uniform(0.42, 0.58), bend - 0.22)
        r = rng.uniform(0.3, 0.38)
        pen.fill(ellipse(*centre, r), Glow((centre[0], centre[1] - r), 2 * r, (lighter(disc, 0.2), disc)))
    pen.fill(
        rectangle(0, bend, w, 1),
        Gradient((0, bend), (0, 1), (darker(backdrop, 0.1), lighter(backdrop, 0.15))),
        opacity=0.5,
    )
    return Floor(bend + 0.08, 0.92, "ground")


def paper(stage: Stage, rng: np.random.Generator) -> Floor:
    """Paint a sheet on which things lie, seen from above."""
    pen, w = stage.pen(), stage.width
    sheet = vary(rng, rng.choice([stage.palette.wall, stage.palette.sky[1], SWATCHES["cream"], SWATCHES["white"]]), 2)
    pen.fill(rectangle(0, 0, w, 1), Gradient((0, 0), (w, 1), (lighter(sheet, 0.25), sheet, darker(sheet, 0.12))))
    ink = darker(sheet, 0.18)
    ornament = rng.choice(["none", "dots", "lines", "leaves"])
    if ornament == "dots":
        for row, y in enumerate(np.arange(0.05, 1, 0.1)):
            for x in np.arange(0.05 + 0.05 * (row % 2), w, 0.1):
                pen.fill(ellipse(x, y, 0.009, n=12), ink, opacity=0.6)
    elif ornament == "lines":
        for x in np.arange(0.03, w, 0.07):
            pen.stroke([(x, 0), (x, 1)], 0.012, ink, opacity=0.4)
    elif ornament == "leaves":
        for x, y in rng.uniform((0, 0), (w, 1), (40, 2)):
            pen.fill(leaf((x, y), 0.08, 0.05, rng.uniform(0, 6.3)), ink, opacity=0.45)
    return Floor(0.62, 0.9, "wall")


def nothing(stage: Stage, rng: np.random.Generator) -> Floor:
    """Leave the stage transparent: a cut-out."""
    return Floor(0.86, 0.94, "none")


def paint_sky(stage: Stage, pen: Pen, rng: np.random.Generator, *, n_clouds: int | None = None) -> None:
    """Paint a sky with a sun or a moon, clouds, and stars when it is dark."""
    w, palette = stage.width, stage.palette
    high, low = (vary(rng, colour) for colour in palette.sky)
    pen.fill(rectangle(0, 0, w, 1), Gradient((0, -0.05), (0, 0.75), (high, mix(high, low, 0.45), low)))
    x = w * (0.5 + 0.38 * float(np.sign(stage.light[0]))) + rng.normal(0, 0.05)
    y = rng.uniform(0.12, 0.28)
    if palette.is_dark:
        for sx, sy, r in rng.uniform((0, 0, 0.0012), (w, 0.6, 0.0045), (70, 3)):
            pen.fill(ellipse(sx, sy, r, n=8), SWATCHES["cream"], opacity=0.8)
        _moon(pen, rng, x, y, high)
    elif rng.random() < 0.6:
        disc = lighter(SWATCHES["yellow"], 0.5) if palette.name != "evening" else lighter(SWATCHES["coral"], 0.25)
        for r, opacity in ((0.2, 0.12), (0.13, 0.18), (0.07, 0.95)):
            pen.fill(ellipse(x, y, r), disc, opacity=opacity)
    for _ in range(int(rng.integers(1, 5)) if n_clouds is None else n_clouds):
        _cloud(
            pen,
            rng,
            rng.uniform(0, w),
            rng.uniform(0.06, 0.42),
            rng.uniform(0.05, 0.13),
            lighter(mix(low, SWATCHES["white"], 0.5), 0.1),
            palette.is_dark,
        )


def paint_hills(stage: Stage, pen: Pen, rng: np.random.Generator, horizon: float, n: int) -> None:
    """Paint ranges of hills, paler with distance, that end at the horizon."""
    far, near = stage.palette.hills
    for depth in range(n):
        t = (depth + 0.5) / n
        tone = vary(rng, mix(far, near, t))
        height = horizon - 0.13 * (1 - t) - 0.02
        pen.fill(
            ridge(rng, stage.width, height, 0.055),
            Gradient((0, height - 0.08), (0, horizon), (tone, mix(tone, stage.palette.sky[1], 0.35))),
        )
        if depth == n - 1:
            for x in rng.uniform(0, stage.width, 16):
                pen.fill(blob(rng, x, horizon - 0.012, 0.025, rng.uniform(0.02, 0.035)), darker(tone, 0.22), form=0.4)


def paint_water(stage: Stage, pen: Pen, rng: np.random.Generator, horizon: float) -> None:
    """Paint water from the horizon to the lower edge."""
    w, palette = stage.width, stage.palette
    hue = mix(palette.sky[0], SWATCHES[str(rng.choice(["teal", "blue", "sky"]))], 0.55)
    hue = darker(hue, 0.35) if palette.is_dark else hue
    pen.fill(
        rectangle(0, horizon, w, 1),
        Gradient((0, horizon), (0, 1), (mix(hue, palette.sky[1], 0.5), hue, darker(hue, 0.3))),
    )
    glint = w * (0.5 + 0.38 * float(np.sign(stage.light[0])))
    for _ in range(110):
        t = rng.random() ** 1.4
        y = horizon + 0.01 + (1 - horizon) * t
        x, long = rng.uniform(-0.1, w + 0.1), (0.02 + 0.14 * t) * rng.uniform(0.5, 1.5)
        bright = np.exp(-(((x - glint) / (0.12 + 0.3 * t)) ** 2))
        wave = spline([(x - long, y), (x, y - 0.006 * t), (x + long, y)], closed=False, steps=5)
        pen.stroke(
            wave,
            (0.0, 0.003 + 0.012 * t, 0.0),
            lighter(mix(hue, palette.sky[1], 0.6), 0.25 * bright),
            opacity=0.3 + 0.45 * bright,
        )


def ridge(rng: np.random.Generator, width: float, height: float, swing: float, *, n: int = 7) -> Points:
    """Return the outline of a gentle range of hills down to the lower edge, from x = 0 to `width`."""
    x = np.linspace(-0.1, width + 0.1, n)
    crest = spline(np.stack([x, height + rng.uniform(-swing, swing, n)], axis=1), closed=False)
    return np.concatenate([crest, [(width + 0.1, 1.1), (-0.1, 1.1)]])


def _wall_ornament(
    pen: Pen, rng: np.random.Generator, w: float, edge: float, wall: Colour, is_lit_from_left: bool
) -> None:
    ornament = rng.choice(["window", "frame", "stripes", "none"], p=[0.35, 0.25, 0.2, 0.2])
    if ornament == "window":
        start, lean = (0.12 * w, 0.12) if is_lit_from_left else (0.55 * w, -0.12)
        for column in range(2):
            for row in range(2):
                x, y = start + column * 0.2, 0.04 + row * 0.2
                pen.fill(
                    [
                        (x + lean * y, y),
                        (x + 0.17 + lean * y, y),
                        (x + 0.17 + lean * (y + 0.17), y + 0.17),
                        (x + lean * (y + 0.17), y + 0.17),
                    ],
                    lighter(wall, 0.75),
                    opacity=0.45,
                )
    elif ornament == "frame":
        x, size = w * rng.uniform(0.1, 0.7), rng.uniform(0.16, 0.24)
        pen.fill(rectangle(x + 0.008, 0.088, x + size + 0.008, 0.088 + size * 1.15), darker(wall, 0.4), opacity=0.5)
        pen.fill(rectangle(x, 0.08, x + size, 0.08 + size * 1.15), SWATCHES["brown"])
        with pen.inside(rectangle(x + 0.014, 0.094, x + size - 0.014, 0.066 + size * 1.15)):
            pen.fill(rectangle(x, 0, x + size, 0.5), SWATCHES["cream"])
            for y, called in ((0.16, "sky"), (0.2, "mint"), (0.26, "teal")):
                pen.fill(blob(rng, x + rng.uniform(0.2, 0.8) * size, y + 0.06, size * 0.6, 0.07), SWATCHES[called])
    elif ornament == "stripes":
        for x in np.arange(0.04, w, 0.11):
            pen.fill(rectangle(x, 0, x + 0.045, edge), darker(wall, 0.12), opacity=0.4)


def _cloth(pen: Pen, rng: np.random.Generator, w: float, edge: float) -> None:
    """Lay a checked cloth, in perspective, over the table."""
    tone = vary(rng, SWATCHES[str(rng.choice(["cream", "white", "mint", "sky", "pink"]))])
    check = vary(rng, SWATCHES[str(rng.choice(["coral", "blue", "teal", "ochre", "olive"]))])
    far = edge + 0.05
    cloth = [(w * 0.12, far), (w * 0.88, far), (w * 1.1, 1.05), (-w * 0.1, 1.05)]
    pen.fill(cloth, tone)
    with pen.inside(cloth):
        for t in np.linspace(0, 1, 12):
            pen.stroke(
                [(w * (0.12 + 0.76 * t), far), (w * (-0.1 + 1.2 * t), 1.05)], (0.028, 0.046), check, opacity=0.35
            )
        for t in np.linspace(0.04, 1, 7) ** 1.4:
            y = far + (1 - far) * t
            pen.stroke([(-0.2, y), (w + 0.2, y)], 0.012 + 0.024 * t, check, opacity=0.35)


def _tuft(pen: Pen, rng: np.random.Generator, x: float, y: float, size: float, colour: Colour) -> None:
    blade = vary(rng, lighter(colour, rng.uniform(0, 0.25)) if rng.random() < 0.5 else darker(colour, 0.25))
    for lean in (-0.5, 0.1, 0.6):
        line = spline(
            [(x, y), (x + lean * size * 0.4, y - size * 0.6), (x + lean * size, y - size)], closed=False, steps=4
        )
        pen.fill(ribbon(line, (size * 0.22, 0.0)), blade)


def _weed(pen: Pen, rng: np.random.Generator, x: float, y: float, height: float, colour: Colour) -> None:
    for shift in (-0.03, 0.0, 0.03):
        sway = rng.uniform(-0.04, 0.04)
        line = spline(
            [
                (x + shift, y),
                (x + shift + sway, y - height * 0.4),
                (x + shift - sway, y - height * 0.75),
                (x + shift + sway, y - height),
            ],
            closed=False,
        )
        pen.fill(ribbon(line, (0.012, 0.026, 0.02, 0.0)), colour)


def _moon(pen: Pen, rng: np.random.Generator, x: float, y: float, night: Colour) -> None:
    for r, opacity in ((0.16, 0.08), (0.1, 0.1), (0.055, 1.0)):
        pen.fill(ellipse(x, y, r), lighter(SWATCHES["cream"], 0.3), opacity=opacity)
    if rng.random() < 0.6:
        pen.fill(ellipse(x + 0.024, y - 0.012, 0.046), mix(night, SWATCHES["cream"], 0.14))


def _cloud(pen: Pen, rng: np.random.Generator, x: float, y: float, size: float, colour: Colour, is_dark: bool) -> None:
    opacity = 0.22 if is_dark else 0.85
    top = [
        (x + dx * size, y - rise * size * rng.uniform(0.75, 1.2))
        for dx, rise in ((-1.6, 0.05), (-0.95, 0.5), (-0.2, 0.85), (0.55, 0.6), (1.1, 0.35), (1.7, 0.02))
    ]
    outline = spline([*top, (x + size, y + size * 0.16), (x - size, y + size * 0.16)])
    pen.fill(
        outline,
        Gradient((x, y - size), (x, y + size * 0.2), (colour, darker(colour, 0.12))),
        form=0.35,
        opacity=opacity,
    )
