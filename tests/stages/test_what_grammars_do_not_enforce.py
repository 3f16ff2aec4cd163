"""What the grammar relaxes is checked in what was written, and the record says what that is."""

from __future__ import annotations

from typing import Any

import pytest
from scripted_model import ScriptedModel, context, conversation, draft

from funcdex.export.lines import lines_after
from funcdex.grammar.check import matches
from funcdex.settings.tree import Settings
from funcdex.stages.conversation import faults_of, write_conversation
from funcdex.stages.grammars import MAX_RELAXED_NAMED, grammar_note, grammar_of
from funcdex.types.record import StageDone
from funcdex.types.tools import Tool


def send(**properties: Any) -> Tool:
    return Tool("post", "SEND", "", {"type": "object", "properties": properties})


@pytest.mark.parametrize(
    ("schema", "keyword", "value"),
    [
        ({"type": "string", "not": {"const": "Ada Lovelace"}}, "not", '"Ada Lovelace"'),
        ({"type": "array", "uniqueItems": True}, "uniqueItems", "[1, 1]"),
        ({"type": "number", "maximum": 3}, "maximum", "4"),
        ({"oneOf": [{"type": "number"}, {"type": "integer"}]}, "oneOf", "4"),
        ({"type": "array", "maxItems": 40}, "maxItems", str([0] * 41)),
        ({"type": "string", "maxLength": 5}, "maxLength", '"Ada Lovelace"'),
        ({"type": "string", "pattern": "^[a-z]+$"}, "pattern", '"Ada"'),
    ],
)
def test_a_keyword_is_enforced_by_the_grammar_or_relaxed_and_a_break_is_found_with_its_turn(
    schema: dict[str, Any], keyword: str, value: str
) -> None:
    tool, generation = send(to=schema), Settings().generation
    grammar = grammar_of([tool], generation)
    relaxed = {lost.keyword for lost in grammar.relaxed}
    good, bad = conversation("{}"), conversation(f'{{"to": {value}}}')
    written = bad.replace("</user>\nThanks", good.partition("\n</user>\nThanks")[0] + "\n</user>\nThanks")
    second = good.partition("\n</user>\nThanks")[0] + "\n" + bad
    for text, turn in ((written, 0), (second, 1)):
        assert matches(grammar, text) == (keyword in relaxed)
        faults = faults_of(text, [tool], generation)
        # The user says the same twice and the values are from nowhere, which is not what is asked here.
        told = [(fault.reason, fault.turn) for fault in faults if fault.reason == "invalid_arguments"]
        assert told == [("invalid_arguments", turn)]
        assert "$.to" in faults[0].detail


async def test_every_readable_output_says_what_was_not_enforced() -> None:
    model = ScriptedModel({"conversation": [conversation()]})
    means = context(model)
    before = draft(scenario="s", persona="p", outline="o", shown=("SEND", "TRACK"))
    entry = await write_conversation(before, means)
    assert isinstance(entry, StageDone)
    ((name, line),) = lines_after(before.after(entry), entry, means.shown(before))
    (request,) = model.asked
    assert name == "conversations" and request.grammar is not None
    assert line["grammar"] == {"key": request.grammar.key, "relaxed_total": 0, "relaxed": []}
    without = StageDone(entry.id, "conversation", {"dml": ""})
    assert "grammar" not in lines_after(before.after(without), without, ())[0][1]


def test_a_record_that_cannot_name_all_says_how_many_there_are() -> None:
    many = send(**{f"p{n}": {"type": "array", "uniqueItems": True} for n in range(80)})
    note = grammar_note(grammar_of([many], Settings().generation))
    named = note["relaxed"]
    assert isinstance(named, list) and len(named) == MAX_RELAXED_NAMED
    assert note["relaxed_total"] == 80
    assert named[0] == "post/SEND parameters: $.properties.p0: uniqueItems"
