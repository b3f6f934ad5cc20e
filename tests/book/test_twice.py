"""Readers run cells again: no cell may give another meaning to a name that an earlier one needs."""

import os
import subprocess
import sys

import pytest
from listing import CHAPTERS, ROOT

#: Runs every cell of a page twice in one namespace, and prints where the two outputs differ.
SCRIPT = r"""
import contextlib, difflib, io, re, sys

sys.path[:0] = sys.argv[2:]
page = open(sys.argv[1], encoding="utf-8").read()
cells = re.findall(r"^```\{code-cell\}[^\n]*\n(.*?)^```$", page, re.M | re.S)
space, outputs = {"__name__": "__main__"}, []
for _ in range(2):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for number, cell in enumerate(cells):
            print(f"cell {number}")
            exec(compile(re.sub(r"\A(:[^\n]*\n)+", "", cell), f"cell {number}", "exec"), space)
    # How long something took is another matter each time.
    lines = [line for line in printed.getvalue().splitlines() if "time grows" not in line]
    outputs.append([re.sub(r"\d+(\.\d+)? m?s\b", "(time)", line) for line in lines])
print("\n".join(difflib.unified_diff(*outputs, "first time", "second time", lineterm="", n=0)))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAPTERS)
def test_a_page_whose_cells_are_run_twice_says_the_same(name):
    page = ROOT / f"{name}.md"
    environment = os.environ | {"MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(page), str(ROOT)],
        cwd=page.parent,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip() == ""
