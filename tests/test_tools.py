"""What `make` calls: each tool ends in what it is for, or in one sentence that says what to do."""

import http.client
import http.server
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import bootstrap
import browser
import folds
import pytest
import serve
import terminal
from docutils import nodes

TOOLS = Path(bootstrap.__file__).parent


def one_sentence(capsys) -> str:
    said = capsys.readouterr().err.strip()
    assert said.count("\n") == 0 and "Traceback" not in said
    return said


@pytest.fixture
def no_install(monkeypatch, tmp_path):
    def must_not():
        raise AssertionError("an installation began")

    monkeypatch.setattr(bootstrap, "install", must_not)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)


@pytest.mark.parametrize(
    ("system", "machine", "triple", "name"),
    [
        ("Darwin", "x86_64", None, "Macs with an Intel processor"),
        ("Windows", "ARM64", None, "Windows on ARM"),
        ("Linux", "x86_64", "x86_64-pc-linux-musl", "Alpine"),
    ],
)
def test_a_platform_without_torch_is_told_so_before_anything_is_fetched(
    system, machine, triple, name, monkeypatch, no_install, capsys
):
    monkeypatch.setattr(bootstrap.platform, "system", lambda: system)
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: machine)
    monkeypatch.setattr(bootstrap.sysconfig, "get_config_var", lambda key: triple)
    assert bootstrap.main() == 1
    said = one_sentence(capsys)
    assert name in said and "torch 2." in said and "Binder" in said
    assert name in (bootstrap.ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("system", "machine", "triple"),
    [
        ("Linux", "x86_64", "x86_64-pc-linux-gnu"),
        ("Linux", "aarch64", "aarch64-unknown-linux-gnu"),
        ("Darwin", "arm64", None),
        ("Windows", "AMD64", None),
    ],
)
def test_the_usual_platforms_have_torch(system, machine, triple, monkeypatch):
    monkeypatch.setattr(bootstrap.platform, "system", lambda: system)
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: machine)
    monkeypatch.setattr(bootstrap.sysconfig, "get_config_var", lambda key: triple)
    assert bootstrap.platform_without_torch() is None


def test_a_python_too_old_or_without_venv_is_told_what_to_do(monkeypatch, no_install, capsys):
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap.sys, "version_info", (3, 9, 1))
        assert bootstrap.main() == 1
    assert "needs Python 3.11 or newer" in one_sentence(capsys)
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    assert bootstrap.main() == 1
    assert "apt install python3-venv" in one_sentence(capsys)


def test_an_installation_that_fails_names_the_platform_and_is_tried_again(
    monkeypatch, tmp_path, capsys
):
    def fails():
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(bootstrap, "install", fails)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path)
    assert bootstrap.main() == 1
    said = one_sentence(capsys)
    assert "see pip's message" in said and bootstrap.platform.platform() in said
    monkeypatch.setattr(bootstrap, "install", lambda: None)
    assert bootstrap.main() == 0
    monkeypatch.setattr(bootstrap, "install", fails)
    assert bootstrap.main() == 0  # it is installed: nothing is done again


def test_settings_of_tools_do_not_ask_for_a_new_installation(monkeypatch, tmp_path):
    before = bootstrap.digest()
    for name in ("requirements.txt", "tests/requirements.txt", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((bootstrap.ROOT / name).read_bytes())
    paths = [tmp_path / "requirements.txt", tmp_path / "tests" / "requirements.txt"]
    monkeypatch.setattr(bootstrap, "REQUIREMENTS", paths)
    place, monkeypatched = str(bootstrap.ROOT), tmp_path / "pyproject.toml"
    text = monkeypatched.read_text(encoding="utf-8")

    class Root(type(tmp_path)):
        def __str__(self):
            return place

        def __truediv__(self, name):
            return tmp_path / name

    monkeypatch.setattr(bootstrap, "ROOT", Root(place))
    monkeypatched.write_text(text + "\n[tool.other]\nx = 1\n", encoding="utf-8")
    assert bootstrap.digest() == before
    monkeypatched.write_text(text.replace("numpy>=2", "numpy>=3"), encoding="utf-8")
    assert bootstrap.digest() != before


class _Garbage(http.server.BaseHTTPRequestHandler):
    def handle(self):
        self.request.recv(1000)
        self.request.sendall(b"<html>sign in to this network</html>\r\n\r\n")


@pytest.fixture
def proxy():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Garbage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_proxy_that_answers_garbage_and_one_that_is_garbage_are_no_answer(proxy, monkeypatch):
    with pytest.raises(http.client.BadStatusLine):
        urllib.request.urlopen(proxy)
    assert not bootstrap.answers(proxy)
    for garbled in (proxy, "http://[", "http://127.0.0.1:port", "127.0.0.1:1"):
        monkeypatch.setenv("http_proxy", garbled)
        monkeypatch.setenv("no_proxy", "")
        assert not bootstrap.answers("http://example.invalid")


def test_what_pip_keeps_lies_in_the_folder(monkeypatch):
    seen = {}
    monkeypatch.delenv("PIP_CACHE_DIR", raising=False)
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *a, **options: seen.update(options))
    bootstrap.pip("x")
    assert Path(seen["env"]["PIP_CACHE_DIR"]).is_relative_to(bootstrap.ROOT)


def test_serving_what_is_not_built_says_how_to_build_it(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(serve, "SITE", tmp_path)
    monkeypatch.setattr(sys, "argv", ["serve.py"])
    assert serve.main() == 1
    assert one_sentence(capsys) == "There is no site yet: run `make book` first."


def test_a_port_that_is_taken_is_named_and_another_one_serves_the_site(
    monkeypatch, tmp_path, capsys
):
    (tmp_path / "index.html").write_text("the book")
    monkeypatch.setattr(serve, "SITE", tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with serve.server_at(port) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            address = f"http://127.0.0.1:{server.server_port}"
            with urllib.request.urlopen(f"{address}/index.html") as page:
                assert page.read() == b"the book"
            server.shutdown()
    told = f"Port {port}: Address already in use; using {server.server_port} instead."
    assert told in capsys.readouterr().out


def test_a_port_that_is_none_is_told(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["serve.py", "--port", "70000"])
    with pytest.raises(SystemExit):
        serve.main()
    assert "--port: 70000, expected 0 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("ci", [False, True])
def test_a_browser_that_cannot_be_fetched_is_one_sentence_and_no_stack_of_node_s(
    ci, monkeypatch, tmp_path, capfd
):
    noise = "import sys; sys.exit('Error: getaddrinfo\\n    at node:dns:118:26')"
    monkeypatch.setattr(browser, "system_browser", lambda: None)
    monkeypatch.setattr(browser, "playwright_browser", lambda: None)
    run = subprocess.run
    monkeypatch.setattr(
        browser.subprocess,
        "run",
        lambda command, **options: run([sys.executable, "-c", noise], **options),
    )
    monkeypatch.setenv("CI", "1") if ci else monkeypatch.delenv("CI", raising=False)
    assert browser.main() == ci
    said = capfd.readouterr().err
    assert said.count("\n") == 1 and "apt-get install chromium" in said and "node" not in said


def test_a_browser_is_fetched_into_the_folder(monkeypatch):
    seen = {}
    monkeypatch.setattr(browser.subprocess, "run", lambda *a, **options: seen.update(options))
    assert browser.fetch() is None
    folder = Path(seen["env"]["PLAYWRIGHT_BROWSERS_PATH"])
    assert folder.is_relative_to(bootstrap.ROOT) and "_build" in folder.parts


@pytest.fixture
def handlers():
    """What signals do is put back afterwards."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


def test_a_signal_after_the_end_changes_nothing(handlers, capsys):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    assert terminal.in_one_sentence(lambda: 0) == 0
    signal.raise_signal(signal.SIGINT)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252"])
def test_a_terminal_without_our_signs_stops_no_tool(encoding, monkeypatch):
    code = "import terminal; terminal.in_one_sentence(lambda: print('made … ✓ λ') or 0)"
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    result = subprocess.run([sys.executable, "-c", code], cwd=TOOLS, capture_output=True)
    assert result.returncode == 0 and result.stdout.startswith(b"made")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied", "/home/x"), "/home/x: Permission denied."),
        (OSError(28, "No space left on device"), "No space left on device."),
        (KeyboardInterrupt(), "Stopped; the same command goes on"),
    ],
)
def test_a_fault_of_the_machine_ends_in_a_sentence_and_one_of_ours_does_not(
    error, words, handlers, capsys
):
    def fails():
        raise error

    assert terminal.in_one_sentence(fails) != 0
    assert words in one_sentence(capsys)
    with pytest.raises(ZeroDivisionError):
        terminal.in_one_sentence(lambda: 1 / 0)
    with pytest.raises(FileNotFoundError):
        terminal.in_one_sentence(Path("/nowhere/at/all").read_text)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are those of POSIX")
@pytest.mark.parametrize(("status", "told"), [(1, 130), (0, 0)])
def test_ctrl_c_is_told_even_where_a_library_swallows_it(status, told):
    code = (
        "import contextlib, signal, terminal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # also in the background
        "def main():\n"
        "    with contextlib.suppress(BaseException):\n"
        "        signal.raise_signal(signal.SIGINT)\n"
        f"    return {status}\n"
        "raise SystemExit(terminal.in_one_sentence(main))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(terminal.__file__).parent, capture_output=True
    )
    assert done.returncode == told
    assert (b"the same command goes on from here" in done.stderr) == (told == 130)


def test_a_fold_in_a_solution_is_named_by_the_section_around_it():
    cell = nodes.container(nb_element="cell_code")
    solution = nodes.section("", cell)  # without a title of its own
    nodes.section("", nodes.title("", "Exercises"), solution)
    assert folds._subject(cell) == "Exercises"
    assert folds._subject(nodes.container(nb_element="cell_code")) == "this cell"
