"""How good a ranking is, how sure that figure is, and whether claims hold."""

from lookalike.metrics.bootstrap import bootstrap_interval, bootstrap_intervals
from lookalike.metrics.claims import Reliability, expected_calibration_error, pooled_reliability, reliability
from lookalike.metrics.gain import ndcg
from lookalike.metrics.neighbours import nearest_neighbour_accuracy
from lookalike.metrics.precision import (
    Divisor,
    average_precision,
    average_precisions,
    precision_at,
    r_precision,
    recall_at,
    recall_at_precision,
)
from lookalike.metrics.rankings import Compare, Rankings, dot_products, rankings
from lookalike.metrics.truth import Labels, Truth, label_matrix

__all__ = [
    "Compare",
    "Divisor",
    "Labels",
    "Rankings",
    "Reliability",
    "Truth",
    "average_precision",
    "average_precisions",
    "bootstrap_interval",
    "bootstrap_intervals",
    "dot_products",
    "expected_calibration_error",
    "label_matrix",
    "ndcg",
    "nearest_neighbour_accuracy",
    "pooled_reliability",
    "precision_at",
    "r_precision",
    "rankings",
    "recall_at",
    "recall_at_precision",
    "reliability",
]
