"""The first cell of a notebook: it brings the library where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import first_cell
import notebooks
from listing import ROOT

TORCH = next(
    line
    for line in (ROOT / "requirements.txt").read_text().splitlines()
    if line.startswith("torch==")
)


def run_first_cell(
    name: str, folder: Path, *options: str, **environment: str
) -> subprocess.CompletedProcess:
    """Run the cell of a page in another folder, in IPython where it is to be had."""
    cell = notebooks.convert(ROOT / f"{name}.md", name).cells[1].source
    (folder / "cell.py").write_text(cell, encoding="utf-8")
    command = [sys.executable, *options, folder / "cell.py"]
    variables = {**os.environ, **environment}
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)


def fake_pip(folder: Path, text: str) -> Path:
    (folder / "pip").mkdir(parents=True)
    (folder / "pip" / "__init__.py").touch()
    (folder / "pip" / "__main__.py").write_text(f"import os, sys\nhere = {str(folder)!r}\n{text}")
    return folder


FAILS = "print('ERROR: no route to any index', file=sys.stderr); sys.exit(1)"
WORKS = """
open(os.path.join(here, "log"), "a").write(" ".join(sys.argv[1:]) + "\\n")
what = next(word for word in sys.argv if "==" in word or "icllib" in word)
for module in ["torch"] if "torch" in what else ["icllib", "hypothesis", "sympy", "numpy", "IPython", "matplotlib"]:
    os.makedirs(os.path.join(here, module)); open(os.path.join(here, module, "__init__.py"), "w").close()
if "torch" in what:
    info = os.path.join(here, "torch-" + what.split("==")[1] + ".dist-info")
    os.makedirs(info)
    open(os.path.join(info, "METADATA"), "w").write("Name: torch\\nVersion: " + what.split("==")[1] + "\\n")
"""


def test_the_first_cell_does_nothing_where_the_library_is_there(tmp_path):
    path = os.pathsep.join([str(fake_pip(tmp_path / "fake", FAILS)), str(ROOT)])
    for _ in range(2):
        done = run_first_cell("chapters/06_one_layer_is_one_step", tmp_path, PYTHONPATH=path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_first_cell_installs_the_cpu_build_of_the_book_s_torch_and_then_the_library_once(
    tmp_path,
):
    fake = fake_pip(tmp_path / "fake", WORKS)
    for _ in range(2):  # -S: a Python without any package
        done = run_first_cell(
            "chapters/06_one_layer_is_one_step", tmp_path, "-S", PYTHONPATH=str(fake)
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    torch, library = (fake / "log").read_text().splitlines()
    assert f" {TORCH}" in torch and (
        "--index-url https://download.pytorch.org/whl/cpu" in torch
    ) == (sys.platform == "linux")
    assert (
        f"icllib[book] @ {notebooks.repository()}/archive/refs/heads/{notebooks.branch()}.zip"
        in library
    )


def test_without_a_network_the_first_cell_says_one_sentence_and_the_run_stops(tmp_path):
    fake = fake_pip(tmp_path / "fake", FAILS)
    cell = first_cell.source(["import no_such_package"], "https://github.com/a/b", "main", TORCH)
    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        f"result = InteractiveShell.instance().run_cell({cell!r})\nassert not result.success\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": f"{fake}{os.pathsep}{ROOT}",
        "IPYTHONDIR": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (
        done.returncode == 0
        and done.stderr == ""
        and done.stdout.strip()
        == (
            "This page needs no_such_package, and pip could not install it. Is there a network? "
            "(pip says: ERROR: no route to any index)"
        )
    )
