from __future__ import annotations

from scripted_model import ScriptedModel, context, conversation, draft

from funcdex.stages.conversation import write_conversation
from funcdex.types.record import Draft, Rejected, StageDone

GOOD = conversation()
WRONG_TYPE = conversation('{"to": 7}')
MISSING = conversation('{"express": true}')
UNKNOWN_TOOL = conversation("{}", name="TELEPORT")
NO_MARKUP = "I would rather not."


def ready() -> Draft:
    return draft(scenario="s", persona="p", outline="o", shown=("SEND", "TRACK"))


async def written(
    *texts: str | tuple[str, str], corrections: tuple[str, ...] = (), **generation: int
) -> tuple[StageDone | Rejected, ScriptedModel]:
    model = ScriptedModel({"conversation": texts, "correction": corrections or (WRONG_TYPE,)})
    return await write_conversation(ready(), context(model, generation=generation)), model


async def test_a_conversation_without_faults_is_kept_as_it_was_written() -> None:
    outcome, model = await written(GOOD)
    assert isinstance(outcome, StageDone)
    assert (outcome.value["dml"], outcome.value["corrections"]) == (GOOD, 0)
    assert [used.stage for used in outcome.usage] == ["conversation"]
    (request,) = model.asked
    assert request.grammar is not None and '"TRACK\\"' in request.grammar.render("lark")


async def test_faults_are_told_to_the_model_and_corrected() -> None:
    outcome, model = await written(MISSING, corrections=(GOOD,))
    assert isinstance(outcome, StageDone)
    assert (outcome.value["dml"], outcome.value["corrections"]) == (GOOD, 1)
    told = model.asked[1].messages[1].content
    assert "turn 1" in told and "'to'" in told and MISSING in told


async def test_after_the_corrections_a_new_sample_is_drawn_with_another_seed() -> None:
    outcome, model = await written(WRONG_TYPE, GOOD, max_corrections=2)
    assert isinstance(outcome, StageDone) and outcome.value["corrections"] == 2
    assert [used.stage for used in outcome.usage] == [
        "conversation",
        "correction",
        "correction",
        "conversation",
    ]
    seeds = [request.sampling.seed for request in model.asked]
    assert len(set(seeds)) == len(seeds)


async def test_what_cannot_be_mended_is_rejected_with_the_code_of_its_first_fault() -> None:
    for text, reason in (
        (UNKNOWN_TOOL, "unknown_tool"),
        (NO_MARKUP, "markup"),
        (WRONG_TYPE, "invalid_arguments"),
    ):
        outcome, model = await written(text, corrections=(text,), max_corrections=1, max_regenerations=1)
        assert isinstance(outcome, Rejected)
        assert (outcome.reason, outcome.stage) == (reason, "conversation")
        assert len(model.asked) == len(outcome.usage) == 4


async def test_an_answer_that_broke_off_is_not_corrected_but_drawn_again() -> None:
    outcome, _ = await written((GOOD[:40], "length"), GOOD)
    assert isinstance(outcome, StageDone) and [used.stage for used in outcome.usage] == ["conversation"] * 2
    outcome, _ = await written((GOOD[:40], "length"), max_regenerations=0)
    assert isinstance(outcome, Rejected) and outcome.reason == "length"


async def test_a_response_that_breaks_the_response_schema_is_a_fault() -> None:
    broken = GOOD.replace('{"id": 7}', '{"id": "seven"}')
    outcome, _ = await written(broken, corrections=(broken,))
    assert isinstance(outcome, Rejected) and outcome.reason == "invalid_response"


async def test_too_few_turns_and_a_thought_out_of_place_are_faults() -> None:
    outcome, _ = await written(conversation(turns=1), corrections=(conversation(turns=1),), min_user_turns=2)
    assert isinstance(outcome, Rejected) and outcome.reason == "too_few_user_turns"
    thoughtful = GOOD.replace("</assistant>", "<assistant_thought>Hm.</assistant_thought>\n</assistant>")
    outcome, _ = await written(thoughtful, corrections=(thoughtful,))
    assert isinstance(outcome, Rejected) and outcome.reason == "unexpected_thought"
