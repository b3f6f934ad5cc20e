"""Try every link of the built site that leads to another host. Usage: links.py [--list]

Links inside the site are checked by each build. Nothing here runs in a build: it needs the network,
and says what other hosts answer today.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from html.parser import HTMLParser
from http.client import HTTPException
from pathlib import Path

from terminal import in_one_sentence

SITE = Path(__file__).resolve().parent.parent / "_build" / "html"
SECONDS, TRIES, PAUSE, AT_ONCE = 20, 2, 1.0, 8
AGENT = {"User-Agent": "Mozilla/5.0 (link check of One Layer, One Step)", "Accept": "*/*"}
#: Answers of hosts that are there and do not talk to programs: they say nothing of the page.
UNSURE = {401, 403, 405, 406, 418, 429, 503, 999}


class Links(HTMLParser):
    """The addresses of other hosts that a page links to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        target = dict(attributes).get("href") or ""
        if tag == "a" and target.startswith(("http://", "https://")):
            self.found.add(target.partition("#")[0])


def links(site: Path) -> dict[str, list[str]]:
    """Address → the pages that link to it."""
    found = defaultdict(list)
    for page in sorted(site.rglob("*.html")):
        for address in sorted(Links(page.read_text(encoding="utf-8")).found):
            found[address].append(page.relative_to(site).as_posix())
    return dict(sorted(found.items()))


def answer(address: str) -> int | str:
    """The status that a host gives a page, or why there is none."""
    why = ""
    for attempt in range(TRIES):
        time.sleep(attempt * PAUSE)
        try:
            request = urllib.request.Request(address, headers=AGENT)
            with urllib.request.urlopen(request, timeout=SECONDS) as response:
                return response.status
        except urllib.error.HTTPError as error:
            why = error.code
        except (OSError, HTTPException, ValueError) as error:
            why = str(getattr(error, "reason", error)) or type(error).__name__
    return why


def answers(addresses: list[str]) -> dict[str, int | str]:
    """Address → answer; no host is asked two things at once."""
    hosts = defaultdict(list)
    for address in addresses:
        hosts[urllib.parse.urlsplit(address).netloc].append(address)

    def ask(group: list[str]) -> dict[str, int | str]:
        found = {}
        for address in group:
            found[address] = answer(address)
            time.sleep(PAUSE if len(group) > 1 else 0)
        return found

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return {key: value for part in pool.map(ask, hosts.values()) for key, value in part.items()}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Try every link that leads to another host.")
    parser.add_argument("--list", action="store_true", help="print the links, and try none")
    options = parser.parse_args(arguments)
    if not (SITE / "index.html").exists():
        print("There is no site yet: run `make book`.", file=sys.stderr)
        return 2
    found = links(SITE)
    if options.list:
        print("\n".join(found))
        return 0
    told = answers(list(found))
    dead = {a: why for a, why in told.items() if isinstance(why, str) or why >= 400}
    unsure = {address for address, why in dead.items() if why in UNSURE}
    for address, why in dead.items():
        word = "unsure" if address in unsure else "dead"
        print(f"{word}: {address} ({why}) on {', '.join(found[address])}")
    good = len(found) - len(dead)
    print(
        f"{good} links answer, {len(unsure)} hosts do not say, {len(dead) - len(unsure)} are dead."
    )
    return 1 if len(dead) > len(unsure) else 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))
