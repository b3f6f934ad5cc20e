"""A release is that of one commit, complete, and the same each time; or one sentence says why not."""

import hashlib
import json
import subprocess
import tarfile
import zipfile

import compare
import pytest
import release

PROJECT = """[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "icllib"
version = "1.0.0"

[tool.setuptools]
packages = ["icllib"]
"""
FILES = {
    ".gitignore": "_build/\n",
    "pyproject.toml": PROJECT,
    "CITATION.cff": "cff-version: 1.2.0\nversion: 1.0.0\n",
    "CHANGELOG.md": "# Changes\n\n## Unreleased\n\n- C.\n\n## 1.0.0 – soon\n\n- B.\n\n## 0.1.0\n\n- A.\n",
    "icllib/__init__.py": "ONE = 1\n",
    "results/one.json": "{}\n",
}


def git(root, *arguments):
    own = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false")
    return subprocess.run(["git", *own, *arguments], cwd=root, check=True, capture_output=True)


def write(root, files):
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def built(root, **changes):
    """Say that the site was built from the last commit."""
    head = git(root, "rev-parse", "HEAD").stdout.decode().strip()
    told = {"version": "1.0.0", "commit": head, "changed": False} | changes
    pages = {"index.html": "<h1>Book</h1>", "chapters/one.html": "<h1>One</h1>"}
    write(root / "_build" / "html", pages | {"version.json": json.dumps(told)})


def made(root, **changes):
    """A PDF and slides, which say of which book they are, and slides of two chapters besides."""
    built(root, **changes)
    told = (root / "_build" / "html" / "version.json").read_text()
    name = release.NAME
    files = {f"pdf/{name}.pdf": "%PDF", f"pdf/{name}.html": "<p>", f"pdf/{name}.json": told}
    for some in (name, f"{name}-3-6"):
        files |= {
            f"slides/{some}.pptx": "P",
            f"slides/{some}.pdf": "%",
            f"slides/{some}.json": told,
        }
    write(root / "_build", files)


def commit(root, **files):
    write(root, {name.replace("__", "."): text for name, text in files.items()})
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "Change")


@pytest.fixture
def book(tmp_path):
    root = tmp_path / "book"
    write(root, FILES)
    git(root, "init", "--quiet")
    commit(root)
    built(root)
    return root


def test_a_release_has_library_site_results_notes_and_the_sums_of_all(book):
    folder = release.release(book)
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "NOTES.md",
        "SHA256SUMS",
        "icllib-1.0.0-py3-none-any.whl",
        "icllib-1.0.0.tar.gz",
        "one-layer-one-step-1.0.0-results.zip",
        "one-layer-one-step-1.0.0-site.zip",
    }
    sums = dict(line.split("  ")[::-1] for line in (folder / "SHA256SUMS").read_text().splitlines())
    assert sums.keys() == names - {"SHA256SUMS"}
    for name, digest in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    with zipfile.ZipFile(folder / "one-layer-one-step-1.0.0-site.zip") as site:
        top = "one-layer-one-step-1.0.0-site"
        assert site.namelist() == [
            f"{top}/{n}" for n in ("chapters/one.html", "index.html", "version.json")
        ]
    with zipfile.ZipFile(folder / "icllib-1.0.0-py3-none-any.whl") as wheel:
        assert wheel.read("icllib/__init__.py") == b"ONE = 1\n"
    notes = (folder / "NOTES.md").read_text()
    assert notes.startswith("# 1.0.0 – soon\n\n- B.\n") and "A." not in notes and "C." not in notes


@pytest.mark.slow
def test_a_second_release_is_the_same_to_the_byte_and_holds_nothing_of_the_first(book, tmp_path):
    first = release.release(book).rename(tmp_path / "first")
    for path in (book / "_build" / "html").rglob("*"):
        path.touch()
    (book / "icllib" / "__init__.py").touch()
    assert list(compare.differences(first, release.release(book))) == []
    (book / "_build" / "release" / "left.txt").touch()
    assert not (release.release(book) / "left.txt").exists()


def test_the_source_has_no_owner_and_the_commit_s_date(book):
    seconds = int(git(book, "log", "-1", "--format=%ct").stdout)
    with tarfile.open(release.release(book) / "icllib-1.0.0.tar.gz") as archive:
        entries = archive.getmembers()
    assert {(e.mtime, e.uid, e.uname) for e in entries} == {(seconds, 0, "")}
    assert [e.name for e in entries] == sorted(e.name for e in entries)


def test_a_book_on_paper_and_slides_are_added_where_they_were_made(book):
    made(book)
    folder = release.release(book)
    assert (folder / "one-layer-one-step-1.0.0.pdf").read_text() == "%PDF"
    with zipfile.ZipFile(folder / "one-layer-one-step-1.0.0-slides.zip") as slides:
        names = [name.rpartition("/")[2] for name in slides.namelist()]
    assert names == [f"one-layer-one-step.{ending}" for ending in ("json", "pdf", "pptx")]
    assert "one-layer-one-step-1.0.0.pdf" in (folder / "SHA256SUMS").read_text()


def test_slides_of_some_chapters_alone_are_left_out(book):
    write(book / "_build" / "slides", {f"{release.NAME}-3-6.pptx": "P"})
    assert not list(release.release(book).glob("*slides*"))


def other_version(book):
    commit(book, pyproject__toml=PROJECT.replace("1.0.0", "1.1.0"))
    commit(book, CITATION__cff="version: 1.1.0\n")


REFUSED = {
    "a changed file": (lambda book: write(book, {"results/one.json": "[]"}), "results/one.json"),
    "a new file": (lambda book: write(book, {"new.md": "New."}), "new.md differs"),
    "a version without notes": (other_version, "no section on version 1.1.0"),
    "another citation": (lambda book: commit(book, CITATION__cff="version: 2\n"), "CITATION.cff"),
    "a later commit": (lambda book: commit(book, new__md="New."), "was built from"),
    "a site of changed files": (lambda book: built(book, changed=True), "before all was committed"),
    "a site without commit": (lambda book: built(book, commit=None), "from no commit"),
    "a PDF of another commit": (
        lambda book: (made(book), commit(book, new__md="New."), built(book)),
        "run `make pdf`",
    ),
    "slides that do not say": (
        lambda book: (made(book), (book / f"_build/slides/{release.NAME}.json").unlink()),
        "run `make slides`",
    ),
    "a version without a date": (
        lambda book: (commit(book, CHANGELOG__md="## 1.0.0 – unreleased\n\n- B.\n"), built(book)),
        "no date for version 1.0.0",
    ),
    "no site": (lambda book: (book / "_build/html/version.json").unlink(), "make book"),
    "a library that cannot be built": (
        lambda book: (commit(book, pyproject__toml=PROJECT + 'x = "y"\n'), built(book)),
        "cannot build the library",
    ),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_what_would_not_be_the_commit_s_is_refused_in_one_sentence(
    fault, book, monkeypatch, capsys
):
    spoil, words = REFUSED[fault]
    spoil(book)
    make = release.release
    monkeypatch.setattr(release, "release", lambda: make(book))
    assert release.main() == 1
    said = capsys.readouterr().err.strip()
    assert words in said and "\n" not in said and not (book / "_build" / "release").exists()


def test_outside_of_a_repository_git_s_word_is_told(tmp_path):
    with pytest.raises(
        release.ReleaseError, match="git status failed: fatal: not a git repository"
    ):
        release.commit(tmp_path)


def test_two_folders_are_compared_file_by_file(tmp_path, capsys):
    one, other = tmp_path / "one", tmp_path / "other"
    write(one, {"same.txt": "a", "text.txt": "a\nb\n", "left.txt": "", "data.bin": "a\0b"})
    write(other, {"same.txt": "a", "text.txt": "a\nc\n", "right/x.txt": "", "data.bin": "a\0c"})
    assert list(compare.differences(one, other)) == [
        "data.bin differs from byte 2 on.",
        f"left.txt is in {one} alone.",
        f"right/x.txt is in {other} alone.",
        "text.txt differs from line 2 on: 'b\\n', 'c\\n'.",
    ]
    assert compare.main([str(one), str(one)]) == 0 and compare.main([str(one), str(other)]) == 1
    assert compare.main([str(one), str(tmp_path / "none")]) == 2
    assert "is no folder." in capsys.readouterr().err


def test_measured_times_are_no_difference_and_any_other_change_of_their_page_is(tmp_path):
    name, one, other = compare.MEASURED[0], tmp_path / "one", tmp_path / "other"
    write(one, {name: "<td>2.4</td> <path d='M1.5 2'/>", "x.html": "2.4"})
    write(other, {name: "<td>17</td> <path d='M3 22.1'/>", "x.html": "17"})
    assert [line[:6] for line in compare.differences(one, other)] == ["x.html"]
    write(other, {name: "<td>2.4</td> <path d='M1.5 2'/>!", "x.html": "2.4"})
    assert len(list(compare.differences(one, other))) == 1
