"""Which book this is: its version and commit, in `version.json` and in the footer of every page.

Pages that did not change are not written again, so the footers are filled in when all else is done.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import tomllib
from pathlib import Path

from rewriting import pages, rewrite

ROOT = Path(__file__).resolve().parent.parent
FILE = "version.json"
#: What a page's footer holds until it is filled in.
PLACE = '<span class="icl-edition"></span>'
_FILLED = re.compile(r'<span class="icl-edition">.*?</span>', re.DOTALL)


def _git(root: Path, *arguments: str) -> str | None:
    """What git says, None if it refuses or is not here."""
    try:
        ran = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, encoding="utf-8", errors="replace"
        )
    except OSError:
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None


def version(root: Path = ROOT) -> str | None:
    """The book's version, that of pyproject.toml; None where there is no such file."""
    project = root / "pyproject.toml"
    told = tomllib.loads(project.read_text(encoding="utf-8")) if project.exists() else {}
    return told.get("project", {}).get("version")


def edition(root: Path = ROOT) -> dict[str, object]:
    """Version, commit (None outside a repository), and whether files were changed since."""
    top = _git(root, "rev-parse", "--show-toplevel")
    inside = top is not None and Path(top).resolve() == root.resolve()
    return {
        "version": version(root),
        "commit": _git(root, "rev-parse", "HEAD") if inside else None,
        "changed": inside and _git(root, "--no-optional-locks", "status", "--porcelain") != "",
    }


def sentence(found: dict[str, object], repository: str) -> str:
    """An edition as HTML, with a link to its commit."""
    parts = [html.escape(f"Version {found['version']}")] if found["version"] else []
    if found["commit"]:
        link = html.escape(f"{repository.rstrip('/')}/commit/{found['commit']}")
        short = str(found["commit"])[:7]
        parts.append(f'commit <a href="{link}">{short}</a>')
        parts[-1] += " with changes that are not committed" if found["changed"] else ""
    text = " · ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def write(site: Path, repository: str, root: Path = ROOT) -> None:
    """Write `version.json`, and the edition into the footers of all pages of a site."""
    found = edition(root)
    (site / FILE).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    filled = PLACE.replace("></", f">{sentence(found, repository)}</")
    rewrite(pages(site), lambda page: _FILLED.sub(lambda _: filled, page))
