"""The table of things that can stand in a picture: how they are drawn, how large they are, and where they belong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lookalike.sample import animals, buildings, fruit, objects, plants, vehicles
from lookalike.sample.settings import Floor, beach, meadow, nothing, paper, sea, sky, street, studio, table, underwater
from lookalike.sample.stage import Draw, Stage

Setting = Callable[[Stage, np.random.Generator], Floor]

INDOORS = (table, table, table, studio, studio, paper, nothing)
GARDEN = (meadow, meadow, meadow, table, studio, nothing)
ROAD = (street, street, street, meadow, studio, nothing)
LAND = (meadow, meadow, meadow, beach, studio)
WILD = (meadow, meadow, beach, studio, nothing)
PAPER = (paper, paper, meadow, studio, nothing)


@dataclass(frozen=True)
class Thing:
    """A kind of thing.

    Attributes
    ----------
    draw : function
        Draws it in unit space.
    width : float
        In units.
    height : float
        Of one unit as a part of the picture's height, where the thing is the main one; also its size beside others.
    settings : functions
        Where it belongs; a repeated one is more likely.
    tilt : float
        Largest turn, in degrees, either way.
    can_float : bool
        Whether it may be anywhere in the upper part of a picture.
    """

    draw: Draw
    width: float
    height: float
    settings: tuple[Setting, ...]
    tilt: float = 3.0
    can_float: bool = False


THINGS = {
    "apple": Thing(fruit.apple, 1.1, 0.36, INDOORS, 12),
    "pear": Thing(fruit.pear, 0.85, 0.4, INDOORS, 10),
    "lemon": Thing(fruit.lemon, 1.4, 0.28, INDOORS, 8),
    "orange": Thing(fruit.orange, 1.0, 0.34, INDOORS, 8),
    "banana": Thing(fruit.banana, 1.6, 0.36, INDOORS, 5),
    "cherries": Thing(fruit.cherries, 1.1, 0.34, INDOORS, 8),
    "strawberry": Thing(fruit.strawberry, 0.9, 0.34, INDOORS, 12),
    "grapes": Thing(fruit.grapes, 1.0, 0.42, INDOORS, 6),
    "watermelon": Thing(fruit.watermelon, 1.65, 0.42, INDOORS, 8),
    "car": Thing(vehicles.car, 2.15, 0.34, ROAD, 1),
    "bus": Thing(vehicles.bus, 2.3, 0.42, ROAD, 1),
    "sailing-boat": Thing(vehicles.sailing_boat, 1.15, 0.56, (sea, sea, sea, studio), 7),
    "bicycle": Thing(vehicles.bicycle, 1.95, 0.42, ROAD, 2),
    "balloon": Thing(vehicles.balloon, 0.8, 0.6, (sky, sky, sky, meadow, sea), 5, True),
    "train": Thing(vehicles.train, 1.9, 0.46, (meadow, meadow, studio, nothing), 1),
    "aeroplane": Thing(vehicles.aeroplane, 2.2, 0.36, (sky, sky, sky, sea, meadow), 14, True),
    "house": Thing(buildings.house, 1.2, 0.6, (meadow, meadow, meadow, street, beach), 1),
    "shop": Thing(buildings.shop, 0.8, 0.68, (street, street, studio), 1),
    "lighthouse": Thing(buildings.lighthouse, 0.75, 0.66, (sea, sea, beach), 1),
    "windmill": Thing(buildings.windmill, 1.2, 0.62, LAND, 1),
    "castle": Thing(buildings.castle, 1.35, 0.6, LAND, 1),
    "fish": Thing(animals.fish, 1.9, 0.44, (underwater, underwater, underwater, paper), 14, True),
    "cat": Thing(animals.cat, 1.0, 0.5, (table, meadow, street, studio, studio, nothing), 2),
    "dog": Thing(animals.dog, 1.75, 0.42, (meadow, meadow, street, beach, studio, nothing), 2),
    "owl": Thing(animals.owl, 1.5, 0.56, (meadow, sky, studio, nothing), 3, True),
    "butterfly": Thing(animals.butterfly, 1.5, 0.44, PAPER, 30, True),
    "snail": Thing(animals.snail, 1.9, 0.36, WILD, 4),
    "bird": Thing(animals.bird, 1.3, 0.4, (meadow, meadow, table, beach, studio, nothing), 5),
    "whale": Thing(animals.whale, 2.2, 0.36, (sea, sea, underwater), 6),
    "rabbit": Thing(animals.rabbit, 1.1, 0.46, WILD, 3),
    "tree": Thing(plants.tree, 0.9, 0.66, (meadow, meadow, meadow, street, studio), 2),
    "fir": Thing(plants.fir, 0.72, 0.68, (meadow, meadow, studio), 2),
    "tulips": Thing(plants.tulips, 0.8, 0.56, GARDEN, 4),
    "sunflower": Thing(plants.sunflower, 0.7, 0.62, GARDEN, 4),
    "cactus": Thing(plants.cactus, 0.6, 0.54, INDOORS, 2),
    "mushroom": Thing(plants.mushroom, 1.1, 0.46, (meadow, meadow, studio, paper, nothing), 5),
    "teapot": Thing(objects.teapot, 1.65, 0.4, INDOORS, 3),
    "cup": Thing(objects.cup, 1.35, 0.38, INDOORS, 1),
    "lamp": Thing(objects.lamp, 0.8, 0.6, INDOORS, 1),
    "vase": Thing(objects.vase, 0.95, 0.58, INDOORS, 1),
    "guitar": Thing(objects.guitar, 0.42, 0.74, (studio, studio, paper, nothing), 16),
    "books": Thing(objects.books, 1.2, 0.44, INDOORS, 1),
    "kite": Thing(objects.kite, 0.62, 0.6, (sky, sky, beach, meadow), 30, True),
    "ball": Thing(objects.ball, 1.0, 0.34, (beach, beach, meadow, studio, nothing), 40),
    "umbrella": Thing(objects.umbrella, 1.3, 0.5, (beach, street, studio, nothing), 14),
    "rocket": Thing(objects.rocket, 0.7, 0.6, (sky, sky, studio, paper, nothing), 30, True),
    "clock": Thing(objects.clock, 0.85, 0.44, INDOORS, 3),
    "medal": Thing(objects.medal, 0.8, 0.5, (paper, paper, studio, nothing), 8),
}
"""By kind."""
