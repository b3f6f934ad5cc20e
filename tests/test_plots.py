import os
import re
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib.style
import pytest
import torch
from contrast import contrast
from matplotlib.colors import to_rgb

from icllib import plots


@pytest.mark.parametrize("shade", [0, 1])
@pytest.mark.parametrize("name", [name for name in plots.COLORS if name not in ("grid", "surface")])
def test_every_colour_that_carries_text_stands_out_from_the_page(name, shade):
    between = contrast(*(to_rgb(plots.COLORS[key][shade]) for key in (name, "surface")))
    assert between >= (4 if (name, shade) == ("query", 0) else 4.5)


def picture():
    figure, ax = plots.canvas(xlabel="step (k)", title="A title")
    ax.plot([0, 1], [1, 2], **plots.LEARNERS["gd"])
    return figure


def test_a_picture_keeps_its_text_and_turns_with_the_page():
    svg = plots.to_svg(picture(), "It rises.")
    assert ">A title</text>" in svg and 'role="img"' in svg and 'aria-label="It rises."' in svg
    assert "var(--icl-gd, #0072b2)" in svg and "<style" not in svg
    assert (
        "fill:var(--icl-ink" in svg.split(">")[0] and "fill: #000" not in svg
    )  # text of no colour is ink
    for name in ("--icl-gd", "--icl-ink"):
        assert plots.css_tokens().count(name + ":") == 3


def test_a_picture_is_drawn_to_a_hundredth_of_a_point_and_labels_keep_their_digits():
    figure = picture()
    figure.axes[0].text(0, 1, "0.00123")
    svg = plots.to_svg(figure, "0.4567 is what it shows.")
    assert ">0.00123</text>" in svg and "0.4567" in svg
    assert not re.search(r"\.\d{3}", " ".join(re.findall(r' d="[^"]*"| x="[^"]*"| y="[^"]*"', svg)))


def test_two_pictures_on_a_page_share_no_id():
    first, second = (
        set(re.findall(r' id="([^"]+)"', plots.to_svg(picture(), "It rises."))) for _ in range(2)
    )
    assert first and not first & second


def test_a_picture_can_be_read_as_a_file_of_its_own():
    matrix = plots.draw_matrix(torch.eye(2), "A", split=1)
    for figure in (picture(), matrix, plots.draw_heatmap(torch.eye(2), "A")):
        ElementTree.fromstring(plots.to_svg(figure, "what it finds"))


def test_a_picture_without_a_text_alternative_is_refused():
    with pytest.raises(ValueError, match="text alternative"):
        plots.show(picture(), caption="A caption is not enough.")


def test_a_picture_is_shown_wherever_its_call_stands_in_a_cell(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "display", shown.append)
    assert plots.show(picture(), caption="What W_K does.", alt="It rises.", name="rise") is None
    (output,) = shown
    bundle = output._repr_mimebundle_()
    assert (
        'data-name="rise"' in bundle["text/html"]
        and bundle["text/plain"] == str(output) == "It rises."
    )


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
    with pytest.raises(ValueError, match=r"largest = 1\.0"):
        plots.draw_heatmap(matrix, "M", largest=1.0)


HOSTILE = """
text.usetex: True
font.family: A Font That Nobody Has
font.size: 23
figure.dpi: 37
figure.facecolor: black
figure.autolayout: True
axes.facecolor: black
axes.labelcolor: white
axes.titlelocation: right
axes.spines.left: False
axes.prop_cycle: cycler(color=["ff0000"])
axes.xmargin: .3
text.color: white
xtick.direction: in
xtick.minor.visible: True
ytick.labelsize: 30
lines.linewidth: 9
lines.marker: x
patch.linewidth: 7
errorbar.capsize: 12
hist.bins: 40
grid.linestyle: --
path.sketch: 1, 100, 2
path.simplify: False
savefig.bbox: tight
savefig.pad_inches: 2
savefig.dpi: 10
savefig.facecolor: red
savefig.format: png
savefig.transparent: True
svg.fonttype: path
svg.hashsalt: other
image.cmap: gray
"""

DRAW = """
import numpy as np, torch
from icllib import plots
fig, ax = plots.canvas(xlabel="step", ylabel="loss", title="A title", yscale="log")
ax.plot([1, 2, 3], [.001, .1, .2], **plots.LEARNERS["trained"])
ax.plot([1, 2, 3], [.1, .2, .3])
plots.label_line(ax, 2, .1, "a label", "#0072b2")
ax.errorbar([1, 2], [.1, .2], yerr=[.01, .02], fmt="o")
ax.axhline(.15)
ax.axvline(2)
ax.fill_between([1, 3], [.01, .01], [.02, .02], alpha=.2)
ax.text(2, .3, "a text")
ax.annotate("a note", (1, .1), xytext=(5, 5), textcoords="offset points", arrowprops={"arrowstyle": "->"})
ax.set_xticks([1, 2, 3], ["a", "b", "c"])
ax.set(ylim=(1e-3, 1), title="Another title")
bars, ax = plots.canvas(title="bars")
ax.barh([0, 1, 2], [1, 2, 3])
ax.hist([1, 2, 2, 3])
ax.contour(np.arange(9.).reshape(3, 3))
ax.fill([0, 1, 1], [0, 0, 1])
ax.legend(["x"])
matrix = torch.tensor([[1, 0], [.25, -2.]])
for figure in (fig, bars, plots.draw_matrix(matrix, "P", 1), plots.draw_heatmap(matrix, "P", 1)):
    print(plots.to_svg(figure, "Something."))
"""


@pytest.mark.slow
def test_figures_do_not_depend_on_the_reader_s_matplotlibrc(tmp_path):
    pictures = []
    for name, settings in (("none", ""), ("hostile", HOSTILE)):
        (tmp_path / name).write_text(settings)
        environment = os.environ | {"MATPLOTLIBRC": str(tmp_path / name)}
        done = subprocess.run(
            [sys.executable, "-c", DRAW], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        pictures.append((done.stdout, done.stderr))
    assert pictures[0] == pictures[1] and pictures[0][0].count("<svg") == 4


def test_drawing_leaves_the_reader_s_own_settings_alone():
    with matplotlib.rc_context({"lines.linewidth": 7.0, "font.size": 17.0}):
        before = dict(matplotlib.rcParams)
        plots.to_svg(picture(), "It rises.")
        assert dict(matplotlib.rcParams) == before


def test_a_picture_looks_the_same_whatever_style_is_in_force_when_it_is_drawn():
    plain = re.sub(r"f\d+-", "", plots.to_svg(picture(), "It rises."))
    with matplotlib.style.context("dark_background"):
        dark = re.sub(r"f\d+-", "", plots.to_svg(picture(), "It rises."))
    assert dark == plain
