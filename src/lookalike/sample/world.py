"""A picture world on disk: one folder per kind, near-copies, and a manifest that tells the truth about all of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np

from lookalike.errors import LookalikeError
from lookalike.sample.composition import KINDS, draw_picture
from lookalike.sample.edits import EDITS
from lookalike.sample.files import PLACES, Storage, choose_storage, save
from lookalike.sample.manifest import FILE_NAME, Attributes, Entry, Manifest, read_manifest, write_manifest
from lookalike.sample.stage import Picture

COPIES = "copies"
"""The folder of near-copies."""

ORIGINALS_PER_COPY = 8

SIZES = ((375, 500), (375, 500), (375, 500), (500, 375), (500, 375), (420, 420), (340, 544), (280, 660))
"""(height, width) in pixels: mostly landscape format, some portrait, square and panorama."""


def draw_world(
    directory: Path,
    *,
    n_pictures: int = 360,
    seed: int = 7,
    n_workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Manifest:
    """Draw a world of pictures into a directory, or complete it.

    Parameters
    ----------
    directory : Path
        New, empty, or begun with the same seed and number of pictures.
    n_pictures : int
        All files; one in nine is a near-copy of another.
    seed : int
        The same seed draws the same pictures, with the same versions of the libraries.
    n_workers : int or None
        Threads; None means one per core.
    progress : function or None
        Called with the numbers of pictures done and of all.

    Returns
    -------
    manifest : Manifest
        What is in the pictures.

    Raises
    ------
    LookalikeError
        If the directory holds anything else, or the number of pictures is not positive.
    """
    if n_pictures < 1:
        raise LookalikeError(f"a sample needs at least 1 picture, got {n_pictures}")
    directory = Path(directory)
    try:
        return _complete(directory, _begin(directory, Manifest(seed, n_pictures)), n_workers, progress)
    except OSError as error:
        raise LookalikeError(f"{directory} cannot be written ({error.strerror}), choose another folder") from error


def _complete(
    directory: Path, manifest: Manifest, n_workers: int | None, progress: Callable[[int, int], None] | None
) -> Manifest:
    """Draw what is missing, and tell the manifest once all is there."""
    seed, n_pictures = manifest.seed, manifest.n_pictures
    known = dict(enumerate(manifest.pictures))
    missing = [n for n in range(n_pictures) if n not in known or not (directory / known[n].path).exists()]
    with _one_thread_a_picture(), ThreadPoolExecutor(n_workers or os.cpu_count()) as pool:
        for done, (number, entry) in enumerate(
            zip(missing, pool.map(lambda n: _draw_file(directory, seed, n, n_pictures), missing), strict=True), 1
        ):
            known[number] = entry
            if progress is not None:
                progress(n_pictures - len(missing) + done, n_pictures)
    if missing:
        manifest = Manifest(seed, n_pictures, tuple(known[n] for n in range(n_pictures)))
        write_manifest(manifest, directory)
    return manifest


@contextmanager
def _one_thread_a_picture() -> Iterator[None]:
    """Keep OpenCV from sharing out operations that are shorter than the wait for its threads."""
    n_threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(n_threads)


def _begin(directory: Path, wanted: Manifest) -> Manifest:
    """Claim a directory with a manifest, or return the one that an equal world left there."""
    if directory.exists() and not directory.is_dir():
        raise LookalikeError(f"{directory} is a file, choose a folder for the sample")
    if (directory / FILE_NAME).exists():
        found = read_manifest(directory)
        if (found.seed, found.n_pictures) != (wanted.seed, wanted.n_pictures):
            raise LookalikeError(
                f"{directory} holds a sample of {found.n_pictures} pictures from seed {found.seed}, "
                f"not {wanted.n_pictures} from seed {wanted.seed}; choose another folder or delete it"
            )
        return found
    if directory.exists() and any(directory.iterdir()):
        raise LookalikeError(f"{directory} is not empty and not a sample, choose a new or an empty folder")
    directory.mkdir(parents=True, exist_ok=True)
    write_manifest(wanted, directory)
    return wanted


@dataclass(frozen=True)
class _Original:
    """A picture, its storage and its path."""

    picture: Picture
    storage: Storage
    path: str


def _draw_file(directory: Path, seed: int, number: int, n_pictures: int) -> Entry:
    """Draw and write one picture of the world: the originals come first, then the copies."""
    n_originals = n_pictures - n_pictures // (ORIGINALS_PER_COPY + 1)
    if number < n_originals:
        original = _draw_original(seed, number)
        entry = _entry(original.path, original.picture, original.storage)
        picture, storage = original.picture, original.storage
    else:
        rng = _child(seed, number)
        names = [*EDITS]
        edit = names[(number - n_originals) % len(names)]
        parent = _draw_original(seed, int(rng.integers(n_originals)))
        image = EDITS[edit](parent.picture.image, rng)
        picture, storage = Picture(parent.picture.kind, image, None, (), (), {}), Storage()
        path = f"{COPIES}/{edit.replace('_', '-')}-{number - n_originals + 1:04}.jpg"
        h, w = image.shape[:2]
        entry = Entry(path, picture.kind, w, h, parent=parent.path, edit=edit)
    (directory / entry.path).parent.mkdir(exist_ok=True)
    save(picture, storage, directory / entry.path)
    return entry


def _draw_original(seed: int, number: int) -> _Original:
    rng = _child(seed, number)
    kind = KINDS[number % len(KINDS)]
    picture = draw_picture(kind, rng, _size(rng))
    storage = choose_storage(kind, rng, has_alpha=picture.alpha is not None)
    return _Original(picture, storage, f"{kind}/{kind}-{number // len(KINDS) + 1:04}{storage.suffix}")


def _entry(path: str, picture: Picture, storage: Storage) -> Entry:
    h, w = picture.image.shape[:2]
    said: Attributes = {key: value for key, value in asdict(storage).items() if value}
    if storage.place:
        latitude, longitude = PLACES[storage.place]
        said = {**said, "latitude": latitude, "longitude": longitude}
    return Entry(path, picture.kind, w, h, picture.instances, picture.words, {**picture.attributes, **said})


def _child(seed: int, number: int) -> np.random.Generator:
    """Return the generator of one picture: the child of that number of the world's seed."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))


def _size(rng: np.random.Generator) -> tuple[int, int]:
    height, width = SIZES[rng.integers(len(SIZES))]
    factor = rng.uniform(0.85, 1.15)
    return round(height * factor), round(width * factor)
