"""Every error is a problem document with a sentence."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI, Query
from pydantic import BaseModel, field_validator
from starlette.exceptions import HTTPException

from lookalike import errors
from lookalike.api import problems
from lookalike.api.problems import STATUSES, Problem, problem_of

Ask = Callable[..., Any]
JSON = ("content-type", "application/json")


class Order(BaseModel):
    """A body with a field that has a rule."""

    names: list[str]

    @field_validator("names")
    @classmethod
    def _are_names(cls, names: list[str]) -> list[str]:
        if not all(names):
            raise ValueError("Names have letters")
        return names


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    problems.install(app)

    @app.get("/fail/{name}")
    def fail(name: str) -> None:
        raise getattr(errors, name)(f"caf\udce9 met {name}")

    @app.get("/boom")
    def boom() -> None:
        raise RuntimeError("an inner secret")

    @app.get("/teapot")
    def teapot() -> None:
        raise HTTPException(418, "short and stout", {"x-own": "kept"})

    @app.get("/search")
    def search(k: int = Query(ge=1, le=1000)) -> int:
        return k

    @app.post("/orders")
    def order(body: Order) -> Order:
        return body

    return app


def test_every_error_of_ours_has_a_status() -> None:
    ours = {
        kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.LookalikeError)
    }
    assert set(STATUSES) == ours


@pytest.mark.parametrize("kind", STATUSES, ids=lambda kind: kind.__name__)
def test_an_error_of_ours_is_answered_with_its_sentence(
    kind: type[errors.LookalikeError], app: FastAPI, ask: Ask
) -> None:
    answer = ask(app, "GET", f"/fail/{kind.__name__}")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json == {
        "type": "about:blank",
        "title": STATUSES[kind][1],
        "status": STATUSES[kind][0],
        "detail": f"caf\udce9 met {kind.__name__}",
    }
    assert answer.status == STATUSES[kind][0]


def test_an_error_that_is_not_listed_is_answered_as_its_parent() -> None:
    class Newer(errors.ItemNotFound):
        """An error of a plug-in."""

    assert problem_of(Newer("gone")).status == 404


def test_an_error_nobody_foresaw_tells_nothing_of_itself(app: FastAPI, ask: Ask) -> None:
    caught = []

    async def outside(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except RuntimeError as error:  # as the server, which writes the traceback to its log
            caught.append(error)

    answer = ask(outside, "GET", "/boom")
    assert answer.status == 500
    assert "log" in answer.json["detail"]
    assert b"secret" not in answer.body
    assert [str(error) for error in caught] == ["an inner secret"]


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/nowhere", 404, "nothing at /nowhere"),
        ("GET", "/\udce9" + "x" * 9999, 404, "nothing at"),
        ("POST", "/search", 405, "POST is not possible at /search; it takes GET"),
        ("GET", "/teapot", 418, "short and stout"),
    ],
    ids=["nowhere", "long", "method", "own"],
)
def test_what_http_knows_is_said_in_a_sentence(
    method: str, path: str, status: int, words: str, app: FastAPI, ask: Ask
) -> None:
    answer = ask(app, method, path)
    assert answer.status == answer.json["status"] == status
    assert words in answer.json["detail"]
    assert len(answer.body) < 1500


def test_the_headers_of_an_http_error_are_kept(app: FastAPI, ask: Ask) -> None:
    assert ask(app, "GET", "/teapot").headers["x-own"] == "kept"
    assert ask(app, "POST", "/search").headers["allow"] == "GET"


def test_other_http_errors_without_words_get_some(ask: Ask) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    def busy() -> None:
        raise HTTPException(503)

    assert "GET / cannot be answered" in ask(app, "GET", "/").json["detail"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "the body is missing; give it"),
        (b"{", "the body is no JSON from character 1 on; send a JSON object"),
        (b"[]", "the body is wrong: input should be a valid dictionary or object to extract fields from"),
        (b"{}", "names in the body is missing; give it"),
        (b'{"names": 7}', "names in the body is 7, but input should be a valid list"),
        (b'{"names": ["a", 2.5]}', "names.1 in the body is 2.5, but input should be a valid string"),
        (b'{"names": [""]}', "names in the body is wrong: names have letters"),
    ],
)
def test_a_wrong_field_is_named_in_a_sentence(body: bytes, sentence: str, app: FastAPI, ask: Ask) -> None:
    answer = ask(app, "POST", "/orders", JSON, body=body)
    assert answer.status == 422
    assert answer.json["detail"] == sentence


def test_a_missing_parameter_is_named(app: FastAPI, ask: Ask) -> None:
    assert ask(app, "GET", "/search").json["detail"] == "k in the query is missing; give it"


def test_a_problem_is_written_in_ascii() -> None:
    content = Problem(404, "Gone", "no file holds caf\udce9 – ever").content()
    assert json.loads(content.decode("ascii"))["detail"] == "no file holds caf\udce9 – ever"
