"""Reading and describing the pictures and captions of a data set."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.collection.batches import batches
from lookalike.collection.describe import describe_all
from lookalike.collection.reading import in_order
from lookalike.errors import LookalikeError, UnknownWords, UnreadableMedia
from lookalike.evaluation.data_set import Caption, DataSet, Labelled
from lookalike.media import Decoder, open_beneath
from lookalike.types import Describer, Image, TextDescriber

BATCH = 64
"""Pictures or captions that are described together."""

Tell = Callable[[int, int], None]
"""Told how much is done, and how much there is."""


@dataclass(frozen=True)
class Described:
    """The pictures and captions of a data set that could be read, and what spaces say of them.

    Attributes
    ----------
    data : DataSet
        The P pictures and T captions that could be read; it lists the others as skipped.
    vectors : mapping of space to (P, D) float16
        Rounded as a collection stores them.
    texts : mapping of space to (T, D) float32
        Of the captions, in the spaces that take words.
    """

    data: DataSet
    vectors: Mapping[str, NDArray[np.float16]]
    texts: Mapping[str, NDArray[np.float32]]


def describe(
    data: DataSet, describers: Mapping[str, Describer], decoder: Decoder, n_workers: int, tell: Tell
) -> Described:
    """Describe every caption, then every picture; those that cannot be read are reported, not raised.

    Parameters
    ----------
    data : DataSet
    describers : mapping of space to Describer
        At least one; with captions, all of them TextDescriber.
    decoder : Decoder
    n_workers : int
        Pictures that are read at the same time.
    tell : callable
        Told after each batch.

    Raises
    ------
    LookalikeError
        If a describer answers with what are no finite numbers, or there are captions and none can be read.
    """
    readable: list[Labelled] = []
    skipped = list(data.skipped)
    captions, texts = _describe_captions(data, describers, skipped)
    parts: dict[str, list[NDArray[np.float16]]] = {
        name: [np.zeros((0, describer.n_dims), dtype=np.float16)] for name, describer in describers.items()
    }
    n_done, n_all = len(data.captions), len(data.pictures) + len(data.captions)
    for batch in batches(read_all(data.pictures, decoder, n_workers), BATCH):
        skipped += [(picture.file, answer) for picture, answer in batch if isinstance(answer, str)]
        shown = [(picture, answer) for picture, answer in batch if not isinstance(answer, str)]
        readable += [picture for picture, _ in shown]
        for name, vectors in describe_all([image for _, image in shown], describers).items():
            parts[name].append(_finite(name, vectors).astype(np.float16))
        n_done += len(batch)
        tell(n_done, n_all)
    tell(n_all, n_all)
    vectors_of = {name: np.concatenate(of_batches) for name, of_batches in parts.items()}
    return Described(replace(data, pictures=readable, captions=captions, skipped=skipped), vectors_of, texts)


def _describe_captions(
    data: DataSet, describers: Mapping[str, Describer], skipped: list[tuple[Path | str, str]]
) -> tuple[list[Caption], dict[str, NDArray[np.float32]]]:
    """Return the captions that every space understands and what each says of them; the others go to `skipped`."""
    if not data.captions:
        return [], {}
    able = {name: describer for name, describer in describers.items() if isinstance(describer, TextDescriber)}
    parts = [part for batch in batches(iter(data.captions), BATCH) for part in _understood(batch, able, skipped)]
    if not parts:
        text, reason = skipped[-1]
        raise LookalikeError(
            f"none of the {len(data.captions)} captions of {data.name} is understood; {text!r}: {reason}"
        )
    texts = {name: np.concatenate([vectors[name] for _, vectors in parts]) for name in able}
    return [caption for some, _ in parts for caption in some], texts


def _understood(
    captions: Sequence[Caption], describers: Mapping[str, TextDescriber], skipped: list[tuple[Path | str, str]]
) -> Iterator[tuple[Sequence[Caption], dict[str, NDArray[np.float32]]]]:
    """Yield captions with their vectors, all at once, or one by one if there are unknown words among them."""
    texts = [caption.text for caption in captions]
    try:
        vectors = {name: _finite(name, describer.describe_texts(texts)) for name, describer in describers.items()}
    except UnknownWords as error:
        if len(captions) == 1:
            skipped.append((texts[0], str(error)))
        else:
            for caption in captions:
                yield from _understood([caption], describers, skipped)
    else:
        yield captions, vectors


def _finite(name: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    if not np.isfinite(vectors).all():
        raise LookalikeError(
            f"the space {name} answers with values that are no finite numbers; leave it out by --space, "
            "or update what brought it"
        )
    return vectors


def read_all(pictures: Sequence[Labelled], decoder: Decoder, n_workers: int) -> Iterator[tuple[Labelled, Image | str]]:
    """Yield every picture with its pixels, or the reason why there are none, reading ahead meanwhile."""
    with ThreadPoolExecutor(n_workers) as pool:
        yield from in_order(partial(_read, decoder), pictures, pool, ahead=BATCH)


def _read(decoder: Decoder, picture: Labelled) -> tuple[Labelled, Image | str]:
    try:
        descriptor = open_beneath(picture.root, picture.path)
        try:
            return picture, decoder.decode(descriptor).frame.image
        finally:
            os.close(descriptor)
    except UnreadableMedia as error:
        return picture, str(error)
