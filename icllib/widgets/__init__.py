"""The live figures of the book: the same object in a live notebook and, without a kernel, on the
static page."""

from icllib.widgets.base import LiveFigure
from icllib.widgets.block_builder import BlockBuilder
from icllib.widgets.copying import Copying
from icllib.widgets.curves import Curves
from icllib.widgets.descent import Descent
from icllib.widgets.emergence import Emergence
from icllib.widgets.few_shot import FewShot
from icllib.widgets.inspector import Inspector
from icllib.widgets.kernels import Kernels
from icllib.widgets.ledger import Ledger
from icllib.widgets.line_fit import LineFit
from icllib.widgets.loops import Loops
from icllib.widgets.memory import Memory
from icllib.widgets.optimum import Optimum
from icllib.widgets.pools import Pools
from icllib.widgets.prompt_writer import PromptWriter
from icllib.widgets.scrub import Scrub
from icllib.widgets.shots import Shots
from icllib.widgets.spectrum import Spectrum

__all__ = [
    "BlockBuilder",
    "Copying",
    "Curves",
    "Descent",
    "Emergence",
    "FewShot",
    "Inspector",
    "Kernels",
    "Ledger",
    "LineFit",
    "LiveFigure",
    "Loops",
    "Memory",
    "Optimum",
    "Pools",
    "PromptWriter",
    "Scrub",
    "Shots",
    "Spectrum",
]
