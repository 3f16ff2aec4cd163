"""Schemas of OpenAPI documents as JSON Schemas that stand alone, say what they can, and fit a prompt."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from funcdex.errors import ToolDefinitionError
from funcdex.toolkits.arguments import MOST_CHARS
from funcdex.toolkits.documents import Document
from funcdex.toolkits.fitting import fitted, trim
from funcdex.toolkits.memo import Memo
from funcdex.toolkits.names import name_from, unique_name
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.operation import Operation, Source
from funcdex.toolkits.place import Place
from funcdex.toolkits.prose import description_of, plain, shortened
from funcdex.toolkits.schema import DETAILS, Expansion, Side, TooLarge
from funcdex.toolkits.values import LONGEST_ENUM

PLACE = Place("doc.json")


def write(schema: Any, side: Side = "response", detail: int = 0, **schemas: Any) -> dict[str, Any]:
    document = Document({"components": {"schemas": schemas}})
    return Expansion(document, side, DETAILS[detail], 1e9, PLACE).write(schema)


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def fields(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("given_schema", "written"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        (
            {"type": "string", "nullable": True, "enum": ["a"]},
            {"type": ["string", "null"], "enum": ["a", None]},
        ),
        (
            {"nullable": True, "anyOf": [STRING, {"type": "integer"}]},
            {"anyOf": [STRING, {"type": "integer"}, {"type": "null"}]},
        ),
        (
            {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
            {"type": "integer", "exclusiveMinimum": 1},
        ),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": False}, {"type": "integer", "minimum": 1}),
        ({"type": "number", "exclusiveMaximum": 2.5}, {"type": "number", "exclusiveMaximum": 2.5}),
        ({"type": "integer", "maximum": 5.0}, {"type": "integer", "maximum": 5}),
        ({"type": "integer", "maximum": 9.2e18, "minimum": 0}, {"type": "integer", "minimum": 0}),
        ({"type": "integer", "minimum": 5, "maximum": 1}, {"type": "integer"}),
        ({"type": "integer", "minimum": 5, "maximum": 5}, {"type": "integer", "minimum": 5, "maximum": 5}),
        ({"type": "number", "multipleOf": 0}, {"type": "number"}),
        ({"type": "string", "minLength": 0, "maxLength": 9}, {"type": "string", "maxLength": 9}),
        ({"type": "string", "minLength": 9, "maxLength": 1}, {"type": "string"}),
        ({"type": "string", "format": "date"}, {"type": "string", "format": "date"}),
        ({"type": "string", "format": "byte"}, {"type": "string", "contentEncoding": "base64"}),
        ({"type": "string", "format": {"$ref": "#"}}, {"type": "string"}),
        ({"type": "string", "format": ["date"]}, {"type": "string"}),
        ({"type": "string", "pattern": "^a+$"}, {"type": "string", "pattern": "^a+$"}),
        ({"type": "string", "pattern": "^\\p{L}+$"}, {"type": "string"}),
        ({"type": "string", "pattern": "[[a]"}, {"type": "string"}),
        ({"type": "string", "pattern": "/^[a-z]+$/i"}, {"type": "string", "pattern": "^[a-z]+$"}),
        ({"type": "string", "pattern": "/^[^a]$/i"}, {"type": "string", "pattern": "/^[^a]$/i"}),
        ({"type": "string", "pattern": "a" * 201}, {"type": "string"}),
        ({"type": "string", "default": "x"}, {"type": "string", "default": "x"}),
        ({"type": "string", "default": 3}, {"type": "string"}),
        ({"type": "string", "enum": ["a"], "default": "b"}, {"type": "string", "enum": ["a"]}),
        ({"type": "string", "enum": ["a", 1, None]}, {"type": "string", "enum": ["a"]}),
        ({"type": "boolean", "enum": ["true"]}, {"enum": ["true"]}),
        ({"const": "x"}, {"enum": ["x"]}),
        ({"enum": []}, {}),
        ({"type": "String"}, STRING),
        ({"type": "file"}, {}),
        ({"properties": {"a": STRING}}, fields(a=STRING)),
        ({"items": STRING}, {"type": "array", "items": STRING}),
        ({"type": "array"}, {"type": "array", "items": {}}),
        (
            {"type": "array", "items": STRING, "uniqueItems": True},
            {"type": "array", "uniqueItems": True, "items": STRING},
        ),
        (
            {"type": "object", "additionalProperties": STRING},
            {"type": "object", "additionalProperties": STRING},
        ),
        ({"type": "object", "additionalProperties": {}}, {"type": "object"}),
        (
            fields(a=STRING) | {"additionalProperties": False},
            fields(a=STRING) | {"additionalProperties": False},
        ),
        (fields(a=STRING) | {"required": ["a", "b", 3]}, fields(a=STRING) | {"required": ["a"]}),
        (fields(a=False, b=True), fields(b={})),
        ({"oneOf": [STRING, {"type": "integer"}]}, {"anyOf": [STRING, {"type": "integer"}]}),
        ({"oneOf": [STRING, STRING]}, STRING),
        ({"oneOf": [STRING, {}]}, {}),
        ({"title": "A thing", "type": "string"}, {"type": "string", "description": "A thing"}),
        ({"type": "string", "example": "x", "xml": {}, "x-a": 1, "externalDocs": {}}, STRING),
        (True, {}),
        (None, {}),
    ],
)
def test_a_schema_is_written_as_json_schema(given_schema: Any, written: dict[str, Any]) -> None:
    assert write(given_schema) == written


def test_a_long_enum_keeps_its_first_values() -> None:
    assert write({"enum": list(range(500))})["enum"] == list(range(LONGEST_ENUM))


def test_all_of_becomes_one_object() -> None:
    whole = {"allOf": [ref("Base"), fields(b=STRING) | {"required": ["b"]}], "description": "Both."}
    base = fields(a=STRING) | {"required": ["a"], "description": "The base."}
    assert write(whole, Base=base) == {
        "type": "object",
        "description": "Both.",
        "properties": {"a": STRING, "b": STRING},
        "required": ["a", "b"],
    }


def test_words_beside_a_reference_override_those_behind_it() -> None:
    schema = ref("S") | {"description": "Here."}
    assert write(schema, S={"type": "string", "description": "There."})["description"] == "Here."


def test_what_only_the_server_writes_is_not_asked_for() -> None:
    schema = fields(
        a=STRING,
        b={"type": "string", "readOnly": True},
        c={"type": "string", "description": "[Output Only] When."},
        d={"allOf": [ref("S")], "readOnly": True},
        e={"type": "string", "writeOnly": True},
        f=fields(g={"type": "string", "readOnly": True}),
    ) | {"required": ["a", "b"]}
    assert list(write(schema, "request", S=STRING)["properties"]) == ["a", "e"]
    assert write(schema, "request", S=STRING)["required"] == ["a"]
    assert list(write(schema, "response", S=STRING)["properties"]) == ["a", "b", "c", "d", "f"]


def test_a_schema_that_contains_itself_ends_with_its_type() -> None:
    node = fields(name=STRING, children={"type": "array", "items": ref("Node")}) | {"description": "A node."}
    stub = {"type": "object", "description": "A node."}
    assert write(ref("Node"), Node=node)["properties"]["children"] == {"type": "array", "items": stub}


@pytest.mark.parametrize(
    "schemas",
    [
        {"A": {"$ref": "#/components/schemas/A"}},
        {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}},
        {"A": {"anyOf": [{"$ref": "#/components/schemas/B"}]}, "B": {"$ref": "#/components/schemas/A"}},
        {"A": {"type": "array", "items": {"$ref": "#/components/schemas/A"}}},
        {"A": {"type": "object", "additionalProperties": {"$ref": "#/components/schemas/A"}}},
    ],
)
def test_references_in_a_circle_come_to_an_end(schemas: dict[str, Any]) -> None:
    assert Draft202012Validator(write(ref("A"), **schemas)).is_valid({}) in (True, False)


def test_objects_are_cut_below_the_levels_of_detail() -> None:
    deep: dict[str, Any] = STRING
    for _ in range(10):
        deep = fields(a=deep)
    for index, detail in enumerate(DETAILS):
        text = json.dumps(write(deep, detail=index))
        assert text.count('"properties"') == detail.levels


def test_a_dangling_reference_is_refused() -> None:
    with pytest.raises(ToolDefinitionError, match="nothing stands at the reference"):
        write(ref("Gone"))


def test_more_than_the_budget_gives_up_at_once() -> None:
    explosive = {f"S{i}": fields(**{f"f{j}": ref(f"S{i + 1}") for j in range(30)}) for i in range(9)}
    expansion = Expansion(
        Document({"components": {"schemas": explosive}}), "response", DETAILS[0], 5000, PLACE
    )
    with pytest.raises(TooLarge):
        expansion.write(ref("S0"))


def fit(schema: Any, most_chars: int, **schemas: Any) -> tuple[dict[str, Any], str]:
    source = Source(Document({"components": {"schemas": schemas}}), frozenset(), Notebook())
    operation = Operation("get", "/a", {}, [], PLACE)
    made = fitted(lambda expansion: expansion.write(schema), "response", most_chars, operation, source)
    return made, "\n".join(note.what for note in source.notebook.notes())


def test_a_large_schema_is_written_in_less_detail() -> None:
    wide = {f"S{i}": fields(**{f"f{j}": ref(f"S{i + 1}") for j in range(12)}) for i in range(5)}
    made, notes = fit(ref("S0"), MOST_CHARS, S5=STRING, **wide)
    assert 2000 < len(json.dumps(made)) < MOST_CHARS * 1.1
    assert "nested too deep" in notes


def test_a_wide_schema_loses_optional_fields_and_keeps_those_required() -> None:
    wide = fields(**{f"field_{i:03}": STRING for i in range(300)}) | {"required": ["field_000", "field_299"]}
    made, notes = fit(wide, 2000)
    assert len(json.dumps(made)) <= 2000 and "optional arguments" in notes
    assert list(made["properties"])[:2] == ["field_000", "field_001"] and "field_299" in made["properties"]


def test_what_is_required_stays_whatever_its_size() -> None:
    wide = fields(**{f"field_{i:03}": STRING for i in range(300)})
    made, _ = fit(wide | {"required": list(wide["properties"])}, 2000)
    assert made["properties"].keys() == wide["properties"].keys()


def test_a_schema_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(ToolDefinitionError, match="far too large"):
        fit(fields(**{f"field_{i}": STRING for i in range(20_000)}), 2000)


def test_a_body_that_stands_apart_is_trimmed_before_the_parameters() -> None:
    body = fields(**{f"field_{i:03}": STRING for i in range(100)})
    schema = fields(q=STRING, body=body)
    assert trim(schema, 1000)
    assert list(schema["properties"]) == ["q", "body"] and len(json.dumps(schema)) <= 1000
    assert not trim(schema, 1000)


def test_descriptions_are_plain_words() -> None:
    assert plain("Sends <b>it</b>.\n\n See [the guide](https://x.y/a_(b)) &amp; `code`.") == (
        "Sends it. See the guide & `code`."
    )
    assert (
        plain("projects/<id> where a < b > c <!-- hidden --> **now**") == "projects/<id> where a < b > c now"
    )
    assert description_of({"description": " ", "summary": "Short."}, 100) == "Short."
    assert description_of({"description": 3}, 100) == "" and description_of(None, 100) == ""


@given(st.text(max_size=80), st.integers(8, 40))
def test_a_shortened_text_is_the_start_of_it(text: str, longest: int) -> None:
    short = shortened(text, longest)
    assert len(short) <= longest
    assert short == text or text.startswith(short.removesuffix("…"))


def test_a_text_is_cut_after_a_sentence_or_a_word() -> None:
    assert shortened("One sentence. Another one that is long.", 24) == "One sentence."
    assert shortened("One sentence, another one that is long.", 24) == "One sentence, another…"


@given(st.text(max_size=100))
def test_every_text_gives_a_valid_name_or_none(text: str) -> None:
    name = name_from(text)
    assert len(name) <= 64 and name_from(name) == name
    taken = {name: 2}
    for _ in range(12):
        taken[unique_name(name, taken)] = 2
    assert len(taken) == 13 and all(len(one) <= 64 for one in taken)


leaf = st.sampled_from(
    (
        *({"type": name} for name in ("string", "integer", "array", "object", "thing", 3)),
        *({"$ref": f"#/components/schemas/{name}"} for name in "ABC"),
        {"enum": [1, "a"]},
        {"type": "string", "nullable": True},
        {"type": "integer", "minimum": 3, "exclusiveMinimum": True},
        {"pattern": "("},
        {},
        True,
    )
)
openapi_schemas = st.recursive(
    leaf,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": st.sampled_from(("object", "array", ["object", "null"])),
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            "items": inner,
            "allOf": st.lists(inner, max_size=2),
            "oneOf": st.lists(inner, max_size=3),
            "additionalProperties": inner | st.booleans(),
            "required": st.lists(st.sampled_from("abc")),
            "description": st.text(max_size=9),
            "nullable": st.booleans(),
            "readOnly": st.booleans(),
        },
    ),
    max_leaves=10,
)


@settings(max_examples=150)
@given(
    st.fixed_dictionaries({name: openapi_schemas for name in "ABC"}), st.sampled_from(("request", "response"))
)
def test_whatever_is_written_is_a_json_schema(schemas: dict[str, Any], side: Side) -> None:
    written = write(ref("A"), side, **schemas)
    Draft202012Validator.check_schema(written)
    assert "$ref" not in json.dumps(written)


def test_a_discriminator_tells_the_alternatives_apart() -> None:
    dog = fields(kind=STRING | {"description": "Which."}, barks={"type": "boolean"}) | {"required": ["barks"]}
    choice = {
        "oneOf": [ref("Dog"), ref("Cat"), STRING],
        "discriminator": {
            "propertyName": "kind",
            "mapping": {"dog": "#/components/schemas/Dog", "hound": "Dog"},
        },
    }
    made = write(choice, Dog=dog, Cat=fields(purrs={"type": "boolean"}))
    first, second, third = made["anyOf"]
    assert first["properties"]["kind"] == {
        "type": "string",
        "enum": ["dog", "hound"],
        "description": "Which.",
    }
    assert first["required"] == ["barks", "kind"]
    assert second["properties"]["kind"]["enum"] == ["Cat"] and second["required"] == ["kind"]
    assert third == STRING


def test_alternatives_that_differ_in_what_tells_them_apart_alone_both_stay() -> None:
    choice = {"anyOf": [ref("A"), ref("B")], "discriminator": {"propertyName": "kind"}}
    made = write(choice, A=fields(x=STRING), B=fields(x=STRING))
    assert [one["properties"]["kind"]["enum"] for one in made["anyOf"]] == [["A"], ["B"]]


@pytest.mark.parametrize(
    "told", ["kind", {}, {"propertyName": 1}, {"propertyName": "k", "mapping": []}, None]
)
def test_a_discriminator_of_another_form_does_no_harm(told: Any) -> None:
    made = write({"oneOf": [ref("A"), STRING], "discriminator": told}, A=fields(x=STRING))
    assert made["anyOf"][0]["properties"]["x"] == STRING


def test_a_schema_that_was_written_before_is_written_the_same_again() -> None:
    memo, schemas = Memo(), {"A": fields(b=ref("B")), "B": fields(a=ref("A"), text=STRING)}
    document = Document({"components": {"schemas": schemas}})

    def again(name: str) -> tuple[dict[str, Any], set[str], int]:
        expansion = Expansion(document, "response", DETAILS[0], 1e9, PLACE, memo)
        return expansion.write(ref(name)), expansion.changes, expansion.spent_chars

    for name in ("A", "B", "A", "B"):
        fresh = Expansion(document, "response", DETAILS[0], 1e9, PLACE)
        assert again(name) == (fresh.write(ref(name)), fresh.changes, fresh.spent_chars)


def test_what_was_too_large_once_is_not_tried_again_and_may_still_fit_elsewhere() -> None:
    memo = Memo()
    document = Document({"components": {"schemas": {"A": fields(**{f"p{i}": STRING for i in range(50)})}}})
    for _ in range(2):
        small = Expansion(document, "response", DETAILS[0], 500, PLACE, memo)
        with pytest.raises(TooLarge):
            small.write(ref("A"))
    assert small.worked_chars == 0
    assert (
        len(Expansion(document, "response", DETAILS[0], 1e9, PLACE, memo).write(ref("A"))["properties"]) == 50
    )
