"""Passwords, keys, tokens and sessions, with a clock that the test moves."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import ASGIApp

from lookalike.api import problems
from lookalike.api.access import (
    COOKIE,
    KEY_SECONDS,
    MOST_ADDRESSES,
    MOST_SESSIONS,
    SESSION_SECONDS,
    TRIES,
    TRIES_SECONDS,
    Access,
    Throttle,
    is_allowed,
    session_routes,
)
from lookalike.api.guard import Guard
from lookalike.errors import LookalikeError

Ask = Callable[..., Any]
PASSWORD, TOKEN = "åwesome password", "a token of at least sixteen"
HERE = ("host", "127.0.0.1:8177")
JSON = ("content-type", "application/json")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(clock: Clock) -> Access:
    return Access(PASSWORD, TOKEN, clock=clock)


def served(access: Access) -> ASGIApp:
    app = FastAPI()
    problems.install(app)
    app.include_router(session_routes(access))
    app.get("/v1/thing")(lambda: 42)
    return Guard(app, access, [])


def login(ask: Ask, app: ASGIApp, body: str, client: str = "127.0.0.1", scheme: str = "http") -> Any:
    return ask(app, "POST", "/v1/session", HERE, JSON, body=body.encode(), client=client, scheme=scheme)


def with_cookie(answer: Any) -> tuple[str, str]:
    return "cookie", f"theme=dark; {answer.headers['set-cookie'].partition(';')[0]}"


def test_the_password_opens_a_session_until_it_is_closed(access: Access, ask: Ask) -> None:
    app = served(access)
    assert ask(app, "GET", "/v1/thing", HERE).status == 401
    answer = login(ask, app, f'{{"password": "{PASSWORD}"}}')
    assert (answer.status, answer.body) == (204, b"")
    cookie = with_cookie(answer)
    assert ask(app, "GET", "/v1/thing", HERE, cookie).json == 42
    closed = ask(app, "DELETE", "/v1/session", HERE, cookie, ("sec-fetch-site", "same-origin"))
    assert closed.status == 204
    assert "Max-Age=0" in closed.headers["set-cookie"]
    assert ask(app, "GET", "/v1/thing", HERE, cookie).status == 401


def test_the_cookie_is_kept_from_scripts_and_other_sites(access: Access, ask: Ask) -> None:
    app, body = served(access), f'{{"password": "{PASSWORD}"}}'
    written = login(ask, app, body).headers["set-cookie"]
    name, *attributes = written.split("; ")
    assert name.startswith(f"{COOKIE}=")
    assert len(name) > len(COOKIE) + 42
    assert set(attributes) == {"HttpOnly", "Max-Age=2592000", "Path=/", "SameSite=strict"}
    assert "Secure" in login(ask, app, body, scheme="https").headers["set-cookie"]


def test_a_session_ends_after_thirty_days(access: Access, clock: Clock, ask: Ask) -> None:
    app = served(access)
    cookie = with_cookie(login(ask, app, f'{{"password": "{PASSWORD}"}}'))
    clock.now += SESSION_SECONDS - 1
    assert ask(app, "GET", "/v1/thing", HERE, cookie).status == 200
    clock.now += 1
    assert ask(app, "GET", "/v1/thing", HERE, cookie).status == 401


def test_the_oldest_session_makes_room_for_one_too_many(access: Access) -> None:
    def carries(session: str) -> dict[str, Any]:
        return {"headers": [(b"cookie", f"{COOKIE}={session}".encode())]}

    first, second, *others = [access.open_session() for _ in range(MOST_SESSIONS)]
    assert access.has_session(carries(first))
    last = access.open_session()
    assert not access.has_session(carries(first))
    assert all(access.has_session(carries(session)) for session in (second, *others, last))


def test_sessions_are_kept_as_hashes_alone(access: Access) -> None:
    session = access.open_session()
    assert session not in repr(vars(access))
    assert PASSWORD not in repr(vars(access))


def test_the_key_of_the_link_opens_one_session(access: Access, ask: Ask) -> None:
    app, key = served(access), access.make_key()
    assert login(ask, app, f'{{"key": "{key}"}}').status == 204
    again = login(ask, app, f'{{"key": "{key}"}}')
    assert again.status == 401
    assert "used before" in again.json["detail"]


def test_the_key_is_worth_nothing_after_ten_minutes(access: Access, clock: Clock) -> None:
    key = access.make_key()
    clock.now += KEY_SECONDS
    assert not access.use_key(key)
    newer = access.make_key()
    assert not access.use_key(key)
    clock.now += KEY_SECONDS - 1
    assert access.use_key(newer)


def test_a_wrong_password_is_refused_in_a_sentence(access: Access, ask: Ask) -> None:
    answer = login(ask, served(access), '{"password": "wrong"}')
    assert answer.status == 401
    assert "not the password" in answer.json["detail"]
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "[]",
        "1",
        '{"password": null}',
        '{"password": "a", "key": "b"}',
        '{"passwort": "a"}',
        '{"password": "\\ud800"}',
        '{"key": 1}',
    ],
)
def test_a_login_is_either_a_password_or_a_key(body: str, access: Access, ask: Ask) -> None:
    answer = login(ask, served(access), body)
    assert answer.status in (401, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_password_may_hold_what_is_no_unicode() -> None:
    assert Access("caf\udce9").is_password("caf\udce9")
    assert not Access("caf\udce9").is_password("café")


def test_of_a_thousand_guesses_ten_a_minute_are_evaluated(access: Access, clock: Clock, ask: Ask) -> None:
    app, evaluated = served(access), []
    for number in range(1000):
        clock.now += 0.25
        answer = login(ask, app, f'{{"password": "guess {number}"}}')
        if answer.status == 401:
            evaluated.append(clock.now)
        else:
            assert answer.status == 429
            assert 0 < int(answer.headers["retry-after"]) <= TRIES_SECONDS
    busiest = max(sum(start <= time < start + 60 for time in evaluated) for start in evaluated)
    assert busiest == 10
    assert len(evaluated) == 50
    right = login(ask, app, f'{{"password": "{PASSWORD}"}}')
    assert right.status == 429, "the right password is not evaluated either"
    assert login(ask, app, f'{{"password": "{PASSWORD}"}}', client="192.0.2.7").status == 204
    clock.now += TRIES_SECONDS
    assert login(ask, app, f'{{"password": "{PASSWORD}"}}').status == 204


def test_neighbours_in_an_ipv6_network_share_their_tries(clock: Clock) -> None:
    throttle = Throttle(clock)
    waits = [throttle.wait(f"2001:db8:0:7::{number:x}%eth0") for number in range(TRIES + 1)]
    assert waits == [0.0] * TRIES + [TRIES_SECONDS]
    assert throttle.wait("2001:db8:0:8::1") == 0.0


def test_the_addresses_remembered_are_bounded(clock: Clock) -> None:
    throttle = Throttle(clock)
    assert not any(throttle.wait(f"10.0.{number // 256}.{number % 256}") for number in range(MOST_ADDRESSES))
    assert throttle.wait("192.0.2.7") > 0
    assert throttle.wait("10.0.0.0") == 0.0
    clock.now += TRIES_SECONDS
    assert throttle.wait("192.0.2.7") == 0.0


def test_the_token_opens_without_a_session(access: Access, ask: Ask) -> None:
    app = served(access)
    for value, status in (
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN} ", 200),
        (f"Bearer {TOKEN}x", 401),
        (f"Basic {TOKEN}", 401),
        (TOKEN, 401),
        ("Bearer", 401),
    ):
        assert ask(app, "GET", "/v1/thing", HERE, ("authorization", value)).status == status, value
    assert ask(served(Access(PASSWORD)), "GET", "/v1/thing", HERE, ("authorization", "Bearer ")).status == 401


def test_without_password_and_token_everything_is_open(ask: Ask) -> None:
    app = served(Access())
    assert ask(app, "GET", "/v1/thing", HERE).json == 42
    answer = login(ask, app, '{"password": "a"}')
    assert answer.status == 400
    assert "no password" in answer.json["detail"]


@pytest.mark.parametrize(
    ("method", "path", "is_open"),
    [
        ("GET", "/", True),
        ("HEAD", "/assets/page.js", True),
        ("GET", "/login", True),
        ("GET", "/healthz", True),
        ("GET", "/readyz", True),
        ("POST", "/v1/session", True),
        ("DELETE", "/v1/session", False),
        ("GET", "/v1/session", False),
        ("POST", "/v1/session/", False),
        ("GET", "/v1", False),
        ("GET", "/v1/server", False),
        ("GET", "/metrics", False),
        ("GET", "/openapi.json", False),
        ("POST", "/", False),
        ("OPTIONS", "/", False),
    ],
)
def test_what_is_not_said_to_be_public_is_not(method: str, path: str, is_open: bool, access: Access) -> None:
    assert is_allowed({"method": method, "path": path, "headers": []}, access) is is_open


def test_an_empty_password_and_a_short_token_are_refused() -> None:
    with pytest.raises(LookalikeError, match="LOOKALIKE_PASSWORD"):
        Access("")
    with pytest.raises(LookalikeError, match=r"15 characters.*at least 16"):
        Access(None, "x" * 15)


def test_what_no_login_and_no_request_could_bring_is_refused_at_the_start() -> None:
    with pytest.raises(LookalikeError, match=r"1001 characters.*at most 1000"):
        Access("x" * 1001)
    for token in (" 0123456789abcdef", "0123456789abcdef ", "0123456789abcdéf", "01234567\n89abcdef"):
        with pytest.raises(LookalikeError, match="a space at an end, or a character that no request can carry"):
            Access(None, token)
    assert Access("x" * 1000, "~!0123456789abcdef").is_token("~!0123456789abcdef")
