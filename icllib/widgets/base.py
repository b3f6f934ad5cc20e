"""What all live figures share: one ES module, one state, and a static page that needs neither
kernel nor network."""

from __future__ import annotations

import html
import json
import re
from importlib.resources import files
from typing import ClassVar

import anywidget
import torch
import traitlets

from icllib.errors import ShapeError, check_tensors
from icllib.plots import css_tokens

__all__ = ["LiveFigure", "vector"]

_FOLDER = files("icllib.widgets")
_SHARED = ("shared.js", "drawing.js")


def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


class LiveFigure(anywidget.AnyWidget):
    """A figure that answers the reader. In a notebook it is an ipywidget; on a static page the
    same module draws.

    A subclass names its module and says how its state becomes numbers and a plain picture. The
    module ``NAME.js`` exports ``render`` (the drawing) and ``compute`` (the figure's arithmetic,
    the same as here).

    Attributes:
        data: what never changes, as JSON (trait).
        state: what the reader moves, as JSON (trait, synchronised with the page in a live
            notebook).
        words: the caption and the answers, for a notebook (trait); a page has them beside the
            figure.
    """

    name: ClassVar[str]
    caption: ClassVar[str]
    parts: ClassVar[tuple[str, ...]] = ()  # modules of its own that stand before NAME.js

    data = traitlets.Dict().tag(sync=True)
    state = traitlets.Dict().tag(sync=True)
    words = traitlets.Dict().tag(sync=True)

    def __init_subclass__(cls, **kwargs: object) -> None:
        if "name" in vars(
            cls
        ):  # not for the classes that traitlets derives when an instance gains a trait
            cls._esm = "".join(map(_text, (*_SHARED, *cls.parts, f"{cls.name}.js")))
            cls._css = css_tokens() + _text("live.css")
        super().__init_subclass__(**kwargs)

    @traitlets.default("words")
    def _words(self) -> dict:
        return {"caption": self.caption, "answers": self.answers()}

    def compute(self, state: dict) -> dict:
        """The figure's numbers for a state; `compute` of the module gives the same to 1e-9."""
        raise NotImplementedError

    def picture(self) -> str:
        """The first frame as SVG, with a text alternative: what a reader without scripts sees."""
        raise NotImplementedError

    def answers(self) -> list[str]:
        """What one finds who does what the caption asks: a sentence or two for each question."""
        raise NotImplementedError

    def page(self) -> str:
        """The figure for a static page: the plain picture, the values, and the module that takes
        the picture's place."""
        values = json.dumps(
            {"data": self.data, "state": self.state}, ensure_ascii=False, separators=(",", ":")
        ).replace("</", "<\\/")
        module = self._esm.replace("export default", "return", 1)
        script = f"(() => {{ const figure = (() => {{ {module} }})(); {_text('shim.js')} }})();"
        found = "".join(f"<li>{_rich(answer)}</li>" for answer in self.answers())
        return (
            f'<figure class="icl-live" data-figure="{self.name}"><style>{self._css}</style>'
            f'<div class="icl-stage">{self.picture()}</div>'
            f"<figcaption>{_rich(self.caption)}</figcaption>"
            f'<details class="icl-answers"><summary>Answers</summary><ul>{found}</ul></details>'
            f'<script type="application/json" class="icl-values">{values}</script>'
            f"<script>{script}</script></figure>"
        )

    def _repr_mimebundle_(self, **kwargs: object) -> tuple[dict, dict] | dict:
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        return {**data, "text/html": self.page()}, metadata


def _rich(words: str) -> str:
    """Words as HTML: what follows an underscore stands lower, as in λ_max."""
    return re.sub(r"(?<=[^\W\d_])_([A-Za-z]+)", r"<sub>\1</sub>", html.escape(words))


def vector(name: str, values: object, size: int | None = None) -> list[float]:
    """Numbers as a plain list for the page.

    Raises:
        ShapeError: not one axis, or not `size` numbers.
        InputError: values that are not finite.
    """
    tensor = torch.as_tensor(values, dtype=torch.float64)
    check_tensors({name: (tensor, ("n",))}, None if size is None else {"n": size})
    if len(tensor) == 0:
        raise ShapeError(f"{name} is empty, expected at least one number")
    return tensor.tolist()
