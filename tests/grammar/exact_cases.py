"""What the level `exact` refuses and `schema` leaves to a check."""

from __future__ import annotations

import json
from typing import Any

TEXT = {"type": "string"}
CASES: list[tuple[dict[str, Any], list[str], list[str]]] = [
    ({**TEXT, "maxLength": 3}, ['""', '"é2a"'], ['"abcd"']),
    ({**TEXT, "minLength": 2, "maxLength": 5}, ['"ab"', '"😀é<>\'"'], ['"a"', '"abcdef"']),
    ({**TEXT, "minLength": 3}, ['"\\n\\"b"', '"abc and \\"more\\""'], ['"ab"']),
    ({**TEXT, "minLength": 6}, ['"abcdef\\n"'], ['"abcde"']),
    ({**TEXT, "minLength": 5, "maxLength": 5}, ['"12345"'], ['"1234"', '"123456"']),
    ({**TEXT, "maxLength": 255}, [json.dumps("x" * 255)], [json.dumps("x" * 256)]),
    ({**TEXT, "pattern": "^[a-z0-9-]{1,63}$"}, ['"a"', json.dumps("a-" * 31)], [json.dumps("a-" * 32)]),
    ({**TEXT, "pattern": "^[a-z]+(-[a-z]+)*$", "maxLength": 20}, ['"a-b-c"'], [json.dumps("a" * 21)]),
    ({**TEXT, "pattern": "^x", "minLength": 3, "maxLength": 9}, ['"x y"'], ['"xy"', '"x of many."']),
    ({**TEXT, "pattern": "[0-9]$", "maxLength": 6}, ['"abcd1"'], ['"abcdef1"']),
    ({**TEXT, "format": "email", "maxLength": 99}, ['"j.doe@a.bc.org"'], [json.dumps("a" * 94 + "@b.org")]),
    ({**TEXT, "format": "uri", "maxLength": 99}, ['"https://a.org/b?c=d"'], [json.dumps("a:" + "b" * 98)]),
    ({"type": "object", "additionalProperties": False, "patternProperties": {"^[a-z0-9]{2,30}$": {}}},
     ["{}", '{"ab": 1}'], [json.dumps({"a" * 31: 1})]),
    ({"type": "object", "propertyNames": {"maxLength": 4}, "additionalProperties": {"type": "null"}},
     ['{"abcd": null}'], ['{"abcde": null}']),
    ({"type": "array", "items": TEXT, "uniqueItems": True}, ["[]", '["a"]'], ['["a", "a"]']),
    ({"type": "array", "items": {}, "minItems": 1, "uniqueItems": True}, ["[{}]"], ["[1, 1]"]),
    ({"type": "array", "prefixItems": [TEXT, TEXT], "uniqueItems": True}, ['["a"]'], ['["a", "a"]']),
]  # fmt: skip
"""Schemas, texts that both levels accept, and texts that only `exact` refuses."""
