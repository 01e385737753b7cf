"""Asking an app without a network, with whatever headers one likes; and what nobody may get past the guard with."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp, Message

Headers = Iterable[tuple[str, str]]
Ask = Callable[..., "Answer"]
HERE = ("host", "127.0.0.1:8177")
JSON = ("content-type", "application/json")
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
UNTOLD_PATHS = ("/", "/index.html", "/assets/page.js", "/search", "/metrics", "/openapi.json", "/no/such/path")
"""What an app answers besides the routes of its OpenAPI document: files of the page, and nothing."""

BAD_HOSTS: tuple[tuple[str, ...], ...] = (
    (),
    ("",),
    ("evil.example",),
    ("evil.example:8177",),
    ("localhost.evil.example",),
    ("evil-localhost",),
    ("127.0.0.1.evil.example:8177",),
    ("127.0.0.1", "evil.example"),
    ("127.0.0.1", "127.0.0.1"),
    ("user@127.0.0.1",),
    ("127.0.0.1:80:80",),
    ("127.0.0.1:port",),
    ("[::1",),
    ("[::ffff:203.0.113.7]:8177",),
    ("203.0.113.7",),
    ("0.0.0.0:8177",),
    ("127.0.0.1/..",),
)
"""The values of the Host headers of one request each."""

FOREIGN: dict[str, tuple[tuple[str, str], ...]] = {
    "cross-site form": (
        ("content-type", "application/x-www-form-urlencoded"),
        ("origin", "https://evil.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-mode", "navigate"),
    ),
    "form of a browser that sends no Sec-Fetch-Site": (
        ("content-type", "text/plain"),
        ("origin", "http://evil.example"),
    ),
    "fetch no-cors": (("content-type", "text/plain"), ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors")),
    "fetch from another port": (JSON, ("origin", "http://127.0.0.1:9000"), ("sec-fetch-site", "same-site")),
    "other scheme": (JSON, ("origin", "https://127.0.0.1:8177")),
    "null origin": (JSON, ("origin", "null")),
    "null origin that says it is the same": (JSON, ("origin", "null"), ("sec-fetch-site", "same-origin")),
    "missing origin and a cookie": (JSON, ("cookie", "lookalike_session=x")),
}
"""Headers of requests that a page of somebody else makes a browser send."""


@dataclass(frozen=True)
class Answer:
    """What an app answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture
def ask() -> Iterator[Ask]:
    """Send one request to an app, with exactly these headers, and return the answer."""

    def ask(
        app: ASGIApp,
        method: str,
        path: str,
        *headers: tuple[str, str],
        body: bytes | Iterable[bytes] = b"",
        client: str = "127.0.0.1",
        scheme: str = "http",
        kind: str = "http",
    ) -> Answer:
        parts = [body] if isinstance(body, bytes) else list(body)
        scope = {
            "type": kind,
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": scheme,
            "path": path,
            "query_string": b"",
            "root_path": "",
            "headers": [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
            "client": (client, 50000),
            "server": ("127.0.0.1", 8177),
        }
        return runner.run(_answer(app, scope, parts))

    with asyncio.Runner() as runner:
        yield ask


async def _answer(app: ASGIApp, scope: dict[str, Any], parts: list[bytes]) -> Answer:
    sent: list[Message] = []
    left = list(parts)

    async def receive() -> Message:
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    if scope["type"] == "websocket":
        return Answer(sent[0]["code"], {}, b"")
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], headers, b"".join(message["body"] for message in sent[1:]))


def routes_of(app: FastAPI) -> list[tuple[str, str]]:
    """Return (method, path) of each route of an app's OpenAPI document, with 1 for what a path leaves open."""
    document = app.openapi()
    return [
        (method.upper(), "/".join("1" if part.startswith("{") else part for part in path.split("/")))
        for path, methods in document["paths"].items()
        for method in methods
    ]


@pytest.fixture
def let_in_by_nobody(ask: Ask) -> Callable[[ASGIApp, FastAPI], set[tuple[str, str]]]:
    """Return the routes that a guarded app with a password opens to whoever asks, without a session and the token."""

    def let_in(guarded: ASGIApp, app: FastAPI) -> set[tuple[str, str]]:
        routes = [*routes_of(app), ("GET", "/metrics"), ("GET", "/openapi.json"), ("GET", "/v1/no/such/route")]
        return {
            (method, path)
            for method, path in routes
            for kind in ("application/json", "image/jpeg")
            if ask(guarded, method, path, HERE, ("content-type", kind), body=b"{}").status not in (401, 415)
        }

    return let_in


@pytest.fixture
def let_in_by_host(ask: Ask) -> Callable[[ASGIApp, FastAPI], list[str]]:
    """Return what a guarded app answers with anything but 400 or 421 although the Host is not ours; none is right."""

    def let_in(guarded: ASGIApp, app: FastAPI) -> list[str]:
        return [
            f"{method} {path} {hosts}: {answer.status}"
            for method, path in [*routes_of(app), *(("GET", path) for path in UNTOLD_PATHS)]
            for hosts in BAD_HOSTS
            if (answer := ask(guarded, method, path, *(("host", host) for host in hosts))).status not in (400, 421)
        ]

    return let_in


@pytest.fixture
def let_in_by_origin(ask: Ask) -> Callable[[ASGIApp, FastAPI], list[str]]:
    """Return what a guarded app answers with anything but 403 although another site's page asks; none is right."""

    def let_in(guarded: ASGIApp, app: FastAPI) -> list[str]:
        routes = [route for route in routes_of(app) if route[0] in UNSAFE]
        assert routes
        return [
            f"{method} {path} by a {name}: {answer.status}"
            for method, path in routes
            for name, headers in FOREIGN.items()
            if (answer := ask(guarded, method, path, HERE, *headers, body=b"{}")).status != 403
        ]

    return let_in
