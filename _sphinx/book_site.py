"""The Sphinx extension of the book: mathematics without scripts, folds, numbers, cards, search,
notebooks to download.

It works under ``jupyter-book build .`` as well as under ``make book``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from functools import partial
from pathlib import Path

from bs4 import BeautifulSoup
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parent.parent
#: What the cells of the pages read besides their own text.
READ = ("icllib", "results", "tests/reference", "pyproject.toml")
#: What else the site is finished with, and the settings that it is finished by.
FINISHED_WITH = ("_config.yml", "_toc.yml", "_sphinx", "_static", "chapters", "intro.md")
FINISHED_WITH += ("requirements.txt",)
SETTINGS = ("SOLUTIONS", "BOOK_REPOSITORY_URL", "BOOK_REPOSITORY_BRANCH", "BOOK_SITE_URL")
sys.path.insert(0, str(Path(__file__).resolve().parent))

import asking  # noqa: E402  (the folder of this file is not a package)
import assets  # noqa: E402
import author_year  # noqa: E402
import citing  # noqa: E402
import course_map  # noqa: E402
import edition  # noqa: E402
import folds  # noqa: E402
import glossary_links  # noqa: E402
import icons  # noqa: E402
import katex_math  # noqa: E402
import notebooks  # noqa: E402
import numbering  # noqa: E402
import page_checks  # noqa: E402
import page_context  # noqa: E402
import policy  # noqa: E402
import search_entries  # noqa: E402
import solutions  # noqa: E402
import speech  # noqa: E402
import streams  # noqa: E402
import surroundings  # noqa: E402
import tidy_tree  # noqa: E402
from rewriting import pages, rewrite  # noqa: E402


def digest_of(*names: str) -> str:
    """A digest of some files of the book, and of every file in some of its folders."""
    digest = hashlib.sha256()
    places = [ROOT / name for name in names]
    for path in sorted(path for place in places for path in [place, *place.rglob("*")]):
        name = path.relative_to(ROOT)
        if path.is_file() and not any(p.startswith((".", "__pycache__")) for p in name.parts):
            digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def forget_stale_outputs(app: Sphinx, config: object) -> None:
    """Empty the execution cache when the library or what it reads has changed: the cache itself
    looks at the code of the pages alone."""
    cache = Path(app.config.nb_execution_cache_path or Path(app.outdir).parent / ".jupyter_cache")
    stamp, digest = cache.parent / "icllib.sha256", digest_of(*READ)
    if not stamp.exists() or stamp.read_text() != digest:
        shutil.rmtree(cache, ignore_errors=True)
        cache.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(digest)
    surroundings.forget_faulty_outputs(cache)


def outdated_pages(app: Sphinx, env: object, added: set, changed: set, removed: set) -> list[str]:
    """All pages, when what their cells read, the styles, this extension or the glossary have
    changed since they were written."""
    parts = (*READ, "_static", "_sphinx", f"{glossary_links.GLOSSARY}.md", *citing.SOURCES)
    before, env.book_digest = getattr(env, "book_digest", None), digest_of(*parts)
    return sorted(env.found_docs) if before != env.book_digest else []


def set_repository(app: Sphinx, config: object) -> None:
    """Let a fork's own address take the place of the one in _config.yml."""
    config.html_theme_options["repository_url"] = notebooks.repository()


def write_tokens(app: Sphinx) -> None:
    """Write the palette of `icllib.plots` as a style sheet, so that pages and figures have one
    source of colours."""
    from icllib.plots import css_tokens

    static = Path(app.outdir) / "_static"
    static.mkdir(parents=True, exist_ok=True)
    (static / "icl-tokens.css").write_text(css_tokens(), encoding="utf-8")


def drop_former_pages(app: Sphinx) -> None:
    """Delete what an earlier build has left behind of pages that the book no longer has."""
    ours = {*app.env.found_docs, *app.config.html_additional_pages, "index"}
    for folder, ending in (("", "html"), ("_sources", "*"), (notebooks.FOLDER, "ipynb")):
        place = Path(app.outdir, folder)
        for path in [*place.glob(f"*.{ending}"), *place.glob(f"chapters/*.{ending}")]:
            if path.relative_to(place).with_suffix("").as_posix() not in ours:
                path.unlink()


def drop_unused(outdir: Path) -> None:
    """Delete what no page loads: the theme's icons as a script (3.2 MB), maps of scripts,
    Sphinx's own search, notebooks with ids drawn at random (`notebooks` writes the reader's)."""
    unused = [
        "_sources/**/*.ipynb",
        "_static/scripts/fontawesome.*",
        "_static/**/*.map",
        "_static/**/*.js.LICENSE.txt",
        "_static/sphinx-thebe.*",
    ]
    unused += [
        "searchindex.js",
        "_static/searchtools.js",
        "_static/language_data.js",
        "_static/togglebutton.*",
    ]
    for path in [path for pattern in unused for path in outdir.glob(pattern)]:
        path.unlink(missing_ok=True)


def read_pages(app: Sphinx) -> bool:
    """Read all pages as they are published: give each its policy, warn of what no reader should
    meet (images without text alternative, dead links, requests to other hosts, …), and write what
    the search looks through. Whether all pages are good."""
    outdir, good, entries = Path(app.outdir), True, []
    for path in pages(outdir):
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        rewrite([path], partial(policy.with_policy, parsed=page))
        name = path.relative_to(outdir).with_suffix("").as_posix()
        if name not in app.env.found_docs:
            continue
        for complaint in page_checks.complaints(page, path):
            logger.warning(complaint, location=name, type="book")
            good = False
        entries += search_entries.entries_of(page, name)
    search_entries.write(outdir, entries)
    return good


def stamp_of(app: Sphinx) -> Path:
    """The file that says of which book all pages are finished; without it, some are not."""
    return Path(app.doctreedir, "finished.sha256")


def unfinish(app: Sphinx, *_: object) -> None:
    """A page is being written: it is to be finished, whatever becomes of this build."""
    stamp_of(app).unlink(missing_ok=True)


def state_of_book() -> str:
    """What the site is finished with, as it is now."""
    settings = [f"{name}={os.environ.get(name, '')}" for name in SETTINGS]
    return "\n".join([digest_of(*READ, *FINISHED_WITH), *settings])


def finish(app: Sphinx, exception: Exception | None, state: str) -> None:
    """Do what is done to the whole site once its pages are written. Where no page has been written
    since this was last done, and it was done with the same `state`, only the edition can be
    another."""
    if exception is not None or app.builder.format != "html":
        return
    stamp = stamp_of(app)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != state:
        stamp.unlink(missing_ok=True)
        if finish_pages(app):
            stamp.write_text(state, encoding="utf-8")
    edition.write(Path(app.outdir), app.config.html_theme_options["repository_url"])


def finish_pages(app: Sphinx) -> bool:
    """Write what goes with the pages, and let them load it. Whether all of them are good."""
    write_tokens(app)
    icons.drop_theme_icons(Path(app.outdir) / "_static")
    icons.write_font(Path(app.outdir) / "_static")
    drop_former_pages(app)
    drop_unused(Path(app.outdir))
    rewrite(Path(app.outdir, "_sources").rglob("*.md"), solutions.published)
    notebooks.write_all(Path(app.outdir) / notebooks.FOLDER)
    search_entries.write_engine(Path(app.outdir))
    page_context.write_front_door(app)
    page_context.write_for_robots(app)
    rewrite(pages(Path(app.outdir)), speech.without_icons)
    rewrite(pages(Path(app.outdir)), policy.without_handlers)
    assets.write_all(Path(app.outdir))
    return read_pages(app)


def setup(app: Sphinx) -> dict[str, object]:
    # Kernels and autodoc find the library even where it is not installed.
    os.environ["TQDM_DISABLE"] = "1"  # a finished page needs no progress bar
    os.environ["PYTHONPATH"] = os.pathsep.join(
        filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])
    )
    sys.path.insert(0, str(ROOT))
    surroundings.keep_inside()
    surroundings.list_fonts()
    for part in (
        asking,
        author_year,
        citing,
        course_map,
        katex_math,
        folds,
        glossary_links,
        numbering,
        solutions,
        streams,
        tidy_tree,
    ):
        part.setup(app)
    app.connect("config-inited", set_repository)
    app.connect("config-inited", page_context.settings)
    app.connect("builder-inited", page_context.without_search_index)
    app.connect("config-inited", forget_stale_outputs, priority=900)
    app.connect("config-inited", surroundings.read_only_the_contents, priority=950)
    app.connect("env-get-outdated", outdated_pages)
    app.connect("html-page-context", unfinish)
    app.connect("html-page-context", notebooks.add_buttons, priority=900)
    # What changes while the site is built counts for the next build.
    app.connect("build-finished", partial(finish, state=state_of_book()), priority=900)
    app.connect("html-page-context", page_context.fill, priority=950)
    app.add_css_file("icl-tokens.css")
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}
