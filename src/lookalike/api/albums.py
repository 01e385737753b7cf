"""Routes of albums."""

from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Path as InPath
from starlette.responses import Response

from lookalike.api import shapes
from lookalike.api.answers import Json
from lookalike.api.site import Site, TheSite
from lookalike.errors import ItemNotFound
from lookalike.query import Term, parse

router = APIRouter(prefix="/v1/albums", tags=["albums"])

Identity = Annotated[int, InPath(ge=0, lt=2**63)]
COVER = ("id", "sha256", "colours", "width", "height")


def _albums(site: Site) -> list[dict[str, Any]]:
    covers = site.collection.covers()
    return [
        album.to_json()
        | {"cover": [{name: getattr(item, name) for name in COVER} for item in covers.get(album.id, ())]}
        for album in site.collection.albums()
    ]


def _query(order: shapes.Choice) -> Term | None:
    return None if order.query is None else parse(order.query)


def _album(site: Site, album_id: int) -> Response:
    site.collection.album_name(album_id)  # says so if there is none
    for album in _albums(site):
        if album["id"] == album_id:
            return Json(album)
    raise ItemNotFound(f"album {album_id} was deleted meanwhile")


@router.get("", response_model=shapes.Albums)
def albums(site: TheSite) -> Response:
    """List the albums, by name."""
    return Json({"albums": _albums(site)})


@router.post("", status_code=201, response_model=shapes.Made)
def make(site: TheSite, order: shapes.AlbumOrder) -> Response:
    """Make an album of pictures and of what a query answers now, in this order."""
    added = site.collection.make_album(order.name, order.items, query=_query(order), k=order.k)
    for album in site.collection.albums():
        if album.name == order.name.strip():
            return Json({"id": album.id, "name": album.name, "added": added}, 201)
    raise ItemNotFound(f"the album {order.name.strip()} was made, and deleted or renamed meanwhile")


@router.get("/{album_id}", response_model=shapes.Album)
def show(site: TheSite, album_id: Identity) -> Response:
    """Tell what is known about an album."""
    return _album(site, album_id)


@router.patch("/{album_id}", response_model=shapes.Album)
def rename(site: TheSite, album_id: Identity, order: shapes.NameOrder) -> Response:
    """Give an album another name."""
    site.collection.rename_album(site.collection.album_name(album_id), order.name)
    return _album(site, album_id)


@router.delete("/{album_id}", status_code=204, response_class=Response)
def delete(site: TheSite, album_id: Identity) -> Response:
    """Delete an album; its pictures stay in the collection."""
    site.collection.delete_album(site.collection.album_name(album_id))
    return Response(status_code=204)


@router.post("/{album_id}/add", response_model=shapes.Added)
def add(site: TheSite, album_id: Identity, order: shapes.Choice) -> Response:
    """Put pictures, and what a query answers now, at an album's end."""
    name = site.collection.album_name(album_id)
    return Json({"added": site.collection.add_to_album(name, order.items, query=_query(order), k=order.k)})


@router.post("/{album_id}/remove", response_model=shapes.Removed)
def remove(site: TheSite, album_id: Identity, order: shapes.ItemsOrder) -> Response:
    """Take pictures out of an album; they stay in the collection."""
    name = site.collection.album_name(album_id)
    return Json({"removed": site.collection.remove_from_album(name, order.items)})
