"""What the files around the book promise."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import cells
import lint
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def requirements() -> list[str]:
    lines = (read("requirements.txt") + read("tests/requirements.txt")).splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def test_every_requirement_is_pinned_and_the_readme_says_why_it_is_here():
    table = {
        name.strip()
        for row in re.findall(r"^\| ([a-zA-Z].*?) \|", read("README.md"), re.M)
        for name in row.split(",")
    }
    assert {line.split("==")[0] for line in requirements()} == table - {"package"}
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in requirements())


def test_the_lock_has_each_pin_with_hashes_and_names_no_host():
    lock = read("requirements.lock")
    locked = dict(re.findall(r"^([\w.-]+)==([^ ]+) .*\n    --hash=sha256:[0-9a-f]{64}", lock, re.M))
    assert len(set(re.findall(r"^([a-z][\w.-]*)==", lock, re.M))) == len(locked)
    pins = dict(line.lower().replace("_", "-").split("==") for line in requirements())
    del pins["torch"]  # readers get its CPU build from another index
    assert {name: locked.get(name) for name in pins} == pins, "run `make lock`"
    assert "://" not in lock and not re.search(r"^(nvidia|cuda|triton|torch)\b", lock, re.M)


def test_no_module_of_any_room_outgrows_a_reader():
    paths = [path for ending in (".py", ".js", ".css") for path in lint.files(ending)]
    lengths = {str(path): len(read(path).splitlines()) for path in paths}
    assert len(lengths) > 300 and {name: n for name, n in lengths.items() if n > 300} == {}


def test_contributing_gives_a_reason_for_every_entry_at_the_top():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git repository")
    table = read("CONTRIBUTING.md").partition("## What lies where")[2].partition("\n## ")[0]
    reasons = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    told = {name.split("/")[0] for row in reasons for name in re.findall(r"`([^`]+)`", row)}
    there = {line.split("/")[0] for line in listed.stdout.splitlines()}
    assert told == there - {".gitignore", "_config.yml", "_toc.yml"}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md"])
def test_the_paths_that_a_guide_names_are_there(name):
    folders = (
        "chapters|icllib|results|tests|assignments|proof|benchmarks|tools|binder|_sphinx|_static"
    )
    for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", read(name)):
        assert (ROOT / path).exists() or re.search("NN|NAME", path), f"{name} names {path}"


def test_all_files_name_one_repository():
    url = yaml.safe_load(read("_config.yml"))["repository"]["url"]
    project = tomllib.loads(read("pyproject.toml"))["project"]["urls"]
    assert project["Source"] == url
    assert all(link.startswith((url, project["Book"])) for link in project.values())
    sites = re.findall(r"https://[\w-]+\.github\.io/[\w-]+/", read("icllib/README.md"))
    assert set(sites) == {project["Book"]}
    assert yaml.safe_load(read("CITATION.cff"))["repository-code"] == url
    assert f"git clone {url}\n" in read("chapters/for_students.md")


def test_least_squares_name_a_routine_whose_digits_do_not_change_from_call_to_call():
    # torch's default on a CPU begins with uninitialised memory: pytorch/pytorch#71222
    code = [cells.only_code((ROOT / path).read_text(encoding="utf-8")) for path in lint.pages()]
    for folder in ("icllib", "tests", "benchmarks"):
        code += [path.read_text(encoding="utf-8") for path in (ROOT / folder).rglob("*.py")]
    calls = [
        {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        for node in ast.walk(ast.parse("\n".join(code)))
        if isinstance(node, ast.Call)
        and getattr(node.func, "attr", getattr(node.func, "id", None)) == "lstsq"
    ]
    assert calls and all(options.get("driver") == "'gelsd'" for options in calls)


def test_the_book_has_one_name():
    title = yaml.safe_load(read("_config.yml"))["title"]
    subtitle = re.search(r"^# (.*)\n\n\*(.*)\*$", read("intro.md"), re.M)
    assert subtitle[1] == title and read("README.md").startswith(f"# {title}\n\n**{subtitle[2]}.**")
    full = f"{title}: {subtitle[2][0].lower()}{subtitle[2][1:]}"
    assert yaml.safe_load(read("CITATION.cff"))["title"] == full and full in read("pyproject.toml")
    for name in ("README.md", "CITATION.cff", "_config.yml", "pyproject.toml", "intro.md"):
        text = read(name).replace("Two recent works are called *Learning without training*.", "")
        assert not re.search(r"learning.without.training", text, re.I), name


@pytest.mark.parametrize(
    "path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.name
)
def test_workflows_pin_their_actions_by_commit_and_ask_for_little(path):
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    assert all(
        re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step
    )
    assert any(step.get("run") == ".ci/run" for step in steps)
    asked = [job.get("permissions", {}) for job in workflow["jobs"].values()]
    if "schedule" in workflow[True]:  # YAML takes the key `on` for a truth value
        assert not any(asked), "what runs by the clock changes nothing"


def test_links_of_the_readme_and_the_guide_lead_to_files():
    for name in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", read(name)):
            assert target.startswith("http") or (ROOT / target).exists(), (
                f"{name} links to {target}"
            )


def test_the_licences_are_whole_and_the_citation_can_be_read():
    assert "Apache License" in read("LICENSE") and "END OF TERMS AND CONDITIONS" in read("LICENSE")
    assert "Attribution 4.0 International Public License" in read("LICENSE-text")
    citation = yaml.safe_load(read("CITATION.cff"))
    heading = f"## {citation['version']} – {citation['date-released']}"
    assert heading in read("CHANGELOG.md").splitlines()
    assert citation["version"] in read("pyproject.toml") and citation["license"] == [
        "Apache-2.0",
        "CC-BY-4.0",
    ]


def test_binder_installs_what_the_notebooks_need_and_keeps_it_when_the_book_changes():
    lines = [
        line
        for line in read("binder/requirements.txt").splitlines()
        if line and not line.startswith(("#", "--extra"))
    ]
    project = tomllib.loads(read("pyproject.toml"))["project"]
    needed = project["dependencies"] + project["optional-dependencies"]["book"]
    names = {re.match(r"[\w-]+", line)[0] for line in needed} - {
        "ipython",
        "traitlets",
    }  # Jupyter brings these two
    names |= {"ipywidgets", "jupytext", "markdown-it-py", "mdit-py-plugins", "pybtex"}
    assert lines == [
        line for line in read("requirements.txt").splitlines() if line.split("==")[0] in names
    ]
    assert all(
        re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines
    )  # a path would make Binder install all anew


def test_binder_starts_with_few_threads_and_culls_idle_kernels():
    for name in ("postBuild", "start"):
        assert os.access(ROOT / "binder" / name, os.X_OK)
    assert "OMP_NUM_THREADS=1" in read("binder/start") and read("binder/start").rstrip().endswith(
        'exec "$@"'
    )
    kernels = json.loads(read("binder/jupyter_server_config.json"))["MappingKernelManager"]
    assert 0 < kernels["cull_idle_timeout"] <= 1800 and kernels["cull_connected"]


def pins(name: str) -> set[str]:
    return set(re.findall(r"^([\w.-]+)==", read(name), re.M))


@pytest.mark.slow
def test_postbuild_writes_notebooks_that_git_ignores_and_a_fork_s_address_reaches(tmp_path):
    """Where nothing of the site is installed: Binder has what its own requirements bring."""
    book = tmp_path / "book"
    for name in ("_sphinx", "chapters", "binder"):
        shutil.copytree(ROOT / name, book / name)
    for name in ("_config.yml", "_toc.yml", "intro.md", "requirements.txt", ".gitignore"):
        shutil.copy(ROOT / name, book)
    fake = tmp_path / "bin"
    fake.mkdir()
    (fake / "pip").write_text("#!/bin/sh\n")
    (fake / "python").write_text(
        f'#!/bin/sh\ncase $1 in -c) echo {tmp_path}/prefix;; *) exec {sys.executable} "$@";; esac\n'
    )
    for program in fake.iterdir():
        program.chmod(0o755)
    brought = {"nbformat", "PyYAML", "setuptools"}  # by jupytext, and by Python's own tools
    missing = pins("requirements.txt") - pins("binder/requirements.txt") - brought
    for module, brought_by in packages_distributions().items():
        if missing & set(brought_by):
            (fake / f"{module}.py").write_text("raise ImportError('Binder has none of this')")
    environment = {**os.environ, "PATH": f"{fake}:{os.environ['PATH']}", "PYTHONPATH": str(fake)}
    environment.pop("BOOK_REPOSITORY_URL", None)

    def run(*command):
        return subprocess.run(
            command, cwd=book, env=environment, check=True, capture_output=True, text=True
        ).stdout

    run("git", "init", "--quiet")
    run("git", "remote", "add", "origin", "https://github.com/Ada/fork.git")
    before = run("git", "status", "--porcelain")
    run("binder/postBuild")
    assert run("git", "status", "--porcelain") == before
    assert "https://github.com/Ada/fork/archive" in (book / "notebooks" / "intro.ipynb").read_text()
    assert (tmp_path / "prefix/etc/jupyter/jupyter_server_config.d/book.json").exists()
