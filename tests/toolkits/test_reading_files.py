"""Files and folders: formats told apart by content, toolkits merged, and no file that can hurt us."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.errors import FuncdexError, ToolDefinitionError
from funcdex.toolkits import load
from funcdex.toolkits.read import ReadResult, read_toolkits

NATIVE = {"toolkit": "mail", "description": "Email.", "tools": [{"name": "SEND", "description": "Sends."}]}
FLAT = [
    {"toolkit_name": "shop", "tool_id": "BUY", "tool_description": "Buys.", "tool_input_parameters": "{}"}
]
OPENAI = [{"type": "function", "function": {"name": "weather", "description": "The weather."}}]
OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "paths": {"/pets": {"get": {"operationId": "listPets", "responses": {}}}},
}
YAML = """\
openapi: 3.0.0
info: {title: Birds, version: 1.0}
paths:
  /birds:
    get:
      operationId: listBirds
      responses:
        200:
          content:
            application/json:
              schema: {type: string, enum: [on, off]}
"""


def write(folder: Path, name: str, data: Any) -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def read(*paths: Path) -> ReadResult:
    return read_toolkits(paths)


def refusal(*paths: Path) -> ToolDefinitionError:
    with pytest.raises(ToolDefinitionError) as caught:
        read(*paths)
    return caught.value


@pytest.mark.parametrize(
    ("data", "toolkit", "tool"),
    [
        (NATIVE, "mail", "SEND"),
        ([NATIVE], "mail", "SEND"),
        ({**NATIVE, "tools": OPENAI}, "mail", "weather"),
        (FLAT, "shop", "BUY"),
        (OPENAI, "file", "weather"),
        (OPENAI[0], "file", "weather"),
        ({"tools": OPENAI}, "file", "weather"),
        (OPENAPI, "pets", "listPets"),
    ],
)
def test_the_format_is_told_by_the_content(tmp_path: Path, data: Any, toolkit: str, tool: str) -> None:
    (made,) = read(write(tmp_path, "file.json", data)).toolkits
    assert (made.name, made.tools[0].name) == (toolkit, tool)


def test_a_folder_gives_every_json_and_yaml_file(tmp_path: Path) -> None:
    write(tmp_path, "b.yaml", YAML)
    write(tmp_path, "a.json", NATIVE)
    write(tmp_path, "c.YML", json.dumps(FLAT))
    write(tmp_path, "README.md", "# no tools")
    write(tmp_path, ".hidden.json", "not json")
    (tmp_path / "deeper.json").mkdir()
    result = read(tmp_path)
    assert [toolkit.name for toolkit in result.toolkits] == ["mail", "birds", "shop"]
    assert result.notes == ()


def test_yaml_means_what_yaml_1_2_says(tmp_path: Path) -> None:
    (birds,) = read(write(tmp_path, "b.yaml", YAML)).toolkits
    assert birds.tools[0].response == {"type": "string", "enum": ["on", "off"]}


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(NATIVE).encode())
    assert read(path).toolkits[0].name == "mail"


def test_a_wanted_list_in_a_folder_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "mail.json", NATIVE)
    write(tmp_path, "wanted_toolkits.json", {"toolkits": ["mail"], "bundles": []})
    result = read(tmp_path)
    assert len(result.toolkits) == 1 and result.notes == ()


def test_other_files_of_a_folder_are_left_out_with_a_note(tmp_path: Path) -> None:
    write(tmp_path, "mail.json", NATIVE)
    path = write(tmp_path, "package.json", {"version": 1})
    (note,) = read(tmp_path).notes
    assert note.where == str(path) and "'version'" in note.what


@pytest.mark.parametrize(
    "data", [{"toolkits": []}, {"version": 1}, [], {}, 3, "text", [1], [{"a": 1}], {"type": "object"}]
)
def test_a_file_named_outright_must_be_a_tool_definition(tmp_path: Path, data: Any) -> None:
    assert "is no tool definition" in refusal(write(tmp_path, "x.json", json.dumps(data))).what


def test_a_folder_without_tool_definitions_is_refused(tmp_path: Path) -> None:
    assert "holds no tool definitions" in refusal(tmp_path).what


def test_toolkits_of_one_name_become_one(tmp_path: Path) -> None:
    first = write(tmp_path, "1.json", {**NATIVE, "description": ""})
    more = {"name": "READ", "description": "Reads."}
    second = write(tmp_path, "2.json", {**NATIVE, "tools": [more, *NATIVE["tools"]]})
    result = read(first, second)
    (mail,) = result.toolkits
    assert [tool.name for tool in mail.tools] == ["SEND", "READ"]
    assert mail.description == "Email."
    (note,) = result.notes
    assert note.where == str(second) and note.what.endswith("taken once: SEND")


def test_two_different_tools_of_one_name_are_refused_with_both_files(tmp_path: Path) -> None:
    first = write(tmp_path, "1.json", NATIVE)
    other = {"name": "SEND", "description": "Something else."}
    error = refusal(first, write(tmp_path, "2.json", {**NATIVE, "tools": [other]}))
    assert "two different tools called 'SEND'" in error.what
    assert "1.json" in error.where and "2.json" in error.where


def test_broken_json_is_named_with_line_and_column(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, "x.json", '{\n  "toolkit": "mail",\n  tools: []\n}'))
    assert error.where.endswith("x.json, line 3, column 3") and "not JSON" in error.what


def test_broken_yaml_is_named_with_line_and_column(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, "x.yaml", "openapi: 3.0.0\npaths: [1,\ninfo: {"))
    assert ", line 4, column 1" in error.where and "not YAML" in error.what


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        (" \n", "empty"),
        ('{"a": NaN}', "NaN is no JSON number"),
        ('{"a": 1e999}', "too large a number"),
        ('{"a": ' + "9" * 5000 + "}", "not JSON"),
        ("[" * 100_000, "nested too deep"),
        ("[" * 100_000 + "]" * 100_000, "nested too deep"),
    ],
)
def test_json_that_cannot_be_read_is_refused(tmp_path: Path, text: str, words: str) -> None:
    assert words in refusal(write(tmp_path, "x.json", text)).what


def test_json_nested_as_deep_as_the_parser_goes_is_still_only_an_error(tmp_path: Path) -> None:
    for depth in (100, 400, 900):
        schema = '{"properties": {"a": ' * depth + "{}" + "}}" * depth
        text = f'{{"toolkit": "t", "tools": [{{"name": "A", "parameters": {schema}}}]}}'
        assert "deep" in refusal(write(tmp_path, "x.json", text)).what


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    assert "No such file" in refusal(tmp_path / "gone.json").what
    (tmp_path / "x.json").write_bytes(b'{"a": "\xff"}')
    assert "byte 7 is not UTF-8" in refusal(tmp_path / "x.json").what


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    try:
        assert "Permission denied" in refusal(tmp_path).what
    finally:
        tmp_path.chmod(0o700)


def test_a_file_beyond_the_limit_is_not_even_opened(tmp_path: Path) -> None:
    path = write(tmp_path, "x.json", NATIVE)
    os.truncate(path, load.LARGEST_BYTES + 1)
    assert "at most" in refusal(path).what


def test_errors_in_a_file_of_a_folder_name_the_file(tmp_path: Path) -> None:
    write(tmp_path, "good.json", NATIVE)
    write(tmp_path, "bad.json", {"toolkit": "t", "tools": [{"name": "A", "parameters": 3}]})
    assert refusal(tmp_path).where == f"{tmp_path / 'bad.json'}: $.tools[0].parameters"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    *("toolkit", "tools", "name", "type", "function", "parameters", "properties", "items"),
                    *("openapi", "paths", "/a", "get", "post", "requestBody", "content", "application/json"),
                    *("schema", "$ref", "allOf", "anyOf", "enum", "in", "responses", "200", "required"),
                    *("toolkit_name", "tool_id", "tool_input_parameters", "info", "operationId"),
                )
            ),
            inner | st.sampled_from(("3.0.0", "function", "query", "#/paths", "object", "array")),
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(json_values, st.sampled_from(("openapi", "tools", "toolkit_name", "none")))
def test_any_json_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, value: Any, kind: str) -> None:
    wrapped: Any = {
        "openapi": {"openapi": "3.0.0", "paths": {"/a": {"post": value}, "/b": value}, "components": value},
        "tools": {"toolkit": "t", "tools": [value]},
        "toolkit_name": [{"toolkit_name": "t", "tool_id": "A", "tool_input_parameters": value}],
        "none": value,
    }[kind]
    path = write(tmp_path_factory.getbasetemp(), "any.json", json.dumps(wrapped))
    try:
        assert read(path).toolkits
    except FuncdexError as error:
        assert isinstance(error, ToolDefinitionError) and error.fix
