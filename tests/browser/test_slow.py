"""A server that is slow, away for a while, or changes its mind: nothing is lost, and nobody is led astray."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from lookalike.collection import Collection
from lookalike.settings import Settings
from tests.browser.conftest import OpenPage
from tests.browser.serving import served
from tests.browser.watching import Complaints, go, until

N = 230
"""More than one portion of an answer."""
PORTION = 200
MOST_NODES = 2_000
RANKED = "/search?q=%231&all=1"
DELAY = """const send = fetch;
window.late = {};
window.fetch = async (request) => {
  const [, milliseconds] = Object.entries(late).find(([part]) => request.url.includes(part)) ?? [];
  if (milliseconds) await new Promise((go) => setTimeout(go, milliseconds));
  return send(request);
};"""
"""Holds back what is asked of the addresses in `late` for so many milliseconds."""
VISIT = """(address) => {
  history.pushState({}, "", address);
  dispatchEvent(new PopStateEvent("popstate"));
}"""


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory, draw: Callable[..., Path]) -> Iterator[str]:
    """Where a collection is served that answers in more than one portion."""
    here = tmp_path_factory.mktemp("wide")
    for seed in range(N):
        draw(here / "drawn" / f"{seed}.png", seed, side=24)
    with Collection(here / "collection", settings=Settings(workers=1, model=None)) as collection:
        collection.add(here / "drawn")
    with served(here / "collection") as address:
        yield address


@pytest.fixture
def page(page: Page) -> Page:
    """A page whose server can be made slow."""
    page.add_init_script(DELAY)
    return page


def hold_back(page: Page, path: str, milliseconds: int = 600) -> None:
    page.evaluate("([path, milliseconds]) => void (late[path] = milliseconds)", [path, milliseconds])


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="The query").get_by_role("group")


def told(page: Page, words: str) -> Locator:
    return page.get_by_role("main").get_by_text(re.compile(words))


def to_the_end(page: Page) -> None:
    """Scroll up and to the end, as somebody who wonders whether that is all."""
    page.evaluate("() => scrollTo(0, 0)")
    page.wait_for_timeout(100)
    page.evaluate("() => scrollTo(0, document.documentElement.scrollHeight)")


def test_what_is_typed_while_the_server_thinks_stays(page: Page) -> None:
    go(page, "/")
    hold_back(page, "/v1/query")
    box = page.get_by_role("combobox")
    box.fill("apple")
    box.press("Enter")
    box.fill("teapot")
    expect(page).to_have_url(re.compile("q=apple$"))
    expect(chips(page)).to_have_count(1)
    expect(box).to_have_value("teapot")


def test_a_change_that_comes_late_leads_nobody_back(page: Page) -> None:
    go(page, "/search?q=colour:red")
    hold_back(page, "/v1/query")
    page.get_by_role("button", name="Opposite of").click()
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Albums").click()
    page.wait_for_timeout(1500)
    expect(page).to_have_url(re.compile("/albums$"))


def test_changes_that_follow_each_other_quickly_all_count(page: Page) -> None:
    go(page, "/search?q=%231 colour:red colour:blue")
    hold_back(page, "/v1/query")
    page.get_by_role("button", name="Remove colour #ff0000").click()
    page.get_by_role("button", name="Remove colour #0000ff").click()
    expect(page).to_have_url(re.compile("q=%231$"))
    expect(chips(page)).to_have_count(1)


def test_a_change_that_fails_is_taken_back(page: Page, complaints: Complaints) -> None:
    complaints.expect("ERR_FAILED")
    go(page, "/search?q=%231 colour:red")
    page.route("**/v1/query", lambda route: route.abort())
    page.get_by_role("button", name="Remove colour #ff0000").click()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(chips(page)).to_have_count(2)


@pytest.mark.parametrize("gateway", [None, 502, 503, 504])
def test_a_question_that_nobody_was_there_to_read_is_read_later(
    page: Page, complaints: Complaints, gateway: int | None
) -> None:
    """Several calls fail together, and count as one loss: the next try comes after a second."""
    complaints.expect("ERR_FAILED" if gateway is None else str(gateway))
    tries: list[str] = []

    def refuse(route: Route) -> None:
        tries.append(route.request.url)
        if gateway is None:
            route.abort()
        else:
            route.fulfill(status=gateway, content_type="text/html", body="<h1>Nobody is there</h1>")

    page.clock.install()
    page.route("**/v1/**", refuse)
    page.goto("/search?q=%231 colour:red")
    expect(page.get_by_role("alert").first).to_contain_text("does not answer")
    page.clock.run_for(1000)
    until(page, "() => document.querySelector('.gone') !== null")
    assert sum(url.endswith("/v1/server") for url in tries) == 2
    page.unroute("**/v1/**", refuse)
    page.clock.resume()
    expect(chips(page)).to_have_count(2)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_role("combobox", name="Search")).to_have_value("")


def test_a_suggestion_that_was_chosen_gives_way_to_what_is_typed_on(page: Page) -> None:
    go(page, "/")
    box = page.get_by_role("combobox")
    box.press_sequentially("re")
    expect(page.get_by_role("option").first).to_be_visible()
    hold_back(page, "/v1/complete", 3_000)
    page.keyboard.press("ArrowDown")
    page.keyboard.type("semblance")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=resemblance$"))


def test_a_portion_that_fails_comes_later(wide: str, open_page: OpenPage, complaints: Complaints) -> None:
    complaints.expect("ERR_FAILED")
    page = open_page(wide)
    go(page, RANKED)
    page.route(f"**/v1/search*start={PORTION}*", lambda route: route.abort())
    to_the_end(page)
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(told(page, f"^{PORTION} best")).to_be_visible()
    page.unroute_all()
    to_the_end(page)
    expect(told(page, f"^{N - 1} pictures")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_picture_that_has_moved_into_the_next_portion_stands_there_once(wide: str, open_page: OpenPage) -> None:
    """The next portion begins one place too early, as it does when a picture was added above it."""
    page = open_page(wide)
    go(page, RANKED)
    early = f"start={PORTION - 1}"
    page.route(
        f"**/v1/search*start={PORTION}*",
        lambda route: route.continue_(url=route.request.url.replace(f"start={PORTION}", early)),
    )
    to_the_end(page)
    expect(told(page, f"^{N - 1} pictures")).to_be_visible()


def test_pictures_of_old_answers_are_let_go(wide: str, open_page: OpenPage) -> None:
    page = open_page(wide)
    go(page, RANKED)
    session = page.context.new_cdp_session(page)

    def n_nodes() -> int:
        for _ in range(3):
            session.send("HeapProfiler.collectGarbage")
        return int(session.send("Memory.getDOMCounters")["nodes"])

    before = n_nodes()
    for item_id in range(2, 14):
        page.evaluate(VISIT, f"/search?q=%23{item_id}&all=1")
        expect(page).to_have_title(re.compile(f"^#{item_id} "))
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
    assert n_nodes() - before < MOST_NODES


def test_an_album_that_has_changed_is_searched_anew(page: Page) -> None:
    go(page, "/")
    send = """([path, body]) => fetch(new Request(path, {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body)
    })).then((answer) => answer.json())"""
    album = page.evaluate(send, ["/v1/albums", {"name": "Growing", "items": [4, 5]}])
    go(page, "/search?q=album:Growing")
    cells = page.get_by_role("grid").get_by_role("gridcell")
    expect(cells).to_have_count(2)
    page.evaluate(send, [f"/v1/albums/{album['id']}/add", {"items": [6]}])
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Albums").click()
    expect(page.get_by_role("link", name=re.compile("Growing"))).to_contain_text("3 pictures")
    page.go_back()
    expect(cells).to_have_count(3)
    page.evaluate(
        "(path) => fetch(new Request(path, {method: 'DELETE', headers: {'Content-Type': 'application/json'}}))",
        f"/v1/albums/{album['id']}",
    )
