"""The lookup index: for each of the 65,536 sub-codes, the 137 that differ from it in at most two bits."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lookalike.errors import EngineRefused, LookalikeError
from lookalike.index.elastic.engine import Engine, check_whole, line
from lookalike.index.elastic.ingest import Operation, bulk

N_VALUES = 1 << 16
SUBCODE_BITS = 16
RADIUS = 2

LOOKUP = "lookalike-neighbours-1"
"""Its name holds its version: another content gets another name, and clusters may hold both."""

SETTINGS = {
    "settings": {
        "number_of_shards": 1,
        "auto_expand_replicas": "0-all",  # so that each node looks up in its own copy
        "refresh_interval": "30s",
    },
    "mappings": {"dynamic": False, "properties": {"near": {"type": "keyword", "index": False, "doc_values": False}}},
}


def neighbours() -> NDArray[np.uint16]:
    """Return for each sub-code, (65536, 137), those that differ from it in at most two bits, itself first."""
    bits = [1 << bit for bit in range(SUBCODE_BITS)]
    flips = [0, *bits, *(a | b for a, b in combinations(bits, 2))]
    return np.arange(N_VALUES, dtype=np.uint16)[:, None] ^ np.array(flips, dtype=np.uint16)


def ensure_lookup(engine: Engine) -> str:
    """Make the lookup index unless it is there and complete, and return its name.

    Raises
    ------
    LookalikeError
        If it is not complete afterwards.
    """
    if count(engine, LOOKUP) == N_VALUES:
        return LOOKUP
    create(engine, LOOKUP, SETTINGS)
    report = bulk(engine, LOOKUP, _operations())
    engine.request("POST", f"/{LOOKUP}/_refresh")
    n_there = count(engine, LOOKUP)
    if n_there != N_VALUES:
        reason = next(iter(report.failed), (None, "no reason was given"))[1]
        raise LookalikeError(
            f"the index {LOOKUP} of {engine.url} holds {n_there} of {N_VALUES} sub-codes ({reason}); delete it and "
            "run the command again"
        )
    return LOOKUP


def _operations() -> Iterator[Operation]:
    for subcode, near in enumerate(neighbours().tolist()):
        yield Operation(subcode, line({"near": [keyword(value) for value in near]}))


def keyword(subcode: int) -> str:
    """Return a sub-code as the engine has it."""
    return f"{subcode:04x}"


def create(engine: Engine, name: str, settings: Mapping[str, Any]) -> None:
    """Make an index unless it is there."""
    try:
        engine.request("PUT", f"/{name}", settings)
    except EngineRefused as refusal:
        if refusal.status != 400 or not exists(engine, name):
            raise


def exists(engine: Engine, name: str) -> bool:
    """Return whether there is an index, or an alias, of this name."""
    try:
        engine.request("GET", f"/{name}/_mapping")
    except EngineRefused as refusal:
        if refusal.status == 404:
            return False
        raise
    return True


def count(engine: Engine, name: str) -> int:
    """Return how many documents an index shows; 0 where there is none."""
    try:
        return engine.ask(lambda answer: _counted(engine, name, answer), "GET", f"/{name}/_count")
    except EngineRefused as refusal:
        if refusal.status == 404:
            return 0
        raise


def _counted(engine: Engine, name: str, answer: Mapping[str, Any]) -> int:
    check_whole(engine, name, answer)
    return int(answer["count"])
