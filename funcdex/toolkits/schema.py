"""A schema of an OpenAPI document as a JSON Schema that stands alone and fits a prompt.

References are written out, `allOf` becomes one object, `oneOf` becomes `anyOf`, what only describes
(examples, XML names, extensions) goes. A schema may stand for millions of values when written out, so
`Expansion` takes a level of detail and a size, and gives up (`TooLarge`) when it grows beyond it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from funcdex.toolkits.discriminators import tagged, values_of
from funcdex.toolkits.documents import Document
from funcdex.toolkits.memo import Memo, Trail, Written, identity, is_worth_keeping
from funcdex.toolkits.place import Place
from funcdex.toolkits.prose import description_of
from funcdex.toolkits.refs import reference_of, resolve, stub
from funcdex.toolkits.values import is_nullable, value_keywords

Side = Literal["request", "response"]
MOST_VARIANTS = 8


@dataclass(frozen=True, slots=True)
class Detail:
    """How much of a schema is written out: levels of objects, and characters of a description."""

    levels: int
    description_chars: int


# From the fullest to the scantest; the first that fits is taken.
DETAILS = (Detail(6, 400), Detail(4, 250), Detail(3, 140), Detail(2, 100), Detail(1, 70))

CYCLE = "a schema that contains itself is cut where it comes round again"
DEEP = "objects nested too deep for a tool of usable size are not described further"
VARIANTS = f"of more than {MOST_VARIANTS} alternatives the first {MOST_VARIANTS} are taken"
CONFLICT = "of schemas under allOf that contradict each other the first is taken"


# What JSON itself takes for a schema in an object, and for its description.
_NODE_CHARS = 26
DESCRIPTION_CHARS = 19
# Google's documents say it in words as well, in several ways.
_OUTPUT_ONLY = re.compile(r"\W*(?:deprecated\W+)?output[ -]only\b", re.IGNORECASE)


class TooLarge(Exception):
    """More than the characters allowed. Never leaves the package."""


class Expansion:
    """Writes out schemas of one document for one tool, at one level of detail.

    `changes` are the notes to make if this expansion is the one that is taken; `worked_chars` are those of
    `spent_chars` that were not written before, for another operation. What is written is shared with other
    tools: change nothing in it.
    """

    def __init__(
        self,
        document: Document,
        side: Side,
        detail: Detail,
        most_chars: float,
        place: Place,
        memo: Memo | None = None,
    ) -> None:
        self._document, self._side, self.detail, self._place = document, side, detail, place
        self._most_chars = most_chars
        self._memo = memo or Memo()
        self._met: Trail = 0
        self.spent_chars = 0
        self.worked_chars = 0
        self.changes: set[str] = set()

    def write(self, schema: Any, level: int = 0, trail: Trail = 0) -> dict[str, Any]:
        """The schema as JSON Schema. Raises TooLarge, or ToolDefinitionError at a dangling reference."""
        return self._remembered(schema, level, trail, is_property=False) or {}

    def _remembered(self, schema: Any, level: int, trail: Trail, is_property: bool) -> dict[str, Any] | None:
        """What is written of a schema, or was before. None for a property that is not for this side."""
        if not isinstance(schema, dict) or not is_worth_keeping(schema):
            return self._anew(schema, level, trail, is_property)
        # Of the levels only those that are left matter.
        levels, chars = self.detail.levels - level, self.detail.description_chars
        key = (identity(schema), self._side, levels, chars, is_property)
        known = self._memo.get(key, trail)
        if known and (known.whole or self.spent_chars + known.chars > self._most_chars):
            return self._again(known)
        outer = self._met, self.changes, self.spent_chars
        self._met, self.changes = 0, set()
        made, whole = None, False
        try:
            made = self._anew(schema, level, trail, is_property)
            whole = True
        finally:  # where it was given up, that is kept: it need not be tried again with less room
            spent = self.spent_chars - outer[2]
            kept = frozenset(self.changes)
            self._memo.add(key, Written(schema, made, spent, kept, self._met, self._met & trail, whole))
            self._met, self.changes = outer[0] | self._met, outer[1] | kept
        return made

    def _again(self, known: Written) -> dict[str, Any] | None:
        """What was written before, at the same cost in characters, and at none of work."""
        self._met |= known.met
        self.changes |= known.changes
        self.worked_chars -= known.chars
        self.spend(known.chars)
        return known.made

    def _anew(self, schema: Any, level: int, trail: Trail, is_property: bool) -> dict[str, Any] | None:
        flat, trail = self.flat(schema, trail)
        if is_property and self._is_of_other_side(flat):
            return None
        return self._write_flat(flat, level, trail)

    def flat(self, schema: Any, trail: Trail = 0) -> tuple[Mapping[str, Any], Trail]:
        """`schema` without `$ref` and `allOf` at its top, and the trail that leads on from there."""
        if not isinstance(schema, dict):
            return {}, trail
        reference = reference_of(schema)
        if reference is not None:
            return self._flat_target(schema, reference, trail)
        if not isinstance(schema.get("allOf"), list):
            return schema, trail
        whole: dict[str, Any] = {}
        for part in ({key: value for key, value in schema.items() if key != "allOf"}, *schema["allOf"]):
            self.spend(_NODE_CHARS)
            flat, trail = self.flat(part, trail)
            self._merge(whole, flat)
        return whole, trail

    def _flat_target(
        self, schema: dict[str, Any], reference: str, trail: Trail
    ) -> tuple[Mapping[str, Any], Trail]:
        targets = self._memo.targets
        if reference not in targets:
            targets[reference] = resolve(self._document, reference, self._place)
        bit = self._memo.bit(reference)
        self._met |= bit
        if trail & bit:
            self.changes.add(CYCLE)
            return stub(targets[reference]), trail
        flat, trail = self.flat(targets[reference], trail | bit)
        siblings = {key: value for key, value in schema.items() if key != "$ref"}
        return ({**flat, **siblings} if siblings else flat), trail

    def _merge(self, whole: dict[str, Any], part: Mapping[str, Any]) -> None:
        """Adds to `whole`, whose `properties` and `required` are its own."""
        for key, value in part.items():
            if key not in whole:
                whole[key] = value.copy() if isinstance(value, dict | list) else value
            elif key == "properties" and isinstance(value, dict) and isinstance(whole[key], dict):
                whole[key].update(value)
            elif key == "required" and isinstance(value, list) and isinstance(whole[key], list):
                whole[key].extend(value)
            elif key in ("type", "enum") and whole[key] != value:
                self.changes.add(CONFLICT)

    def _write_flat(self, flat: Mapping[str, Any], level: int, trail: Trail) -> dict[str, Any]:
        made = value_keywords(flat)
        text = description_of(flat, self.detail.description_chars)
        if text:
            made["description"] = text
        self.spend(
            _NODE_CHARS + (DESCRIPTION_CHARS + len(text) if text else 0) + len(str(made.get("enum", "")))
        )
        if isinstance(flat.get("properties"), dict) and flat["properties"]:
            self._write_properties(made, flat, level, trail)
        elif _may_be(made, "object") and isinstance(flat.get("additionalProperties"), dict):
            self._write_values(made, flat["additionalProperties"], level, trail)
        if _may_be(made, "array"):
            made["items"] = self.write(flat.get("items", {}), level, trail)
        self._write_variants(made, flat, level, trail)
        return made

    def _write_properties(
        self, made: dict[str, Any], flat: Mapping[str, Any], level: int, trail: Trail
    ) -> None:
        if level >= self.detail.levels:
            self.changes.add(DEEP)
            return
        properties: dict[str, Any] = {}
        for name, schema in flat["properties"].items():
            if schema is False:
                continue
            written = self._remembered(schema, level + 1, trail, is_property=True)
            # Empty properties: nothing of it is for this side.
            if written is not None and written.get("properties") != {}:
                self.spend(len(name))
                properties[name] = written
        made["properties"] = properties
        required = [name for name in dict.fromkeys(_texts(flat.get("required"))) if name in properties]
        if required:
            made["required"] = required
        if flat.get("additionalProperties") is False:
            made["additionalProperties"] = False

    def _write_values(self, made: dict[str, Any], schema: dict[str, Any], level: int, trail: Trail) -> None:
        if level >= self.detail.levels:
            self.changes.add(DEEP)
            return
        values = self.write(schema, level + 1, trail)
        if values:
            made["additionalProperties"] = values

    def _write_variants(
        self, made: dict[str, Any], flat: Mapping[str, Any], level: int, trail: Trail
    ) -> None:
        given: list[Any] = next(
            (flat[key] for key in ("anyOf", "oneOf") if isinstance(flat.get(key), list)), []
        )
        if len(given) > MOST_VARIANTS:
            self.changes.add(VARIANTS)
        written = [self._variant(flat, variant, level, trail) for variant in given[:MOST_VARIANTS]]
        variants = [variant for index, variant in enumerate(written) if variant not in written[:index]]
        if not variants or {} in variants:
            return
        if is_nullable(flat) and {"type": "null"} not in variants and "type" not in made:
            variants.append({"type": "null"})
        if len(variants) == 1:
            made |= {key: value for key, value in variants[0].items() if key not in made}
        else:
            made["anyOf"] = variants

    def _variant(self, flat: Mapping[str, Any], variant: Any, level: int, trail: Trail) -> dict[str, Any]:
        written = self.write(variant, level, trail)
        told = values_of(flat, variant)
        if told is None:
            return written
        self.spend(_NODE_CHARS + len(told[0]) + sum(map(len, told[1])))
        return tagged(written, *told)

    def _is_of_other_side(self, flat: Mapping[str, Any]) -> bool:
        """What only the server writes is not asked for, what only the client writes is not answered."""
        if self._side == "response":
            return flat.get("writeOnly") is True
        return flat.get("readOnly") is True or bool(_OUTPUT_ONLY.match(str(flat.get("description"))))

    def spend(self, chars: int) -> None:
        """Counts characters that are written. Raises TooLarge when they are too many."""
        self.spent_chars += chars
        self.worked_chars += chars
        if self.spent_chars > self._most_chars:
            raise TooLarge


def _may_be(schema: Mapping[str, Any], kind: str) -> bool:
    given = schema.get("type")
    return given == kind or (isinstance(given, list) and kind in given)


def _texts(value: Any) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
