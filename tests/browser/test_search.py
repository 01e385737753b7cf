"""Asking with pictures from everywhere, with words and colours, and taking the question in hand."""

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Place
from tests.browser.watching import Complaints, go, until

MAKE_FILE = """const bytes = Uint8Array.from(atob(data), (one) => one.charCodeAt(0));
const transfer = new DataTransfer();
transfer.items.add(new File([bytes], "apple.png", {type: "image/png"}));"""
PASTE = f"""(data) => {{ {MAKE_FILE}
document.body.dispatchEvent(new ClipboardEvent("paste", {{clipboardData: transfer, bubbles: true, cancelable: true}}))
}}"""
DRAG = f"""([data, kind]) => {{ {MAKE_FILE}
document.body.dispatchEvent(new DragEvent(kind, {{dataTransfer: transfer, bubbles: true, cancelable: true}}))
}}"""
UPLOADED = re.compile(r"/search\?q=upload%3A[0-9a-f]{32}$")


@pytest.fixture(scope="session")
def apple(place: Place) -> Path:
    """A picture of the collection, as a file somebody has."""
    [path] = (place.root / "drawn" / "apple").iterdir()
    return path


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="The query").get_by_role("group")


def chip(page: Page, name: str | re.Pattern[str]) -> Locator:
    return page.get_by_role("list", name="The query").get_by_role("group", name=name)


def answer(page: Page) -> Locator:
    return page.get_by_role("grid", name="Answer, best first")


def hits(page: Page) -> Locator:
    return answer(page).get_by_role("gridcell").get_by_role("link")


def names(page: Page) -> list[str]:
    """Return what stands at each hit in the window, best first."""
    expect(hits(page).first).to_be_visible()
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    labels: list[str] = hits(page).evaluate_all("(all) => all.map((hit) => hit.ariaLabel.toWellFormed())")
    return labels


def ask(page: Page, text: str) -> None:
    box = page.get_by_role("combobox")
    box.fill(text)
    box.press("Enter")


def data(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def finds_the_apple(page: Page) -> None:
    """Check that the question is one picture that was sent, and the answer that picture."""
    expect(page).to_have_url(UPLOADED)
    expect(chip(page, "your picture")).to_be_visible()
    assert names(page)[0].startswith("apple-0001.png")


def test_a_picture_from_the_file_dialog_is_searched_for(page: Page, apple: Path) -> None:
    go(page, "/")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Search with a picture").click()
    chooser.value.set_files(apple)
    finds_the_apple(page)


def test_a_picture_that_is_pasted_is_searched_for(page: Page, apple: Path) -> None:
    go(page, "/albums")
    page.evaluate(PASTE, data(apple))
    finds_the_apple(page)


def test_a_picture_that_is_dropped_is_searched_for(page: Page, apple: Path) -> None:
    go(page, "/")
    page.evaluate(DRAG, [data(apple), "dragenter"])
    expect(page.get_by_text("Drop to search with this picture")).to_be_visible()
    page.evaluate(DRAG, [data(apple), "drop"])
    expect(page.get_by_text("Drop to search with this picture")).to_have_count(0)
    finds_the_apple(page)


def test_a_file_that_is_no_picture_is_refused_in_a_sentence(page: Page, complaints: Complaints, place: Place) -> None:
    complaints.expect("status of 4")
    go(page, "/")
    page.evaluate(DRAG, [data(place.root / "odd" / "broken.jpg"), "drop"])
    expect(page.get_by_text(re.compile("apple.png|picture.*(read|damaged|broken)"))).to_be_visible()
    expect(page).to_have_url(re.compile("/$"))


def test_more_like_a_hit_is_one_click_away(page: Page) -> None:
    go(page, "/search?q=apple")
    hit = answer(page).get_by_role("gridcell").first
    href = hit.get_by_role("link").get_attribute("href")
    hit.hover()
    hit.get_by_role("button", name="More like this").click()
    expect(chips(page)).to_have_count(2)
    expect(chip(page, f"picture {str(href).rpartition('/')[2]}")).to_be_visible()


def test_words_are_found_in_names_and_titles(page: Page) -> None:
    go(page, "/")
    ask(page, "teapot")
    expect(page).to_have_url(re.compile(r"/search\?q=teapot$"))
    assert any(name.startswith("teapot-0001.png") for name in names(page))
    expect(page.get_by_role("main").get_by_text("ranked, not judged").first).to_be_visible()  # what looks so, too
    go(page, "/")
    ask(page, "text:teapot")
    expect(page.get_by_role("main").get_by_text(re.compile(r"\d pictures? · "))).to_be_visible()
    assert all(name.startswith("teapot") for name in names(page))


def test_a_name_in_arabic_is_found_and_shown(page: Page) -> None:
    go(page, "/")
    ask(page, "الشاطئ")
    assert names(page) == ["قطة على الشاطئ.jpg"]


def test_a_colour_from_the_palette_is_searched_for(page: Page) -> None:
    go(page, "/")
    page.get_by_role("button", name="Search with a colour").click()
    page.get_by_role("button", name="light blue").click()
    expect(chip(page, "colour #4fb3e8")).to_be_visible()
    assert len(names(page)) > 5


def test_minus_turns_a_chip_into_its_opposite_and_back(page: Page) -> None:
    go(page, "/search?q=year:1900.. colour:red")
    best = str(hits(page).first.get_attribute("href"))
    page.get_by_role("button", name="Opposite of colour #ff0000").click()
    expect(chip(page, "not colour #ff0000")).to_contain_text("not")
    expect(hits(page).first).not_to_have_attribute("href", best)
    page.get_by_role("button", name="Opposite of colour #ff0000").click()
    expect(hits(page).first).to_have_attribute("href", best)


def test_a_chip_counts_a_little_normally_or_a_lot(page: Page) -> None:
    go(page, "/search?q=%231 colour:red")
    weight = page.get_by_role("button", name=re.compile("colour #ff0000 counts"))
    for words in ("normal", "a lot", "a little"):
        expect(weight).to_have_accessible_name(f"colour #ff0000 counts {words}")
        weight.click()
    expect(weight).to_have_accessible_name("colour #ff0000 counts normal")


def test_a_chip_can_be_removed(page: Page) -> None:
    go(page, "/search?q=%231 colour:red")
    page.get_by_role("button", name="Remove colour #ff0000").click()
    expect(page).to_have_url(re.compile(r"\?q=%231$"))
    expect(chips(page)).to_have_count(1)


def test_the_question_is_read_and_written_as_text(page: Page) -> None:
    go(page, "/search?q=%231 colour:red")
    page.get_by_role("button", name="As text").click()
    box = page.get_by_role("combobox", name="The whole query as text")
    expect(box).to_have_value("#1 colour:red")
    box.fill("#2 -colour:blue format:jpeg")
    box.press("Enter")
    expect(chip(page, "picture 2")).to_be_visible()
    expect(chip(page, "not colour #0000ff")).to_be_visible()
    expect(page.get_by_role("list", name="Filters").get_by_text("format jpeg")).to_be_visible()
    page.get_by_role("button", name="Remove picture 2").click()
    expect(box).to_have_value("-colour:#0000ff format:jpeg")


def test_text_that_is_no_question_is_answered_in_words(page: Page, complaints: Complaints) -> None:
    complaints.expect("status of 4")
    go(page, "/search?q=apple")
    page.get_by_role("button", name="As text").click()
    ask(page, "nosuchfield:x")
    expect(page.get_by_role("alert")).to_contain_text("nosuchfield")
    expect(page.get_by_role("combobox")).to_have_value("nosuchfield:x")
    expect(hits(page).first).to_be_visible()


def test_a_slider_ranks_the_answer_anew(page: Page) -> None:
    go(page, "/search?q=%2312&all=1")
    before = names(page)
    content = page.get_by_role("slider", name="Content")
    colour = page.get_by_role("slider", name="Colour")
    colour.fill("1")
    expect(page).to_have_url(re.compile("%40colour"))
    content.fill("0")
    expect(page).to_have_url(re.compile(r"q=%2312%40colour"))
    expect(colour).to_have_value("1")
    expect(hits(page).nth(5)).to_be_visible()
    assert names(page) != before


def test_where_nothing_is_good_the_ways_out_lead_on(page: Page) -> None:
    go(page, "/search?q=apple zeppelin format:webp")
    expect(page.get_by_role("heading", name="Nothing good was found")).to_be_visible()
    expect(page.get_by_text("No picture fits “apple zeppelin”.")).to_be_visible()
    ways = page.get_by_role("main").get_by_role("button", name=re.compile("Search without|Look at all"))
    expect(ways).to_have_count(2)
    ways.first.click()
    expect(hits(page).first).to_be_visible()


def test_a_filter_narrows_and_is_given_up_again(page: Page) -> None:
    go(page, "/search?q=colour:green")
    filters = page.get_by_role("list", name="Filters")
    filters.get_by_role("button", name="Filter by format").click()
    filters.get_by_role("button", name=re.compile("webp", re.IGNORECASE)).click()
    used = filters.get_by_role("button", name=re.compile("format webp", re.IGNORECASE))
    expect(used).to_be_visible()
    expect(page).to_have_url(re.compile("format%3Awebp", re.IGNORECASE))
    assert all(name.split(",")[0].endswith(".webp") for name in names(page))
    used.click()
    expect(page).to_have_url(re.compile(r"q=colour%3A\S+$"))


def test_back_forward_and_reload_keep_the_place(page: Page) -> None:
    go(page, "/")  # so that the way back ends in this page: a browser leaves an empty one behind in its own time
    go(page, "/search?q=colour:green")
    expect(hits(page).first).to_be_visible()
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 900)
    until(page, "() => scrollY > 500")
    page.wait_for_timeout(300)
    there = page.evaluate("scrollY")
    page.get_by_role("navigation", name="Places").get_by_role("link", name="Albums").click()
    expect(page.get_by_role("heading", name=re.compile("album"))).to_be_visible()
    page.go_back()
    until(page, "(there) => Math.abs(scrollY - there) < 2", there)
    page.reload()
    until(page, "(there) => Math.abs(scrollY - there) < 2", there)
    page.go_back()
    page.go_forward()
    until(page, "(there) => Math.abs(scrollY - there) < 2", there)
    expect(hits(page).first).to_be_visible()


def test_all_pictures_are_reloaded_where_they_were(page: Page) -> None:
    go(page, "/")
    page.mouse.move(700, 500)
    page.mouse.wheel(0, 700)
    until(page, "() => scrollY > 400")
    page.wait_for_timeout(300)
    there = page.evaluate("scrollY")
    page.reload()
    until(page, "(there) => Math.abs(scrollY - there) < 2", there)
