"""The one core object: a directory of pictures that can be added to and asked."""

from lookalike.collection.collection import Collection
from lookalike.collection.hits import Evidence, Hit, Hits
from lookalike.collection.ingest import AddReport, Progress
from lookalike.collection.label import Labels

__all__ = ["AddReport", "Collection", "Evidence", "Hit", "Hits", "Labels", "Progress"]
