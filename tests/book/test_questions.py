"""The questions to the reader: their form, the page, the notebook, and what is kept of an answer."""

import re

import notebooks
import pytest
import questions
from labels import directive, parser
from listing import NUMBERED, ROOT
from small_books import CELL, make, new_book, write
from visits import visit

ONE = (
    "Which $x$?\n\n- [x] Down.\n\n  Against it.\n\n  More.\n- [ ] Up\n  and on.\n\n  Along with it."
)
FORMS = {
    "no list": ("Which?", "list of choices"),
    "no question": ("- [x] a\n\n  b\n- [ ] c\n\n  d", "expected a question"),
    "one choice": ("Which?\n\n- [x] a\n\n  b", "two or more choices"),
    "no choice is right": (ONE.replace("[x]", "[ ]"), "one of them right"),
    "two are right": (ONE.replace("[ ]", "[x]"), "one of them right"),
    "a choice without a mark": (ONE.replace("[ ] ", ""), r"expected '\[x\]'"),
    "a choice without a reason": (ONE.replace("\n\n  Along with it.", ""), "and a paragraph"),
}


def asked(name: str) -> list[tuple[str, str, list[questions.Choice]]]:
    """The questions of a chapter: kind, text, choices."""
    found = map(directive, parser().parse((ROOT / f"{name}.md").read_text(encoding="utf-8")))
    return [
        (one.name, *questions.read(one.body))
        for one in found
        if one and one.name in ("quiz", "predict")
    ]


def test_a_question_has_a_text_and_choices_of_which_one_is_right():
    text, choices = questions.read(ONE)
    assert text == "Which $x$?"
    assert [choice.right for choice in choices] == [True, False]
    assert choices[0].explanation == "Against it.\n\nMore." and choices[1].answer == "Up\nand on."


@pytest.mark.parametrize("fault", FORMS)
def test_a_question_out_of_form_is_refused(fault):
    body, words = FORMS[fault]
    with pytest.raises(ValueError, match=words):
        questions.read(body)


@pytest.mark.parametrize("name", NUMBERED)
def test_a_chapter_asks_three_questions_and_the_right_choice_has_no_place_of_its_own(name):
    found = [choices for kind, _, choices in asked(name) if kind == "quiz"]
    assert len(found) == 3
    places = [[choice.right for choice in choices].index(True) for choices in found]
    assert len(set(places)) > 1, "the right choice stands at one place in all three"
    for choices in found:
        assert len({choice.answer for choice in choices}) == len(choices) >= 3


def test_right_choices_are_not_known_by_their_length():
    found = [choices for name in NUMBERED for _, _, choices in asked(name)]
    longest = [max(choices, key=lambda choice: len(choice.answer)).right for choices in found]
    assert len(found) > 80 and sum(longest) < 0.6 * len(found)


@pytest.mark.parametrize("name", NUMBERED)
def test_an_explanation_states_no_number_that_the_build_does_not_check(name):
    """Decimals are measured numbers; those of a given example stand in the question too."""
    for _, text, choices in asked(name):
        given = " ".join([text, *(choice.answer for choice in choices)])
        for choice in choices:
            numbers = set(re.findall(r"\d\.\d+", choice.explanation))
            known = set(re.findall(r"\d\.\d+", given))
            derived = {"0.55", "1.8", "0.8"} if "0.45" in given else set()  # 1 − λη by chapter 2
            assert numbers <= known | derived, (text, numbers - known)


def test_a_question_of_a_notebook_opens_choice_by_choice():
    myst = ":::{quiz}\n" + ONE + "\n:::"
    translator = notebooks.Translator(notebooks.Book(), "chapters/one", "https://example.org")
    text = translator.blocks(myst)
    assert text.startswith("**Question.** Which $x$?")
    assert "<summary>Down.</summary>\n\n**Right.** Against it." in text
    assert "<summary>Up\nand on.</summary>\n\n**Not this one.** Along with it." in text


@pytest.fixture(scope="module")
def little_site(tmp_path_factory):
    """A book with one guess and two questions."""
    root = new_book(tmp_path_factory.mktemp("asking"))
    second = ONE.replace("Which $x$?", "And now?")
    boxes = [(":::{predict}\n", ONE), (":::{quiz}\n", ONE), (":::{quiz}\n", second)]
    write(root, CELL % "print(1)" + "\n".join(f"{kind}{body}\n:::\n" for kind, body in boxes))
    status, output = make(root)
    assert status == 0, output
    return (root / "_build" / "html" / "chapters" / "one.html").as_uri()


@pytest.mark.site
@pytest.mark.browser
@pytest.mark.slow
class TestOnThePage:
    def test_a_choice_opens_by_keyboard_and_its_reason_follows(self, browser, little_site):
        with visit(browser, little_site) as seen:
            choice = seen.page.locator("#quiz-1 summary").nth(1)
            choice.focus()
            seen.page.keyboard.press("Enter")
            assert seen.page.locator("#quiz-1 details[open]").inner_text().split("\n")[0] == (
                "Up and on."
            )
            assert seen.page.locator("#quiz-1").get_by_text("Not this one.").is_visible()
            assert "0 of 1 right" in seen.page.locator(".icl-score").inner_text()
            seen.page.locator("#quiz-1 summary").first.press("Enter")
            seen.page.locator("#quiz-2 summary").first.press("Enter")
            assert "1 of 2 right at the first try" in seen.page.locator(".icl-score").inner_text()

    def test_answers_are_kept_until_they_are_forgotten(self, browser, little_site):
        with visit(browser, little_site) as seen:
            page = seen.page
            page.locator("#quiz-2 summary").first.click()
            page.locator("#predict-1 summary").nth(1).click()
            page.reload()
            assert page.locator(".icl-quiz details[open]").count() == 2
            assert "1 of 1 right" in page.locator(".icl-score").inner_text()
            page.get_by_role("button", name="Forget my answers").click()
            assert page.locator(".icl-quiz details[open]").count() == 0
            assert not page.evaluate("Object.keys(localStorage).filter((k) => /^icl-/.test(k))")
            page.reload()
            assert page.locator(".icl-quiz details[open]").count() == 0

    def test_printing_opens_all_and_counts_nothing(self, browser, little_site):
        with visit(browser, little_site) as seen:
            seen.page.evaluate("dispatchEvent(new Event('beforeprint'))")
            assert seen.page.locator(".icl-quiz details:not([open])").count() == 0
            seen.page.evaluate("dispatchEvent(new Event('afterprint'))")
            assert "right" not in seen.page.locator(".icl-score").inner_text()
            assert seen.page.locator(".icl-quiz details[open]").count() == 0

    def test_without_scripts_a_choice_opens_all_the_same(self, browser, little_site):
        with visit(browser, little_site, java_script_enabled=False) as seen:
            seen.page.locator("#quiz-1 summary").first.click()
            assert seen.page.get_by_text("Against it.").nth(1).is_visible()

    def test_where_nothing_may_be_kept_answers_last_for_the_visit(self, browser, little_site):
        with visit(browser, little_site) as seen:
            seen.page.add_init_script(
                "Object.defineProperty(window, 'localStorage', { get() { throw new Error('no'); } });"
            )
            seen.page.reload()
            seen.page.locator("#quiz-1 summary").first.click()
            assert "1 of 1 right" in seen.page.locator(".icl-score").inner_text()
