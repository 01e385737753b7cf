"""From the classes that a network was trained on to the words that it knows."""

from __future__ import annotations

import csv
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WORDNET = re.compile(r"n\d{8}")


def word_directions(
    proxies: Mapping[str, NDArray[np.float32]], names: Mapping[str, str], kinds: Mapping[str, Iterable[str]]
) -> dict[str, NDArray[np.float32]]:
    """Return the direction of every word.

    A word stands for all classes that bear it as a name, and for those that its kind takes in; a word that is no
    name by itself stands for the classes whose names end in it (an acoustic guitar is a guitar).

    Parameters
    ----------
    proxies : mapping of label to (D,) float32
        L2-normalized proxies of classes: labels are WordNet ids, or names with underscores or hyphens.
    names : mapping of WordNet id to names separated by commas
    kinds : mapping of word to ranges of WordNet ids
        ``n02085620`` or ``n02085620-n02113978``, ends included.

    Returns
    -------
    directions : dict of word to (D,) float32
        Sorted by word, L2-normalized.
    """
    named: dict[str, list[str]] = defaultdict(list)
    ending: dict[str, list[str]] = defaultdict(list)
    for label in proxies:
        for name in _names_of(label, names):
            named[name].append(label)
            if " " in name:
                ending[name.rpartition(" ")[2]].append(label)
    for word, ranges in kinds.items():
        named[word] += [label for label in proxies if _is_within(label, ranges)]
    labels = {word: some for word, some in ending.items() if len(word) > 2 and word not in named}
    labels |= {word: some for word, some in named.items() if some}
    return {word: _direction([proxies[label] for label in dict.fromkeys(labels[word])]) for word in sorted(labels)}


def _names_of(label: str, names: Mapping[str, str]) -> Iterator[str]:
    if WORDNET.fullmatch(label):
        for name in names.get(label, "").split(","):
            if name.strip():
                yield " ".join(name.lower().replace("-", " ").split())
    else:
        yield " ".join(re.sub(r"[-_]", " ", label).lower().split())


def _is_within(label: str, ranges: Iterable[str]) -> bool:
    if not WORDNET.fullmatch(label):
        return False
    ends = [(low, high or low) for low, _, high in (each.partition("-") for each in ranges)]
    return any(low <= label <= high for low, high in ends)


def _direction(vectors: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    total = np.sum(vectors, axis=0)
    return (total / max(float(np.linalg.norm(total)), 1e-9)).astype(np.float32)


def read_names(path: Path) -> dict[str, str]:
    """Read the names of WordNet ids from a CSV file with the columns wnid and name."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["wnid"]: row["name"] for row in csv.DictReader(file)}


def read_kinds(path: Path) -> dict[str, list[str]]:
    """Read the kinds of things: a TOML file of word to ranges of WordNet ids."""
    return tomllib.loads(path.read_text(encoding="utf-8"))
