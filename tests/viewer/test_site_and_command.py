"""`funcdex inspect` from the command line: what it refuses, what it says, and the site of files."""

from __future__ import annotations

import html
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest
from running import command
from typer.testing import CliRunner

from funcdex.cli.app import app
from funcdex.errors import ConfigError
from funcdex.rundir.layout import RunDir
from funcdex.viewer.serve import bound_socket
from viewer.made import HOSTILE, hostile_file


def inspect(*words: object) -> str:
    result = CliRunner().invoke(app, ["inspect", *map(str, words)])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.stdout


def test_every_link_of_a_site_leads_to_a_file(finished: RunDir, tmp_path: Path) -> None:
    site = tmp_path / "site"
    assert "60 conversations" in inspect(finished.path, "--export", site)
    pages = list(site.rglob("*.html"))
    assert len(pages) == 62
    for page in pages:
        text = page.read_text("utf-8")
        assert '<form method="post"' not in text and "hx-" not in text and 'content="default-src' in text
        for link in re.findall(r'(?:href|src)="([^"#]+)"', text):
            target = html.unescape(link)
            assert "://" not in target and not target.startswith("/")
            assert (page.parent / target).is_file(), f"{page}: {target}"


def test_a_site_of_hostile_texts_holds_no_script_of_theirs(tmp_path: Path) -> None:
    site = tmp_path / "site"
    inspect(hostile_file(tmp_path / "hostile.jsonl"), "--export", site)
    assert len(list((site / "c").rglob("*.html"))) == len(HOSTILE)
    for path in (one for one in site.rglob("*.html")):
        assert re.findall(r"<script[^>]*>", path.read_text("utf-8")) in (
            ['<script src="static/viewer.js">'],
            ['<script src="../../static/viewer.js">'],
        )
    assert "<" not in (site / "search" / "0.js").read_text("ascii")


def test_only_an_earlier_site_is_replaced(finished: RunDir, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("precious")
    for force in ((), ("--force",)):
        with pytest.raises(ConfigError, match="something is there already"):
            inspect(finished.path, "--export", mine, *force)
    assert (mine / "thesis.txt").read_text() == "precious"
    inspect(finished.path, "--export", tmp_path / "site")
    with pytest.raises(ConfigError, match="something is there already"):
        inspect(finished.path, "--export", tmp_path / "site")
    inspect(finished.path, "--export", tmp_path / "site", "--force")


def test_what_is_no_run_and_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no manifest"):
        inspect(tmp_path)
    with pytest.raises(ConfigError, match="cannot read it"):
        inspect(tmp_path / "nothing.jsonl")


def test_a_port_in_use_is_told() -> None:
    with bound_socket("127.0.0.1", 0) as one:
        with pytest.raises(ConfigError, match="the viewer has no place"):
            bound_socket("127.0.0.1", one.getsockname()[1])


def test_the_command_serves_until_it_is_interrupted_and_keeps_the_index(run: RunDir) -> None:
    words = command("inspect", run.path, "--no-browser")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = next(line.strip() for line in process.stdout if line.startswith("http://127.0.0.1:"))
            with urllib.request.urlopen(url, timeout=120) as response:
                assert "Conversations" in response.read().decode()
        finally:
            process.terminate()
        process.wait(60)
    assert (run.path / "viewer-cache" / "index.sqlite").is_file()
    assert not (run.path / "review.jsonl").exists()


def test_others_than_this_machine_are_warned_of(finished: RunDir) -> None:
    words = command("inspect", finished.path, "--no-browser", "--host", "0.0.0.0", "--read-only")
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        try:
            assert any(line.startswith("http://0.0.0.0:") for line in iter(process.stdout.readline, ""))
        finally:
            process.terminate()
        assert "everybody who reaches 0.0.0.0 can read" in process.stderr.read()
        process.wait(60)
