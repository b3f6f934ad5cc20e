"""What a build does not depend on: the reader's home, settings, kernels, fonts, the folder's name.

Every cache and setting of the tools lies in one folder inside the book, so that nothing else is
touched, and nothing that lies elsewhere has a say.
"""

from __future__ import annotations

import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / "_build" / "home"
#: Variables that would bring in another project's kernels, settings or warnings.
FOREIGN = (
    "JUPYTER_CONFIG_PATH",
    "JUPYTER_PATH",
    "MATPLOTLIBRC",
    "MPLBACKEND",
    "PYTHONSTARTUP",
    "PYTHONWARNINGS",
)


def environment(folder: Path = HOME) -> dict[str, str]:
    """Variables that keep what tools write to a home in `folder`."""
    places = {
        "IPYTHONDIR": "ipython",
        "JUPYTER_CONFIG_DIR": "jupyter/config",
        "JUPYTER_DATA_DIR": "jupyter/data",
        "JUPYTER_RUNTIME_DIR": "jupyter/runtime",
        "MPLCONFIGDIR": "matplotlib",
        "XDG_CACHE_HOME": "cache",
        "XDG_CONFIG_HOME": "config",
        "XDG_DATA_HOME": "data",
        "XDG_STATE_HOME": "state",
    }
    inside = {name: str(folder / place) for name, place in places.items()}
    return inside | {"JUPYTER_PREFER_ENV_PATH": "1"}


def keep_inside(folder: Path = HOME) -> None:
    """Let this process and those it starts write to `folder`, and find their own kernels first."""
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ.update(environment(folder))
    # A page computes in small pieces: two threads gain little, and on a busy machine lose much.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    Path(os.environ["MPLCONFIGDIR"]).mkdir(parents=True, exist_ok=True)


def list_fonts() -> None:
    """List the machine's fonts before a cell draws: where that is slow, stderr says so."""
    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    import matplotlib.font_manager  # noqa: F401 (the list is made when this is imported)


def read_only_the_contents(app: Sphinx, config: object) -> None:
    """Read the pages of _toc.yml alone.

    Other files are looked for by a pattern, to be left out; brackets in the book's path break it.
    """
    pages = [document.docname for document in config.external_site_map.values()]
    config.include_patterns = [
        page if Path(page).suffix in config.source_suffix else f"{page}{suffix}"
        for page in pages
        for suffix in config.source_suffix
    ]


def forget_faulty_outputs(cache: Path) -> None:
    """Drop the kept outputs of pages that wrote to stderr: they would fail each later build."""
    if not (cache / "global.db").exists():
        return
    from jupyter_cache import get_cache

    try:
        kept = get_cache(cache)
        for record in kept.list_cache_records():
            if _wrote_to_stderr(kept.get_cache_bundle(record.pk).nb):
                kept.remove_cache(record.pk)
    except Exception:  # a cache that cannot be read is no cache, whatever is wrong with it
        shutil.rmtree(cache, ignore_errors=True)


def _wrote_to_stderr(notebook: NotebookNode) -> bool:
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    return any(output.get("name") == "stderr" for output in outputs)
