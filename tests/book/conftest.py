"""Fixtures for the tests that look at pages."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from reading import Page
from visits import Visit, visit


@pytest.fixture(scope="class")
def shown(request, browser, address) -> Iterator[Visit]:
    """A page at a width (`visits.each`), opened once for a class: each test leaves it as it was."""
    name, width = request.param
    with visit(browser, f"{address}/{name}.html", width) as seen:
        yield seen


@pytest.fixture(scope="module")
def page(site: Path) -> Callable[[str], Page]:
    """What a chapter says and prints, by its name."""
    return lambda name: Page(site / "chapters" / f"{name}.html")
