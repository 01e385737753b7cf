"""Drawn animals: each a function of a pen and a generator that returns the name of its main colour."""

from __future__ import annotations

import numpy as np

from lookalike.sample.canvas import Gradient, Pen
from lookalike.sample.colours import SWATCHES, darker, lighter, mix, pick, vary
from lookalike.sample.outlines import arc, at, ellipse, leaf, mirrored, ribbon, spline


def fish(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a fish with fins, scales or stripes."""
    name, skin = pick(rng, "orange", "coral", "yellow", "teal", "blue", "red", "mint", "violet")
    _, trim = pick(rng, "cream", "navy", "yellow", "coral", "white")
    deep = rng.uniform(0.3, 0.46)
    fin = mix(skin, trim, 0.4)
    tail = spline([(-0.55, -0.5), (-0.85, -0.86), (-1.0, -0.82), (-0.88, -0.5), (-1.0, -0.16), (-0.84, -0.14)])
    back = spline(
        [(-0.3, -0.5 - deep * 0.75), (-0.15, -0.55 - deep * 1.45), (0.15, -0.55 - deep * 1.3), (0.4, -0.5 - deep * 0.7)]
    )
    belly = spline([(-0.2, -0.5 + deep * 0.8), (-0.2, -0.45 + deep * 1.3), (0.1, -0.5 + deep * 0.9)])
    for shape in (tail, back, belly):
        pen.fill(shape, fin, form=0.5)
    with pen.inside(tail):
        for angle in np.linspace(-0.8, 0.8, 7):
            pen.stroke([(-0.5, -0.5), (-1.1, -0.5 + 0.6 * np.sin(angle))], 0.012, darker(fin, 0.4), opacity=0.6)
    body = spline(
        [
            (0.82, -0.46),
            (0.6, -0.5 - deep * 0.68),
            (0.1, -0.5 - deep),
            (-0.4, -0.5 - deep * 0.55),
            (-0.68, -0.5),
            (-0.4, -0.5 + deep * 0.5),
            (0.1, -0.5 + deep),
            (0.6, -0.5 + deep * 0.6),
        ]
    )
    pen.fill(
        body, Gradient((0, -0.5 - deep), (0, -0.5 + deep), (darker(skin, 0.15), skin, lighter(skin, 0.45))), form=0.55
    )
    with pen.inside(body):
        pattern = rng.choice(["bands", "scales", "line"])
        if pattern == "bands":
            for x in (-0.38, -0.02, 0.3):
                bend = spline([(x, -1), (x + 0.06, -0.5), (x, 0)], closed=False)
                pen.stroke(bend, (0.1, 0.17, 0.1), darker(trim, 0.2))
                pen.stroke(bend, (0.06, 0.12, 0.06), trim)
        elif pattern == "scales":
            for row, x in enumerate(np.arange(-0.5, 0.3, 0.085)):
                for y in np.arange(-1, 0, 0.12) + 0.06 * (row % 2):
                    pen.stroke(
                        arc(x, y, 0.06, 0.062, -1.4, 1.4, n=9), (0.005, 0.016, 0.005), darker(skin, 0.45), opacity=0.7
                    )
        else:
            pen.stroke(spline([(-0.7, -0.5), (0, -0.56), (0.45, -0.5)], closed=False), 0.09, trim, opacity=0.85)
    pen.stroke(arc(0.3, -0.48, 0.14, deep * 0.8, -1.2, 1.2), (0.005, 0.025, 0.005), darker(skin, 0.5))
    pen.fill(leaf((0.14, -0.42), 0.34, 0.24, np.pi * 0.86), fin, form=0.5)
    _eye(pen, 0.55, -0.56, 0.075)
    pen.stroke(spline([(0.8, -0.43), (0.72, -0.4), (0.66, -0.41)], closed=False), (0.008, 0.02), darker(skin, 0.7))
    return name


def cat(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a sitting cat."""
    name, fur = pick(rng, "orange", "charcoal", "grey", "cream", "brown", "white")
    _, marks = (name, lighter(fur, 0.4)) if name in ("charcoal", "brown") else (name, darker(fur, 0.4))
    is_striped = rng.random() < 0.6
    turn = rng.uniform(-0.06, 0.06)
    reach = rng.uniform(0.5, 0.62)
    tail = spline(
        [(0.2, -0.06), (0.42, -0.03), (reach, -0.16), (reach - 0.02, -0.36), (reach - 0.12, -0.44)], closed=False
    )
    pen.fill(ribbon(tail, (0.1, 0.11, 0.1, 0.09, 0.05)), fur, form=0.6)
    body = spline(
        [(0, -0.66), (0.2, -0.5), (0.34, -0.22), (0.32, -0.03), (0, 0), (-0.2, -0.01), (-0.22, -0.25), (-0.2, -0.5)]
    )
    pen.fill(body, fur, form=0.65)
    with pen.inside(body):
        pen.fill(ellipse(-0.08, -0.42, 0.11, 0.18), lighter(fur, 0.55), opacity=0.8)
        if is_striped:
            for y in (-0.48, -0.36, -0.24):
                pen.stroke(
                    spline([(0.45, y - 0.04), (0.24, y), (0.1, y + 0.05)], closed=False), (0.05, 0.035, 0.0), marks
                )
    pen.stroke(arc(0.2, -0.13, 0.13, 0.14, np.pi * 0.75, np.pi * 1.75), (0.004, 0.014, 0.004), darker(fur, 0.5))
    for x in (-0.13, 0.01):
        pen.fill(
            ribbon(spline([(x, -0.34), (x - 0.01, -0.16), (x - 0.01, -0.03)], closed=False), (0.1, 0.09, 0.11)),
            fur,
            form=0.5,
        )
        pen.fill(ellipse(x - 0.02, -0.03, 0.075, 0.04), lighter(fur, 0.3), form=0.5)
    head = np.array((-0.05 + turn, -0.74))
    for side in (-1, 1):
        ear = spline(at(head, [(side * 0.22, -0.06), (side * 0.215, -0.26), (side * 0.05, -0.16)]), steps=6)
        pen.fill(ear, fur, form=0.4)
        pen.fill((ear - ear.mean(axis=0)) * 0.55 + ear.mean(axis=0) + (0, 0.015), mix(fur, SWATCHES["pink"], 0.7))
    face = spline(
        at(
            head,
            [
                (0, -0.2),
                (0.19, -0.12),
                (0.24, 0.03),
                (0.13, 0.15),
                (0, 0.18),
                (-0.13, 0.15),
                (-0.24, 0.03),
                (-0.19, -0.12),
            ],
        )
    )
    pen.fill(face, fur, form=0.55)
    with pen.inside(face):
        if is_striped:
            for x in (-0.06, 0, 0.06):
                pen.stroke([at(head, (x, -0.22)), at(head, (x * 0.7, -0.1))], (0.03, 0.0), marks)
        pen.fill(ellipse(head[0], head[1] + 0.11, 0.11, 0.08), lighter(fur, 0.6), opacity=0.85)
    iris = SWATCHES[str(rng.choice(["yellow", "green", "mint", "sky"]))]
    for side in (-1, 1):
        x, y = at(head, (side * 0.095, -0.01))
        pen.fill(ellipse(x, y, 0.045, 0.04), iris)
        pen.fill(ellipse(x, y, 0.017, 0.037), SWATCHES["charcoal"])
        pen.fill(ellipse(x + 0.012, y - 0.014, 0.009), SWATCHES["white"])
        for spread in (-0.02, 0.02):
            pen.stroke(
                [at(head, (side * 0.07, 0.09 + spread)), at(head, (side * 0.3, 0.07 + spread * 3))],
                (0.006, 0.002),
                lighter(fur, 0.8),
            )
    pen.fill(spline(at(head, [(-0.03, 0.055), (0.03, 0.055), (0, 0.085)]), steps=5), SWATCHES["coral"])
    for side in (-1, 1):
        pen.stroke(
            spline(at(head, [(0, 0.085), (side * 0.02, 0.115), (side * 0.06, 0.115)]), closed=False),
            0.009,
            darker(fur, 0.7),
        )
    return name


def dog(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a standing dog from the side."""
    name, fur = pick(rng, "brown", "sand", "charcoal", "white", "ochre", "grey")
    patch = darker(fur, 0.4) if name in ("white", "sand", "ochre") else lighter(fur, 0.45)
    _, collar = pick(rng, "red", "blue", "yellow", "teal")
    leg = rng.uniform(0.3, 0.4)
    chest = -leg - 0.02
    for x, shade in ((-0.38, 0.3), (0.3, 0.3), (-0.5, 0.0), (0.2, 0.0)):
        bend = 0.05 if x < 0 else 0.0
        line = spline([(x, chest - 0.12), (x - bend, chest * 0.5), (x, -0.03)], closed=False)
        pen.fill(ribbon(line, (0.2, 0.1, 0.1)), darker(fur, shade), form=0.4)
        pen.fill(
            spline([(x - 0.06, 0), (x - 0.04, -0.06), (x + 0.05, -0.06), (x + 0.1, -0.02), (x + 0.09, 0)], steps=5),
            darker(fur, shade),
            form=0.3,
        )
    wag = rng.uniform(-0.95, -0.6)
    pen.fill(
        ribbon(spline([(-0.55, chest - 0.22), (-0.72, chest - 0.3), (-0.8, wag)], closed=False), (0.12, 0.08, 0.02)),
        fur,
        form=0.5,
    )
    body = spline(
        [
            (0.42, -0.78),
            (0.15, chest - 0.36),
            (-0.35, chest - 0.36),
            (-0.6, chest - 0.24),
            (-0.58, chest),
            (-0.2, chest + 0.03),
            (0.2, chest + 0.05),
            (0.42, chest - 0.1),
        ]
    )
    pen.fill(body, fur, form=0.65)
    with pen.inside(body):
        if rng.random() < 0.6:
            pen.fill(
                spline([(-0.35, chest - 0.5), (0.0, chest - 0.4), (-0.05, chest - 0.15), (-0.4, chest - 0.2)]), patch
            )
        pen.fill(ellipse(0.4, chest - 0.05, 0.15, 0.14), lighter(fur, 0.5), opacity=0.6)
    pen.fill(ribbon(spline([(0.32, chest - 0.3), (0.45, -0.84)], closed=False), (0.3, 0.22)), fur, form=0.5)
    pen.stroke(spline([(0.28, -0.72), (0.42, -0.68), (0.56, -0.74)], closed=False), 0.05, collar)
    pen.fill(ellipse(0.44, -0.64, 0.03), SWATCHES["yellow"])
    head = spline(
        [
            (0.3, -0.9),
            (0.42, -1.03),
            (0.58, -1.0),
            (0.66, -0.92),
            (0.86, -0.88),
            (0.88, -0.8),
            (0.7, -0.75),
            (0.5, -0.74),
            (0.34, -0.78),
        ]
    )
    pen.fill(head, fur, form=0.55)
    pen.fill(ellipse(0.88, -0.86, 0.045, 0.038), SWATCHES["charcoal"], form=0.4)
    pen.stroke(spline([(0.86, -0.79), (0.74, -0.795), (0.66, -0.83)], closed=False), 0.012, darker(fur, 0.7))
    _eye(pen, 0.58, -0.92, 0.035)
    if rng.random() < 0.6:
        ear = spline([(0.36, -1.0), (0.46, -0.99), (0.46, -0.82), (0.36, -0.7), (0.27, -0.76), (0.28, -0.9)])
    else:
        ear = spline([(0.32, -0.95), (0.3, -1.14), (0.36, -1.16), (0.46, -1.0)], steps=7)
    pen.fill(ear, patch if rng.random() < 0.5 else darker(fur, 0.3), form=0.5)
    return name


def owl(pen: Pen, rng: np.random.Generator) -> str:
    """Draw an owl on a branch."""
    name, coat = pick(rng, "brown", "grey", "ochre", "teal", "plum", "sand")
    _, iris = pick(rng, "yellow", "orange", "coral")
    breast = lighter(coat, 0.55)
    bark = vary(rng, SWATCHES["brown"])
    pen.stroke(
        spline([(-0.75, -0.03), (-0.3, -0.08), (0.3, -0.05), (0.8, -0.1)], closed=False), (0.05, 0.11, 0.09, 0.03), bark
    )
    for x, angle in ((-0.62, -2.4), (0.68, -0.7)):
        pen.fill(leaf((x, -0.07), 0.2, 0.12, angle), vary(rng, SWATCHES["olive"]), form=0.5)
    body = mirrored([(0, -0.86), (0.2, -0.9), (0.32, -0.98), (0.34, -0.7), (0.37, -0.4), (0.24, -0.12), (0, -0.06)])
    pen.fill(spline([(-0.12, -0.15), (0.12, -0.15), (0.1, 0.08), (-0.1, 0.08)], steps=4), darker(coat, 0.3), form=0.4)
    pen.fill(body, coat, form=0.6)
    with pen.inside(body):
        pen.fill(mirrored([(0, -0.58), (0.18, -0.5), (0.2, -0.25), (0, -0.05)]), breast)
        for row, y in enumerate(np.arange(-0.46, -0.08, 0.07)):
            for x in np.arange(-0.2, 0.21, 0.08) + 0.04 * (row % 2):
                if abs(x) < 0.19:
                    pen.stroke(arc(x, y - 0.02, 0.032, 0.03, 0.3, np.pi - 0.3, n=7), (0.003, 0.016, 0.003), coat)
    for side in (-1, 1):
        wing = spline(
            [(side * 0.33, -0.6), (side * 0.39, -0.35), (side * 0.27, -0.08), (side * 0.19, -0.3), (side * 0.22, -0.52)]
        )
        pen.fill(wing, darker(coat, 0.25), form=0.5)
        with pen.inside(wing):
            for y in np.arange(-0.5, -0.1, 0.08):
                pen.stroke(
                    spline([(side * 0.18, y), (side * 0.28, y + 0.05), (side * 0.4, y)], closed=False),
                    0.012,
                    darker(coat, 0.6),
                )
        pen.fill(ellipse(side * 0.135, -0.72, 0.155, 0.16), lighter(coat, 0.4), form=0.3)
        for angle in np.arange(0, 2 * np.pi, np.pi / 8):
            ray = np.array([(0.105, 0), (0.148, 0)]) @ [(np.cos(angle), np.sin(angle)), (0, 0)]
            pen.stroke(at((side * 0.135, -0.72), ray), (0.004, 0.012), coat, opacity=0.7)
        pen.fill(ellipse(side * 0.13, -0.72, 0.092), iris)
        pen.fill(ellipse(side * 0.125, -0.72, 0.054), SWATCHES["charcoal"])
        pen.fill(ellipse(side * 0.125 + 0.02, -0.745, 0.018), SWATCHES["white"])
        for toe in (-0.04, 0.0, 0.04):
            pen.fill(ellipse(side * 0.12 + toe, -0.06, 0.022, 0.045), SWATCHES["ochre"], form=0.5)
    pen.fill(spline([(-0.04, -0.7), (0.04, -0.7), (0, -0.58)], steps=6), SWATCHES["ochre"], form=0.6)
    return name


def butterfly(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a butterfly with open wings."""
    name, wing = pick(rng, "orange", "yellow", "blue", "coral", "violet", "mint", "red", "sky")
    _, spot = pick(rng, "cream", "yellow", "white", "coral", "sky")
    rim = darker(wing, 0.75)
    span, droop = rng.uniform(0.62, 0.78), rng.uniform(-0.1, 0.08)
    upper = np.array(
        [(0.03, -0.62), (0.3, -0.95), (span, -1.0 + droop), (span * 0.98, -0.72), (0.4, -0.48), (0.03, -0.5)]
    )
    lower = np.array([(0.03, -0.52), (0.38, -0.5), (0.56, -0.3), (0.44, -0.04), (0.24, -0.02), (0.06, -0.35)])
    for side in (-1, 1):
        for half in (lower, upper):
            shape = spline(half * (side, 1))
            middle = shape.mean(axis=0)
            pen.fill(shape, rim, form=0.2)
            inner = (shape - middle) * 0.82 + middle * (0.94, 1)
            pen.fill(
                inner,
                Gradient((0, -0.5), (side * span, -0.7), (darker(wing, 0.25), wing, lighter(wing, 0.25))),
                form=0.3,
            )
            with pen.inside(inner):
                for end in half[1:5] * (side, 1):
                    pen.stroke(np.linspace((side * 0.03, -0.55), end, 6), (0.016, 0.006), rim, opacity=0.7)
        for x, y, r in ((0.8, -0.86, 0.05), (0.86, -0.74, 0.035), (0.62, -0.2, 0.045), (0.48, -0.11, 0.035)):
            centre = (side * x * span, y + (droop if y < -0.5 else 0))
            pen.fill(ellipse(*centre, r), spot)
        pen.fill(ellipse(side * span * 0.5, -0.76 + droop * 0.5, 0.075), rim)
        pen.fill(ellipse(side * span * 0.5, -0.76 + droop * 0.5, 0.04), spot)
        feeler = spline([(0.01 * side, -0.72), (side * 0.08, -0.9), (side * 0.17, -0.98)], closed=False)
        pen.stroke(feeler, (0.01, 0.012), SWATCHES["charcoal"])
        pen.fill(ellipse(side * 0.17, -0.98, 0.018), SWATCHES["charcoal"])
    pen.fill(
        mirrored([(0, -0.76), (0.04, -0.7), (0.045, -0.55), (0.03, -0.3), (0, -0.22)]), SWATCHES["charcoal"], form=0.7
    )
    return name


def snail(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a snail."""
    name, shell = pick(rng, "ochre", "coral", "brown", "teal", "plum", "orange", "mint")
    _, skin = pick(rng, "sand", "olive", "grey", "cream")
    for x, height in ((0.78, -0.86), (0.64, -0.92)):
        pen.stroke(
            spline([(0.66, -0.4), (x, height * 0.8), (x + 0.08, height)], closed=False),
            (0.07, 0.035, 0.03),
            darker(skin, 0.15),
        )
        pen.fill(ellipse(x + 0.08, height, 0.035), SWATCHES["charcoal"], form=0.5)
    foot = spline(
        [
            (-0.95, -0.01),
            (-0.6, -0.13),
            (0.2, -0.2),
            (0.48, -0.36),
            (0.62, -0.52),
            (0.8, -0.46),
            (0.82, -0.28),
            (0.66, -0.1),
            (0.5, 0.0),
            (0, 0),
            (-0.5, 0),
        ]
    )
    pen.fill(foot, skin, form=0.6)
    pen.stroke(spline([(0.8, -0.32), (0.75, -0.29), (0.71, -0.31)], closed=False), 0.014, darker(skin, 0.7))
    centre, radius = np.array((-0.14, -0.47)), rng.uniform(0.4, 0.46)
    pen.fill(spline(ellipse(centre[0], centre[1], radius, radius * 0.96, n=9)), shell, form=0.8)
    turns = np.linspace(0, 2 * np.pi * rng.uniform(2.2, 2.8), 120)
    spiral = (
        np.stack([np.cos(turns + 0.6), np.sin(turns + 0.6)], axis=1)
        * (radius * 0.96 * (1 - turns / turns[-1]) ** 0.8)[:, None]
    )
    pen.stroke(spiral + centre, (0.055, 0.05, 0.03, 0.012), darker(shell, 0.55))
    pen.stroke(spiral * 0.9 + centre, (0.03, 0.03, 0.02, 0.0), lighter(shell, 0.55), opacity=0.8)
    return name


def bird(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a small round bird."""
    name, coat = pick(rng, "brown", "blue", "teal", "grey", "yellow", "olive", "navy")
    _, breast = pick(rng, "orange", "coral", "yellow", "cream", "red")
    for x in (-0.06, 0.1):
        pen.stroke([(x, -0.2), (x + 0.02, -0.01)], 0.022, SWATCHES["brown"])
        pen.stroke([(x - 0.05, -0.005), (x + 0.1, -0.005)], 0.018, SWATCHES["brown"])
    cock = rng.uniform(-0.75, -0.35)
    pen.fill(
        spline([(-0.3, -0.42), (-0.75, cock - 0.05), (-0.8, cock + 0.08), (-0.32, -0.25)], steps=6),
        darker(coat, 0.35),
        form=0.3,
    )
    body = spline(
        [
            (-0.42, -0.35),
            (-0.3, -0.55),
            (0, -0.72),
            (0.1, -0.92),
            (0.3, -1.0),
            (0.5, -0.9),
            (0.52, -0.7),
            (0.46, -0.4),
            (0.26, -0.18),
            (0, -0.13),
            (-0.25, -0.18),
        ]
    )
    pen.fill(body, coat, form=0.65)
    with pen.inside(body):
        pen.fill(
            spline([(0.55, -0.85), (0.32, -0.72), (0.18, -0.45), (0.1, -0.1), (0.4, -0.1), (0.65, -0.5)]),
            breast,
            form=0.4,
        )
        pen.fill(ellipse(0.02, -0.12, 0.22, 0.1), SWATCHES["cream"], opacity=0.85)
    pen.fill(spline([(0.47, -0.87), (0.66, -0.82), (0.48, -0.77)], steps=4), SWATCHES["ochre"], form=0.4)
    _eye(pen, 0.35, -0.86, 0.042)
    wing = spline([(0.06, -0.6), (0.14, -0.46), (0.0, -0.28), (-0.3, -0.24), (-0.48, -0.28), (-0.2, -0.5)])
    pen.fill(wing, darker(coat, 0.2), form=0.6)
    with pen.inside(wing):
        for y in (-0.42, -0.36, -0.3):
            pen.stroke(
                spline([(0.1, y - 0.06), (-0.15, y), (-0.5, y + 0.04)], closed=False),
                (0.006, 0.018, 0.004),
                lighter(coat, 0.4),
            )
    return name


def whale(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a whale with its spout."""
    name, skin = pick(rng, "blue", "navy", "teal", "grey", "sky")
    for side, top in ((-1, -0.98), (1, -1.0), (0.3, -1.06)):
        jet = spline(
            [(0.3, -0.7), (0.3 + 0.03 * side, -0.85), (0.3 + 0.16 * side, top), (0.3 + 0.26 * side, -0.86)],
            closed=False,
        )
        pen.stroke(jet, (0.03, 0.05, 0.06, 0.01), lighter(SWATCHES["sky"], 0.6), opacity=0.85)
    fluke = spline(
        [(-0.74, -0.38), (-1.02, -0.72), (-1.25, -0.8), (-1.08, -0.6), (-1.02, -0.5), (-1.16, -0.36), (-1.0, -0.32)]
    )
    pen.fill(fluke, skin, form=0.5)
    body = spline(
        [
            (0.9, -0.32),
            (0.82, -0.56),
            (0.4, -0.72),
            (-0.1, -0.66),
            (-0.6, -0.44),
            (-1.0, -0.58),
            (-1.02, -0.48),
            (-0.7, -0.2),
            (-0.2, -0.02),
            (0.4, 0),
            (0.8, -0.12),
        ]
    )
    pen.fill(body, Gradient((0, -0.7), (0, 0), (lighter(skin, 0.1), skin)), form=0.6)
    with pen.inside(body):
        belly = spline([(1.0, -0.3), (0.6, -0.26), (0.1, -0.16), (-0.5, -0.16), (-0.4, 0.1), (0.9, 0.1)])
        pen.fill(belly, lighter(SWATCHES["cream"], 0.1), form=0.3)
        for y in np.arange(-0.24, 0, 0.055):
            pen.stroke(
                spline([(0.95, y - 0.01), (0.4, y + 0.04), (-0.2, y + 0.08)], closed=False),
                (0.01, 0.012, 0.0),
                darker(skin, 0.2),
                opacity=0.6,
            )
    pen.fill(
        spline([(0.3, -0.2), (0.16, 0.04), (-0.08, 0.1), (0.02, -0.1), (0.12, -0.24)]), darker(skin, 0.2), form=0.5
    )
    _eye(pen, 0.6, -0.34, 0.04)
    return name


def rabbit(pen: Pen, rng: np.random.Generator) -> str:
    """Draw a sitting rabbit from the side."""
    name, fur = pick(rng, "sand", "white", "brown", "grey", "cream")
    tilt = rng.uniform(-0.12, 0.06)
    for lean, shade in ((0.1, 0.25), (0.0, 0.0)):
        ear = leaf((0.3 + lean * 0.6, -0.72), rng.uniform(0.36, 0.44), 0.15, -np.pi / 2 - 0.25 + lean * 2 + tilt)
        pen.fill(ear, darker(fur, shade), form=0.5)
        if not shade:
            pen.fill((ear - ear.mean(axis=0)) * 0.55 + ear.mean(axis=0), mix(fur, SWATCHES["pink"], 0.6))
    pen.fill(ellipse(-0.46, -0.2, 0.11, 0.1), lighter(fur, 0.6), form=0.6)
    pen.fill(spline([(0.2, -0.42), (0.34, -0.4), (0.36, -0.1), (0.44, 0), (0.2, 0)]), fur, form=0.5)
    body = spline(
        [(0.3, -0.55), (0.05, -0.6), (-0.3, -0.5), (-0.46, -0.24), (-0.36, -0.02), (0, 0), (0.26, -0.06), (0.36, -0.3)]
    )
    pen.fill(body, fur, form=0.65)
    with pen.inside(body):
        pen.fill(ellipse(0.3, -0.26, 0.1, 0.2), lighter(fur, 0.6), opacity=0.7)
    pen.stroke(arc(-0.14, -0.2, 0.2, 0.2, np.pi * 1.05, np.pi * 2.05), (0.004, 0.018, 0.004), darker(fur, 0.5))
    pen.fill(spline([(-0.2, -0.06), (0.05, -0.07), (0.14, -0.02), (0.1, 0), (-0.2, 0)]), lighter(fur, 0.15), form=0.4)
    head = spline(
        [(0.2, -0.68), (0.34, -0.78), (0.48, -0.72), (0.6, -0.58), (0.56, -0.48), (0.4, -0.44), (0.22, -0.52)]
    )
    pen.fill(head, fur, form=0.6)
    pen.fill(ellipse(0.58, -0.56, 0.025, 0.02), SWATCHES["coral"])
    _eye(pen, 0.42, -0.63, 0.035)
    for spread in (-0.05, 0.0, 0.05):
        pen.stroke([(0.52, -0.52), (0.72, -0.52 + spread)], (0.006, 0.002), darker(fur, 0.5))
    return name


def _eye(pen: Pen, x: float, y: float, r: float) -> None:
    pen.fill(ellipse(x, y, r * 1.35), SWATCHES["white"])
    pen.fill(ellipse(x + r * 0.1, y, r), SWATCHES["charcoal"])
    pen.fill(ellipse(x + r * 0.35, y - r * 0.35, r * 0.34), SWATCHES["white"])
