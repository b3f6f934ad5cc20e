"""What a page says about itself to browsers and search engines.

Where the address of the site is not known (`notebooks.address`), pages have no canonical address
and the site has no sitemap.
"""

from __future__ import annotations

import html
import re
import shutil
from pathlib import Path

import edition
import labels
import notebooks
import plain_text
from docutils import nodes
from sphinx.application import Sphinx

PREVIEW = "_static/preview.png"
PREVIEW_ALT = (
    "One Layer, One Step: how a transformer learns from its prompt, "
    "by gradient descent in the forward pass"
)
PREVIEWS = Path(__file__).resolve().parent.parent / "_static" / "previews"
FAVICON = "favicon.svg"

#: Pages that nobody should find by a search engine.
HIDDEN = ("genindex", "py-modindex", "prf-prf", "404")

# Buttons and icons that this book does without: 1.5 MB of icons (book.css shows a dozen from the
# theme's font), a kernel in the page, MathJax (formulas are set at build time), fold buttons made
# by a script (folds.py writes them), tabs; and the values of the widgets for a kernel's page (live
# figures carry their own).
_UNUSED = re.compile(
    r"fontawesome|thebe|mathjax|tippy|togglebutton|toggleHint|toggleOpen|design-tabs|sphinx-design|widget-state"
    r"|pagename =|search_as_you_type",
    re.IGNORECASE,
)


def site_url(app: Sphinx) -> str:
    """The address under which the site is published, with a slash at its end; else nothing."""
    address = notebooks.address(app.config.html_baseurl)
    return address + "/" if address else ""


def settings(app: Sphinx, config: object) -> None:
    """Templates, the address, and the parts of the theme that stand twice on its pages."""
    config.templates_path = [str(Path(__file__).parent / "templates"), *config.templates_path]
    config.html_additional_pages = {
        **config.html_additional_pages,
        "404": "404.html",
        "search": "search.html",
    }
    config.project = config.html_title  # jupyter-book sets the second alone
    config.html_baseurl = site_url(app)
    config.html_favicon = None
    # The theme's script takes the first menu button for the one that a reader sees. The header's is
    # hidden: it goes (pydata-sphinx-theme issue 2451), and so does the second search button, in
    # the sidebar.
    config.html_theme_options["navbar_persistent"] = []
    footer = config.html_theme_options.get("extra_footer", "").strip()
    config.html_theme_options["extra_footer"] = f"{footer} {edition.PLACE}".strip()
    config.html_sidebars = {"**": ["navbar-logo.html", "sbt-sidebar-nav.html"]}
    config.html_domain_indices = False
    config.html_use_index = False


def without_search_index(app: Sphinx) -> None:
    """Let Sphinx write no index of its own: it knows pages and no sections (search_entries.py)."""
    app.builder.search = False


def description(doctree: nodes.document | None, fallback: str, longest: int = 155) -> str:
    """The first words of a page, whole words only."""
    if doctree is None:
        return fallback
    outside = (p for p in doctree.findall(nodes.paragraph) if isinstance(p.parent, nodes.section))
    text = " ".join(
        plain_text.of_node(paragraph) for paragraph, _ in zip(outside, range(3), strict=False)
    ).strip()
    if not text:
        return fallback
    return _shortened(text, longest)


def preview(pagename: str, title: str, body: str, longest: int = 400) -> tuple[str, str]:
    """The picture that a link to a page shows, and its text alternative.

    A chapter's own is drawn by `tools/previews.py` from its first key figure; other pages have the
    book's.
    """
    number = labels.chapter(pagename).zfill(2)
    _, _, figure = body.partition("tag_key-figure")
    if not (figure and (PREVIEWS / f"{number}.png").exists()):
        return PREVIEW, PREVIEW_ALT
    panels = re.findall(r'<svg role="img" aria-label="([^"]*)"', figure.partition("</figure>")[0])
    title = html.unescape(re.sub(r"<[^>]+>", "", title))
    alt = f"Chapter {title}: " + html.unescape(" ".join(panels))
    return f"_static/previews/{number}.png", _shortened(alt, longest)


def _shortened(text: str, longest: int) -> str:
    """A text, or its first words and an ellipsis."""
    return text if len(text) <= longest else text[:longest].rsplit(" ", 1)[0].rstrip(",;:–") + " …"


def _wanted(asset: object) -> bool:
    attributes = getattr(asset, "attributes", {})
    return not _UNUSED.search(
        f"{getattr(asset, 'filename', asset)} {attributes.get('body')} {attributes.get('type')}"
    )


def _without_blocking(script: object) -> object:
    if getattr(script, "filename", None):
        script.attributes.setdefault("defer", "defer")
    return script


def fill(
    app: Sphinx, pagename: str, templatename: str, context: dict, doctree: nodes.document | None
) -> None:
    """Fill in what the templates ask for."""
    base = app.config.html_baseurl
    fallback = (
        app.config.html_theme_options.get("subtitle")
        or f"{app.config.project}: an executable book."
    )
    context["default_mode"] = (
        "light"  # "auto" is for a script to resolve: where scripts are off, the page is light
    )
    context["description"] = description(doctree, fallback)
    context["indexed"] = pagename not in HIDDEN
    picture, context["preview_alt"] = preview(
        pagename, context.get("title", ""), context.get("body", "")
    )
    context["preview"] = base + picture if base else ""
    context["favicon_url"] = context["pathto"](f"_static/{FAVICON}", resource=True)
    context["pageurl"] = (
        (base + ("" if pagename == app.config.root_doc else f"{pagename}.html")) if base else None
    )
    context["pageurl"] = context["pageurl"] if context["indexed"] else None
    context["css_files"] = [style for style in context["css_files"] if _wanted(style)]
    context["script_files"] = [
        _without_blocking(script) for script in context["script_files"] if _wanted(script)
    ]
    if "body" in context:
        # The role of a bibliography's entry is deprecated; an entry of its list is what it is.
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')
    for button in context.get("header_buttons", []):
        if (
            button.get("label") == "download-buttons"
        ):  # the theme's notebook has no cell that fetches the library
            button["buttons"] = [
                b for b in button["buttons"] if b.get("label") != "download-notebook-button"
            ]


def write_front_door(app: Sphinx) -> None:
    """The root of the site is the introduction itself, not a page that leads there."""
    shutil.copyfile(
        Path(app.outdir) / f"{app.config.root_doc}.html", Path(app.outdir) / "index.html"
    )


def write_for_robots(app: Sphinx) -> None:
    """Write robots.txt, and where the address of the site is known its sitemap."""
    base, sitemap = app.config.html_baseurl, Path(app.outdir) / "sitemap.xml"
    robots = "User-agent: *\nAllow: /\n"
    sitemap.unlink(missing_ok=True)
    if base:
        root = app.config.root_doc
        pages = [
            base if name == root else f"{base}{name}.html" for name in sorted(app.env.found_docs)
        ]
        urls = "\n".join(f"  <url><loc>{html.escape(page)}</loc></url>" for page in pages)
        sitemap.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
            f"{urls}\n</urlset>\n",
            encoding="utf-8",
        )
        robots += f"Sitemap: {base}sitemap.xml\n"
    (Path(app.outdir) / "robots.txt").write_text(robots, encoding="utf-8")
