"""Finding the nearest vectors; exact search is the specification of every other kind."""

from lookalike.index.exact import ExactIndex

__all__ = ["ExactIndex"]
