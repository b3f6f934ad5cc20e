"""Make .venv and install what the book and its tests need; a second call does nothing.

Runs on the system's Python and touches nothing but .venv and _build. What cannot work (a Python too
old, a platform for which there is no torch) is said in one sentence before anything is fetched.
"""

from __future__ import annotations

import hashlib
import http.client
import importlib.util
import os
import platform
import subprocess
import sys
import sysconfig
import urllib.request
import venv
from pathlib import Path

from terminal import in_one_sentence

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if platform.system() == "Windows" else "bin/python")
LOCK = ROOT / "requirements.lock"
#: The first and the last Python that the lock is for.
LOCKED = ((3, 11), (3, 14))
REQUIREMENTS = [ROOT / "requirements.txt", ROOT / "tests" / "requirements.txt"]
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PROBE_SECONDS = 5


def digest() -> str:
    """What an installation depends on: requirements, the package's own, Python, the place."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[tool.")[0]
    files = [*REQUIREMENTS, *([LOCK] if LOCK.exists() else [])]
    text = "".join(path.read_text(encoding="utf-8") for path in files) + project
    return hashlib.sha256((text + sys.version + str(ROOT)).encode()).hexdigest()


def torch_requirement() -> str:
    lines = REQUIREMENTS[0].read_text(encoding="utf-8").splitlines()
    return next(line for line in lines if line.startswith("torch=="))


def what_is_wrong_here() -> str | None:
    """Why this Python cannot install the book here, in one sentence; None if it can."""
    if sys.version_info < (3, 11):  # noqa: UP036 (this is the check itself)
        return (
            f"This book needs Python 3.11 or newer; {sys.executable} is "
            f"{platform.python_version()}. Name another one: make PYTHON=python3.12 …"
        )
    if importlib.util.find_spec("ensurepip") is None:
        return (
            f"{sys.executable} cannot make virtual environments: install the package for that "
            "(on Debian and Ubuntu: apt install python3-venv), and run the same command again."
        )
    missing = platform_without_torch()
    if missing:
        return (
            f"{torch_requirement().replace('==', ' ')} has no build for {missing}: read the book "
            "online, or run it in Binder, in Colab or in a container with Debian."
        )
    return None


def platform_without_torch() -> str | None:
    """The name of this platform if PyPI has no torch for it."""
    system, machine = platform.system(), platform.machine().lower()
    if system == "Darwin" and machine == "x86_64":
        return "Macs with an Intel processor"
    if system == "Windows" and machine in ("arm64", "aarch64"):
        return "Windows on ARM"
    if system == "Linux" and "musl" in (sysconfig.get_config_var("HOST_GNU_TYPE") or ""):
        return "Alpine and other systems with musl"
    if sys.maxsize < 2**32:
        return "a Python of 32 bits"
    return None


def answers(url: str) -> bool:
    """Whether an index answers within a few seconds; none out of reach may hold anybody up."""
    try:
        with urllib.request.urlopen(f"{url}/torch/", timeout=PROBE_SECONDS) as response:
            return response.status == 200
    except (
        OSError,
        http.client.HTTPException,
        ValueError,
    ):  # no answer, a garbled one, a garbled proxy
        return False


def pip(*arguments: str) -> None:
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    cache = {"PIP_CACHE_DIR": str(ROOT / "_build" / "home" / "pip")}
    subprocess.run(command, check=True, cwd=ROOT, env=cache | os.environ)


def unlocked() -> str | None:
    """Why packages are installed without hashes here, in one sentence; None if the lock serves."""
    own, (first, last) = sys.version_info[:2], LOCKED
    if not LOCK.exists():
        return f"There is no {LOCK.name}: installing the pinned versions without hashes."
    if not first <= own <= last:
        named = " to ".join(f"{major}.{minor}" for major, minor in LOCKED)
        return (
            f"{LOCK.name} is for Python {named}, and this is {own[0]}.{own[1]}: installing the "
            "pinned versions without hashes."
        )
    return None


def install() -> None:
    print("Making a virtual environment in .venv …", flush=True)
    venv.EnvBuilder(with_pip=True, clear=True).create(VENV)
    why = unlocked()
    print(why or "Installing what the lock has, by its hashes (a few minutes) …", flush=True)
    if not why:
        pip("--quiet", "--require-hashes", "-r", str(LOCK))
    # Without an answer torch comes with gigabytes for graphics cards: ask more than once.
    if platform.system() == "Linux" and any(answers(TORCH_CPU_INDEX) for _ in range(3)):
        print("Installing the CPU build of torch …", flush=True)
        pip("--progress-bar", "on", torch_requirement(), "--index-url", TORCH_CPU_INDEX)
    else:
        print("Installing torch …", flush=True)
        pip("--progress-bar", "on", torch_requirement())
    if why:
        print("Installing everything else (a few minutes) …", flush=True)
        pip("--quiet", *[part for path in REQUIREMENTS for part in ("-r", str(path))])
    else:  # setuptools is among what is locked: nothing else is fetched to install icllib
        pip("--quiet", "--no-deps", "--no-build-isolation", "--editable", ".")


def main() -> int:
    wrong = what_is_wrong_here()
    if wrong:
        print(wrong, file=sys.stderr)
        return 1
    stamp = VENV / "requirements.sha256"
    wanted = digest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return 0
    try:
        install()
    except subprocess.CalledProcessError:
        print(
            "\nThe installation failed; see pip's message above. If it found no matching version, "
            f"there is none for Python {platform.python_version()} on {platform.platform()}; "
            "else run the same command again.",
            file=sys.stderr,
        )
        return 1
    stamp.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(in_one_sentence(main))
