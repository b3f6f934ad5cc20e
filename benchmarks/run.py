"""Measure the speed that the book claims, and print each figure beside its target.

Usage: run.py [--only NAME ...] [--json FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "book"), str(ROOT / "tools")]

FRAME_MS = 1000 / 60
FAST_TESTS = "not slow and not browser and not site"


@dataclass(frozen=True)
class Figure:
    """One measured number. `target` is the largest value that keeps the promise; None where nothing is promised."""

    what: str
    value: float
    unit: str
    target: float | None = None


def machine() -> str:
    """The machine that the figures belong to."""
    import torch

    from icllib.store import machine as kind

    return f"{kind()}, Python {platform.python_version()}, torch {torch.__version__}"


def seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def quiet(*command: object, cwd: Path = ROOT) -> None:
    """Run a command without showing what it prints.

    Raises:
        SystemExit: the command failed; its output is in the message.
    """
    result = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{result.stdout[-3000:]}{result.stderr[-3000:]}")


def build() -> Iterator[Figure]:
    """Build a copy of the book: from nothing, again, and after a change in one chapter's prose."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "book"
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("_build", ".*", "__pycache__", "*.egg-info"))
        driver = [sys.executable, copy / "tools" / "build.py"]
        yield Figure("build with execution of every page", seconds(lambda: quiet(*driver, cwd=copy)), "s", 180)
        yield Figure("build after no change", seconds(lambda: quiet(*driver, cwd=copy)), "s", 20)
        page = copy / "chapters" / "06_one_layer_is_one_step.md"
        page.write_text(page.read_text(encoding="utf-8") + "\nOne more sentence.\n", encoding="utf-8")
        yield Figure("build after a change of prose", seconds(lambda: quiet(*driver, cwd=copy)), "s", 30)


def tests() -> Iterator[Figure]:
    """Run the fast tests."""
    yield Figure("fast tests", seconds(lambda: quiet(sys.executable, "-m", "pytest", "-q", "-m", FAST_TESTS)), "s", 60)


def imports() -> Iterator[Figure]:
    """Import the library in a fresh interpreter, torch's own import not counted."""
    modules = "tasks, learners, theory, tokens, attention, construct"
    code = f"import torch, time; t = time.perf_counter(); from icllib import {modules}; print(time.perf_counter() - t)"
    times = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    ]
    yield Figure("import of icllib's core beyond torch's, median of 5", statistics.median(times), "s", 0.3)


@contextlib.contextmanager
def chromium() -> Iterator[object]:
    from browser import playwright_browser, system_browser
    from playwright.sync_api import sync_playwright

    path = system_browser() or playwright_browser()
    if path is None:
        raise SystemExit("no Chromium found: install it (on Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


ANSWER = """([figure, event, times]) => {
  const root = document.querySelector('.icl-live');
  const took = [];
  for (let i = 0; i < times; i++) {
    const control = root.querySelector(figure);
    const start = performance.now();
    if (event === 'input') { control.value = i % 2 ? control.max : control.min; }
    control.dispatchEvent(event === 'key' ? new KeyboardEvent('keydown', {key: i % 2 ? 'ArrowUp' : 'ArrowDown', bubbles: true})
      : event === 'click' ? new MouseEvent('click', {bubbles: true}) : new Event(event, {bubbles: true}));
    root.getBoundingClientRect();
    took.push(performance.now() - start);
  }
  return took;
}"""
CONTROLS = {
    "line_fit": ("circle[tabindex]", "key"),
    "descent": ("input[type=range]", "input"),
    "block_builder": ("button:nth-of-type(2)", "click"),
    "few_shot": ("input[type=checkbox]", "click"),
    "shots": ("input[type=range]", "input"),
    "inspector": (".icl-cell[tabindex='0']", "key"),
    "memory": ("input[type=range]", "input"),
    "spectrum": ("input[type=range]", "input"),
    "copying": ("input[type=range]", "input"),
    "kernels": ("input[type=range]", "input"),
    "scrub": ("input[type=range]", "input"),
    "loops": ("input[type=range]", "input"),
    "optimum": ("input[type=range]", "input"),
}


def figures() -> Iterator[Figure]:
    """From an input to the laid-out drawing, for every live figure; the 95th percentile of 100 inputs."""
    from listing import CHAPTERS

    site = ROOT / "_build" / "html"
    with chromium() as browser:
        for name in CHAPTERS:
            page = browser.new_page(viewport={"width": 360, "height": 800})
            page.goto((site / f"{name}.html").as_uri())
            live = page.locator(".icl-live").get_attribute("data-figure")
            took = sorted(page.evaluate(ANSWER, [*CONTROLS[live], 100]))
            yield Figure(f"live figure {live}, input to drawing, 95th percentile", took[94], "ms", FRAME_MS)
            page.close()


def weights() -> Iterator[Figure]:
    """What a first visit to each page loads."""
    import functools
    import http.server
    import threading

    from listing import CHAPTERS
    from visits import visit

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    handler = functools.partial(Quiet, directory=ROOT / "_build" / "html")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with chromium() as browser:
        for name in CHAPTERS:
            with visit(browser, f"http://127.0.0.1:{server.server_port}/{name}.html") as seen:
                seen.page.wait_for_timeout(300)
                yield Figure(f"first load of {name}", seen.bytes() / 1e6, "MB", 1.5)
    server.shutdown()


def tracing() -> Iterator[Figure]:
    """What it costs a layer that somebody could listen to it, while nobody does."""
    import torch
    from torch.utils.benchmark import Timer

    from icllib.attention import LinearSelfAttention, SoftmaxSelfAttention

    torch.set_num_threads(2)
    for kind in (LinearSelfAttention, SoftmaxSelfAttention):
        layer, tokens = kind(11, generator=torch.Generator().manual_seed(0)), torch.randn(1, 11, 11)
        deaf = kind(11, generator=torch.Generator().manual_seed(0))
        deaf._note = lambda name, activation: activation
        times = {layer: [], deaf: []}
        with torch.no_grad():
            for _ in range(15):
                for one in times:
                    times[one].append(Timer("one(tokens)", globals={"one": one, "tokens": tokens}).timeit(2000).mean)
        extra = 100 * (min(times[layer]) / min(times[deaf]) - 1)
        yield Figure(f"{kind.__name__}, one prompt: time added by trace when off", extra, "%", 10)


def layer() -> Iterator[Figure]:
    """One constructed layer against the learner it equals, and against a loop over prompts."""
    import torch
    from torch.utils.benchmark import Timer

    from icllib import construct, learners
    from icllib.tasks import LinearTask
    from icllib.tokens import join_tokens

    torch.set_num_threads(2)
    prompts = LinearTask(dim_x=10, n_context=10).sample(2048, torch.Generator().manual_seed(0))
    block, tokens = construct.gd_layer(10, 1, 10, lr=1.0).float(), join_tokens(prompts)

    def loop() -> list:
        return [1.0 / 10 * y.T @ x @ q for x, y, q in zip(prompts.x, prompts.y, prompts.x_query, strict=True)]

    def learner() -> torch.Tensor:
        return learners.predict(learners.gradient_descent(prompts, 1.0, steps=1), prompts.x_query)

    with torch.no_grad():
        for what, action in [
            ("attention layer", lambda: block(tokens)),
            ("gradient_descent", learner),
            ("loop over prompts", loop),
        ]:
            took = Timer("action()", globals={"action": action}).blocked_autorange(min_run_time=1).median
            yield Figure(f"{what}, one step on 2,048 prompts of 10 examples", 1000 * took, "ms")


def _rate(
    seeds: int, batch: int, depth: int, device: str = "cpu", n: int = 10, dim_x: int = 10, tokens: bool = False
) -> float:
    """Prompts a second that the training loop works through, all seeds counted."""
    from icllib.experiments import Stack
    from icllib.recipes import Recipe
    from icllib.tasks import LinearTask
    from icllib.training import loss_from_moments, loss_from_tokens, train

    task = LinearTask(dim_x=dim_x, n_context=n, x_scale=0.5)
    stack = Stack(looped=depth)
    updates = 30
    options = {"objective": loss_from_tokens if tokens else loss_from_moments, "progress": False, "device": device}
    for steps in (3, updates):  # the first is for warming up
        recipe = Recipe(steps=steps, batch=batch, lr=1e-4, trains=stack.trains)
        took = train(stack.build(task), task, recipe, range(seeds), **options).seconds
    return updates * batch * seeds / took


def _token_by_token(batch: int, seeds: int) -> float:
    """The simplest implementation: one seed after the other, one example after the other."""
    import torch
    from torch import nn

    from icllib.tasks import LinearTask
    from icllib.tokens import join_tokens

    task, updates = LinearTask(x_scale=0.5), 30
    start = time.perf_counter()
    for seed in range(seeds):
        generator = torch.Generator().manual_seed(seed)
        w_k, w_q, w_v, p = (nn.Parameter(0.02 * torch.randn(11, 11, generator=generator)) for _ in range(4))
        optimizer = torch.optim.Adam([w_k, w_q, w_v, p], lr=1e-4)
        for _ in range(updates):
            prompts = task.sample(batch, generator)
            tokens = join_tokens(prompts)
            query = tokens[:, -1]
            change = torch.zeros_like(query)
            for i in range(task.n_context):
                score = ((tokens[:, i] @ w_k.T) * (query @ w_q.T)).sum(1, keepdim=True)
                change = change + score * (tokens[:, i] @ w_v.T) @ p.T
            loss = (-(query + change)[:, -1:] - prompts.y_query).square().mean() / 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return updates * batch * seeds / (time.perf_counter() - start)


def training() -> Iterator[Figure]:
    """Prompts a second in training, and how the time of an update grows with N and N_x."""
    import torch

    torch.set_num_threads(2)
    for device in ["cpu"] + ["cuda"] * torch.cuda.is_available():
        for seeds, batch, depth in (
            (1, 128, 1),
            (1, 512, 1),
            (1, 2048, 1),
            (5, 128, 1),
            (5, 512, 1),
            (5, 2048, 1),
            (5, 512, 2),
            (5, 512, 5),
        ):
            what = f"training on {device}, {seeds} seed(s), batch {batch}, depth {depth}"
            yield Figure(what, _rate(seeds, batch, depth, device) / 1000, "k/s")
    simple, ours = _token_by_token(512, 5), _rate(5, 512, 1)
    yield Figure("the same without icllib, token by token, 5 seeds, batch 512", simple / 1000, "k/s")
    yield Figure("token by token ÷ icllib, time", simple / ours, "", 1)
    for tokens, name in ((False, "moments"), (True, "tokens")):
        base = 1e6 / _rate(1, 512, 2, tokens=tokens)
        for n in (40, 160):
            yield Figure(
                f"time a prompt by {name}, N = {n} ÷ N = 10", 1e6 / _rate(1, 512, 2, n=n, tokens=tokens) / base, ""
            )
        for dim_x in (20, 40):
            yield Figure(
                f"time a prompt by {name}, N_x = {dim_x} ÷ N_x = 10",
                1e6 / _rate(1, 512, 2, dim_x=dim_x, tokens=tokens) / base,
                "",
            )


def targets() -> Iterator[Figure]:
    """Train what the book promises to train in seconds, and say how good it becomes."""
    import torch

    from icllib import learners, theory
    from icllib.alignment import sweep
    from icllib.attention import from_moments
    from icllib.experiments import PAPER, named, trained_models
    from icllib.runs import run
    from icllib.tuning import tune

    def twice(prompts: object, lr: float, gamma: float) -> torch.Tensor:
        return learners.gd_plus_plus(prompts, lr, gamma, 2)

    def one_step(prompts: object, matrix: torch.Tensor) -> torch.Tensor:
        return learners.predict(learners.gradient_descent(prompts, 1.0, 1) @ matrix, prompts.x_query)

    step = theory.best_step_size(PAPER) * torch.eye(10)
    optimum = theory.best_preconditioner(named("optimum-n20").task).float()
    pair = tune(PAPER, twice, [12.0, 0.17], torch.Generator().manual_seed(0)).values
    against = {  # experiment → rival, its answers, seconds a seed at most, worst seed's loss ÷ the rival's at most
        "one-layer": ("GD", lambda p: one_step(p, step), 3, 1.005),
        "looped-2": ("GD++", lambda p: twice(p, *pair), 5, 1.02),
        "optimum-n20": ("the optimum", lambda p: one_step(p, optimum), None, 1.001),
    }
    alone = {"deep-2": 0.0944, "deep-3": 0.048, "deep-5": 0.045}  # experiment → worst seed's loss at most
    with tempfile.TemporaryDirectory() as folder:
        for name in [*against, *alone]:
            experiment = named(name)
            result = run(experiment, folder=Path(folder), progress=False)
            rival, answers, limit, bound = against.get(name, (None, lambda p: 0 * p.y_query, None, alone.get(name)))
            reads = {m: lambda p, m=m: from_moments(m, p) for m in trained_models(experiment, result)}
            losses = sweep({"rival": answers} | reads, {"": experiment.task}, seed=99)
            worst = max(losses[model][0][0] for model in reads) / (losses["rival"][0][0] if rival else 1)
            yield Figure(
                f"{name}, training, a seed", result.record["seconds_of_training"] / experiment.seeds, "s", limit
            )
            yield Figure(f"{name}, worst seed's loss" + f" ÷ {rival}'s" * bool(rival), worst, "", bound)


MEASURES = {
    measure.__name__: measure
    for measure in (build, tests, imports, figures, weights, tracing, layer, training, targets)
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what speed the book claims.")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    arguments = parser.parse_args()
    print(machine(), flush=True)
    found = []
    for name in arguments.only:
        for figure in MEASURES[name]():
            found.append(figure)
            verdict = "" if figure.target is None else "met" if figure.value <= figure.target else "MISSED"
            target = "" if figure.target is None else f"≤ {figure.target:.4g} {figure.unit}"
            print(f"  {figure.what:<62} {figure.value:>9.4g} {figure.unit:<3} {target:<12} {verdict}", flush=True)
    if arguments.json:
        text = json.dumps({"machine": machine(), "figures": [asdict(figure) for figure in found]}, indent=1)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    missed = [figure for figure in found if figure.target is not None and figure.value > figure.target]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
