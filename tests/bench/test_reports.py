"""The page and the tables: everything is there, nothing from elsewhere is, and no text gets out of hand."""

from __future__ import annotations

import io
from dataclasses import replace
from html.parser import HTMLParser

from rich.console import Console

from bench.results import URLS, a_round, result
from funcdex.bench.compare import compare
from funcdex.bench.report_html import html_report
from funcdex.bench.report_table import print_tables
from funcdex.bench.result import FirstUse, Result
from funcdex.bench.summary import summarise
from funcdex.printable import printable

EVEN = dict.fromkeys(URLS, 1.0)
EVIL = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&\x1b[31m\u202e"


def full() -> Result:
    rounds = [a_round("none", place, EVEN) for place in (1, 4)]
    rounds += [a_round("schema", place, dict.fromkeys(URLS, 1.5)) for place in (1, 4)]
    return result(rounds, first_uses=[FirstUse(URLS[0], "schema", 0.2, 0.1, 9000)], notes=["a note"])


def page(found: Result) -> str:
    return html_report(found, summarise(found), compare(found, found))


class Elements(HTMLParser):
    """Names and attributes of all elements, and all text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_has_tables_charts_and_advice() -> None:
    found = Elements(page(full()))
    assert sum(tag == "img" for tag, _ in found.seen) == 7
    for part in (
        "max_in_flight for http://a:1",
        "Grammar tax",
        "First use of a grammar",
        "GPU-hour",
        "a note",
    ):
        assert part in found.text


def test_the_page_loads_nothing_from_anywhere() -> None:
    found = Elements(page(full()))
    tags = {tag for tag, _ in found.seen}
    assert not tags & {"script", "link", "iframe", "object", "embed", "base"}
    loaded = {
        attributes[name] for _, attributes in found.seen for name in {"src", "href"} & attributes.keys()
    }
    assert all(source and source.startswith("data:image/svg+xml;base64,") for source in loaded)
    assert "default-src 'none'" in page(full()) and "@import" not in page(full())


def test_text_from_servers_stays_text() -> None:
    plain = full()
    endpoints = [replace(one, model=EVIL, version=EVIL, dialect=EVIL) for one in plain.endpoints]
    evil = replace(
        plain, endpoints=endpoints, notes=[EVIL], setup=replace(plain.setup, source=EVIL, client=EVIL)
    )
    found = Elements(page(evil))
    assert {tag for tag, _ in found.seen} == {tag for tag, _ in Elements(page(plain)).seen}
    assert not any(name.startswith("on") for _, attributes in found.seen for name in attributes)
    assert printable(EVIL) in found.text and "\x1b" not in found.text and "\u202e" not in found.text


def test_nothing_measured_draws_nothing() -> None:
    assert "nothing was measured" in page(replace(full(), rounds=[]))


def test_the_tables_say_the_same_without_control_characters() -> None:
    plain = full()
    evil = replace(plain, notes=[EVIL])
    console = Console(file=io.StringIO(), width=160)
    print_tables(console, evil, summarise(evil), compare(plain, evil), printable)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert "\x1b" not in text and r"\x1b" in text
    for part in ("grammar tax", "times (p50/p90/p99)", "against the earlier result", "the same", "1.50x"):
        assert part in text
