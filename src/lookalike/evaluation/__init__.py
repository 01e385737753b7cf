"""Measuring how well spaces find what belongs together, and whether their scores can be believed."""

from lookalike.evaluation.data_set import Caption, DataSet, Labelled, read_data_set
from lookalike.evaluation.honesty import Honesty, Judge, chance_judge
from lookalike.evaluation.measure import Cuts, Measurement, measure, measure_ranking
from lookalike.evaluation.page import write_page
from lookalike.evaluation.spaces import Answer, Evaluation, Lead, SpaceEvaluation, evaluate

__all__ = [
    "Answer",
    "Caption",
    "Cuts",
    "DataSet",
    "Evaluation",
    "Honesty",
    "Judge",
    "Labelled",
    "Lead",
    "Measurement",
    "SpaceEvaluation",
    "chance_judge",
    "evaluate",
    "measure",
    "measure_ranking",
    "read_data_set",
    "write_page",
]
