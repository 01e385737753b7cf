"""What the OpenAPI document promises is what the application does, whatever schemathesis thinks of."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.config import (
    ChecksConfig,
    GenerationConfig,
    PositiveDataAcceptanceConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
    SimpleCheckConfig,
)
from schemathesis.core.failures import FailureGroup
from starlette.testclient import TestClient

from lookalike.api.access import Access
from lookalike.api.app import create_app
from lookalike.api.guard import Guard
from lookalike.collection import Collection
from lookalike.jobs import Jobs
from lookalike.settings import Settings

Draw = Callable[..., Path]
ORIGIN = "http://127.0.0.1:8177"
N_EXAMPLES = 20
GENERATION = GenerationConfig(deterministic=True, database="none", max_examples=N_EXAMPLES)
CHECKS = ChecksConfig(
    # A query or an id may be of the right form and still ask for nothing that is there.
    positive_data_acceptance=PositiveDataAcceptanceConfig(enabled=False),
    # The guard refuses what changes things without a content type before anybody looks whether the method is known,
    # and a path that no route takes with GET is a view of the page.
    unsupported_method=SimpleCheckConfig(enabled=False),
    allow_header_conformance=SimpleCheckConfig(enabled=False),
)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Iterator[Any]:
    """The document of an application that serves eight pictures and an album."""
    place = tmp_path_factory.mktemp("schema")
    for seed in range(8):
        draw(place / "root" / f"{seed}.jpg", seed)
    project = ProjectConfig(base_url=ORIGIN, generation=GENERATION, checks=CHECKS)
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    with Collection(place / "collection", settings=Settings(workers=1, model=None)) as collection:
        collection.add(place / "root")
        collection.make_album("boats", [1, 2])
        with Jobs(collection) as jobs:
            app = create_app(collection, jobs, access=Access(), hosts=(), roots=[place / "root"])
            assert isinstance(app, Guard)
            assert isinstance(app.app, FastAPI)
            document = schemathesis.openapi.from_dict(app.app.openapi(), config=config)
            document.app = app
            yield document


def operations(document: Any) -> Iterator[Any]:
    """Yield every operation but one: the answer of /v1/events never ends, so nothing waits for it here."""
    for result in document.exclude(path="/v1/events").get_all_operations():
        yield result.ok()


@pytest.mark.parametrize("what", ["thumbnail/{size}", "original"])
def test_that_a_file_is_not_changed_is_in_the_document_too(document: Any, what: str) -> None:
    with TestClient(document.app, base_url=ORIGIN) as client:
        last = client.get("/v1/items").json()["items"][-1]["id"]
        address = f"/v1/items/{last}/{what.format(size='small')}"
        tag = client.get(address).headers["etag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
    assert "304" in document.raw_schema["paths"][f"/v1/items/{{item_id}}/{what}"]["get"]["responses"]


def test_answers_to_the_ends_of_every_range_are_what_the_document_says(document: Any) -> None:
    n_cases, wrong = 0, []
    for operation in operations(document):
        cases = document.iter_coverage_cases(
            operation, generation_modes=list(GenerationMode), generation_config=GENERATION
        )
        for case in cases:
            n_cases += 1
            wrong += [(operation.label, problem) for problem in found_wrong(case)]
    assert wrong == []
    assert n_cases > 500


def found_wrong(case: schemathesis.Case) -> list[str]:
    """Return what is wrong with the answer to a case."""
    try:
        case.call_and_validate()
    except FailureGroup as found:
        return [f"{problem.title}: {problem.message}" for problem in found.exceptions]
    return []


@pytest.mark.parametrize("mode", GenerationMode)
def test_answers_to_anything_are_what_the_document_says(document: Any, mode: GenerationMode) -> None:
    for operation in operations(document):

        @hypothesis_settings(
            max_examples=N_EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
        )
        @given(operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            assert found_wrong(case) == []

        with suppress(Unsatisfiable):  # what takes nothing cannot be asked wrongly
            ask()
