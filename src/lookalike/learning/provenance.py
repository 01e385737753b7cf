"""What a network was trained on: how many pictures of which source, and of which labels."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.errors import BadRecipe
from lookalike.learning.corpus import Corpus
from lookalike.learning.recipe import Recipe
from lookalike.learning.whole_file import write_whole

PROVENANCE = "provenance.json"


@dataclass(frozen=True)
class SourceFacts:
    """The head of a source, how many pictures of it are trained on, and how many are kept aside."""

    head: str
    n_trained: int
    n_kept_aside: int


@dataclass(frozen=True)
class Provenance:
    """The sources by name, and for each head how many pictures each label was trained on, labels sorted."""

    sources: dict[str, SourceFacts]
    heads: dict[str, dict[str, int]]

    def to_json(self) -> dict[str, Any]:
        """Return the provenance as JSON values."""
        return asdict(self)


def provenance_of(corpus: Corpus, recipe: Recipe) -> Provenance:
    """Count the pictures that a recipe takes of a corpus."""
    trained = Counter(np.array(corpus.sources)[~corpus.is_kept_aside].tolist())
    aside = Counter(np.array(corpus.sources)[corpus.is_kept_aside].tolist())
    facts = {name: SourceFacts(source.head, trained[name], aside[name]) for name, source in recipe.sources.items()}
    heads = np.array([recipe.sources[source].head for source in corpus.sources])
    counts = {
        head: np.bincount(corpus.labels[(heads == head) & ~corpus.is_kept_aside], minlength=len(labels)).tolist()
        for head, labels in corpus.heads.items()
    }
    return Provenance(facts, {head: dict(zip(corpus.heads[head], counts[head], strict=True)) for head in corpus.heads})


def write_provenance(provenance: Provenance, folder: Path, *, is_begun: bool) -> None:
    """Write down the pictures of a training.

    Raises
    ------
    BadRecipe
        If it is begun, and that with other labels or other numbers of pictures.
    """
    path = folder / PROVENANCE
    if is_begun and path.exists() and read_provenance(folder).heads != provenance.heads:
        raise BadRecipe(f"{folder} was begun with other pictures: name another folder, or remove it.")
    write_whole(path, json.dumps(provenance.to_json(), indent=1) + "\n")


def read_provenance(folder: Path) -> Provenance:
    """Read what `write_provenance` wrote; raise BadRecipe if that is missing or damaged."""
    path = folder / PROVENANCE
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        sources = {name: SourceFacts(**facts) for name, facts in values["sources"].items()}
        heads = {head: {label: int(n) for label, n in counts.items()} for head, counts in values["heads"].items()}
        return Provenance(sources, heads)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadRecipe(
            f"{path} cannot be read ({error}): remove it if it is there, and run the training again, which writes it."
        ) from error
