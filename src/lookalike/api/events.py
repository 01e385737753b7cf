"""What happens, as it happens: long work and the number of pictures, as server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator

from anyio.to_thread import run_sync
from fastapi import APIRouter
from starlette.responses import Response, StreamingResponse

from lookalike.api.care import jobs_json
from lookalike.api.site import Site, TheSite

router = APIRouter(prefix="/v1", tags=["care"])

REST_SECONDS = 0.25
"""Between two looks at what has changed."""

LOOK_SECONDS = 2.0
"""When nobody tells of a change: another process may have added pictures."""

PULSE_SECONDS = 15.0
"""After so long without news a comment is sent, so that nobody between takes the connection for dead."""


@router.get("/events", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def events(site: TheSite) -> Response:
    """Tell of long work and of the number of pictures, now and whenever they change."""
    return StreamingResponse(_events(site), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def _events(site: Site) -> AsyncIterator[str]:
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        loop.call_soon_threadsafe(changed.set)

    site.jobs.watch(tell)
    try:
        told: dict[str, object] = {}
        silent_since = loop.time()
        while True:
            changed.clear()
            for name, value in (await run_sync(_state, site)).items():
                if told.get(name) != value:
                    told[name], silent_since = value, loop.time()
                    yield f"event: {name}\ndata: {json.dumps(value)}\n\n"
            if loop.time() - silent_since > PULSE_SECONDS:
                silent_since = loop.time()
                yield ": here\n\n"
            await asyncio.sleep(REST_SECONDS)
            await _waited(changed)
    finally:
        site.jobs.unwatch(tell)


def _state(site: Site) -> dict[str, object]:
    return {"jobs": jobs_json(site), "pictures": {"pictures": site.n_pictures()}}


async def _waited(changed: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            await changed.wait()
    except TimeoutError:
        return
