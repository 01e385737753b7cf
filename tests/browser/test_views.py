"""Every address, on a phone and on a desk, in light and dark: nothing fails or sticks out, all can use it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenPage, Place
from tests.browser.serving import served
from tests.browser.watching import Complaints, go, until

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1440, "height": 900}}
VIEWS = {
    "pictures": "/",
    "by colour": "/?by=colour",
    "answer": "/search?q=%231 colour:red -colour:blue year:1950..",
    "words": "/search?q=apple",
    "nothing found": "/search?q=zeppelin format:jpeg",
    "no question": "/search?q=nosuchfield:x",
    "picture": "/picture/1",
    "no picture": "/picture/999999",
    "odd name": "/picture/62",
    "albums": "/albums",
    "album": "/albums/1",
    "no album": "/albums/999999",
    "care": "/care",
    "nowhere": "/no/such/place",
}
FIRST_PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
VIOLATIONS = """async () => (await axe.run()).violations
.filter(({impact}) => impact === "serious" || impact === "critical")
.map(({id, nodes}) => [id, nodes.length, nodes[0].html.slice(0, 200), nodes[0].failureSummary.slice(0, 300)])"""


@pytest.fixture(scope="module")
def locked(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server with a password listens."""
    with served(tmp_path_factory.mktemp("locked") / "collection", LOOKALIKE_PASSWORD="only for the test") as address:
        yield address


def check(page: Page, name: str) -> None:
    """Check what holds for every view, and print how soon the first of it was seen."""
    until(page, FIRST_PAINT)
    print(f"{name}: first contentful paint after {page.evaluate(FIRST_PAINT):.0f} ms")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.evaluate(AXE.read_text())
    assert json.dumps(page.evaluate(VIOLATIONS), indent=1) == "[]"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_every_view_holds(open_page: OpenPage, complaints: Complaints, size: str, scheme: str) -> None:
    complaints.expect("status of 4")
    page = open_page(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce")
    for name, path in VIEWS.items():
        go(page, path)
        check(page, f"{name}, {size}, {scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_the_way_in_holds(open_page: OpenPage, complaints: Complaints, locked: str, size: str, scheme: str) -> None:
    complaints.expect("status of 401")
    page = open_page(locked, viewport=SIZES[size], color_scheme=scheme)
    go(page, "/login")
    check(page, f"way in, {size}, {scheme}")


def test_beside_a_scrollbar_nothing_is_cut_off_of_the_narrowest_window(open_page: OpenPage) -> None:
    page = open_page(viewport={"width": 320, "height": 640})
    go(page, "/search?q=%231 colour:red&all=1")
    assert page.evaluate("document.body.getBoundingClientRect().right <= document.documentElement.offsetWidth")
