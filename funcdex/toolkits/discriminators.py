"""OpenAPI's `discriminator`: which alternative is meant is told by the value of one property.

    oneOf: [{$ref: "#/components/schemas/Dog"}, {$ref: "#/components/schemas/Cat"}]
    discriminator: {propertyName: kind, mapping: {dog: "#/components/schemas/Dog"}}

JSON Schema has no such word, so each alternative gets the property with the values that stand for it: `dog`
for the first, and for the second, which nothing is mapped to, its name, `Cat`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from funcdex.toolkits.refs import reference_of


def values_of(flat: Mapping[str, Any], variant: Any) -> tuple[str, list[str]] | None:
    """The property that tells an alternative of `flat` from the others, and its values there; None if
    nothing tells it."""
    told = flat.get("discriminator")
    reference = reference_of(variant)
    name = told.get("propertyName") if isinstance(told, dict) else None
    if reference is None or not isinstance(name, str):
        return None
    own = reference.rpartition("/")[2]
    mapping = told.get("mapping") if isinstance(told, dict) else None
    entries = mapping.items() if isinstance(mapping, dict) else ()
    return name, [value for value, target in entries if target in (reference, own)] or [own]


def tagged(written: dict[str, Any], name: str, values: list[str]) -> dict[str, Any]:
    """An alternative, made an object that requires the property to have one of the values. What has no
    properties stays as it is: it was cut, or is no object."""
    properties = written.get("properties")
    if not isinstance(properties, dict):
        return written
    text = properties.get(name, {}).get("description")
    tag = {"type": "string", "enum": values} | ({"description": text} if text else {})
    required = written.get("required", [])
    made = {**written, "properties": {**properties, name: tag}}
    return made if name in required else {**made, "required": [*required, name]}
