"""The dynamic exploration graph: float vectors found by walking from neighbour to neighbour."""

from lookalike.index.graph.exploration import ExplorationGraph, is_available
from lookalike.index.graph.search import GraphIndex

__all__ = ["ExplorationGraph", "GraphIndex", "is_available"]
