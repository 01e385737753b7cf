"""How good a ranking is, how sure that figure is, and whether claims hold."""

from lookalike.metrics.bootstrap import bootstrap_interval
from lookalike.metrics.claims import Reliability, expected_calibration_error, reliability
from lookalike.metrics.precision import average_precision, average_precisions, precision_at, queries_of, recall_at

__all__ = [
    "Reliability",
    "average_precision",
    "average_precisions",
    "bootstrap_interval",
    "expected_calibration_error",
    "precision_at",
    "queries_of",
    "recall_at",
    "reliability",
]
