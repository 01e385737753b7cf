"""Evaluating spaces on a folder of class folders."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lookalike.collection.ingest import Progress
from lookalike.errors import LookalikeError
from lookalike.evaluation.honesty import Honesty, chance_judge, honesty
from lookalike.evaluation.pictures import LabelledPictures, describe_folder
from lookalike.media import Decoder, Limits
from lookalike.metrics import average_precisions, bootstrap_interval, queries_of
from lookalike.types import Calibration, Describer

N_EXTREMES = 10
"""Queries that are named as the best and the worst."""


@dataclass(frozen=True)
class SpaceEvaluation:
    """How well one space ranks what belongs together, and whether its scores can be believed.

    Attributes
    ----------
    mean_average_precision : float
        Over queries: every picture whose class has another one, against all other pictures, ranked to the end.
    low, high : float
        Its 95 % bootstrap interval over queries.
    classes : mapping of class to float
        Mean average precision of its queries.
    best, worst : list of (path, average precision)
        The extreme queries, most extreme first.
    judged : bool
        Whether searches in this space show scores as claims; otherwise it only ranks.
    honesty : Honesty
    """

    mean_average_precision: float
    low: float
    high: float
    classes: Mapping[str, float]
    best: list[tuple[Path, float]]
    worst: list[tuple[Path, float]]
    judged: bool
    honesty: Honesty

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return {
            "map": self.mean_average_precision,
            "low": self.low,
            "high": self.high,
            "classes": dict(self.classes),
            "best": [{"path": str(path), "average_precision": value} for path, value in self.best],
            "worst": [{"path": str(path), "average_precision": value} for path, value in self.worst],
            "judged": self.judged,
            "honesty": self.honesty.to_json(),
        }


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    n_queries : int
    n_pictures : int
        In the database, those that are no queries included.
    spaces : mapping of space to SpaceEvaluation
    skipped : list of (path, reason)
    """

    n_queries: int
    n_pictures: int
    spaces: Mapping[str, SpaceEvaluation]
    skipped: list[tuple[Path, str]]

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as JSON values."""
        return {
            "queries": self.n_queries,
            "pictures": self.n_pictures,
            "spaces": {name: space.to_json() for name, space in self.spaces.items()},
            "skipped": [{"path": str(path), "reason": reason} for path, reason in self.skipped],
        }


def evaluate_folder(
    folder: Path,
    describers: Mapping[str, Describer],
    *,
    n_workers: int = 2,
    limits: Limits | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Evaluation:
    """Measure how well spaces find pictures of the same class.

    A picture's class is the name of the folder that holds it, so folders of the same name at different places are one
    class. Pictures directly in `folder` belong to no class; they, and pictures that are alone in their class, are
    in the database but are no queries.

    Parameters
    ----------
    folder : Path
    describers : mapping of space to Describer
        At least one.
    n_workers : int
        Processes that decode pictures.
    limits : Limits or None
        What one file may cost; None takes the defaults.
    progress : callable or None
        Told after each batch of pictures.

    Raises
    ------
    UnreadableMedia
        If the folder cannot be opened.
    LookalikeError
        If no class has two pictures.
    """
    size = max(describer.size for describer in describers.values())
    with Decoder(n_workers=n_workers, size=size, limits=limits or Limits()) as decoder:
        pictures = describe_folder(folder, describers, decoder, n_workers, _teller(progress))
    n_queries = len(queries_of(pictures.labels))
    if not n_queries:
        raise LookalikeError(
            f"{folder} has {len(pictures.paths)} readable pictures and no class of two or more; "
            "make a folder per class and put at least two pictures into it"
        )
    spaces = {name: _evaluate(pictures, name, describer) for name, describer in describers.items()}
    return Evaluation(n_queries, len(pictures.paths), spaces, pictures.skipped)


def _teller(progress: Callable[[Progress], None] | None) -> Callable[[int, int], None]:
    started = time.monotonic()

    def tell(done: int, total: int) -> None:
        if progress is not None:
            progress(Progress.since(started, done, total))

    return tell


def _evaluate(pictures: LabelledPictures, name: str, describer: Describer) -> SpaceEvaluation:
    vectors = pictures.vectors[name].astype(np.float32)
    calibration: Calibration | None = getattr(describer, "calibration", None)
    precisions = average_precisions(vectors, pictures.labels)
    queries = queries_of(pictures.labels)
    low, high = bootstrap_interval(precisions[queries])
    ascending = queries[np.argsort(precisions[queries], kind="stable")]
    descending = queries[np.argsort(-precisions[queries], kind="stable")]
    return SpaceEvaluation(
        mean_average_precision=float(precisions[queries].mean()),
        low=low,
        high=high,
        classes={
            pictures.classes[label]: float(precisions[pictures.labels == label].mean())
            for label in np.unique(pictures.labels[queries])
        },
        best=[(pictures.paths[query], float(precisions[query])) for query in descending[:N_EXTREMES]],
        worst=[(pictures.paths[query], float(precisions[query])) for query in ascending[:N_EXTREMES]],
        judged=calibration is not None and calibration.judges,
        honesty=honesty(vectors, pictures.labels, chance_judge(calibration)),
    )
