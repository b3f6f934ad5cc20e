"""Links to other hosts: each is found once and tried; a host that says no to programs is no dead link."""

import http.server
import threading

import links
import pytest


class _Host(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({"/good": 200, "/shy": 403}.get(self.path, 404))
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def host(monkeypatch):
    monkeypatch.setattr(links, "PAUSE", 0)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Host)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def site(monkeypatch, tmp_path):
    monkeypatch.setattr(links, "SITE", tmp_path)
    return tmp_path


def test_links_are_found_once_without_their_anchors_and_none_inside(site):
    (site / "index.html").write_text(
        '<a href="https://a.org/x#one">x</a> <a href="two.html#y">y</a> <a href="mailto:a@b">m</a>'
        '<link href="https://c.org/style.css"> <a>none</a>'
    )
    (site / "two.html").write_text('<a class="b" href="https://a.org/x?q=1&amp;r=2#two">x</a>')
    assert links.links(site) == {
        "https://a.org/x": ["index.html"],
        "https://a.org/x?q=1&r=2": ["two.html"],
    }


def test_a_dead_link_fails_with_its_page_and_a_shy_host_does_not(host, site, capsys):
    (site / "index.html").write_text(f'<a href="{host}/good">1</a><a href="{host}/shy">2</a>')
    assert links.main([]) == 0
    assert "1 links answer, 1 hosts do not say, 0 are dead." in capsys.readouterr().out
    (site / "two.html").write_text(
        f'<a href="{host}/gone">3</a><a href="http://127.0.0.1:1/">4</a>'
    )
    assert links.main([]) == 1
    said = capsys.readouterr().out
    assert f"dead: {host}/gone (404) on two.html" in said and "dead: http://127.0.0.1:1/" in said
    assert f"unsure: {host}/shy (403) on index.html" in said and "2 are dead." in said


def test_the_list_tries_nothing_and_no_site_is_one_sentence(site, capsys, monkeypatch):
    assert links.main(["--list"]) == 2 and "make book" in capsys.readouterr().err
    (site / "index.html").write_text('<a href="https://a.org/">x</a>')
    monkeypatch.setattr(links, "answer", None)
    assert links.main(["--list"]) == 0 and capsys.readouterr().out == "https://a.org/\n"
