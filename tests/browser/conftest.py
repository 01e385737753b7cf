"""A real browser before a real server.

The browser is one a module, not one a session: its loop would stand in the way of tests elsewhere that run their own.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from lookalike.api.page import FOLDER
from lookalike.collection import Collection
from lookalike.sample import draw_world
from lookalike.settings import Settings
from tests.browser.serving import served
from tests.browser.watching import Complaints, opened

Draw = Callable[..., Path]
OpenPage = Callable[..., Page]
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
ARABIC = "قطة على الشاطئ.jpg"
LONG = f"{'a name of two hundred characters '.replace(' ', '-') * 6}"[:196] + ".jpg"
NOT_UTF8 = os.fsdecode(b"caf\xe9.jpg")


N_MORE = 400
"""Pictures of the folder that is added from the page: some seconds of work, so that its progress is seen."""


@dataclass(frozen=True)
class Place:
    """A collection, the folder whose folders may be added, and one in it that is not yet."""

    collection: Path
    root: Path
    more: Path


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; without one the tests are left out, but not where nobody would notice."""
    names = [os.environ.get("LOOKALIKE_CHROMIUM", ""), "chromium", "chromium-browser"]
    executable = next(filter(None, map(shutil.which, filter(None, names))), None)
    if executable is None:
        say = pytest.fail if "CI" in os.environ else pytest.skip
        say("there is no Chromium; install it, or name it with LOOKALIKE_CHROMIUM")
    if not (FOLDER / "index.html").exists():
        pytest.fail("the page is not built; run `make page`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Place:
    """A collection of drawn pictures and some with odd names, and pictures that are still to be added."""
    here = tmp_path_factory.mktemp("browser")
    root = here / "pictures"
    draw_world(root / "drawn", n_pictures=60)
    for seed, name in enumerate((ARABIC, LONG, NOT_UTF8)):
        draw(root / "odd" / name, seed)
    (root / "odd" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more of a picture")
    for seed in range(N_MORE):
        draw(root / "more" / f"harvest {seed}.png", 1000 + seed, squares=(30, 40))
    (root / "more" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more of a picture")
    with Collection(here / "collection", settings=Settings(workers=1, model=None)) as collection:
        collection.add(root / "drawn")
        collection.add(root / "odd")
        collection.make_album("Fruit", [1, 2, 3])
    return Place(here / "collection", root, root / "more")


@pytest.fixture(scope="session")
def address(place: Place) -> Iterator[str]:
    """Where the collection is served."""
    with served(place.collection, "--root", place.root) as address:
        yield address


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What the pages of a test complained of, which is nothing unless it said so."""
    complaints = Complaints()
    yield complaints
    complaints.check()


@pytest.fixture
def open_page(chromium: Browser, address: str, complaints: Complaints) -> Iterator[OpenPage]:
    """Open a page as somebody new; options are those of a browser's context."""
    with ExitStack() as pages:
        yield lambda base=address, **options: pages.enter_context(opened(chromium, base, complaints, **options))


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A page of 1,440 x 900 pixels, on the served collection."""
    return open_page(viewport={"width": 1440, "height": 900})
