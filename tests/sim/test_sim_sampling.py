"""What the simulated endpoint writes under a grammar: it obeys, it ends, it reads well."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llguidance import LLMatcher

from funcdex.dml.parser import parse
from funcdex.sim.generation import Generation
from funcdex.sim.tokens import byte_tokenizer

Answer = Callable[..., Generation]

_EMAIL = {
    "type": "object",
    "properties": {
        "recipientEmail": {"type": "string"},
        "subject": {"type": "string", "maxLength": 40},
        "dueDate": {"type": "string", "format": "date"},
        "sendAt": {"type": "string", "format": "date-time"},
        "threadId": {"type": "string"},
        "limit": {"type": "integer", "minimum": 10, "maximum": 500},
        "priority": {"enum": ["low", "high"]},
        "labels": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
    "required": ["recipientEmail", "subject", "dueDate", "sendAt", "threadId", "limit", "priority", "labels"],
    "additionalProperties": False,
}
_DIALOG = (
    r"""
start: "</user>" TEXT turn ("/user>" TEXT turn)*
turn: ("/assistant>" TEXT step+)* "/assistant>" (TEXT | LAST)
step: call "</tool>" BLANK response "</tool_response>" BLANK
call: "tool>{\"name\": \"SEND\", \"arguments\": " arguments "}"
response: "tool_response>" answer
TEXT: /([^<]|<+[^<\/ta])*<+/
LAST: /([^<]|<+[^<\/ta])+/
BLANK: /[ \n]*</
arguments: %json """
    + json.dumps(_EMAIL)
    + """
answer: %json {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
"""
)


def _accepts(grammar: str, text: str) -> bool:
    matcher = LLMatcher(byte_tokenizer(), grammar, log_level=0)
    data = text.encode()
    return bool(matcher.try_consume_tokens(data) == len(data) and matcher.is_accepting())


def _json(answer: Answer, schema: dict[str, Any], **fields: Any) -> Any:
    generation = answer(structured_outputs={"json": schema}, **fields)
    assert generation.finish_reason == "stop"
    value = json.loads(generation.text)
    jsonschema.validate(value, schema)
    return value


def test_a_grammar_with_one_word_gets_that_word(answer: Answer) -> None:
    odd = 'say "hello" <b>Grüße</b>, {x} \\ 7'
    generation = answer("say hello", structured_outputs={"grammar": f"start: {json.dumps(odd)}"})
    assert (generation.text, generation.finish_reason) == (odd, "stop")


@pytest.mark.parametrize("seed", range(12))
def test_a_conversation_is_in_its_grammar_and_parses(answer: Answer, seed: int) -> None:
    generation = answer(structured_outputs={"grammar": _DIALOG}, seed=seed)
    assert generation.finish_reason == "stop"
    assert _accepts(_DIALOG, generation.text)
    assert len(generation.tokens) < 3000
    for call in parse(generation.text).calls:
        jsonschema.validate(call.arguments, _EMAIL)


def test_conversations_have_several_turns_and_calls(answer: Answer) -> None:
    conversations = [
        parse(answer(structured_outputs={"grammar": _DIALOG}, seed=seed).text) for seed in range(20)
    ]
    assert 2 <= sum(len(conversation.turns) for conversation in conversations) / 20 <= 6
    assert 2 <= sum(len(conversation.calls) for conversation in conversations) / 20 <= 12


def test_what_a_call_needs_was_said_before(answer: Answer) -> None:
    for seed in range(10):
        text = answer(structured_outputs={"grammar": _DIALOG}, seed=seed).text
        for call in parse(text).calls:
            before = text[: text.index(json.dumps(call.arguments, ensure_ascii=False))]
            assert call.arguments["recipientEmail"] in before
            assert call.arguments["threadId"] in before
            assert call.arguments["dueDate"] in before


def test_values_fit_their_keys_and_schemas(answer: Answer) -> None:
    value = _json(answer, _EMAIL)
    assert "@" in value["recipientEmail"] and value["recipientEmail"].endswith(".example")
    assert value["sendAt"].startswith(value["dueDate"])
    assert 10 <= value["limit"] <= 500


def test_a_judge_is_mostly_content(answer: Answer) -> None:
    score = {"type": "integer", "enum": [1, 2, 3, 4, 5]}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"reasoning": {"type": "string"}, "score": score},
    }
    schema |= {"required": ["reasoning", "score"], "additionalProperties": False}
    scores = Counter(_json(answer, schema, seed=seed)["score"] for seed in range(200))
    assert 0.8 <= (scores[4] + scores[5]) / 200 < 1
    assert scores[4] > 50 and scores[5] > 50


def test_a_range_of_integers_is_a_scale_as_well(answer: Answer) -> None:
    scale = {"type": "integer", "minimum": 1, "maximum": 5}
    schema = {"type": "object", "properties": {"score": scale}, "required": ["score"]}
    scores = [_json(answer, schema, seed=seed)["score"] for seed in range(100)]
    assert sum(score >= 4 for score in scores) > 75


def test_response_format_takes_a_schema_or_any_object(answer: Answer) -> None:
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"const": 7}}, "required": ["a"]}
    schema |= {"additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    assert json.loads(answer(response_format=wanted).text) == {"a": 7}
    assert isinstance(json.loads(answer(response_format={"type": "json_object"}).text), dict)


def test_choices_regexes_and_gbnf_are_obeyed(answer: Answer) -> None:
    assert answer(structured_outputs={"choice": ["yes", "no"]}).text in ("yes", "no")
    assert len(answer(structured_outputs={"regex": "[0-9]{4}"}).text) == 4
    gbnf = 'root ::= "up" | "down"'
    assert answer(structured_outputs={"grammar": gbnf}).text in ("up", "down")
    assert answer(grammar=gbnf).text in ("up", "down")


def test_fields_that_vllm_dropped_constrain_nothing(answer: Answer) -> None:
    assert len(answer(guided_grammar='start: "x"', guided_json={"type": "integer"}).text) > 40


def test_the_same_request_gets_the_same_answer_and_another_seed_another(answer: Answer) -> None:
    grammar = {"grammar": _DIALOG}
    first = answer(structured_outputs=grammar, seed=1)
    assert answer(structured_outputs=grammar, seed=1) == first
    assert answer(structured_outputs=grammar, seed=2) != first
    assert answer("Other words.", structured_outputs=grammar, seed=1) != first


@pytest.mark.parametrize("max_tokens", [1, 40, 100])
def test_max_tokens_cuts_an_answer_short(answer: Answer, max_tokens: int) -> None:
    whole = answer(structured_outputs={"grammar": _DIALOG}, seed=3)
    cut = answer(structured_outputs={"grammar": _DIALOG}, seed=3, max_tokens=max_tokens)
    assert len(whole.tokens) > max_tokens
    assert (len(cut.tokens), cut.finish_reason) == (max_tokens, "length")


@pytest.mark.parametrize(
    "grammar",
    [
        "start: /[0-9]+/",
        "start: /[a-z]+/",
        "start: /(.|\\n)*/",
        'start: "(" start ")" | "x"',
        'start: "a" start | "b"',
        'start: ("<" /[^<>]*/ ">")+',
        "start: /[^\\x00-\\x7f]{3}/",
        "start: /[ \\n]*/",
        'start: %json {"type": "array", "items": {"type": "array", "items": {}}}',
        'start: %json {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3,}$"}',
        'start: %json {"type": "string", "minLength": 200}',
        'start: %json {"type": "number"}',
        'start: %json {"type": ["null", "boolean"]}',
    ],
)
def test_every_grammar_is_brought_to_an_end(answer: Answer, grammar: str) -> None:
    for seed in range(5):
        generation = answer(structured_outputs={"grammar": grammar}, seed=seed)
        assert generation.finish_reason == "stop"
        assert _accepts(grammar, generation.text)


def test_a_text_that_may_not_end_yet_stops_at_max_tokens(answer: Answer) -> None:
    generation = answer(structured_outputs={"grammar": "start: /[a-z]{5000}/"}, max_tokens=50)
    assert (len(generation.tokens), generation.finish_reason) == (50, "length")


def test_a_grammar_can_be_ignored(answer: Answer) -> None:
    generation = answer(structured_outputs={"grammar": 'start: "x"'}, obey=False)
    assert len(generation.text) > 40


def test_a_text_can_go_round_in_circles_within_its_grammar(answer: Answer) -> None:
    asked: dict[str, Any] = {"structured_outputs": {"grammar": _DIALOG}, "max_tokens": 300, "ramble": True}
    for seed in range(5):
        generation = answer(seed=seed, **asked)
        assert (len(generation.tokens), generation.finish_reason) == (300, "length")
        assert generation.text.count(generation.text[8:40]) > 5
    free = answer(max_tokens=300, ramble=True)
    assert free.finish_reason == "length" and free.text.count(free.text[:30]) > 5


def _schemas() -> st.SearchStrategy[dict[str, Any]]:
    leaves: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
        [
            {"type": "string"},
            {"type": "integer"},
            {"type": "number", "minimum": 0.5, "maximum": 9},
            {"type": "integer", "minimum": -20, "maximum": -3},
            {"type": "boolean"},
            {"type": "null"},
            {"enum": ["a", 'with "quote"', 3, None]},
            {"type": "string", "maxLength": 3},
            {"type": "string", "format": "email"},
            {"type": "string", "format": "uuid"},
            {"anyOf": [{"type": "integer"}, {"type": "string", "format": "time"}]},
        ]
    )
    keys = st.sampled_from(["to", "dueDate", "items", "body", "count", "a b", "é"])

    def nested(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        objects = st.dictionaries(keys, inner, max_size=4).flatmap(
            lambda properties: st.builds(
                lambda required, closed: (
                    {
                        "type": "object",
                        "properties": properties,
                        "required": sorted(required),
                    }
                    | ({"additionalProperties": False} if closed else {})
                ),
                st.sets(st.sampled_from(sorted(properties))) if properties else st.just(set()),
                st.booleans(),
            )
        )
        arrays = st.builds(
            lambda items, low: {"type": "array", "items": items, "minItems": low, "maxItems": low + 2},
            inner,
            st.integers(0, 4),
        )
        return objects | arrays

    return st.recursive(leaves, nested, max_leaves=8)


@given(schema=_schemas(), seed=st.integers(0, 2**32))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_the_schema_the_value_passes_it(answer: Answer, schema: dict[str, Any], seed: int) -> None:
    _json(answer, schema, seed=seed)
