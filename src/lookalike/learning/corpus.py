"""Pictures to train on: shards read once into one flat file, from which any crop is cut without decoding again."""

from __future__ import annotations

import csv
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageOps

from lookalike.errors import BadRecipe
from lookalike.learning.recipe import Recipe
from lookalike.lock import writer_lock

_DAMAGE = (tarfile.TarError, Pillow.DecompressionBombError, RecursionError)  # the last for links to themselves
COLUMNS = ("shard", "path", "source", "label")
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
"""What Pillow may read: some other formats would have it start programs."""


@dataclass(frozen=True)
class Corpus:
    """N decoded pictures, with their labels, as one head each knows them.

    Attributes
    ----------
    pixels : (bytes,) uint8
        All pictures one after the other, each (height, width, 3) RGB; memory-mapped.
    starts : (N,) int64
        Where in `pixels` each begins.
    sizes : (N, 2) int32
        Height and width.
    sources : tuple of N str
    labels : (N,) int64
        Index among the labels of the head of its source.
    heads : dict of str to tuple of str
        The labels of each head, sorted.
    is_kept_aside : (N,) bool
        Not trained on: what the learning curve is measured on.
    """

    pixels: NDArray[np.uint8]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int32]
    sources: tuple[str, ...]
    labels: NDArray[np.int64]
    heads: dict[str, tuple[str, ...]]
    is_kept_aside: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.starts)

    def image(self, row: int) -> NDArray[np.uint8]:
        """Return one picture (H, W, 3) uint8."""
        height, width = self.sizes[row]
        return self.pixels[self.starts[row] :][: height * width * 3].reshape(height, width, 3)


def read_corpus(index: Path, recipe: Recipe, cache: Path, told: Callable[[int, int], None] | None = None) -> Corpus:
    """Read the pictures that a recipe takes.

    Parameters
    ----------
    index : Path
        A CSV file with the columns shard, path, source and label; the shards are TAR files beside it.
    recipe : Recipe
        Which sources, and which labels of them.
    cache : Path
        A folder for the decoded pictures of the whole index; made if missing, read if there, made anew where the
        index or a shard has changed.
    told : callable or None
        Hears how many pictures are decoded, of how many.

    Raises
    ------
    BadRecipe
        If the index or a shard is missing or damaged, or a source of the recipe has no pictures.
    CollectionBusy
        If another process is decoding the same pictures into the cache.
    """
    rows = _read_index(index)
    pixels, starts, sizes = _decoded(index, rows, cache, told)
    kept = [n for n, row in enumerate(rows) if _is_wanted(row, recipe)]
    _check_left_out(rows, recipe, index)
    is_kept_aside = np.array([zlib.crc32(rows[n]["path"].encode()) % recipe.validation == 0 for n in kept], dtype=bool)
    trained = {rows[n]["source"] for n, is_aside in zip(kept, is_kept_aside, strict=True) if not is_aside}
    if missing := recipe.sources.keys() - trained:
        raise BadRecipe(f"{index} has nothing to train on of the source {min(missing)!r}: leave it out of the recipe.")
    named = [(recipe.sources[rows[n]["source"]].head, _label(rows[n], recipe)) for n in kept]
    heads = {head: tuple(sorted({label for h, label in named if h == head})) for head in sorted({h for h, _ in named})}
    places = {(head, label): place for head, labels in heads.items() for place, label in enumerate(labels)}
    return Corpus(
        pixels,
        starts[kept],
        sizes[kept],
        tuple(rows[n]["source"] for n in kept),
        np.array([places[each] for each in named], dtype=np.int64),
        heads,
        is_kept_aside,
    )


def _read_index(index: Path) -> list[dict[str, str]]:
    try:
        with index.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadRecipe(f"{index} cannot be read ({error}): name the CSV file that lists the pictures.") from error
    if not rows or not set(COLUMNS) <= rows[0].keys():
        raise BadRecipe(f"{index} lists no pictures: it needs the columns {', '.join(COLUMNS)}.")
    for number, row in enumerate(rows, 1):
        if not all(row[column] for column in COLUMNS):
            raise BadRecipe(f"{index} says too little of picture {number}: it needs {', '.join(COLUMNS)} of each.")
        if surplus := [cell for cell in row.get(None, []) if cell.strip()]:
            raise BadRecipe(
                f"{index} says {surplus[0]!r} of picture {number} without a column for it: write quotation marks "
                "around a cell that holds a comma."
            )
    return rows


def _check_left_out(rows: list[dict[str, str]], recipe: Recipe, index: Path) -> None:
    there = {(row["source"], _label(row, recipe)) for row in rows if row["source"] in recipe.sources}
    left_out = {(name, label) for name, source in recipe.sources.items() for label in source.leave_out}
    for name, label in sorted(left_out - there):
        raise BadRecipe(f"{index} has no label {label!r} of {name} that could be left out: correct the recipe.")


def _is_wanted(row: dict[str, str], recipe: Recipe) -> bool:
    source = recipe.sources.get(row["source"])
    return source is not None and _label(row, recipe) not in source.leave_out


def _label(row: dict[str, str], recipe: Recipe) -> str:
    return row["label"].rsplit("-", 1)[0] if recipe.sources[row["source"]].styles else row["label"]


def _decoded(
    index: Path, rows: list[dict[str, str]], cache: Path, told: Callable[[int, int], None] | None
) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.int32]]:
    """Return the pictures of all rows from the cache, which is made anew where it is of other files."""
    name = _state(index, rows)
    done, flat = cache / f"{name}.npy", cache / f"{name}.pixels"
    if not done.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with writer_lock(cache / f"{name}.lock", deed=f"{cache} is being filled"):
            growing = cache / f"{name}.new.npy"
            np.save(growing, _decode(index.parent, rows, flat, told))
            growing.replace(done)
    try:
        sizes = np.load(done, allow_pickle=False)
        n_bytes = sizes.astype(np.int64).prod(axis=1) * 3
        if sizes.shape != (len(rows), 2) or n_bytes.sum() != flat.stat().st_size:
            raise ValueError("it has another size")
        return np.memmap(flat, dtype=np.uint8, mode="r"), np.cumsum(n_bytes) - n_bytes, sizes
    except (OSError, ValueError, EOFError) as error:
        raise BadRecipe(f"{flat} is damaged ({error}): remove {cache} and start again.") from error


def _state(index: Path, rows: list[dict[str, str]]) -> str:
    """Return what an index and its shards, by their sizes and times, have in common with no others."""
    state = zlib.crc32(index.read_bytes())
    for name in sorted({row["shard"] for row in rows}):
        with _named(index.parent / name):
            facts = (index.parent / name).stat()
        state = zlib.crc32(f"{name} {facts.st_size} {facts.st_mtime_ns}".encode(), state)
    return f"{state:08x}"


def _decode(
    folder: Path, rows: list[dict[str, str]], flat: Path, told: Callable[[int, int], None] | None
) -> NDArray[np.int32]:
    """Write the pictures of all rows into one file; return their heights and widths."""
    sizes = np.zeros((len(rows), 2), dtype=np.int32)
    with flat.open("wb") as file:
        for n, image in enumerate(_images(folder, rows)):
            sizes[n] = image.shape[:2]
            file.write(image.tobytes())
            if told:
                told(n + 1, len(rows))
    return sizes


def _images(folder: Path, rows: list[dict[str, str]]) -> Iterator[NDArray[np.uint8]]:
    """Yield the pictures of the rows, shard after shard."""
    for name, those in groupby(rows, key=itemgetter("shard")):
        with _named(folder / name), tarfile.open(folder / name) as shard:
            for row in those:
                with _named(f"{row['path']} in {folder / name}"):
                    member = shard.extractfile(row["path"])
                    if member is None:
                        raise OSError("it is no file")
                    image = _picture(member.read())
                yield image


def _picture(content: bytes) -> NDArray[np.uint8]:
    """Return a picture (H, W, 3) uint8 as a collection sees it, too: upright, and on white where it is transparent."""
    image = ImageOps.exif_transpose(Pillow.open(io.BytesIO(content), formats=FORMATS))
    if image.has_transparency_data:
        image = Pillow.alpha_composite(Pillow.new("RGBA", image.size, "white"), image.convert("RGBA"))
    return np.asarray(image.convert("RGB"))


@contextmanager
def _named(what: Path | str) -> Iterator[None]:
    """Say what it is that cannot be read."""
    try:
        yield
    except (OSError, KeyError, ValueError, SyntaxError, EOFError, zlib.error, *_DAMAGE) as error:
        raise BadRecipe(f"{what} cannot be read ({error}): make the shard again.") from error
