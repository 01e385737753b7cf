"""Drawn pictures, a small collection of them, and the command line run in this process."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from lookalike import settings
from lookalike.cli import main
from lookalike.collection import Collection

COLOURS = ("red", "green", "blue", "orange")


def draw(path: Path, number: int, colour: str = "red") -> Path:
    """Draw a picture of its own: a disc or a box of a colour on a speckled ground."""
    rng = np.random.default_rng(number)
    ground = np.kron(rng.integers(140, 255, (6, 8, 3)), np.ones((12, 12, 1))).astype(np.uint8)
    image = Image.fromarray(ground)
    x, y = rng.integers(5, 40, 2)
    shape = ImageDraw.Draw(image).ellipse if number % 2 else ImageDraw.Draw(image).rectangle
    shape((x, y, x + 45, y + 30), fill=colour)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path)
    return path


def draw_folder(folder: Path) -> Path:
    """Draw three pictures of each colour, each colour in its own folder, and one file that is no picture."""
    for number in range(12):
        colour = COLOURS[number % 4]
        draw(folder / colour / f"{colour} thing {number}.png", number, colour)
    (folder / "broken.jpg").write_bytes(b"no picture at all")
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of twelve pictures in four folders, and a broken file; to be read only."""
    return draw_folder(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="session")
def shared(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of that folder, to be read only."""
    place = tmp_path_factory.mktemp("collections") / "shared"
    with Collection(place) as pictures:
        pictures.add(folder)
    return place


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Path:
    """A collection of that folder, to do with as one likes."""
    place = tmp_path / "own"
    with Collection(place) as pictures:
        pictures.add(folder)
    return place


@pytest.fixture(autouse=True)
def _nothing_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no variable, settings file, network or collection of this computer meet a test."""
    for name in [name for name in os.environ if name.upper().startswith("LOOKALIKE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("LOOKALIKE_COLLECTION", str(tmp_path / "default"))
    monkeypatch.setenv("LOOKALIKE_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(settings, "SETTINGS_FILE", tmp_path / "settings.toml")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.delenv("COLUMNS", raising=False)
    settings.load_settings.cache_clear()
    yield
    settings.load_settings.cache_clear()


@dataclass(frozen=True)
class Run:
    """What one command ended with and printed; bytes that are not UTF-8 as `os.fsdecode` writes them."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def run(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Run]:
    """Run a command in this process."""

    def command(*arguments: object) -> Run:
        capfdbinary.readouterr()
        code = main([str(argument) for argument in arguments])
        printed = capfdbinary.readouterr()
        return Run(code, os.fsdecode(printed.out), os.fsdecode(printed.err))

    return command
