"""MyST as plain Markdown, for notebooks that are read where nobody knows directives and roles."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass

import questions
from labels import Book, Directive, directive, parser
from markdown_it.token import Token
from pybtex.database import Entry

ROLE = r"\{(?P<role>[\w:.+-]+)\}(?P<ticks>`+)(?P<content>.+?)(?P=ticks)"
CODE = r"(?P<code>(?<!`)(?P<fence>`+)(?!`).+?(?<!`)(?P=fence)(?!`))"
MATH = r"(?P<math>\$\$.+?\$\$|(?<![\\$])\$(?!\s).+?(?<![\s\\])\$)"
LINK = r"(?P<image>!?)\[(?P<text>[^\[\]]*)\]\((?P<target>[^()\s]+)\)"
ATTRIBUTES = r"(?P<attributes>(?<=[\])`*])\{[.#][^{}`]*\})"
INLINE = re.compile("|".join((ROLE, CODE, MATH, LINK, ATTRIBUTES)), re.DOTALL)
ATTRIBUTE_LINE = re.compile(r"^[ \t>]*\{[.#][^{}]*\}[ \t]*\n?", re.MULTILINE)
SILENT = ("bibliography", "contents", "tableofcontents", "index", "solution-end", "only")
OPEN = ("div", "container", "grid", "grid-item", "tab-set", "tab-item", "cell")
AS_CODE = ("code", "literal", "func", "class", "meth", "mod", "attr", "data", "obj", "file")
PROVED = ("lemma", "proposition", "theorem", "corollary", "definition", "algorithm", "remark")

#: Lines that stand for the borders of a solution, whose cells lie between them.
SOLUTION, SOLVED = "\x02", "\x03"


@dataclass(frozen=True)
class Translator:
    """Turns the MyST of one page into plain Markdown, whose links lead to the site."""

    book: Book
    page: str
    site: str

    def blocks(self, text: str) -> str:
        """A text of the page: the parser's blocks one by one, the prose between them inline."""
        lines, parts, done = text.splitlines(), [], 0
        for token in parser().parse(text):
            if not token.map or token.map[0] < done or (new := self._block(token, lines)) is None:
                continue
            start, end = token.map
            parts.append(self._prose(lines[done:start]))
            first = re.match(r"[ \t>]*(?:(?:[-*+]|\d+[.)])[ \t]+)*", lines[start])[0]
            rest = re.sub(r"[^ \t>]", " ", first)
            parts.append(
                "\n".join(
                    f"{rest if i else first}{line}".rstrip()
                    for i, line in enumerate(new.splitlines())
                )
            )
            done = end
        parts.append(self._prose(lines[done:]))
        return "\n\n".join(part for part in (part.strip("\n") for part in parts) if part.strip(" "))

    def inline(self, text: str) -> str:
        """Roles, links to pages and attributes in a running text; code and mathematics stay."""

        def replace(match: re.Match) -> str:
            if match["role"]:
                return self._role(match["role"], re.sub(r"\s+", " ", match["content"]))
            if match["target"]:
                return self._link(match)
            return "" if match["attributes"] else match[0]

        return INLINE.sub(replace, text)

    def _prose(self, lines: list[str]) -> str:
        return self.inline(ATTRIBUTE_LINE.sub("", "\n".join(lines) + "\n"))

    def _block(self, token: Token, lines: list[str]) -> str | None:
        """What takes the place of a block, or None for a block of prose."""
        if token.type == "math_block_label":
            return self._formula(token.content, token.info, quoted=">" in lines[token.map[0]][:3])
        if token.type == "math_block":
            return self._formula(token.content, "", quoted=">" in lines[token.map[0]][:3])
        if token.type in ("myst_target", "myst_line_comment", "myst_block_break", "front_matter"):
            return ""
        if found := directive(token):
            return self._directive(found)
        if token.type in ("fence", "code_block"):
            start, end = token.map
            prefix = re.match(r"[ \t>]*", lines[start])[0] if token.type == "fence" else ""
            return "\n".join(line.removeprefix(prefix) for line in lines[start:end])
        return None

    def _formula(self, formula: str, label: str, quoted: bool = False) -> str:
        tag = f" \\tag{{{self.book.labels[label].number}}}" if label in self.book.labels else ""
        if quoted:  # a formula over several lines would take the marks of the quotation into itself
            return f"$$ {' '.join(formula.split())}{tag} $$"
        return f"$$\n{formula.strip()}{tag}\n$$"

    def _directive(self, found: Directive) -> str:
        title = self.inline(found.argument)
        if found.name in SILENT:
            return SOLVED + "\n" if found.name == "solution-end" else ""
        if found.name == "solution-start":
            return f"{SOLUTION}{self._solution_of(found.argument)}\n"
        if found.name == "solution":
            return details(self._solution_of(found.argument), self.blocks(found.body))
        if found.name in ("quiz", "predict"):
            return self._question(found)
        if found.name == "math":
            return self._formula(found.body, found.options.get("label", ""))
        if found.name.startswith(("code", "sourcecode", "literalinclude")):
            return f"```{found.argument}\n{found.body}\n```"
        if found.name in ("figure", "image"):
            words = found.options.get("alt", "")
            return "\n\n".join(
                filter(None, (self._picture(words, found.argument), self.blocks(found.body)))
            )
        if found.name == "raw" or found.name == "eval-rst":
            return found.body if found.argument == "html" else ""
        if found.name == "glossary":
            return re.sub(r"(?m)^(\S.*)\n(?=[ \t]+\S)", r"- **\1**:", self.inline(found.body))
        return self._box(found, title)

    def _box(self, found: Directive, title: str) -> str:
        """Exercises, propositions, proofs, admonitions and all that has a title and a body."""
        label = self.book.labels.get(found.options.get("label", ""))
        body = self.blocks(found.body)
        if found.kind == "exercise":
            return "\n\n".join(
                [
                    f"### {': '.join(filter(None, (label.name if label else 'Exercise', title)))}",
                    body,
                ]
            )
        if found.kind == "proof":
            return f"*Proof.* {body} ∎"
        if found.kind in PROVED:
            name = label.name if label else found.kind.capitalize()
            return quote(" ".join(filter(None, (name, f"({title})" if title else ""))), body)
        if found.name in OPEN:
            return body
        if "dropdown" in f"{found.name} {found.options.get('class', '')}":
            return details(title or "More", body)
        if found.name in ("table", "list-table", "csv-table"):
            return "\n\n".join(filter(None, (f"**{title}**" if title else "", body)))
        return quote(
            title if found.name in ("admonition", "card", "sidebar") else found.name.capitalize(),
            body
            if found.name in ("admonition", "card", "sidebar")
            else "\n\n".join(filter(None, (title, body))),
        )

    def _question(self, found: Directive) -> str:
        """A question, and each of its choices as a box that opens on its explanation."""
        question, choices = questions.read(found.body)
        name = "Question." if found.name == "quiz" else "Predict."
        boxes = [
            details(
                self.inline(choice.answer),
                f"**{questions.VERDICTS[choice.right]}** {self.blocks(choice.explanation)}",
            )
            for choice in choices
        ]
        return "\n\n".join([f"**{name}** {self.blocks(question)}", *boxes])

    def _solution_of(self, label: str) -> str:
        exercise = self.book.labels.get(label.strip())
        return f"Solution to {exercise.name.lower()}" if exercise else "Solution"

    def _role(self, role: str, content: str) -> str:
        match = re.fullmatch(r"(.*?)\s*<([^<>]+)>", content)
        text, target = (match[1], match[2]) if match else ("", content)
        if role == "doc":
            page = posixpath.normpath(
                posixpath.join("/", posixpath.dirname(self.page), target)
            ).lstrip("/")
            return self._to(text or self.inline(self.book.titles.get(page, page)), page)
        if role in ("ref", "numref", "prf:ref", "eq", "math:numref") and target in self.book.labels:
            return self._reference(text, target)
        if role == "fig":
            return self._figure(target)
        if role == "term":
            anchor = re.sub(r"[^\w]+", "-", target).strip("-")
            return self._to(text or target, "chapters/glossary", f"term-{anchor}")
        if role.startswith("cite"):
            return self._citation(role, [key.strip() for key in content.split(",")])
        wrapped: dict[str, Callable[[str], str]] = {
            "math": lambda inner: f"${inner}$",
            "sub": lambda inner: f"<sub>{inner}</sub>",
            "sup": lambda inner: f"<sup>{inner}</sup>",
        }
        if role in wrapped:
            return wrapped[role](content)
        if role.split(":")[-1] in AS_CODE:
            return f"`{(text or target).lstrip('~.')}`"
        return text or content

    def _reference(self, text: str, target: str) -> str:
        label = self.book.labels[target]
        name = self.inline(label.name)
        if "%s" in text or "{number}" in text:
            name = text.replace("%s", str(label.number)).replace("{number}", str(label.number))
        elif text:
            name = text
        if label.page == self.page and label.kind == "equation":
            return name
        return self._to(name, label.page, label.anchor)

    def _figure(self, name: str) -> str:
        found = [
            label
            for (page, known), label in self.book.figures.items()
            if known == name and page == self.page
        ]
        found += [label for (_, known), label in self.book.figures.items() if known == name]
        return (
            self._to(f"figure {found[0].number}", found[0].page, found[0].anchor)
            if found
            else "the figure"
        )

    def _citation(self, role: str, keys: list[str]) -> str:
        works = [self.book.works[key] for key in keys if key in self.book.works]
        textual = role.endswith((":t", ":ct"))
        inside = [
            f"[{authors(work)} ({year(work)})]({self._work(work)})"
            if textual
            else f"[{authors(work)}, {year(work)}]({self._work(work)})"
            for work in works
        ]
        return ", ".join(inside) if textual or "al" in role else f"({'; '.join(inside)})"

    def _work(self, work: Entry) -> str:
        known = work.fields
        if "doi" in known:
            return f"https://doi.org/{known['doi']}"
        if "eprint" in known:
            return f"https://arxiv.org/abs/{known['eprint']}"
        return known.get("url") or f"{self.site}/chapters/bibliography.html"

    def _link(self, match: re.Match) -> str:
        target, text = match["target"], match["text"]
        if match["image"]:
            return self._picture(text, target)
        if re.match(r"[a-z]+:|//", target):
            return match[0]
        path, _, anchor = target.partition("#")
        if not path and anchor in self.book.labels:
            return self._reference(self.inline(text), anchor)
        here = posixpath.dirname(self.page)
        page = posixpath.normpath(posixpath.join(here, path)) if path else self.page
        page = page.removesuffix(".md").removesuffix(".html")
        return self._to(
            self.inline(text) or self.inline(self.book.titles.get(page, page)), page, anchor
        )

    def _picture(self, words: str, target: str) -> str:
        if re.match(r"[a-z]+:|//", target):
            return f"![{words}]({target})"
        return f"![{words}]({self.site}/_images/{posixpath.basename(target)})"

    def _to(self, text: str, page: str, anchor: str = "") -> str:
        return f"[{text}]({self.site}/{page}.html{'#' + anchor if anchor else ''})"


def quote(title: str, body: str) -> str:
    """A quotation under a bold title, its formulas on one line each, so that no mark gets in."""
    body = re.sub(
        r"^\$\$\n(.*?)\n\$\$$",
        lambda m: f"$$ {' '.join(m[1].split())} $$",
        body,
        flags=re.DOTALL | re.MULTILINE,
    )
    return "\n".join(f"> {line}".rstrip() for line in f"**{title}**\n\n{body}".splitlines())


def details(title: str, body: str) -> str:
    """A box that opens on a click, in all that shows HTML inside Markdown."""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"


def authors(work: Entry) -> str:
    """The family names: one, two, or the first and others."""
    names = [
        " ".join([*person.prelast_names, *person.last_names])
        for person in work.persons.get("author") or work.persons.get("editor") or []
    ]
    names = [re.sub(r"[{}]", "", name) for name in names] or [
        re.sub(r"[{}]", "", work.fields.get("title", "?"))
    ]
    return names[0] + (
        " et al." if len(names) > 2 else f" and {names[1]}" if len(names) == 2 else ""
    )


def year(work: Entry) -> str:
    return work.fields.get("year", "n.d.")
