"""How the sandbox is closed: bubblewrap, or a user without rights inside a container. Grading
refuses to run without one."""

from __future__ import annotations

import functools
import importlib.util
import os
import platform
import secrets
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path

from icllib.course import guard, wire
from icllib.course.key import Limits
from icllib.errors import InputError

__all__ = ["Bubblewrap", "NoBoxError", "OtherUser", "Process", "Unboxed", "find_box"]


class NoBoxError(InputError):
    """Nothing here can close a sandbox; the message says what to install."""


@dataclass
class Process:
    """A running sandbox.

    Attributes:
        process: the process to wait for.
        sock: the socket to its runner.
    """

    process: subprocess.Popen
    sock: socket.socket

    def kill(self) -> None:
        """End it, whatever it does."""
        self.sock.close()
        self.process.kill()
        self.process.wait()


def _launch(command: list[str], limits: Limits, mode: str, **options: object) -> Process:
    ours, theirs = socket.socketpair()
    numbers = (str(theirs.fileno()), str(limits.memory), str(limits.total), mode)
    with theirs:
        process = subprocess.Popen(
            [*command, *numbers],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
            **options,
        )
    started = Process(process, ours)
    try:
        if "ready" in wire.receive(ours, time.monotonic() + 60):
            return started
    except wire.WireError:
        pass
    started.kill()
    said = process.stderr.read(2000).decode(errors="replace").strip().splitlines()[-1:]
    raise NoBoxError(f"the sandbox does not start: {said[0] if said else 'it says nothing'}")


def _environment(library: Path | str, home: str) -> dict[str, str]:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    look = {"MPLBACKEND": "Agg", "MPLCONFIGDIR": f"{home}/matplotlib", "LANG": "C.UTF-8"}
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": home,
        "PYTHONPATH": os.pathsep.join(map(str, (library, *_packages()))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
        **threads,
        **look,
    }


_RUN = ["-s", "-P", "-m", "icllib.course.runner"]


class Bubblewrap:
    """A sandbox of its own for each submission: no network, no other process, no file but the
    system's programs, Python's, and the part of the library that the assignment names."""

    name = "bubblewrap"

    def start(self, library: Path, limits: Limits) -> Process:
        """A sandbox that waits for cells."""
        command = [*self.command(library), sys.executable, *_RUN]
        return _launch(command, limits, "boxed", env={"PATH": os.defpath})

    def command(self, library: Path) -> list[str]:
        """bubblewrap and all its options."""
        parts = [shutil.which("bwrap") or "bwrap", "--unshare-all", "--die-with-parent"]
        parts += ["--new-session", "--cap-drop", "ALL", "--hostname", "sandbox"]
        parts += ["--unshare-user", "--disable-userns"] if self.closes_userns() else []
        parts += ["--proc", "/proc", "--dev", "/dev", "--size", str(16 * 2**20)]
        parts += ["--tmpfs", "/dev/shm", "--remount-ro", "/dev"]
        parts += ["--size", str(64 * 2**20), "--tmpfs", "/tmp"]
        for place in _system():
            if place.is_symlink():
                parts += ["--symlink", os.readlink(place), str(place)]
            else:
                parts += ["--ro-bind", str(place), str(place)]
        for installed in _installed():
            parts += ["--tmpfs", str(installed), "--remount-ro", str(installed)]
        parts += ["--ro-bind", str(library), "/library", "--remount-ro", "/"]
        parts += ["--chdir", "/tmp", "--clearenv"]
        for name, value in _environment("/library", "/tmp").items():
            parts += ["--setenv", name, value]
        return parts

    @staticmethod
    @functools.cache
    def closes_userns() -> bool:
        """Does this version know how to forbid namespaces inside?"""
        found = subprocess.run(["bwrap", "--help"], capture_output=True, text=True)
        return "--disable-userns" in found.stdout + found.stderr


def _system() -> list[Path]:
    """The folders with programs and libraries; those of Python come last, so that they may lie
    inside of others."""
    names = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache")
    places = [Path(name) for name in names if os.path.lexists(name)]
    python = {Path(sys.base_prefix), Path(sys.prefix), Path(sys.base_exec_prefix)}
    python |= {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib")}
    python |= set(_packages())
    python.add(Path(sys.executable).resolve().parent.parent)
    outside = [path for path in sorted(python) if not path.is_relative_to("/usr") and path.exists()]
    return places + [p for p in outside if not any(p != q and p.is_relative_to(q) for q in outside)]


def _packages() -> list[Path]:
    """Where the packages that a notebook needs really lie: a user's own folder, or Python's."""
    found = (importlib.util.find_spec(name) for name in ("torch", "numpy", "jaxtyping"))
    return sorted({Path(spec.origin).parent.parent for spec in found if spec and spec.origin})


def _installed() -> list[Path]:
    """Copies of the library among Python's packages, which hold answers."""
    places = {Path(sysconfig.get_path("purelib")), Path(sysconfig.get_path("platlib"))}
    return sorted(p / "icllib" for p in places | set(_packages()) if (p / "icllib").is_dir())


class OtherUser:
    """A process of a user without rights, with limits and a filter of system calls, inside a
    container that holds nothing but one submission: for Gradescope. The network stays open."""

    name = "user"

    def __init__(self, user: int = 65534) -> None:
        self.user = user

    def start(self, library: Path, limits: Limits) -> Process:
        """A process that waits for cells."""
        return _launch(
            [sys.executable, *_RUN],
            limits,
            "boxed",
            user=self.user,
            group=self.user,
            extra_groups=[],
            cwd="/",
            env=_environment(library, "/tmp"),
        )


class Unboxed:
    """No sandbox: for one's own notebook alone."""

    name = "none"

    def start(self, library: Path, limits: Limits) -> Process:
        """A process that waits for cells; it calls back, which works on every system."""
        environment = {**os.environ, "PYTHONPATH": str(library), "MPLBACKEND": "Agg"}
        word = secrets.token_hex(16)
        with socket.create_server(("127.0.0.1", 0)) as door:
            door.settimeout(60)
            place = f"{door.getsockname()[1]}:{word}"
            command = [sys.executable, *_RUN, place, str(limits.memory), str(limits.total), "open"]
            quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
            process = subprocess.Popen(command, env=environment, **quiet)
            try:
                ours, _ = door.accept()
                if wire.receive(ours, time.monotonic() + 60).get("ready") == word:
                    return Process(process, ours)
            except (OSError, wire.WireError):
                pass
        process.kill()
        process.wait()
        raise NoBoxError("a second Python does not start, or cannot reach this one")


def find_box(name: str = "bubblewrap") -> Bubblewrap | OtherUser:
    """A box that was tried once and closes.

    Args:
        name: "bubblewrap"; or "user", which works for root in a container made for one submission.

    Raises:
        NoBoxError: it does not work here; the message says what to do.
    """
    if not guard.can_filter():
        raise NoBoxError(
            f"submissions are graded in a sandbox, and there is none for {platform.system()} on "
            f"{platform.machine()}: grade in a Linux container or virtual machine (in Windows, WSL)"
        )
    if name == "user":
        if os.getuid() != 0:
            raise NoBoxError("--box user needs root, in a container that holds one submission")
        return OtherUser()
    if shutil.which("bwrap") is None:
        raise NoBoxError(
            "submissions are graded in a sandbox, and bubblewrap is not installed: "
            "apt-get install bubblewrap (or dnf, pacman, zypper)"
        )
    box = Bubblewrap()
    tried = subprocess.run(
        [*box.command(Path(__file__).parent), "/usr/bin/true"], capture_output=True, text=True
    )
    if tried.returncode:
        raise NoBoxError(
            "bubblewrap cannot make a sandbox here "
            f"({(tried.stderr.strip().splitlines() or ['it says nothing'])[-1]}): in a container, "
            "allow user namespaces; on Ubuntu 24 and later, "
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        )
    return box
