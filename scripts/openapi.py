"""Writes `web/openapi.json`, from which the page's client is generated; `--check` only compares."""

import json
import sys
import tempfile
from pathlib import Path

from lookalike.api.access import Access
from lookalike.api.app import make_routes
from lookalike.api.searcher import Searcher
from lookalike.api.site import Site
from lookalike.collection import Collection
from lookalike.jobs import Jobs

DOCUMENT = Path(__file__).parent.parent / "web" / "openapi.json"


def main() -> None:
    """Write the document, or end with 1 if it is not the one that would be written."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Collection(Path(folder) / "c") as collection,
        Jobs(collection) as jobs,
    ):
        routes = make_routes(Site(collection, jobs, Access(), (), Searcher(collection)))
    document = json.dumps(routes.openapi() | {"info": {"title": "Lookalike", "version": "1"}}, indent=1) + "\n"
    if "--check" in sys.argv and document != DOCUMENT.read_text():
        sys.exit(f"{DOCUMENT} is stale; `make client` writes it anew")
    DOCUMENT.write_text(document)


if __name__ == "__main__":
    main()
