"""What every request passes before the app sees it, and what every answer carries: one ASGI middleware.

A request must ask for a host that is ours (a stranger may have bound a name of his to our address), must come from our
own page or from a program if it changes anything, must be allowed, and must send neither too much nor too slowly.
"""

import asyncio
import re
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from time import monotonic

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike.api.access import Access, is_allowed
from lookalike.api.problems import MEDIA_TYPE, Problem

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
HOST = re.compile(rb"(?:\[([0-9a-f.]*:[0-9a-f:.]*)\]|([0-9a-z._-]{1,255}))(?::[0-9]{0,5})?")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
UPLOADS = "/v1/uploads"
"""The one path that takes the bytes of a picture; all others take JSON."""

Header = tuple[bytes, bytes]
NO_STORE = (b"cache-control", b"no-store")
CLOSE = (b"connection", b"close")
CHALLENGE = (b"www-authenticate", b"Bearer")
ALWAYS: tuple[Header, ...] = (
    (
        b"content-security-policy",
        b"default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
        b"object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        b"microphone=(), midi=(), payment=(), usb=()",
    ),
)
GONE: Message = {"type": "http.disconnect"}

LINGER_SECONDS, LINGER_BYTES = 1.0, 4 << 20
"""How long and how much of a refused body is thrown away, so that the answer is read before the connection ends."""


@dataclass(frozen=True)
class Limits:
    """What a body may weigh and take.

    Attributes
    ----------
    json, upload : int
        Bytes of a body of JSON and of a picture.
    stall, whole : float
        Seconds without a byte, and in all.
    """

    json: int = 1 << 20
    upload: int = 100 << 20
    stall: float = 15.0
    whole: float = 300.0


class Guard:
    """Answers what must not pass, lets the rest through to the app, and adds the headers of every answer.

    Parameters
    ----------
    app : ASGI application
    access : Access
    hosts : collection of str
        Names and addresses, without port, that this server is reached by; those of loopback, and the address that
        a connection came in by, always are.
    limits : Limits
    """

    def __init__(self, app: ASGIApp, access: Access, hosts: Collection[str], limits: Limits | None = None) -> None:
        self.app = app
        self._access = access
        self._hosts = LOOPBACK | {host.lower() for host in hosts}
        self._limits = limits or Limits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = Asked(scope)
        problem = (
            host_problem(scope, asked, self._hosts)
            or origin_problem(scope, asked, self._access)
            or type_problem(scope, asked)
            or permission_problem(scope, self._access)
            or length_problem(scope, asked, self._limits)
        )
        if problem is not None:
            await refuse(problem, receive, send, has_body=asked.has_body)
        elif asked.has_body:
            await self._with_body(scope, receive, send)
        else:
            await self.app(scope, receive, _adding_headers(scope, send))

    async def _with_body(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Body(receive, send, _limit(scope, self._limits), self._limits)
        with suppress(ClientDisconnect):  # who has gone, or was refused, needs no answer from the app
            await self.app(scope, body.receive, _adding_headers(scope, body.send))
        if body.problem is not None and not body.is_answered:
            await refuse(body.problem, receive, send, has_body=True)


class Asked:
    """The headers of a request that the guard looks at, found in one pass."""

    __slots__ = ("content_length", "content_type", "cookie", "has_body", "host", "origin", "site")

    def __init__(self, scope: Scope) -> None:
        self.host: list[bytes] = []
        self.content_length: list[bytes] = []
        self.content_type: bytes = b""
        self.origin: bytes | None = None
        self.site: bytes | None = None
        self.cookie = False
        is_chunked = False
        for name, value in scope["headers"]:
            if name == b"host":
                self.host.append(value)
            elif name == b"content-length":
                self.content_length.append(value)
            elif name == b"content-type":
                self.content_type = value.partition(b";")[0].strip().lower()
            elif name == b"origin":
                self.origin = value.lower()
            elif name == b"sec-fetch-site":
                self.site = value.lower()
            elif name == b"cookie":
                self.cookie = True
            elif name == b"transfer-encoding":
                is_chunked = True
        self.has_body = is_chunked or any(length != b"0" for length in self.content_length)


def host_problem(scope: Scope, asked: Asked, hosts: Collection[str]) -> Problem | None:
    """Refuse a host that is not ours: a foreign page may have bound its name to our address."""
    name = host_name(asked.host[0]) if len(asked.host) == 1 else None
    if name is None:
        return Problem(400, "Bad Request", "the request names no host, several, or a malformed one; send one Host")
    if name in hosts or name == _own_address(scope):
        return None
    detail = f"this server does not go by the name {name}; start it with `--host-name {name}` if it should"
    return Problem(421, "Misdirected Request", detail)


def _own_address(scope: Scope) -> str | None:
    """Return the address that the connection came in by; whoever asks for an address was not led by a name."""
    server = scope.get("server")
    return server[0] if server else None


@lru_cache(maxsize=64)
def host_name(value: bytes) -> str | None:
    """Return the name in a Host header, in lower case and without its port; None if it is malformed.

    >>> host_name(b"[::1]:8177"), host_name(b"Photos.local"), host_name(b"a:b")
    ('::1', 'photos.local', None)
    """
    match = HOST.fullmatch(value.lower())
    return (match[1] or match[2]).decode("ascii") if match else None


def origin_problem(scope: Scope, asked: Asked, access: Access) -> Problem | None:
    """Refuse to change anything for another site's page that a browser shows beside ours."""
    if scope["method"] in SAFE or _is_own_page(scope, asked) or access.is_bearer(scope):
        return None
    return Problem(403, "Forbidden", "this request comes from another site's page; send it from this server's own page")


def _is_own_page(scope: Scope, asked: Asked) -> bool:
    """Tell whether a request comes from our page, or from a program: that sends no origin, and no cookies."""
    if asked.origin == b"null":
        return False
    if asked.site is not None:
        return asked.site == b"same-origin"
    if asked.origin is not None:
        return asked.origin == scope["scheme"].encode("ascii") + b"://" + asked.host[0].lower()
    return not asked.cookie


def type_problem(scope: Scope, asked: Asked) -> Problem | None:
    """Refuse what a form of another site could send: to change anything needs JSON, or a picture where one is taken."""
    if scope["method"] in SAFE or (scope["method"] == "DELETE" and not asked.has_body):
        return None
    if _takes_picture(scope):
        is_right = asked.content_type.startswith(b"image/") or asked.content_type == b"application/octet-stream"
        wanted = "image/... or application/octet-stream"
    else:
        is_right, wanted = asked.content_type == b"application/json", "application/json"
    if is_right:
        return None
    sent = asked.content_type.decode("latin-1")[:100] or "none"
    return Problem(415, "Unsupported Media Type", f"the content type must be {wanted}, got {sent}")


def _takes_picture(scope: Scope) -> bool:
    return scope["path"] == UPLOADS


def permission_problem(scope: Scope, access: Access) -> Problem | None:
    """Refuse what `is_allowed` does not allow."""
    if is_allowed(scope, access):
        return None
    return Problem(401, "Unauthorized", "this server asks for a password; give it on its page, or send the token")


def length_problem(scope: Scope, asked: Asked, limits: Limits) -> Problem | None:
    """Refuse a body that says it is too long, or does not say clearly how long it is."""
    if not asked.content_length:
        return None
    text = asked.content_length[0]
    if len(asked.content_length) > 1 or not (text.isdigit() and len(text) <= 19):
        return Problem(400, "Bad Request", "the Content-Length is no number, or there are several; send one number")
    limit = _limit(scope, limits)
    return _too_large(limit) if int(text) > limit else None


def _limit(scope: Scope, limits: Limits) -> int:
    return limits.upload if _takes_picture(scope) else limits.json


def _too_large(limit: int) -> Problem:
    return Problem(413, "Content Too Large", f"the body has more than {limit:,} bytes; send less at once")


def _too_slow(seconds: float) -> Problem:
    return Problem(408, "Request Timeout", f"the body did not come within {seconds:g} seconds; send it again")


class Body:
    """Hands a body on to the app while it keeps to the limits; beyond them the app hears that the client has gone.

    Attributes
    ----------
    problem : Problem or None
        What is wrong with the body.
    is_answered : bool
        Whether the app began its answer.
    """

    def __init__(self, receive: Receive, send: Send, limit: int, limits: Limits) -> None:
        self._receive = receive
        self._send = send
        self._limit = self._n_left = limit
        self._limits = limits
        self._end = monotonic() + limits.whole
        self._is_whole = False
        self.problem: Problem | None = None
        self.is_answered = False

    async def receive(self) -> Message:
        """Return the next part of the body to the app."""
        if self._is_whole:
            return await self._receive()
        if self.problem is not None:
            return GONE
        seconds = min(self._limits.stall, max(0.0, self._end - monotonic()))
        try:
            async with asyncio.timeout(seconds):
                message = await self._receive()
        except TimeoutError:
            self.problem = _too_slow(self._limits.stall if seconds == self._limits.stall else self._limits.whole)
            return GONE
        self._n_left -= len(message.get("body", b""))
        if self._n_left < 0:
            self.problem = _too_large(self._limit)
            return GONE
        self._is_whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the app's answer, unless the body's problem is the answer."""
        if self.problem is not None and not self.is_answered:
            return
        if not self.is_answered and not self._is_whole:
            message["headers"] = [*message["headers"], CLOSE]  # what is left of the body is nobody's to wait for
        self.is_answered = True
        await self._send(message)


def _adding_headers(scope: Scope, send: Send) -> Send:
    """Return a `send` that adds to an answer's headers those of every answer."""
    is_interface = scope["path"].startswith("/v1/")

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = answer_headers(message.get("headers", []), is_interface=is_interface)
        await send(message)

    return send_guarded


def answer_headers(headers: Iterable[Header], *, is_interface: bool) -> list[Header]:
    """Return the headers of an answer with those of every answer that it does not set itself."""
    own = dict(headers)
    complete = [*headers, *(pair for pair in ALWAYS if pair[0] not in own)]
    if is_interface and b"json" in own.get(b"content-type", b"") and b"cache-control" not in own:
        complete.append(NO_STORE)
    return complete


async def refuse(problem: Problem, receive: Receive, send: Send, *, has_body: bool) -> None:
    """Answer with a problem, and end the connection if a body is still to come on it."""
    content = problem.content()
    headers = [
        (b"content-type", MEDIA_TYPE.encode("ascii")),
        (b"content-length", str(len(content)).encode("ascii")),
        NO_STORE,
        *ALWAYS,
        *([CHALLENGE] if problem.status == 401 else []),
        *([CLOSE] if has_body else []),
    ]
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": content, "more_body": has_body})
    if has_body:
        await _linger(receive)
        await send({"type": "http.response.body", "body": b""})


async def _linger(receive: Receive) -> None:
    """Throw away a little of what still comes: ended at once, a connection may lose the answer on its way."""
    n_left = LINGER_BYTES
    with suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while n_left > 0:
                message = await receive()
                if not message.get("more_body", False):
                    return
                n_left -= len(message["body"])
