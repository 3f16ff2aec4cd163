"""Calls and responses against the tools that were shown."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import conversations, exchanges_of, tools

from funcdex.types.conversation import AssistantMessage, Conversation, JsonValue, Step, ToolCall, Turn
from funcdex.types.fault import Fault
from funcdex.types.tools import JsonSchema, Tool
from funcdex.verify.schemas import MAX_VIOLATIONS, UnusableSchema, violations
from funcdex.verify.verify import fits_tools

SEND = Tool(
    "gmail",
    "SEND",
    "Sends a mail.",
    {
        "type": "object",
        "properties": {"to": {"type": "string"}, "cc": {"type": "array", "items": {"type": "string"}}},
        "required": ["to"],
        "additionalProperties": False,
    },
    {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]},
)
LIST = Tool("gmail", "LIST", "Lists mails.")


def conversation_of(*exchanges: tuple[str, dict[str, JsonValue], JsonValue]) -> Conversation:
    steps = tuple(Step((ToolCall(name, arguments),), (answer,)) for name, arguments, answer in exchanges)
    small_talk = Turn("Hi", (AssistantMessage("Ho"),))
    return Conversation((small_talk, Turn("Go", (AssistantMessage("", steps), AssistantMessage("Done")))))


def test_calls_that_fit_their_tools_have_no_fault() -> None:
    fitting = conversation_of(("SEND", {"to": "Ann", "cc": []}, {"id": 1}), ("LIST", {"any": 1}, None))
    assert fits_tools(fitting, [SEND, LIST]) == ()


def test_every_fault_is_named_with_turn_and_call_and_path() -> None:
    conversation = conversation_of(
        ("SEND", {"cc": ["Bob", 5]}, {"id": 1}),
        ("FETCH", {}, {}),
        ("SEND", {"to": "Ann", "bcc": 1}, {"id": "x"}),
    )
    assert fits_tools(conversation, [SEND, LIST]) == (
        Fault("invalid_arguments", "arguments of call 1 (SEND): $.cc[1]: 5 is not of type 'string'", 1),
        Fault("invalid_arguments", "arguments of call 1 (SEND): $: 'to' is a required property", 1),
        Fault("unknown_tool", "call 2 names 'FETCH', which is not a shown tool", 1),
        Fault(
            "invalid_arguments",
            "arguments of call 3 (SEND): $: Additional properties are not allowed ('bcc' was unexpected)",
            1,
        ),
        Fault("invalid_response", "response to call 3 (SEND): $.id: 'x' is not of type 'integer'", 1),
    )


def test_both_calls_of_a_parallel_step_are_checked_against_their_own_response() -> None:
    step = Step((ToolCall("SEND", {"to": "A"}), ToolCall("SEND", {"to": "B"})), ({"id": 1}, {}))
    conversation = Conversation((Turn("Go", (AssistantMessage("", (step,)), AssistantMessage("Done"))),))
    assert [(fault.reason, fault.detail, fault.turn) for fault in fits_tools(conversation, [SEND])] == [
        ("invalid_response", "response to call 2 (SEND): $: 'id' is a required property", 0)
    ]


ERROR = {"error": {"code": 404, "message": "No such person."}}


def test_an_error_fits_where_errors_are_allowed() -> None:
    conversation = conversation_of(("SEND", {"to": "Ann"}, ERROR))
    assert fits_tools(conversation, [SEND], error_responses=True) == ()
    (fault,) = fits_tools(conversation, [SEND])
    assert (fault.reason, fault.turn) == ("invalid_response", 1)


@pytest.mark.parametrize(
    "response",
    [
        {"error": "No such person."},
        {"error": {"code": 200, "message": "OK"}},
        {"error": {"code": 404, "message": "No such person.", "id": 1}},
        {"error": {"code": 404}},
        {"errors": [{"code": 404, "message": "No such person."}]},
    ],
)
def test_what_is_no_error_fits_nowhere(response: JsonValue) -> None:
    faults = fits_tools(conversation_of(("SEND", {"to": "Ann"}, response)), [SEND], error_responses=True)
    assert {fault.reason for fault in faults} == {"invalid_response"}


def test_a_tool_that_describes_its_errors_has_no_others() -> None:
    told = {"type": "object", "properties": {"error": {"type": "object"}}, "required": ["error"]}
    tool = Tool("gmail", "SEND", "Sends a mail.", SEND.parameters, {"anyOf": [SEND.response, told]})
    own = conversation_of(("SEND", {"to": "Ann"}, {"error": {"reason": "quota"}}))
    assert fits_tools(own, [tool]) == fits_tools(own, [tool], error_responses=True) == ()
    other = Tool(
        "gmail",
        "SEND",
        "",
        SEND.parameters,
        {
            "oneOf": [
                SEND.response,
                {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]},
            ]
        },
    )
    general = conversation_of(("SEND", {"to": "Ann"}, ERROR))
    assert [fault.reason for fault in fits_tools(general, [other], error_responses=True)] == [
        "invalid_response"
    ]


@given(tools(), st.booleans(), st.data())
def test_values_made_from_the_schemas_have_no_fault(
    shown: tuple[Tool, ...], thoughts: bool, data: st.DataObject
) -> None:
    made = conversations(thoughts=thoughts, exchanges=exchanges_of(shown), max_turns=2)
    assert fits_tools(data.draw(made), shown) == ()


@given(tools(), st.data())
def test_an_argument_that_no_schema_knows_is_always_found(
    shown: tuple[Tool, ...], data: st.DataObject
) -> None:
    call, response = data.draw(exchanges_of(shown))
    conversation = conversation_of((call.name, {**call.arguments, "surprise": 1}, response))
    assert [fault.reason for fault in fits_tools(conversation, shown)] == ["invalid_arguments"]


def test_many_violations_and_long_messages_are_cut_short() -> None:
    found = violations({"items": {"type": "string"}}, list(range(100)))
    assert len(found) == MAX_VIOLATIONS
    (message,) = violations({"type": "object"}, "x" * 10_000)
    assert message.startswith("$: 'xxx") and message.endswith("is not of type 'object'")
    assert len(message) < 220


RECURSIVE: JsonSchema = {
    "$ref": "#/$defs/node",
    "$defs": {"node": {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}},
}


def nested(depth: int, innermost: JsonValue) -> JsonValue:
    return innermost if depth == 0 else {"next": nested(depth - 1, innermost)}


def test_a_schema_may_refer_to_itself() -> None:
    assert violations(RECURSIVE, nested(60, {})) == ()
    (message,) = violations(RECURSIVE, nested(3, 5))
    assert message == "$.next.next.next: 5 is not of type 'object'"


@pytest.mark.parametrize(
    ("schema", "what"),
    [
        ({"$ref": "#"}, "it refers to itself without end"),
        ({"type": "text"}, "$.type: 'text' is not valid under any of the given schemas"),
        ({"$ref": "#/nowhere"}, "PointerToNowhere: '/nowhere' does not exist"),
    ],
)
def test_what_makes_a_schema_unusable_is_said(schema: JsonSchema, what: str) -> None:
    with pytest.raises(UnusableSchema) as caught:
        violations(schema, {})
    assert str(caught.value).startswith(what)


def deeper(frames: int, work: Callable[[], object]) -> object:
    return deeper(frames - 1, work) if frames else work()


@pytest.mark.parametrize("frames", range(60))
def test_an_endless_schema_is_unusable_wherever_its_recursion_ends(frames: int) -> None:
    """In a library that is written in Rust, too: at one depth in six."""
    schema = {"oneOf": [True, {"$ref": "#"}]}
    with pytest.raises(UnusableSchema, match="without end"):
        deeper(frames, lambda: violations(schema, "text"))


def test_a_number_too_big_for_the_check_is_a_violation() -> None:
    (message,) = violations({"multipleOf": 0.01}, 10**400)
    assert "too big" in message


DEEP: dict[str, Any] = {}
for _ in range(2000):
    DEEP = {"items": DEEP}


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "text"},
        {"type": "string", "pattern": "["},
        {"$ref": "#/nowhere"},
        {"$ref": "#"},
        {"$ref": "#/properties/to/type", "properties": {"to": {"type": "string"}}},
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "file:///etc/passwd"},
        {"$id": "https://example.com/a", "$ref": "b"},
        {"properties": {"to": {"enum": {1, 2}}}},
        DEEP,
    ],
    ids=["type", "pattern", "nowhere", "loop", "no schema", "remote", "file", "id", "not json", "deep"],
)
def test_a_schema_that_cannot_be_used_is_a_fault_and_nothing_is_fetched(
    schema: JsonSchema, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[object] = []

    def refuse(*what: object, **_: object) -> None:
        # What is raised here becomes a fault like any other: only the list can tell.
        fetched.append(what)
        raise OSError("refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    broken = Tool("gmail", "SEND", "Sends a mail.", schema, schema)
    faults = fits_tools(conversation_of(("SEND", {"to": "Ann"}, {"to": 1})), [broken])
    assert {(fault.reason, fault.turn) for fault in faults} == {("unusable_schema", 1)}
    assert fetched == []
    assert all(len(fault.detail) < 400 for fault in faults)
