"""Requests as they come off the wire: a head that is too slow or too long is refused before there is a request.

The server below has no limit on either, and answers what is no HTTP in plain text; here each gets a problem document.
"""

import asyncio
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from lookalike.api.guard import ALWAYS, CLOSE, NO_STORE
from lookalike.api.problems import MEDIA_TYPE, Problem

HEAD_SECONDS = 10.0
"""How long the head of a request may take."""

HEAD_BYTES = 64 << 10
"""Bytes that may come in a row without completing a head or being part of a body."""

MOST_CONNECTIONS = 400
"""Connections at a time: a process may open about a thousand files, and the pictures need theirs."""


class PatientProtocol(HttpToolsProtocol):
    """One connection, whose patience has limits."""

    head_seconds = HEAD_SECONDS

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._timer: asyncio.TimerHandle | None = None
        self._is_head_due = True
        self._n_idle = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            detail = f"{MOST_CONNECTIONS} connections are open, which is the most; try again in a moment"
            self._refuse(Problem(503, "Service Unavailable", detail))
        else:
            self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, while it leads somewhere."""
        if self._is_head_due and self._timer is None:
            self._start_timer()
        self._n_idle += len(data)
        super().data_received(data)
        if self._n_idle > HEAD_BYTES and not self.transport.is_closing():
            detail = f"the head of the request has more than {HEAD_BYTES:,} bytes; ask for less at once"
            self._refuse(Problem(431, "Request Header Fields Too Large", detail))

    def on_headers_complete(self) -> None:
        """Stop waiting: the head is there."""
        self._is_head_due = False
        self._n_idle = 0
        self._stop_timer()
        super().on_headers_complete()
        self.headers = []  # the request has its own; what a trailer brings is none of them

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._n_idle = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Expect the next head."""
        self._is_head_due = True
        self._n_idle = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(Problem(400, "Bad Request", "this is no HTTP request; send one"))

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.head_seconds, self._time_out)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_out(self) -> None:
        self._timer = None
        if self._is_answering():
            self._start_timer()  # the next request may have to wait for this answer, which may take its time
        else:
            detail = f"the head of the request did not come within {self.head_seconds:g} seconds; send it again"
            self._refuse(Problem(408, "Request Timeout", detail))

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, problem: Problem) -> None:
        """Answer and end the connection; in the middle of another answer, only end it."""
        self._stop_timer()
        if not (self._is_answering() and self.cycle.response_started):
            self.transport.write(_written(problem))
        self.transport.close()


def _written(problem: Problem) -> bytes:
    content = problem.content()
    headers = [
        (b"content-type", MEDIA_TYPE.encode("ascii")),
        (b"content-length", str(len(content)).encode("ascii")),
        NO_STORE,
        *ALWAYS,
        CLOSE,
    ]
    status = f"HTTP/1.1 {problem.status} {HTTPStatus(problem.status).phrase}".encode("ascii")
    return b"\r\n".join([status, *(name + b": " + value for name, value in headers), b"", content])
