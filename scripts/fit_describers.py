"""Fit the projections, the codebook and the proportion that the classical describers ship with.

    python scripts/fit_describers.py FOLDER

FOLDER holds ``train.csv`` (columns shard, path, source, label, kind) and the tar shards it names. Takes about five
minutes on two cores and writes below ``src/lookalike/describers/fitted``; everything is seeded.
"""

from __future__ import annotations

import argparse
import csv
import io
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression

from lookalike.describers import colour, shape, texture
from lookalike.describers.combined import form_of, paint_of
from lookalike.describers.fitted import Projection, normalized, save_fitted
from lookalike.describers.regions import regions
from lookalike.describers.words import Codebook
from lookalike.metrics import average_precisions
from lookalike.types import Image, Vectors

PER_LABEL = {"mini-imagenet": 100, "tiny-imagenet": 60}
"""How many pictures of each label to use, by source; of the others all, up to 150."""
SOURCES = ("mini-imagenet", "tiny-imagenet", "imagenette", "caltech101", "pacs", "clothing", "grocery")
N_FOLDS = 3
"""Labels are split into so many, to tell on each what projections fitted to the others are worth."""
N_DIMS = {"colour": 96, "texture": 128, "shape": 128}
SHRINKAGE = {"colour": 1.0, "texture": 0.3, "shape": 0.3}
N_WORDS, N_AXES, REACH = 64, 32, 2.5

Features: TypeAlias = dict[str, NDArray[np.float32]]
"""By name of the describer (N, F), and the fine colour histograms as ``histogram``."""


@dataclass(frozen=True)
class Pictures:
    """Images with the source and the label of each."""

    images: list[Image]
    sources: NDArray[np.str_]
    labels: NDArray[np.str_]


def read_pictures(folder: Path, without: Sequence[str]) -> Pictures:
    rng = np.random.default_rng(7)
    by_label: dict[tuple[str, str], list[dict[str, str]]] = {}
    with (folder / "train.csv").open() as file:
        for row in csv.DictReader(file):
            if row["source"] in SOURCES and row["label"].lower() not in without:
                by_label.setdefault((row["source"], row["label"]), []).append(row)
    chosen = {}
    for (source, label), rows in sorted(by_label.items()):
        for i in rng.permutation(len(rows))[: PER_LABEL.get(source, 150)]:
            chosen[rows[i]["path"]] = (source, f"{source}/{label}")
    images, found = [], []
    for shard in sorted(folder.glob("*.tar")):
        with tarfile.open(shard) as tar:
            for member in tar:
                if member.name in chosen:
                    data = tar.extractfile(member).read()  # type: ignore[union-attr]
                    images.append(np.asarray(PillowImage.open(io.BytesIO(data)).convert("RGB")))
                    found.append(chosen[member.name])
    sources, labels = np.array(found).T
    return Pictures(images, sources, labels)


def fit_codebook(images: Sequence[Image]) -> Codebook:
    """Take 25 patches of each of 3,000 pictures; whiten their principal axes, and cluster them with their places."""
    rng = np.random.default_rng(7)
    looks, places = [], []
    for i in rng.permutation(len(images))[:3000]:
        found_looks, found_places = shape.all_patches(shape.edge_maps(next(regions([images[i]], None, 256))))
        some = rng.integers(len(found_looks), size=25)
        looks.append(found_looks[some])
        places.append(found_places[some])
    patches, xy = np.concatenate(looks), np.concatenate(places)
    mean = patches.mean(0)
    values, axes = np.linalg.eigh(np.cov((patches - mean).T))
    values, axes = values[::-1][:N_AXES], axes[:, ::-1][:, :N_AXES]
    axes = (axes / np.sqrt(values + 0.1 * values.mean())).astype(np.float32)
    book = Codebook(mean, axes, np.empty((0, N_AXES + 2), np.float32), 0, REACH)
    points = book.reduced(patches, xy)
    centres = KMeans(N_WORDS, n_init=1, max_iter=20, random_state=7).fit(points[:50000]).cluster_centers_
    distances = np.sort(((points[:2000, None] - centres) ** 2).sum(2), axis=1)
    sharpness = float(1 / np.median(distances[:, 3] - distances[:, 0]))
    return Codebook(mean, axes, centres.astype(np.float32), sharpness, REACH)


def fit_projection(
    features: NDArray[np.float32],
    labels: NDArray[np.str_],
    n_dims: int,
    shrinkage: float,
    weights: NDArray[np.float64] | None = None,
) -> Projection:
    """Whiten the scatter within labels, shrunk towards the sphere, and keep the axes along which labels differ most.

    Without weights every picture counts alike within labels, and every label alike between them; with weights, which
    are the same for all pictures of a label, both count by weight.
    """
    _, label, counts = np.unique(labels, return_inverse=True, return_counts=True)
    shares = np.full(len(labels), 1 / len(labels)) if weights is None else weights / weights.sum()
    mean = (shares @ features).astype(np.float32)
    centred = features - mean
    means = np.zeros((len(counts), features.shape[1]), np.float32)
    np.add.at(means, label, centred)
    means /= counts[:, None]
    rest = (centred - means[label]) * np.sqrt(shares)[:, None]
    values, axes = np.linalg.eigh((rest.T @ rest).astype(np.float64))
    whitening = axes / np.sqrt(values + shrinkage * values.mean())
    between = np.ones(len(counts)) if weights is None else np.bincount(label, shares)
    spread = np.sqrt(between)[:, None] * (means @ whitening)
    _, directions = np.linalg.eigh(spread.T @ spread)
    matrix = whitening @ directions[:, ::-1][:, :n_dims]
    return Projection(mean, (matrix / np.abs(matrix).max()).astype(np.float32))


def fit_all(features: Features, labels: NDArray[np.str_]) -> dict[str, Projection]:
    return {name: fit_projection(features[name], labels, n_dims, SHRINKAGE[name]) for name, n_dims in N_DIMS.items()}


def parts_of(features: Features, projections: dict[str, Projection]) -> dict[str, Vectors]:
    """Return what the three describers say, given their projections."""
    parts = {name: projection(features[name]) for name, projection in projections.items()}
    parts["colour"] = normalized(np.concatenate([features["histogram"], parts["colour"]], axis=1))
    return parts


def colour_gains(features: Features, pictures: Pictures) -> NDArray[np.float64]:
    """Return by how much colour finds more of a picture's label than form: the label's mean, for each picture.

    The pictures of a source are asked of each other, with projections fitted to other labels.
    """
    labels = np.unique(pictures.labels, return_inverse=True)[1]
    fold = labels % N_FOLDS
    gains = np.zeros(len(fold))
    for k in range(N_FOLDS):
        projections = fit_all(only(features, fold != k), pictures.labels[fold != k])
        for source in np.unique(pictures.sources[fold == k]):
            mine = (fold == k) & (pictures.sources == source)
            parts = parts_of(only(features, mine), projections)
            gains[mine] = average_precisions(paint_of(parts), labels[mine])
            gains[mine] -= average_precisions(form_of(parts), labels[mine])
    return (np.bincount(labels, np.nan_to_num(gains)) / np.bincount(labels))[labels]


def fit_proportion(parts: dict[str, Vectors], gains: NDArray[np.float64]) -> dict[str, NDArray[np.float32]]:
    """Learn to tell from a picture whether colour or form finds more, weighted by how much it matters."""
    evidence = np.concatenate([parts[name] for name in ("colour", "texture", "shape")], axis=1)
    model = LogisticRegression(C=0.1, max_iter=1000)
    model.fit(evidence, gains > 0, sample_weight=np.abs(gains) / np.abs(gains).mean())
    return {"weights": model.coef_[0], "bias": model.intercept_[0]}


def only(features: Features, chosen: NDArray[np.bool_]) -> Features:
    return {name: values[chosen] for name, values in features.items()}


def describe_features(task: tuple[list[Image], Codebook]) -> Features:
    images, codebook = task
    cv2.setNumThreads(1)
    found = list(regions(images, None, 256))
    histograms, colours = zip(*map(colour.features, found), strict=True)
    return {
        "histogram": np.array(histograms, np.float32),
        "colour": np.array(colours, np.float32),
        "texture": np.array([texture.features(region) for region in found], np.float32),
        "shape": np.array([shape.features(region, codebook) for region in found], np.float32),
    }


def all_features(images: list[Image], codebook: Codebook) -> Features:
    tasks = [(images[start : start + 200], codebook) for start in range(0, len(images), 200)]
    with get_context("fork").Pool(2) as pool:
        parts = pool.map(describe_features, tasks, chunksize=1)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--without", nargs="*", default=[], help="labels to leave out, to measure on classes never seen"
    )
    arguments = parser.parse_args()
    pictures = read_pictures(arguments.folder, [label.lower() for label in arguments.without])
    print(f"{len(pictures.images)} pictures of {len(np.unique(pictures.labels))} labels")
    codebook = fit_codebook(pictures.images)
    features = all_features(pictures.images, codebook)
    projections = fit_all(features, pictures.labels)
    proportion = fit_proportion(parts_of(features, projections), colour_gains(features, pictures))
    save_fitted("shape-codebook", vars(codebook))
    for name, projection in projections.items():
        save_fitted(f"{name}-projection", vars(projection))
    save_fitted("picture-proportion", proportion)


if __name__ == "__main__":
    main()
