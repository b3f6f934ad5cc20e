"""Have Coq check the proofs, and write down what it said. Usage: prove.py"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from terminal import in_one_sentence

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "proof" / "OneStep.v"
RECORD = ROOT / "icllib" / "data" / "proof.json"
CLOSED = "Closed under the global context"
STARTS = ("Theorem", "Lemma", "Corollary")


class ProofError(Exception):
    """Nothing was proved."""


def statements(source: str) -> dict[str, str]:
    """The name of each theorem → its statement, as it stands in the file."""
    found, open_one = {}, None
    for line in source.splitlines():
        if line.startswith(STARTS):
            open_one = line.split()[1]
            found[open_one] = []
        if line.startswith("Proof"):
            open_one = None
        if open_one:
            found[open_one].append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


def asked(source: str) -> list[str]:
    """The theorems whose assumptions the file asks for, in order."""
    ask = "Print Assumptions "
    return [line[len(ask) : -1] for line in source.splitlines() if line.startswith(ask)]


def check(source: str) -> tuple[str, float]:
    """What Coq says of a file, and the seconds it took.

    Raises:
        ProofError: there is no Coq, or it does not accept the file.
    """
    if shutil.which("coqc") is None:
        raise ProofError("coqc is not here; proof/README.md says what to install")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / SOURCE.name).write_text(source, encoding="utf-8")
        start = time.perf_counter()
        ran = subprocess.run(
            ["coqc", SOURCE.name], cwd=folder, capture_output=True, text=True, check=False
        )
        took = time.perf_counter() - start
    if ran.returncode:
        raise ProofError(f"Coq does not accept {SOURCE.name}:\n{ran.stderr.strip()}")
    return ran.stdout, took


def prove(source: str) -> dict:
    """Check a file, and that no theorem in it rests on an axiom; return what to record.

    Raises:
        ProofError: as `check`; or a theorem is not asked for, or assumes something.
    """
    told, took = check(source)
    texts, names = statements(source), asked(source)
    if sorted(names) != sorted(texts):
        left = set(texts).symmetric_difference(names)
        raise ProofError(f"{', '.join(sorted(left))}: asked for, or proved, but not both")
    said = [line for line in told.splitlines() if line]
    if said != [CLOSED] * len(names):
        raise ProofError(f"a theorem assumes something:\n{told.strip()}")
    version = subprocess.run(
        ["coqc", "--print-version"], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    return {
        "checker": f"Coq {version}",
        "seconds": round(took, 1),
        "source": hashlib.sha256(source.encode()).hexdigest(),
        "said": CLOSED,
        "statements": texts,
    }


def main() -> int:
    try:
        record = prove(SOURCE.read_text(encoding="utf-8"))
    except ProofError as error:
        print(error, file=sys.stderr)
        return 1
    before = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    if before | {"seconds": record["seconds"]} != record:  # seconds alone are no news
        text = json.dumps(record, indent=1, ensure_ascii=False)
        RECORD.write_text(text + "\n", encoding="utf-8")
    print(f"{record['checker']} accepts all {len(record['statements'])} statements:")
    for name in record["statements"]:
        print(f"  {name}: {record['said']}")
    return 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))
