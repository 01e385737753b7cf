"""Evaluating spaces on a data set."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lookalike.codes.coder import Coder
from lookalike.codes.lsh import lsh_coder
from lookalike.collection.ingest import Progress, timed
from lookalike.errors import LookalikeError
from lookalike.evaluation.data_set import Caption, DataSet, Labelled
from lookalike.evaluation.honesty import Honesty, chance_judge, honesty
from lookalike.evaluation.measure import Cuts, Measurement, comparison, expanded_comparison, measure_ranking
from lookalike.evaluation.pictures import Described, Tell, describe
from lookalike.media import Decoder, Limits
from lookalike.metrics import Compare, Truth, label_matrix, rankings
from lookalike.settings import EXPANSION
from lookalike.types import Calibration, Describer, TextDescriber, Vectors

N_EXTREMES = 10
"""Queries that are named as the best and the worst."""

N_HITS = 8
"""Hits that are named of each of them."""


Figures: TypeAlias = tuple[float, float, float]
"""A mean over queries, and the bounds of its 95 % bootstrap interval."""


@dataclass(frozen=True)
class Answer:
    """One query and what it found first.

    Attributes
    ----------
    query : Labelled or Caption
    average_precision : float
    hits : list of (Labelled, bool)
        Best first, and whether each shares a label with the query.
    """

    query: Labelled | Caption
    average_precision: float
    hits: list[tuple[Labelled, bool]]

    def to_json(self) -> dict[str, Any]:
        """Return the answer as JSON values."""
        query = self.query
        return {
            **({"caption": query.text} if isinstance(query, Caption) else {"path": str(query.file)}),
            "average_precision": self.average_precision,
            "hits": [{"path": str(hit.file), "related": is_related} for hit, is_related in self.hits],
        }


@dataclass(frozen=True)
class CodeEvaluation:
    """How well the codes of a space rank what belongs together, by Hamming distance alone.

    Attributes
    ----------
    method : str
        Of the coder.
    n_bits : int
    measures : mapping of measure to (mean, low, high)
        The same as of the vectors.
    loss : (difference, low, high)
        By how much the vectors' mean average precision is larger, with the paired 95 % interval.
    """

    method: str
    n_bits: int
    measures: Mapping[str, Figures]
    loss: Figures

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return {
            "method": self.method,
            "bits": self.n_bits,
            "map": self.measures["map"][0],
            "measures": _figures_json(self.measures),
            "loss": dict(zip(("difference", "low", "high"), self.loss, strict=True)),
        }


@dataclass(frozen=True)
class SpaceEvaluation:
    """How well one space ranks what belongs together, and whether its scores can be believed.

    Attributes
    ----------
    measures : mapping of measure to (mean, low, high)
        Over queries that have an answer, with the 95 % bootstrap interval; ``map`` is mean average precision over the
        whole ranking.
    classes, domains : mapping of label or domain to float
        Mean average precision of its queries.
    best, worst : list of Answer
        The extreme queries, most extreme first.
    judged : bool
        Whether searches in this space show scores as claims; otherwise it only ranks.
    honesty : Honesty or None
        None where captions ask: scores are calibrated between pictures.
    codes : CodeEvaluation
        Of the coder that comes with the describer, or else of signed random projections.
    """

    measures: Mapping[str, Figures]
    classes: Mapping[str, float]
    domains: Mapping[str, float]
    best: list[Answer]
    worst: list[Answer]
    judged: bool
    honesty: Honesty | None
    codes: CodeEvaluation

    def to_json(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        mean, low, high = self.measures["map"]
        return {
            "map": mean,
            "low": low,
            "high": high,
            "measures": _figures_json(self.measures),
            "classes": dict(self.classes),
            "domains": dict(self.domains),
            "best": [answer.to_json() for answer in self.best],
            "worst": [answer.to_json() for answer in self.worst],
            "judged": self.judged,
            "honesty": self.honesty and self.honesty.to_json(),
            "codes": self.codes.to_json(),
        }


def _figures_json(measures: Mapping[str, Figures]) -> dict[str, dict[str, float]]:
    return {name: {"mean": mean, "low": low, "high": high} for name, (mean, low, high) in measures.items()}


@dataclass(frozen=True)
class Lead:
    """By how much one space is better than another at the same queries.

    Attributes
    ----------
    better, other : str
        Spaces.
    difference, low, high : float
        Of their mean average precisions, with the paired 95 % bootstrap interval.
    """

    better: str
    other: str
    difference: float
    low: float
    high: float

    def to_json(self) -> dict[str, Any]:
        """Return the lead as JSON values."""
        return {
            "better": self.better,
            "other": self.other,
            "difference": self.difference,
            "low": self.low,
            "high": self.high,
        }


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    Attributes
    ----------
    name : str
        Of the data set.
    n_queries : int
        That have an answer.
    n_pictures : int
        In the database, those that are no queries included.
    spaces : mapping of space to SpaceEvaluation
    leads : list of Lead
        Between any two spaces.
    skipped : list of (path or caption, reason)
    """

    name: str
    n_queries: int
    n_pictures: int
    spaces: Mapping[str, SpaceEvaluation]
    leads: list[Lead]
    skipped: list[tuple[Path | str, str]]

    def leads_of_best(self) -> list[Lead]:
        """Return by how much the space with the largest mean average precision is better than each other one."""
        best = max(self.spaces, key=lambda name: self.spaces[name].measures["map"][0])
        return [lead for lead in self.leads if lead.better == best]

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as JSON values."""
        return {
            "data": self.name,
            "queries": self.n_queries,
            "pictures": self.n_pictures,
            "spaces": {name: space.to_json() for name, space in self.spaces.items()},
            "leads": [lead.to_json() for lead in self.leads],
            "skipped": [
                {"caption" if isinstance(one, str) else "path": str(one), "reason": reason}
                for one, reason in self.skipped
            ],
        }


def evaluate(
    data: DataSet,
    describers: Mapping[str, Describer],
    *,
    cuts: Cuts | None = None,
    n_workers: int = 2,
    limits: Limits | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Evaluation:
    """Measure how well spaces find the pictures that share a label with the query.

    Parameters
    ----------
    data : DataSet
        Captions are asked in the spaces that take words, and the others are left out, as are captions whose words one
        of these spaces does not know.
    describers : mapping of space to Describer
        At least one.
    cuts : Cuts or None
        None takes the defaults.
    n_workers : int
        Processes that decode pictures.
    limits : Limits or None
        What one file may cost; None takes the defaults.
    progress : callable or None
        Told after each batch of pictures, then of queries of each space.

    Raises
    ------
    LookalikeError
        If nothing that asks belongs to anything else, or captions ask and no space takes words or understands one.
    """
    able = _able(data, describers)
    size = max(describer.size for describer in able.values())
    with Decoder(n_workers=n_workers, size=size, limits=limits or Limits()) as decoder:
        described = describe(data, able, decoder, n_workers, timed(progress))
    trial = _trial(described.data)
    if not trial.truth.has_answer().any():
        raise LookalikeError(
            f"{data.name} has {len(trial.database)} readable pictures to be found and no query to which one of them "
            "belongs; make a folder per class and put at least two pictures into it, or name the labels in a CSV"
            + _first_skipped(described.data.skipped)
        )
    measurements: dict[str, Measurement] = {}
    spaces: dict[str, SpaceEvaluation] = {}
    for name, describer in able.items():
        measurements[name], spaces[name] = _evaluate(trial, described, name, describer, cuts or Cuts(), progress)
    return Evaluation(
        name=data.name,
        n_queries=int(trial.truth.has_answer().sum()),
        n_pictures=len(trial.database),
        spaces=spaces,
        leads=[_lead(measurements, *pair) for pair in combinations(able, 2)],
        skipped=described.data.skipped,
    )


def _first_skipped(skipped: Sequence[tuple[Path | str, str]]) -> str:
    return f"; {len(skipped):,} could not be read, the first being {skipped[0][0]}: {skipped[0][1]}" if skipped else ""


def _able(data: DataSet, describers: Mapping[str, Describer]) -> Mapping[str, Describer]:
    if not data.captions:
        return describers
    able = {name: describer for name, describer in describers.items() if isinstance(describer, TextDescriber)}
    if not able:
        raise LookalikeError(
            f"{data.name} asks with captions, and none of the spaces {', '.join(describers)} takes words; "
            "install a network that does, or measure with pictures"
        )
    return able


@dataclass(frozen=True)
class _Trial:
    """Who asks, who is asked, and what belongs together.

    Attributes
    ----------
    queries : Q of Labelled or Caption
    query_rows : (Q,) int64
        Of the queries among all pictures; empty where captions ask.
    database : N of Labelled
    database_rows : (N,) int64
    truth : Truth
    """

    queries: Sequence[Labelled | Caption]
    query_rows: NDArray[np.int64]
    database: Sequence[Labelled]
    database_rows: NDArray[np.int64]
    truth: Truth


def _trial(data: DataSet) -> _Trial:
    pictures, captions = data.pictures, data.captions
    query_rows = np.flatnonzero([picture.asks for picture in pictures])
    database_rows = np.flatnonzero([picture.is_asked for picture in pictures])
    queries: Sequence[Labelled | Caption] = captions or [pictures[row] for row in query_rows]
    database = [pictures[row] for row in database_rows]
    place = np.full(len(pictures), -1, dtype=np.int64)
    place[database_rows] = np.arange(len(database))
    own = np.full(len(captions), -1, dtype=np.int64) if captions else place[query_rows]
    matrix, _ = label_matrix([*(query.labels for query in queries), *(picture.labels for picture in database)])
    truth = Truth(matrix[: len(queries)], matrix[len(queries) :], own)
    return _Trial(queries, query_rows, database, database_rows, truth)


def _evaluate(
    trial: _Trial,
    described: Described,
    name: str,
    describer: Describer,
    cuts: Cuts,
    progress: Callable[[Progress], None] | None,
) -> tuple[Measurement, SpaceEvaluation]:
    vectors = described.vectors[name].astype(np.float32)
    database = vectors[trial.database_rows]
    queries = described.texts[name] if described.texts else vectors[trial.query_rows]
    compare = comparison(queries, database)
    measurement = measure_ranking(compare, trial.truth, cuts, timed(progress))
    wide = expanded_comparison(queries, database, trial.truth.own, 0 if described.texts else EXPANSION)
    of_wide = measure_ranking(wide, trial.truth, cuts, timed(progress))
    measurement = Measurement({**measurement.values, "map-expanded": of_wide.values["map"]})
    calibration: Calibration | None = None if described.texts else getattr(describer, "calibration", None)
    claims = (
        None if described.texts else honesty(queries, database, trial.truth, chance_judge(calibration), timed(progress))
    )
    asked, precisions = measurement.queries, measurement.values["map"]
    known = precisions[asked]
    return measurement, SpaceEvaluation(
        measures=measurement.summary(),
        classes=_means(known, [trial.queries[query].labels for query in asked]),
        domains=_means(known, [[trial.queries[query].domain] for query in asked]),
        best=_answers(trial, compare, precisions, asked[np.argsort(-known, kind="stable")[:N_EXTREMES]]),
        worst=_answers(trial, compare, precisions, asked[np.argsort(known, kind="stable")[:N_EXTREMES]]),
        judged=calibration is not None and calibration.judges,
        honesty=claims,
        codes=_evaluate_codes(_coder(describer), queries, database, trial.truth, cuts, measurement, timed(progress)),
    )


def _coder(describer: Describer) -> Coder:
    coder: Coder = getattr(describer, "coder", None) or lsh_coder(describer.n_dims)
    if coder.n_dims != describer.n_dims:
        raise LookalikeError(
            f"the coder of the space {describer.name} takes {coder.n_dims} numbers, and its vectors have "
            f"{describer.n_dims}; update what brought it"
        )
    return coder


def _evaluate_codes(
    coder: Coder, queries: Vectors, database: Vectors, truth: Truth, cuts: Cuts, of_vectors: Measurement, tell: Tell
) -> CodeEvaluation:
    of_codes = measure_ranking(comparison(coder.encode(queries), coder.encode(database)), truth, cuts, tell)
    return CodeEvaluation(coder.method, coder.n_bits, of_codes.summary(), of_vectors.lead(of_codes))


def _means(values: NDArray[np.float64], names: Sequence[Iterable[str]]) -> dict[str, float]:
    """Return the mean value of each name that queries have; no name is none."""
    groups: dict[str, list[float]] = {}
    for value, of_query in zip(values.tolist(), names, strict=True):
        for name in filter(None, of_query):
            groups.setdefault(name, []).append(value)
    return {name: float(np.mean(group)) for name, group in sorted(groups.items())}


def _answers(
    trial: _Trial, compare: Compare, precisions: NDArray[np.float64], queries: NDArray[np.int64]
) -> list[Answer]:
    """Return these queries, in this order, with what they find first."""
    answers = []
    for block in rankings(lambda rows: compare(queries[rows]), trial.truth.only(queries)):
        for query, rows, shared in zip(queries[block.queries], block.rows, block.shared, strict=True):
            first = zip(rows[:N_HITS], shared[:N_HITS], strict=True)
            hits = [(trial.database[row], bool(n_shared)) for row, n_shared in first if row >= 0]
            answers.append(Answer(trial.queries[query], float(precisions[query]), hits))
    return answers


def _lead(measurements: Mapping[str, Measurement], one: str, other: str) -> Lead:
    ahead = measurements[one].lead(measurements[other])
    if ahead[0] >= 0:
        return Lead(one, other, *ahead)
    return Lead(other, one, *measurements[other].lead(measurements[one]))
