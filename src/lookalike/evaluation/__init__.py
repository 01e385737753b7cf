"""Measuring how well spaces find what belongs together, and whether their scores can be believed."""

from lookalike.evaluation.folder import Evaluation, SpaceEvaluation, evaluate_folder
from lookalike.evaluation.honesty import Honesty, Judge, chance_judge

__all__ = [
    "Evaluation",
    "Honesty",
    "Judge",
    "SpaceEvaluation",
    "chance_judge",
    "evaluate_folder",
]
