"""Swagger 2, discovery documents, AWS models, Postman collections and tools that bring schemas with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.native import dump_native
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.postman import schema_like
from funcdex.toolkits.read import read_toolkits, toolkits_in
from funcdex.types.error_response import response_forms
from funcdex.types.tools import Tool, Toolkit

STRING = {"type": "string"}


def read(data: Any, notebook: Notebook | None = None) -> Toolkit:
    (toolkit,) = toolkits_in(data, "doc.json", notebook or Notebook())
    return toolkit


def one(data: Any) -> Tool:
    (tool,) = read(data).tools
    return tool


def swagger(operation: dict[str, Any], **more: Any) -> dict[str, Any]:
    paths = {"/pets/{id}": {"post": {"operationId": "pet", **operation}}}
    return {"swagger": "2.0", "info": {"title": "Pets"}, "paths": paths, **more}


def test_a_swagger_body_becomes_arguments_and_its_definitions_are_followed() -> None:
    tool = one(
        swagger(
            {
                "parameters": [
                    {"in": "path", "name": "id", "type": "integer", "required": True},
                    {
                        "in": "query",
                        "name": "tags",
                        "type": "array",
                        "items": STRING,
                        "collectionFormat": "csv",
                    },
                    {"in": "body", "name": "body", "schema": {"$ref": "#/definitions/Pet"}},
                ],
                "responses": {"200": {"schema": {"$ref": "#/definitions/Pet"}}},
            },
            definitions={
                "Pet": {"type": "object", "required": ["name"], "properties": {"name": {"enum": ["a", "b"]}}}
            },
        )
    )
    properties = tool.parameters["properties"]
    assert properties == {
        "id": {"type": "integer"},
        "name": {"enum": ["a", "b"]},
        "tags": {"type": "array", "items": STRING},
    }
    assert tool.parameters["required"] == ["id", "name"]
    assert tool.response["properties"] == {"name": {"enum": ["a", "b"]}}


def test_a_swagger_form_becomes_fields_and_a_file_is_its_content() -> None:
    tool = one(
        swagger(
            {
                "parameters": [
                    {"$ref": "#/parameters/File"},
                    {"in": "formData", "name": "note", "type": "string", "description": "A note."},
                ]
            },
            parameters={"File": {"in": "formData", "name": "file", "type": "file", "required": True}},
        )
    )
    properties = tool.parameters["properties"]
    assert properties["file"] == {"type": "string", "contentEncoding": "base64"}
    assert properties["note"] == {"type": "string", "description": "A note."}
    assert tool.parameters["required"] == ["id", "file"]


@pytest.mark.parametrize("damage", [{"paths": 3}, {"parameters": 3}, {"definitions": []}, {"info": 3}])
def test_a_damaged_swagger_document_is_read_or_refused(damage: dict[str, Any]) -> None:
    document = swagger({"parameters": {"in": 3}, "responses": 3}) | damage
    with pytest.raises(ToolDefinitionError):
        read(document)


DISCOVERY: dict[str, Any] = {
    "kind": "discovery#restDescription",
    "name": "post",
    "title": "Post API",
    "description": "Letters.",
    "parameters": {"alt": {"type": "string", "location": "query"}},
    "schemas": {
        "Letter": {
            "id": "Letter",
            "type": "object",
            "properties": {
                "text": {"type": "string", "required": True},
                "answers": {"type": "array", "items": {"$ref": "Letter"}},
                "any": {"type": "any"},
            },
        }
    },
    "resources": {
        "users": {
            "resources": {
                "letters": {
                    "methods": {
                        "send": {
                            "id": "post.users.letters.send",
                            "path": "v1/{+userId}/letters",
                            "httpMethod": "POST",
                            "parameters": {
                                "userId": {"type": "string", "location": "path", "required": True},
                                "label": {
                                    "type": "string",
                                    "location": "query",
                                    "repeated": True,
                                    "enum": ["A", "B"],
                                    "enumDescriptions": ["a", "b"],
                                },
                            },
                            "request": {"$ref": "Letter"},
                            "response": {"$ref": "Letter"},
                        },
                        "update": {"id": "post.users.letters.update", "path": "v1/{+userId}/letters"},
                    }
                }
            }
        }
    },
}


def test_a_discovery_document_gives_a_tool_for_each_method_of_nested_resources() -> None:
    kit = read(DISCOVERY)
    assert (kit.name, kit.description) == ("post", "Letters.")
    send, update = kit.tools
    assert (send.name, send.original_name) == ("post_users_letters_send", "post.users.letters.send")
    assert list(send.parameters["properties"]) == ["userId", "text", "answers", "any", "label"]
    assert send.parameters["required"] == ["userId", "text"]
    assert send.parameters["properties"]["label"] == {
        "type": "array",
        "items": {"type": "string", "enum": ["A", "B"]},
    }
    assert send.response["required"] == ["text"]
    assert list(update.parameters["properties"]) == ["userId"]


AWS: dict[str, Any] = {
    "version": "2.0",
    "metadata": {"serviceFullName": "Amazon Queue Service", "serviceId": "Queue"},
    "operations": {
        "SendMessage": {
            "name": "SendMessage",
            "http": {"method": "POST", "requestUri": "/"},
            "input": {"shape": "Request"},
            "output": {"shape": "Result"},
            "documentation": "<p>Sends a message.</p>",
        }
    },
    "shapes": {
        "Request": {
            "type": "structure",
            "required": ["Body"],
            "members": {
                "Body": {"shape": "Text", "documentation": "<p>What it says.</p>"},
                "Kind": {"shape": "Kind"},
                "Attributes": {"shape": "Map"},
                "Data": {"shape": "Blob"},
            },
        },
        "Text": {"type": "string", "min": 1, "max": 100},
        "Kind": {"type": "string", "enum": ["now", "later"]},
        "Map": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Text"}},
        "Blob": {"type": "blob"},
        "Result": {"type": "structure", "members": {"At": {"shape": "Time"}}},
        "Time": {"type": "timestamp"},
    },
}


def test_an_aws_service_gives_a_tool_for_each_operation() -> None:
    tool = one(AWS)
    assert (tool.toolkit, tool.name, tool.description) == ("queue", "SendMessage", "Sends a message.")
    text = {"type": "string", "minLength": 1, "maxLength": 100}
    assert tool.parameters["properties"] == {
        "Body": text | {"description": "What it says."},
        "Kind": {"type": "string", "enum": ["now", "later"]},
        "Attributes": {"type": "object", "additionalProperties": text},
        "Data": {"type": "string", "contentEncoding": "base64"},
    }
    assert tool.parameters["required"] == ["Body"]
    assert tool.response["properties"] == {"At": {"type": "string", "format": "date-time"}}


POSTMAN: dict[str, Any] = {
    "info": {
        "name": "Shop",
        "description": {"content": "A shop."},
        "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    "item": [
        {
            "name": "Orders",
            "item": [
                {
                    "name": "Place an order",
                    "request": {
                        "method": "POST",
                        "url": {
                            "raw": "{{base}}/orders/:shop?dry=true",
                            "path": ["orders", ":shop"],
                            "query": [{"key": "dry", "value": "true", "description": "Only try."}],
                            "variable": [{"key": "shop", "value": "1"}],
                        },
                        "body": {
                            "mode": "raw",
                            "raw": '{"items": [{"id": 3, "price": 1.5}], "by": {{user}}}',
                        },
                    },
                    "response": [{"code": 201, "body": '{"ok": true}'}],
                },
                {"name": "List orders", "request": "https://shop.example/orders"},
            ],
        }
    ],
}


def test_a_postman_collection_takes_its_types_from_the_examples() -> None:
    kit = read(POSTMAN)
    assert (kit.name, kit.description) == ("shop", "A shop.")
    place, listed = kit.tools
    assert (place.name, listed.name) == ("Place_an_order", "List_orders")
    assert place.parameters["properties"] == {
        "shop": {"type": "string"},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "integer"}, "price": {"type": "number"}},
            },
        },
        "by": {},
        "dry": {"type": "string", "description": "Only try."},
    }
    assert place.parameters["required"] == ["shop"]
    assert place.response == {"type": "object", "properties": {"ok": {"type": "boolean"}}}


def test_a_schema_made_of_an_example_stops_where_the_example_goes_too_deep() -> None:
    deep: Any = 1
    for _ in range(200):
        deep = [deep]
    assert len(json.dumps(schema_like(deep))) < 2_000


SCHEMA = {"type": "object", "properties": {"city": STRING}, "required": ["city"]}


@pytest.mark.parametrize(
    ("data", "toolkit"),
    [
        ([{"name": "get weather", "description": "W.", "input_schema": SCHEMA}], "doc"),
        ({"tools": [{"name": "get weather", "description": "W.", "inputSchema": SCHEMA}]}, "doc"),
        ({"jsonrpc": "2.0", "result": {"tools": [{"name": "get weather", "inputSchema": SCHEMA}]}}, "doc"),
        ({"name": "get weather", "input_schema": SCHEMA}, "doc"),
        (
            {
                "items": [
                    {"slug": "get weather", "toolkit": {"slug": "Sky"}, "input_parameters": SCHEMA},
                ]
            },
            "sky",
        ),
        ([{"name": "get weather", "appName": "sky", "parameters": SCHEMA}], "sky"),
    ],
)
def test_tools_that_bring_schemas_are_read(data: Any, toolkit: str) -> None:
    tool = one(data)
    assert (tool.toolkit, tool.name, tool.original_name) == (toolkit, "get_weather", "get weather")
    assert tool.parameters == SCHEMA


def test_a_tool_without_a_schema_is_left_out_and_the_others_stay() -> None:
    notebook = Notebook()
    tools = [{"type": "computer_20250124", "name": "computer"}, {"name": "a", "input_schema": SCHEMA}]
    assert [tool.name for tool in read(tools, notebook).tools] == ["a"]
    (note,) = notebook.notes()
    assert "no input schema" in note.what and "$[0]" in note.what


def test_an_output_schema_of_mcp_is_the_response() -> None:
    listed = {"tools": [{"name": "a", "inputSchema": SCHEMA, "outputSchema": SCHEMA}]}
    assert one(listed).response == SCHEMA


def openapi(operation: dict[str, Any]) -> dict[str, Any]:
    return {"openapi": "3.1.0", "paths": {"/a": {"post": {"operationId": "a.b", **operation}}}}


def answer(schema: Any) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def test_an_error_response_is_an_option_that_the_program_recognizes() -> None:
    fault = {"type": "object", "properties": {"code": {"type": "integer"}, "text": STRING}}
    responses = {"200": answer({"type": "array", "items": STRING}), "default": answer(fault)}
    forms = response_forms(one(openapi({"responses": responses})).response)
    assert forms.own
    assert forms.fine == {"type": "array", "items": STRING}
    assert forms.error["anyOf"][0]["properties"]["error"]["properties"] == fault["properties"]


def test_an_error_that_has_the_field_already_is_taken_as_it_is() -> None:
    fault = {"type": "object", "properties": {"error": STRING, "hint": STRING}}
    responses = {"200": answer({"type": "array", "items": STRING}), "404": answer(fault)}
    forms = response_forms(one(openapi({"responses": responses})).response)
    assert forms.error["anyOf"][0]["required"] == ["error"]
    assert "hint" in forms.error["anyOf"][0]["properties"]


def test_arguments_get_valid_names_and_the_original_ones_are_kept_in_the_file(tmp_path: Path) -> None:
    names = ["filter[name]", "filter.name", "$top", "filter_name", "ü"]
    parameters = [{"in": "query", "name": name, "required": True, "schema": STRING} for name in names]
    tool = one(openapi({"parameters": parameters, "deprecated": True}))
    assert tool.parameters["required"] == ["filter_name_2", "filter_name_3", "top", "filter_name", "argument"]
    assert tool.original_parameters == {
        "filter_name_2": "filter[name]",
        "filter_name_3": "filter.name",
        "top": "$top",
        "argument": "ü",
    }
    path = tmp_path / "kit.json"
    path.write_text(dump_native([Toolkit(tool.toolkit, "", (tool,))]), encoding="utf-8")
    (again,) = read_toolkits([path]).toolkits
    assert again.tools == (tool,) and tool.deprecated and tool.original_name == "a.b"
