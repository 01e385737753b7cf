"""Indexes on the command line: audited, built, dropped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]


def test_an_audit_says_of_each_space_what_its_index_misses(own: Path, run: Run) -> None:
    lines = run("--collection", own, "audit").out
    assert lines.count("Every vector is looked at, so nothing is missed") == 4
    one = run("--collection", own, "audit", "--space", "shape", "--json").json["spaces"]
    assert [(each["space"], each["serves"], each["vectors"]) for each in one] == [("shape", "exact", 12)]
    assert {finding["recall_at_10"] for finding in one[0]["findings"]} == {1.0}
    refused = run("--collection", own, "audit", "--space", "smell")
    assert (refused.code, "this collection has no space smell" in refused.err) == (1, True)


def test_a_graph_is_built_and_dropped(own: Path, run: Run) -> None:
    assert run("--collection", own, "index", "build", "--space", "shape").out == "the graph of shape holds 12 vectors\n"
    audited = run("--collection", own, "audit", "--space", "shape", "--json").json["spaces"][0]
    assert "graph" in {finding["index"] for finding in audited["findings"]}
    assert run("--collection", own, "index", "drop", "--space", "shape", "--json").json == {
        "space": "shape",
        "dropped": True,
    }
    assert run("--collection", own, "index", "drop", "--space", "shape").out == "shape has no graph\n"
