"""A hundred thousand pictures: the gallery scrolls, and holds no more than the window needs."""

import os
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from playwright.sync_api import CDPSession, Page, Route, expect

from lookalike.catalog import tables as t
from lookalike.collection import Collection
from lookalike.settings import Settings
from tests.browser.conftest import OpenPage
from tests.browser.serving import served
from tests.browser.watching import Complaints, go, until

Draw = Callable[..., Path]
N = 100_000
N_DRAWN = 100
MOST_TILES = 400
MOST_GROWTH = 50e6
FRAMES = """async (step) => {
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  for (let n = 0; n < 90; n++) {
    scrollTo({top: step === null ? document.documentElement.scrollHeight * (n + 1) / 90 : scrollY + step,
              behavior: "instant"});
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times;
}"""
"""Scrolls by a step a frame, or in 90 frames to the end, and returns the milliseconds of each frame."""


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory, draw: Draw) -> Iterator[str]:
    """Where a collection of 100,000 is served: rows of the catalogue, whose thumbnails are those of a hundred."""
    here = tmp_path_factory.mktemp("many")
    for seed in range(N_DRAWN):
        draw(here / "drawn" / f"{seed}.jpg", seed, squares=(6 + seed % 3, 7 + seed % 4), side=30)
    with Collection(here / "collection", settings=Settings(workers=1, model=None)) as collection:
        collection.add(here / "drawn")
        store = collection._store
        with store.changing() as connection:
            drawn = [dict(row._mapping) for row in connection.execute(sa.select(t.items))]
            rows = [_row(drawn[n % len(drawn)], n) for n in range(len(drawn), N)]
            connection.execute(sa.insert(t.items), rows)
        thumbnails = [store.thumbnail_path(str(row["sha256"])) for row in drawn]
        for n, row in enumerate(rows, len(drawn)):
            path = store.thumbnail_path(str(row["sha256"]))
            path.parent.mkdir(exist_ok=True)
            os.link(thumbnails[n % len(drawn)], path)
    with served(here / "collection") as address:
        yield address


def _row(drawn: dict[str, object], n: int) -> dict[str, object]:
    taken = datetime(2000, 1, 1) + timedelta(hours=n)
    others = {"id": n + 1, "sha256": sha256(b"%d" % n).hexdigest(), "taken_at": taken.isoformat()}
    return drawn | others


def tell(words: str, times: list[float]) -> None:
    """Print how long frames took."""
    median, p95 = np.percentile(times, [50, 95])
    n_late = sum(time > 33.4 for time in times)
    print(f"{words}: median {median:.1f} ms, p95 {p95:.1f} ms, {n_late} of {len(times)} frames over 33 ms")


def heap(session: CDPSession) -> float:
    """Return the bytes that scripts of the page hold."""
    session.send("HeapProfiler.collectGarbage")
    return float(session.send("Runtime.getHeapUsage")["usedSize"])


def n_tiles(page: Page) -> int:
    return page.get_by_role("gridcell").count()


def test_a_hundred_thousand_pictures_scroll(many: str, open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expect("status of 404 .*/v1/search")  # rows without vectors have no neighbours
    page = open_page(many, viewport={"width": 1440, "height": 900})
    go(page, "/")
    expect(page.get_by_role("heading", name="100,000 pictures")).to_be_visible()
    until(page, "() => document.documentElement.scrollHeight > 3e6")
    session = page.context.new_cdp_session(page)
    before = heap(session)
    page.mouse.move(700, 500)
    for _ in range(20):
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(16)
        assert 0 < n_tiles(page) < MOST_TILES
    for words, step in (("by wheel", 100), ("quickly", 1500), ("flung", 9000), ("dragged to the end", None)):
        tell(words, page.evaluate(FRAMES, step))
        assert 0 < n_tiles(page) < MOST_TILES
    last = page.get_by_role("gridcell").get_by_role("link", name=f"Picture {N_DRAWN + 1}", exact=True)
    expect(last).to_be_in_viewport()
    until(page, "() => [...document.querySelectorAll('[role=gridcell] img')].every((image) => image.naturalWidth)")
    growth = heap(session) - before
    print(f"heap: {before / 1e6:.0f} MB, and {growth / 1e6:.1f} MB more after scrolling")
    assert growth < MOST_GROWTH
    there = page.evaluate("() => scrollY")
    last.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(last).to_be_in_viewport()
    assert page.evaluate("() => scrollY") == there
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Care").click()
    expect(page.get_by_role("heading", name="100,000 pictures in your care")).to_be_visible()
    page.go_back()
    expect(last).to_be_in_viewport()
    assert abs(page.evaluate("() => scrollY") - there) < 2


def test_a_gallery_whose_server_fails_midway_goes_on_from_there(
    many: str, open_page: OpenPage, complaints: Complaints
) -> None:
    complaints.expect("status of 500")
    page = open_page(many, viewport={"width": 390, "height": 800})
    asked: list[str] = []

    def fail_from_the_third(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 3:
            route.fulfill(status=500, content_type="text/plain", body="")
        else:
            route.continue_()

    page.route("**/v1/gallery*order=taken*", fail_from_the_third)
    go(page, "/")
    rest = page.get_by_role("button", name="Load the rest")
    expect(rest).to_be_visible()
    expect(page.get_by_role("heading", name="100,000 pictures")).to_be_visible()
    page.unroute_all()
    failed = [url for url in asked if "after=" not in url]
    with page.expect_request("**/v1/gallery*") as request:
        rest.click()
    assert len(failed) == 1
    assert request.value.url == asked[-1]
    expect(rest).to_be_hidden()
    until(page, "() => document.documentElement.scrollHeight > 3e6")
