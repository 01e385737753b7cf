"""The two-stage search inside Elasticsearch and OpenSearch: arrays and plain values in, arrays out."""

from lookalike.index.elastic.code_index import CodeIndex, EngineMatches
from lookalike.index.elastic.engine import Engine, EngineInfo, Patience
from lookalike.index.elastic.ingest import PutReport
from lookalike.index.elastic.schemes import SCHEMES, Scheme

__all__ = ["SCHEMES", "CodeIndex", "Engine", "EngineInfo", "EngineMatches", "Patience", "PutReport", "Scheme"]
