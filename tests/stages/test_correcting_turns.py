"""Corrections write again only what is faulty: what stays is the same to the byte."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_model import ScriptedModel, context, draft
from strategies import conversations

from funcdex.dml.turns import turn_texts
from funcdex.dml.writer import write
from funcdex.export.lines import lines_after
from funcdex.grammar.check import matches
from funcdex.settings.generation import GenerationSettings
from funcdex.stages.conversation import faults_of, write_conversation
from funcdex.stages.correction import How, correction_of
from funcdex.types.fault import Fault
from funcdex.types.record import Draft, Rejected, StageDone
from funcdex.types.request import Request


def turn(user: str, number: int | str, *, name: str = "SEND", to: str = '"Ada"', end: str = "Done.") -> str:
    """A turn with one call, whose response brings up a number. Written with odd blanks, which stay."""
    key = "id" if name == "TRACK" else "to"
    return (
        f"</user>\n\n{user} \n</assistant>\n<tool>"
        f'{{"name":  "{name}", "arguments": {{"{key}": {to}}}}}</tool>\n'
        f'<tool_response>{{"id":{number}}}</tool_response>\n</assistant>\n{end}\n'
    )


FIRST = turn("Please write to Ada.", 71)
SECOND = turn("And to Bob.", 82, to='"Bob"')
THIRD = turn("And to Eve.", 93, to='"Eve"')
SECOND_WRONG = turn("And to Bob.", 82, to="5")
RELYING = turn("Where is Bob's?", 14, name="TRACK", to="82")
SECOND_AGAIN = """\
</user>
And to Bob.
</assistant>
<tool>{"name": "SEND", "arguments": {"to": "Bob"}}</tool>
<tool_response>{"id": 55}</tool_response>
</assistant>
Sent."""
BYE = "</user>\nThanks.\n</assistant>\nYou are welcome."


def ready() -> Draft:
    return draft(scenario="s", persona="p", outline="o", shown=("SEND", "TRACK"))


async def written(
    text: str, *corrections: str, **generation: Any
) -> tuple[StageDone | Rejected, list[Request]]:
    """What becomes of a first sample, and the requests for corrections."""
    model = ScriptedModel({"conversation": [text], "correction": corrections})
    outcome = await write_conversation(ready(), context(model, generation=generation))
    return outcome, [request for request in model.asked if request.stage == "correction"]


async def test_a_faulty_turn_is_written_again_between_those_that_stay() -> None:
    outcome, (asked,) = await written(FIRST + SECOND_WRONG + THIRD, SECOND_AGAIN)
    assert isinstance(outcome, StageDone)
    assert outcome.value["dml"] == (FIRST + SECOND_AGAIN + "\n" + THIRD).strip()
    note = {"sample": 1, "turn": 2, "how": "turn", "reasons": ["invalid_arguments", "ungrounded_argument"]}
    (corrected,) = outcome.value["corrected"]
    faults = corrected.pop("faults")
    assert corrected == note | {"replaced": SECOND_WRONG}
    assert [one["reason"] for one in faults] == note["reasons"] and "$.to" in faults[0]["detail"]
    assert asked.grammar is not None
    assert matches(asked.grammar, SECOND_AGAIN) and not matches(asked.grammar, SECOND_AGAIN + "\n" + BYE)
    told = asked.messages[1].content
    assert "Write turn 2 again" in told and "And to Eve." in told and "[turn 3]" in told


async def test_turns_that_rest_on_the_faulty_one_are_written_again_with_it() -> None:
    rest = SECOND_AGAIN + "\n" + BYE
    outcome, (asked,) = await written(FIRST + SECOND_WRONG + RELYING, rest)
    assert isinstance(outcome, StageDone) and outcome.value["dml"] == FIRST + rest
    assert outcome.value["corrected"][0]["how"] == "rest"
    assert outcome.value["corrected"][0]["replaced"] == (SECOND_WRONG + RELYING).rstrip()
    assert asked.grammar is not None and matches(asked.grammar, rest)
    assert "do not write\nit again" in asked.messages[1].content


async def test_faults_in_two_turns_are_mended_from_the_first_on() -> None:
    outcome, (asked,) = await written(FIRST + SECOND_WRONG + THIRD.replace('"Eve"', "6"), SECOND_AGAIN)
    assert isinstance(outcome, StageDone) and outcome.value["dml"] == FIRST + SECOND_AGAIN
    told = asked.messages[1].content
    assert "- turn 2:" in told and "- turn 3:" in told


async def test_what_does_not_help_is_done_in_a_wider_way() -> None:
    still_wrong = SECOND_WRONG.strip()
    outcome, asked = await written(
        FIRST + SECOND_WRONG + THIRD, still_wrong, still_wrong + "\n" + BYE, max_corrections=3,
        max_regenerations=0,
    )  # fmt: skip
    assert isinstance(outcome, Rejected) and outcome.reason == "invalid_arguments"
    assert ["Write turn 2 again, from its `</user>` to" in one.messages[1].content for one in asked] == [
        True, False, False,
    ]  # fmt: skip
    assert "Write the whole conversation again" in asked[2].messages[1].content


@pytest.mark.parametrize(
    "answer", ["I would rather not.", "</user>\nHi\n<tool>{</tool>", SECOND_AGAIN + "\n" + BYE]
)
async def test_an_answer_that_is_no_such_turn_changes_nothing(answer: str) -> None:
    outcome, asked = await written(
        FIRST + SECOND_WRONG + THIRD, answer, max_corrections=1, max_regenerations=0
    )
    assert isinstance(outcome, Rejected) and outcome.reason == "invalid_arguments" and len(asked) == 1


async def test_a_fault_of_the_whole_and_broken_markup_are_mended_as_a_whole() -> None:
    whole = (FIRST + SECOND).strip()
    for text in (FIRST.strip(), FIRST + "</user>\nAnd?"):
        outcome, (asked,) = await written(text, whole, min_user_turns=2)
        assert isinstance(outcome, StageDone) and outcome.value["dml"] == whole
        assert outcome.value["corrected"][0]["turn"] is None
        assert text in asked.messages[1].content


async def test_corrections_need_two_grammars_for_a_set_of_tools_however_many_there_are() -> None:
    texts = (FIRST + SECOND_WRONG + RELYING, FIRST + SECOND + THIRD.replace('"Eve"', "6") + RELYING)
    model = ScriptedModel({"conversation": texts * 3, "correction": [SECOND_AGAIN]})
    means = context(model)
    for _ in range(6):
        await write_conversation(ready(), means)
    keys = {request.grammar.key for request in model.asked if request.grammar is not None}
    assert len(keys) == 3 and means.grammars.snapshot().built == 3


async def test_a_record_says_what_was_corrected() -> None:
    outcome, _ = await written(FIRST + SECOND_WRONG + THIRD, SECOND_AGAIN)
    assert isinstance(outcome, StageDone)
    ((_, record),) = lines_after(ready().after(outcome), outcome, [])
    assert record["metadata"]["correction_attempts"] == 1
    told = [
        {key: one[key] for key in one if key not in ("replaced", "faults")}
        for one in outcome.value["corrected"]
    ]
    assert record["lineage"]["corrections"] == told
    assert [one["stage"] for one in record["lineage"]["requests"]] == ["conversation", "correction"]
    seeds = [one["sampling"]["seed"] for one in record["lineage"]["requests"]]
    assert len(set(seeds)) == 2 and record["lineage"]["funcdex"]


@settings(max_examples=60, deadline=None)
@given(conversations(), st.data())
def test_a_text_is_cut_into_turns_without_a_loss(data: Any, draw: st.DataObject) -> None:
    text = write(data)
    turns = turn_texts(text)
    assert "".join(turns) == text and len(turns) == len(data.turns)
    index = draw.draw(st.integers(0, len(turns) - 1))
    tried: list[tuple[How, int | None]] = draw.draw(st.sampled_from([[], [("turn", index)]]))
    correction = correction_of(text, [Fault("x", "y", index)], tried)
    answer = "</user>\nHi\n</assistant>\nHello"
    made = correction.applied(answer)
    assert made is not None
    if correction.how == "turn":
        assert made.removesuffix("\n") == (
            "".join(turns[:index]) + answer + "\n" + "".join(turns[index + 1 :])
        ).removesuffix("\n")
    elif correction.how == "rest":
        assert 0 < index and made == "".join(turns[:index]) + answer
    else:
        assert made == answer


def test_a_fault_in_a_turn_that_is_not_there_is_one_of_the_whole() -> None:
    assert correction_of(FIRST, [Fault("x", "y", 7)], ()).how == "whole"
    assert correction_of(FIRST, [], ()).how == "whole"


def test_values_that_were_known_before_bind_no_later_turn() -> None:
    known = turn("And to Bob, as letter 82 of Bobby.", 82, to='"Bobby"')
    later = turn("Where is Bobby's?", 14, name="TRACK", to="82")
    assert correction_of(FIRST + known + later, [Fault("x", "y", 1)], ()).how == "turn"
    assert correction_of(FIRST + SECOND + later, [Fault("x", "y", 1)], ()).how == "rest"


def test_a_turn_of_very_many_values_is_not_looked_through() -> None:
    many = turn("List them.", "[" + ",".join(map(str, range(5000, 9000))) + "]")
    assert correction_of(FIRST + many + BYE, [Fault("x", "y", 1)], ()).how == "rest"


def test_the_odd_blanks_of_these_turns_are_conversations() -> None:
    tools = context(ScriptedModel({})).shown(ready())
    assert faults_of(FIRST + SECOND + RELYING, tools, GenerationSettings()) == ()
