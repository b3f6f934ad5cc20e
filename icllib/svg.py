"""The text of a picture: what pictures on one page need that matplotlib does not do."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element, fromstring, tostring

__all__ = ["inlined"]

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
#: matplotlib's own name, and its style sheet, which would reach the whole page.
_DROPPED = ("metadata", "style")
_POINTER = re.compile(r"url\(#([^)]*)\)")
#: A hundredth of a point is finer than any screen.
_TOO_FINE = re.compile(r"(?<=\.\d\d)\d+")

_counter = itertools.count()


def inlined(svg: str, inks: Mapping[str, str], **attributes: str) -> str:
    """A picture to stand in a page: small, as wide as its place, in the colours and the font of the
    page, with ids that no other picture has.

    Args:
        svg: a file as matplotlib writes it.
        inks: a colour of lines, surfaces or text → what takes its place.
        **attributes: what the picture as a whole gets, such as `role`.
    """
    root = fromstring(svg)
    for node in root.iter():
        node.tag = node.tag.removeprefix(f"{{{_SVG}}}")
        node.attrib = {
            name.replace(f"{{{_XLINK}}}", "xlink:"): _TOO_FINE.sub("", " ".join(value.split()))
            for name, value in node.items()
        }
        if style := _restyled(node.attrib.pop("style", ""), inks):
            node.set("style", style)
    _rename(root, prefix=f"f{next(_counter)}-")
    names = {"viewBox": root.get("viewBox"), "xmlns": _SVG, "xmlns:xlink": _XLINK}
    picture = Element("svg", attributes | names)
    picture.extend(_kept(root))
    return tostring(picture, encoding="unicode")


def _restyled(style: str, inks: Mapping[str, str]) -> str:
    """A style in the page's colours, and without a font: matplotlib measures with DejaVu Sans; the
    page shows its own."""
    given = (declaration.strip().partition(": ") for declaration in style.split(";"))
    return "; ".join(
        f"{name}: {inks.get(value, value) if name in ('fill', 'stroke') else value}"
        for name, _, value in given
        if name not in ("", "font-family")
    )


def _rename(root: Element, prefix: str) -> None:
    """Drop the ids that nothing refers to; let the others begin with a prefix."""
    values = [value for node in root.iter() for value in node.attrib.values()]
    used = {name for value in values for name in _POINTER.findall(value)}
    used |= {value[1:] for value in values if value.startswith("#")}
    for node in root.iter():
        for key, value in list(node.items()):
            if key == "id" and value not in used:
                del node.attrib[key]
            elif key == "id":
                node.set(key, prefix + value)
            elif key == "xlink:href":
                node.set(key, f"#{prefix}{value[1:]}")
            else:
                node.set(key, _POINTER.sub(rf"url(#{prefix}\1)", value))


def _kept(parent: Element) -> Iterator[Element]:
    """What stands in a node and has an effect: no space between elements, no group that does
    nothing."""
    for node in parent:
        if node.tag in _DROPPED:
            continue
        node[:] = _kept(node)
        node.tail = None
        if node.tag in ("g", "defs") and not len(node):
            continue
        if len(node):
            node.text = None
        if node.tag == "g" and not node.attrib:
            yield from node
        else:
            yield node
