"""Rows as Arrow tables. Columns that hold JSON are JSON text with the mark by which `datasets` reads it as such."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa

from funcdex.export.formats.protocol import Row
from funcdex.rundir.jsonlines import as_line

Feature = Mapping[str, Any]
Convert = Callable[[Any], Any]


def schema_of(features: Sequence[Feature]) -> tuple[Any, Callable[[Row], Row]]:
    """The schema of these columns, and what makes a row fit it."""
    columns = [(feature["name"], *_type_of(feature)) for feature in features]
    told = {feature["name"]: _as_told(feature) for feature in features}
    schema = pa.schema([pa.field(name, type_) for name, type_, _ in columns]).with_metadata(
        {"huggingface": orjson.dumps({"info": {"features": told}})}
    )
    converts: list[tuple[str, Convert]] = [(name, convert) for name, _, convert in columns]

    def fitting(row: Row) -> Row:
        return {name: convert(row.get(name)) for name, convert in converts}

    return schema, fitting


def _type_of(feature: Feature) -> tuple[Any, Convert]:
    if "list" in feature:
        inner = feature["list"]
        if isinstance(inner, list):
            return pa.list_(pa.struct([pa.field(one["name"], pa.string()) for one in inner])), _as_it_is
        if isinstance(inner, str):
            return pa.list_(getattr(pa, inner)()), _as_it_is
        return pa.list_(pa.string()), _each_as_json
    return pa.string(), _as_it_is


def _as_told(feature: Feature) -> Any:
    """The feature in the form that `datasets` keeps in a file's metadata."""
    if "list" not in feature:
        return {"dtype": feature["dtype"], "_type": "Value"}
    inner = feature["list"]
    if isinstance(inner, list):
        fields = {one["name"]: {"dtype": one["dtype"], "_type": "Value"} for one in inner}
        return {"feature": fields, "_type": "List"}
    if isinstance(inner, str):
        return {"feature": {"dtype": inner, "_type": "Value"}, "_type": "List"}
    return {"feature": {"_type": "Json"}, "_type": "List"}


def _as_it_is(value: Any) -> Any:
    return value


def _each_as_json(values: Any) -> Any:
    return None if values is None else [as_line(value)[:-1].decode() for value in values]
