"""Fixtures for the tests that look at pages."""

from collections.abc import Iterator

import pytest
from visits import Visit, visit


@pytest.fixture(scope="class")
def shown(request, browser, address) -> Iterator[Visit]:
    """A page at a width (`visits.each`), opened once for a class: each test leaves it as it was."""
    name, width = request.param
    with visit(browser, f"{address}/{name}.html", width) as seen:
        yield seen
