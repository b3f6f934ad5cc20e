"""Tables: what a reader, a screen reader and a terminal get."""

import math

import numpy as np
import pytest
import torch
from bs4 import BeautifulSoup

from icllib.errors import InputError
from icllib.tables import table


@pytest.fixture
def losses():
    return table(
        {
            "layers": [1, 2, 5],
            "learner": ["GD", "GD++", "least squares & more"],
            "loss, N<sub>x</sub> = 10": [0.20742, 0.1116, None],
            "answers' rms": [(0.9, 0.01), (0.85, 0.012), (0.85, 0.012)],
        },
        "Loss on new prompts, 10<sup>5</sup> of them",
        best={"loss, N<sub>x</sub> = 10": "min", "answers' rms": "min"},
        index="learner",
    )


def soup(shown) -> BeautifulSoup:
    return BeautifulSoup(shown._repr_html_(), "html.parser")


def test_the_page_gets_a_table_with_a_caption_and_header_cells_that_say_what_they_head(losses):
    found = soup(losses)
    assert (
        found.caption.text.startswith("Loss on new prompts, 105 of them")
        and found.caption.sup.text == "5"
    )
    names = [cell.text for cell in found.select("thead th[scope=col]")]
    assert names == ["learner", "layers", "loss, Nx = 10", "answers' rms"]
    rows = found.select("tbody tr")
    assert [row.select_one("th[scope=row]").text for row in rows] == [
        "GD",
        "GD++",
        "least squares & more",
    ]
    assert all(len(row.select("td")) == 3 for row in rows)
    assert found.select_one("thead sub").text == "x"


def test_the_box_of_a_table_scrolls_by_itself_can_be_reached_by_keyboard_and_has_a_name(losses):
    box = soup(losses).div
    assert box["tabindex"] == "0" and "overflow-x: auto" in box["style"] and box["role"] == "group"
    assert box["aria-label"] == "Loss on new prompts, 10^5 of them"


def test_numbers_stand_on_the_right_words_on_the_left(losses):
    sides = [cell["class"][0] for cell in soup(losses).select("thead th")]
    assert sides == ["icl-words", "icl-number", "icl-number", "icl-number"]
    for row in soup(losses).select("tbody tr"):
        assert [cell["class"][0] for cell in row.select("th, td")] == sides
        assert all("right" in cell["style"] for cell in row.select("td"))


def test_the_best_of_a_column_is_marked_by_weight_and_by_a_word_and_equals_share_the_mark(losses):
    found = soup(losses)
    assert [strong.text for strong in found.select("td strong")] == [
        "0.112",
        "0.850 ± 0.012",
        "0.850 ± 0.012",
    ]
    assert "Bold: the best" in found.caption.text
    plain = table({"a": ["x"], "b": [1.0]}, "No goal")
    assert (
        not soup(plain).select("strong")
        and "Bold" not in plain._repr_html_()
        and "*" not in repr(plain)
    )


def test_a_terminal_gets_columns_in_line_with_an_asterisk_at_the_best(losses):
    lines = repr(losses).splitlines()
    assert lines == [
        "Loss on new prompts, 10^5 of them",
        "learner               layers  loss, N_x = 10    answers' rms",
        "────────────────────  ──────  ───────────────  ──────────────",
        "GD                         1           0.207   0.900 ± 0.010",
        "GD++                       2           0.112*  0.850 ± 0.012*",
        "least squares & more       5               –   0.850 ± 0.012*",
        "* the best of its column",
    ]
    assert str(losses) == repr(losses)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.20742, "0.207"),
        (0.2, "0.200"),
        (9.996, "10.0"),
        (1234.5, "1,234"),
        (-0.5, "−0.500"),
        (0.0, "0"),
        (-0.0, "0"),
        (2.15e-7, "2.15 × 10⁻⁷"),
        (-3e9, "−3.00 × 10⁹"),
        (200_000, "200,000"),
        (np.float32(0.5), "0.500"),
        (np.int64(12), "12"),
        (torch.tensor(0.25), "0.250"),
        (math.nan, "–"),
        (None, "–"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        ((0.2074, 0.003), "0.207 ± 0.003"),
        ((0.2074, 0.0003), "0.2074 ± 0.0003"),
        ((-1234.5, 20.0), "−1,234 ± 20"),
        ((2.15e-7, 3e-9), "(2.15 ± 0.03) × 10⁻⁷"),
        ((0.2074, math.nan), "0.207"),
        ((torch.tensor(0.5), torch.tensor(0.01)), "0.500 ± 0.010"),
        ("diverges", "diverges"),
    ],
)
def test_a_number_is_shown_with_its_significant_digits_and_no_digit_before_the_point_is_lost(
    value, shown
):
    assert table({"": ["row"], "value": [value]}, "One").rows[0][1].text == shown


def test_the_names_of_rows_are_as_short_as_they_are_and_digits_can_differ_by_column():
    shown = table(
        {"α": [0.5, 1, 1e-6], "a": [1 / 3] * 3, "b": [1 / 3] * 3}, "Digits", digits={"b": 2}
    )
    assert [[cell.text for cell in row] for row in shown.rows] == [
        ["0.5", "0.333", "0.33"],
        ["1", "0.333", "0.33"],
        ["1 × 10⁻⁶", "0.333", "0.33"],
    ]


def test_tensors_and_arrays_are_columns_and_nan_is_never_the_best():
    shown = table(
        {
            "seed": range(3),
            "loss": torch.tensor([0.5, torch.nan, 0.25]),
            "cosine": np.array([0.9, 0.99, 0.95]),
        },
        "Three seeds",
        best={"loss": "min", "cosine": "max"},
    )
    assert [cell.text for row in shown.rows for cell in row if cell.is_best] == ["0.990", "0.250"]
    assert all(shown.numeric)


def test_what_is_put_in_cannot_become_markup():
    shown = table({"<script>": ["a < b"]}, 'A "quoted" <b>caption</b>')._repr_html_()
    assert "<script>" not in shown and "<b>" not in shown and "a &lt; b" in shown


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({}, {}, "columns is empty"),
        ({"a": []}, {}, "columns is empty"),
        ({"a": [1], "b": [1, 2]}, {}, r"columns\['b'\] has 2 cells, expected 1 as in 'a'"),
        ({"a": "word"}, {}, r"columns\['a'\] is a str"),
        ({"a": 3.0}, {}, r"columns\['a'\] is a float"),
        ({"a": [1], "b": [1j]}, {}, r"columns\['b'\]\[0\] is a complex"),
        ({"a": [1], "b": [(1, 2, 3)]}, {}, r"columns\['b'\]\[0\] is a tuple"),
        ({"a": [1], "b": [True]}, {}, r"columns\['b'\]\[0\] is a bool"),
        ({"a": [1]}, {"index": "c"}, "index = 'c', expected one of the columns 'a'"),
        ({"a": [1]}, {"best": {"c": "min"}}, "best = 'c'"),
        ({"a": [1]}, {"best": {"a": "least"}}, r"best\['a'\] = 'least'"),
        ({"a": [1]}, {"digits": 0}, "digits = 0"),
        ({"a": [1]}, {"digits": {"a": 0.5}}, r"digits\['a'\] = 0.5"),
    ],
)
def test_bad_input_is_named(columns, options, message):
    with pytest.raises(InputError, match=message):
        table(columns, "Bad", **options)
