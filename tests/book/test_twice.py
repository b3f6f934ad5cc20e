"""Readers run cells again: no cell may give another meaning to a name that an earlier one needs."""

import ast
import builtins
import symtable

import pytest
from cells import cells_of
from listing import CHAPTERS, ROOT

#: Names that the prose uses again for the same kind of thing; each is set where a section begins.
REUSED = {
    "chapters/05_linear_attention": {"keys", "values"},
    "chapters/06_one_layer_is_one_step": {"prompts"},
    "chapters/08_copying": {"layer"},
    "chapters/what_you_need": {"x"},
}


def loaded(table: symtable.SymbolTable, top: bool = True) -> set[str]:
    """The global names that code reads, in functions too."""
    own = {
        s.get_name() for s in table.get_symbols() if s.is_referenced() and (top or s.is_global())
    }
    return own.union(*(loaded(child, top=False) for child in table.get_children()))


def taken_and_bound(cell: str) -> tuple[set[str], set[str]]:
    """What a cell takes from the cells before it, and what it binds (imports aside)."""
    taken, bound, imported = set(), set(), set()
    for statement in ast.parse(cell).body:
        table = symtable.symtable(ast.unparse(statement), "cell", "exec")
        reads = loaded(table)
        if isinstance(statement, ast.For | ast.With):  # what these bind, they bind first
            nodes = [n for n in ast.walk(statement) if isinstance(n, ast.Name)]
            reads -= {n.id for n in nodes if isinstance(n.ctx, ast.Store)}
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            reads -= {statement.name}
        taken |= reads - bound - imported
        imported |= {s.get_name() for s in table.get_symbols() if s.is_imported()}
        bound |= {s.get_name() for s in table.get_symbols() if s.is_assigned()}
    return taken - set(dir(builtins)), bound - imported


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_cell_binds_a_name_anew_that_an_earlier_cell_takes_from_before(name):
    page = (ROOT / f"{name}.md").read_text(encoding="utf-8")
    pairs = [taken_and_bound(cell.code) for cell in cells_of(page)]
    again = {
        word
        for place, (taken, _) in enumerate(pairs)
        for word in taken
        if any(word in bound for _, bound in pairs[place + 1 :])
    }
    assert again == REUSED.get(name, set())
