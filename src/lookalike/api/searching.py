"""Routes that ask: search, the forms of a query, and what can be asked for."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from lookalike.api import shapes
from lookalike.api.answers import Json
from lookalike.api.site import TheSite
from lookalike.errors import BadQuery
from lookalike.query import Term, from_json, parse, to_json, to_line

router = APIRouter(prefix="/v1", tags=["search"])

LineParameter = Annotated[str, Query(alias="q", max_length=16_384, description="in the one-line syntax")]


@router.get("/search", response_model=shapes.Hits)
async def search(
    site: TheSite,
    q: LineParameter,
    k: Annotated[int, Query(description="hits at most, up to 1,000")] = 20,
    start: Annotated[int, Query(description="hits to pass over")] = 0,
    cutoff: Annotated[float | None, Query(ge=0, le=1, description="the smallest score to show")] = None,
    generation: Annotated[
        int | None, Query(ge=1, lt=2**31, description="of the space picture; without it the one that serves")
    ] = None,
) -> Response:
    """Find the pictures that answer a query; the same question asked again within a minute has the same answer."""
    content = await site.searcher.answer(q, k, start, cutoff, generation)
    return Response(content, media_type="application/json")


@router.post("/query", response_model=shapes.Query)
def read_query(order: shapes.QueryOrder) -> Response:
    """Read a query in one of its forms, the line or the tree, and return it in both."""
    term = _term(order)
    return Json({"line": to_line(term), "query": to_json(term)})


def _term(order: shapes.QueryOrder) -> Term:
    if (order.line is None) == (order.query is None):
        raise BadQuery("a query is given either as line or as query, got both or none; send one of them")
    return parse(order.line) if order.line is not None else from_json(order.query)


@router.get("/counts", response_model=shapes.Counts)
def counts(site: TheSite, q: LineParameter) -> Response:
    """Tell how many pictures each term of a query would find alone."""
    found = site.collection.found_alone(parse(q))
    return Json({"terms": [{"term": str(term), "found": n} for term, n in found]})


@router.get("/complete", response_model=shapes.Suggestions)
def complete(site: TheSite, text: Annotated[str, Query(max_length=200)], k: int = 8) -> Response:
    """Tell how what somebody types may go on."""
    return Json({"entries": [entry.to_json() for entry in site.collection.complete(text, k)]})


@router.get("/facets", response_model=shapes.Facets)
def facets(site: TheSite) -> Response:
    """Tell what pictures can be filtered by."""
    return Json(site.collection.facets().to_json())
