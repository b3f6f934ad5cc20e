"""What the search page finds: symbols, other names, sections; read without a browser."""

import json

import katex_math
import plain_text
import pytest
import search_entries
from bs4 import BeautifulSoup
from listing import PAGES, ROOT
from py_mini_racer import MiniRacer

CODE = ROOT / "_sphinx" / "search"

#: What a reader types → a page and a title's beginning that stand among the first three.
QUERIES = {
    "γ": ("notation", "γ"),
    "gamma": ("notation", "γ"),
    "\\gamma": ("notation", "γ"),
    "eta": ("notation", "η"),
    "Lambda": ("notation", "Λ"),
    "W_K": ("notation", "W_K"),
    "WK": ("notation", "W_K"),
    "W_{K}": ("notation", "W_K"),
    "R2": ("notation", "R^2"),
    "ŷ": ("notation", "ŷ"),
    "GD++": ("07_many_layers", "GD++: bend the inputs"),
    "η*": ("notation", "η"),
    "λ_max": ("02_gradient_descent", "Curvature decides"),
    "lambda max": ("02_gradient_descent", "Curvature decides"),
    "curvature correction": ("glossary", "GD++"),
    "step size": ("glossary", "learning rate"),
    "weight decay": ("glossary", "ridge regression"),
    "ridge": ("01_linear_regression", "Ridge: when examples are few"),
    "few-shot": ("glossary", "in-context learning"),
    "few shot": ("glossary", "few-shot"),
    "ICL": ("glossary", "in-context learning"),
    "copying": ("glossary", "induction head"),
    "induction head": ("08_copying", "Induction heads"),
    "preconditioning": ("glossary", "preconditioned gradient descent"),
    "regularization": ("glossary", "ridge regression"),
    "positional encoding": ("glossary", "position"),
    "multi-head attention": ("glossary", "self-attention"),
    "layer normalization": ("glossary", "norm"),
    "fast weights": ("05_linear_attention", "5. Linear attention and fast weights"),
    "Proposition 1": ("06_one_layer_is_one_step", "Proposition 1"),
    "exercise 7.2": ("07_many_layers", "Exercise 7.2"),
    "von Oswald": ("bibliography", "von Oswald"),
    "heavy_ball": ("api", "icllib.learners.heavy_ball"),
}


def finder(script: str) -> MiniRacer:
    """The search over what a script holds."""
    engine = MiniRacer()
    engine.eval((CODE / "minisearch.min.js").read_text(encoding="utf-8"))
    engine.eval(script)
    engine.eval((CODE / "search.js").read_text(encoding="utf-8"))
    engine.eval("const find = bookSearch(SEARCH_ENTRIES, SEARCH_SYNONYMS)")
    return engine


def find(engine: MiniRacer, query: str) -> list[dict[str, str]]:
    """What stands on the page of results, best first."""
    return json.loads(engine.eval(f"JSON.stringify(find({json.dumps(query)}))"))


def entry(title: str, text: str, kind: str = "section") -> dict[str, str]:
    return {"url": f"{title}.html", "page": "A page", "title": title, "text": text, "kind": kind}


@pytest.fixture(scope="module")
def small():
    entries = [
        entry("W_K, W_Q", "the weights of attention", "notation"),
        entry("λ, Λ", "an eigenvalue", "notation"),
        entry("learning rate", "The factor; also called step size.", "term"),
        entry("Depth", "Here λ_max stands beside n_context and R^2, in-context."),
        entry("Preconditioned steps", "The best η^* of a regularised loss, W_K^ᵀ."),
    ]
    engine = finder(search_entries.script(entries))
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("query", "first"),
    {
        "wk": "W_K, W_Q",
        "W_K": "W_K, W_Q",
        "lambda": "λ, Λ",
        "λmax": "Depth",
        "lambda_max": "Depth",
        "context": "Depth",
        "in context": "Depth",
        "R²": "Depth",
        "η*": "Preconditioned steps",
        "eta": "Preconditioned steps",
        "regularized": "Preconditioned steps",
        "preconditioning": "Preconditioned steps",
        "step size": "learning rate",
        "learnig rate": "learning rate",
    }.items(),
)
def test_a_word_is_found_in_all_its_forms(query, first, small):
    assert find(small, query)[0]["title"] == first


def test_what_is_not_there_is_not_found_and_nothing_breaks(small):
    for query in ("", "zebra", "((", "*", "||", "\\", "^_{}", "Ж"):
        assert find(small, query) == []


def test_a_result_marks_the_words_as_the_text_has_them(small):
    marks = json.loads(small.eval("JSON.stringify(find.marks(find('lambda_max')[0]))"))
    assert "λ_max" in marks


def test_other_names_are_those_that_the_glossary_tells():
    told = [
        entry("momentum", "Keeping a part of the last step. Also called the heavy ball.", "term"),
        entry("GD++", "Also called curvature correction, because it evens it out.", "term"),
        entry("ridge regression", "The penalty is also called weight decay or L2 term.", "term"),
        entry("A section", "This is also called nothing."),
    ]
    pairs = search_entries.synonyms(told)[len(search_entries.RELATED) :]
    assert pairs[::2] == [
        ["momentum", "heavy ball"],
        ["GD++", "curvature correction"],
        ["ridge regression", "weight decay"],
        ["ridge regression", "L2 term"],
    ]
    assert pairs[1::2] == [pair[::-1] for pair in pairs[::2]]


def test_signs_that_are_kept_with_a_formula_stay_beside_it():
    tex = r"W \leftarrow W - \eta \nabla L"
    formula = katex_math.keep_together("(", katex_math.render(tex, display=False), ").")
    page = f"""<article class="bd-article"><section id="top"><h1>Top</h1><p>One step
      {formula} Then the next.</p></section></article>"""
    (entry,) = search_entries.entries_of(BeautifulSoup(page, "html.parser"), "p")
    said = f"One step ({plain_text.of_formula(tex)}). Then the next."
    assert entry["text"] == said and formula.count("icl-keep") == 2


def test_exercises_and_works_are_entries_of_their_own():
    page = """<article class="bd-article"><section id="top"><h1>Top</h1><p>Words.</p>
      <div class="exercise admonition" id="ex-a"><p class="admonition-title">Exercise 1.1 (A)</p>
      <p>How many?</p></div><div class="citation" id="id1"><span class="label">[Doe, 2020]</span>
      <p>A work.</p></div></section></article>"""
    entries = search_entries.entries_of(BeautifulSoup(page, "html.parser"), "p")
    found = {each["url"]: each for each in entries}
    assert found["p.html#ex-a"]["title"] == "Exercise 1.1 (A)"
    assert (
        found["p.html#id1"] | {"title": "Doe, 2020", "kind": "bibliography"} == found["p.html#id1"]
    )
    assert found["p.html#top"]["text"] == "Words."


@pytest.fixture(scope="module")
def whole(site):
    engine = finder((site / "_static" / "search" / "entries.js").read_text(encoding="utf-8"))
    yield engine
    engine.close()


@pytest.mark.site
@pytest.mark.parametrize("query", QUERIES)
def test_a_query_leads_to_its_place_within_three_results(query, whole):
    page, title = QUERIES[query]
    results = find(whole, query)[:3]
    assert any(
        each["url"].startswith(f"chapters/{page}") and each["title"].startswith(title)
        for each in results
    ), [(each["url"], each["title"]) for each in results]


@pytest.mark.site
def test_every_result_leads_to_a_place_that_exists(whole, site):
    urls = json.loads(whole.eval("JSON.stringify(SEARCH_ENTRIES.map((entry) => entry.url))"))
    ids = {
        name: {
            node["id"]
            for node in BeautifulSoup(
                (site / f"{name}.html").read_text(encoding="utf-8"), "html.parser"
            ).select("[id]")
        }
        for name in PAGES
    }
    for url in urls:
        name, _, anchor = url.partition(".html")
        assert not anchor or anchor[1:] in ids[name], url


@pytest.mark.site
def test_the_index_is_for_the_search_page_alone(site):
    for page in site.rglob("*.html"):
        loads = "search/entries.js" in page.read_text(encoding="utf-8")
        assert loads == (page == site / "search.html"), page
