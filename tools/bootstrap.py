"""Make .venv and install what the book and its tests need; a second call with the same requirements does nothing.

Runs on the system's Python and touches nothing but .venv.
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
import urllib.error
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if platform.system() == "Windows" else "bin/python")
REQUIREMENTS = [ROOT / "requirements.txt", ROOT / "tests" / "requirements.txt"]
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 5


def digest() -> str:
    """What the installation depends on: the requirements, the package's own, and the Python that runs this."""
    text = b"".join(path.read_bytes() for path in [*REQUIREMENTS, ROOT / "pyproject.toml"])
    return hashlib.sha256(text + sys.version.encode() + str(ROOT).encode()).hexdigest()


def torch_requirement() -> str:
    return next(
        line for line in REQUIREMENTS[0].read_text().splitlines() if line.startswith("torch==")
    )


def answers(url: str) -> bool:
    """Whether an index answers within a few seconds; a host out of reach must not hold anybody up."""
    try:
        with urllib.request.urlopen(f"{url}/torch/", timeout=PROBE_SECONDS) as response:
            return response.status == 200
    except (urllib.error.URLError, OSError):
        return False


def pip(*arguments: str) -> None:
    subprocess.run(
        [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", *arguments],
        check=True,
        cwd=ROOT,
    )


def install() -> None:
    print("Making a virtual environment in .venv …", flush=True)
    venv.EnvBuilder(with_pip=True, clear=True).create(VENV)
    if platform.system() == "Linux" and answers(TORCH_CPU_INDEX):
        print("Installing the CPU build of torch …", flush=True)
        pip("--progress-bar", "on", torch_requirement(), "--index-url", TORCH_CPU_INDEX)
    else:
        print("Installing torch …", flush=True)
        pip("--progress-bar", "on", torch_requirement())
    print("Installing everything else (a few minutes) …", flush=True)
    pip("--quiet", *[part for path in REQUIREMENTS for part in ("-r", str(path))])


def main() -> int:
    if sys.version_info < (3, 11):  # noqa: UP036 (this is the check itself)
        print(
            f"This book needs Python 3.11 or newer; {sys.executable} is {platform.python_version()}.",
            file=sys.stderr,
        )
        return 1
    stamp = VENV / "requirements.sha256"
    wanted = digest()
    if not (stamp.exists() and stamp.read_text() == wanted):
        try:
            install()
        except subprocess.CalledProcessError:
            print(
                "\nThe installation failed; see pip's message above. Run the same command again to retry.",
                file=sys.stderr,
            )
            return 1
        stamp.write_text(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
