"""A proxy in front of a real node: it passes on what it gets, or fails in the ways that networks and engines do."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from tests.engine.local_server import LocalServer, QuietHandler

FAULTS = ("busy", "broken", "silent before", "silent after", "partial")
"""429; 503; no answer, and nothing done; no answer, but all done; a bulk request of which a part is refused."""


class Proxy(LocalServer):
    """Passes requests on to a node, a share of them with a fault; notes which faults, and what was authorized.

    Parameters
    ----------
    url : str
        Of the node.
    share : float
        Of the requests that meet a fault, in [0, 1].
    certificate : (Path, Path) or None
        With a certificate and its key, it speaks TLS.
    authorization : str or None
        With one, what comes without exactly this header is refused with 401.
    """

    def __init__(
        self,
        url: str,
        *,
        share: float = 0.0,
        seed: int = 7,
        certificate: tuple[Path, Path] | None = None,
        authorization: str | None = None,
    ) -> None:
        self.node = urlsplit(url)
        self.share = share
        self.authorization = authorization
        self.faults: Counter[str] = Counter()
        self.n_requests = 0
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        super().__init__(self._handler(), certificate)

    def fault(self, path: str) -> str | None:
        """Return the fault that the next request meets, None for none."""
        with self._lock:
            self.n_requests += 1
            if self._random.random() >= self.share:
                return None
            fault = self._random.choice(FAULTS if "_bulk" in path else FAULTS[:-1])
            self.faults[fault] += 1
            return fault

    def passed_on(self, method: str, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Return what the node answers."""
        connection = http.client.HTTPConnection(self.node.hostname or "", self.node.port, timeout=60)
        try:
            connection.request(method, path, body or None, {"Content-Type": content_type} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def partly(self, path: str, body: bytes, content_type: str) -> tuple[int, bytes]:
        """Pass on half of a bulk request, and answer that the node was too busy for the other half."""
        chunks = _operations(body)
        kept = chunks[: len(chunks) // 2]
        items = []
        if kept:
            status, answer = self.passed_on("POST", path, b"".join(kept), content_type)
            if status != 200:
                return status, answer
            items = json.loads(answer)["items"]
        refused = {"status": 429, "error": {"type": "rejected_execution_exception", "reason": "the queue is full"}}
        items += [{"index": refused}] * (len(chunks) - len(kept))
        return 200, json.dumps({"items": items}).encode()

    def _handler(proxy) -> type[QuietHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(QuietHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                content_type = self.headers.get("Content-Type") or "application/json"
                if proxy.authorization not in (None, self.headers.get("Authorization")):
                    return self.send(401, b'{"error": {"reason": "who are you?"}}')
                fault = proxy.fault(self.path)
                if fault in ("busy", "broken"):
                    return self.send(429 if fault == "busy" else 503, b'{"error": {"reason": "not now"}}')
                if fault == "partial":
                    return self.send(*proxy.partly(self.path, body, content_type))
                if fault != "silent before":
                    status, content = proxy.passed_on(self.command, self.path, body, content_type)
                if fault in ("silent before", "silent after"):
                    time.sleep(1.5)
                    self.close_connection = True
                    return None
                return self.send(status, content)

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names of http.server

            def send(self, status: int, content: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler


def _operations(body: bytes) -> list[bytes]:
    """Return the operations of a bulk request, each with its content."""
    found: list[bytes] = []
    lines = iter(body.splitlines(keepends=True))
    for line in lines:
        found.append(line + (b"" if line.startswith(b'{"delete"') else next(lines)))
    return found
