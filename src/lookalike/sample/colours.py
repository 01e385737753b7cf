"""Colours: a small box of gouache swatches, and palettes that set the mood of a picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Colour = NDArray[np.float32]
"""(3,) float32, RGB in [0, 255]."""


def rgb(hexadecimal: str) -> Colour:
    """Return the colour of a string such as ``"c8402f"``."""
    return np.array([int(hexadecimal[i : i + 2], 16) for i in (0, 2, 4)], dtype=np.float32)


SWATCHES = {
    name: rgb(value)
    for name, value in {
        "red": "c5402f",
        "coral": "e3755c",
        "orange": "e58b39",
        "ochre": "cf9738",
        "yellow": "efc348",
        "cream": "f2e5c6",
        "olive": "8b9040",
        "green": "4f8b57",
        "mint": "9fcab0",
        "teal": "2c7c80",
        "sky": "8dbdd5",
        "blue": "3468a4",
        "navy": "26395f",
        "violet": "6f5b9f",
        "plum": "793a5e",
        "pink": "e7a2ad",
        "brown": "7b4f35",
        "sand": "d8be93",
        "white": "f7f2e8",
        "grey": "8c9196",
        "charcoal": "3a3a43",
    }.items()
}

WARM_LIGHT = rgb("fff6e0")
SHADE = np.array([0.40, 0.37, 0.52], dtype=np.float32)
"""What deep shade multiplies a colour by: cooler, not only darker."""


def mix(a: Colour, b: Colour, t: float) -> Colour:
    """Return the colour a part `t` of the way from a to b."""
    return a + (b - a) * np.float32(t)


def lighter(colour: Colour, t: float = 0.3) -> Colour:
    """Return the colour under more, warmer light."""
    return mix(colour, WARM_LIGHT, t)


def darker(colour: Colour, t: float = 0.3) -> Colour:
    """Return the colour in shade."""
    return mix(colour, colour * SHADE, t)


def pick(rng: np.random.Generator, *names: str) -> tuple[str, Colour]:
    """Return one of the named swatches, slightly off as a mixed paint is, and its name."""
    name = names[rng.integers(len(names))]
    return name, vary(rng, SWATCHES[name])


def vary(rng: np.random.Generator, colour: Colour, amount: float = 1.0) -> Colour:
    """Return a colour near the given one."""
    shift = rng.normal(0, 5 * amount) + rng.normal(0, 4 * amount, 3)
    return np.clip(colour + shift, 4, 251).astype(np.float32)


@dataclass(frozen=True)
class Palette:
    """The mood of a picture.

    Attributes
    ----------
    sky : two colours
        High and low.
    hills : two colours
        Far and near; what lies between melts one into the other.
    ground : two colours
        At the horizon and at the viewer's feet.
    wall, table : colours
        Of an indoor setting.
    shadow : colour
        Cast shadows multiply by it.
    glaze : colour
        A veil over the whole picture, which ties its colours together.
    """

    name: str
    sky: tuple[Colour, Colour]
    hills: tuple[Colour, Colour]
    ground: tuple[Colour, Colour]
    wall: Colour
    table: Colour
    shadow: Colour
    glaze: Colour
    is_dark: bool = False


def _palette(name: str, colours: str, *, is_dark: bool = False) -> Palette:
    c = [rgb(value) for value in colours.split()]
    return Palette(name, (c[0], c[1]), (c[2], c[3]), (c[4], c[5]), c[6], c[7], c[8], c[9], is_dark)


PALETTES = (
    #                      sky high, low   hills far, near ground far, near wall  table  shadow glaze
    _palette("morning", "8fbccb f6e3c8 a9bfc4 6f9a8a b9c286 7c9a55 efe0cb c9a27a 6b6f9c fff0d0"),
    _palette("noon", "5fa3c9 d7ebe8 8fb4bd 5b9478 a3bf6c 5f9150 dfe7e0 d9b98d 5d6c9a fffbe8"),
    _palette("evening", "6b6a9d f6b487 a98aa8 6d6488 c39a6c 8a6a52 e7b595 8f5b4a 55477f ffc890"),
    _palette("mist", "b9c8cd e9ebe4 b7c6c6 8aa3a0 b5bea2 8b9b7b e3e4de b9ac9b 77809a f0f2ee"),
    _palette("autumn", "a7c0c2 f4e4bf b99f86 a0663f cfa14e 9a6b34 f0d9b0 a7673d 6d5578 ffe2a8"),
    _palette("spring", "9fd0dc fbeae6 b5cfc0 7fb08a c3d488 86b360 f6dfdc e4c8a8 7a78a8 fff4ee"),
    _palette("rose", "c98fa3 fbdcc6 c9a0ac 94708a d0b08e a9846c f0c9bf b57a6d 704f7c ffd8cc"),
    _palette("sea", "3f86a6 cfe6df 7fb0b4 3f7f83 d9cba0 b79f73 cfe0da 7d9a93 4c6490 f0f8e8"),
    _palette("mustard", "e3b64f f8e6b4 c99c50 8d6f3c b39a4c 7d7038 e8c25f 7c4a32 6a4a68 ffe8a0"),
    _palette("night", "1d2747 4f5a86 3a4470 27325a 34485a 22333f 3b4467 2c2f4a 2c2c58 b8c4f0", is_dark=True),
    _palette("dusk", "2f3f6e d98f8a 6b5f8f 443f70 5b5a6e 3b3f52 6c5f83 4a3a50 3a3266 e8b8c8", is_dark=True),
)
