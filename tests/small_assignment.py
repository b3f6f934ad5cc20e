"""An assignment of one question, with parts to be changed."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "assignments").glob("*/source.md"))
SMALL = """---
jupytext: {{text_representation: {{extension: .md, format_name: myst}}}}
kit: {{id: "99", title: Small, checks: assignment_01, library: [tasks], limits: {limits}, avoid: {avoid}}}
---
# Small
```{{code-cell}}
:tags: [setup]
import torch
```
## 1. The loss ({points} points, 10 min)
```{{code-cell}}
:tags: [kit:loss]
def loss(w, x, y): ...
```
```{{code-cell}}
:tags: [kit:loss, solution]
def loss(w, x, y):
    {solution}
```
```{{code-cell}}
:tags: [kit:loss, test, points:1]
{test}
```
```{{code-cell}}
:tags: [kit:loss, test, {hidden}]
check.loss(loss, seed=5)
```
{more}
"""
RIGHT = {
    "points": "2",
    "solution": "return (x @ w.T - y).square().sum() / (2 * len(x))",
    "test": "check.loss(loss)",
    "hidden": "hidden, points:1",
    "limits": "{}",
    "avoid": "[]",
    "more": "",
}


def small(folder: Path, **changes: str) -> Path:
    path = folder / "source.md"
    path.write_text(SMALL.format(**RIGHT | changes), encoding="utf-8")
    return path
