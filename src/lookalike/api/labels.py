"""Words for what pictures show: those that are known, and labels."""

from fastapi import APIRouter
from starlette.responses import Response

from lookalike.api import shapes
from lookalike.api.answers import Json
from lookalike.api.site import TheSite
from lookalike.query import parse

router = APIRouter(prefix="/v1", tags=["search"])


@router.get("/words", response_model=shapes.KnownWords)
def words(site: TheSite) -> Response:
    """List the words that what describes the pictures knows; none where it takes free words."""
    return Json({"words": site.collection.words()})


@router.post("/label", response_model=shapes.Labels)
def label(site: TheSite, order: shapes.LabelOrder) -> Response:
    """Choose for each picture which of some labels says best what it shows."""
    query = None if order.query is None else parse(order.query)
    found = site.collection.label(order.labels, templates=order.templates, items=order.items, query=query, k=order.k)
    return Json(found.to_json())
