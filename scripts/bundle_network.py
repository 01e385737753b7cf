"""Put a trained network into the package, with the words it knows and the coder of its vectors.

    python scripts/bundle_network.py NETWORK --pictures INDEX.csv --cache DIR

NETWORK is a folder that `lookalike train` or `quantize_network.py` made; INDEX.csv and DIR are as they were then, and
`names.csv` beside the index says what WordNet ids mean. Takes some minutes and replaces
``src/lookalike/models/bundled/general``; everything is seeded.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np

from lookalike import models
from lookalike.codes.coder import save_coder
from lookalike.codes.listwise import train_label_free
from lookalike.describers.bundled import FOLDER
from lookalike.describers.network import NetworkDescriber
from lookalike.learning.corpus import Corpus, read_corpus
from lookalike.learning.recipe import Recipe, recipe_from_json
from lookalike.learning.words import read_kinds, read_names, word_directions
from lookalike.models.manifest import CODER, VOCABULARY
from lookalike.types import Vectors

KINDS = Path(__file__).parents[1] / "recipes" / "kinds.toml"
WORDLESS = ("faces",)
"""Heads whose labels are no words to search by: names of people."""
PER_LABEL = 40
"""Pictures of each label that the coder learns from."""
UNSHIPPED = ("proxies.npz",)


def main() -> None:
    """Copy the network, then make what lies beside it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    recipe = recipe_from_json(json.loads((options.network / "recipe.json").read_text()))
    corpus = read_corpus(options.pictures, recipe, options.cache)
    shutil.rmtree(FOLDER, ignore_errors=True)
    shutil.copytree(options.network, FOLDER, ignore=shutil.ignore_patterns(*UNSHIPPED))
    model = models.read_model(options.network)
    rows, labels = some_of_each(corpus, recipe)
    vectors = described(NetworkDescriber(model), corpus, rows)
    print(f"{len(rows)} pictures of {len(np.unique(labels))} labels")
    save_words(options.network / "proxies.npz", options.pictures.parent / "names.csv")
    save_coder(FOLDER / CODER, train_label_free(vectors))
    models.write_manifest(FOLDER, output=model.plug.output, licence=model.licence, source=model.source)
    print(f"{FOLDER}: {sum(path.stat().st_size for path in FOLDER.iterdir()):,} bytes")


def some_of_each(corpus: Corpus, recipe: Recipe) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of up to so many pictures of each label that were trained on, and their labels."""
    heads = np.array([recipe.sources[source].head for source in corpus.sources])
    labels = np.char.add(np.char.add(heads, "/"), corpus.labels.astype(str))
    rng = np.random.default_rng(7)
    trained = np.flatnonzero(~corpus.is_kept_aside)
    order = rng.permutation(trained)
    order = order[np.argsort(labels[order], kind="stable")]
    starts = np.flatnonzero(np.r_[True, labels[order][1:] != labels[order][:-1]])
    rank = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    rows = np.sort(order[rank < PER_LABEL])
    return rows, labels[rows]


def described(describer: NetworkDescriber, corpus: Corpus, rows: np.ndarray) -> Vectors:
    """Return the vectors of pictures of the corpus."""
    vectors = np.empty((len(rows), describer.n_dims), np.float32)
    for start in range(0, len(rows), 256):
        some = rows[start : start + 256]
        vectors[start : start + len(some)] = describer.describe([corpus.image(row) for row in some])
    return vectors


def save_words(proxies: Path, names: Path) -> None:
    """Write the directions of all words that the classes are named by."""
    with np.load(proxies, allow_pickle=False) as arrays:
        heads = sorted(key.removesuffix(".labels") for key in arrays.files if key.endswith(".labels"))
        by_label = {
            label: vector.astype(np.float32)
            for head in heads
            if head not in WORDLESS
            for label, vector in zip(arrays[f"{head}.labels"].tolist(), arrays[f"{head}.proxies"], strict=True)
        }
    directions = word_directions(by_label, read_names(names), read_kinds(KINDS))
    np.savez_compressed(
        FOLDER / VOCABULARY,
        words=np.array(list(directions)),
        directions=np.stack(list(directions.values())).astype(np.float16),
    )
    print(f"{len(directions)} words")


if __name__ == "__main__":
    main()
