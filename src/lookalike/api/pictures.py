"""Routes of pictures: galleries, details, thumbnails, originals, uploads, exports, removal."""

import os
import tempfile
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Request
from fastapi import Path as InPath
from starlette.responses import Response

from lookalike.api import shapes
from lookalike.api.answers import Json, file_answer
from lookalike.api.site import TheSite
from lookalike.codes.quarters import quarter_colours
from lookalike.errors import BadQuery, UnreadableMedia
from lookalike.query import Upload, parse

router = APIRouter(prefix="/v1", tags=["pictures"])

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
    "HEIF": "image/heif",
}
SHOWN_INLINE = {"JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP"}
"""Formats that browsers show."""

UNCHANGED = {"description": "What the client has under this tag is right"}
WEBP: dict[int | str, dict[str, Any]] = {200: {"content": {"image/webp": {}}}}
FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"image/*": {}}}, 304: UNCHANGED}
TABLES: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}, "application/jsonl": {}}}}

FOREVER = "private, max-age=31536000, immutable"

Identity = Annotated[int, InPath(ge=0, lt=2**63)]
Known = Annotated[str | None, Header(alias="If-None-Match")]


@router.get("/gallery", response_model=shapes.Gallery)
def gallery(
    site: TheSite,
    order: Literal["taken", "added", "album"] = "taken",
    album: Annotated[int | None, Query(ge=0, lt=2**63)] = None,
    q: Annotated[str | None, Query(max_length=16_384, description="filters and words alone")] = None,
    after: Annotated[str | None, Query(max_length=400, description="the `next` of the page before")] = None,
    limit: int = 5000,
) -> Response:
    """List pictures with no more about each than it takes to lay them out."""
    query = parse(q) if q is not None else None
    return Json(site.collection.gallery(order, query=query, album=album, after=after, limit=limit).to_json())


@router.get("/items", response_model=shapes.Items)
def items(
    site: TheSite,
    after: Annotated[int, Query(ge=0, lt=2**63)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """List what is known about pictures, by id."""
    found = list(islice(site.collection.items(after=after), limit))
    following = found[-1].id if len(found) == limit else None
    return Json({"items": [item.to_json() for item in found], "next": following})


@router.get("/items/{item_id}", response_model=shapes.Item)
def item(site: TheSite, item_id: Identity) -> Response:
    """Tell what is known about one picture."""
    found = site.collection.item(item_id)
    site.collection.note_look(item_id)
    return Json(found.to_json())


@router.post("/items/remove", response_model=shapes.Removed)
def remove(site: TheSite, order: shapes.RemoveOrder) -> Response:
    """Delete pictures from the collection, never their files, so that nothing of them stays on disk."""
    return Json({"removed": site.collection.remove(order.ids, is_remembered=order.remember)})


@router.get("/items/{item_id}/thumbnail/{size}", response_class=Response, responses=WEBP | {304: UNCHANGED})
def thumbnail(
    site: TheSite,
    item_id: Identity,
    size: Literal["small", "large"],
    v: Annotated[str | None, Query(max_length=64, description="the first 8 digits of the SHA-256")] = None,
    known: Known = None,
) -> Response:
    """Show a picture as WebP, its longer side at most 384 or 1,600 pixels; a small one where no large can be made."""
    sha256 = site.collection.sha256(item_id)
    tag = f'"{sha256}-{size}"'
    if known == tag:
        return Response(status_code=304, headers={"ETag": tag})
    try:
        content = site.collection.thumbnail(item_id, size)
    except UnreadableMedia:  # it is offline: the page shows what there is, and asks again when it is back
        content = site.collection.thumbnail(item_id)
        return Response(content, media_type="image/webp", headers={"Cache-Control": "no-store"})
    is_right = v is not None and len(v) >= 8 and sha256.startswith(v)
    headers = {"ETag": tag, "Cache-Control": FOREVER if is_right else "private, no-cache"}
    return Response(content, media_type="image/webp", headers=headers)


@router.get("/items/{item_id}/original", response_class=Response, responses=FILE)
def original(site: TheSite, item_id: Identity, known: Known = None) -> Response:
    """Send the file of a picture as it is; what browsers cannot show is saved instead."""
    found = site.collection.open_original(item_id)
    tag = f'"{found.sha256}"'
    if known == tag:
        os.close(found.descriptor)
        return Response(status_code=304, headers={"ETag": tag})
    return file_answer(
        found.descriptor,
        MEDIA_TYPES[found.format],
        found.path.name,
        inline=found.format in SHOWN_INLINE,
        headers={"ETag": tag, "Cache-Control": "private, no-cache"},
    )


@router.post(
    "/uploads",
    status_code=201,
    response_model=shapes.Upload,
    openapi_extra={"requestBody": {"required": True, "content": {"application/octet-stream": {}, "image/*": {}}}},
)
async def upload(site: TheSite, request: Request) -> Response:
    """Take a picture to search with, as the body; it is kept in memory for an hour."""
    with tempfile.TemporaryFile() as file:  # without a name, so that nothing is left of it whatever happens
        async for chunk in request.stream():
            file.write(chunk)
        file.flush()
        uploaded = await run_sync(site.collection.upload, file.fileno())
    height, width = uploaded.frame.size
    [colours] = quarter_colours([uploaded.frame.image])
    return Json({"upload": uploaded.upload.handle, "width": width, "height": height, "colours": colours}, 201)


@router.get("/uploads/{handle}", response_class=Response, responses=WEBP)
def uploaded(site: TheSite, handle: Annotated[str, InPath(max_length=64)]) -> Response:
    """Show the thumbnail of an upload."""
    content = site.collection.uploaded(Upload(handle)).thumbnail
    return Response(content, media_type="image/webp", headers={"Cache-Control": FOREVER})


@router.post("/export", response_class=Response, responses=TABLES)
def export(site: TheSite, order: shapes.ExportOrder) -> Response:
    """Send what is known about pictures as a file for other programs."""
    if order.items is not None and order.query is not None:
        raise BadQuery("an export is of items or of a query, got both; send one of them")
    query = None if order.query is None else parse(order.query)
    with tempfile.TemporaryDirectory(prefix="lookalike-") as folder:
        path = Path(folder) / f"pictures.{order.format}"
        site.collection.export(path, items=order.items, query=query, k=order.k, strip_gps=order.strip_gps)
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    media_type = "text/csv; charset=utf-8" if order.format == "csv" else "application/jsonl"
    return file_answer(descriptor, media_type, path.name, inline=False, headers={"Cache-Control": "no-store"})
