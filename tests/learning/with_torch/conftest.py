"""A network trained for a moment, which several tests look at."""

import pytest
import torch

from lookalike.learning.corpus import Corpus
from lookalike.learning.recipe import Recipe
from lookalike.learning.training import Training

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def trained(recipe: Recipe, corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """The tiny recipe, trained from beginning to end without a break."""
    training = Training(recipe, corpus, tmp_path_factory.mktemp("trained"))
    training.run(lambda point, step: None)
    return training
