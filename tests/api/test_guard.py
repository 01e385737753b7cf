"""The guard, around a small app: hosts, origins, content types, permission, bodies, headers."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.types import ASGIApp

from lookalike.api import problems
from lookalike.api.access import Access, session_routes
from lookalike.api.app import create_app
from lookalike.api.guard import LINGER_BYTES, Guard, Limits, answer_headers
from lookalike.collection import Collection
from lookalike.jobs import Jobs

Ask = Callable[..., Any]
TOKEN = "a token of at least sixteen"
HERE = ("host", "127.0.0.1:8177")
JSON = ("content-type", "application/json")
PICTURE = ("content-type", "image/jpeg")
BEARER = ("authorization", f"Bearer {TOKEN}")
LIMITS = Limits(json=100, upload=1000, stall=0.05, whole=0.2)
SAME = ("sec-fetch-site", "same-origin")


def small_app(access: Access) -> FastAPI:
    """Return an app with a route of each kind."""
    app = FastAPI()
    problems.install(app)
    app.include_router(session_routes(access))

    @app.get("/v1/things/{number}")
    def thing(number: int) -> dict[str, int]:
        return {"number": number}

    @app.delete("/v1/things/{number}")
    def delete(number: int) -> dict[str, int]:
        return {"deleted": number}

    @app.post("/v1/things")
    def things(body: dict[str, Any]) -> dict[str, Any]:
        return body

    @app.post("/v1/uploads")
    async def upload(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @app.post("/v1/streams")
    async def stream(request: Request) -> dict[str, int]:
        return {"bytes": sum([len(part) async for part in request.stream()])}

    @app.get("/v1/original")
    def original() -> Response:
        own = {"content-security-policy": "sandbox", "cache-control": "max-age=60"}
        return Response(b"{}", headers=own, media_type="application/json")

    @app.get("/", include_in_schema=False)
    def page() -> Response:
        return Response("<!doctype html>", media_type="text/html")

    return app


@pytest.fixture
def app() -> FastAPI:
    return small_app(Access())


@pytest.fixture
def guarded(app: FastAPI) -> Guard:
    return Guard(app, Access(), ["photos.local"], LIMITS)


@pytest.fixture
def locked(app: FastAPI) -> Guard:
    return Guard(app, Access("a password", TOKEN), [], LIMITS)


def test_no_foreign_host_reaches_any_route_or_file(
    guarded: Guard, locked: Guard, app: FastAPI, let_in_by_host: Callable[[ASGIApp, FastAPI], list[str]]
) -> None:
    assert let_in_by_host(guarded, app) == []
    assert let_in_by_host(locked, app) == []


def test_no_page_of_another_site_changes_anything(
    guarded: Guard, locked: Guard, app: FastAPI, let_in_by_origin: Callable[[ASGIApp, FastAPI], list[str]]
) -> None:
    assert let_in_by_origin(guarded, app) == []
    assert let_in_by_origin(locked, app) == []


def test_the_whole_application_stands_behind_the_guard(
    collection: Collection,
    let_in_by_host: Callable[[ASGIApp, FastAPI], list[str]],
    let_in_by_origin: Callable[[ASGIApp, FastAPI], list[str]],
    let_in_by_nobody: Callable[[ASGIApp, FastAPI], set[tuple[str, str]]],
) -> None:
    with Jobs(collection) as jobs:
        guarded = create_app(collection, jobs, access=Access("a password", TOKEN), hosts=[], roots=[])
        assert isinstance(guarded, Guard)
        assert isinstance(guarded.app, FastAPI)
        assert let_in_by_host(guarded, guarded.app) == []
        assert let_in_by_origin(guarded, guarded.app) == []
        public = {("GET", "/healthz"), ("GET", "/readyz"), ("POST", "/v1/session")}
        assert let_in_by_nobody(guarded, guarded.app) == public


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8177", "[::1]:80", "photos.local", "Photos.Local:443"]
)
def test_our_own_names_are_let_in_whatever_the_port(host: str, guarded: Guard, ask: Ask) -> None:
    assert ask(guarded, "GET", "/v1/things/1", ("host", host)).json == {"number": 1}


def test_the_address_a_connection_came_in_by_is_let_in(app: FastAPI, ask: Ask) -> None:
    async def elsewhere(scope: Any, receive: Any, send: Any) -> None:
        await Guard(app, Access(), [])({**scope, "server": ("192.0.2.7", 8177)}, receive, send)

    assert ask(elsewhere, "GET", "/v1/things/1", ("host", "192.0.2.7:8177")).status == 200
    assert ask(elsewhere, "GET", "/v1/things/1", ("host", "192.0.2.8:8177")).status == 421


def test_a_refused_name_is_told_how_to_be_let_in(guarded: Guard, ask: Ask) -> None:
    answer = ask(guarded, "GET", "/", ("host", "nas.example:80"))
    assert answer.status == 421
    assert "--host-name nas.example" in answer.json["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        (JSON, SAME),
        (JSON, SAME, ("origin", "https://behind.a.proxy")),
        (JSON, ("origin", "http://127.0.0.1:8177"), ("cookie", "a=b")),
        (("content-type", "application/json; charset=utf-8"),),
        (JSON,),
    ],
    ids=["fetch metadata", "behind TLS", "origin", "charset", "a program"],
)
def test_our_page_and_programs_may_change_things(headers: Any, guarded: Guard, ask: Ask) -> None:
    assert ask(guarded, "POST", "/v1/things", HERE, *headers, body=b'{"a": 1}').json == {"a": 1}


def test_the_right_token_stands_for_the_origin(locked: Guard, ask: Ask) -> None:
    foreign = ("origin", "http://evil.example")
    assert ask(locked, "POST", "/v1/things", HERE, JSON, foreign, BEARER, body=b"{}").status == 200
    wrong = ("authorization", "Bearer something else, just as long")
    assert ask(locked, "POST", "/v1/things", HERE, JSON, foreign, wrong, body=b"{}").status == 403


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png"]
)
def test_what_a_form_can_send_is_no_json(kind: str, guarded: Guard, ask: Ask) -> None:
    headers = [("content-type", kind)] if kind else []
    answer = ask(guarded, "POST", "/v1/things", HERE, ("content-length", "2"), *headers, body=b"{}")
    assert answer.status == 415
    assert "application/json" in answer.json["detail"]


def test_uploads_take_pictures_and_nothing_else(guarded: Guard, ask: Ask) -> None:
    length = ("content-length", "3")
    for kind, status in (("image/avif", 200), ("application/octet-stream", 200), ("application/json", 415)):
        answer = ask(guarded, "POST", "/v1/uploads", HERE, length, ("content-type", kind), body=b"abc")
        assert answer.status == status


def test_deleting_needs_no_content_type_but_a_body_does(guarded: Guard, ask: Ask) -> None:
    assert ask(guarded, "DELETE", "/v1/things/3", HERE).json == {"deleted": 3}
    assert ask(guarded, "DELETE", "/v1/things/3", HERE, ("content-length", "2"), body=b"{}").status == 415


def test_without_session_or_token_only_the_page_and_the_login_answer(locked: Guard, app: FastAPI, ask: Ask) -> None:
    for method, path in (
        ("GET", "/v1/things/1"),
        ("GET", "/openapi.json"),
        ("GET", "/metrics"),
        ("DELETE", "/v1/session"),
    ):
        answer = ask(locked, method, path, HERE)
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert ask(locked, method, path, HERE, BEARER).status != 401
    assert ask(locked, "GET", "/", HERE).status == 200
    assert ask(locked, "GET", "/healthz", HERE).status == 404


@pytest.mark.parametrize("length", ["-1", "+1", "1e3", "abc", "", "1, 1", "0x10", "9" * 30])
def test_a_garbled_length_is_refused(length: str, guarded: Guard, ask: Ask) -> None:
    answer = ask(guarded, "POST", "/v1/things", HERE, JSON, ("content-length", length), body=b"{}")
    assert answer.status == 400
    assert answer.headers["connection"] == "close"


def test_two_lengths_are_refused(guarded: Guard, ask: Ask) -> None:
    lengths = (("content-length", "2"), ("content-length", "2"))
    assert ask(guarded, "POST", "/v1/things", HERE, JSON, *lengths, body=b"{}").status == 400


def test_a_body_is_refused_by_its_length_before_it_is_read(guarded: Guard, ask: Ask) -> None:
    for path, kind, limit in (("/v1/things", JSON, LIMITS.json), ("/v1/uploads", PICTURE, LIMITS.upload)):
        most = ask(guarded, "POST", path, HERE, kind, ("content-length", str(limit)), body=b"1".rjust(limit))
        assert most.status != 413
        answer = ask(guarded, "POST", path, HERE, kind, ("content-length", str(limit + 1)))
        assert answer.status == 413
        assert f"{limit:,} bytes" in answer.json["detail"]


@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/streams"])
def test_a_body_without_length_is_counted(path: str, guarded: Guard, ask: Ask) -> None:
    kind, limit = (PICTURE, LIMITS.upload) if path == "/v1/uploads" else (JSON, LIMITS.json)
    chunked = ("transfer-encoding", "chunked")
    whole = [b"x" * (limit // 10)] * 10
    assert ask(guarded, "POST", path, HERE, kind, chunked, body=whole).json == {"bytes": limit}
    answer = ask(guarded, "POST", path, HERE, kind, chunked, body=[*whole, b"x", b"more"])
    assert (answer.status, answer.headers["connection"]) == (413, "close")


def body_of(parts: list[tuple[float, bytes]]) -> Callable[[], Any]:
    """Return a `receive` that hands out parts of a body, each after some seconds, and then hangs."""
    left = list(parts)

    async def receive() -> dict[str, Any]:
        if not left:
            await asyncio.Event().wait()
        seconds, part = left.pop(0)
        await asyncio.sleep(seconds)
        return {"type": "http.request", "body": part, "more_body": True}

    return receive


@pytest.mark.parametrize(
    ("parts", "seconds"),
    [([], LIMITS.stall), ([(0.0, b"{")], LIMITS.stall), ([(0.02, b" ")] * 90, LIMITS.whole)],
    ids=["silent", "stalls", "drips"],
)
def test_a_body_that_takes_too_long_is_refused(
    parts: list[tuple[float, bytes]], seconds: float, guarded: Guard, ask: Ask
) -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await guarded(scope, body_of(parts), send)

    answer = ask(slow, "POST", "/v1/things", HERE, JSON, ("content-length", "99"))
    assert answer.status == 408
    assert f"within {seconds:g} seconds" in answer.json["detail"]


def test_an_app_that_does_not_wait_for_the_body_ends_the_connection(guarded: Guard, ask: Ask) -> None:
    answer = ask(guarded, "POST", "/v1/nowhere", HERE, JSON, ("content-length", "2"), body=[b"{", b"}"])
    assert (answer.status, answer.headers["connection"]) == (404, "close")


def test_an_answer_that_began_is_not_replaced(ask: Ask) -> None:
    async def hasty(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        messages = [await receive() for _ in range(4)]
        kinds = json.dumps([message["type"] for message in messages]).encode()
        await send({"type": "http.response.body", "body": kinds})

    taken = []

    async def counting(scope: Any, receive: Any, send: Any) -> None:
        async def counted() -> Any:
            taken.append(await receive())
            return taken[-1]

        await Guard(hasty, Access(), [], LIMITS)(scope, counted, send)

    answer = ask(counting, "POST", "/v1/x", HERE, JSON, ("transfer-encoding", "chunked"), body=[b"x" * 60] * 9)
    assert answer.status == 200
    assert answer.json == ["http.request", "http.disconnect", "http.disconnect", "http.disconnect"]
    assert len(taken) == 2, "nothing is read beyond the limit"


def test_a_little_of_a_refused_body_is_thrown_away_so_that_the_answer_is_read(guarded: Guard, ask: Ask) -> None:
    part = b"x" * (LINGER_BYTES // 4)
    left = [part] * 10

    async def sending(scope: Any, receive: Any, send: Any) -> None:
        async def received() -> Any:
            return {"type": "http.request", "body": left.pop(), "more_body": True}

        await guarded(scope, received, send)

    assert ask(sending, "POST", "/v1/uploads", HERE, PICTURE, ("content-length", str(len(part) * 10))).status == 413
    assert len(left) == 6


def test_after_its_body_an_app_may_wait_for_the_client_as_long_as_it_likes(ask: Ask) -> None:
    async def patient(scope: Any, receive: Any, send: Any) -> None:
        first, second = await receive(), await receive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": f"{first['type']} {second['type']}".encode()})

    async def staying(scope: Any, receive: Any, send: Any) -> None:
        async def received() -> Any:
            message = await receive()
            await asyncio.sleep(0 if message["type"] == "http.request" else 3 * LIMITS.stall)
            return message

        await Guard(patient, Access(), [], LIMITS)(scope, received, send)

    answer = ask(staying, "POST", "/v1/x", HERE, JSON, ("content-length", "2"), body=b"{}")
    assert answer.body == b"http.request http.disconnect"


def test_every_answer_has_the_headers_that_protect_it(guarded: Guard, ask: Ask) -> None:
    for path in ("/", "/v1/things/1", "/v1/things/x", "/nowhere"):
        headers = ask(guarded, "GET", path, HERE).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert "geolocation=()" in headers["permissions-policy"]
        assert headers.get("cache-control") == ("no-store" if path.startswith("/v1") else None)
    refused = ask(guarded, "GET", "/", ("host", "evil.example")).headers
    assert refused.keys() > headers.keys() - {"content-length"}


def test_an_answer_may_set_its_own_policy_and_caching(guarded: Guard, ask: Ask) -> None:
    headers = ask(guarded, "GET", "/v1/original", HERE).headers
    assert (headers["content-security-policy"], headers["cache-control"]) == ("sandbox", "max-age=60")
    own = [(b"content-security-policy", b"sandbox")]
    assert answer_headers(own, is_interface=True).count(own[0]) == 1
    assert [name for name, _ in answer_headers(own, is_interface=True)].count(b"content-security-policy") == 1


def test_web_sockets_are_closed(guarded: Guard, ask: Ask) -> None:
    assert ask(guarded, "GET", "/", HERE, kind="websocket").status == 1008
