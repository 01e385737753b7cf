"""Put a trained network into the package, with all that is fitted to it and the classics together.

    python scripts/bundle_network.py NETWORK --pictures INDEX.csv --cache DIR

NETWORK is a folder that `lookalike train` or `quantize_network.py` made; INDEX.csv and DIR are as they were then, and
`names.csv` beside the index says what WordNet ids mean. Fits the projection, the directions of words, the coder and the
calibration, to pictures that were trained on; takes some minutes and replaces ``src/lookalike/models/bundled/general``.
Everything is seeded.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
from fit_calibration import save, some_of_each
from fit_describers import fit_projection

from lookalike import models
from lookalike.codes.coder import save_coder
from lookalike.codes.listwise import train_listwise
from lookalike.collection.describe import describe_all
from lookalike.describers import load_describers
from lookalike.describers.bundled import FOLDER, JOINT
from lookalike.describers.combined import CombinedDescriber
from lookalike.describers.fitted import Projection, normalized
from lookalike.describers.joint import CALIBRATION, CODER, PROJECTION, VOCABULARY, joined
from lookalike.describers.network import NetworkDescriber
from lookalike.learning.card import write_card
from lookalike.learning.corpus import Corpus, read_corpus
from lookalike.learning.recipe import Recipe, recipe_from_json
from lookalike.learning.restyle import restyle
from lookalike.learning.words import read_kinds, read_names, word_directions
from lookalike.ranking.calibration import calibrate
from lookalike.types import Image, Vectors

KINDS = Path(__file__).parents[1] / "recipes" / "kinds.toml"
N_DIMS, SHRINKAGE = 128, 0.1
LIKENESS = 0.35
"""How much of the projected similarity is the network's own. Discriminant axes keep what tells labels apart; that a
drawing is like what it shows, which the network has learned, they keep badly. Pictures that were kept aside, asked
plain, drawn and cut out, are found best with 0.5 to 0.65, photographs of many pixels with 0.2 to 0.35."""
SHARES = {"things": 0.5, "objects": 0.15, "styles": 0.1, "clothes": 0.05, "products": 0.2}
"""How much each head counts in the projection; the others have too few pictures of a label."""
FEWEST = 5
"""Pictures of a label that the projection is fitted to."""
PER_LABEL = 40
"""Pictures of each label that are described, and from which coder and words are made."""
NAMELESS = ("faces", "logos")
"""Heads whose labels are no words: names of people, and brands of which a single picture was seen."""
UNSHIPPED = ("proxies.npz",)


def main() -> None:
    """Copy the network, then make what lies beside it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("--pictures", type=Path, required=True, metavar="INDEX.csv")
    parser.add_argument("--cache", type=Path, required=True, metavar="DIR")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="DIR", help="otherwise the package")
    options = parser.parse_args()
    recipe = recipe_from_json(json.loads((options.network / "recipe.json").read_text()))
    corpus = read_corpus(options.pictures, recipe, options.cache)
    heads = np.array([recipe.sources[source].head for source in corpus.sources])
    labels = np.array([f"{head}/{corpus.heads[head][label]}" for head, label in zip(heads, corpus.labels, strict=True)])
    rows = some_of_each(labels, ~corpus.is_kept_aside, PER_LABEL)
    network = NetworkDescriber(models.read_model(options.network))
    features = described(network, [corpus.image(row) for row in rows])
    twins = described(network, restyled(corpus, rows, recipe))
    shutil.rmtree(options.into, ignore_errors=True)
    shutil.copytree(options.network, options.into, ignore=shutil.ignore_patterns(*UNSHIPPED))
    joint = options.into / JOINT.name
    joint.mkdir()
    twice = np.tile(rows, 2)
    both = np.concatenate([features, twins])
    projection = fitted_projection(both, heads[twice], labels[twice], network.n_dims)
    halves = {"mean": projection.mean.astype(np.float16), "matrix": projection.matrix.astype(np.float16)}
    np.savez(joint / PROJECTION, **halves)
    as_shipped = Projection(**{name: half.astype(np.float32) for name, half in halves.items()})
    vectors = as_shipped(features).astype(np.float16).astype(np.float32)
    is_named = ~np.isin(heads[rows], NAMELESS)
    save_words(joint / VOCABULARY, vectors[is_named], labels[rows][is_named], options.pictures.parent / "names.csv")
    kin = np.unique(labels[rows], return_inverse=True)[1]
    save_coder(joint / CODER, train_listwise(vectors, labels=kin, shares=shares_of(heads[rows]), n_steps=6000))
    write_card(options.into)
    unseen = kept_aside(corpus, heads, labels)
    shown = as_shipped(described(network, [corpus.image(row) for row in unseen]))
    calibration = calibrate(shown, labels[unseen])
    print(f"claims {'held' if calibration.judges else 'did not hold'} on a third of the labels")
    save(calibration, joint / CALIBRATION)
    print(f"{options.into}: {sum(path.stat().st_size for path in options.into.rglob('*') if path.is_file()):,} bytes")


def restyled(corpus: Corpus, rows: np.ndarray, recipe: Recipe) -> list[Image]:
    """Return a twin of each picture, drawn or cut out as often as the network was shown them."""
    rng = np.random.default_rng(recipe.seed)
    images = [corpus.image(row).copy()[None] for row in rows]
    for row, image in zip(rows, images, strict=True):
        if recipe.twins:
            restyle(image, [corpus.sources[row]], recipe.twins, rng)
    return [image[0] for image in images]


def described(network: NetworkDescriber, images: list[Image]) -> Vectors:
    """Return what network and classics together say of pictures, before the projection."""
    describers = {**load_describers(), "classics": CombinedDescriber(), "network": network}
    parts = []
    for start in range(0, len(images), 256):
        vectors = describe_all(images[start : start + 256], describers)
        parts.append(joined(vectors["network"], vectors["classics"]))
    return np.concatenate(parts)


def fitted_projection(features: Vectors, heads: np.ndarray, labels: np.ndarray, n_seen: int) -> Projection:
    """Fit the projection to the labels of which there are enough pictures, each head with its share.

    Discriminant axes and the network's own numbers, the first `n_seen` of the features, stand side by side, and the
    principal axes of both are kept.
    """
    _, label, counts = np.unique(labels, return_inverse=True, return_counts=True)
    chosen = (counts[label] >= FEWEST) & np.isin(heads, list(SHARES))
    apart = fit_projection(features[chosen], labels[chosen], N_DIMS, SHRINKAGE, shares_of(heads[chosen]))
    centred = features - apart.mean
    matrix = np.concatenate(
        [
            np.sqrt(1 - LIKENESS) * of_length_1(apart.matrix, centred),
            np.sqrt(LIKENESS) * of_length_1(np.eye(len(apart.mean), n_seen, dtype=np.float32), centred),
        ],
        axis=1,
    )
    projected = centred @ matrix
    _, axes = np.linalg.eigh((projected.T @ projected).astype(np.float64))
    principal = matrix @ axes[:, ::-1][:, :N_DIMS]
    return Projection(apart.mean, (principal / np.abs(principal).max()).astype(np.float32))


def of_length_1(matrix: Vectors, centred: Vectors) -> Vectors:
    """Return a matrix scaled so that what it makes of the features has a mean square length of 1."""
    return matrix / np.sqrt(np.square(centred @ matrix).sum(axis=1).mean())


def shares_of(heads: np.ndarray) -> np.ndarray:
    """Return how much each picture counts, so that each head has its share however many pictures it has."""
    _, head, counts = np.unique(heads, return_inverse=True, return_counts=True)
    return np.array([SHARES.get(each, 0.0) for each in heads.tolist()]) / counts[head]


def save_words(path: Path, vectors: Vectors, labels: np.ndarray, names: Path) -> None:
    """Write the directions of all words that classes are named by: the mean of the pictures of each class."""
    named = np.array([label.partition("/")[2] for label in labels.tolist()])
    centres = {name: normalized(vectors[named == name].mean(axis=0)) for name in np.unique(named).tolist()}
    directions = word_directions(centres, read_names(names), read_kinds(KINDS))
    np.savez_compressed(
        path, words=np.array(list(directions)), directions=np.stack(list(directions.values())).astype(np.float16)
    )
    print(f"{len(directions)} words")


def kept_aside(corpus: Corpus, heads: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the pictures that were not trained on, of each label of which there are two or more."""
    rows = np.flatnonzero(corpus.is_kept_aside & np.isin(heads, list(SHARES)))
    _, label, counts = np.unique(labels[rows], return_inverse=True, return_counts=True)
    return rows[counts[label] > 1]


if __name__ == "__main__":
    main()
