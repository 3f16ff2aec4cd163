"""What can be imported: folders in depth, archives, standard input, URLs, Python code, MCP servers."""

from __future__ import annotations

import gzip
import io
import json
import socket
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import httpcore
import pytest
import respx
from toolkits.web_of_documents import Web, reply, sent_on, serving

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits import archive, fetch
from funcdex.toolkits.guarded_http import is_public
from funcdex.toolkits.sources import Imported, imported


def kit(name: str) -> dict[str, Any]:
    return {"toolkit": name, "description": "D.", "tools": [{"name": "A", "description": "A."}]}


def names(found: list[Imported]) -> list[str]:
    return [toolkit.name for one in found for toolkit in one.toolkits]


def everything(source: str | Path, **more: Any) -> list[Imported]:
    return list(imported(str(source), **more))


def refusal(source: str | Path, **more: Any) -> ToolDefinitionError:
    with pytest.raises(ToolDefinitionError) as caught:
        everything(source, **more)
    return caught.value


def tgz(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as out:
        link = tarfile.TarInfo("link.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        out.addfile(link)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            out.addfile(info, io.BytesIO(data))
    return path


FILES = {
    "../../etc/evil.json": json.dumps(kit("first")).encode(),
    "deep/er/second.json": json.dumps(kit("second")).encode(),
    "deep/third.json.gz": gzip.compress(json.dumps(kit("third")).encode()),
    "deep/broken.json": b"{",
    "README.md": b"#",
}


def test_a_tar_gives_its_documents_and_writes_no_file(tmp_path: Path) -> None:
    found = everything(tgz(tmp_path / "a.tgz", FILES))
    assert names(found) == ["first", "second", "third"]
    assert [one.file.rpartition("/")[2] for one in found if one.refused] == ["broken.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["a.tgz"]


def test_a_zip_gives_its_documents(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        for name, data in FILES.items():
            out.writestr(name, data)
    assert names(everything(tmp_path / "a.zip")) == ["first", "second", "third"]


def test_a_folder_gives_all_below_it_and_nothing_hidden(tmp_path: Path) -> None:
    for name in ("b/x.json", "a/y.json", ".git/z.json"):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(json.dumps(kit(path.stem)), encoding="utf-8")
    assert names(everything(tmp_path)) == ["y", "x"]


@pytest.mark.parametrize(
    ("name", "data"), [("a.tgz", b"no archive"), ("a.zip", b"PK\x03\x04 no"), ("a.tar", b"x")]
)
def test_a_damaged_archive_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    assert "archive cannot be read" in refusal(tmp_path / name).what


def test_an_archive_beyond_its_limits_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tgz(tmp_path / "a.tgz", FILES)
    monkeypatch.setattr(archive, "MOST_TOTAL_BYTES", 100)
    assert "unpacked" in refusal(path).what
    monkeypatch.setattr(archive, "MOST_MEMBERS", 1)
    assert "members" in refusal(path).what


def test_a_member_that_unpacks_to_too_much_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "LARGEST_BYTES", 1000)
    bomb = gzip.compress(b" " * 100_000)
    found = everything(tgz(tmp_path / "a.tgz", {"bomb.json.gz": bomb, **FILES}))
    assert names(found) == ["first", "second", "third"]
    assert "more than" in found[0].refused


def test_standard_input_may_be_json_or_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    for text in (
        json.dumps(kit("one")),
        "toolkit: one\ndescription: D.\ntools: [{name: A, description: A.}]\n",
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert names(everything("-")) == ["one"]


def test_a_url_is_fetched_only_where_that_is_allowed() -> None:
    assert "--allow-url" in refusal("https://example.com/a.json").fix


@pytest.fixture
def web() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


def test_a_url_gives_its_document(web: respx.MockRouter) -> None:
    web.get("https://example.com/a.json").respond(200, json=kit("one"))
    assert names(everything("https://example.com/a.json", allow_url=True)) == ["one"]


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://169.254.169.254/latest", "from https to http"),
        ("file:///etc/passwd", "no web address"),
        ("//user:password@example.com/a.json", "no web address"),
        ("https://example.com:x/a.json", "no address of the web"),
        ("https://example.com/a.json", "redirects"),
    ],
)
def test_a_redirect_leads_nowhere_that_nobody_named(web: respx.MockRouter, location: str, words: str) -> None:
    web.get("https://example.com/a.json").respond(302, headers={"location": location})
    assert words in refusal("https://example.com/a.json", allow_url=True).what


@pytest.fixture
def server() -> Iterator[Web]:
    with serving() as web:
        yield web


HOSTS = ["127.0.0.2", "127.1", "0x7f000001", "10.0.0.1", "169.254.169.254", "localhost", "0.0.0.0"]
HOSTS_OF_V6 = [
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fd00::1]",
]


@pytest.mark.parametrize("host", HOSTS + HOSTS_OF_V6)
def test_a_redirect_leads_to_no_address_of_the_readers_own_network(server: Web, host: str) -> None:
    server.pages["/a.json"] = sent_on(f"http://{host}:{server.port}/b.json")
    error = refusal(f"{server.url}/a.json", allow_url=True)
    assert "the server sends us on to" in error.what and "no public address" in error.what
    assert server.asked == ["/a.json"]


def test_a_redirect_may_lead_to_the_host_that_was_named(server: Web) -> None:
    server.pages |= {"/a.json": sent_on("deeper/b.json"), "/deeper/b.json": kit("one")}
    assert names(everything(f"{server.url}/a.json", allow_url=True)) == ["one"]


def test_the_address_that_was_looked_at_is_the_one_that_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter(["93.184.216.34", "127.0.0.1"])
    connected: list[str] = []

    def look_up(*_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", (next(answers), 80))]

    def connect(_: Any, host: str, *__: Any) -> Any:
        connected.append(host)
        raise httpcore.ConnectError("enough")

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(ToolDefinitionError, match="enough"):
        fetch.fetched("http://changes.test/x", is_named=False)
    with pytest.raises(ToolDefinitionError, match=r"changes\.test is no public address"):
        fetch.fetched("http://changes.test/x", is_named=False)
    assert connected == ["93.184.216.34"]


def test_every_address_of_a_name_has_to_be_public(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [(2, 1, 6, "", (address, 80)) for address in ("93.184.216.34", "192.168.0.1")]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: entries)
    with pytest.raises(ToolDefinitionError, match="no public address"):
        fetch.fetched("http://both.test/x", is_named=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


def ten_gigabytes(out: BinaryIO) -> None:
    reply(200, Content_Length=str(10 * 2**30))(out)


def without_end(out: BinaryIO) -> None:
    out.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        out.write(b" " * 65536)


def packed(out: BinaryIO) -> None:
    reply(200, gzip.compress(b" " * 10_000_000), Content_Encoding="gzip")(out)


@pytest.mark.parametrize("page", [ten_gigabytes, without_end, packed])
def test_no_body_is_read_beyond_the_limit(server: Web, page: Any) -> None:
    server.pages["/a.json"] = page
    with pytest.raises(ToolDefinitionError, match="more than 1,000 bytes"):
        fetch.fetched(f"{server.url}/a.json", most_bytes=1000)


@pytest.mark.parametrize("head", [b"", b"HTTP/1.1 200 OK\r\nX-Slow: x", b"HTTP/1.1 200 OK\r\n\r\nx"])
def test_nothing_is_waited_for_beyond_the_limit(server: Web, head: bytes) -> None:
    def half(out: BinaryIO) -> None:
        out.write(head)
        out.flush()
        server.silent(out)

    server.pages["/a.json"] = half
    with pytest.raises(ToolDefinitionError, match="it took more than 0 s"):
        fetch.fetched(f"{server.url}/a.json", most_s=0.2)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        (reply(200, "{}", Content_Length="9"), "cannot be fetched"),
        (reply(200, gzip.compress(b"{}" * 99)[:20], Content_Encoding="gzip"), "ends in its middle"),
        (reply(200, "{}", Content_Encoding="gzip"), "cannot be unpacked"),
        (reply(200, "{}", Content_Encoding="br"), "'br', which nobody asked for"),
        (reply(500), "answers with 500"),
        (lambda out: out.write(b"SSH-2.0-x\r\n"), "cannot be fetched"),
    ],
)
def test_half_an_answer_is_none(server: Web, page: Any, words: str) -> None:
    server.pages["/a.json"] = page
    assert words in refusal(f"{server.url}/a.json", allow_url=True).what


def test_what_is_packed_on_the_way_is_unpacked(server: Web) -> None:
    data = gzip.compress(json.dumps(kit("one")).encode())
    server.pages["/a.json"] = reply(200, data, Content_Encoding="gzip")
    assert names(everything(f"{server.url}/a.json", allow_url=True)) == ["one"]


@pytest.mark.parametrize("port", ["99999", "-1"])
def test_a_port_that_no_server_has_is_told(port: str) -> None:
    with pytest.raises(ToolDefinitionError, match="there is no port"):
        fetch.fetched(f"http://127.0.0.1:{port}/a.json")


def test_a_server_that_cannot_be_reached_is_an_error_of_ours_that_shows_no_secret() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    error = refusal(f"http://me:secret@127.0.0.1:{port}/a.json?token=secret", allow_url=True)
    assert "secret" not in str(error) and "cannot be fetched" in error.what


CODE = '''
"""Orders of a shop."""
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Optional, TypedDict
from pydantic import BaseModel

class Size(Enum):
    small = "S"
    large = "L"

@dataclass
class Address:
    street: str
    number: int = 1

class Item(TypedDict):
    id: str

class Gift(BaseModel):
    text: str

def place_order(items: list[Item], to: Address, size: Size, speed: Literal["slow", "fast"] = "slow",
                gift: Optional[Gift] = None, notes: dict[str, str] = {}, *more: int, **rest: int) -> Gift:
    """Places an order.

    Nothing is paid yet.

    Args:
        items: What is ordered.
        to: Where it is sent.
    """

def cancel(order: int):
    """Cancels.

    :param order: Its number.
    """

def find(words: str, limit: "int" = 5) -> list[str]:
    """Finds orders.

    Parameters
    ----------
    words : str
        What to look for.
    """

def _hidden() -> None: ...
'''


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "shop_orders.py").write_text(CODE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "shop_orders"
    sys.modules.pop("shop_orders", None)


def test_a_modules_functions_become_tools_by_signature_and_docstring(code: str) -> None:
    pytest.importorskip("docstring_parser")
    (one,) = everything(f"{code}:")
    (toolkit,) = one.toolkits
    assert (toolkit.name, toolkit.description) == ("shop_orders", "Orders of a shop.")
    place, cancel, find = toolkit.tools
    assert place.description == "Places an order. Nothing is paid yet."
    properties = place.parameters["properties"]
    assert list(properties) == ["items", "to", "size", "speed", "gift", "notes"]
    assert properties["items"]["items"]["properties"] == {"id": {"type": "string"}}
    assert properties["items"]["description"] == "What is ordered."
    assert properties["to"]["required"] == ["street"]
    assert properties["size"] == {"enum": ["S", "L"], "type": "string"}
    assert properties["speed"] == {"enum": ["slow", "fast"], "type": "string", "default": "slow"}
    assert {"type": "null"} in properties["gift"]["anyOf"]
    assert place.parameters["required"] == ["items", "to", "size"]
    assert place.response["properties"] == {"text": {"type": "string"}}
    assert cancel.parameters["properties"]["order"]["description"] == "Its number."
    assert find.parameters["properties"]["words"]["description"] == "What to look for."
    assert find.parameters["properties"]["limit"] == {"type": "integer", "default": 5}


def test_one_function_can_be_named(code: str) -> None:
    pytest.importorskip("docstring_parser")
    (one,) = everything(f"{code}:find")
    assert [tool.name for tool in one.toolkits[0].tools] == ["find"]
    assert "has no 'lose'" in refusal(f"{code}:lose").what


def test_code_that_fails_when_imported_is_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bad_module.py").write_text("raise SystemError('no')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "SystemError: no" in refusal("bad_module:f").what
