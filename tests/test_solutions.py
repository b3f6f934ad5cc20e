"""The book's solutions: each is right, and with one sign, factor or index changed it is refused."""

from __future__ import annotations

import ast
import copy
import functools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from cells import cells_of
from handed_in import MODULES

ROOT = Path(__file__).resolve().parent.parent
CHECKS = [(module.__name__.split(".")[-1], name) for module in MODULES for name in module.__all__]

#: A solution that trains two networks, for minutes; its answers are changed in test_checks.py.
LONG = {"rademacher"}

#: Changes that leave an answer right: check → what was changed into what, how often, and why.
EQUIVALENT = {
    "singular_inputs": (
        {"1.0 → 2.0": 1, "0 → 1": 2, "1 → 2": 4, "2 → 3": 2, "3 → 4": 1, "-1 → 1": 1},
        "any two columns and their sum will do",
    ),
    "first_step": ({"1 * 1 → 1 / 1": 1, "1 * 1 → 1": 2}, "one times one is one"),
    "own_learner": ({"5 → 6": 1}, "six neighbours are better than one as well"),
    "average_and_select": ({"20 → 21": 1}, "a louder question selects as well"),
    "four_matrices": (
        {"0.125 → 1.125": 2, "0 → 1": 4},
        "values have no x-part, so the columns of P that read it may hold anything",
    ),
    "adaptive": (
        {"19 → 20": 1, "1.5 → 2.5": 1, "3 → 4": 1, "1 → 2": 1},
        "another grid of strengths has as good a one",
    ),
    "better": (
        {"4.0 → 5.0": 1, "36.0 → 37.0": 1, "0.4 → 1.4": 1},
        "the tuner comes to the same end from there",
    ),
    "edge": ({"4 → 5": 1, "400001 → 400002": 1, "1 → 2": 1}, "another grid finds the same edge"),
}


@functools.cache
def cells(chapter: str) -> tuple[list[ast.stmt], ...]:
    """The statements of each code cell of a page."""
    path = (
        ROOT / "intro.md"
        if chapter == "intro"
        else next((ROOT / "chapters").glob(f"{chapter.removeprefix('chapter_')}*.md"))
    )
    page = path.read_text(encoding="utf-8")
    return tuple(ast.parse(cell.code).body for cell in cells_of(page))


def names(node: ast.AST, context: type) -> set[str]:
    return {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and isinstance(part.ctx, context)
    }


def free(statement: ast.stmt) -> set[str]:
    """The names that a statement takes from elsewhere."""
    if not isinstance(statement, ast.FunctionDef):
        return names(statement, ast.Load)
    own = {part.arg for part in ast.walk(statement) if isinstance(part, ast.arg)}
    return names(statement, ast.Load) - names(statement, ast.Store) - own


def defined(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    return names(statement, ast.Store)


def needed(statements: list[ast.stmt], wanted: set[str]) -> list[ast.stmt]:
    """Those statements that the wanted names rest on, in their order; and torch's settings."""
    kept, open_names = set(), set(wanted)
    for place in range(len(statements) - 1, -1, -1):
        statement = statements[place]
        sets_dtype = isinstance(statement, ast.Expr) and "set_default_dtype" in ast.unparse(
            statement
        )
        if defined(statement) & open_names or sets_dtype:
            kept.add(place)
            open_names = (open_names - defined(statement)) | free(statement)
    return [statements[place] for place in sorted(kept)]


def solution(chapter: str, name: str) -> tuple[list[ast.stmt], list[ast.stmt], ast.Call]:
    """What a solution rests on, the statements that are the answer, and the call of the check."""
    before: list[ast.stmt] = []
    for cell in cells(chapter):
        for place, statement in enumerate(cell):
            call = getattr(getattr(getattr(statement, "value", None), "func", None), "value", None)
            if isinstance(call, ast.Call) and ast.unparse(call.func) == f"check.{name}":
                handed = set().union(
                    *(names(part, ast.Load) for part in [*call.args, *call.keywords])
                )
                answers = [
                    s
                    for s in cell[:place]
                    if defined(s) & handed and not isinstance(s, ast.Import | ast.ImportFrom)
                ]
                rest = [s for s in [*before, *cell[:place]] if s not in answers]
                # The open exercise defines the same names as the solution does.
                rest = [s for s in rest if not any(defined(s) & defined(a) for a in answers)]
                wanted = set().union(handed, *(free(a) for a in answers), {"check"})
                return needed(rest, wanted), answers, call
        before += cell
    raise AssertionError(f"{chapter} has no solution that calls check.{name}(…).must_hold()")


def judged(
    chapter: str, name: str, rest: list[ast.stmt], answers: list[ast.stmt], call: ast.Call
) -> object:
    """The feedback on an answer, or the error that making it ended in."""
    dtype = torch.get_default_dtype()
    try:
        space = dict(prepared(chapter, name))
        body = [
            *copy.deepcopy(answers),
            ast.Assign([ast.Name("told", ast.Store())], copy.deepcopy(call)),
        ]
        torch.set_default_dtype(space["dtype at the end"])
        exec(compile(ast.fix_missing_locations(ast.Module(body, [])), name, "exec"), space)
        return space["told"]
    except Exception as error:
        return error
    finally:
        torch.set_default_dtype(dtype)


@functools.cache
def prepared(chapter: str, name: str) -> dict[str, object]:
    """What stands on the page before the answer, as far as the answer needs it."""
    dtype, space = torch.get_default_dtype(), {}
    try:
        torch.set_default_dtype(torch.float32)
        rest, _, _ = solution(chapter, name)
        exec(compile(ast.Module(rest, []), chapter, "exec"), space)
        return space | {"dtype at the end": torch.get_default_dtype()}
    finally:
        torch.set_default_dtype(dtype)


def variants(node: ast.AST) -> Iterator[ast.AST]:
    """A node with its sign, factor or index changed."""
    turned = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
    if isinstance(node, ast.BinOp) and type(node.op) in turned:
        yield ast.BinOp(node.left, turned[type(node.op)](), node.right)
        if isinstance(node.op, ast.Mult | ast.Div):
            yield node.left
        if isinstance(node.op, ast.Mult):
            yield node.right
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield node.left
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield ast.Constant(node.value + 1)
    if isinstance(node, ast.Attribute) and node.attr in ("T", "mT"):
        yield node.value


class Changed(ast.NodeTransformer):
    """Replace the node at one place of the walk."""

    def __init__(self, place: int, new: ast.AST) -> None:
        self.place, self.new, self.at = place, new, -1

    def visit(self, node: ast.AST) -> ast.AST:
        self.at += 1
        if self.at == self.place:
            self.at += sum(1 for _ in ast.walk(node)) - 1
            return self.new
        return self.generic_visit(node)


def in_order(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for child in ast.iter_child_nodes(node):
        yield from in_order(child)


def mutants(
    answers: list[ast.stmt], call: ast.Call
) -> Iterator[tuple[str, list[ast.stmt], ast.Call]]:
    whole = ast.Module([*answers, ast.Expr(call)], [])
    for place, node in enumerate(in_order(whole)):
        for new in variants(node):
            tree = Changed(place, copy.deepcopy(new)).visit(copy.deepcopy(whole))
            *body, last = tree.body
            if isinstance(last.value, ast.Call):
                yield f"{ast.unparse(node)} → {ast.unparse(new)}", body, last.value


@pytest.mark.parametrize(
    ("chapter", "name"), [one for one in CHECKS if one[1] not in LONG], ids=lambda text: text
)
@pytest.mark.slow
@pytest.mark.long
def test_a_solution_with_a_sign_a_factor_or_an_index_changed_is_refused(chapter, name):
    rest, answers, call = solution(chapter, name)
    assert judged(chapter, name, rest, answers, call), "the solution itself"
    passed = [
        text
        for text, body, changed in mutants(answers, call)
        if (told := judged(chapter, name, rest, body, changed)) and not isinstance(told, Exception)
    ]
    expected, _ = EQUIVALENT.get(name, ({}, ""))
    assert Counter(passed) == expected


def test_every_check_has_a_solution_that_must_hold():
    for chapter, name in CHECKS:
        solution(chapter, name)
