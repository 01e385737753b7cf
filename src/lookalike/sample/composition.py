"""Composition: which things meet in a picture, and where each stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lookalike.errors import LookalikeError
from lookalike.sample import landscapes, lettering, patterns
from lookalike.sample.colours import PALETTES
from lookalike.sample.settings import Floor, nothing
from lookalike.sample.stage import Picture, Stage
from lookalike.sample.things import THINGS, Setting, Thing

SCENERY: dict[str, Callable[[Stage, np.random.Generator], None]] = {
    "mountains": landscapes.mountains,
    "coast": landscapes.coast,
    "dunes": landscapes.dunes,
    "forest": landscapes.forest,
    "city-night": landscapes.city_night,
    "fields": landscapes.fields,
    "stripes": patterns.stripes,
    "tartan": patterns.tartan,
    "dots": patterns.dots,
    "tiles": patterns.tiles,
    "waves": patterns.waves,
    "leaves": patterns.leaves,
    "terrazzo": patterns.terrazzo,
    "poster": lettering.poster,
    "sign": lettering.sign,
    "stamp": lettering.stamp,
    "logo": lettering.logo,
}
"""Pictures that are composed as a whole, by kind."""

KINDS = (*THINGS, *SCENERY)
"""All kinds of main things that can be drawn."""

COMPANIONS = (0.16, 0.3, 0.3, 0.24)
"""Chances of 0, 1, 2 and 3 other things beside the main one."""


def draw_picture(kind: str, rng: np.random.Generator, size: tuple[int, int] = (375, 500)) -> Picture:
    """Draw a picture of a kind of thing.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    rng : Generator
        Everything else comes from it: the same state draws the same picture.
    size : (height, width)
        In pixels.

    Raises
    ------
    LookalikeError
        If nobody knows how to draw the kind.
    """
    if kind not in KINDS:
        raise LookalikeError(f"nothing of the kind {kind!r} can be drawn, choose one of {', '.join(KINDS)}")
    stage = Stage(size, PALETTES[rng.integers(len(PALETTES))], rng)
    if kind in SCENERY:
        SCENERY[kind](stage, rng)
        return stage.finish(kind, rng, {"setting": "scenery"})
    settings = THINGS[kind].settings
    setting = settings[rng.integers(len(settings))]
    floor = setting(stage, rng)
    for place in _arrange(kind, setting, floor, stage.width, rng):
        _put(stage, place, floor, rng)
    return stage.finish(kind, rng, {"setting": setting.__name__})


@dataclass(frozen=True)
class _Place:
    """A kind of thing at a base point (x, y), `height` per unit, in the stage's unit space."""

    kind: str
    x: float
    y: float
    height: float

    @property
    def thing(self) -> Thing:
        return THINGS[self.kind]

    def overlap(self, other: _Place) -> float:
        """Return the part of the smaller box that lies in the other."""
        across = min(self.x + self.half, other.x + other.half) - max(self.x - self.half, other.x - other.half)
        down = min(self.y, other.y) - max(self.y - self.height, other.y - other.height)
        least = 2 * min(self.half * self.height, other.half * other.height)
        return max(across, 0) * max(down, 0) / least

    @property
    def half(self) -> float:
        return self.thing.width * self.height / 2


def _arrange(kind: str, setting: Setting, floor: Floor, width: float, rng: np.random.Generator) -> list[_Place]:
    """Place the main thing and its companions; far ones first."""
    thing = THINGS[kind]
    height = min(thing.height * rng.uniform(0.95, 1.4), 0.88 * width / thing.width, 0.8)
    if setting is nothing:
        height = min(1.3 * height, 0.92 * width / thing.width, 0.9)
        return [_Place(kind, width / 2, 0.5 + height / 2, height)]
    y = floor.front - rng.uniform(0, 0.5) * (floor.front - floor.back)
    places = [_Place(kind, width * rng.uniform(0.4, 0.6), max(y, height + 0.04), height)]
    for _ in range(int(rng.choice(len(COMPANIONS), p=COMPANIONS))):
        place = _find_room(_companion(kind, setting, rng), places, floor, width, rng)
        if place is not None:
            places.append(place)
    return sorted(places, key=lambda place: place.y)


def _companion(kind: str, setting: Setting, rng: np.random.Generator) -> str:
    """Choose what stands beside: often the same kind again, else anything that belongs here."""
    if rng.random() < 0.3:
        return kind
    guests = [name for name, thing in THINGS.items() if setting in thing.settings]
    return guests[rng.integers(len(guests))]


def _find_room(kind: str, places: list[_Place], floor: Floor, width: float, rng: np.random.Generator) -> _Place | None:
    """Try a few places for a companion, sized as it should be beside the main thing; None if all are taken."""
    thing, main = THINGS[kind], places[0]
    for _ in range(30):
        depth = rng.random()
        near = 0.6 + 0.3 * depth
        height = min(thing.height * main.height / main.thing.height * near, 0.66 * width / thing.width, 0.6)
        x, y = rng.uniform(0.08, 0.92) * width, floor.back + depth * (floor.front - floor.back)
        if thing.can_float:
            y = rng.uniform(height + 0.03, max(floor.back, height + 0.05))
        place = _Place(kind, x, y, height)
        fits = place.half < x < width - place.half and y - height > 0.01
        if fits and all(place.overlap(other) < 0.22 for other in places):
            return place
    return None


def _put(stage: Stage, place: _Place, floor: Floor, rng: np.random.Generator) -> None:
    thing = place.thing
    stage.put(
        place.kind,
        thing.draw,
        rng,
        at=(place.x, place.y),
        height=place.height,
        stretch=rng.uniform(0.93, 1.07),
        angle=np.radians(rng.uniform(-thing.tilt, thing.tilt)),
        facing=int(rng.choice([-1, 1])),
        shadow="none" if thing.can_float and floor.shadow == "ground" else floor.shadow,
    )
