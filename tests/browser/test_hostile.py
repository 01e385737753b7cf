"""Whatever files, people and links put in front of the page stays a text. Rows 8 and 9 of the reliability table."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from PIL import Image
from playwright.sync_api import Browser, Error, Page

from lookalike.catalog import tables as t
from lookalike.collection import Collection
from lookalike.settings import Settings
from tests.api.polyglots import SCRIPT, polyglots
from tests.browser.conftest import OpenPage
from tests.browser.payloads import payloads
from tests.browser.serving import served
from tests.browser.watching import Complaints, go, opened, until

Figure = Callable[[str, str, str], None]
FIELDS = ("title", "description", "camera", "place")

WATCH = """
window.planted = [];
const look = (node) => {
  if (node.nodeType !== 1) return;
  for (const one of [node, ...node.querySelectorAll("*")]) {
    const told = one.outerHTML.slice(0, 200);
    if (/^(script|iframe|object|embed|base|meta)$/i.test(one.localName) && !ours.has(one)) planted.push(told);
    for (const {name, value} of one.attributes) {
      if (/^on/i.test(name) || /^srcdoc$/i.test(name)) planted.push(told);
      const leads = /^(href|src|action|data|formaction)$/i.test(name);
      if (leads && !/^(\\/(?!\\/)|#content$|blob:|data:image\\/)/.test(value)) planted.push(told);
    }
  }
};
let ours = new Set();
addEventListener("DOMContentLoaded", () => {
  ours = new Set(document.querySelectorAll("script, meta"));
  new MutationObserver((changes) => {
    for (const {target, addedNodes, type} of changes) {
      if (type === "attributes") look(target);
      else addedNodes.forEach(look);
    }
  }).observe(document, {subtree: true, childList: true, attributes: true});
});
"""
"""Notes every node and attribute that could run or load something, also those that are gone again."""

VISIT = """async (addresses) => {
  const pause = () => new Promise((go) => requestAnimationFrame(() => setTimeout(go)));
  const settled = () => !document.querySelector("[aria-busy=true]");
  let n = 0;
  for (const address of addresses) {
    history.pushState({}, "", address);
    dispatchEvent(new PopStateEvent("popstate"));
    await pause();
    for (let turn = 0; turn < 20 && !settled(); turn++) await pause();
    await pause();
    n++;
  }
  return n;
}"""
"""Goes to address after address as the back button does, without loading the page anew."""


@dataclass(frozen=True)
class Trap:
    """A served collection with a payload in everything it says."""

    address: str
    ids: list[int]
    albums: list[int]


def as_name(text: str) -> str:
    """Return a text as the name of a file or a folder, as far as there can be one."""
    name = text.replace("/", "\u2044").replace("\0", "")
    return os.fsdecode(name.encode()[:180].decode(errors="ignore").encode())


@pytest.fixture(scope="module")
def trap(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trap]:
    """Three hundred pictures, each with its payload as name, metadata and album, in folders that are payloads."""
    here, texts = tmp_path_factory.mktemp("trap"), payloads()
    for n, text in enumerate(texts):
        folder = here / "root" / f"{n % 30}{as_name(texts[n % 30])}"
        folder.mkdir(parents=True, exist_ok=True)
        colour = (n % 256, n // 256 * 99, 255 - n % 256)
        Image.new("RGB", (24, 16), colour).save(folder / f"{as_name(text)}{n}.png")
        if n % 10 == 0:
            (folder / f"{as_name(text)}{n}.jpg").write_bytes(b"\xff\xd8\xff no picture")
    with Collection(here / "collection", settings=Settings(workers=1, model=None)) as collection:
        collection.add(here / "root")
        ids = [item.id for item in collection.items()]
        with collection._store.changing() as connection:
            for n, (item_id, text) in enumerate(zip(ids, texts, strict=True)):
                quarters = [texts[(n + len(texts) * quarter // 4) % len(texts)] for quarter in range(4)]
                said = dict(zip(FIELDS, quarters, strict=True)) | {"keywords": quarters}
                connection.execute(sa.update(t.items).where(t.items.c.id == item_id).values(said))
                connection.execute(sa.insert(t.texts).values(item_id=item_id, source="title", text=text))
                connection.execute(sa.insert(t.albums).values(name=text, made_at="2024-05-31T12:00:00+00:00"))
            albums = list(connection.scalars(sa.select(t.albums.c.id).order_by(t.albums.c.id)))
            rows = [
                {"album_id": album, "item_id": item, "position": 0} for album, item in zip(albums, ids, strict=True)
            ]
            connection.execute(sa.insert(t.album_items), rows)
            hashes = list(connection.scalars(sa.select(t.items.c.sha256)))
        for sha256 in hashes:  # so small that one size does for both
            large = collection._store.large_thumbnail_path(sha256)
            large.parent.mkdir(parents=True, exist_ok=True)
            os.link(collection._store.thumbnail_path(sha256), large)
    with served(here / "collection", "--root", here / "root") as address:
        yield Trap(address, ids, albums)


@pytest.fixture
def watched(trap: Trap, open_page: OpenPage) -> Page:
    """A page that notes what is planted in it."""
    page = open_page(trap.address, viewport={"width": 1440, "height": 900})
    page.add_init_script(WATCH)
    return page


def check(page: Page) -> None:
    """Check that nothing that could run came into the page, nothing ran, and it is still the same page."""
    assert page.evaluate("() => planted") == []
    assert page.evaluate("() => window.__pwned") is None


def visit(page: Page, start: str, addresses: list[str]) -> None:
    """Go to addresses one after the other and check that none left the page or put anything into it."""
    loads: list[str] = []
    go(page, start)
    page.on("domcontentloaded", lambda page: loads.append(page.url))
    assert page.evaluate(VISIT, addresses) == len(addresses)
    check(page)
    assert loads == []


def test_there_are_300_texts_that_would_run() -> None:
    texts = payloads()
    assert len(texts) == len(set(texts)) == 300


def test_no_query_runs(watched: Page, complaints: Complaints) -> None:
    complaints.expect("status of 4")
    visit(watched, "/", [f"/search?q={quote(text)}" for text in payloads()])
    for text in payloads()[::30]:
        go(watched, f"/search?q={quote(text)}")
        check(watched)


def test_no_name_or_metadata_of_a_picture_runs(watched: Page, trap: Trap, figure: Figure) -> None:
    """A quarter of the pictures say all the texts, each of them as a keyword and in one more field."""
    visit(watched, f"/albums/{trap.albums[0]}", [f"/picture/{item_id}" for item_id in trap.ids[: len(trap.ids) // 4]])
    figure("8", "300 payloads in names, metadata, albums and queries, in Chromium: 0 dialogs, 0 script nodes", "0, 0")


def test_no_album_runs(watched: Page, trap: Trap) -> None:
    visit(watched, "/albums", [f"/albums/{album}" for album in trap.albums])


def test_no_list_of_names_runs(watched: Page, trap: Trap) -> None:
    """All in one place: names in the answer, cameras, places and albums to choose from, folders, problems."""
    go(watched, "/search?q=format:png")
    watched.evaluate("() => document.querySelector('[role=grid] a').focus()")
    for _ in range(12):
        watched.keyboard.press("PageDown")
    for words in ("camera", "place", "album", "folder"):
        watched.get_by_role("button", name=f"Filter by {words}").click()
        until(watched, "() => document.querySelectorAll('.popover li').length > 20")
        watched.keyboard.press("Escape")
    box = watched.get_by_role("combobox")
    for text in ("<scr", "onload", "javascript", "x"):
        box.fill(text)
        watched.wait_for_timeout(150)
    check(watched)
    for path in ("/albums", "/care", "/", "/?by=colour"):
        go(watched, path)
        check(watched)
    go(watched, "/care")
    watched.get_by_role("button", name="Add a folder").click()
    until(watched, "() => document.querySelectorAll('dialog li').length >= 20")
    check(watched)


@pytest.mark.parametrize(
    "back", ["//evil.example", "/\\evil.example", "javascript:window.__pwned=1", "https://evil.example"]
)
def test_the_way_back_from_the_login_stays_here(watched: Page, trap: Trap, back: str) -> None:
    go(watched, f"/login?back={quote(back)}")
    until(watched, "() => location.pathname === '/'")
    assert watched.url == f"{trap.address}/"
    check(watched)


def test_a_file_that_is_more_than_a_picture_is_opened_as_a_picture(
    chromium: Browser, tmp_path: Path, figure: Figure
) -> None:
    (tmp_path / "root").mkdir()
    for name, content in polyglots().items():
        (tmp_path / "root" / name).write_bytes(content)
    with Collection(tmp_path / "collection", settings=Settings(workers=1, model=None)) as collection:
        collection.add(tmp_path / "root")
        ids = [item.id for item in collection.items()]
    complaints = Complaints()
    complaints.expect("^console: .*(style|sandboxed)")
    n_shown = 0
    with served(tmp_path / "collection") as address, opened(chromium, address, complaints) as page:
        for item_id in ids:
            try:
                page.goto(f"/v1/items/{item_id}/original")
                n_shown += 1
            except Error as error:
                assert "Download is starting" in error.message
            assert SCRIPT.split("'")[1] not in page.title()
    complaints.check()
    assert n_shown >= 8
    figure("9", "20 polyglots opened directly: 0 scripts run", f"{len(ids)} opened: 0")
