"""What the routes serve."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from lookalike.api.access import Access
from lookalike.api.searcher import Searcher
from lookalike.collection import Collection
from lookalike.jobs import Jobs


@dataclass(frozen=True)
class Site:
    """One collection with all that serving it takes.

    Attributes
    ----------
    collection : Collection
    jobs : Jobs
    access : Access
    roots : sequence of Path
        Folders below these may be added.
    searcher : Searcher
    """

    collection: Collection
    jobs: Jobs
    access: Access
    roots: Sequence[Path]
    searcher: Searcher
    _counted: dict[int, int] = field(default_factory=dict)

    def n_pictures(self) -> int:
        """Return how many pictures there are; counted once after each change."""
        version = self.collection.version()
        if version not in self._counted:
            self._counted.clear()
            self._counted[version] = len(self.collection)
        return self._counted[version]


async def _site(request: Request) -> Site:
    return cast(Site, request.app.state.site)


TheSite = Annotated[Site, Depends(_site)]
