"""The course kit: assignments built from one source each, checked by students, graded in a sandbox.

- `key`: an assignment's questions, tests and points, as plain data
- `source`, `variant`, `archives`: from an assignment's source, with the numbers of this year, to
  what students and graders get
- `wire`: values as JSON, and messages with a length and a deadline; never pickle
- `guard`, `runner`: inside the sandbox, where nothing is known of any test
- `library`, `box`: what the sandbox holds, and how it is closed
- `reading`, `session`, `asking`: a submission's answers, run in the sandbox and asked from outside
- `grade`, `report`, `tables`, `similar`: a class, and what its teacher and its students read
- `local`: a student's own checks

`python -m icllib.course build | check | grade`.
"""

from __future__ import annotations

__all__ = ["points_so_far"]


def points_so_far(**questions: tuple[float, str]) -> None:
    """Ask the public checks of the notebook that calls this, and print the points so far.

    Args:
        questions: name → (points, the check as it is called in the notebook).
    """
    import sys

    from icllib.course.local import show_points

    show_points(questions, sys._getframe(1).f_globals)
