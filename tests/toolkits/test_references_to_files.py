"""References of OpenAPI documents to other files: refused unless allowed, and then kept below the folder."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from funcdex.errors import ToolDefinitionError
from funcdex.order import order_from, order_to_resume, prepare
from funcdex.settings.tree import Settings
from funcdex.toolkits import document_sources, documents
from funcdex.toolkits.document_sources import MOST_FILES
from funcdex.toolkits.load import LARGEST_BYTES, load_document
from funcdex.toolkits.read import ReadResult, read_toolkits
from funcdex.types.tools import Tool

STRING = {"type": "string"}


def put(folder: Path, **files: Any) -> Path:
    """Writes files, `__` in a name for a slash, as JSON if they are no text; the path of `api`."""
    for name, content in files.items():
        path = folder / f"{name.replace('__', '/')}.yaml"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return folder / "api.yaml"


def api(schema: Any, **more: Any) -> dict[str, Any]:
    """A document of one operation, whose body is this schema, or a reference to it."""
    schema = {"$ref": schema} if isinstance(schema, str) else schema
    body = {"content": {"application/json": {"schema": schema}}}
    return {
        "openapi": "3.0.0",
        "paths": {"/a": {"post": {"operationId": "act", "requestBody": body}}},
        **more,
    }


def fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def read(path: Path) -> ReadResult:
    return read_toolkits([path], "files")


def tool(path: Path) -> Tool:
    ((found,),) = (kit.tools for kit in read(path).toolkits)
    return found


def refusal(path: Path) -> ToolDefinitionError:
    with pytest.raises(ToolDefinitionError) as caught:
        read(path)
    return caught.value


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that are read for references, in order."""
    names: list[str] = []

    def load(path: Path, *limits: int) -> Any:
        names.append(path.name)
        return load_document(path, *limits)

    monkeypatch.setattr(document_sources, "load_document", load)
    return names


def test_by_default_no_file_is_read_and_the_refusal_names_the_setting(
    tmp_path: Path, opened: list[str]
) -> None:
    path = put(tmp_path, api=api("pet.yaml"), pet=fields(name=STRING))
    with pytest.raises(ToolDefinitionError, match="the reference 'pet.yaml' leaves the document") as caught:
        read_toolkits([path])
    assert "tool_references: files" in caught.value.what and "--tool-references" in caught.value.fix
    assert opened == []


def test_a_note_on_an_operation_that_is_left_out_names_the_setting_too(tmp_path: Path) -> None:
    document = api("pet.yaml")
    document["paths"]["/b"] = {"get": {}}
    (note,) = read_toolkits([put(tmp_path, api=document)]).notes
    assert "`tool_references: files` would allow" in note.what


@pytest.mark.parametrize("reference", ["https://host/pet.yaml#/Pet", "//host/x", "file:///etc/passwd", "a?b"])
@pytest.mark.parametrize("allowed", ["refuse", "files"])
def test_nothing_is_fetched_and_the_refusal_says_how_to_make_one_file(
    tmp_path: Path, reference: str, allowed: Any
) -> None:
    with pytest.raises(ToolDefinitionError, match="nothing is fetched") as caught:
        read_toolkits([put(tmp_path, api=api(reference))], allowed)
    assert "redocly bundle" in caught.value.fix


@pytest.mark.parametrize(
    ("reference", "other"),
    [
        ("pet.yaml", fields(name=STRING)),
        ("./pet.yaml#", fields(name=STRING)),
        ("pet.yaml#/components/schemas/a~1b", {"components": {"schemas": {"a/b": fields(name=STRING)}}}),
        ("pet.yaml#/all/1", {"all": [0, fields(name=STRING)]}),
        ("%70et.yaml#/P%65t", {"Pet": fields(name=STRING)}),
    ],
)
def test_a_pointer_leads_into_the_other_document(tmp_path: Path, reference: str, other: Any) -> None:
    found = tool(put(tmp_path, api=api(reference), pet=other))
    assert found.parameters["properties"] == {"name": STRING}


def test_references_in_another_document_are_relative_to_it(tmp_path: Path) -> None:
    path = put(
        tmp_path,
        api={
            "openapi": "3.0.0",
            "paths": {"/pets": {"$ref": "paths/pets.yaml"}},
            "Flag": {"type": "boolean"},
        },
        paths__pets={
            "post": {
                "parameters": [{"$ref": "#/Shared"}, {"$ref": "../parts/shared.yaml#/Size"}],
                "requestBody": {"$ref": "../parts/shared.yaml#/Body"},
            },
            "Shared": {"in": "query", "name": "page", "schema": {"type": "integer"}},
        },
        parts__shared={
            "Size": {"in": "query", "name": "size", "schema": {"$ref": "../api.yaml#/Flag"}},
            "Body": {"content": {"application/json": {"schema": {"$ref": "deeper/pet.yaml#/Pet"}}}},
            "Name": STRING,
        },
        parts__deeper__pet={"Pet": fields(name={"$ref": "../shared.yaml#/Name"})},
    )
    assert tool(path).parameters["properties"] == {
        "page": {"type": "integer"},
        "size": {"type": "boolean"},
        "name": STRING,
    }


def test_files_that_refer_to_each_other_in_a_circle_are_cut_where_they_come_round(
    tmp_path: Path, opened: list[str]
) -> None:
    path = put(
        tmp_path,
        api=api("sub/pet.yaml#/Pet"),
        sub__pet={"Pet": fields(name=STRING, owner={"$ref": "../owner.yaml"})},
        owner=fields(age={"type": "integer"}, pet={"$ref": "./sub/../sub/pet.yaml#/Pet"}),
    )
    result = read(path)
    ((found,),) = (kit.tools for kit in result.toolkits)
    owner = found.parameters["properties"]["owner"]["properties"]
    assert owner == {"age": {"type": "integer"}, "pet": {"type": "object"}}
    assert any("contains itself" in note.what for note in result.notes)
    assert opened == ["pet.yaml", "owner.yaml"]


def test_a_circle_of_nothing_but_references_is_left_out(tmp_path: Path) -> None:
    document = {"openapi": "3.0.0", "paths": {"/a": {"$ref": "b.yaml"}, "/b": {"get": {}}}}
    (note,) = read(put(tmp_path, api=document, b={"$ref": "c.yaml"}, c={"$ref": "b.yaml"})).notes
    assert "in a circle" in note.what


def test_a_file_that_is_reached_by_several_spellings_is_read_once(tmp_path: Path, opened: list[str]) -> None:
    spellings = ["pet.yaml#/A", "./pet.yaml#/A", "sub/../pet.yaml#/A", "%70et.yaml#/A", "link.yaml#/A"]
    whole = fields(**{f"f{number}": {"$ref": text} for number, text in enumerate(spellings)})
    (tmp_path / "link.yaml").symlink_to("pet.yaml")
    found = tool(put(tmp_path, api=api(whole), pet={"A": STRING}))
    assert list(found.parameters["properties"].values()) == [STRING] * len(spellings)
    assert opened == ["pet.yaml"]


def test_the_document_itself_is_not_read_again_under_its_name(tmp_path: Path, opened: list[str]) -> None:
    path = put(tmp_path, api=api("api.yaml#/Pet", Pet=fields(name=STRING)))
    assert tool(path).parameters["properties"] == {"name": STRING} and opened == []


def test_what_is_shared_by_aliases_is_rewritten_once(tmp_path: Path) -> None:
    parts = "one: &one {$ref: deeper/name.yaml}\nPet: {properties: {a: *one, b: *one}}\n"
    path = put(tmp_path, api=api("sub/parts.yaml#/Pet"), sub__parts=parts, sub__deeper__name=STRING)
    assert tool(path).parameters["properties"] == {"a": STRING, "b": STRING}


def test_documents_of_swagger_2_refer_to_each_other(tmp_path: Path) -> None:
    answer = {"200": {"description": "D.", "schema": {"$ref": "types.yaml#/definitions/Answer"}}}
    operation = {
        "operationId": "act",
        "parameters": [{"$ref": "types.yaml#/parameters/Size"}],
        "responses": answer,
    }
    path = put(
        tmp_path,
        api={
            "swagger": "2.0",
            "paths": {"/a": {"get": operation}},
            "definitions": {"Flag": {"type": "boolean"}},
        },
        types={
            "swagger": "2.0",
            "parameters": {"Size": {"name": "size", "in": "query", "type": "integer"}},
            "definitions": {
                "Answer": fields(a={"$ref": "#/definitions/A"}, b={"$ref": "api.yaml#/definitions/Flag"}),
                "A": {"$ref": "plain.yaml#/definitions/A"},
            },
        },
        plain={"definitions": {"A": STRING}},
    )
    found = tool(path)
    assert found.parameters["properties"] == {"size": {"type": "integer"}}
    assert found.response["properties"] == {"a": STRING, "b": {"type": "boolean"}}


def test_a_discriminator_tells_schemas_of_other_documents_by_what_they_are_mapped_to(tmp_path: Path) -> None:
    mapping = {"dog": "dog.yaml", "big": "sub/../dog.yaml", "cat": "../api.yaml#/Cat"}
    pets = {
        "oneOf": [{"$ref": "dog.yaml"}, {"$ref": "../api.yaml#/Cat"}],
        "discriminator": {"propertyName": "kind", "mapping": mapping},
    }
    path = put(
        tmp_path,
        api=api(fields(pet={"$ref": "pets/all.yaml"}), Cat=fields(claws=STRING)),
        pets__all=pets,
        pets__dog=fields(bark=STRING),
    )
    dog, cat = tool(path).parameters["properties"]["pet"]["anyOf"]
    assert dog["properties"]["kind"]["enum"] == ["dog", "big"]
    assert cat["properties"]["kind"]["enum"] == ["cat"]


def test_a_file_that_is_not_there_costs_what_refers_to_it_and_is_looked_for_once(
    tmp_path: Path, opened: list[str]
) -> None:
    document = api("gone.yaml")
    document["paths"] |= {"/b": document["paths"]["/a"], "/c": {"get": {}}}
    result = read(put(tmp_path, api=document))
    assert [one.name for one in result.toolkits[0].tools] == ["GET_c"]
    assert "'gone.yaml#' cannot be followed: the file cannot be read: No such file" in result.notes[0].what
    assert opened == ["gone.yaml"]


# Files that mean no good


@pytest.mark.parametrize(
    "reference",
    [
        *("../secret.yaml", "sub/../../secret.yaml", "%2e%2e/secret.yaml", "..%2Fsecret.yaml", "..", "."),
        *("../../../../../../etc/passwd", "/etc/passwd", "%2Fetc/passwd", "///etc/passwd", "..\\secret.yaml"),
        *("out.yaml", "outside/secret.yaml", ".hidden.yaml", ".git/config.yaml", "shown.yaml"),
        *("a%00b.yaml", "../apis/pet.yaml"),
    ],
)
def test_nothing_outside_of_the_folder_is_read(tmp_path: Path, reference: str, opened: list[str]) -> None:
    put(tmp_path, secret=fields(password=STRING))
    folder = tmp_path / "apis"
    path = put(folder, api=api(reference), pet=STRING, sub__x=STRING)
    put(folder / ".git", config=STRING)
    (folder / ".hidden.yaml").write_text("{}")
    (folder / "out.yaml").symlink_to(tmp_path / "secret.yaml")
    (folder / "outside").symlink_to(tmp_path)
    (folder / "shown.yaml").symlink_to(".hidden.yaml")
    words = "its name ends in none of" if reference == "." else "leads out of the document's folder"
    assert words in refusal(path).what
    assert opened == []


def test_a_file_below_cannot_lead_out_either(tmp_path: Path) -> None:
    put(tmp_path, secret=STRING)
    path = put(
        tmp_path / "apis", api=api("sub/pet.yaml"), sub__pet=fields(a={"$ref": "../../secret.yaml#/type"})
    )
    assert "'../secret.yaml#/type' cannot be followed: it leads out" in refusal(path).what


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("pipe.yaml", "a pipe"),
        ("zero.yaml", "leads out"),
        ("circle.yaml", "symbolic links"),
        ("x.txt", "none of"),
    ],
)
def test_only_ordinary_files_of_the_known_endings_are_read(tmp_path: Path, name: str, words: str) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "zero.yaml").symlink_to("/dev/zero")
    (tmp_path / "circle.yaml").symlink_to("circle.yaml")
    (tmp_path / "x.txt").write_text("{}")
    assert words in refusal(put(tmp_path, api=api(name))).what


def test_a_file_beyond_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = put(tmp_path, api=api("large.yaml"), large="")
    os.truncate(tmp_path / "large.yaml", LARGEST_BYTES)
    assert "at most 64 MB are read" in refusal(path).what  # as the document has some bytes already


def test_fifty_megabytes_are_read_once_and_not_twice(tmp_path: Path) -> None:
    whole = fields(a={"$ref": "one.yaml#/A"})
    path = put(tmp_path, api=api(whole, more=fields(b={"$ref": "two.yaml#/A"})))
    text = json.dumps({"A": STRING, "x": "x" * (50 * 2**20)})
    put(tmp_path, one=text)
    started_s = time.process_time()
    assert tool(path).parameters["properties"] == {"a": STRING}
    assert time.process_time() - started_s < 20
    put(tmp_path, two=text, api=api(fields(a={"$ref": "one.yaml#/A"}, b={"$ref": "two.yaml#/A"})))
    assert "cannot be followed: the file cannot be read: it has 50 MB; at most 14 MB" in refusal(path).what


def test_aliases_that_multiply_are_refused_in_every_file_and_over_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    laughs = "a0: &a0 {type: string}\n" + "".join(
        f"a{i}: &a{i} {{x: {{p: *a{i - 1}, q: *a{i - 1}}}}}\n" for i in range(1, 30)
    )
    path = put(tmp_path, api=api("laughs.yaml#/a0"), laughs=laughs)
    assert "'laughs.yaml#/a0' cannot be followed: its aliases stand for too much" in refusal(path).what
    monkeypatch.setattr(documents, "LARGEST_EXPANSION", 100)
    part = {"A": STRING, "x": list(range(60))}
    both = api(fields(a={"$ref": "one.yaml#/A"}, b={"$ref": "two.yaml#/A"}))
    path = put(tmp_path, api=both, one="# YAML\n" + json.dumps(part), two="# YAML\n" + json.dumps(part))
    assert "'two.yaml#/A' cannot be followed: more than" in refusal(path).what


def test_a_chain_of_a_thousand_files_is_left(tmp_path: Path, opened: list[str]) -> None:
    chain = {f"f{number}": {"$ref": f"f{number + 1}.yaml"} for number in range(1000)}
    path = put(tmp_path, api=api("f0.yaml"), **chain, f1000=STRING)
    assert f"more than {MOST_FILES} files" in refusal(path).what
    assert len(opened) == MOST_FILES


def test_names_that_lead_nowhere_count_as_files(tmp_path: Path, opened: list[str]) -> None:
    document = api("gone.yaml")
    for number in range(MOST_FILES + 50):
        document["paths"][f"/p{number}"] = {"$ref": f"gone{number}.yaml"}
    assert f"more than {MOST_FILES} files" in str(
        [
            note.what
            for note in read(
                put(tmp_path, api=document | {"paths": document["paths"] | {"/x": {"get": {}}}})
            ).notes
        ]
    )
    assert len(opened) == MOST_FILES


def test_a_run_goes_on_without_the_files(tmp_path: Path) -> None:
    tools, run = tmp_path / "tools", tmp_path / "run"
    path = put(tools, api=api("pet.yaml"), pet=fields(name=STRING))
    order = order_from(run, Settings(tools=(path,), tool_references="files"))
    run.mkdir()
    prepare(order)
    shutil.rmtree(tools)
    assert order_to_resume(run).toolkits == order.toolkits
