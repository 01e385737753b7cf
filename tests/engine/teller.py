"""A server that answers as it is told, for what no real node can be made to say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engine.local_server import LocalServer, QuietHandler


@dataclass(frozen=True)
class Told:
    """An answer: a value that is sent as JSON, or bytes as they are.

    Attributes
    ----------
    cut : int
        Bytes of the content that are announced and not sent.
    """

    content: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    cut: int = 0

    @property
    def body(self) -> bytes:
        """The bytes."""
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


DEFAULTS: Mapping[str, Told] = {
    "GET /": Told({"version": {"distribution": "opensearch", "number": "3.3.2"}}),
    "GET /_cluster/health": Told({"number_of_nodes": 1, "number_of_data_nodes": 1, "status": "green"}),
    ".*": Told({}),
}


class Teller(LocalServer):
    """Introduces itself as OpenSearch, and answers what it was told.

    Parameters
    ----------
    answers : mapping of str to Told
        By a pattern that "METHOD /path" fits; the first that does counts. What fits none is answered by `{}`.
    certificate : (Path, Path) or None
        With a certificate and its key, it speaks TLS.
    """

    def __init__(self, answers: Mapping[str, Told], certificate: tuple[Path, Path] | None = None) -> None:
        self.answers = [*answers.items(), *DEFAULTS.items()]
        self.asked: list[str] = []
        super().__init__(self._handler(), certificate)

    def _handler(teller) -> type[QuietHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(QuietHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                asked = f"{self.command} {self.path.partition('?')[0]}"
                teller.asked.append(asked)
                told = next(told for pattern, told in teller.answers if re.fullmatch(pattern, asked))
                self.send_response(told.status)
                for name, value in told.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(told.body)))
                self.end_headers()
                self.wfile.write(told.body[: len(told.body) - told.cut])

            do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815 - the names of http.server

        return Handler
