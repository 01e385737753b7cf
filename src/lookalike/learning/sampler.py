"""Which pictures make a batch: a source by its share, a class of it, a picture of that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lookalike.learning.corpus import Corpus
from lookalike.learning.recipe import Recipe


class ClassUniform:
    """Draws sources by their shares, then classes alike, then pictures alike: small classes count as much as large.

    Parameters
    ----------
    corpus : Corpus
        Without what is kept aside.
    recipe : Recipe
    """

    def __init__(self, corpus: Corpus, recipe: Recipe) -> None:
        self._seed = recipe.seed
        self._batch = recipe.batch
        sources = np.array(corpus.sources)
        self._classes: list[list[NDArray[np.int64]]] = []
        for source in recipe.sources:
            rows = np.nonzero((sources == source) & ~corpus.is_kept_aside)[0]
            order = rows[np.argsort(corpus.labels[rows], kind="stable")]
            cuts = np.nonzero(np.diff(corpus.labels[order]))[0] + 1
            self._classes.append(np.split(order, cuts))
        shares = np.array([source.share for source in recipe.sources.values()])
        self._shares = shares / shares.sum()

    def batch(self, step: int) -> NDArray[np.int64]:
        """Return the rows of one step's batch; the same step gives the same rows."""
        rng = np.random.default_rng([self._seed, step])
        drawn = []
        for source in rng.choice(len(self._shares), size=self._batch, p=self._shares):
            classes = self._classes[source]
            rows = classes[rng.integers(len(classes))]
            drawn.append(rows[rng.integers(len(rows))])
        return np.array(drawn, dtype=np.int64)
