"""How searches for near codes grow with their number: latency, memory and build time at 10,000 to 7,000,000 codes.

    taskset -c 0 python benchmarks/code_growth.py [--largest 7000000] [--picture code-growth.svg]

Clustered codes of 256 bits, k = 10, one thread; medians of the time that the thread ran. The slope is that of the
logarithms, fitted over all sizes: 1 is growth in proportion, 0 none. The picture has both axes logarithmic.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import faiss
import numpy as np
from code_search import NATURAL, draw, of_faiss, of_ours, overhead

from lookalike.index.code_scan import CodeScan
from lookalike.index.code_segment import build_segment
from lookalike.index.multi_index import MultiIndex
from lookalike.index.two_stage import TwoStageIndex

SIZES = (10_000, 100_000, 1_000_000, 7_000_000)
K = 10
COLOURS = ("#666666", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")
WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 420, 70, 30, 50


def main() -> None:
    """Measure each size, print the table and draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=SIZES[-1])
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    faiss.omp_set_num_threads(1)
    sizes = [size for size in SIZES if size <= given.largest]
    measured = [measure(size, given.queries) for size in sizes]
    lines = {name: [figures[name] for figures in measured] for name in measured[0]}
    print(f"{'':28}" + "".join(f"{size:>12,}" for size in sizes) + f"{'slope':>8}")
    for name, values in lines.items():
        print(f"{name:28}" + "".join(f"{value:12.3f}" for value in values) + f"{slope(sizes, values):8.2f}")
    if given.picture:
        given.picture.write_text(picture(sizes, {name: values for name, values in lines.items() if "ms" in name}))


def measure(n: int, n_queries: int) -> dict[str, float]:
    """Return the figures of one size."""
    codes, queries = draw("clustered", n, n_queries)
    flat = faiss.IndexBinaryFlat(256)
    flat.add(codes.view(np.uint8))
    build_segment(codes[:30_000], NATURAL, n_tables=4)  # loads compiled code
    began = time.perf_counter()
    two_stage = build_segment(codes, NATURAL, n_tables=4)
    middle = time.perf_counter()
    exact = build_segment(codes, NATURAL, n_tables=16)
    end = time.perf_counter()
    asks = {
        "FAISS flat": of_faiss(flat),
        "scan": of_ours(CodeScan([exact])),
        "multi-index": of_ours(MultiIndex([exact])),
        "two-stage": of_ours(TwoStageIndex([two_stage])),
    }
    latencies = {f"{name}, ms": median_ms(lambda query, ask=ask: ask(query, K), queries) for name, ask in asks.items()}  # type: ignore[misc]
    return latencies | {
        "build 16 tables, s": end - middle,
        "build 4 tables, s": middle - began,
        "16 tables, MB": overhead(exact) * n / 1e6,
        "4 tables, MB": overhead(two_stage) * n / 1e6,
    }


def median_ms(ask: Callable[[np.ndarray], object], queries: np.ndarray) -> float:
    """Return the median milliseconds that the thread runs for a query."""
    ask(queries[:1])
    times = []
    for i in range(len(queries)):
        began = time.thread_time()
        ask(queries[i : i + 1])
        times.append(time.thread_time() - began)
    return statistics.median(times) * 1e3


def slope(sizes: Sequence[int], values: Sequence[float]) -> float:
    """Return the slope of the logarithms; not a number where there is one size alone."""
    return float(np.polyfit(np.log(sizes), np.log(values), 1)[0]) if len(sizes) > 1 else float("nan")


def picture(sizes: Sequence[int], lines: dict[str, list[float]]) -> str:
    """Return the lines as SVG, both axes logarithmic."""
    values = np.concatenate(list(lines.values()))
    low, high = np.floor(np.log10(values.min())), np.ceil(np.log10(values.max()))
    span = max(np.log10(sizes[-1] / sizes[0]), 1e-9)
    right = WIDTH - 190

    def x(size: float) -> float:
        return float(LEFT + (right - LEFT) * np.log10(size / sizes[0]) / span)

    def y(value: float) -> float:
        return float(HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * (np.log10(value) - low) / max(high - low, 1))

    marks = []
    for power in range(int(low), int(high) + 1):
        at = y(10.0**power)
        marks.append(f'<line x1="{LEFT}" y1="{at:.1f}" x2="{right}" y2="{at:.1f}" stroke="#ddd"/>')
        marks.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} ms</text>')
    marks += [f'<text x="{x(n):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{n:,}</text>' for n in sizes]
    for number, ((name, line), colour) in enumerate(zip(lines.items(), COLOURS, strict=False)):
        points = " ".join(f"{x(n):.1f},{y(value):.1f}" for n, value in zip(sizes, line, strict=True))
        marks.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        label = f"{name.removesuffix(', ms')}: slope {slope(sizes, line):.2f}"
        marks.append(f'<text x="{right + 12}" y="{TOP + 20 + 20 * number}" fill="{colour}">{escape(label)}</text>')
    title = "Milliseconds for one query by the number of codes"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12" role="img"><title>{title}</title><rect width="100%" height="100%" fill="white"/>'
        + "".join(marks)
        + "</svg>\n"
    )


if __name__ == "__main__":
    main()
