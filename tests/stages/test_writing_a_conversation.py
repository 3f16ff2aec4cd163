from __future__ import annotations

import pytest
from scripted_model import ScriptedModel, context, conversation, draft

from funcdex.stages.conversation import LEAST_TOKENS, write_conversation
from funcdex.types.record import Draft, Rejected, StageDone

GOOD = conversation()
WRONG_TYPE = conversation('{"to": 7}')
MISSING = conversation('{"express": true}')
UNKNOWN_TOOL = conversation("{}", name="TELEPORT")
NO_MARKUP = "I would rather not."


def ready() -> Draft:
    return draft(scenario="s", persona="p", outline="o", shown=("SEND", "TRACK"))


async def written(
    *texts: str | tuple[str, str], corrections: tuple[str | tuple[str, str], ...] = (), **generation: int
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
    outcome, model = await written(MISSING, corrections=(conversation(turns=1),))
    assert isinstance(outcome, StageDone)
    assert (outcome.value["dml"], outcome.value["corrections"]) == (GOOD, 1)
    told = model.asked[1].messages[1].content
    assert "turn 1" in told and "'to'" in told and all(line in told for line in MISSING.splitlines())


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


CIRCLES = (GOOD + "\n</user>\nAnd then?" * 60, "length")
BLANKS = (GOOD + " " * 200, "length")
ENDED_IN_CIRCLES = GOOD + " It is on its way, and it is on its way, as I said before." * 30


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (CIRCLES, "repetition"),
        (ENDED_IN_CIRCLES, "repetition"),
        (BLANKS, "whitespace"),
        ((GOOD[:60], "length"), "length"),
    ],
)
async def test_a_runaway_sample_is_drawn_again_with_other_sampling(
    lost: str | tuple[str, str], reason: str
) -> None:
    outcome, model = await written(lost, GOOD)
    assert isinstance(outcome, StageDone)
    assert (outcome.value["dml"], outcome.value["corrections"]) == (GOOD, 0)
    first, second = (request.sampling for request in model.asked)
    assert first.seed != second.seed and first.temperature != second.temperature
    assert first.frequency_penalty is None
    assert (second.frequency_penalty is None) == (reason == "length")

    outcome, model = await written(lost)
    assert isinstance(outcome, Rejected) and outcome.reason == reason
    assert outcome.detail.endswith(f"3 samples of {tokens_of(outcome)} tokens in all")
    assert [used.stage for used in outcome.usage] == ["conversation"] * 3, "nothing of it is corrected"


async def test_a_correction_that_runs_away_is_not_corrected_either() -> None:
    outcome, model = await written(WRONG_TYPE, GOOD, corrections=(CIRCLES,))
    assert isinstance(outcome, StageDone)
    assert [used.stage for used in outcome.usage] == ["conversation", "correction", "conversation"]
    assert model.asked[2].sampling.frequency_penalty


async def test_an_empty_answer_is_drawn_again() -> None:
    outcome, _ = await written(" ", GOOD)
    assert isinstance(outcome, StageDone) and [used.stage for used in outcome.usage] == ["conversation"] * 2


def tokens_of(outcome: Rejected) -> int:
    return sum(used.completion_tokens for used in outcome.usage)


async def test_no_sample_is_drawn_once_the_budget_of_tokens_is_spent() -> None:
    samples_tokens = len(CIRCLES[0].split())
    outcome, model = await written(CIRCLES, max_tokens=2 * samples_tokens + 1, max_regenerations=20)
    assert isinstance(outcome, Rejected) and outcome.reason == "repetition"
    assert len(model.asked) == 2
    assert f"2 samples of {2 * samples_tokens} tokens" in outcome.detail


async def test_a_sample_may_take_no_more_than_is_left_of_the_budget() -> None:
    _, model = await written(CIRCLES, GOOD, max_tokens=500)
    asked = [request.sampling.max_tokens for request in model.asked]
    assert asked == [500, 500 - len(CIRCLES[0].split())]


async def test_corrections_are_paid_from_the_same_budget() -> None:
    outcome, model = await written(WRONG_TYPE, corrections=(WRONG_TYPE,), max_tokens=100, max_corrections=20)
    assert isinstance(outcome, Rejected) and outcome.reason == "invalid_arguments"
    assert tokens_of(outcome) + LEAST_TOKENS > 100 and len(model.asked) < 10


async def test_tokens_that_a_server_does_not_count_are_estimated() -> None:
    model = ScriptedModel({"conversation": (CIRCLES,)}, counts=False)
    outcome = await write_conversation(ready(), context(model, generation={"max_tokens": 600}))
    assert isinstance(outcome, Rejected) and len(model.asked) == 2
