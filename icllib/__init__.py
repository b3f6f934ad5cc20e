"""icllib: in-context learning as gradient descent; its core, from `tasks` to `construct`, is small
enough to read in an evening.

In reading order:

- `errors`, `files`: what is said of bad input; files that are whole or not there
- `tasks`: distributions of learning problems, and the prompts drawn from them
- `losses`: many losses in a few numbers
- `solvers`: the learners that aim at the minimum itself; in `learners` with all others
- `learners`: the textbook learners that see a prompt's data plainly
- `tuning`: the numbers with which a learner does best on a distribution
- `theory`: closed forms for the best step and the expected loss
- `tokens`: prompts as token sequences, and reading the prediction off
- `moments`: what layers of linear attention answer, sooner
- `tracing`: every activation of a model by its name
- `attention`: linear and softmax self-attention, stacks of layers
- `construct`: weights written by hand that make a layer a gradient step
- `recipes`, `threads`: how a model is trained, and on how many threads
- `ensemble`, `optimizers`, `training`: models side by side, their updates, and the training loop
- `weights`, `alignment`: what a trained layer's weights mean, and how close it is to an algorithm
- `landscape`: whether training ended in a minimum
- `pools`, `curves`, `sequences`: only so many tasks; curves; sequences without labels
- `blocks`, `separate`: what transformers put around attention; separate tokens
- `store`, `kinds`: results on disk, and experiments as plain data
- `rivals`: the textbook learners by depth, their numbers tuned, and all judged on the same prompts
- `runs`, `catalogue`, `catalogue_beyond`, `catalogue_paper`, `experiments`, `sweep`: running an
  experiment; all of them; loading them by name; running many
- `datasets`: the real data of the book
- `language`, `prompted`, `heads`, `opened`: a small language model, the prompts that it reads,
  what single heads of it do, and all that was measured
- `ledger`, `evidence`, `evidence_beyond`, `evidence_appendix`, `evidence_exact`,
  `evidence_language`, `claims_beyond`, `claims`: the claims of the paper, the numbers that decide
  them, and whether they hold
- `tables`: numbers that are compared, on the page and in a terminal
- `look`, `svg`, `plots`, `widgets`: the look of the figures, and the live ones
- `exhibits`, `paper_measures`, `paper_layers`, `paper_laws`, `paper_models`, `paper_tasks`,
  `paper`: the sixteen figures of the paper, measured on our models, drawn small, and judged
- `checks`: answers to exercises, checked
- `course`: assignments, and how a class is graded
"""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = [
    "alignment",
    "attention",
    "blocks",
    "catalogue",
    "catalogue_beyond",
    "catalogue_paper",
    "checks",
    "claims",
    "claims_beyond",
    "construct",
    "course",
    "curves",
    "datasets",
    "ensemble",
    "errors",
    "evidence",
    "evidence_appendix",
    "evidence_beyond",
    "evidence_exact",
    "evidence_language",
    "exhibits",
    "experiments",
    "files",
    "heads",
    "kinds",
    "landscape",
    "language",
    "learners",
    "ledger",
    "look",
    "losses",
    "moments",
    "opened",
    "optimizers",
    "paper",
    "paper_laws",
    "paper_layers",
    "paper_measures",
    "paper_models",
    "paper_tasks",
    "plots",
    "pools",
    "prompted",
    "recipes",
    "rivals",
    "runs",
    "separate",
    "sequences",
    "solvers",
    "store",
    "svg",
    "sweep",
    "tables",
    "tasks",
    "theory",
    "threads",
    "tokens",
    "tracing",
    "training",
    "tuning",
    "weights",
    "widgets",
]


def __getattr__(name: str) -> ModuleType:
    # Modules load when they are first asked for: whoever wants a layer does not wait for
    # matplotlib.
    if name in __all__:
        return importlib.import_module(f"icllib.{name}")
    raise AttributeError(f"module 'icllib' has no attribute {name!r}")
