"""Pictures with a truth: a folder of class folders, described."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.collection.batches import batches
from lookalike.collection.describe import describe_all
from lookalike.collection.reading import in_order
from lookalike.errors import UnreadableMedia
from lookalike.media import Decoder, Found, open_beneath, walk
from lookalike.types import Describer, Image

BATCH = 64
"""Pictures that are described together."""


@dataclass(frozen=True)
class LabelledPictures:
    """The pictures of a folder that could be read, in the order of their paths.

    Attributes
    ----------
    paths : N of Path
        Below the folder.
    classes : C of str
        Sorted.
    labels : (N,) int64
        Positions in `classes`; negative, and for each another number, where a picture belongs to no class.
    vectors : mapping of space to (N, D) float16
        Rounded as a collection stores them.
    skipped : list of (path, reason)
    """

    paths: list[Path]
    classes: list[str]
    labels: NDArray[np.int64]
    vectors: Mapping[str, NDArray[np.float16]]
    skipped: list[tuple[Path, str]]


def describe_folder(
    folder: Path,
    describers: Mapping[str, Describer],
    decoder: Decoder,
    n_workers: int,
    progress: Callable[[int, int], None],
) -> LabelledPictures:
    """Read and describe every picture below a folder; those that cannot be read are reported, not raised.

    Parameters
    ----------
    describers : mapping of space to Describer
        At least one.
    decoder : Decoder
    n_workers : int
        Pictures that are read at the same time.
    progress : callable
        Told after each batch how many pictures are done, and how many there are.

    Raises
    ------
    UnreadableMedia
        If the folder cannot be opened.
    """
    skipped: list[tuple[Path, str]] = []
    found = sorted(
        walk(folder, on_skip=lambda path, reason: skipped.append((_below(folder, path), reason))),
        key=lambda one: one.path,
    )
    paths: list[bytes] = []
    parts: dict[str, list[NDArray[np.float16]]] = {
        name: [np.zeros((0, describer.n_dims), dtype=np.float16)] for name, describer in describers.items()
    }
    n_done = 0
    for batch in batches(_read_all(folder, found, decoder, n_workers), BATCH):
        skipped += [(_below(folder, one.path), answer) for one, answer in batch if isinstance(answer, str)]
        readable = [(one.path, answer) for one, answer in batch if not isinstance(answer, str)]
        paths += [path for path, _ in readable]
        for name, vectors in describe_all([image for _, image in readable], describers).items():
            parts[name].append(vectors.astype(np.float16))
        n_done += len(batch)
        progress(n_done, len(found))
    classes, labels = _labels(paths)
    return LabelledPictures(
        [_below(folder, path) for path in paths],
        classes,
        labels,
        {name: np.concatenate(of_batches) for name, of_batches in parts.items()},
        skipped,
    )


def _below(folder: Path, path: bytes) -> Path:
    return folder / os.fsdecode(path)


def _read_all(
    folder: Path, found: Iterable[Found], decoder: Decoder, n_workers: int
) -> Iterator[tuple[Found, Image | str]]:
    """Yield every file with its picture or the reason why there is none, reading ahead meanwhile."""
    read = partial(_read, folder, decoder)
    with ThreadPoolExecutor(n_workers) as pool:
        yield from in_order(read, found, pool, ahead=BATCH)


def _read(folder: Path, decoder: Decoder, found: Found) -> tuple[Found, Image | str]:
    try:
        descriptor = open_beneath(folder, found.path)
    except UnreadableMedia as error:
        return found, str(error)
    try:
        return found, decoder.decode(descriptor).frame.image
    except UnreadableMedia as error:
        return found, str(error)
    finally:
        os.close(descriptor)


def _labels(paths: list[bytes]) -> tuple[list[str], NDArray[np.int64]]:
    """Return the classes, and the label of each path: the folder that holds it is its class."""
    holders = [path.rpartition(b"/")[0].rpartition(b"/")[2] for path in paths]
    classes = sorted({holder for holder in holders if holder})
    numbers = {name: number for number, name in enumerate(classes)}
    labels = [numbers.get(holder, -1 - position) for position, holder in enumerate(holders)]
    return [os.fsdecode(name) for name in classes], np.array(labels, dtype=np.int64)
