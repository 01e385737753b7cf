"""Problem documents (RFC 9457): what an answer that is an error looks like, and which error gets which status."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from lookalike import errors

MEDIA_TYPE = "application/problem+json"
SHOWN = 200
"""Characters of a path or value that an answer repeats."""

STATUSES: dict[type[errors.LookalikeError], tuple[int, str]] = {
    errors.LookalikeError: (400, "This cannot be done"),
    errors.BadQuery: (400, "The query cannot be understood"),
    errors.BadRecipe: (400, "The recipe cannot be used"),
    errors.ItemNotFound: (404, "Not in the collection"),
    errors.CollectionNotFound: (404, "No collection is there"),
    errors.ModelNotFound: (404, "No such network"),
    errors.CollectionBusy: (409, "The collection is busy"),
    errors.UnknownWords: (422, "The words are not understood"),
    errors.UnreadableMedia: (422, "Not a readable picture"),
    errors.CollectionDamaged: (500, "The collection is damaged"),
    errors.IncompatibleCollection: (500, "The collection is of another version"),
    errors.BadModel: (500, "The network is damaged"),
    errors.EngineRefused: (502, "The search engine refuses"),
    errors.EngineUnavailable: (503, "The search engine cannot be used"),
    errors.StorageFull: (507, "The disk is full"),
}
"""The status and title of each error; one that is not listed has those of its parent."""


@dataclass(frozen=True)
class Problem:
    """An answer that says what went wrong.

    Attributes
    ----------
    status : int
        The HTTP status.
    title : str
        The kind of problem, the same each time it happens.
    detail : str
        One sentence with the fact, the value and the remedy.
    """

    status: int
    title: str
    detail: str

    def content(self) -> bytes:
        """Return the JSON document; in ASCII, because a path may hold what is no Unicode."""
        document = {"type": "about:blank", "title": self.title, "status": self.status, "detail": self.detail}
        return json.dumps(document).encode("ascii")

    def response(self, headers: dict[str, str] | None = None) -> Response:
        """Return the answer of a route."""
        return Response(self.content(), self.status, headers, MEDIA_TYPE)


def problem_of(error: errors.LookalikeError) -> Problem:
    """Return the problem that an error of ours is."""
    status, title = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    return Problem(status, title, str(error))


def install(app: FastAPI) -> None:
    """Let an app answer every error with a problem document.

    The traceback of an error that nobody foresaw goes to the log of the server that runs the app.
    """
    app.add_exception_handler(errors.LookalikeError, _answer_ours)
    app.add_exception_handler(OSError, _answer_full)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_unforeseen)


async def _answer_ours(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.LookalikeError)
    return problem_of(error).response()


async def _answer_full(request: Request, error: Exception) -> Response:
    assert isinstance(error, OSError)
    if error.errno not in errors.FULL:
        raise error
    full = errors.StorageFull(f"there is no room for this on the server's disk ({error.strerror}); make room there")
    return problem_of(full).response()


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return Problem(422, "The request cannot be understood", invalid_sentence(error.errors()[0])).response()


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    headers = dict(error.headers or {})
    detail = _sentence(request, error.status_code, headers) if error.detail == phrase else str(error.detail)
    return Problem(error.status_code, phrase, detail).response(headers)


async def _answer_unforeseen(request: Request, error: Exception) -> Response:
    detail = "the server met an error that nobody foresaw; its log says which, and trying again may help"
    return Problem(500, "Internal Server Error", detail).response()


def _sentence(request: Request, status: int, headers: dict[str, str]) -> str:
    path = request.scope["path"][:SHOWN]
    if status == 405 and "Allow" in headers:
        return f"{request.method} is not possible at {path}; it takes {headers['Allow']}"
    if status == 404:
        return f"there is nothing at {path}; /openapi.json lists what there is"
    return f"{request.method} {path} cannot be answered: {HTTPStatus(status).description.lower() or status}"


def invalid_sentence(error: dict[str, Any]) -> str:
    """Return a sentence that says which part of a request is wrong, from one of pydantic's errors.

    >>> invalid_sentence({"type": "x", "loc": ("query", "k"), "msg": "Input should be at least 1", "input": "0"})
    "k in the query is '0', but input should be at least 1"
    """
    place, *names = (str(part) for part in error["loc"])
    message = error["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    if error["type"] == "json_invalid":
        return f"the body is no JSON from character {names[0]} on; send a JSON object"
    subject = f"{'.'.join(names)} in the {place}" if names else f"the {place}"
    if error["type"] == "missing":
        return f"{subject} is missing; give it"
    value = error["input"]
    is_shown = names and isinstance(value, str | int | float | None)
    return f"{subject} is {repr(value)[:SHOWN]}, but {message}" if is_shown else f"{subject} is wrong: {message}"
