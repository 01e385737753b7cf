"""The application: routes around one collection, inside a guard."""

from collections.abc import Collection as Names
from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI
from starlette.types import ASGIApp

from lookalike import __version__
from lookalike.api import albums, care, events, health, labels, pictures, problems, searching, shapes
from lookalike.api.access import Access, session_routes
from lookalike.api.guard import Guard, Limits
from lookalike.api.page import Page
from lookalike.api.searcher import Searcher
from lookalike.api.site import Site
from lookalike.collection import Collection
from lookalike.jobs import Jobs

PROBLEM = {
    "description": "Why the request was not answered",
    "content": {problems.MEDIA_TYPE: {"schema": shapes.Problem.model_json_schema()}},
}
DESCRIPTION = "Finds pictures by what they show. Paths of files are never part of an address; pictures have ids."


def make_routes(site: Site) -> FastAPI:
    """Return the routes of a site without their guard, as the OpenAPI document describes them."""
    app = FastAPI(
        title="Lookalike",
        version=__version__,
        description=DESCRIPTION,
        docs_url=None,  # the usual pages load scripts from elsewhere
        redoc_url=None,
        responses={"4XX": PROBLEM},
        redirect_slashes=False,
    )
    app.state.site = site
    app.state.registry = health.make_registry(lambda: len(site.collection))
    problems.install(app)
    app.include_router(session_routes(site.access))
    for part in (searching, pictures, labels, albums, care, events, health):
        app.include_router(part.router)
    app.add_route("/{path:path}", Page().answer, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_middleware(health.Metrics, registry=app.state.registry)
    return app


def create_app(
    collection: Collection, jobs: Jobs, *, access: Access, hosts: Names[str], roots: Sequence[Path] = ()
) -> ASGIApp:
    """Return the application that serves a collection.

    Parameters
    ----------
    collection : Collection
    jobs : Jobs
        Of the same collection.
    access : Access
        Who may use it.
    hosts : collection of str
        Names that the server goes by, besides those of loopback.
    roots : sequence of Path
        Folders below these may be looked into and added.
    """
    site = Site(collection, jobs, access, tuple(roots), Searcher(collection))
    limits = Limits(upload=collection.settings.max_upload_bytes)
    return Guard(make_routes(site), access=access, hosts=hosts, limits=limits)
