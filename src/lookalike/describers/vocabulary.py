"""The words a network learned with its classes: a word is the direction in which pictures of what it names lie."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lookalike.describers.fitted import normalized
from lookalike.errors import BadModel, UnknownWords
from lookalike.models.arrays import NOT_ARRAYS, read_arrays
from lookalike.types import Vectors

MAX_WORDS = 100_000
MAX_BYTES = 1 << 29
LITTLE = frozenset(
    {"a", "an", "and", "at", "by", "for", "in", "my", "of", "on", "or", "some", "the", "this", "to", "with"}
)
"""Words that name nothing to be seen."""
N_NAMED = 3
"""How many unknown words of a text are named."""

_PLURALS = (("ies", "y"), ("ves", "fe"), ("ves", "f"), ("men", "man"), ("es", ""), ("s", ""), ("i", "us"))
_IRREGULAR = {
    "children": "child", "feet": "foot", "geese": "goose", "lice": "louse", "men": "man", "mice": "mouse", "oxen": "ox",
    "people": "person", "teeth": "tooth", "women": "woman",
}  # fmt: skip
"""Singulars by their plurals, where no ending tells."""


@dataclass(frozen=True)
class Vocabulary:
    """W words with their directions.

    Attributes
    ----------
    words : tuple of W str
        Sorted, in lower case, of one or several parts with single spaces between them.
    directions : (W, D) float32
        L2-normalized.
    """

    words: tuple[str, ...]
    directions: Vectors

    def __post_init__(self) -> None:
        if self.directions.ndim != 2 or len(self.directions) != len(self.words):
            raise ValueError(f"{len(self.words)} words need as many directions, got {self.directions.shape}")

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}

    @functools.cached_property
    def _longest(self) -> int:
        """How many parts the longest word has."""
        return max((word.count(" ") + 1 for word in self.words), default=0)

    def describe_texts(self, texts: Sequence[str]) -> Vectors:
        """Return (N, D) float32, L2-normalized: of each text the mixture of the known words it is made of.

        Raises
        ------
        UnknownWords
            If a text has a word that is not known, or none at all.
        """
        rows = [normalized(self.directions[self._read(text)].sum(axis=0)) for text in texts]
        return np.stack(rows) if rows else np.empty((0, self.directions.shape[1]), np.float32)

    def _read(self, text: str) -> list[int]:
        """Return the places of the words of a text, longest first: a grand piano is no piano that is grand."""
        parts: list[str] = re.findall(r"[^\W_]+(?:['-][^\W_]+)*", text.lower().replace("’", "'"))
        places, unknown = [], []
        while parts:
            length, place = next(self._known(parts), (1, None))
            if place is not None:
                places.append(place)
            elif parts[0] not in LITTLE:
                unknown.append(parts[0])
            parts = parts[length:]
        if unknown or not places:
            raise UnknownWords(self._sentence(unknown))
        return places

    def _known(self, parts: list[str]) -> Iterator[tuple[int, int]]:
        for length in range(min(self._longest, len(parts)), 0, -1):
            for word in _forms(" ".join(parts[:length])):
                if word in self._places:
                    yield length, self._places[word]

    def _sentence(self, unknown: list[str]) -> str:
        if not unknown:
            return "There is no word in this that names something to be seen: name a thing, such as dog or guitar."
        named, n_more = unknown[:N_NAMED], len(unknown) - N_NAMED
        near = [word for part in named for word in difflib.get_close_matches(part, self.words, n=2, cutoff=0.8)]
        hint = f"; it knows {', '.join(near)}" if near else ""
        names = ", ".join(repr(part[:60]) for part in named) + (f" and {n_more} more" if n_more > 0 else "")
        return (
            f"The network here does not know {names} among its {len(self.words)} words (`lookalike words` lists them)"
            f"{hint}; `lookalike models pull siglip-base-patch16-224` gets one that understands free words."
        )


def _forms(word: str) -> Iterator[str]:
    """Yield a word as it stands, then what it may be the genitive or the plural of."""
    for spelled in (word, word.replace("-", " ")):
        yield spelled
        owner = spelled.removesuffix("'s")
        yield owner
        for ending, singular in _PLURALS:
            if owner.endswith(ending) and len(owner) > len(ending) + 2:
                yield owner.removesuffix(ending) + singular
        *before, last = owner.split(" ")
        if last in _IRREGULAR:
            yield " ".join([*before, _IRREGULAR[last]])


def read_vocabulary(path: Path, n_dims: int) -> Vocabulary:
    """Read the words of a network.

    Parameters
    ----------
    path : Path
        An NPZ file with ``words`` (W,) str and ``directions`` (W, D) float16.
    n_dims : int
        D of the network.

    Raises
    ------
    BadModel
        If it is damaged or does not fit the network.
    """
    try:
        arrays = read_arrays(path, MAX_BYTES)
        words: NDArray[np.str_] = arrays["words"]
        directions = arrays["directions"].astype(np.float32)
        if words.ndim != 1 or words.dtype.kind != "U" or len(words) > MAX_WORDS:
            raise ValueError(f"words are up to {MAX_WORDS} strings, got {words.shape} of {words.dtype}")
        if directions.ndim != 2 or directions.shape[1] != n_dims or not np.isfinite(directions).all():
            raise ValueError(f"directions are {directions.shape}, the network gives {n_dims} numbers")
        return Vocabulary(tuple(words.tolist()), normalized(directions))
    except NOT_ARRAYS as error:
        raise BadModel(f"{path} is no vocabulary of this network ({error}): get the network again.") from error
