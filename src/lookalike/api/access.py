"""Who may use the server: a password for people, a token for programs, and sessions for browsers."""

import hmac
import ipaddress
import secrets
import time
from collections.abc import Callable, Iterable
from hashlib import sha256
from math import ceil
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response
from starlette.types import Scope

from lookalike.api.problems import Problem
from lookalike.errors import LookalikeError

COOKIE = "lookalike_session"
SESSION_SECONDS = 30 * 24 * 3600
MOST_SESSIONS = 1000
KEY_SECONDS = 600
LONGEST_PASSWORD = 1000
SHORTEST_TOKEN = 16
TRIES, TRIES_SECONDS = 10, 60
MOST_ADDRESSES = 1000
"""Addresses whose tries are remembered; while all of them tried within the last minute, no other may."""


class Throttle:
    """Lets an address try a few times a minute.

    Parameters
    ----------
    clock : callable
        Returns seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._tries: dict[str, list[float]] = {}

    def wait(self, address: str) -> float:
        """Note a try and return 0, or return the seconds until the next try without noting one."""
        now, network = self._clock(), _network(address)
        recent = _recent(self._tries.get(network, ()), now)
        if len(recent) >= TRIES:
            return recent[0] + TRIES_SECONDS - now
        if network not in self._tries and len(self._tries) >= MOST_ADDRESSES:
            self._tries = {known: times for known, times in self._tries.items() if _recent(times, now)}
            if len(self._tries) >= MOST_ADDRESSES:
                return TRIES_SECONDS
        self._tries[network] = [*recent, now]
        return 0.0


def _recent(times: Iterable[float], now: float) -> list[float]:
    return [time for time in times if now - time < TRIES_SECONDS]


def _network(address: str) -> str:
    """Return what one person holds: an IPv4 address, or the 64 bits of an IPv6 network."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network((address.partition("%")[0], 64), strict=False))


class Access:
    """What opens the server: a password, a bearer token, a session, the one-time key of a link.

    Without password and token it is open to whoever reaches it.

    Parameters
    ----------
    password, token : str or None
    clock : callable
        Returns seconds that only grow.

    Raises
    ------
    LookalikeError
        If the password is empty or longer than a login takes, or the token so short that it could be guessed, or of
        characters that a request's header cannot carry.
    """

    def __init__(
        self, password: str | None = None, token: str | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if password == "":
            raise LookalikeError("the password is empty; set LOOKALIKE_PASSWORD to one, or do not set it at all")
        if password is not None and len(password) > LONGEST_PASSWORD:
            raise LookalikeError(
                f"the password has {len(password)} characters; set LOOKALIKE_PASSWORD to at most {LONGEST_PASSWORD}"
            )
        if token is not None and not (token.isascii() and token.isprintable() and token == token.strip()):
            raise LookalikeError(
                "the token has a space at an end, or a character that no request can carry; set LOOKALIKE_TOKEN to "
                "letters and digits"
            )
        if token is not None and len(token) < SHORTEST_TOKEN:
            raise LookalikeError(
                f"the token has {len(token)} characters; set LOOKALIKE_TOKEN to at least {SHORTEST_TOKEN} random ones"
            )
        self._password = None if password is None else _digest(password)
        self._token = None if token is None else _digest(token)
        self._clock = clock
        self._sessions: dict[bytes, float] = {}
        self._key: tuple[bytes, float] | None = None
        self.throttle = Throttle(clock)

    @property
    def is_open(self) -> bool:
        """Whether nothing is asked of anybody."""
        return self._password is None and self._token is None

    def is_password(self, text: str) -> bool:
        """Tell whether this is the password, in a time that says nothing about it."""
        return self._password is not None and hmac.compare_digest(_digest(text), self._password)

    def is_token(self, text: str) -> bool:
        """Tell whether this is the token, in a time that says nothing about it."""
        return self._token is not None and hmac.compare_digest(_digest(text), self._token)

    def is_bearer(self, scope: Scope) -> bool:
        """Tell whether a request carries the token."""
        if self._token is None:
            return False
        kind, _, token = _header(scope, b"authorization").partition(" ")
        return kind.lower() == "bearer" and self.is_token(token.strip())

    def make_key(self) -> str:
        """Return a key that opens one session within ten minutes; the key made before opens none any more."""
        key = secrets.token_urlsafe(32)
        self._key = _digest(key), self._clock() + KEY_SECONDS
        return key

    def use_key(self, text: str) -> bool:
        """Tell whether this is the key, which from now on it is no more."""
        if self._key is None or not hmac.compare_digest(_digest(text), self._key[0]):
            return False
        (_, end), self._key = self._key, None
        return self._clock() < end

    def open_session(self) -> str:
        """Return the id of a new session, of which only the hash is kept; the oldest makes room."""
        if len(self._sessions) >= MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        session = secrets.token_urlsafe(32)
        self._sessions[_digest(session)] = self._clock() + SESSION_SECONDS
        return session

    def has_session(self, scope: Scope) -> bool:
        """Tell whether a request carries the id of a session that is open."""
        return self._clock() < self._sessions.get(_digest(_session_of(scope)), 0.0)

    def close_session(self, scope: Scope) -> None:
        """End the session that a request carries."""
        self._sessions.pop(_digest(_session_of(scope)), None)


def is_allowed(scope: Scope, access: Access) -> bool:
    """Tell whether a request may be answered: the only place that decides it; what nothing allows is refused."""
    return access.is_open or _is_public(scope["method"], scope["path"]) or _is_known(scope, access)


def _is_known(scope: Scope, access: Access) -> bool:
    return access.has_session(scope) or access.is_bearer(scope)


def _is_public(method: str, path: str) -> bool:
    """Tell whether everybody may ask this: whether the server lives, to be let in, and the files of the page."""
    if path == "/v1/session":
        return method == "POST"
    return method in ("GET", "HEAD") and not path.startswith(("/v1", "/metrics", "/openapi.json"))


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _header(scope: Scope, wanted: bytes) -> str:
    for name, value in scope["headers"]:
        if name == wanted:
            return value.decode("latin-1")
    return ""


def _session_of(scope: Scope) -> str:
    for part in _header(scope, b"cookie").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


class Login(BaseModel):
    """What opens a session: the password, or the one-time key of a link."""

    model_config = ConfigDict(extra="forbid")

    password: Annotated[str | None, Field(max_length=LONGEST_PASSWORD)] = None
    key: Annotated[str | None, Field(max_length=100)] = None

    @model_validator(mode="before")
    @classmethod
    def _is_one(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value.keys() & {"password", "key"}) != 1:
            raise ValueError("give either password or key")
        return value


def session_routes(access: Access) -> APIRouter:
    """Return the routes that open and end sessions."""
    router = APIRouter(prefix="/v1/session", tags=["session"])

    @router.post("", status_code=204, response_class=Response)
    async def open_session(login: Login, request: Request) -> Response:
        """Open a session with the password or the key of a link: the answer sets its cookie."""
        if access.is_open:
            return Problem(400, "Nothing to open", "this server asks for no password; go on without one").response()
        wait = access.throttle.wait(request.client.host if request.client else "")
        if wait > 0:
            return _too_many(ceil(wait))
        if _opens(login, access):
            return _with_cookie(request, access.open_session(), SESSION_SECONDS)
        return _refusal(login).response()

    @router.delete("", status_code=204, response_class=Response)
    async def close_session(request: Request) -> Response:
        """End the session, and delete its cookie."""
        access.close_session(request.scope)
        return _with_cookie(request, "", 0)

    return router


def _opens(login: Login, access: Access) -> bool:
    if login.password is not None:
        return access.is_password(login.password)
    return login.key is not None and access.use_key(login.key)


def _with_cookie(request: Request, session: str, seconds: int) -> Response:
    response = Response(status_code=204)
    is_secure = request.url.scheme == "https"
    response.set_cookie(COOKIE, session, seconds, httponly=True, samesite="strict", secure=is_secure)
    return response


def _refusal(login: Login) -> Problem:
    if login.password is not None:
        return Problem(401, "Not let in", "this is not the password; try again, or ask who runs the server")
    detail = "this link was used before or is older than ten minutes; give the password, or start the server again"
    return Problem(401, "Not let in", detail)


def _too_many(seconds: int) -> Response:
    detail = f"there were {TRIES} tries within a minute from this address; try again in {seconds} seconds"
    return Problem(429, "Too many tries", detail).response({"Retry-After": str(seconds)})
