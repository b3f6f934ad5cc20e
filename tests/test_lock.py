"""What is installed has the hashes of the lock, wherever the lock is for this Python."""

import bootstrap
import lock
import pytest

ONE = "one==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n"
CARD = "nvidia-cublas==13.1 ; sys_platform == 'linux' \\\n    --hash=sha256:cc\n"


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """The calls of pip that an installation makes."""
    calls = []
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "venv")
    monkeypatch.setattr(bootstrap.venv.EnvBuilder, "create", lambda *a: None)
    monkeypatch.setattr(bootstrap, "answers", lambda url: False)
    monkeypatch.setattr(bootstrap, "pip", lambda *arguments: calls.append(arguments))
    return calls


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 2)])
def test_the_lock_comes_first_and_the_library_brings_nothing_else(version, installed, monkeypatch):
    monkeypatch.setattr(bootstrap.sys, "version_info", version)
    bootstrap.install()
    first, torch, last = installed
    assert first[1:] == ("--require-hashes", "-r", str(bootstrap.LOCK))
    assert torch[-1] == bootstrap.torch_requirement()
    assert {"--no-deps", "--no-build-isolation", "--editable"} < set(last)


def test_a_newer_python_gets_the_pins_and_is_told_so(installed, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 15, 0))
    bootstrap.install()
    assert (
        "requirements.lock is for Python 3.11 to 3.14, and this is 3.15" in capsys.readouterr().out
    )
    assert not any("--require-hashes" in call for call in installed)
    assert all(str(path) in installed[-1] for path in bootstrap.REQUIREMENTS)


def test_without_the_lock_the_pins_are_installed(installed, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bootstrap, "LOCK", tmp_path / "none.lock")
    bootstrap.install()
    assert "There is no none.lock" in capsys.readouterr().out and len(installed) == 2


def test_a_lock_leaves_out_what_graphics_cards_need_and_keeps_all_hashes():
    text = lock.locked(ONE + CARD + ONE.replace("one", "two"))
    assert text == lock.HEADER + ONE + ONE.replace("one", "two")


@pytest.mark.parametrize("text", ["one==1.0\n", "--index-url https://example.org\n" + ONE])
def test_a_package_without_hash_or_an_address_is_refused(text):
    with pytest.raises(ValueError, match="hash"):
        lock.locked(text)


def test_a_resolver_that_fails_leaves_the_lock_as_it_was(monkeypatch, tmp_path, capsys):
    def fails(*command, **options):
        raise lock.subprocess.CalledProcessError(1, "uv")

    monkeypatch.setattr(lock, "PLACE", tmp_path)
    monkeypatch.setattr(lock.subprocess, "run", fails)
    before = lock.LOCK.read_bytes()
    assert lock.main() == 1 and "stays as it was" in capsys.readouterr().err
    assert lock.LOCK.read_bytes() == before
