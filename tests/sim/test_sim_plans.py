"""The simulated endpoint takes after the plan or the example that its prompt holds."""

from __future__ import annotations

import json

from funcdex.sim.script import FRESH, OWN, example_in, script_in

PLAN = """
The plan:
Message 1. The user: wants it
  The assistant asks: whose?
Message 2. The user: says it
  call 1: FIND, fails with 503
    text: "Ada", said in message 2
  call 2: FIND, works, the same arguments as call 1
  call 3, at the same time: LIST, works and finds nothing
  call 4: SEND, works
    id: from the response to call 2: items[1].id
  The assistant then: answers
How it ends: well
"""


def test_a_plan_is_read_from_the_lines_of_a_prompt() -> None:
    script = script_in(PLAN)
    assert script is not None
    first, second = script.turns
    assert first.asks and not first.calls and not second.asks
    assert [call.tool for call in second.calls] == ["FIND", "FIND", "LIST", "SEND"]
    assert script_in("Plan it in 3 messages.\n  call 1: FIND, works") is None


def test_calls_and_responses_follow_one_another_as_planned() -> None:
    script = script_in(PLAN)
    assert script is not None
    assert script.call() == {"name": "FIND", "arguments": {"text": OWN}}
    script.called('{"name": "FIND", "arguments": {"text": "Bo"}}')
    assert script.response() == ({"error": {"code": 503, "message": OWN}}, False)
    script.responded('{"error": {"code": 503, "message": "No."}}')
    assert script.call() == {"name": "FIND", "arguments": {"text": "Bo"}}, "the same again"
    assert script.next_is_at_once
    script.called("{")
    script.call()
    script.called("{}")
    script.responded('{"items": [{"id": "a"}, {"id": "b"}]}')
    assert script.finds_nothing
    script.responded("[]")
    assert script.call() == {"name": "SEND", "arguments": {"id": "b"}}
    assert script.call() is None, "nothing else is planned"


def test_a_response_that_is_needed_later_has_something_new_where_it_is_needed() -> None:
    script = script_in(PLAN.replace("call 2: items", "call 1: items").replace("fails with 503", "works"))
    assert script is not None
    assert script.response() == ({"items": [OWN, {"id": FRESH}]}, True)


def test_the_last_example_of_a_prompt_counts_and_broken_ones_are_none() -> None:
    example = {"facts": ["..."], "turns": []}
    assert example_in(f"So:\n{json.dumps(example)}\nAnswer.") == example
    assert example_in("no example") is None and example_in('{"facts": [}') is None
