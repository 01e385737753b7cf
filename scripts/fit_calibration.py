"""Fit what turns the classical describers' similarities into chances; run it after `fit_describers.py`.

    python scripts/fit_calibration.py FOLDER

FOLDER is as for `fit_describers.py`. Takes about three minutes and writes ``<space>.npz`` below
``src/lookalike/describers/fitted``; everything is seeded.
"""

import argparse
from dataclasses import fields
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


def main() -> None:
    """Describe some pictures of every label and calibrate each space on them."""
    parser = argparse.ArgumentParser(description="Fit the calibrations of the classical describers.")
    parser.add_argument("folder", type=Path)
    pictures = read_pictures(parser.parse_args().folder, without=())
    chosen = some_of_each(pictures.labels)
    describers = {**load_describers(), "picture": CombinedDescriber()}
    vectors = describe_all([pictures.images[number] for number in chosen], describers)
    for name, described in vectors.items():
        calibration = calibrate(described, pictures.labels[chosen])
        save(calibration, FOLDER / f"{name}.npz")
        print(f"{name}: {len(chosen)} pictures, {'judges' if calibration.judges else 'ranks, does not judge'}")


def some_of_each(labels: np.ndarray) -> np.ndarray:
    """Return the positions of up to so many pictures of each label, in the order they stand."""
    rng = np.random.default_rng(7)
    by_label = [rng.permutation(np.flatnonzero(labels == label))[:PER_LABEL] for label in np.unique(labels)]
    return np.sort(np.concatenate(by_label))


def save(calibration: Calibration, path: Path) -> None:
    """Write the arrays; the reference vectors in half precision, as vectors are stored."""
    arrays = {field.name: np.asarray(getattr(calibration, field.name)) for field in fields(Calibration)}
    np.savez_compressed(path, **{**arrays, "reference": calibration.reference.astype(np.float16)})


if __name__ == "__main__":
    main()
