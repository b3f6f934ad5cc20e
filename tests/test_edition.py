"""A site says which commit it is: of a repository, of files beside one, and without any."""

import json
import re
import subprocess

import edition
import pytest

FOOTER = f"<footer>Text. {edition.PLACE}</footer>"


def git(root, *arguments):
    own = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    ran = subprocess.run(["git", *own, *arguments], cwd=root, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


@pytest.fixture
def book(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2.3"\n')
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    return tmp_path


def test_the_commit_and_what_was_changed_since_are_told(book):
    head = git(book, "rev-parse", "HEAD")
    assert edition.edition(book) == {"version": "1.2.3", "commit": head, "changed": False}
    (book / "new.md").write_text("More.")
    assert edition.edition(book)["changed"]


def test_a_folder_inside_another_repository_or_none_has_no_commit(book, tmp_path):
    inside = book / "inside"
    inside.mkdir()
    assert edition.edition(inside) == {"version": None, "commit": None, "changed": False}
    assert edition.sentence(edition.edition(inside), "https://example.org/book") == ""


def test_each_footer_links_to_the_commit_and_is_filled_in_anew(book):
    site = book / "site"
    (site / "chapters").mkdir(parents=True)
    pages = [site / "intro.html", site / "chapters" / "one.html"]
    for page in pages:
        page.write_text(FOOTER)
    (book / ".gitignore").write_text("site\n")
    for message in ("Ignore", "Go on"):
        git(book, "add", ".")
        git(book, "commit", "--quiet", "--allow-empty", "--message", message)
        edition.write(site, "https://example.org/book/", book)
        head = git(book, "rev-parse", "HEAD")
        assert json.loads((site / edition.FILE).read_text())["commit"] == head
        for page in pages:
            text = page.read_text()
            link = f'<a href="https://example.org/book/commit/{head}">{head[:7]}</a>'
            assert f"Version 1.2.3 · commit {link}." in text
            assert text.count("commit/") == 1


def test_the_link_cannot_leave_its_attribute():
    told = {"version": "<b>", "commit": "0" * 40, "changed": True}
    text = edition.sentence(told, 'https://example.org/"><script>')
    assert "<script>" not in text and "<b>" not in text
    assert re.search(r"</a> with changes that are not committed\.$", text)
