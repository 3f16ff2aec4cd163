"""References of OpenAPI documents to URLs: refused unless allowed, and then kept out of the reader's network
and files."""

from __future__ import annotations

import json
import shutil
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import respx
from security.test_certificates import NOW, certificate
from toolkits.test_references_to_files import STRING, api, fields, put
from toolkits.web_of_documents import Web, reply, sent_on, serving

from funcdex.errors import ToolDefinitionError
from funcdex.order import order_from, order_to_resume, prepare
from funcdex.settings.tree import Settings
from funcdex.toolkits import document_sources, documents, guarded_http
from funcdex.toolkits.document_sources import MOST_URLS
from funcdex.toolkits.load import LARGEST_BYTES
from funcdex.toolkits.read import read_toolkits
from funcdex.toolkits.sources import Imported, imported


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as server:
        yield server


@pytest.fixture
def other() -> Iterator[Web]:
    with serving() as server:
        yield server


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Addresses of this machine are taken for public ones."""
    monkeypatch.setattr(guarded_http, "is_public", lambda _: True)


@pytest.fixture
def mocked() -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        yield router


def read(web: Web, references: Any = "urls", path: str = "/v1/api.json") -> Imported:
    (one,) = imported(web.url + path, references, allow_url=True)
    return one


def properties(web: Web) -> Any:
    ((found,),) = (kit.tools for kit in read(web).toolkits)
    return found.parameters["properties"]


def refusal(web: Web, references: Any = "urls") -> ToolDefinitionError:
    with pytest.raises(ToolDefinitionError) as caught:
        read(web, references)
    return caught.value


def of_file(path: Path, references: Any = "urls") -> Any:
    ((found,),) = (kit.tools for kit in read_toolkits([path], references).toolkits)
    return found.parameters["properties"]


def refusal_of_file(path: Path) -> ToolDefinitionError:
    with pytest.raises(ToolDefinitionError) as caught:
        of_file(path)
    return caught.value


@pytest.mark.parametrize("references", ["refuse", "files"])
def test_nothing_is_fetched_that_is_not_allowed_and_the_refusal_names_the_setting(
    web: Web, references: Any
) -> None:
    web.pages["/v1/api.json"] = api(f"{web.url}/pet.yaml")
    error = refusal(web, references)
    assert "`tool_references: urls` would allow" in error.what and "--tool-references urls" in error.fix
    assert web.asked == ["/v1/api.json"]


@pytest.mark.parametrize(
    ("reference", "place"),
    [
        *(("schemas/pet.yaml#/A", "/v1/schemas/pet.yaml"), ("./pet.yaml#/A", "/v1/pet.yaml")),
        *(("../pet.yaml#/A", "/pet.yaml"), ("../../../pet.yaml#/A", "/pet.yaml")),
        *(("/pet.yaml#/A", "/pet.yaml"), ("pet#/A", "/v1/pet"), ("?of=pet#/A", "/v1/api.json?of=pet")),
        *(("//127.0.0.1:{port}/pet#/A", "/pet"), ("http://127.0.0.1:{port}/pet#/A", "/pet")),
        *(("p%20t.yaml#/A", "/v1/p%20t.yaml"), ("p t.yaml#/A", "/v1/p%20t.yaml")),
    ],
)
def test_references_of_a_document_at_a_url_are_relative_to_it(web: Web, reference: str, place: str) -> None:
    web.pages |= {"/v1/api.json": api(reference.format(port=web.port)), place: {"A": fields(name=STRING)}}
    assert properties(web) == {"name": STRING}
    assert web.asked == ["/v1/api.json", place]


def test_references_in_what_was_fetched_are_relative_to_where_it_was_found(web: Web) -> None:
    whole = fields(a={"$ref": "#/A"}, b={"$ref": "b.yaml"}, flag={"$ref": "../v1/api.json#/Flag"})
    web.pages |= {
        "/v1/api.json": api("/latest#/Pet", Flag={"type": "boolean"}),
        "/latest": sent_on("/v7/pet.json"),
        "/v7/pet.json": {"Pet": whole, "A": STRING},
        "/v7/b.yaml": "type: integer\n",
    }
    assert properties(web) == {"a": STRING, "b": {"type": "integer"}, "flag": {"type": "boolean"}}
    assert web.asked == ["/v1/api.json", "/latest", "/v7/pet.json", "/v7/b.yaml"]


def test_a_document_that_was_sent_on_is_at_home_where_it_was_found(web: Web) -> None:
    web.pages |= {
        "/v1/api.json": sent_on("/v2/api.json?token=x"),
        "/v2/api.json?token=x": api("p.yaml#/P"),
        "/v2/p.yaml": {"P": fields(a={"$ref": "api.json#/paths"})},
    }
    assert "a" in properties(web)
    assert web.asked[2:] == ["/v2/p.yaml"]


def test_a_document_is_fetched_once_however_it_is_called(web: Web) -> None:
    spellings = ["pet.yaml#/A", "./pet.yaml#/A", "x/../pet.yaml#/A", "/v1/pet.yaml#/A", f"{web.url}/to#/A"]
    whole = fields(**{f"f{number}": {"$ref": text} for number, text in enumerate(spellings)})
    web.pages |= {"/v1/api.json": api(whole), "/v1/pet.yaml": {"A": STRING}, "/to": sent_on("/v1/pet.yaml")}
    assert list(properties(web).values()) == [STRING] * len(spellings)
    assert web.asked.count("/to") == 1 and web.asked.count("/v1/pet.yaml") == 2


def test_documents_that_refer_to_each_other_in_a_circle_are_cut_where_they_come_round(web: Web) -> None:
    web.pages |= {
        "/v1/api.json": api("a/pet.yaml#/Pet"),
        "/v1/a/pet.yaml": {"Pet": fields(name=STRING, owner={"$ref": "../owner.yaml"})},
        "/v1/owner.yaml": fields(pet={"$ref": "a/pet.yaml#/Pet"}),
    }
    result = read(web)
    ((found,),) = (kit.tools for kit in result.toolkits)
    assert found.parameters["properties"]["owner"]["properties"] == {"pet": {"type": "object"}}
    assert any("contains itself" in note.what for note in result.notes)
    assert web.asked == ["/v1/api.json", "/v1/a/pet.yaml", "/v1/owner.yaml"]


def test_a_circle_of_nothing_but_references_is_left_out(web: Web) -> None:
    paths = {"/a": {"$ref": "b"}, "/b": {"get": {}}}
    web.pages |= {"/v1/api.json": {"openapi": "3.0.0", "paths": paths}}
    web.pages |= {"/v1/b": {"$ref": "c"}, "/v1/c": {"$ref": "b"}}
    (note,) = read(web).notes
    assert "in a circle" in note.what


def test_what_fails_costs_what_refers_to_it_and_is_asked_for_once(web: Web) -> None:
    document = api("gone.yaml#/X")
    document["paths"] |= {"/b": document["paths"]["/a"], "/c": {"get": {}}}
    web.pages["/v1/api.json"] = document
    result = read(web)
    assert [one.name for one in result.toolkits[0].tools] == ["GET_c"]
    wanted = f"'{web.url}/v1/gone.yaml#/X' cannot be followed: the server answers with 404"
    assert wanted in result.notes[0].what and "/v1/api.json" in result.notes[0].where
    assert web.asked == ["/v1/api.json", "/v1/gone.yaml"]


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<!doctype html><p>Sign in", "no JSON or YAML of a description"),
        ('{"a": 1, "a": 2}', "stands twice"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ("a: !!python/object:os.system x", "has no meaning in JSON"),
        (b"\xff\xfe{", "is not UTF-8"),
        ("", "the file is empty"),
        ("[" * 100_000, "nested too deep"),
        (reply(200, "{}", Content_Length="9"), "cannot be fetched"),
        (reply(200, Content_Length=str(10 * 2**30)), "more than 63 MB"),
        (reply(204), "answers with 204"),
        (sent_on("file:///etc/passwd"), "no web address"),
    ],
)
def test_what_is_no_document_is_told(web: Web, page: Any, words: str) -> None:
    web.pages |= {"/v1/api.json": api("pet.yaml#/Pet"), "/v1/pet.yaml": page}
    error = refusal(web)
    assert words in error.what and "/v1/pet.yaml#/Pet' cannot be followed" in error.what


def test_all_documents_together_have_the_size_of_one(web: Web) -> None:
    text = json.dumps({"A": STRING, "x": "x" * (40 * 2**20)})
    both = fields(a={"$ref": "one#/A"}, b={"$ref": "two#/A"})
    web.pages |= {"/v1/api.json": api(both), "/v1/one": text, "/v1/two": text}
    assert "/two#/A' cannot be followed: the document has more than 23 MB" in refusal(web).what
    assert LARGEST_BYTES == 64 * 2**20


def test_aliases_that_multiply_are_refused_over_all(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LARGEST_EXPANSION", 100)
    part = "# YAML\n" + json.dumps({"A": STRING, "x": list(range(60))})
    both = fields(a={"$ref": "one#/A"}, b={"$ref": "two#/A"})
    web.pages |= {"/v1/api.json": api(both), "/v1/one": part, "/v1/two": part}
    assert "/two#/A' cannot be followed: more than" in refusal(web).what


def test_a_chain_of_a_thousand_documents_is_left(web: Web) -> None:
    web.pages |= {f"/v1/f{number}": {"$ref": f"f{number + 1}"} for number in range(1000)}
    web.pages |= {"/v1/api.json": api("f0"), "/v1/f1000": STRING}
    assert f"more than {MOST_URLS} URLs" in refusal(web).what
    assert len(web.asked) == 1 + MOST_URLS


def test_all_documents_together_have_the_time_of_one(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_sources, "WHOLE_TIMEOUT_S", 0.3)
    paths: Any = {f"/p{number}": {"$ref": f"slow{number}"} for number in range(5)} | {"/x": {"get": {}}}
    web.pages |= {f"/v1/slow{number}": web.silent for number in range(5)}
    web.pages["/v1/api.json"] = {"openapi": "3.0.0", "paths": paths}
    notes = [note.what for note in read(web).notes]
    assert all("took more than" in what for what in notes)
    assert web.asked in (["/v1/api.json"], ["/v1/api.json", "/v1/slow0"])


# Documents that mean no good


@pytest.mark.parametrize(
    "reference",
    [
        *(
            "file:///etc/passwd",
            "file:secret.yaml",
            "FILE://localhost/etc/passwd",
            "ftp://host/x",
            "data:,{}",
        ),
        *("https://user:password@example.com/x", "mailto:a@b", "https://", "https:///x", "x" * 70_000),
        *("https://example.com:x/x", "\ud800.yaml"),
    ],
)
def test_what_is_no_address_of_the_web_is_not_asked_for(web: Web, reference: str) -> None:
    web.pages["/v1/api.json"] = api(reference)
    assert "cannot be followed: it is no address of the web" in refusal(web).what
    assert web.asked == ["/v1/api.json"]


@pytest.mark.parametrize(
    "reference",
    ["secret.yaml", "/etc/passwd", "../secret.yaml", "file:secret.yaml", "x/../" * 15_000 + "secret.yaml"],
)
def test_a_document_at_a_url_refers_to_no_file(
    tmp_path: Path, reference: str, mocked: respx.MockRouter
) -> None:
    path = put(tmp_path, api=api("https://example.com/a/pet.yaml#/P"), secret=fields(password=STRING))
    mocked.get("https://example.com/a/pet.yaml").respond(200, json={"P": {"$ref": reference}})
    mocked.route().respond(404)
    assert "cannot be followed" in refusal_of_file(path).what


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.2", "[::1]", "localhost", "10.0.0.1", "169.254.169.254"]
)
def test_a_file_refers_to_nothing_in_the_readers_own_network(tmp_path: Path, web: Web, host: str) -> None:
    path = put(tmp_path, api=api(f"https://{host}:{web.port}/x"))
    assert "is no public address" in refusal_of_file(path).what
    assert web.asked == []


def test_a_name_that_stands_for_a_private_address_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("10.1.2.3", 443))])
    error = refusal_of_file(put(tmp_path, api=api("https://inside.example.com/x#/A")))
    wanted = "'https://inside.example.com/x#/A' cannot be followed: inside.example.com is no public address"
    assert wanted in error.what


def test_http_is_left_to_documents_that_were_read_over_http(tmp_path: Path, mocked: respx.MockRouter) -> None:
    mocked.get("https://example.com/pet.yaml").respond(200, json={"$ref": "http://example.com/x"})
    bad = ("http://example.com/x", "https://example.com/pet.yaml", "http://a.com/ -> http://example.com/x")
    for reference in bad:
        error = refusal_of_file(put(tmp_path, api=api(reference)))
        assert "only what was itself read over http leads to http" in error.what
    mocked.get("https://example.com/pet.yaml").respond(200, json={"$ref": "http://a.com/ -> http://b.com/x"})
    error = refusal_of_file(put(tmp_path, api=api("https://example.com/pet.yaml")))
    assert "only what was itself read over http leads to http" in error.what


def test_what_was_fetched_over_https_leads_no_other_way_below_a_document_of_http(
    mocked: respx.MockRouter,
) -> None:
    mocked.get("http://example.com/api").respond(200, json=api("https://example.org/pet"))
    mocked.get("https://example.org/pet").respond(200, json={"$ref": "http://example.net/x"})
    with pytest.raises(ToolDefinitionError, match="only what was itself read over http") as caught:
        list(imported("http://example.com/api", "urls", allow_url=True))
    assert "'https://example.org/pet -> http://example.net/x#'" in caught.value.what


def test_another_port_of_the_host_that_was_named_is_no_host_that_was_named(web: Web, other: Web) -> None:
    web.pages["/v1/api.json"] = api(f"{other.url}/x")
    assert "127.0.0.1 is no public address" in refusal(web).what
    assert other.asked == []


def test_a_stranger_does_not_lead_to_the_server_that_was_named(
    web: Web, other: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded_http, "is_public", lambda address: address == "127.0.0.2")
    stranger = f"http://127.0.0.2:{other.port}"
    web.pages |= {"/v1/api.json": api(f"{stranger}/pet"), "/secret": STRING}
    other.pages["/pet"] = fields(a={"$ref": f"{web.url}/secret"}, b={"$ref": "own"})
    wanted = f"'{stranger}/pet -> {web.url}/secret#' cannot be followed: 127.0.0.1 is no public address"
    assert wanted in refusal(web).what
    assert web.asked == ["/v1/api.json"]
    web.pages["/v1/api.json"] = api(f"{stranger}/sent")
    other.pages["/sent"] = sent_on(f"{web.url}/secret")
    assert "sends us on to 127.0.0.1, which is no public address" in refusal(web).what
    assert "/secret" not in web.asked


def test_a_stranger_refers_to_his_own_and_to_others(web: Web, other: Web, internet: None) -> None:
    stranger = f"http://127.0.0.2:{other.port}"
    web.pages |= {"/v1/api.json": api(f"{stranger}/pet"), "/shared": STRING}
    other.pages |= {"/pet": fields(a={"$ref": f"{web.url}/shared"}, b={"$ref": "own"}), "/own": STRING}
    assert properties(web) == {"a": STRING, "b": STRING}


def test_who_sent_the_reader_elsewhere_is_not_who_was_named(
    web: Web, other: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guarded_http, "is_public", lambda address: not other.asked)
    web.pages["/v1/api.json"] = sent_on(f"http://127.0.0.2:{other.port}/api.json")
    other.pages |= {"/api.json": api("pet"), "/pet": STRING}
    assert "127.0.0.2 is no public address" in refusal(web).what
    assert other.asked == ["/api.json"]


def test_what_the_user_wrote_beside_the_address_is_not_sent_on_or_shown(web: Web) -> None:
    place = f"{web.url.replace('//', '//me:secret@')}/api.json?token=secret"
    web.pages["/api.json?token=secret"] = api("pet")
    with pytest.raises(ToolDefinitionError) as caught:
        list(imported(place, "urls", allow_url=True))
    assert "/pet#' cannot be followed: the server answers with 404" in caught.value.what
    assert "secret" not in str(caught.value) and web.asked[1:] == ["/pet"]


# Files that refer to URLs


def test_a_file_refers_to_files_and_urls(tmp_path: Path, mocked: respx.MockRouter) -> None:
    path = put(
        tmp_path,
        api=api(fields(a={"$ref": "sub/a.yaml"}, b={"$ref": "https://example.com/b.yaml#/B"})),
        sub__a={"$ref": "https://EXAMPLE.com:443/b.yaml#/A"},
    )
    route = mocked.get("https://example.com/b.yaml").respond(
        200, text="A: {type: string}\nB: {$ref: '#/A'}\n"
    )
    assert of_file(path) == {"a": STRING, "b": STRING}
    assert route.call_count == 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
@pytest.mark.parametrize(
    ("host", "words"), [("localhost", ""), ("elsewhere.test", "not valid for 'localhost'")]
)
def test_the_certificate_is_that_of_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, words: str, internet: None
) -> None:
    context: ssl.SSLContext = certificate(tmp_path, host, NOW)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
    with serving(context) as web:
        web.pages["/pet"] = fields(name=STRING)
        path = put(tmp_path, api=api(f"https://localhost:{web.port}/pet"))
        if words:
            assert words in refusal_of_file(path).what and web.asked == []
        else:
            assert of_file(path) == {"name": STRING}


def test_one_of_many_documents_refers_to_nothing(tmp_path: Path, web: Web) -> None:
    put(tmp_path, api=api("https://example.com/pet"))
    (one,) = imported(str(tmp_path), "urls")
    assert "leaves the document, and nothing is fetched" in one.refused


def test_a_run_reads_urls_once_and_its_resume_none(tmp_path: Path, mocked: respx.MockRouter) -> None:
    run = tmp_path / "run"
    path = put(tmp_path / "tools", api=api("https://example.com/pet"))
    route = mocked.get("https://example.com/pet").respond(200, json=fields(name=STRING))
    order = order_from(run, Settings(tools=(path,), tool_references="urls"))
    run.mkdir()
    prepare(order)
    assert route.call_count == 1
    shutil.rmtree(tmp_path / "tools")
    assert order_to_resume(run).toolkits == order.toolkits
    assert route.call_count == 1
