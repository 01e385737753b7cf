"""Which pictures make a batch."""

import numpy as np

from lookalike.learning.corpus import Corpus
from lookalike.learning.recipe import Recipe
from lookalike.learning.sampler import ClassUniform


def test_sources_come_by_their_shares_and_classes_alike(corpus: Corpus, recipe: Recipe) -> None:
    rows = np.concatenate([ClassUniform(corpus, recipe).batch(step) for step in range(250)])
    sources = np.array(corpus.sources)[rows]
    assert abs((sources == "forms").mean() - 0.75) < 0.03
    for source, n_labels in (("colours", 3), ("forms", 2)):
        shares = np.bincount(corpus.labels[rows[sources == source]]) / (sources == source).sum()
        np.testing.assert_allclose(shares, 1 / n_labels, atol=0.05)


def test_what_is_kept_aside_is_never_drawn(corpus: Corpus, recipe: Recipe) -> None:
    sampler = ClassUniform(corpus, recipe)
    rows = {row for step in range(100) for row in sampler.batch(step).tolist()}
    assert rows == set(np.nonzero(~corpus.is_kept_aside)[0].tolist())


def test_a_step_gives_the_same_batch_whatever_came_before(corpus: Corpus, recipe: Recipe) -> None:
    sampler = ClassUniform(corpus, recipe)
    before = sampler.batch(3)
    sampler.batch(4)
    np.testing.assert_array_equal(ClassUniform(corpus, recipe).batch(3), before)
    assert (sampler.batch(4) != before).any()
