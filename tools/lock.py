"""Write requirements.lock: every package of the book and its tests, pinned and with hashes.

One file serves Python 3.11 to 3.14 on all systems. torch is not in it, nor what only its builds for
graphics cards need: readers get its CPU build from PyTorch's own index. Usage: lock.py
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import venv

from bootstrap import LOCK, LOCKED, PYTHON, REQUIREMENTS, ROOT
from terminal import in_one_sentence

UV = "uv==0.13.9"
PLACE = ROOT / "_build" / "lock"
OWN = ("icllib", "torch")
#: What torch's builds for graphics cards bring.
CARDS = re.compile(r"(?:nvidia|cuda|triton)[\w.-]*==")
HEADER = f"""\
# Written by `make lock` from requirements.txt and tests/requirements.txt; not by hand.
# For Python {LOCKED[0][0]}.{LOCKED[0][1]} to {LOCKED[1][0]}.{LOCKED[1][1]}. Without torch \
(CONTRIBUTING.md says why).
"""


def entries(text: str) -> list[str]:
    """The packages of a lock file, each with its hashes."""
    return re.findall(r"^[a-z0-9][^\n]*(?:\n +[^\n]*)*", text, re.M)


def locked(resolved: str) -> str:
    """The lock file, from what a resolver wrote.

    Raises:
        ValueError: a package has no hash, or the text names a host.
    """
    kept = [entry for entry in entries(resolved) if not CARDS.match(entry)]
    if any("--hash=sha256:" not in entry for entry in kept) or "://" in resolved:
        raise ValueError("the resolver wrote a package without hash, or an address")
    return HEADER + "\n".join(kept) + "\n"


def resolve() -> str:
    """What uv resolves, from the public index alone and whatever this machine's settings are."""
    if not PLACE.exists():
        venv.EnvBuilder(with_pip=True).create(PLACE)
    folder = PLACE / PYTHON.parent.name
    subprocess.run([folder / "python", "-m", "pip", "install", "--quiet", UV], check=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith("UV_")}
    skipped = [part for name in OWN for part in ("--no-emit-package", name)]
    options = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--no-config"]
    options += ["--native-tls", "--quiet", "--python-version", ".".join(map(str, LOCKED[0]))]
    command = [folder / "uv", "pip", "compile", *options, *skipped, *REQUIREMENTS]
    return subprocess.run(
        command, cwd=ROOT, env=own, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def main() -> int:
    try:
        text = locked(resolve())
    except (subprocess.CalledProcessError, ValueError) as error:
        print(f"{LOCK.name} stays as it was: {error}.", file=sys.stderr)
        return 1
    LOCK.write_text(text, encoding="utf-8")
    print(f"{LOCK.name} has {len(entries(text))} packages.")
    return 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))
