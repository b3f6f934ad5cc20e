"""Every notebook in a real JupyterLab: run twice, its figure moved by key, the kernel asked for it."""

import ast
import json
import os
import re
import shutil
import time
import urllib.request
from itertools import zip_longest

import jupyterlab
import notebooks
import pytest
from listing import CHAPTERS, MOVE, ROOT

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.browser]

#: The highest peak of a kernel.
MEGABYTES = 600
SECONDS = 300  # a busy machine takes its time to load the page
OPEN = """async (path) => {
  const panel = await jupyterapp.commands.execute('docmanager:open', { path, factory: 'Notebook' });
  await panel.sessionContext.ready;
  await panel.revealed;
}"""
CLOSE = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  await panel.sessionContext.shutdown();
  panel.context.model.dirty = false;
  panel.close();
}"""
READY = "() => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
RUN = "() => jupyterapp.commands.execute('notebook:run-all-cells')"
OUTPUTS = """() => [...jupyterapp.shell.currentWidget.content.model.cells].map((cell, index) =>
  ({ index, type: cell.type, source: cell.sharedModel.source, ran: cell.executionCount ?? 0, outputs: cell.outputs?.toJSON() ?? [] }))"""
ASK = """async (expression) => {
  const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
  const request = kernel.requestExecute({ code: '', silent: true, user_expressions: { answer: expression } });
  return (await request.done).content.user_expressions.answer.data['text/plain'];
}"""
SHOW = """(index) => { const content = jupyterapp.shell.currentWidget.content;
  content.activeCellIndex = index; return content.scrollToItem(index); }"""
STATE = "__import__('json').dumps([f.name, f.state]) if (f := __import__('ipywidgets').Widget.widgets.get({!r})) else ''"
VIEW = "application/vnd.jupyter.widget-view+json"
MODULE = "type(__import__('ipywidgets').Widget.widgets.get({!r})).__module__"
#: How long it took, where a sentence says so, and the names by which a page's figures do not clash.
VARIES = {r"\d+(\.\d+)? m?s\b": "(time)", r"\bf\d+-": "f-"}
PAIR = "() => jupyterapp.commands.hasCommand('jupytext:pair-nb-with-md:myst')"
PEAK = "int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) // 1024"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a server that has the notebooks, in another folder than the book."""
    if jupyterlab.program() is None:
        message = f"{jupyterlab.PINNED} cannot be installed here: is there a network?"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    jupyterlab.variables()  # makes the folders
    shutil.copy(ROOT / "binder" / "jupyter_server_config.json", jupyterlab.FOLDER / "config")
    folder = tmp_path_factory.mktemp("notebooks")
    notebooks.write_all(folder)
    process, address = jupyterlab.start(folder, PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1")
    try:
        for _ in range(10 * SECONDS):
            try:
                urllib.request.urlopen(f"{address}/api/status", timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, (jupyterlab.FOLDER / "server.log").read_text()
                time.sleep(0.1)
        else:
            pytest.fail((jupyterlab.FOLDER / "server.log").read_text())
        yield address
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def page(lab, browser):
    """JupyterLab in a window; the notebooks are opened in it one after the other."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    window = context.new_page()
    window.set_default_timeout(SECONDS * 1000)
    window.goto(f"{lab}/lab?reset")
    window.wait_for_function("() => window.jupyterapp?.restored")
    window.evaluate("() => jupyterapp.restored.then(() => true)")
    yield window
    context.close()


def widgets_of(cells: list[dict]) -> list[tuple[int, str]]:
    """(index of the cell, id of the widget) of all widgets that a notebook shows."""
    shown = [
        (cell["index"], output.get("data", {})) for cell in cells for output in cell["outputs"]
    ]
    return [(index, data[VIEW]["model_id"]) for index, data in shown if VIEW in data]


def said(cells: list[dict]) -> list[tuple[int, str]]:
    """What the cells print and show, without what varies, and without cells that take the time."""
    found = []
    for cell in (cell for cell in cells if "seconds" not in cell["source"]):
        for output in cell["outputs"]:
            data = output.get("data", {})
            if VIEW in data:  # a live figure, or a progress bar
                continue
            text = output.get("text", "") + json.dumps(data, sort_keys=True)
            for pattern, name in VARIES.items():
                text = re.sub(pattern, name, text)
            found.append((cell["index"], text))
    return found


def run(page) -> list[dict]:
    """All cells, run from the first to the last."""
    page.evaluate(RUN)
    page.wait_for_function(READY)
    cells = page.evaluate(OUTPUTS)
    outputs = [output for cell in cells for output in cell["outputs"]]
    bad = [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"]
    assert bad == [] and all(cell["ran"] for cell in cells if cell["type"] == "code")
    return cells


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_notebook_runs_twice_with_the_same_page_and_its_figure_talks_with_the_kernel(name, page):
    page.evaluate(OPEN, f"{name}.ipynb")
    try:
        page.wait_for_function(READY)
        before = said(run(page))
        assert int(page.evaluate(ASK, PEAK)) <= MEGABYTES
        cells = run(page)
        both = zip_longest(before, said(cells))
        assert [(first, then) for first, then in both if first != then] == []
        shown = [  # a progress bar is a widget as well
            (index, widget)
            for index, widget in widgets_of(cells)
            if "icllib" in page.evaluate(ASK, MODULE.format(widget))
        ]
        source = (ROOT / f"{name}.md").read_text(encoding="utf-8")
        assert len(shown) == source.count("from icllib.widgets import")
        for place, (index, widget) in enumerate(shown):
            move(page, place, index, widget)
    finally:
        page.evaluate(CLOSE)


def move(page, place: int, index: int, widget: str) -> None:
    """Move a live figure by key, and look at its sentence and at the kernel's own object."""
    before = page.evaluate(ASK, STATE.format(widget))
    figure, _ = json.loads(ast.literal_eval(before))
    page.evaluate(SHOW, index)
    target, key = MOVE[figure]
    cell = page.locator(".jp-Cell").filter(has=page.locator(".icl-controls")).nth(place)
    sentence = cell.locator("[aria-live]").inner_text()
    for _ in range(3):
        cell.locator(target).first.press(key)  # JupyterLab may have taken the focus back
    for _ in range(SECONDS):
        page.wait_for_function(READY)
        if page.evaluate(ASK, STATE.format(widget)) != before:
            break
        time.sleep(1)
    else:
        pytest.fail(f"the kernel never heard that {figure} was moved from {before}")
    assert cell.locator("[aria-live]").inner_text() != sentence


def test_the_extension_of_jupytext_loads_and_binder_s_settings_cull_idle_kernels(page):
    page.evaluate(OPEN, "intro.ipynb")
    page.wait_for_function(PAIR)
    page.evaluate(CLOSE)
    log = (jupyterlab.FOLDER / "server.log").read_text()
    assert "Culling kernels with idle durations > 900 seconds" in log
