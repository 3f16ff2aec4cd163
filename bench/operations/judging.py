"""One operation, from its document to what the engines say of its grammar."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from operations.damages import damages
from operations.draw import Drawn, with_only
from operations.engines import Engine, Refused
from operations.instances import NoValue, fitting_value

from funcdex.errors import FuncdexError
from funcdex.grammar.check import fault_at
from funcdex.grammar.conversation import conversation_grammar
from funcdex.grammar.json_schema import Relaxation, read_schema
from funcdex.grammar.tree_grammar import TreeGrammar
from funcdex.toolkits.notes import Notebook
from funcdex.toolkits.openapi import read_openapi
from funcdex.toolkits.place import Place
from funcdex.types.error_response import response_forms
from funcdex.types.level import Level
from funcdex.types.request import Dialect
from funcdex.types.tools import JsonSchema, Tool

ANY_OBJECT: JsonSchema = {"type": "object"}
SHOWN_CHARS = 300
DIALECTS: tuple[Dialect, ...] = ("lark", "ebnf", "gbnf")

# The type that each keyword limits; on another it says nothing.
_LIMITED = {
    **dict.fromkeys(("minLength", "maxLength", "pattern"), "string"),
    **dict.fromkeys(("minItems", "maxItems", "uniqueItems", "items"), "array"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number"),
    **dict.fromkeys(("minProperties", "maxProperties", "properties", "required"), "object"),
}

Readings = Mapping[str, Callable[[str], bool]]
"""By engine: whether a text is in the language."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A damaged value: the keyword that it breaks, the engines that let it through, whether `relaxed` says so
    (`noted`), and what it was if any did."""

    kind: str
    accepted_by: tuple[str, ...]
    noted: bool = False
    shown: str = ""


@dataclass(slots=True)
class Verdict:
    """What became of one operation; empty where it did not get so far."""

    operation: str
    unread: str = ""
    notes: list[str] = field(default_factory=list)
    unbuilt: str = ""
    relaxed: list[tuple[str, str]] = field(default_factory=list)
    narrowed: list[tuple[str, str]] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)
    rules: int = 0
    chars: dict[str, int] = field(default_factory=dict)
    build_s: float = 0.0
    compile_s: dict[str, float] = field(default_factory=dict)
    value: str = ""
    value_accepted_by: tuple[str, ...] = ()
    value_refused_at: str = ""
    damages: list[Tried] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The verdict for the report, without what is empty."""
        return {key: value for key, value in asdict(self).items() if value}


def judge(
    document: dict[str, Any], drawn: Drawn, seed: int, engines: Mapping[str, Engine], level: Level
) -> Verdict:
    """All verdicts on one operation of a parsed document; `level` is `schema` or `exact`."""
    verdict = Verdict(str(drawn))
    tool = _tool(document, drawn, verdict)
    grammar = _grammar(tool, verdict, level) if tool else None
    if tool and grammar:
        readings = _readings(grammar, verdict, engines)
        _try_values(tool, grammar, verdict, readings, random.Random(f"{seed} {drawn}"))
    return verdict


def _tool(document: dict[str, Any], drawn: Drawn, verdict: Verdict) -> Tool | None:
    notebook = Notebook()
    try:
        (toolkit,) = read_openapi(with_only(document, drawn), Place(drawn.document), notebook)
    except (FuncdexError, RecursionError) as error:
        verdict.unread = _line(error)
        return None
    verdict.notes = [note.what.partition(": ")[0] for note in notebook.notes()]
    return toolkit.tools[0]


def _grammar(tool: Tool, verdict: Verdict, level: Level) -> TreeGrammar | None:
    begun = time.process_time()
    try:
        grammar = conversation_grammar(
            [tool], thoughts=False, parallel_calls=False, min_user_turns=1, max_user_turns=1, level=level
        )
        texts = {dialect: grammar.render(dialect) for dialect in DIALECTS}
    except (FuncdexError, RecursionError) as error:
        verdict.unbuilt = _line(error)
        return None
    verdict.build_s = round(time.process_time() - begun, 4)
    verdict.rules = len(grammar.tree.rules)
    verdict.chars = {dialect: len(text) for dialect, text in texts.items()}
    for side, schema in (("parameters", tool.parameters), ("response", _response(tool))):
        reading = read_schema(schema, where=side, exact=level == "exact")
        verdict.relaxed += _losses(reading.relaxed, side, schema)
        verdict.narrowed += _losses(reading.narrowed, side, schema)
    return grammar


def _losses(lost: Sequence[Relaxation], side: str, schema: JsonSchema) -> list[tuple[str, str]]:
    """Where, and which keyword, with what makes the difference to whoever looks for causes."""
    schemas = dict(_by_path(schema, "$"))
    return [(f"{side} {each.path}", _precisely(each, schemas.get(each.path, {}))) for each in lost]


def _precisely(lost: Relaxation, schema: Mapping[str, Any]) -> str:
    """The keyword, with its cause if one is given, a format's name, or a type that it says nothing about."""
    keyword, cause = lost.keyword, lost.cause
    if cause:
        return f"{keyword}: {cause}"
    if keyword == "format":
        return f"format {schema.get('format', 'in a union')}"
    types = schema.get("type", [])
    wanted = _LIMITED.get(keyword)
    if wanted is None or not types or wanted in types or (wanted == "number" and "integer" in types):
        return keyword
    return f"{keyword} on {types if isinstance(types, str) else '/'.join(types)}"


def _by_path(schema: Any, path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every subschema by the path that `relaxed` gives it."""
    if not isinstance(schema, Mapping):
        return
    yield path, schema
    for name, inner in (schema.get("properties") or {}).items():
        yield from _by_path(inner, f"{path}.properties.{name}")
    for keyword in ("items", "additionalProperties"):
        yield from _by_path(schema.get(keyword), f"{path}.{keyword}")
    for number, inner in enumerate(schema.get("anyOf") or ()):
        yield from _by_path(inner, f"{path}.anyOf[{number}]")


def _readings(grammar: TreeGrammar, verdict: Verdict, engines: Mapping[str, Engine]) -> Readings:
    readings: dict[str, Callable[[str], bool]] = {}
    for name, engine in engines.items():
        begun = time.perf_counter()
        try:
            readings[name] = engine.read(grammar)
        except Refused as refusal:
            verdict.faults[name] = str(refusal)[:SHOWN_CHARS]
        verdict.compile_s[name] = round(time.perf_counter() - begun, 4)
    return readings


def _try_values(
    tool: Tool, grammar: TreeGrammar, verdict: Verdict, readings: Readings, rng: random.Random
) -> None:
    """A call and a response that fit, then each with one thing damaged."""
    response_schema = _response(tool)
    try:
        call, response = fitting_value(tool.parameters, rng), fitting_value(response_schema, rng)
    except (NoValue, RecursionError):
        verdict.value = "none found"
        return
    text = conversation(tool, call, response)
    verdict.value_accepted_by = _accepting(text, readings)
    verdict.value = "accepted" if len(verdict.value_accepted_by) == len(readings) else "refused"
    if verdict.value == "refused":
        fault = fault_at(grammar, text) or 0
        verdict.value_refused_at = f"...{text[max(0, fault - 120) : fault]} >>> {text[fault : fault + 60]}"
        return
    for damage in damages(tool.parameters, call, rng):
        accepted_by = _accepting(conversation(tool, damage.value, response), readings)
        verdict.damages.append(
            _tried("parameters", damage.kind, damage.path, damage.value, accepted_by, verdict)
        )
    for damage in damages(response_schema, response, rng):
        accepted_by = _accepting(conversation(tool, call, damage.value), readings)
        verdict.damages.append(
            _tried("response", damage.kind, damage.path, damage.value, accepted_by, verdict)
        )


def _response(tool: Tool) -> JsonSchema:
    """What it answers when all is well: these grammars have no errors."""
    return response_forms(tool.response or ANY_OBJECT).fine


def _accepting(text: str, readings: Readings) -> tuple[str, ...]:
    return tuple(name for name, accepts in readings.items() if accepts(text))


def _tried(
    side: str, kind: str, path: str, value: Any, accepted_by: tuple[str, ...], verdict: Verdict
) -> Tried:
    if not accepted_by:
        return Tried(kind, ())
    shown = f"{side} {path}: {_json(value)[:SHOWN_CHARS]}"
    return Tried(kind, accepted_by, _is_noted(verdict.relaxed, f"{side} {path}"), shown)


def _is_noted(relaxed: list[tuple[str, str]], here: str) -> bool:
    """Whether something is relaxed there, around it or below it."""
    # A schema that has options is read once for each of them, with what stands beside.
    here = _without_options(here)
    places = (_without_options(where) for where, _ in relaxed)
    return any(here.startswith(where) or where.startswith(here) for where in places)


def _without_options(path: str) -> str:
    return re.sub(r"\.anyOf\[\d+\]", "", path)


def conversation(tool: Tool, call: Any, response: Any) -> str:
    """One turn with one call, in dialog markup; what stands in the call need not be right."""
    written = f'{{"name": {_json(tool.name)}, "arguments": {_json(call)}}}'
    answer = f"<tool_response>{_json(response)}</tool_response>"
    return f"</user>\nHi\n</assistant>\n<tool>{written}</tool>\n{answer}\n</assistant>\nDone"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _line(error: BaseException) -> str:
    return getattr(error, "what", "") or f"{type(error).__name__}: {error}"[:SHOWN_CHARS]
