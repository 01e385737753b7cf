"""Small drawn pictures in shards, and a recipe for them."""

import csv
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lookalike.learning.corpus import Corpus, read_corpus
from lookalike.learning.recipe import Phase, Recipe, Shape, Source

COLOURS = {"leaf": (40, 160, 60), "brick": (180, 70, 50), "sky": (90, 150, 220)}
FORMS = ("bars-thin", "bars-wide", "dots-thin", "dots-wide")


def draw(label: str, rng: np.random.Generator) -> Image.Image:
    """Draw a noisy picture of 40 to 60 pixels a side: of one colour, or bars or dots."""
    height, width = rng.integers(40, 60, 2)
    pixels = rng.normal(0, 12, (height, width, 3))
    y, x = np.mgrid[:height, :width] // (3 if label.endswith("thin") else 6)
    pattern = x % 2 if label.startswith("bars") else (x + y) % 2
    pixels += COLOURS[label] if label in COLOURS else 60 + 120 * pattern[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two shards with 16 pictures of each label of two sources, and the file that lists them."""
    folder = tmp_path_factory.mktemp("shards")
    rng = np.random.default_rng(7)
    rows = []
    for shard, source, labels in (("a.tar", "colours", tuple(COLOURS)), ("b.tar", "forms", FORMS)):
        with tarfile.open(folder / shard, "w") as file:
            for label, n in ((label, n) for label in labels for n in range(16)):
                buffer = io.BytesIO()
                draw(label, rng).save(buffer, "PNG")
                member = tarfile.TarInfo(f"{source}/{label}/{n}.png")
                member.size = buffer.tell()
                buffer.seek(0)
                file.addfile(member, buffer)
                rows.append({"shard": shard, "path": member.name, "source": source, "label": label})
    with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["shard", "path", "source", "label"])
        writer.writeheader()
        writer.writerows(rows)
    return folder / "index.csv"


@pytest.fixture(scope="session")
def recipe() -> Recipe:
    """A tiny network, trained for 260 batches."""
    return Recipe(
        sources={
            "colours": Source(head="colours", share=1.0, colour=0.0, grey=0.0),
            "forms": Source(head="forms", share=3.0, styles=True, flip=False, about="bars and dots, drawn"),
        },
        shape=Shape(widths=(4, 8, 8, 12), blocks=(1, 1, 1, 2), n_colours=4, n_dims=8),
        phases=(Phase(0.5, 32), Phase(1.0, 40)),
        n_samples=260 * 16,
        batch=16,
        validation=5,
    )


@pytest.fixture(scope="session")
def corpus(index: Path, recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """The pictures of the index, decoded."""
    return read_corpus(index, recipe, tmp_path_factory.mktemp("cache"))
