"""A JupyterLab of its own, as on Binder, for the test that drives the notebooks in it.

It lies in _build/jupyterlab, and so does all that a server would write into the user's home.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "_build" / "jupyterlab"
PINNED = "jupyterlab==4.4.9"  # what repo2docker, and so mybinder.org, installs
SECONDS = 300


def program(folder: Path = FOLDER) -> Path | None:
    """Path of jupyter-lab, installed by the first call; None where pip cannot get it."""
    environment, stamp = folder / "environment", folder / "installed"
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    if not (stamp.exists() and stamp.read_text() == PINNED):
        shutil.rmtree(environment, ignore_errors=True)
        venv.EnvBuilder(with_pip=True).create(environment)
        pip = [
            scripts / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            PINNED,
        ]
        try:
            subprocess.run(pip, check=True, timeout=SECONDS, capture_output=True)
        except (subprocess.SubprocessError, OSError) as error:
            said = getattr(error, "stderr", None) or str(error).encode()
            print(said.decode(errors="replace"), file=sys.stderr)
            return None
        stamp.write_text(PINNED)
    return scripts / "jupyter-lab"


def variables(folder: Path = FOLDER) -> dict[str, str]:
    """Variables of a server: its own home, kernel and widgets of the Python that runs this."""
    kernel = folder / "share" / "kernels" / "python3"
    kernel.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (kernel / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "Book", "language": "python"})
    )
    own = {name: str(folder / name.lower()) for name in ("HOME", "IPYTHONDIR")}
    own |= {
        f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    own |= {
        f"JUPYTERLAB_{name}_DIR": str(folder / name.lower()) for name in ("SETTINGS", "WORKSPACES")
    }
    for place in own.values():
        Path(place).mkdir(parents=True, exist_ok=True)
    paths = [folder / "share", Path(sys.prefix) / "share" / "jupyter"]
    return {**os.environ, **own, "JUPYTER_PATH": os.pathsep.join(map(str, paths))}


def start(notebooks: Path, folder: Path = FOLDER, **extra: str) -> tuple[subprocess.Popen, str]:
    """A server for a folder of notebooks, on this machine alone, and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": notebooks,
        "ServerApp.allow_root": True,
        "ServerApp.open_browser": False,
        "IdentityProvider.token": "",
        "LabApp.expose_app_in_browser": True,
        "LabApp.news_url": "",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    command = [program(folder), *(f"--{name}={value}" for name, value in options.items())]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=notebooks,
            env=variables(folder) | extra,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    return process, f"http://127.0.0.1:{port}"
