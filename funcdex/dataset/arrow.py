"""Rows as Arrow tables. A column of JSON values is JSON text there, with the mark by which `datasets` gives
back the values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from funcdex.export.formats.protocol import Row
from funcdex.rundir.jsonlines import as_line

Feature = Mapping[str, Any] | Sequence[Mapping[str, Any]] | str
"""As in a dataset card: `{"dtype": ...}` or its name, `{"list": feature}`, a list of named features."""
Convert = Callable[[Any], Any]


def schema_of(features: Sequence[Mapping[str, Any]]) -> tuple[Any, Callable[[Row], Row]]:
    """The schema of these columns, and what makes a row fit it."""
    told = {feature["name"]: _as_told(feature) for feature in features}
    fields = [pa.field(feature["name"], _type_of(feature)) for feature in features]
    schema = pa.schema(fields).with_metadata({"huggingface": orjson.dumps({"info": {"features": told}})})
    converts = [(feature["name"], _convert_of(feature)) for feature in features]

    def fitting(row: Row) -> Row:
        return {name: convert(row.get(name)) for name, convert in converts}

    return schema, fitting


def _type_of(feature: Feature) -> Any:
    if isinstance(feature, str):
        return pa.string() if feature == "json" else getattr(pa, feature)()
    if not isinstance(feature, Mapping):
        return pa.struct([pa.field(one["name"], _type_of(one)) for one in feature])
    if "list" in feature:
        return pa.list_(_type_of(feature["list"]))
    return _type_of(feature["struct"] if "struct" in feature else feature["dtype"])


def _as_told(feature: Feature) -> Any:
    """The feature in the form that `datasets` keeps in a file's metadata."""
    if isinstance(feature, str):
        return {"_type": "Json"} if feature == "json" else {"dtype": feature, "_type": "Value"}
    if not isinstance(feature, Mapping):
        return {one["name"]: _as_told(one) for one in feature}
    if "list" in feature:
        return {"feature": _as_told(feature["list"]), "_type": "List"}
    return _as_told(feature["struct"] if "struct" in feature else feature["dtype"])


def _convert_of(feature: Mapping[str, Any]) -> Convert:
    return _each_as_json if feature.get("list") == {"dtype": "json"} else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _each_as_json(values: Any) -> Any:
    return None if values is None else [as_line(value)[:-1].decode() for value in values]
