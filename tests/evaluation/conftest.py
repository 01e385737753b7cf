"""Plain pictures in plain colours, and describers that see little but that."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow

from lookalike.errors import UnknownWords
from lookalike.types import Image, Mask, Vectors

COLOURS = {"red": (200, 30, 20), "green": (20, 190, 40), "blue": (10, 40, 210)}

Paint = Callable[..., Path]


class MeanColour:
    """Sees the mean colour."""

    name = "mean"
    version = "1"
    size = 32
    n_dims = 3

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        means = np.array([image.mean(axis=(0, 1)) + 1 for image in images], dtype=np.float32).reshape(-1, 3)
        return means / np.linalg.norm(means, axis=1, keepdims=True)


class NamedColour(MeanColour):
    """Sees the mean colour, and knows the names of three."""

    name = "named"

    def describe_texts(self, texts: Sequence[str]) -> Vectors:
        named = [[COLOURS[word] for word in text.split() if word in COLOURS] for text in texts]
        if [] in named:
            raise UnknownWords(f"{texts[named.index([])]!r} names none of {', '.join(COLOURS)}")
        of_texts = [colours[0] for colours in named]
        vectors = np.array(of_texts, dtype=np.float32).reshape(-1, 3)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


class Constant(MeanColour):
    """Sees nothing."""

    name = "constant"

    def describe(self, images: Sequence[Image], masks: Sequence[Mask | None] | None = None) -> Vectors:
        return np.tile(np.array([1, 0, 0], dtype=np.float32), (len(images), 1))


@pytest.fixture(scope="session")
def paint() -> Paint:
    """Paint a picture in one of three colours, a little different for each seed, and return its path."""

    def paint(path: Path, colour: str, seed: int = 0) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        noise: NDArray[np.int64] = np.random.default_rng(seed).integers(-10, 11, (24, 40, 3))
        Pillow.fromarray((np.array(COLOURS[colour]) + noise).clip(0, 255).astype(np.uint8)).save(path)
        return path

    return paint


@pytest.fixture
def classes(tmp_path: Path, paint: Paint) -> Path:
    """A folder of two classes, three pictures each."""
    for number in range(3):
        paint(tmp_path / "classes" / "red" / f"{number}.png", "red", number)
        paint(tmp_path / "classes" / "green" / f"{number}.png", "green", number)
    return tmp_path / "classes"


@pytest.fixture
def mean() -> MeanColour:
    return MeanColour()


@pytest.fixture
def named() -> NamedColour:
    return NamedColour()


@pytest.fixture
def constant() -> Constant:
    return Constant()
