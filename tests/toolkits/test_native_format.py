"""Our own format: what is read, what is written, what is refused and in which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.native import digest, dump_native, read_native
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.place import Place
from funcdex.toolkits.read import read_toolkits
from funcdex.types.tools import Tool, Toolkit

SEND: dict[str, Any] = {
    "name": "SEND",
    "description": "Send a message.",
    "parameters": {"type": "object", "properties": {"to": {"type": "string"}}, "required": ["to"]},
    "response": {"type": "object", "properties": {"id": {"type": "string"}}},
}
STAR: dict[str, Any] = {"name": "STAR", "description": "Mark it."}
MAIL = {"toolkit": "mail", "description": "Email.", "tools": [SEND, STAR]}


def read(data: Any) -> tuple[Toolkit, ...]:
    return read_native(data, Place("mail.json"), Notebook())


def refusal(data: Any) -> ToolDefinitionError:
    with pytest.raises(ToolDefinitionError) as caught:
        read(data)
    return caught.value


def with_tool(**changes: Any) -> dict[str, Any]:
    return {**MAIL, "tools": [STAR, {**SEND, **changes}]}


def test_a_toolkit_is_read_as_it_stands() -> None:
    (mail,) = read(MAIL)
    assert (mail.name, mail.description) == ("mail", "Email.")
    assert mail.tools[0] == Tool(
        "mail", "SEND", "Send a message.", dict(SEND["parameters"]), dict(SEND["response"])
    )


def test_a_tool_without_schemas_takes_nothing_and_answers_anything() -> None:
    star = read(MAIL)[0].tools[1]
    assert star.parameters == {"type": "object", "properties": {}}
    assert star.response == {}


def test_parameters_without_a_type_are_an_object() -> None:
    (mail,) = read(with_tool(parameters={"properties": {"to": {"type": "string"}}}))
    assert mail.tools[1].parameters["type"] == "object"


def test_an_array_of_toolkits_is_read_in_order() -> None:
    assert [toolkit.name for toolkit in read([MAIL, {**MAIL, "toolkit": "chat"}])] == ["mail", "chat"]


def test_references_into_the_schema_are_written_out() -> None:
    parameters = {
        "type": "object",
        "properties": {"to": {"$ref": "#/$defs/Person", "description": "Who gets it."}},
        "$defs": {"Person": {"type": "object", "properties": {"name": {"type": "string"}}}},
    }
    (mail,) = read(with_tool(parameters=parameters))
    assert mail.tools[1].parameters == {
        "type": "object",
        "properties": {
            "to": {
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "description": "Who gets it.",
            }
        },
    }


def test_a_property_called_ref_is_no_reference() -> None:
    parameters = {"type": "object", "properties": {"$ref": {"type": "string"}}}
    assert read(with_tool(parameters=parameters))[0].tools[1].parameters == parameters


def test_a_reference_with_limits_beside_it_keeps_both() -> None:
    parameters = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/N", "type": "number"}},
        "$defs": {"N": {"type": "integer"}},
    }
    properties = read(with_tool(parameters=parameters))[0].tools[1].parameters["properties"]
    assert properties == {"a": {"allOf": [{"type": "integer"}, {"type": "number"}]}}


def test_a_schema_that_contains_itself_is_cut_with_a_note() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    parameters = {
        "type": "object",
        "properties": {"first": {"$ref": "#/$defs/Node"}},
        "$defs": {"Node": node},
    }
    notebook = Notebook()
    (mail,) = read_native(with_tool(parameters=parameters), Place("mail.json"), notebook)
    first = mail.tools[1].parameters["properties"]["first"]
    assert first == {"type": "object", "properties": {"next": {"type": "object"}}}
    (note,) = notebook.notes()
    assert note.where == "mail.json" and "contains itself" in note.what


def test_references_that_multiply_without_end_are_refused() -> None:
    defs: dict[str, Any] = {"D0": {"type": "string"}}
    for level in range(1, 12):
        fields = {f"f{i}": {"$ref": f"#/$defs/D{level - 1}"} for i in range(9)}
        defs[f"D{level}"] = {"type": "object", "properties": fields}
    parameters = {"type": "object", "properties": {"a": {"$ref": "#/$defs/D11"}}, "$defs": defs}
    assert "more than 20000 schemas" in refusal(with_tool(parameters=parameters)).what


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("#/$defs/Gone", "nothing stands at"),
        ("other.json#/A", "leaves the document"),
        ("#name", "is not a path"),
    ],
)
def test_a_reference_to_nothing_is_refused(reference: str, words: str) -> None:
    parameters = {"type": "object", "properties": {"a": {"$ref": reference}}}
    error = refusal(with_tool(parameters=parameters))
    assert words in error.what and error.where == "mail.json: $.tools[1].parameters"


@pytest.mark.parametrize(
    ("data", "words", "path"),
    [
        (with_tool(name="no spaces"), "'no spaces' cannot name a tool", "$.tools[1]"),
        (with_tool(name="x" * 65), "cannot name a tool", "$.tools[1]"),
        (with_tool(name=7), "a tool's name is a string, here stands a number", "$.tools[1].name"),
        (with_tool(name="STAR"), "two tools called 'STAR', the first at $.tools[0]", "$.tools[1]"),
        (with_tool(description=None), "here stands null", "$.tools[1].description"),
        (with_tool(parameters=[]), "here stands an array", "$.tools[1].parameters"),
        (with_tool(parameters={"type": "string"}), 'of type "string"', "$.tools[1].parameters"),
        (with_tool(response="text"), "here stands a string", "$.tools[1].response"),
        (
            with_tool(parameters={"properties": {"a": {"type": "text"}}}),
            "'text' is not valid",
            "$.tools[1].parameters.properties.a.type",
        ),
        (
            with_tool(parameters={"properties": {"a b": {"required": True}}}),
            "True is not of type 'array'",
            '$.tools[1].parameters.properties["a b"].required',
        ),
        (with_tool(response={"pattern": "("}), "'(' is not a 'regex'", "$.tools[1].response.pattern"),
        (with_tool(description="half \ud83d"), "surrogate", "$.tools[1]"),
        ({**MAIL, "tools": []}, "has no tools", "$"),
        ({**MAIL, "tools": {}}, "here stands an object", "$.tools"),
        ({**MAIL, "tools": [3]}, "a tool is an object, here stands a number", "$.tools[0]"),
        ({**MAIL, "toolkit": "a+b"}, "'a+b' cannot name a toolkit", "$"),
        ({"toolkit": "mail"}, "the key 'tools' is missing", "$"),
        ([MAIL, True], "a toolkit is an object, here stands a boolean", "$[1]"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(data: Any, words: str, path: str) -> None:
    error = refusal(data)
    assert words in error.what
    assert error.where == f"mail.json: {path}"
    assert error.fix


def test_a_misspelt_key_is_refused_with_the_right_one() -> None:
    tool = {"name": "SEND", "description": "", "paramters": {}}
    assert "'parameters'" in refusal({**MAIL, "tools": [tool]}).fix


def test_a_schema_of_absurd_depth_is_refused() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(60):
        schema = {"type": "object", "properties": {"a": schema}}
    assert "nested deeper than 40 levels" in refusal(with_tool(parameters=schema)).what


names = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
leaves = st.sampled_from(("string", "integer", "boolean", "number")).map(lambda name: {"type": name})
schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=3).map(
            lambda fields: {"type": "object", "properties": fields}
        ),
        inner.map(lambda items: {"type": "array", "items": items}),
    ),
    max_leaves=6,
)
objects = st.dictionaries(names, schemas, max_size=3).map(lambda p: {"type": "object", "properties": p})
texts = st.text(st.characters(codec="utf-8"), max_size=20)


@st.composite
def toolkit_lists(draw: st.DrawFn) -> list[Toolkit]:
    made = []
    for name in draw(st.lists(names, unique=True, min_size=1, max_size=3)):
        tools = draw(st.lists(names, unique=True, min_size=1, max_size=3))
        made.append(
            Toolkit(
                name,
                draw(texts),
                tuple(Tool(name, tool, draw(texts), draw(objects), draw(schemas)) for tool in tools),
            )
        )
    return made


@given(toolkit_lists())
def test_what_is_written_reads_back_the_same(toolkits: list[Toolkit]) -> None:
    assert read(json.loads(dump_native(toolkits))) == tuple(toolkits)


@given(toolkit_lists(), st.randoms())
def test_the_digest_minds_no_order_of_toolkits_and_tools(toolkits: list[Toolkit], rng: Any) -> None:
    mixed = [
        Toolkit(toolkit.name, toolkit.description, tuple(rng.sample(toolkit.tools, len(toolkit.tools))))
        for toolkit in rng.sample(toolkits, len(toolkits))
    ]
    assert digest(mixed) == digest(toolkits)


def test_the_digest_changes_with_a_word_and_with_the_order_of_properties() -> None:
    two = {"type": "object", "properties": {"a": {}, "b": {}}}
    swapped = {"type": "object", "properties": {"b": {}, "a": {}}}
    seen = {
        digest(read(data))
        for data in (
            MAIL,
            with_tool(description="Send."),
            with_tool(parameters=two),
            with_tool(parameters=swapped),
        )
    }
    assert len(seen) == 4 and all(len(value) == 64 for value in seen)


def test_the_shipped_definitions_are_read_and_written_back() -> None:
    result = read_toolkits(())
    assert len(result.toolkits) >= 10 and result.notes == ()
    assert read(json.loads(dump_native(result.toolkits))) == result.toolkits


def test_one_toolkit_is_written_as_one_indented_object(tmp_path: Path) -> None:
    text = dump_native(read(MAIL))
    assert text.startswith('{\n  "toolkit": "mail",') and text.endswith("}\n")
