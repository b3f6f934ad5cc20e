import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import icllib

PACKAGE = Path(icllib.__file__).parent
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__init__.py"]
#: The modules in the order in which the docstring of the package lists them.
ORDER = re.findall(
    r"`(\w+)`", " ".join(re.findall(r"^- (.*?):", icllib.__doc__, re.DOTALL | re.MULTILINE))
)


def test_importing_the_library_does_not_import_what_only_figures_need():
    code = "import icllib, sys; from icllib import construct; print({'matplotlib', 'anywidget', 'sympy', 'joblib'} & set(sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "set()"


@pytest.mark.parametrize("name", icllib.__all__)
def test_every_public_name_exists_and_says_what_it_is(name):
    module = importlib.import_module(f"icllib.{name}")
    assert module.__doc__ and module.__all__
    for public in module.__all__:
        thing = getattr(module, public)
        assert not callable(thing) or inspect.getdoc(thing)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_and_no_function_outgrows_a_reader(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 300
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            docstring = ast.get_docstring(node, clean=False) or ""
            assert node.end_lineno - node.lineno - docstring.count("\n") <= 40, node.name


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_modules_depend_only_on_those_above_them(path):
    own = path.relative_to(PACKAGE).with_suffix("").parts[0]
    last = len(ORDER) if own == "__main__" else ORDER.index(own)
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Import) or not any(
            alias.name.startswith("icllib.") for alias in node.names
        ), "import it from icllib: its place in the order is checked there"
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("icllib"):
            named = (
                [node.module.split(".")[1]]
                if "." in node.module
                else [alias.name for alias in node.names]
            )
            assert all(ORDER.index(other) <= last for other in named)


def test_the_page_of_the_installed_library_runs_and_leads_to_its_reference(capsys):
    text = (PACKAGE / "README.md").read_text(encoding="utf-8")
    exec(re.search(r"```python\n(.*?)```", text, re.DOTALL)[1], {})
    assert float(re.search(r"tensor\((\S+?),", capsys.readouterr().out)[1]) < 1e-14
    assert "/chapters/api.html)" in text
