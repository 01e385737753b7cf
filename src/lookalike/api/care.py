"""Routes that look after a collection: what it holds, what is wrong, what is being done."""

from typing import Annotated

from fastapi import APIRouter
from fastapi import Path as InPath
from starlette.responses import Response

from lookalike import __version__
from lookalike.api import shapes
from lookalike.api.answers import Json
from lookalike.api.roots import allowed, folders_in, parent_of
from lookalike.api.site import Site, TheSite
from lookalike.errors import BadQuery
from lookalike.models import list_models

router = APIRouter(prefix="/v1", tags=["care"])

Identity = Annotated[int, InPath(ge=0, lt=2**63)]


@router.get("/server", response_model=shapes.Server)
def server(site: TheSite) -> Response:
    """Tell what a client must know before it asks."""
    collection = site.collection
    return Json(
        {
            "version": __version__,
            "collection": collection.folder.name,
            "pictures": site.n_pictures(),
            "spaces": [{"name": name, "judged": judged} for name, judged in collection.spaces().items()],
            "roots": [str(root) for root in site.roots],
            "max_upload_bytes": collection.settings.max_upload_bytes,
            "needs_password": not site.access.is_open,
            "has_engine": collection.settings.engine is not None,
        }
    )


@router.get("/stats", response_model=shapes.Stats)
def stats(site: TheSite) -> Response:
    """Tell what the collection holds, in numbers."""
    return Json({"collection": str(site.collection.folder), **site.collection.stats().to_json()})


@router.get("/problems", response_model=shapes.Reasons)
def problems(site: TheSite) -> Response:
    """Tell why files are not indexed, by reason."""
    return Json({"reasons": [problem.to_json() for problem in site.collection.problems()]})


@router.get("/models", response_model=shapes.Models)
def models(site: TheSite) -> Response:
    """List the networks that are installed; asks nobody else."""
    return Json(list_models(site.collection.settings.models).to_json())


@router.get("/generations", response_model=shapes.Generations)
def generations(site: TheSite) -> Response:
    """List what describes pictures, what is being built to do so, and what is kept to go back to."""
    return _generations(site)


@router.post("/generations/use", response_model=shapes.Generations)
def use(site: TheSite, order: shapes.UseOrder) -> Response:
    """Have pictures described by another network; what serves does so until that is complete."""
    if site.collection.use_model(order.model).state == "building":
        site.jobs.start("renew")
    return _generations(site)


@router.post("/generations/drop", response_model=shapes.Generations)
def drop(site: TheSite, order: shapes.DropOrder) -> Response:
    """Delete a generation that does not serve, or give up one that is being built."""
    site.collection.drop_generation(order.space, order.generation)
    return _generations(site)


def _generations(site: Site) -> Response:
    collection = site.collection
    found = [generation.to_json() for generation in collection.generations()]
    return Json({"generations": found, "choices": collection.model_names()})


@router.post("/folders", response_model=shapes.Folders)
def folders(site: TheSite, order: shapes.FolderOrder) -> Response:
    """List the folders in a folder that may be added; without a path, those that the operator allows."""
    if order.path is None:
        found, parent = list(site.roots), None
    else:
        found, parent = folders_in(order.path, site.roots), parent_of(order.path, site.roots)
    return Json(
        {
            "path": order.path,
            "parent": None if parent is None else str(parent),
            "folders": [{"path": str(folder), "name": folder.name or str(folder)} for folder in found],
        }
    )


@router.get("/jobs", response_model=shapes.Jobs)
def jobs(site: TheSite) -> Response:
    """List long work, the newest first."""
    return Json(jobs_json(site))


def jobs_json(site: Site) -> dict[str, object]:
    """Return the list of long work as JSON values."""
    return {"jobs": [job.to_json() for job in site.jobs.all()]}


@router.post("/jobs", status_code=202, response_model=shapes.Job)
def start(site: TheSite, order: shapes.JobOrder) -> Response:
    """Start long work; it waits for the work before it."""
    if order.paths and order.kind != "add":
        raise BadQuery(f"{order.kind} is about the whole collection, got {len(order.paths)} paths; leave them out")
    paths = [allowed(path, site.roots) for path in order.paths]
    return Json(site.jobs.start(order.kind, paths).to_json(), 202)


@router.post("/jobs/{job_id}/pause", response_model=shapes.Job)
def pause(site: TheSite, job_id: Identity) -> Response:
    """Pause long work; what is done stays done."""
    return Json(site.jobs.pause(job_id).to_json())


@router.post("/jobs/{job_id}/resume", response_model=shapes.Job)
def resume(site: TheSite, job_id: Identity) -> Response:
    """Go on with long work that is paused."""
    return Json(site.jobs.resume(job_id).to_json())


@router.post("/jobs/{job_id}/stop", response_model=shapes.Job)
def stop(site: TheSite, job_id: Identity) -> Response:
    """End long work for good; what is done stays done."""
    return Json(site.jobs.stop(job_id).to_json())
