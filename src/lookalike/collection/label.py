"""Open-vocabulary labels: which of some words says best what each picture shows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.catalog.database import translated
from lookalike.collection.batches import PORTION, batches
from lookalike.collection.store import Store
from lookalike.collection.view import SpaceView
from lookalike.errors import BadQuery
from lookalike.query import checks
from lookalike.types import TextDescriber, Vectors

MOST_LABELS, MOST_TEMPLATES = 1000, 100
PLAIN = ("{}",)
SHARPNESS = np.float32(100)
"""By which CLIP was trained to multiply similarities before their shares are taken."""


@dataclass(frozen=True)
class Labels:
    """The best label of each of N pictures; pictures that are not described yet are left out.

    Attributes
    ----------
    labels : tuple of str
        Those to choose from, at least two.
    ids : (N,) int64
        The pictures, in the order asked for.
    best : (N,) int64
        Places of their labels in `labels`; of equals the first.
    scores : (N,) float32
        The share of the label among all, in [0, 1]: it compares the labels of one picture, and is no probability that
        the picture shows any of them.
    margins : (N,) float32
        How much more similar the picture is to its label than to the second, in units of cosine similarity.
    """

    labels: tuple[str, ...]
    ids: NDArray[np.int64]
    best: NDArray[np.int64]
    scores: NDArray[np.float32]
    margins: NDArray[np.float32]

    def __post_init__(self) -> None:
        shapes = {array.shape for array in (self.ids, self.best, self.scores, self.margins)}
        if shapes != {(len(self.ids),)}:
            raise ValueError(f"labels are equally long columns, got {shapes}")

    def __len__(self) -> int:
        return len(self.ids)

    def ids_of(self, label: str, margin: float = 0.0) -> list[int]:
        """Return the pictures whose label this is, by at least this margin; the surest first.

        Raises
        ------
        BadQuery
            If it is none of the labels.
        """
        if label not in self.labels:
            raise BadQuery(f"{checks.shown(label)} is none of the labels {', '.join(self.labels)}; choose one of them")
        (places,) = np.nonzero((self.best == self.labels.index(label)) & (self.margins >= margin))
        order = np.lexsort((self.ids[places], -self.margins[places]))
        return [int(item_id) for item_id in self.ids[places[order]]]

    def to_json(self) -> dict[str, Any]:
        """Return the columns as JSON values."""
        return {
            "labels": list(self.labels),
            "ids": self.ids.tolist(),
            "best": self.best.tolist(),
            "scores": [round(float(score), 4) for score in self.scores],
            "margins": [round(float(margin), 4) for margin in self.margins],
        }


def choose_labels(
    store: Store,
    view: SpaceView,
    describer: TextDescriber,
    item_ids: Iterable[int],
    labels: Sequence[str],
    templates: Sequence[str] | None,
) -> Labels:
    """Choose the label of each picture whose words its vector is closest to, some hundred pictures at a time.

    Parameters
    ----------
    describer : TextDescriber
        Of the view's space.
    labels : sequence of str
        From 2 to 1,000.
    templates : sequence of str or None
        Sentences with ``{}`` for the label, whose vectors are averaged; None takes the describer's.

    Raises
    ------
    BadQuery
        If there are too few or too many labels or templates, one twice, or one that is no text.
    UnknownWords
        If the describer does not understand one.

    References
    ----------
    Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", ICML 2021, section 3.1.4.
    """
    names = _names(labels)
    classes = _class_vectors(describer, names, _sentences(describer, templates))
    parts = [part for ids in batches(iter(item_ids), PORTION) for part in _similarities(store, view, classes, ids)]
    ids = np.concatenate([np.empty(0, np.int64), *(found for found, _ in parts)])
    closest = [_closest(similarities) for _, similarities in parts]
    empty = (np.empty(0, np.int64), np.empty(0, np.float32), np.empty(0, np.float32))
    best, scores, margins = (np.concatenate(column) for column in zip(empty, *closest, strict=True))
    return Labels(names, ids, best, scores, margins)


def _names(labels: Sequence[str]) -> tuple[str, ...]:
    names = tuple(checks.text(label, "a label") for label in labels)
    if not 2 <= len(names) <= MOST_LABELS or len(set(names)) < len(names):
        raise BadQuery(
            f"labels are 2 to {MOST_LABELS} different words to choose from, got {checks.shown(list(names))}; "
            "search for one word by itself"
        )
    return names


def _sentences(describer: TextDescriber, templates: Sequence[str] | None) -> tuple[str, ...]:
    if templates is None:
        return tuple(getattr(describer, "templates", PLAIN))
    sentences = tuple(checks.text(template, "a template") for template in templates)
    if not 1 <= len(sentences) <= MOST_TEMPLATES or not all("{}" in sentence for sentence in sentences):
        raise BadQuery(
            f"templates are 1 to {MOST_TEMPLATES} sentences with {{}} where the label goes, "
            f"got {checks.shown(list(sentences))}; write for instance 'a photo of a {{}}'"
        )
    return sentences


def _class_vectors(describer: TextDescriber, labels: Sequence[str], templates: Sequence[str]) -> Vectors:
    """Return one vector for each label (L, D), L2-normalized: the mean direction of its sentences."""
    means = [describer.describe_texts([one.replace("{}", label) for one in templates]).mean(axis=0) for label in labels]
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return (np.stack(means) / np.maximum(lengths, np.finfo(np.float32).tiny)).astype(np.float32)


def _similarities(
    store: Store, view: SpaceView, classes: Vectors, item_ids: Sequence[int]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield the described among some pictures (n,), in their order, with their similarities to the labels (n, L)."""
    with translated(), store.engine.connect() as connection:
        rows, owners = view.rows_of(connection, item_ids)
    if not len(rows):
        return
    items, places = np.unique(owners, return_inverse=True)
    closest = np.full((len(items), len(classes)), -np.inf, np.float32)
    np.maximum.at(closest, places, view.vectors(rows) @ classes.T)
    place_of = {item_id: place for place, item_id in enumerate(items.tolist())}
    order = [place_of[item_id] for item_id in dict.fromkeys(item_ids) if item_id in place_of]
    yield items[order], closest[order]


def _closest(
    similarities: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.float32]]:
    """Return for each picture the place of its label, the label's share, and its lead, from similarities (n, L)."""
    best = similarities.argmax(axis=1)
    first, second = -np.partition(-similarities, 1, axis=1)[:, :2].T
    shares = np.exp(SHARPNESS * (similarities - first[:, None]))
    return best, 1 / shares.sum(axis=1), first - second
