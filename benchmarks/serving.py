"""What the server costs: beside the same search in process, under load, and while an import runs.

    python benchmarks/serving.py [--pictures 100000] [--seconds 10]

Pictures are synthetic, as in growth.py; the import adds drawn ones. The peer of the load test is an application that
does nothing but send the same bytes, on the same Uvicorn. Client and server share the machine, so figures are low.
"""

import argparse
import asyncio
import json
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from growth import fill

import lookalike as la
from lookalike.sample import draw_world

CONNECTIONS = 16
ASKED_AGAIN = 100
"""Different questions of the load test, so that answers are given again."""

BARE = """
import sys, uvicorn
body = b"x" * int(sys.argv[1])
async def app(scope, receive, send):
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[2]), log_level="error", lifespan="off", http="httptools")
"""


def main() -> None:
    """Measure one thing after the other and print each as it is known."""
    parser = argparse.ArgumentParser(description="What serving a collection costs.")
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--collection", type=Path, help="use and keep this collection instead of a new one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.collection or Path(scratch) / "big.lookalike"
        with la.open(folder) as photos:
            (Path(scratch) / "tree").mkdir()
            if len(photos) == 0:
                fill(photos, Path(scratch) / "tree", 0, options.pictures)
            with serving(folder, Path(scratch)) as address:
                print(f"{len(photos):,} pictures")
                overhead(photos, address)
                load(address, options.seconds)
                words(address)
                during_import(address, len(photos), Path(scratch) / "drawn")


@contextmanager
def serving(folder: Path, root: Path) -> Iterator[str]:
    """Run `lookalike serve` and yield its address."""
    command = [sys.executable, "-m", "lookalike", "--collection", str(folder), "serve", "--no-open", "--port", "0"]
    with subprocess.Popen([*command, "--root", str(root)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = None
        while found is None:
            found = re.search(r"http://\S+", process.stdout.readline())
        try:
            yield found[0].rstrip("/.")
        finally:
            process.terminate()


def get(address: str, path: str) -> bytes:
    """Return the body of an answer."""
    with urllib.request.urlopen(address + path) as answer:
        return answer.read()


def post(address: str, path: str, value: object) -> dict[str, object]:
    """Return the JSON of an answer to JSON."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address + path, json.dumps(value).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Client:
    """One connection that is kept, with as little of its own as can be."""

    def __init__(self, address: str) -> None:
        host, port = address.removeprefix("http://").split(":")
        self._socket = socket.create_connection((host, int(port)))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def get(self, path: str) -> bytes:
        """Return the body of an answer."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        assert b" 200 " in self._file.readline()
        length = 0
        while (line := self._file.readline()) != b"\r\n":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return self._file.read(length)


def overhead(photos: la.Collection, address: str, n: int = 200) -> None:
    """Ask the same questions in process and over HTTP, by turns."""
    client = Client(address)
    inside, outside = [], []
    for number in np.random.default_rng(7).permutation(len(photos))[: n + 5].tolist():
        began = time.perf_counter()
        photos.search(f"#{number + 1}", k=20)
        between = time.perf_counter()
        client.get(f"/v1/search?q=%23{number + 1}&k=20")
        inside.append(between - began)
        outside.append(time.perf_counter() - between)
    a, b = (statistics.median(times[5:]) * 1000 for times in (inside, outside))
    print(f"search in process {a:.2f} ms, over HTTP {b:.2f} ms: {b - a:+.2f} ms (medians of {n})")


def load(address: str, seconds: float) -> None:
    """Ask for neighbours of a few pictures again and again, over many connections, beside the bare peer."""
    paths = [f"/v1/search?q=%23{number}&k=20" for number in range(1, ASKED_AGAIN + 1)]
    size = len(get(address, paths[0]))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", BARE, str(size), str(port)]) as peer:
        bare = f"http://127.0.0.1:{port}"
        while True:
            try:
                get(bare, "/")
                break
            except OSError:
                time.sleep(0.05)
        for name, place in (("this server", address), ("bytes alone", bare)):
            times, errors, wall = asyncio.run(_load(place, paths, seconds))
            p50, p99 = np.percentile(times, [50, 99]) * 1000
            print(
                f"{name}: {len(times) / wall:,.0f} answers a second of {size:,} bytes, median {p50:.1f} ms, "
                f"p99 {p99:.1f} ms, {errors} errors ({CONNECTIONS} connections, {wall:.0f} s)"
            )
        peer.terminate()


async def _load(address: str, paths: list[str], seconds: float) -> tuple[list[float], int, float]:
    host, port = address.removeprefix("http://").split(":")
    times: list[float] = []
    errors = 0
    began = time.perf_counter()

    async def connection(offset: int) -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection(host, int(port))
        number = offset
        while time.perf_counter() - began < seconds:
            started = time.perf_counter()
            writer.write(f"GET {paths[number % len(paths)]} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            assert found is not None
            await reader.readexactly(int(found[1]))
            times.append(time.perf_counter() - started)
            errors += not head.startswith(b"HTTP/1.1 200")
            number += 1
        writer.close()

    await asyncio.gather(*(connection(7 * n) for n in range(CONNECTIONS)))
    return times, errors, time.perf_counter() - began


def words(address: str) -> None:
    """Ask for words and filters, each time others."""
    client = Client(address)
    times = []
    for number in range(200):
        began = time.perf_counter()
        client.get(f"/v1/search?q=picture%20year:{1950 + number % 70}%20camera:%22Camera%20{number % 7}%22")
        times.append(time.perf_counter() - began)
    median, p95 = np.percentile(times, [50, 95]) * 1000
    print(f"words with filters: median {median:.1f} ms, p95 {p95:.1f} ms")


def during_import(address: str, n: int, drawn: Path) -> None:
    """Ask while drawn pictures are added, and before and after."""
    draw_world(drawn, n_pictures=1500, seed=n)  # others each time, if the collection is kept
    client = Client(address)
    rng = np.random.default_rng(8)

    def ask() -> float:
        began = time.perf_counter()
        client.get(f"/v1/search?q=%23{rng.integers(1, n + 1)}&k=20")
        time.sleep(0.02)
        return time.perf_counter() - began - 0.02

    idle = [ask() for _ in range(200)]
    job = post(address, "/v1/jobs", {"kind": "add", "paths": [str(drawn)]})
    busy: list[float] = []
    rate = 0.0
    while True:
        state = json.loads(get(address, "/v1/jobs"))["jobs"][0]
        if state["id"] == job["id"] and state["state"] in ("done", "failed"):
            print(f"the import is {state['state']}: {state['message'] or state['report']}")
            break
        rate = max(rate, state["rate"])
        asked = [ask() for _ in range(10)]  # also before it reads: the server closes a connection that says nothing
        busy += asked if state["done"] else []
        time.sleep(0.02)
    idle += [ask() for _ in range(200)]
    a, b = np.percentile(idle, 95), np.percentile(busy, 95)
    medians = f"medians {statistics.median(idle) * 1e3:.1f} and {statistics.median(busy) * 1e3:.1f} ms"
    print(
        f"search p95: idle {a * 1e3:.1f} ms, while an import runs {b * 1e3:.1f} ms: {b / a:.2f} x; {medians}; "
        f"{len(busy)} searches, import {rate:.0f} pictures a second"
    )


if __name__ == "__main__":
    main()
