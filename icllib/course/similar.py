"""Submissions that resemble each other: a hint to look at, never a verdict."""

from __future__ import annotations

import io
import keyword
import tokenize
from collections import Counter

from icllib.course.key import Key

__all__ = ["similar_pairs"]

_LENGTH = 6  # tokens in a row
_FEWEST = 40  # shingles below which answers are alike by chance


def similar_pairs(
    key: Key, records: list[dict], threshold: float = 0.8, most: int = 50
) -> list[tuple[float, str, str]]:
    """Pairs of submissions whose code is nearly the same once names are left out.

    What the stub holds, and what a third of the class or more writes, does not count; submissions
    that are the same throughout are alike however many they are.

    Args:
        key: the assignment.
        records: of `grade.grade_one`.
        threshold: the least share of common runs of six tokens in all of both.
        most: how many pairs at most.

    Returns:
        (share, name, name), the most alike first.
    """
    stub = set().union(*(_shingles(code) for code in key.stubs.values()), set())
    sets = {}
    for record in records:
        parts = (_shingles(code) for code in record["code"].values())
        sets[record["name"]] = set().union(*parts, set()) - stub
    often = Counter(shingle for shingles in sets.values() for shingle in shingles)
    common = {s for s, n in often.items() if n > max(3, len(sets) / 3)}
    rare = {name: shingles - common for name, shingles in sets.items()}
    names = [name for name, shingles in sorted(sets.items()) if len(shingles) >= _FEWEST]
    pairs = []
    for place, one in enumerate(names):
        for other in names[place + 1 :]:
            share = 1.0 if sets[one] == sets[other] else _share(rare[one], rare[other])
            if share >= threshold:
                pairs.append((share, one, other))
    return sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2]))[:most]


def _share(one: set, other: set) -> float:
    is_long = min(len(one), len(other)) >= _FEWEST
    return len(one & other) / len(one | other) if is_long else 0.0


def _shingles(code: str) -> set[tuple[str, ...]]:
    words = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE):
                continue
            is_name = token.type == tokenize.NAME and not keyword.iskeyword(token.string)
            words.append(
                "name" if is_name else token.string.strip() or tokenize.tok_name[token.type]
            )
    except (tokenize.TokenError, SyntaxError):
        pass  # what came before is compared
    return {tuple(words[i : i + _LENGTH]) for i in range(len(words) - _LENGTH + 1)}
