"""The values that the coverage benchmark draws are what it says they are."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from operations.damages import damages
from operations.draw import Drawn, draw, operations_in, with_only
from operations.instances import NoValue, fitting_value
from operations.patterns import sampled

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 2, "maxLength": 30},
        "kind": {"enum": ["a", "b", None]},
        "count": {"type": "integer", "minimum": 3, "exclusiveMaximum": 9},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
        "code": {"type": "string", "pattern": "^[A-Z]{2}-\\d+$"},
        "tags": {
            "type": "array",
            "items": {"type": "string"},
            "minItems": 1,
            "maxItems": 4,
            "uniqueItems": True,
        },
        "either": {"anyOf": [{"type": "integer", "multipleOf": 5}, {"type": "boolean"}]},
    },
    "required": ["name", "kind", "count", "share", "code", "tags", "either"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("seed", range(20))
def test_a_drawn_value_fits_its_schema_with_keys_in_order(seed: int) -> None:
    value = fitting_value(SCHEMA, random.Random(seed))
    assert Draft202012Validator(SCHEMA).is_valid(value)
    assert list(value) == list(SCHEMA["properties"])


def test_a_schema_that_contradicts_itself_has_no_value() -> None:
    with pytest.raises(NoValue):
        fitting_value({"type": "integer", "minimum": 2, "maximum": 1}, random.Random(0))


@pytest.mark.parametrize("seed", range(20))
def test_every_damage_breaks_the_keyword_that_it_names(seed: int) -> None:
    rng = random.Random(seed)
    found = damages(SCHEMA, fitting_value(SCHEMA, rng), rng)
    assert {"required", "type", "enum", "minimum", "maximum", "pattern", "uniqueItems"} <= {
        each.kind for each in found
    }
    for each in found:
        assert not Draft202012Validator(SCHEMA).is_valid(each.value), each


@pytest.mark.parametrize(
    "pattern", ["^[a-z]{3,5}(foo|ba\\d)+$", "^[^abc]x?$", "\\w+@\\w+\\.com", "^(?:a|b){2}$"]
)
def test_a_text_is_drawn_from_a_pattern(pattern: str) -> None:
    schema = {"type": "string", "pattern": pattern}
    text = sampled(pattern, random.Random(3))
    assert Draft202012Validator(schema).is_valid(text), text


DOCUMENT = {
    "openapi": "3.0.0",
    "paths": {
        "/a": {"get": {"x": 1}, "post": {"x": 2}, "summary": "s"},
        "/b": {"get": {"$ref": "#/paths/~1a"}},
    },
}


def test_a_document_with_only_one_operation_still_answers_references_to_the_others() -> None:
    paths = with_only(DOCUMENT, Drawn("d.json", "/a", "post"))["paths"]
    assert dict(paths.items()) == {"/a": {"post": {"x": 2}, "summary": "s"}}
    assert paths["/b"] == {"get": {"$ref": "#/paths/~1a"}}


def test_a_draw_takes_one_operation_of_each_provider_before_a_second_of_any(tmp_path: Path) -> None:
    for name in ("small.json", "big/one.json", "big/two.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps(DOCUMENT))
    drawn = draw(tmp_path, 2, seed=1)
    assert sorted(document.partition("/")[0] for document in drawn) == ["big", "small.json"]
    assert drawn == draw(tmp_path, 2, seed=1)
    assert sum(map(len, draw(tmp_path, 99, seed=1).values())) == 3 * len(list(operations_in(DOCUMENT, "d")))
