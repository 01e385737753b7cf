"""Near codes of 256 bits among millions: our scan, exact multi-index and two-stage search beside FAISS, one thread.

    taskset -c 0 python benchmarks/code_search.py [--n 7000000] [--kinds clustered uniform skewed] [--json FILE]

Three kinds of codes: clustered ones (neighbours exist, bits are independent), uniform random ones (the worst case),
and skewed, correlated ones (signs of sums of a few hidden numbers, clustered), which two-stage search takes with the
natural bit order and with the one chosen for them. Queries are drawn as the codes are, and are not among them. FAISS
flat finds what is true. Latencies are medians of the time that the thread ran, so that what else a machine does counts
little; the time on the clock stands beside them. "Cold" ones follow a walk over an array larger than the caches. Bytes
are what an index holds for a code beyond the code. FAISS IVF probes as few lists as give a recall@10 of 0.99; HNSW is
built on fewer codes, drawn for it, beside FAISS flat on the same.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from lookalike.codes.selection import select_then_split
from lookalike.index.code_scan import CodeScan
from lookalike.index.code_segment import CodeSegment, build_segment
from lookalike.index.multi_index import MultiIndex
from lookalike.index.two_stage import TwoStageIndex

Codes = NDArray[np.uint64]
Ask = Callable[[Codes, int], tuple[NDArray[np.int64], NDArray[np.int64]]]
"""(1, 4) query, k -> (k,) distances, (k,) rows."""

CLUSTER = 200
"""Codes of a cluster, about."""

CHUNK = 1 << 17
NATURAL = np.arange(256, dtype=np.uint16)


@dataclass(frozen=True)
class Figure:
    """What was measured of one index, one kind of codes, one k."""

    kind: str
    index: str
    k: int
    n: int
    median_ms: float
    p95_ms: float
    clock_ms: float
    cold_ms: float | None
    recall: float
    proven: float | None
    build_s: float
    bytes_per_code: float
    flat_ratio: float = 1.0


def clustered(n: int, rng: np.random.Generator, share: float = 0.05) -> Iterator[Codes]:
    """Yield codes that differ from the centre of their cluster in each bit with the same chance."""
    centres = rng.integers(0, 1 << 64, size=(max(n // CLUSTER, 1), 4), dtype=np.uint64)
    while True:
        flips = np.packbits(rng.integers(0, 256, size=(CHUNK, 256), dtype=np.uint8) < round(256 * share), axis=1)
        yield centres[rng.integers(len(centres), size=CHUNK)] ^ flips.view(np.uint64)


def uniform(n: int, rng: np.random.Generator) -> Iterator[Codes]:
    """Yield random codes."""
    while True:
        yield rng.integers(0, 1 << 64, size=(CHUNK, 4), dtype=np.uint64)


def skewed(n: int, rng: np.random.Generator) -> Iterator[Codes]:
    """Yield signs of sums of 64 hidden numbers that are clustered: neighbouring bits hang together, most are skewed."""
    centres = rng.normal(size=(max(n // CLUSTER, 1), 64)).astype(np.float32)
    directions = np.repeat(rng.normal(size=(64, 64)), 4, axis=1) + 0.5 * rng.normal(size=(64, 256))
    offsets = (rng.normal(scale=0.6, size=256) * np.linalg.norm(directions, axis=0)).astype(np.float32)
    while True:
        hidden = centres[rng.integers(len(centres), size=CHUNK)]
        hidden += 0.3 * rng.standard_normal(size=hidden.shape, dtype=np.float32)
        yield np.packbits(hidden @ directions.astype(np.float32) > offsets, axis=1).view(np.uint64)


KINDS = {"clustered": clustered, "uniform": uniform, "skewed": skewed}


def draw(kind: str, n: int, n_queries: int) -> tuple[Codes, Codes]:
    """Return codes (n, 4) and queries (Q, 4) of a kind."""
    codes = np.empty((n + n_queries, 4), dtype=np.uint64)
    source = KINDS[kind](n, np.random.default_rng(7))
    for start in range(0, len(codes), CHUNK):
        part = codes[start : start + CHUNK]
        part[:] = next(source)[: len(part)]
    return codes[:n], codes[n:]


def seconds(task: Callable[[], object]) -> float:
    """Return how long a task takes."""
    began = time.perf_counter()
    task()
    return time.perf_counter() - began


class Trial:
    """Asks one index after the other the same queries about the same codes."""

    def __init__(self, kind: str, codes: Codes, queries: Codes, ks: list[int], n_cold: int) -> None:
        self.kind, self.codes, self.queries, self.ks, self.n_cold = kind, codes, queries, ks, n_cold
        self.figures: list[Figure] = []
        self._truth: dict[int, NDArray[np.int64]] = {}
        self._flat: dict[int, float] = {}
        self._evicting = np.ones(1 << 25, dtype=np.float32)  # 128 MiB

    def measure(
        self,
        index: str,
        ask: Ask,
        *,
        build_s: float,
        bytes_per_code: float,
        proven: Callable[[int], float] | None = None,
    ) -> None:
        """Add a line for each k."""
        for k in self.ks:
            ask(self.queries[:1], k)
            times, clock, answers = [], [], []
            for i in range(len(self.queries)):
                began, began_thread = time.perf_counter(), time.thread_time()
                distances, _ = ask(self.queries[i : i + 1], k)
                times.append(time.thread_time() - began_thread)
                clock.append(time.perf_counter() - began)
                answers.append(distances)
            found = np.array(answers, dtype=np.int64)
            if index == "FAISS flat":
                self._truth[k], self._flat[k] = found, statistics.median(times)
            figure = Figure(
                self.kind,
                index,
                k,
                len(self.codes),
                statistics.median(times) * 1e3,
                float(np.quantile(times, 0.95)) * 1e3,
                statistics.median(clock) * 1e3,
                self._cold(ask, k),
                self.recall(found, k),
                None if proven is None else proven(k),
                build_s,
                bytes_per_code,
                self._flat[k] / statistics.median(times),
            )
            self.figures.append(figure)
            print(line(figure), flush=True)

    def recall(self, found: NDArray[np.int64], k: int) -> float:
        """Return the recall of distances (Q, k) against exact search."""
        return recall(found, self._truth[k])

    def _cold(self, ask: Ask, k: int) -> float | None:
        times = []
        for i in range(min(self.n_cold, len(self.queries))):
            self._evicting += 1
            began = time.thread_time()
            ask(self.queries[i : i + 1], k)
            times.append(time.thread_time() - began)
        return statistics.median(times) * 1e3 if times else None


def recall(found: NDArray[np.int64], expected: NDArray[np.int64]) -> float:
    """Return the share of the true answers (Q, k) that were found, both given as distances: equal ones are as good."""
    shared = 0
    for ours, true in zip(found, expected, strict=True):
        counts = [np.bincount(distances[distances <= 256], minlength=257) for distances in (ours[ours >= 0], true)]
        shared += np.minimum(*counts).sum()
    return float(shared / expected.size)


def line(figure: Figure) -> str:
    """Return one line of the table."""
    cold = "" if figure.cold_ms is None else f"{figure.cold_ms:.3f}"
    proven = "" if figure.proven is None else f"{figure.proven:.3f}"
    return (
        f"{figure.kind:10} {figure.index:34} {figure.k:4} {figure.median_ms:9.3f} {figure.p95_ms:9.3f} {cold:>9} "
        f"{figure.clock_ms:9.3f} "
        f"{figure.recall:7.4f} {proven:>7} {figure.build_s:8.2f} {figure.bytes_per_code:7.1f} {figure.flat_ratio:8.2f}"
    )


HEADER = (
    f"{'codes':10} {'index':34} {'k':>4} {'median ms':>9} {'p95 ms':>9} {'cold ms':>9} {'clock ms':>9} "
    f"{'recall':>7} {'proven':>7} {'build s':>8} {'bytes':>7} {'x flat':>8}"
)


def of_faiss(index: faiss.IndexBinary) -> Ask:
    """Return how to ask FAISS."""

    def ask(query: Codes, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        distances, rows = index.search(query.view(np.uint8), k)
        return distances[0], rows[0]

    return ask


def of_ours(index: CodeScan | MultiIndex | TwoStageIndex) -> Ask:
    """Return how to ask one of our own."""

    def ask(query: Codes, k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        matches = index.search(query, k)
        return matches.distances[0], matches.rows[0]

    return ask


def compare(trial: Trial) -> None:
    """Measure all indexes on the codes of a trial."""
    code_bytes = trial.codes.view(np.uint8)
    flat = faiss.IndexBinaryFlat(256)
    build_s = seconds(lambda: flat.add(code_bytes))
    trial.measure("FAISS flat", of_faiss(flat), build_s=build_s, bytes_per_code=0)
    ours(trial, NATURAL, "")
    if trial.kind == "skewed":
        sample = np.random.default_rng(7).choice(len(code_bytes), min(20_000, len(code_bytes)), replace=False)
        two_stage(trial, complete(select_then_split(code_bytes[np.sort(sample)]).groups), ", chosen bits")
    of_inverted_file(trial, code_bytes)
    of_multi_hash(trial, code_bytes)


def complete(groups: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Return an order of all bits that begins with those of the sub-codes."""
    return np.concatenate([groups.ravel(), np.setdiff1d(NATURAL, groups)]).astype(np.uint16)


def ours(trial: Trial, order: NDArray[np.uint16], name: str) -> None:
    """Measure the scan, the exact multi-index and two-stage search."""
    began = time.perf_counter()
    segment = build_segment(trial.codes, order, n_tables=16)
    build_s = time.perf_counter() - began
    trial.measure("scan" + name, of_ours(CodeScan([segment], (), order)), build_s=build_s, bytes_per_code=0)
    index = MultiIndex([segment], (), order)
    trial.measure(
        "multi-index" + name,
        of_ours(index),
        build_s=build_s,
        bytes_per_code=overhead(segment),
        proven=lambda k: float(index.search(trial.queries, k).is_exact.mean()),
    )
    two_stage(trial, order, name)


def two_stage(trial: Trial, order: NDArray[np.uint16], name: str) -> None:
    """Measure two-stage search, adaptive and as published."""
    began = time.perf_counter()
    segment = build_segment(trial.codes, order, n_tables=4)
    build_s = time.perf_counter() - began
    for radius, manner in ((None, "two-stage"), (2, "two-stage, radius 2")):
        index = TwoStageIndex([segment], (), order, radius=radius)
        trial.measure(
            manner + name,
            of_ours(index),
            build_s=build_s,
            bytes_per_code=overhead(segment),
            proven=lambda k, index=index: float(index.search(trial.queries, k).is_exact.mean()),  # type: ignore[misc]
        )


def overhead(segment: CodeSegment) -> float:
    """Return the bytes per code beyond the code."""
    return (segment.starts.nbytes + segment.ids.nbytes) / len(segment)


def of_inverted_file(trial: Trial, code_bytes: NDArray[np.uint8]) -> None:
    """Measure FAISS IVF, probing as few lists as give a recall@10 of 0.99."""
    n_lists = int(2 ** round(np.log2(max(np.sqrt(len(code_bytes)), 1))))
    quantizer = faiss.IndexBinaryFlat(256)
    index = faiss.IndexBinaryIVF(quantizer, 256, n_lists)
    rng = np.random.default_rng(7)
    learned = code_bytes[np.sort(rng.choice(len(code_bytes), min(len(code_bytes), 39 * n_lists), replace=False))]

    def build() -> None:
        index.train(learned)
        index.add(code_bytes)

    build_s = seconds(build)
    for n_probe in [2**power for power in range(n_lists.bit_length())]:
        index.nprobe = n_probe
        found = np.array([of_faiss(index)(query[None], trial.ks[0])[0] for query in trial.queries], dtype=np.int64)
        if trial.recall(found, trial.ks[0]) >= 0.99 or n_probe >= 64:
            break
    name = f"FAISS IVF, {index.nprobe} of {n_lists} lists"
    trial.measure(name, of_faiss(index), build_s=build_s, bytes_per_code=size(index, len(code_bytes)))


def of_multi_hash(trial: Trial, code_bytes: NDArray[np.uint8]) -> None:
    """Measure FAISS's hashes of four times 16 bits, each with two flips: the published scheme, not ours."""
    index = faiss.IndexBinaryMultiHash(256, 4, 16)
    index.nflip = 2
    build_s = seconds(lambda: index.add(code_bytes))
    trial.measure(
        "FAISS multi-hash, 4 x 16, 2 flips",
        of_faiss(index),
        build_s=build_s,
        bytes_per_code=size(index, len(code_bytes)),
    )


def of_graph(trial: Trial) -> None:
    """Measure FAISS HNSW, beside FAISS flat on the same codes."""
    code_bytes = trial.codes.view(np.uint8)
    flat, index = faiss.IndexBinaryFlat(256), faiss.IndexBinaryHNSW(256, 16)
    index.hnsw.efConstruction = 80
    trial.measure("FAISS flat", of_faiss(flat), build_s=seconds(lambda: flat.add(code_bytes)), bytes_per_code=0)
    build_s = seconds(lambda: index.add(code_bytes))
    for ef in (64, 256):
        index.hnsw.efSearch = ef
        trial.measure(
            f"FAISS HNSW, ef {ef}, {len(trial.codes):,} codes",
            of_faiss(index),
            build_s=build_s,
            bytes_per_code=size(index, len(trial.codes)),
        )


def size(index: faiss.IndexBinary, n: int) -> float:
    """Return the bytes per code beyond the code that an index takes when written."""
    return len(faiss.serialize_index_binary(index)) / n - 32


def machine() -> dict[str, str]:
    """Return the processor, and the widest instructions it has for counting bits."""
    facts = dict(line.split(":", 1) for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line)
    facts = {name.strip(): value.strip() for name, value in facts.items()}
    has = facts.get("flags", "").split()
    widest = next((name for name in ("avx512_vpopcntdq", "avx2", "sse4_2") if name in has), "baseline")
    return {
        "processor": f"{facts.get('model name', 'unknown')}, family {facts.get('cpu family')}",
        "instructions": widest,
        "faiss": f"{faiss.__version__} {faiss.get_compile_options().strip()}",
    }


def main() -> None:
    """Measure and print; write figures if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--n", type=int, default=7_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--cold", type=int, default=30, help="queries asked with cold caches")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("-k", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--hnsw", type=int, default=200_000, help="codes of the graph, drawn for it; 0 leaves it out")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    faiss.omp_set_num_threads(1)
    print(*machine().values(), sep="; ")
    print(f"{given.n:,} codes of 256 bits, {given.queries} queries, one thread\n{HEADER}")
    figures: list[Figure] = []
    for kind in given.kinds:
        trial = Trial(kind, *draw(kind, given.n, given.queries), given.k, given.cold)
        compare(trial)
        figures += trial.figures
        if given.hnsw:
            trial = Trial(kind, *draw(kind, min(given.hnsw, given.n), given.queries), given.k, given.cold)
            of_graph(trial)
            figures += trial.figures
    if given.json:
        result = {"machine": machine(), "figures": [asdict(figure) for figure in figures]}
        given.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
