"""Whoever knows the keys never needs the mouse."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.watching import go


@pytest.fixture
def grid(page: Page) -> Locator:
    """The gallery of all pictures, entered by key."""
    go(page, "/")
    grid = page.get_by_role("grid")
    expect(grid.get_by_role("link").first).to_be_visible()
    page.keyboard.press("ArrowRight")
    return grid


def focused(page: Page) -> Locator:
    """Return the link of the picture that has the focus."""
    link = page.get_by_role("grid").get_by_role("link").and_(page.locator(":focus"))
    expect(link).to_have_count(1)
    return link


def middle(link: Locator) -> tuple[float, float]:
    box = link.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_arrows_walk_in_two_dimensions(page: Page, grid: Locator) -> None:
    start = middle(focused(page))
    page.keyboard.press("ArrowRight")
    right = middle(focused(page))
    assert right[0] > start[0]
    assert right[1] == start[1]
    page.keyboard.press("ArrowDown")
    assert middle(focused(page))[1] > right[1] + 50
    page.keyboard.press("ArrowUp")
    assert middle(focused(page))[1] == right[1]
    page.keyboard.press("ArrowLeft")
    assert middle(focused(page)) == start
    page.keyboard.press("End")
    last = focused(page)
    page.keyboard.press("ArrowRight")
    assert focused(page).get_attribute("href") == last.get_attribute("href")


def test_enter_opens_and_escape_returns_to_the_same_picture(page: Page, grid: Locator) -> None:
    for key in ("ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    href = focused(page).get_attribute("href")
    assert href is not None
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"{href}$"))
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert focused(page).get_attribute("href") == href


def test_whoever_walks_on_in_the_picture_comes_back_to_the_last_one(page: Page, grid: Locator) -> None:
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    before = page.url
    page.keyboard.press("ArrowRight")
    expect(page).not_to_have_url(before)
    shown = page.url
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert shown.endswith(str(focused(page).get_attribute("href")))


def test_space_peeks_and_the_arrows_go_on_peeking(page: Page, grid: Locator) -> None:
    peek = page.get_by_role("button", name="Close the peek")
    page.keyboard.press("Space")
    expect(peek).to_be_visible()
    first = peek.get_by_role("img").get_attribute("src")
    page.keyboard.press("ArrowRight")
    expect(peek.get_by_role("img")).not_to_have_attribute("src", str(first))
    page.keyboard.press("Space")
    expect(peek).to_have_count(0)


def test_x_selects_and_with_shift_a_span(page: Page, grid: Locator) -> None:
    selection = page.get_by_role("group", name="Selection")
    page.keyboard.press("x")
    expect(selection).to_contain_text("1 selected")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+X")
    expect(selection).to_contain_text("4 selected")
    expect(grid.get_by_role("gridcell", selected=True)).to_have_count(4)
    page.keyboard.press("Escape")
    expect(selection).to_have_count(0)


def test_a_question_mark_lists_the_keys_that_work_here(page: Page, grid: Locator) -> None:
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    for words in ("Walk", "Peek", "More like this", "To the box", "Select (with shift a span)"):
        expect(keys.get_by_role("definition").filter(has_text=words).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_have_count(0)
    focused(page)


def test_a_slash_goes_to_the_box_and_is_not_written_there(page: Page, grid: Locator) -> None:
    page.keyboard.press("/")
    box = page.get_by_role("combobox", name="Search")
    expect(box).to_be_focused()
    page.keyboard.type("a/b x?")
    expect(box).to_have_value("a/b x?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_m_and_l_ask_for_more_and_less_like_it(page: Page) -> None:
    go(page, "/search?q=colour:red")
    query = page.get_by_role("list", name="The query")
    page.keyboard.press("ArrowRight")
    focused(page)
    page.keyboard.press("l")
    expect(query.get_by_role("group", name="not picture")).to_be_visible()
    expect(page).to_have_url(re.compile("%23"))  # what is asked is shown before it is in the history
    page.go_back()
    expect(query.get_by_role("group")).to_have_count(1)
    page.keyboard.press("ArrowRight")
    focused(page)
    page.keyboard.press("m")
    expect(query.get_by_role("group", name=re.compile("^picture"))).to_be_visible()


@pytest.mark.parametrize("last", ["Remove picture 1", "Remove this filter"])
def test_the_focus_goes_on_where_what_had_it_is_gone(page: Page, last: str) -> None:
    go(page, "/search?q=%231 format:jpeg")
    page.get_by_role("button", name=last).or_(page.get_by_title(last)).focus()
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("format.*%231|%231.*format"))
    expect(page.get_by_role("main")).to_be_focused()
    page.keyboard.press("ArrowRight")
    focused(page)


def test_a_page_that_opens_leaves_the_focus_where_the_browser_puts_it(page: Page) -> None:
    go(page, "/albums")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
