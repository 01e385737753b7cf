"""Fit what turns the classical describers' similarities into chances; run it after `fit_describers.py`.

    python scripts/fit_calibration.py FOLDER

FOLDER is as for `fit_describers.py`. Takes about three minutes and writes ``<space>.npz`` below
``src/lookalike/describers/fitted``; everything is seeded.
"""

import argparse
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
from fit_describers import read_pictures

from lookalike.collection.describe import describe_all
from lookalike.describers import load_describers
from lookalike.describers.combined import CombinedDescriber
from lookalike.describers.fitted import FOLDER
from lookalike.ranking.calibration import calibrate
from lookalike.types import Calibration

PER_LABEL = 20
SOURCES = ("mini-imagenet", "imagenette", "caltech101", "clothing", "grocery")
"""Whose labels name different things: the same thing under two labels would pass for a chance resemblance."""


def main() -> None:
    """Describe some pictures of every label and calibrate each space on them."""
    parser = argparse.ArgumentParser(description="Fit the calibrations of the classical describers.")
    parser.add_argument("folder", type=Path)
    pictures = read_pictures(parser.parse_args().folder, without=())
    labels = np.array([label.partition("/")[2] for label in pictures.labels])
    chosen = some_of_each(labels, np.isin(pictures.sources, SOURCES))
    describers = {**load_describers(), "picture": CombinedDescriber()}
    vectors = describe_all([pictures.images[number] for number in chosen], describers)
    for name, described in vectors.items():
        calibration = calibrate(described, labels[chosen])
        print(f"{name}: {len(chosen)} pictures, claims {'held' if calibration.judges else 'did not hold'}")
        # The projections were fitted to these very classes, so that they held says nothing of others: rank, not judge.
        save(replace(calibration, judges=False), FOLDER / f"{name}.npz")


def some_of_each(labels: np.ndarray, is_usable: np.ndarray, per_label: int = PER_LABEL) -> np.ndarray:
    """Return the positions of up to so many usable pictures of each label, in the order they stand."""
    rng = np.random.default_rng(7)
    places = [np.flatnonzero(is_usable & (labels == label)) for label in np.unique(labels[is_usable])]
    by_label = [rng.permutation(some)[:per_label] for some in places]
    return np.sort(np.concatenate(by_label))


def save(calibration: Calibration, path: Path) -> None:
    """Write the arrays; the reference vectors in half precision, as vectors are stored."""
    arrays = {field.name: np.asarray(getattr(calibration, field.name)) for field in fields(Calibration)}
    np.savez_compressed(path, **{**arrays, "reference": calibration.reference.astype(np.float16)})


if __name__ == "__main__":
    main()
