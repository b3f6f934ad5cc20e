import re

import pytest
import torch

from icllib import plots


def luminance(color):
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("shade", [0, 1])
@pytest.mark.parametrize("name", [name for name in plots.COLORS if name not in ("grid", "surface")])
def test_every_colour_that_carries_text_stands_out_from_the_page(name, shade):
    low, high = sorted(luminance(plots.COLORS[key][shade]) for key in (name, "surface"))
    assert (high + 0.05) / (low + 0.05) >= 4.5 or ((name, shade) == ("query", 0) and (high + 0.05) / (low + 0.05) >= 4)


def picture():
    figure, ax = plots.canvas(xlabel="step (k)", title="A title")
    ax.plot([0, 1], [1, 2], **plots.LEARNERS["gd"])
    return figure


def test_a_picture_keeps_its_text_and_turns_with_the_page():
    svg = plots.to_svg(picture(), "It rises.")
    assert ">A title</text>" in svg and 'role="img"' in svg and 'aria-label="It rises."' in svg
    assert "var(--icl-gd, #0072b2)" in svg and "<style" not in svg
    assert "fill:var(--icl-ink" in svg.split(">")[0] and "fill: #000" not in svg  # text of no colour is ink
    for name in ("--icl-gd", "--icl-ink"):
        assert plots.css_tokens().count(name + ":") == 3


def test_a_picture_is_drawn_to_a_hundredth_of_a_point_and_labels_keep_their_digits():
    figure = picture()
    figure.axes[0].text(0, 1, "0.00123")
    svg = plots.to_svg(figure, "0.4567 is what it shows.")
    assert ">0.00123</text>" in svg and "0.4567" in svg
    assert not re.search(r"\.\d{3}", " ".join(re.findall(r' d="[^"]*"| x="[^"]*"| y="[^"]*"', svg)))


def test_two_pictures_on_a_page_share_no_id():
    first, second = (set(re.findall(r' id="([^"]+)"', plots.to_svg(picture(), "It rises."))) for _ in range(2))
    assert first and not first & second


def test_a_picture_without_a_text_alternative_is_refused():
    with pytest.raises(ValueError, match="text alternative"):
        plots.show(picture(), caption="A caption is not enough.")


def test_a_picture_is_shown_wherever_its_call_stands_in_a_cell(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "display", shown.append)
    assert plots.show(picture(), caption="What W_K does.", alt="It rises.", name="rise") is None
    (output,) = shown
    bundle = output._repr_mimebundle_()
    assert 'data-name="rise"' in bundle["text/html"] and bundle["text/plain"] == str(output) == "It rises."


def test_a_drawn_matrix_names_its_entries_and_leaves_zeros_empty():
    figure = plots.draw_matrix(torch.tensor([[1.0, 0.0], [0.0, -0.25]]), "P", 1, {-0.25: "−η/N"})
    assert sorted(text.get_text() for text in figure.axes[0].texts) == ["1", "−η/N"]


def test_no_text_of_a_figure_is_too_small_for_a_phone():
    for width in (2.6, 5.0, 7.0):
        figure, ax = plots.canvas(width, 3.0, xlabel="x")
        ax.text(0.5, 0.5, "small", fontsize=6)
        svg = plots.to_svg(figure, "A small word.")
        sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)]
        shown = min(1.0, 350 / (72 * width))  # how much a screen of 360 px shrinks it
        assert len(sizes) > 3 and min(sizes) * shown >= 9.99


def test_a_heatmap_tells_its_scale_and_refuses_a_smaller_one():
    matrix = torch.tensor([[1.0, -0.5], [0.0, 2.0]])
    svg = plots.to_svg(plots.draw_heatmap(matrix, "M", 1), "A matrix.")
    assert ">−2<" in svg and ">2<" in svg
    with pytest.raises(ValueError, match="largest = 1.0"):
        plots.draw_heatmap(matrix, "M", largest=1.0)
