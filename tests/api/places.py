"""Every place of the interface that takes a text, by its OpenAPI document; and requests that are sent as they are."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike.query.filters import FIELDS

Fill = Callable[[str], "Sent"]
HERE = ("host", "127.0.0.1:8177")
ENDLESS = "/v1/events"
"""Takes nothing, and its answer never ends."""

PROPER: dict[str, Any] = {
    "album_id": 1,
    "format": "csv",
    "handle": "0123456789abcdef0123456789abcdef",
    "ids": [],
    "item_id": 1,
    "items": [],
    "job_id": 1,
    "kind": "add",
    "labels": ["dog", "boat"],
    "generation": 1,
    "model": "classics",
    "name": "x",
    "path": None,
    "q": "#1",
    "size": "small",
    "space": "picture",
    "text": "a",
}
"""What stands in the other places of a request."""

TERMS: dict[str, Callable[[str], Any]] = {
    "path": lambda text: {"term": "image", "path": text},
    "id": lambda text: {"term": "image", "id": text},
    "upload": lambda text: {"term": "image", "upload": text},
    "like": lambda text: {"term": "image", "id": 1, "like": text},
    "text": lambda text: {"term": "words", "text": text},
    "rgb": lambda text: {"term": "colour", "rgb": text},
    "term": lambda text: {"term": text},
    **{field: lambda text, field=field: {"term": "where", field: text} for field in FIELDS},
}
"""Terms of a query as JSON with a text in them."""


@dataclass(frozen=True)
class Sent:
    """One request: its target as it stands on the wire, its JSON if it takes any, and one more header."""

    method: str
    target: bytes
    body: Any = None
    header: tuple[str, str] | None = None


def send(ask: Callable[..., Any], app: ASGIApp, request: Sent) -> Any:
    """Send a request without tidying its target as clients do, wait for the whole answer, and return it."""
    path, _, query = request.target.partition(b"?")

    async def on_the_wire(scope: Scope, receive: Receive, answer: Send) -> None:
        async def staying() -> Message:
            message = await receive()
            return message if message["type"] == "http.request" else await asyncio.Future()

        await app({**scope, "path": unquote(path), "raw_path": path, "query_string": query}, staying, answer)

    headers = [HERE] if request.header is None else [HERE, request.header]
    body = b"" if request.body is None else json.dumps(request.body).encode()
    if request.method in ("POST", "PATCH"):
        headers.append(("content-type", "application/json"))
    if body:
        headers.append(("content-length", str(len(body))))
    try:
        return ask(on_the_wire, request.method, "", *headers, body=body)
    except Exception as error:
        error.add_note(f"asked with {request}")
        raise


def in_url(text: str, *, safe: str = "") -> bytes:
    """Return a text as a part of a URL."""
    return quote(text.encode("utf-8", "surrogatepass"), safe=safe).encode()


def places(document: dict[str, Any]) -> dict[str, Fill]:
    """Return by name every place that takes a text: parts of paths and queries, headers, strings in JSON."""
    found: dict[str, Fill] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path != ENDLESS:
                label, shape = f"{method.upper()} {path}", _body_shape(document, operation)
                found |= {
                    f"{label} {name}": fill for name, fill in _in_parameters(method.upper(), path, operation, shape)
                }
                found |= {f"{label} {name}": fill for name, fill in _in_body(method.upper(), path, shape)}
    return found | {f"GET {start}*": _below(start) for start in ("/", "/assets/", "/v1/", "/v1/items/1/original/")}


def _body_shape(document: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    shape: dict[str, Any] = document["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    return shape


def _proper(shape: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if shape is None else {key: PROPER[key] for key in shape.get("required", [])}


def _in_parameters(
    method: str, path: str, operation: dict[str, Any], shape: dict[str, Any] | None
) -> Iterator[tuple[str, Fill]]:
    required = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query" and one["required"]]
    for parameter in operation.get("parameters", []):
        name = parameter["name"]
        if parameter["in"] == "path":
            yield name, lambda text, name=name: Sent(method, _target(path, {name: text}), _proper(shape))
        elif parameter["in"] == "header":
            yield name, lambda text, name=name: Sent(method, _target(path), None, (name.lower(), _in_header(text)))
        else:
            others = {other: PROPER[other] for other in required if other != name}
            yield name, lambda text, name=name, others=others: Sent(method, _asking(path, others | {name: text}))


def _target(path: str, given: dict[str, str] | None = None) -> bytes:
    """Return a path with its open parts filled; what marks a URL stays, so that dots, slashes and escapes arrive."""
    filled = PROPER | (given or {})
    return re.sub(r"\{(\w+)\}", lambda part: in_url(str(filled[part[1]]), safe="/%\\:;.~+").decode(), path).encode()


def _asking(path: str, given: dict[str, Any]) -> bytes:
    return _target(path) + b"?" + b"&".join(key.encode() + b"=" + in_url(str(value)) for key, value in given.items())


def _in_header(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def _in_body(method: str, path: str, shape: dict[str, Any] | None) -> Iterator[tuple[str, Fill]]:
    for key, value in (shape or {"properties": {}})["properties"].items():
        kinds = {kind["type"] for kind in value.get("anyOf", [value])}
        rest = _proper(shape) or {}
        if "string" in kinds:
            yield key, lambda text, key=key, rest=rest: Sent(method, _target(path), rest | {key: text})
        if "array" in kinds:
            yield f"{key}[]", lambda text, key=key, rest=rest: Sent(method, _target(path), rest | {key: [text]})
        if "object" in kinds:
            for name, term in TERMS.items():
                yield (
                    f"{key}.{name}",
                    lambda text, key=key, term=term: Sent(method, _target(path), _tree(key, term(text))),
                )


def _tree(key: str, term: Any) -> Any:
    return {key: {"version": 1, "query": term}}


def _below(start: str) -> Fill:
    return lambda text: Sent("GET", start.encode() + in_url(text, safe="/%\\:;.~+"))
