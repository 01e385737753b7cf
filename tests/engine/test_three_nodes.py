"""Three nodes with a copy of everything, of which one dies while we write and another while we ask."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from lookalike.errors import EngineUnavailable
from lookalike.index.elastic import CodeIndex, Engine, Patience
from lookalike.index.elastic.code_index import Layout
from lookalike.index.elastic.neighbours import ensure_lookup
from tests.engine.nodes import OPENSEARCH, Node, cluster
from tests.engine.test_code_index import TWO_STAGE, drawn, naive

N, PORTION, KILLED_AFTER = 6000, 40, 1200
ALL = np.ones(N, dtype=np.bool_)


@pytest.fixture(scope="module")
def nodes() -> Iterator[list[Node]]:
    with cluster(OPENSEARCH, 3, memory="400m") as nodes:
        yield nodes


@pytest.fixture(scope="module")
def engine(nodes: list[Node]) -> Engine:
    patience = Patience(n_attempts=40, first_seconds=0.1, most_seconds=2.0)
    engine = Engine(",".join(node.url for node in nodes), seconds=10.0, patience=patience)
    wait_until_green(engine, 3)
    ensure_lookup(engine)
    return engine


def wait_until_green(engine: Engine, n_nodes: int) -> None:
    end = time.monotonic() + 180
    while time.monotonic() < end:
        info = engine.info()
        if (info.n_nodes, info.status) == (n_nodes, "green"):
            return
        time.sleep(0.5)
    raise AssertionError(f"{engine} did not become green with {n_nodes} nodes: {engine.info()}")


def test_nothing_acknowledged_is_lost_and_no_hit_is_wrong_when_nodes_die(nodes: list[Node], engine: Engine) -> None:
    codes = drawn(N, 21)
    index = CodeIndex(engine, "lasting")
    index.create(Layout(n_shards=3, n_replicas=1), {})
    wait_until_green(engine, 3)
    killer: threading.Thread | None = None
    acknowledged = 0
    for first in range(0, N, PORTION):
        if first == KILLED_AFTER:
            killer = threading.Thread(target=nodes[1].kill)
            killer.start()
        rows = range(first, first + PORTION)
        report = index.put(rows, codes[first : first + PORTION], [{"version": row} for row in rows])
        acknowledged += report.written
        assert report.failed == []
    assert killer is not None
    killer.join()
    assert acknowledged == N
    assert engine.info().n_nodes == 2
    index.refresh()
    assert index.versions(0) == {row: row for row in range(N)}
    assert index.count() == N

    nodes[1].start()
    nodes[1].wait()
    wait_until_green(engine, 3)
    expected = {row: naive(codes, codes[row], 10, TWO_STAGE, ALL) for row in range(0, 100, 5)}
    impatient = Engine(",".join(node.url for node in nodes), seconds=5.0, patience=Patience(1))
    asked = CodeIndex(impatient, "lasting")
    answered, unanswered = 0, 0
    killer = threading.Thread(target=nodes[0].kill)
    for turn in range(8):
        if turn == 2:
            killer.start()
        for row, (rows, distances) in expected.items():
            try:
                found = asked.search(codes[row : row + 1], 10)
            except EngineUnavailable:
                unanswered += 1
                time.sleep(0.1)
                continue
            answered += 1
            n = len(rows)
            assert (found.ids[0, :n].tolist(), found.distances[0, :n].tolist()) == (rows, distances)
            assert (found.ids[0, n:] == -1).all()
    killer.join()
    assert answered > 80
    assert engine.info().n_nodes == 2
    for row, (rows, _) in expected.items():
        assert CodeIndex(engine, "lasting").search(codes[row : row + 1], 10).ids[0, : len(rows)].tolist() == rows
    assert unanswered < 80
