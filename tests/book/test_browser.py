"""Every page of the built site in a real browser: two widths, two colour schemes, by http and from the disk."""

import pytest
from listing import ALIVE, PAGES
from visits import NEEDLESS, each, over, some_now, visit

pytestmark = [pytest.mark.site, pytest.mark.browser]

TOO_WIDE = """document.documentElement.scrollWidth - document.documentElement.clientWidth"""
# Signs at the beginning of a line that belong to the formula at the end of the line before.
ORPHANS = """() => [...document.querySelectorAll('article .katex-html')].flatMap((formula) => {
  const parts = formula.querySelectorAll('.base');
  const walker = document.createTreeWalker(document.querySelector('article'), NodeFilter.SHOW_TEXT);
  walker.currentNode = formula.closest('.katex');
  let text = walker.nextSibling();
  for (let up = formula.closest('.katex'); !text && up; up = up.parentElement) { walker.currentNode = up; text = walker.nextSibling(); }
  if (!text || !/^[,.;:!?)]/.test(text.data) || !parts.length) return [];
  const sign = document.createRange(); sign.setStart(text, 0); sign.setEnd(text, 1);
  const last = parts[parts.length - 1].getBoundingClientRect(), here = sign.getBoundingClientRect();
  return here.width && here.top > last.bottom - 2 ? [formula.textContent + text.data.slice(0, 20)] : [];
})"""
# Text of a figure that is smaller than 10 px on the screen; letters that stand lower or higher are
# part of a symbol.
SMALL = """() => {
  const own = (node) => [...node.childNodes]
    .some((child) => child.nodeType === 3 && child.textContent.trim());
  const zoom = (node) => {
    const { a, b } = node.getScreenCTM?.() ?? { a: 1, b: 0 };
    return Math.hypot(a, b);
  };
  const size = (node) => parseFloat(getComputedStyle(node).fontSize) * zoom(node);
  const nodes = document.querySelectorAll(
    '.icl-figure :is(text, figcaption), .icl-live :is(text, p, li, label, summary, button)');
  const shown = (node) => own(node) && node.getClientRects().length;
  return [...nodes].filter((node) => shown(node) && size(node) < 9.95)
    .map((node) => `${node.textContent.slice(0, 30)}: ${size(node).toFixed(1)} px`);
}"""
# Words of one plain picture that lie on each other.
OVERLAP = """() => [...document.querySelectorAll('.icl-figure svg, .icl-stage > svg')].flatMap((svg) => {
  const words = [...svg.querySelectorAll('text')].filter((node) => node.textContent.trim())
    .map((node) => [node.textContent.trim(), node.getBoundingClientRect()]);
  const share = (a, b, from, to) => Math.min(a[to], b[to]) - Math.max(a[from], b[from]);
  return words.flatMap(([one, a], place) => words.slice(place + 1)
    .filter(([, b]) => share(a, b, 'left', 'right') > 3
      && share(a, b, 'top', 'bottom') > 0.45 * Math.min(a.height, b.height))
    .map(([other]) => `${one} / ${other}`));
})"""
MARGINS = """() => [...document.querySelectorAll('.icl-panels')]
  .filter((row) => row.getClientRects().length).map((row) => {
  const box = row.getBoundingClientRect();
  const svgs = [...row.querySelectorAll(':scope > svg')].map((svg) => svg.getBoundingClientRect());
  const top = Math.min(...svgs.map((one) => one.top));
  const first = svgs.filter((one) => Math.abs(one.top - top) < 2);
  const [left, right] = [first.map((one) => one.left), first.map((one) => one.right)];
  return [Math.min(...left) - box.left, box.right - Math.max(...right)];
})"""


class APage:
    """What holds for a page at any width."""

    def test_it_loads_what_it_needs_and_no_more(self, shown):
        shown.page.wait_for_timeout(100)
        assert shown.outside == [] and shown.errors == []
        sizes = sorted(shown.sizes.items(), key=lambda item: -item[1])
        assert shown.bytes() <= 1_500_000, sizes[:6]

    def test_it_fits_the_screen(self, shown):
        assert shown.page.evaluate(TOO_WIDE) <= 0
        assert shown.sticks_out() == [] and shown.scrolls_sideways() == []

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_its_words_stand_out_from_their_ground(self, scheme, shown):
        with shown.seen_as(scheme):
            background = shown.page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(over(background)) > 1.5) == (scheme == "light")
            assert shown.pale() == [] and shown.errors == []

    def test_its_figures_fill_the_column_or_stand_in_its_middle(self, shown):
        for left, right in shown.page.evaluate(MARGINS):
            assert abs(left - right) <= 2

    def test_it_has_one_search_box(self, shown):
        openers = shown.page.locator(
            "button.search-button__button:visible, button.search-button-field:visible"
        )
        inputs = shown.page.locator("input[type=search]:visible")
        assert openers.count() + inputs.count() == 1

    def test_the_keyboard_stops_where_there_is_something_to_do(self, shown):
        assert shown.page.evaluate(NEEDLESS) == []

    def test_no_line_begins_with_the_sign_behind_a_formula(self, shown):
        assert shown.page.evaluate(ORPHANS) == []


@each(PAGES, 360)
class TestAPageOnAPhone(APage):
    def test_words_of_figures_are_ten_pixels_large_and_lie_apart(self, shown):
        assert shown.page.evaluate(SMALL) == [] and shown.page.evaluate(OVERLAP) == []

    def test_it_can_be_read_at_400_percent(self, shown):
        with shown.seen_as(width=320):
            assert shown.page.evaluate(TOO_WIDE) <= 0


@each(PAGES, 1280)
class TestAPageOnADesk(APage):
    def test_what_is_drawn_has_a_name(self, shown):
        live = shown.page.locator(".icl-live")
        assert live.filter(has=shown.page.locator("svg[role]")).count() == live.count()
        for drawing in shown.page.locator("article svg[role]").all():
            assert len((drawing.get_attribute("aria-label") or "").split()) >= 5

    def test_a_folded_solution_opens_and_closes_by_keyboard(self, shown):
        solutions = shown.page.locator("details.solution")
        for solution in solutions.all()[:1]:
            for opens in (True, False):
                solution.locator("summary").press("Enter")
                assert solution.locator("pre").first.is_visible() == opens


@pytest.mark.parametrize("name", some_now(PAGES))
def test_axe_finds_no_barrier(name, browser, address):
    with visit(browser, f"{address}/{name}.html") as seen:
        assert seen.barriers() == []


@pytest.mark.long
@each(PAGES, 360)
class TestInOtherLooks:
    @pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 360), ("dark", 1280)])
    def test_axe_finds_no_barrier(self, scheme, width, shown):
        with shown.seen_as(scheme, width=width):
            assert shown.barriers() == []


def test_the_theme_can_be_switched(browser, address):
    with visit(browser, f"{address}/intro.html") as seen:
        colours = set()
        for _ in range(3):
            seen.page.locator("button.theme-switch-button:visible").first.click()
            colours.add(seen.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert len(colours) == 2 and seen.errors == []


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
@pytest.mark.parametrize("width", [360, pytest.param(1280, marks=pytest.mark.long)])
def test_with_scripts_off_the_picture_and_the_mathematics_are_there(name, width, browser, address):
    with visit(browser, f"{address}/{name}.html", width, java_script_enabled=False) as seen:
        picture = seen.page.locator(".icl-live .icl-stage > svg[role=img]")
        assert picture.is_visible() and picture.bounding_box()["width"] > 200
        if name != "intro":
            assert seen.page.locator(".katex-html:visible").count() > 5
        solution = seen.page.locator("details.solution").first
        solution.locator("summary").click()
        assert solution.locator("pre").first.is_visible()
