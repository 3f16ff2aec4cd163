"""Curation does what its rules say, and tells what it did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from schema_strategies import any_schemas

from funcdex.errors import ConfigError
from funcdex.toolkits.curation import CurationReport, curated
from funcdex.toolkits.curation_rules import Rules, load_rules
from funcdex.toolkits.curation_schemas import pruned
from funcdex.toolkits.keywords import walk
from funcdex.types.tools import Tool, Toolkit

RULES = load_rules()


def tool(name: str = "get", description: str = "Gets it.", **more: Any) -> Tool:
    return Tool("kit", name, description, **more)


def taking(*names: str, required: tuple[str, ...] = ()) -> dict[str, Any]:
    properties = {name: {"type": "string"} for name in names}
    return {"type": "object", "properties": properties, "required": list(required)}


def run(*tools: Tool, rules: Rules = RULES) -> tuple[tuple[Tool, ...], dict[str, int]]:
    report = CurationReport()
    made = curated(Toolkit("kit", "<b>A kit.</b>", tools), rules, report)
    assert made is None or made.description == "A kit."
    return (made.tools if made else ()), report.counts


def test_what_no_user_would_state_goes_and_is_counted_by_rule() -> None:
    parameters = taking("id", "prettyPrint", "api-version", "X-Amz-Date", required=("id", "api-version"))
    (made,), counts = run(tool(parameters=parameters))
    assert made.parameters == taking("id", required=("id",))
    assert counts["parameter_api_version"] == counts["parameter_tracing_and_transport"] == 1
    assert counts["parameter_form_of_the_answer"] == 1


def test_a_required_argument_stays_unless_its_rule_says_otherwise() -> None:
    (made,), _ = run(tool(parameters=taking("fields", required=("fields",))))
    assert list(made.parameters["properties"]) == ["fields"]


def test_an_argument_that_was_renamed_is_known_by_its_original_name() -> None:
    given = tool(parameters=taking("select"), original_parameters={"select": "$select"})
    (made,), _ = run(given)
    assert made.parameters["properties"] == {} and made.original_parameters == {}


def test_the_newest_stable_version_of_an_operation_stays() -> None:
    given = [
        tool(name.replace(".", "_"), name, original_name=name)
        for name in ("a.v1.get", "a.v2.get", "a.v3beta1.get", "a.v1.list", "a.get")
    ]
    made, counts = run(*given)
    assert [one.original_name for one in made] == ["a.v2.get", "a.v1.list", "a.get"]
    assert counts["version_merged"] == 2


def test_operations_that_are_the_same_but_for_their_name_become_one() -> None:
    made, counts = run(tool("get"), tool("get_2"), tool("fetch", "Fetches."))
    assert [one.name for one in made] == ["get", "fetch"] and counts["same_merged"] == 1


@pytest.mark.parametrize(
    ("choice", "descriptions"),
    [("keep", ["Old.", "New."]), ("mark", ["Deprecated. Old.", "New."]), ("drop", ["New."])],
)
def test_what_is_deprecated_is_kept_marked_or_dropped(choice: Any, descriptions: list[str]) -> None:
    rules = RULES.model_copy(update={"deprecated": choice})
    made, _ = run(tool("old", "Old.", deprecated=True), tool("new", "New."), rules=rules)
    assert [one.description for one in made] == descriptions


def test_descriptions_lose_markup_and_length_wherever_they_stand() -> None:
    inner = {
        "type": "object",
        "properties": {"description": {"description": "<p>Deep</p>", "type": "string"}},
    }
    (made,), counts = run(tool(description="<p>Gets.</p> " + "word " * 300, parameters=inner))
    assert made.description.startswith("Gets. word") and len(made.description) <= 600
    assert made.parameters["properties"]["description"]["description"] == "Deep"
    assert counts["description_cleaned"] == 2 and counts["description_shortened"] == 1


def test_a_schema_is_pruned_to_its_budget_and_what_is_required_stays() -> None:
    wide = taking(*(f"p{i}" for i in range(60)), required=("p59",))
    smaller, count = pruned(wide, 5, 40)
    assert count == 20 and len(smaller["properties"]) == 40 and "p59" in smaller["properties"]
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(9):
        deep = {
            "type": "object",
            "properties": {"in": deep, "must": {"type": "string"}},
            "required": ["must"],
        }
    smaller, count = pruned(deep, 3, 40)
    assert count == 1
    assert max(path.count("properties") for path, _ in walk(smaller)) == 4


@given(any_schemas().filter(lambda schema: isinstance(schema, dict)))
def test_pruning_takes_only_what_it_counts_and_nothing_the_second_time(schema: Any) -> None:
    smaller, count = pruned(schema, 1, 1)
    assert (count == 0) == (smaller == schema)
    assert sum(1 for _ in walk(smaller)) + count <= sum(1 for _ in walk(schema))
    assert pruned(smaller, 1, 1)[1] == 0


def test_a_toolkit_of_which_nothing_stays_is_told() -> None:
    rules = RULES.model_copy(update={"deprecated": "drop"})
    made, counts = run(tool(deprecated=True), rules=rules)
    assert made == () and counts["toolkit_without_tools"] == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("schemas: {level: 3}", "schemas.level"),
        ("schemas: {levels: 0}", "greater than or equal to 1"),
        ("drop_parameters: [{rule: a, pattern: '('}]", "no regular expression"),
        ("drop_parameters: [{rule: 'A b'}]", "drop_parameters.0.rule"),
        ("a: [", "not YAML"),
    ],
)
def test_wrong_rules_are_refused_with_their_key(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_rules(path)
    assert words in str(caught.value)
