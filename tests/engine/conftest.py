"""One node of each engine for all tests, with the lookup index in it."""

from collections.abc import Iterator

import pytest

from lookalike.index.elastic import Engine
from lookalike.index.elastic.neighbours import ensure_lookup
from tests.engine.nodes import ELASTICSEARCH, OPENSEARCH, cluster

KINDS = {kind.name: kind for kind in (OPENSEARCH, ELASTICSEARCH)}


@pytest.fixture(scope="session", params=list(KINDS))
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a node listens, of one engine and then of the other."""
    with cluster(KINDS[request.param]) as (node,):
        ensure_lookup(Engine(node.url))
        yield node.url


@pytest.fixture
def engine(url: str) -> Engine:
    """The engine, to be asked."""
    return Engine(url)
