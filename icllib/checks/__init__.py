"""Answers to the book's exercises, checked: each check says what is wrong, not only that something
is.

One module a chapter, and one for the appendix What you need. A check takes the reader's answer (a
number, a tensor or a function) and returns a `Feedback`:

>>> from icllib.checks import chapter_02 as check
>>> check.first_step(0.7)
✗ Not yet: 1/N is missing: the loss is a mean over N = 2 examples.

`answers` reads what was handed in, and `feedback` decides; `shared` keeps the mistakes of
assignments apart whatever the numbers of a variant are. Numbers count in any form (Python's,
NumPy's, torch's and SymPy's, in lists or not), typed ones at the precision that the page shows, and
those in single precision as such. Whatever else is handed in, a check answers in a sentence.
"""

from icllib.checks.feedback import Feedback, NotRightError

__all__ = ["Feedback", "NotRightError"]
