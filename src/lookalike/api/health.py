"""Routes for those who watch a server: whether it lives, whether it can answer, what it did."""

import time

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lookalike.api.site import TheSite

router = APIRouter(tags=["health"])

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """Counts the answers of an app and measures their time, by route; the app stands inside.

    Parameters
    ----------
    app : ASGI application
    registry : CollectorRegistry
    """

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        names = ("method", "route")
        self._answers = Counter("lookalike_answers", "Answers", (*names, "status"), registry=registry)
        self._seconds = Histogram(
            "lookalike_answer_seconds", "Seconds to the last byte", names, registry=registry, buckets=SECONDS
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and note how."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._answers.labels(method, route, status).inc()
            self._seconds.labels(method, route).observe(time.perf_counter() - started)


METHODS = {"GET", "HEAD", "POST", "PATCH", "DELETE"}


@router.get("/healthz", response_class=PlainTextResponse)
async def is_alive() -> str:
    """Tell that the server lives."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse)
def is_ready(site: TheSite) -> str:
    """Tell that the collection can be read; a problem says why not."""
    len(site.collection)
    return "ok\n"


@router.get("/metrics", response_class=PlainTextResponse)
def metrics(request: Request, site: TheSite) -> Response:
    """Tell what the server did, as Prometheus reads it."""
    registry: CollectorRegistry = request.app.state.registry
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def make_registry(n_pictures: object) -> CollectorRegistry:
    """Return a registry that tells how many pictures there are.

    Parameters
    ----------
    n_pictures : callable
        Returns the number, when somebody asks.
    """
    registry = CollectorRegistry()
    gauge = Gauge("lookalike_pictures", "Pictures that some file holds", registry=registry)
    gauge.set_function(n_pictures)  # type: ignore[arg-type]
    return registry
