"""Style sheets: several put together, and left without the rules that no page uses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import tinycss2
from tinycss2.ast import Node

#: Beginnings of class names that a script puts together from parts.
COMPOSED = ("bs-tooltip-", "bs-popover-")


def parsed(css: str) -> list[Node]:
    """The rules of a style sheet.

    Raises:
        ValueError: one cannot be read; names its line.
    """
    return _sound(tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True))


def joined(path: Path, static: Path) -> list[Node]:
    """The rules of a style sheet and of those that it imports, their addresses seen from `static`.

    Raises:
        ValueError: a rule cannot be read; names its file and line.
    """
    try:
        rules = parsed(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name}, {error}") from None
    for token in addresses(rules):
        parts = urlsplit(token.value)
        if parts.path and not parts.scheme and not parts.netloc:
            place = (path.parent / parts.path).resolve().relative_to(static.resolve())
            _lead(token, parts._replace(path=place.as_posix()).geturl())
    found = []
    for rule in rules:
        keyword = rule.lower_at_keyword if rule.type == "at-rule" else ""
        if keyword == "import":
            (address,) = (token for token in rule.prelude if token.type in ("string", "url"))
            found += joined(path.parent / address.value, static)
        elif keyword != "charset":
            found.append(rule)
    return found


def addresses(nodes: Sequence[Node]) -> Iterator[Node]:
    """The tokens that hold an address: what stands in `url(…)`, in quotation marks or not."""
    for node in nodes:
        if node.type == "url":
            yield node
        elif node.type == "function" and node.lower_name == "url":
            yield from (token for token in node.arguments if token.type == "string")
        else:
            for part in ("prelude", "content", "arguments"):
                yield from addresses(getattr(node, part, None) or [])


def selectors(rule: Node) -> list[list[Node]]:
    """The selectors of a rule; a comma inside brackets parts none."""
    parts = [[]]
    for node in rule.prelude:
        if node == ",":
            parts.append([])
        else:
            parts[-1].append(node)
    return parts


def named(selector: Sequence[Node]) -> set[str]:
    """The classes and ids that a selector names outside of its brackets."""
    ids = {node.value for node in selector if node.type == "hash"}
    return ids | {name.value for dot, name in itertools.pairwise(selector) if dot == "."}


def used(rules: Sequence[Node], names: set[str]) -> str:
    """A style sheet without the rules for classes and ids that are not among `names`."""
    return "\n".join(_used(rules, names))


def text(nodes: Sequence[Node]) -> str:
    """Nodes as they are written, without comments."""
    return tinycss2.serialize(node for node in nodes if node.type != "comment").strip()


def _used(rules: Sequence[Node], names: set[str]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            kept = [text(one) for one in selectors(rule) if _may_match(one, names)]
            body = text(rule.content)
            if kept and body:
                yield f"{','.join(kept)}{{{body}}}"
        elif rule.lower_at_keyword in ("media", "supports"):
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            inside = used(_sound(inner), names)
            if inside:
                yield f"@{rule.at_keyword} {text(rule.prelude)}{{{inside}}}"
        else:
            yield text([rule])


def _may_match(selector: Sequence[Node], names: set[str]) -> bool:
    """Whether a page may have what a selector names."""
    return all(name in names or name.startswith(COMPOSED) for name in named(selector))


def _lead(token: Node, address: str) -> None:
    """Let a token hold another address."""
    token.value = address
    token.representation = f"url({address})" if token.type == "url" else f'"{address}"'


def _sound(rules: list[Node]) -> list[Node]:
    for rule in rules:
        if rule.type == "error":
            raise ValueError(f"line {rule.source_line}: {rule.message}")
    return rules
