"""What a reader does with the site: opens menus, looks words up, searches, prints."""

import re

import pytest
from listing import CHAPTERS
from visits import some_now, two_frames, visit

pytestmark = [pytest.mark.site, pytest.mark.browser]

SOME = ["intro", "chapters/06_one_layer_is_one_step", "chapters/notation", "chapters/api"]
SOME += [pytest.param("chapters/api_measuring", marks=pytest.mark.long)]

# Elements that have the focus and show it: an outline, or a picture that differs.
FOCUS = """() => {
  const node = document.activeElement;
  const style = getComputedStyle(node);
  return { shown: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
           body: node === document.body, what: node.outerHTML.slice(0, 90) };
}"""


def press(locator, way: str) -> None:
    {"click": locator.click, "tap": locator.tap, "key": lambda: locator.press("Enter")}[way]()


@pytest.mark.parametrize("way", ["click", "tap", "key"])
@pytest.mark.parametrize("width", [360, 800, 1280])
def test_the_menu_opens_the_list_of_chapters_at_every_width(width, way, browser, address):
    with visit(browser, f"{address}/chapters/glossary.html", width, has_touch=way == "tap") as seen:
        page = seen.page
        chapter = page.get_by_role("link", name="6. One layer is one step", exact=True).and_(
            page.locator("a:not(article a)")  # in the list, not in the text
        )
        button = page.get_by_role("button", name="Chapters")
        assert button.count() == 1
        shown = chapter.is_visible()
        assert shown == (width >= 992)
        press(button, way)
        chapter.wait_for(state="hidden" if shown else "visible")
        if width < 992:
            page.keyboard.press("Escape")
            chapter.wait_for(state="hidden")
            press(button, way)
            chapter.click()
            assert page.url.endswith("06_one_layer_is_one_step.html")
        else:
            press(button, way)
            chapter.wait_for(state="visible")


@pytest.mark.parametrize("way", ["click", "tap", "key"])
@pytest.mark.parametrize("width", [360, 800, 1280])
def test_the_contents_of_a_page_are_shown_or_open_at_every_width(width, way, browser, address):
    with visit(
        browser, f"{address}/chapters/06_one_layer_is_one_step.html", width, has_touch=way == "tap"
    ) as seen:
        section = seen.page.locator("#pst-page-toc-nav").get_by_role(
            "link", name="Exercises", exact=True
        )
        if not section.is_visible():
            press(seen.page.get_by_role("button", name="Contents of this page"), way)
        section.click()
        assert seen.page.url.endswith("#exercises")


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_the_keyboard_s_place_is_seen_on_everything(name, scheme, browser, address):
    with visit(browser, f"{address}/{name}.html", scheme=scheme) as seen:
        unseen = []
        for _ in range(400):
            seen.page.keyboard.press("Tab")
            focus = seen.page.evaluate(FOCUS)
            if focus["body"]:
                break
            if not focus["shown"]:
                unseen.append(focus["what"])
        assert unseen == []


def test_a_term_s_card_opens_by_hover_focus_and_tap_and_closes_by_escape(browser, address):
    for touch in (False, True):
        with visit(
            browser, f"{address}/intro.html", 360 if touch else 1280, has_touch=touch
        ) as seen:
            link = seen.page.locator("a.icl-term").first
            card = seen.page.locator(f"[id='{link.get_attribute('aria-describedby')}']")
            before = seen.page.url
            assert not card.is_visible()
            link.tap() if touch else link.hover()
            card.wait_for(state="visible")
            box = card.bounding_box()
            assert (
                box["x"] >= 0
                and box["x"] + box["width"] <= (360 if touch else 1280)
                and seen.page.url == before
            )
            seen.page.keyboard.press("Escape")
            assert not card.is_visible()
            seen.page.mouse.move(0, 0)
            seen.page.keyboard.press("Tab")  # what moves the focus is the keyboard
            link.focus()
            card.wait_for(state="visible")
            seen.page.keyboard.press("Enter")
            seen.page.wait_for_url("**/glossary.html#term-*")


QUERIES = {
    "head": "Glossary",
    "transformer": "Glossary",
    "induction head": "Glossary",
    "W_K": "Notation",
    "γ": "Notation",
}


@pytest.mark.parametrize("protocol", ["http", "file"])
def test_a_search_finds_the_definition_first_and_leads_to_the_section(
    protocol, browser, address, site
):
    root = address if protocol == "http" else site.as_uri()
    for query, kind in QUERIES.items():
        with visit(browser, f"{root}/search.html?q={query}") as seen:
            results = seen.page.locator("#search-results li")
            results.first.wait_for()
            assert results.first.locator(".icl-where").inner_text() == kind, query
            assert seen.errors == [] and seen.outside == []
            kinds = results.locator(".icl-where").all_inner_texts()
            if query == "transformer":
                chapters = [
                    place
                    for place, where in enumerate(kinds)
                    if where not in ("Glossary", "Notation", "API reference")
                ]
                library = [place for place, where in enumerate(kinds) if where == "API reference"]
                assert chapters[0] < min(library, default=99)
            assert not re.search(
                r"annotation|Copy(?!,? \w)|\\\\[a-z]+",
                seen.page.locator("#search-results").inner_text(),
            )
    with visit(browser, f"{root}/search.html?q=curvature correction") as seen:
        seen.page.locator("#search-results li a").first.click()
        seen.page.locator("span.highlighted").first.wait_for()
        assert "#" in seen.page.url


def test_numbers_of_equations_and_of_tables_can_be_pointed_at(browser, address):
    with visit(browser, f"{address}/chapters/06_one_layer_is_one_step.html") as seen:
        numbers = seen.page.locator("article a.icl-number")
        assert numbers.count() > 5
        for number in numbers.all():
            number.click(trial=True)
        marked = seen.page.locator("article :is(a, td).icl-number")
        values = marked.evaluate_all("all => all.map((one) => getComputedStyle(one).pointerEvents)")
        assert set(values) == {"auto"}


@pytest.mark.parametrize("name", some_now(CHAPTERS))
def test_a_printed_chapter_is_light_whole_and_without_controls(name, browser, address):
    with visit(browser, f"{address}/{name}.html", 720, "dark") as seen:
        page = seen.page
        page.emulate_media(media="print", color_scheme="dark")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.set_viewport_size({"width": 700, "height": 800})  # live figures draw again
        two_frames(page)
        assert page.evaluate("document.documentElement.dataset.theme") == "light"
        assert page.locator("article details:not([open])").count() == 0
        assert page.locator("article :is(button, input, select):visible").count() == 0
        assert (
            page.evaluate(
                "[...document.querySelectorAll('article pre')].filter((p) => p.scrollWidth > p.clientWidth + 1).length"
            )
            == 0
        )
        solutions = page.locator("article details.solution")
        if solutions.count():
            assert (
                page.locator("article .icl-solutions details.solution").count() == solutions.count()
            )
            assert page.locator("article h2").last.inner_text() == "Solutions"
        order = [item.inner_text() for item in solutions.locator("summary").all()]
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark"
        assert (
            page.locator(".icl-solutions").count() == 0
            and page.locator("details.solution[open]").count() == 0
        )
        assert [item.inner_text() for item in solutions.locator("summary").all()] == order
