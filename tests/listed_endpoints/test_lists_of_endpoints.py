"""What a list of endpoints may look like, and what it may not say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from funcdex.discovery.file import FileSource
from funcdex.discovery.listing import MOST_BYTES, MOST_ENDPOINTS, specs_of
from funcdex.errors import DiscoveryError
from funcdex.settings.endpoint_spec import EndpointSpec, parse_endpoint

OPTIONS = EndpointSpec(url="file:list")
TWO = ["http://a:8000", "http://b:8000"]


def urls_of(text: str) -> list[str]:
    return [spec.url for spec in specs_of(text, "list", OPTIONS)]


@pytest.mark.parametrize(
    "text",
    [
        "http://a:8000\nhttp://b:8000\n",
        "# workers\n\n  http://a:8000/v1  # first\r\nhttp://b:8000\nhttp://a:8000\n",
        json.dumps(TWO),
        json.dumps({"endpoints": TWO}),
        json.dumps([{"url": "http://a:8000"}, "http://b:8000"]),
        "- http://a:8000\n- url: http://b:8000\n",
        "endpoints:\n  - http://a:8000\n  - http://b:8000\n",
    ],
)
def test_a_list_is_lines_or_json_or_yaml(text: str) -> None:
    assert urls_of(text) == TWO


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing yet\n", "[]", "endpoints: []"])
def test_a_list_may_be_empty(text: str) -> None:
    assert urls_of(text) == []


def test_options_of_the_source_are_for_all_that_say_nothing_of_their_own() -> None:
    options = EndpointSpec.model_validate(parse_endpoint("file:list;model=m;max_in_flight=64;stages=judge"))
    one, two = specs_of("http://a:1\nhttp://b:1;model=other;stages=conversation", "list", options)
    assert (one.model, one.max_in_flight, one.stages) == ("m", 64, ("judge",))
    assert (two.model, two.max_in_flight, two.stages) == ("other", 64, ("conversation",))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("http://a:1;api_key_env=AWS_SECRET_ACCESS_KEY", "no keys"),
        (json.dumps([{"url": "http://a:1", "api_key": "x"}]), "no keys"),
        ("sim:4", "base URLs only"),
        ("command:rm -r x", "base URLs only"),
        ("file:/etc/passwd", "base URLs only"),
        ("ftp://a:1", "http://host:port"),
        ("http://user:password@a:1", "no credentials"),
        ("http://a:1;colour=red", "no option"),
        ('{"workers": 3}', "no list"),
        ("[[[[", "not YAML"),
        ("[3]", "valid dictionary"),
        ("\n".join(f"http://a:{port}" for port in range(MOST_ENDPOINTS + 1)), "more than"),
    ],
)
def test_what_is_no_list_is_told_with_its_place(text: str, reason: str) -> None:
    with pytest.raises(DiscoveryError, match=reason) as raised:
        urls_of(text)
    assert "list" in raised.value.where
    assert "password" not in str(raised.value)


@given(st.text())
def test_any_text_is_a_list_or_a_fault(text: str) -> None:
    try:
        specs_of(text, "list", OPTIONS)
    except DiscoveryError:
        pass


async def test_a_file_is_read_again_each_time(tmp_path: Path) -> None:
    path = tmp_path / "workers.txt"
    source = FileSource(path, OPTIONS, timeout_s=10)
    with pytest.raises(DiscoveryError, match="No such file"):
        await source.listed()
    path.write_text("http://a:8000\n")
    assert [spec.url for spec in await source.listed()] == ["http://a:8000"]
    path.write_text("http://b:8000\n")
    assert [spec.url for spec in await source.listed()] == ["http://b:8000"]


async def test_the_files_of_a_folder_are_one_list(tmp_path: Path) -> None:
    (tmp_path / "node1.txt").write_text("http://a:8000\n")
    (tmp_path / "node2.txt").write_text("http://b:8000\nhttp://a:8000\n")
    (tmp_path / ".node3.txt").write_text("http://ha")
    (tmp_path / "node1.log").write_text("a server's log")
    found = await FileSource(tmp_path, OPTIONS, timeout_s=10).listed()
    assert [spec.url for spec in found] == TWO


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"x" * (MOST_BYTES + 1)])
async def test_a_file_that_holds_something_else_is_a_fault(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "workers.txt"
    path.write_bytes(content)
    with pytest.raises(DiscoveryError):
        await FileSource(path, OPTIONS, timeout_s=10).listed()


@pytest.mark.parametrize(
    "text", ["dns:", "dns:a b", "dns:a:port", "srv:workers", "srv:_ftp._tcp.a", "command:", "file: "]
)
def test_a_source_that_is_not_written_as_one_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="endpoints are listed by"):
        EndpointSpec(url=text)


@pytest.mark.parametrize(
    "text",
    ["dns:workers.ml.svc.cluster.local:8000", "dns:a", "srv:_http._tcp.workers", "command:list -a 'b c'"],
)
def test_a_source_keeps_its_text(text: str) -> None:
    spec = EndpointSpec(url=text)
    assert spec.url == text
    assert spec.listing == tuple(text.split(":", 1))
    assert not spec.simulated
