"""Every page of the built site in a real browser: two widths, two colour schemes, by http and from the disk."""

import itertools

import pytest
from listing import ALIVE, PAGES, TEACHING
from visits import visit

pytestmark = [pytest.mark.site, pytest.mark.browser]

LOOKS = list(itertools.product((1280, 360), ("light", "dark")))
MOVE = {"line_fit": ("circle[tabindex]", "ArrowUp"), "descent": ("input[type=range]", "ArrowRight")}
MOVE |= {
    "shots": ("input[type=range]", "ArrowRight"),
    "memory": ("input[type=range]", "ArrowRight"),
}
MOVE |= dict.fromkeys(("spectrum", "copying"), ("input[type=range]", "ArrowRight"))
MOVE |= dict.fromkeys(("scrub", "optimum"), ("input[type=range]", "ArrowRight"))
MOVE |= dict.fromkeys(("pools", "curves", "emergence"), ("input[type=range]", "ArrowRight"))
MOVE |= {"ledger": ("input[type=text]", "x")}
MOVE |= {"loops": ("input[type=range]", "ArrowLeft")}
MOVE |= {"kernels": ("input[type=range] >> nth=2", "ArrowLeft")}
MOVE |= {"inspector": (".icl-cell[tabindex='0']", "ArrowLeft")}
MOVE |= {
    "block_builder": ("button >> nth=1", "Enter"),
    "few_shot": ("input[type=checkbox] >> nth=0", "Space"),
    "prompt_writer": ("input[type=checkbox] >> nth=1", "Space"),
}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_page_shows_well(name, width, scheme, browser, address):
    with visit(browser, f"{address}/{name}.html", width, scheme) as seen:
        seen.page.wait_for_timeout(100)
        assert seen.outside == [] and seen.errors == []
        assert seen.bytes() <= 1_500_000, sorted(seen.sizes.items(), key=lambda item: -item[1])[:6]
        assert (
            seen.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            <= 0
        )
        assert seen.sticks_out() == [] and seen.scrolls_sideways() == []
        background = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
        brightness = sum(int(part) for part in background.strip("rgba()").split(",")[:3])
        assert (brightness > 384) == (scheme == "light")
        assert seen.barriers() == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_one_search_box(name, browser, address):
    with visit(browser, f"{address}/{name}.html") as seen:
        openers = seen.page.locator(
            "button.search-button__button:visible, button.search-button-field:visible"
        )
        inputs = seen.page.locator("input[type=search]:visible")
        assert openers.count() + inputs.count() == 1


def test_the_theme_can_be_switched(browser, address):
    with visit(browser, f"{address}/intro.html") as seen:
        colours = set()
        for _ in range(3):
            seen.page.locator("button.theme-switch-button:visible").first.click()
            colours.add(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert len(colours) == 2 and seen.errors == []


@pytest.mark.parametrize("name", ALIVE)
@pytest.mark.parametrize("protocol", ["http", "file"])
def test_a_live_figure_answers_the_keyboard(name, protocol, browser, address, site):
    url = f"{address}/{name}.html" if protocol == "http" else f"{(site / name).as_uri()}.html"
    for width, scheme in LOOKS:
        with visit(browser, url, width, scheme, reduced_motion="reduce") as seen:
            figure = seen.page.locator(".icl-live")
            assert (
                figure.get_attribute("data-alive") == "true"
                and seen.errors == []
                and seen.outside == []
            )
            target, key = MOVE[figure.get_attribute("data-figure")]
            before = (
                figure.locator(".icl-drawing").inner_html(),
                figure.locator("[aria-live]").inner_text(),
            )
            control = figure.locator(target).first
            control.focus()
            for _ in range(3):
                seen.page.keyboard.press(key)
            after = (
                figure.locator(".icl-drawing").inner_html(),
                figure.locator("[aria-live]").inner_text(),
            )
            assert before[0] != after[0] and before[1] != after[1]
            figure.get_by_role("button", name="Reset").press("Enter")
            assert figure.locator("[aria-live]").inner_text() == before[1]


@pytest.mark.parametrize("way", ["mouse", "touch", "keyboard"])
def test_a_number_of_the_inspector_can_be_followed_back_to_the_inputs(way, browser, address):
    with visit(
        browser, f"{address}/chapters/04_self_attention.html", 360, has_touch=way == "touch"
    ) as seen:
        figure = seen.page.locator(".icl-live")
        sentence = figure.locator("[aria-live]")
        back = figure.get_by_role("button", name="Follow the largest term back")
        cell = figure.locator(".icl-cell[aria-label^='update, row 4, column 3']")
        if way == "keyboard":
            figure.locator(".icl-cell[tabindex='0']").focus()
            for key in ("ArrowLeft",) * 3:  # from the last slot of out to the last of update
                seen.page.keyboard.press(key)
            assert (
                "update" in cell.get_attribute("aria-label")
                and cell.get_attribute("aria-pressed") == "true"
            )
        else:
            cell.tap() if way == "touch" else cell.click()
        assert sentence.inner_text().startswith(
            "update, the query's token, slot 3 (row 3 of P times mixed)"
        )
        assert figure.locator(".icl-cell.icl-direct").count() == 2
        for _ in range(8):
            back.tap() if way == "touch" else back.press("Enter")
        assert "An input: nothing stands behind it." in sentence.inner_text()


@pytest.mark.parametrize("name", ALIVE)
def test_every_control_of_a_live_figure_is_named_reachable_and_large_enough(name, browser, address):
    with visit(browser, f"{address}/{name}.html", 360) as seen:
        seen.page.wait_for_selector(".icl-live[data-alive=true]")
        controls = seen.page.locator(
            ".icl-live :is(button, select, input, circle[tabindex]):visible"
        ).all()
        # The loops have one slider, and Reset.
        assert len(controls) >= (2 if seen.page.locator("[data-figure=loops]").count() else 4)
        for control in controls:
            box = control.bounding_box()
            assert box["height"] >= 24 and box["width"] >= 24
            control.focus()
            assert control.evaluate("node => document.activeElement === node")


@pytest.mark.parametrize("name", ALIVE)
@pytest.mark.parametrize("width", [1280, 360])
def test_with_scripts_off_the_picture_and_the_mathematics_are_there(name, width, browser, address):
    with visit(browser, f"{address}/{name}.html", width, java_script_enabled=False) as seen:
        picture = seen.page.locator(".icl-live .icl-stage > svg[role=img]")
        assert picture.is_visible() and picture.bounding_box()["width"] > 200
        if name != "intro":
            assert seen.page.locator(".katex-html:visible").count() > 5
        solution = seen.page.locator("details.solution").first
        solution.locator("summary").click()
        assert solution.locator("pre").first.is_visible()


@pytest.mark.parametrize("name", TEACHING)
def test_a_folded_solution_opens_by_keyboard(name, browser, address):
    with visit(browser, f"{address}/{name}.html") as seen:
        solution = seen.page.locator("details.solution").first
        assert not solution.locator("pre").first.is_visible()
        solution.locator("summary").focus()
        seen.page.keyboard.press("Enter")
        assert solution.locator("pre").first.is_visible()
