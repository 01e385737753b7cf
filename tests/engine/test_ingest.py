"""Writing to an engine that fails now and then ends as writing to one that never does: row 27."""

from collections.abc import Callable

import numpy as np
import pytest

from lookalike.errors import EngineRefused, EngineUnavailable
from lookalike.index.elastic import CodeIndex, Engine, Patience
from lookalike.index.elastic.code_index import Layout
from lookalike.index.elastic.ingest import Operation
from tests.engine.proxy import FAULTS, Proxy
from tests.engine.test_code_index import drawn

QUICK = Patience(n_attempts=12, first_seconds=0.01, most_seconds=0.05)


def test_with_a_fault_in_one_call_of_five_the_final_state_is_equal_and_nothing_is_double(
    url: str, figure: Callable[[str, str, str], None]
) -> None:
    n, codes = 3000, drawn(3000, 7)
    wanted = [row for row in range(n) if row % 7]
    with Proxy(url, share=0.2) as proxy:
        index = CodeIndex(Engine(proxy.url, seconds=1.0, patience=QUICK), "faults")
        index.create(Layout(), {})
        try:
            for turn in range(2):
                values = [{"version": turn * 10_000 + row} for row in range(n)]
                report = index.put(range(n), codes, values, most_bytes=20_000)
                assert (report.written, report.failed) == (n, [])
            assert index.write((Operation(row, None) for row in range(0, n, 7)), most_bytes=5000).deleted == n // 7 + 1
            index.refresh()
            found = index.versions(0)
            n_more = index.count() - len(wanted)
            matches = index.search(codes[wanted[:20]], 3)
        finally:
            proxy.share = 0.0
            index.drop()
    assert found == {row: 10_000 + row for row in wanted}
    assert n_more == 0
    assert (matches.distances[:, 0] == 0).all()
    assert set(proxy.faults) == set(FAULTS)
    share = proxy.faults.total() / proxy.n_requests
    figure("27", "final state equal, 0 duplicates", f"equal, {n_more} duplicates, faults in {share:.0%} of calls")


def test_what_an_engine_refuses_alone_is_reported_with_its_reason(engine: Engine) -> None:
    index = CodeIndex(engine, "refusals")
    index.create(Layout(fields={"year": {"type": "integer"}}), {})
    try:
        values = [{"year": 1970}, {"year": "soon"}, {"month": 3}, {"year": 1973}]
        report = index.put([1, 2, 3, 4], drawn(4, 7), values)
        index.refresh()
        assert report.written == index.count() == 2
        assert [id_ for id_, _ in report.failed] == [2, 3]
        assert "year" in report.failed[0][1]
        assert "month" in report.failed[1][1]
    finally:
        index.drop()


@pytest.mark.parametrize("block", ["write", "read_only", "read_only_allow_delete"])
def test_an_index_that_may_not_be_written_is_said_to_be_blocked(url: str, block: str) -> None:
    with Proxy(url) as proxy:
        index = CodeIndex(Engine(proxy.url, patience=Patience(2, 0.01, 0.01)), "blocked")
        index.create(Layout(), {})
        try:
            index.engine.request("PUT", "/blocked/_settings", {f"index.blocks.{block}": True})
            before = proxy.n_requests
            with pytest.raises((EngineRefused, EngineUnavailable), match=r"index \[blocked\] blocked by") as error:
                index.put(range(9), drawn(9, 7), most_bytes=1)
            assert str(error.value).endswith(("take the block away", "run the same command again to go on"))
            assert proxy.n_requests - before <= 3
        finally:
            index.engine.request("PUT", "/blocked/_settings", {f"index.blocks.{block}": None})
            index.drop()


def test_requests_are_as_large_as_allowed_and_no_larger(url: str) -> None:
    with Proxy(url) as proxy:
        index = CodeIndex(Engine(proxy.url), "portions")
        index.create(Layout(), {})
        try:
            before = proxy.n_requests
            index.put(range(100), drawn(100, 7), most_bytes=4000)
            n_small = proxy.n_requests - before
            index.put(range(100), drawn(100, 7), most_bytes=1)
            assert 5 < n_small < 20
            assert proxy.n_requests - before - n_small == 100
        finally:
            index.drop()


def test_an_engine_that_stays_busy_is_told_apart_from_one_that_refuses(url: str) -> None:
    with Proxy(url, share=1.0) as proxy:
        index = CodeIndex(Engine(proxy.url, seconds=1.0, patience=Patience(2, 0.01, 0.01)), "busy")
        with pytest.raises(EngineUnavailable, match="after 2 attempts"):
            index.put([1], drawn(1, 7))
    with pytest.raises(EngineRefused, match="refuses PUT /Not-Lower"):
        CodeIndex(Engine(url), "Not-Lower").create(Layout(), {})


def test_codes_and_ids_that_do_not_fit_are_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="zip"):
        CodeIndex(engine, "fit").put([1, 2], np.zeros((3, 4), dtype=np.uint64))
