"""Votes of judges: what counts as one, how several become one, what is kept without any."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_model import SEND, ScriptedModel, context, conversation, draft

from funcdex.errors import ContextTooLong, EndpointError
from funcdex.export.lines import lines_after
from funcdex.grammar.check import fault_of_lark, matches
from funcdex.grammar.conversation import json_grammar
from funcdex.settings.judge import JudgeSettings
from funcdex.settings.tree import Settings
from funcdex.stages.judge import ANOTHER_TIME, judge, settle
from funcdex.stages.panel import decided
from funcdex.stages.rubric import (
    ASPECTS,
    LONGEST_REASON,
    MOST_WORDS,
    SCALE,
    VERDICTS,
    answer_schema,
    read_opinion,
)
from funcdex.types.record import Accepted, Draft, Rejected, StageDone
from funcdex.types.request import Completion, Request

READY = draft(shown=("SEND",), dml=conversation(turns=2), system_prompt="Help.")


def opinion(*turns: dict[str, str], turns_count: int = 2, quality: int = 4, **scores: Any) -> str:
    """An answer in which all is good but what `turns` say of the first turns."""
    entries: list[dict[str, Any]] = [
        {"turn": number}
        | dict.fromkeys(ASPECTS, "good")
        | (turns[number - 1] if number <= len(turns) else {})
        for number in range(1, turns_count + 1)
    ]
    whole = {"goal_reached": 5, "user_query_clarity": 5, "tool_use_quality": quality} | scores
    # As every matcher of the grammar wants it: in order, with one blank behind `,` and `:`.
    return json.dumps({"reasoning": "Fine.", "turns": entries, **whole}, ensure_ascii=False)


GOOD = opinion()
WRONG_FIRST = opinion({"arguments": "wrong: nobody gave this address"}, quality=3)
FLAWED_FIRST = opinion({"arguments": "flawed: a trifle"}, quality=4)


async def judged(
    *answers: str | tuple[str, str], **settings: Any
) -> tuple[StageDone | Rejected, ScriptedModel]:
    model = ScriptedModel({"judge": answers})
    return await judge(READY, context(model, judge=settings, generation={"max_stage_retries": 1})), model


async def scored(*answers: str, **settings: Any) -> StageDone:
    outcome, _ = await judged(*answers, **settings)
    assert isinstance(outcome, StageDone)
    return outcome


def accepted_record(outcome: StageDone) -> dict[str, Any]:
    entry = Accepted(READY.plan.id)
    lines = dict(lines_after(READY.after(outcome), entry, [SEND]))
    return dict(lines["parsed_conversations"])


NO_VERDICTS = (
    "",
    "null",
    "{",
    GOOD.replace("4", "0"),
    GOOD.replace(": 4", ': "4"'),
    GOOD.replace(": 4", ": true"),
    GOOD.replace(": 4", ": 4.0"),
    GOOD.replace('"good"', '"nice"', 1),
    GOOD.replace('"good"', '"wrong"', 1),
    GOOD.replace('"good"', '"wrong: "', 1),
    GOOD.replace('"turn": 2', '"turn": 3'),
    opinion(turns_count=1),
    opinion(turns_count=3),
    '{"reasoning": "Fine.", "user_query_clarity": 5, "tool_use_quality": 4}',
    "[" * 100_000,
)


@pytest.mark.parametrize("bad", NO_VERDICTS, ids=range(len(NO_VERDICTS)))
async def test_a_judge_that_fails_gives_no_score(bad: str) -> None:
    outcome, model = await judged(bad)
    assert isinstance(outcome, Rejected) and outcome.reason == "unscored"
    assert len(model.asked) == len(outcome.usage) == 2, "it is asked once more"


async def test_a_judge_that_was_cut_off_is_asked_again_and_not_the_same_way() -> None:
    outcome, model = await judged((GOOD, "length"), GOOD)
    assert isinstance(outcome, StageDone) and outcome.value["scores"]["tool_use_quality"] == 4
    first, second = (request.sampling for request in model.asked)
    assert first.temperature == 0 and second.temperature is not None and second.temperature >= 0.2
    assert first.seed != second.seed


async def test_verdicts_on_each_turn_are_kept_with_their_reasons() -> None:
    outcome = await scored(WRONG_FIRST)
    first, second = outcome.value["verdicts"]["turns"]
    assert (first["turn"], first["arguments"], first["verdict"]) == (1, "wrong", "wrong")
    assert first["reasons"] == {"arguments": "nobody gave this address"}
    assert second["verdict"] == "good" and "reasons" not in second
    assert outcome.value["verdicts"]["agreement"] is None, "one judge agrees with nobody"


async def test_the_majority_decides_and_who_disagreed_is_kept() -> None:
    outcome = await scored(GOOD, WRONG_FIRST, GOOD, votes=3)
    told = outcome.value["verdicts"]
    assert told["turns"][0]["arguments"] == "good" and outcome.value["scores"]["tool_use_quality"] == 4
    assert [(one["turn"], one["aspect"], one["verdict"]) for one in told["dissent"]] == [
        (1, "arguments", "wrong")
    ]
    assert told["agreement"] == pytest.approx((9 + 2 / 3) / 10, abs=1e-3)
    assert [vote["tool_use_quality"] for vote in told["votes"]] == [4, 3, 4]


async def test_where_all_differ_the_middle_decides_and_between_two_the_worse() -> None:
    outcome = await scored(GOOD, WRONG_FIRST, FLAWED_FIRST, votes=3)
    assert outcome.value["verdicts"]["turns"][0]["arguments"] == "flawed"
    outcome = await scored(GOOD, WRONG_FIRST, votes=2)
    assert outcome.value["verdicts"]["turns"][0]["arguments"] == "wrong"
    assert outcome.value["scores"]["tool_use_quality"] == 3


async def test_a_vote_counts_by_its_weight() -> None:
    panel = [{"model": "heavy", "weight": 3}, {"model": "light"}, {"model": "slight"}]
    outcome = await scored(WRONG_FIRST, GOOD, GOOD, panel=panel)
    assert outcome.value["verdicts"]["turns"][0]["arguments"] == "wrong"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(VERDICTS), st.floats(0.01, 100)), min_size=1, max_size=9))
def test_what_more_than_half_of_the_weight_says_is_decided(said: list[tuple[str, float]]) -> None:
    verdict = decided(said, VERDICTS)
    total = sum(weight for _, weight in said)
    for one in VERDICTS:
        if sum(weight for value, weight in said if value == one) > total / 2 * 1.000001:
            assert verdict == one
    assert verdict in {value for value, _ in said}


async def test_votes_are_asked_of_those_who_have_not_voted_and_named_ones_by_name() -> None:
    _, model = await judged(GOOD, votes=3)
    assert [request.avoid for request in model.asked] == [
        frozenset(),
        frozenset({"http://scripted"}),
        frozenset({"http://scripted"}),
    ]
    assert [request.sampling.temperature for request in model.asked] == [0, ANOTHER_TIME, ANOTHER_TIME]
    assert len({request.sampling.seed for request in model.asked}) == 3
    panel = [{"model": "m", "votes": 2}, {"endpoint": "http://gpu3:8000/v1/"}]
    _, model = await judged(GOOD, panel=panel)
    assert [request.rather for request in model.asked] == ["m", "m", "http://gpu3:8000"]


async def test_a_vote_that_fails_is_left_out_while_half_of_the_weight_is_there() -> None:
    kept = await scored("{", "{", GOOD, "{", GOOD, votes=3)
    assert len(kept.value["verdicts"]["votes"]) == 2
    assert kept.value["verdicts"]["failed"] == ["no sample was a verdict"]
    outcome, _ = await judged("{", "{", "{", "{", GOOD, votes=3)
    assert isinstance(outcome, Rejected) and outcome.reason == "unscored"
    assert outcome.detail == "1 of 3 votes: no sample was a verdict"


class RefusesFirst:
    """A pool that refuses some requests, and then has a good judge."""

    def __init__(self, refusals: int) -> None:
        self._left = refusals

    async def generate(self, request: Request) -> Completion:
        if self._left:
            self._left -= 1
            raise ContextTooLong("too long", where="http://small", fix="Shorten it.")
        return Completion(GOOD, "stop", "http://large", "large", 10, 20)


@pytest.mark.parametrize(("refusals", "is_scored"), [(1, True), (2, False)])
async def test_a_judge_that_cannot_be_asked_fails_alone(refusals: int, is_scored: bool) -> None:
    means = context(RefusesFirst(refusals), judge={"votes": 3})  # type: ignore[arg-type]
    outcome = await judge(READY, means)
    assert isinstance(outcome, StageDone) == is_scored
    if isinstance(outcome, Rejected):
        assert outcome.reason == "unscored" and EndpointError.kind not in outcome.detail
        assert "context_too_long" in outcome.detail


async def test_what_is_unscored_can_be_kept_with_null_and_the_reason() -> None:
    outcome, model = await judged("{", unscored="keep")
    assert isinstance(outcome, StageDone) and len(model.asked) == 2
    assert settle(READY.after(outcome), JudgeSettings(unscored="keep")) == Accepted(READY.plan.id)
    record = accepted_record(outcome)
    assert record["scores"] is None
    assert record["lineage"]["verdicts"]["unscored"] == "0 of 1 votes: no sample was a verdict"
    assert [said["role"] for said in record["messages"]].count("assistant") == record["loss_mask"].count(True)


async def test_without_judges_nobody_is_asked_and_what_was_verified_is_accepted() -> None:
    outcome, model = await judged(GOOD, enabled=False)
    assert isinstance(outcome, StageDone) and not model.asked
    assert isinstance(settle(READY.after(outcome), JudgeSettings(enabled=False)), Accepted)
    assert accepted_record(outcome)["lineage"]["verdicts"]["unscored"] == "no judge was asked"


def test_without_judges_no_endpoint_need_serve_them() -> None:
    stages = "scenario+persona+outline+tools+conversation+system_prompt"
    asked = {"endpoints": [f"http://a;stages={stages}"]}
    assert Settings.model_validate(asked | {"judge": {"enabled": False}}).endpoints
    with pytest.raises(ValueError, match="no endpoint serves the stage judge"):
        Settings.model_validate(asked)


def _scored(quality: int) -> Draft:
    return draft(scores={"tool_use_quality": quality})


def test_a_score_below_the_least_wanted_is_a_rejection() -> None:
    assert isinstance(settle(_scored(4), JudgeSettings()), Accepted)
    rejected = settle(_scored(4), JudgeSettings(min_tool_use_quality=5))
    assert isinstance(rejected, Rejected) and rejected.reason == "low_score"


def test_a_kind_may_have_a_least_score_of_its_own() -> None:
    settings = JudgeSettings(min_tool_use_quality=5, min_by_kind={_scored(3).plan.kind: 3})
    assert isinstance(settle(_scored(3), settings), Accepted)
    assert isinstance(settle(_scored(2), settings), Rejected)


async def test_turns_that_the_majority_faults_are_not_trained_on() -> None:
    record = accepted_record(await scored(WRONG_FIRST, WRONG_FIRST, GOOD, votes=3, min_tool_use_quality=3))
    roles = [message["role"] for message in record["messages"]]
    assert roles == ["user", "assistant", "tool", "assistant", "user", "assistant"]
    assert record["loss_mask"] == [False, False, False, False, False, True]
    record = accepted_record(await scored(WRONG_FIRST, GOOD, GOOD, votes=3))
    assert record["loss_mask"] == [False, True, False, True, False, True]


async def test_a_user_who_is_hard_to_understand_is_no_reason_not_to_train_on_the_answer() -> None:
    unclear = opinion({"user_clarity": "wrong: says nothing"})
    record = accepted_record(await scored(unclear))
    assert record["loss_mask"] == [False, True, False, True, False, True]
    assert record["lineage"]["verdicts"]["turns"][0]["user_clarity"] == "wrong"


def test_a_grammar_of_verdicts_holds_as_many_entries_as_there_are_turns() -> None:
    for turns in (1, 2, 7, 100):
        grammar = json_grammar(answer_schema(turns))
        assert fault_of_lark(grammar.render("lark")) is None
        assert grammar.relaxed == ()
        for count in (turns - 1, turns, turns + 1):
            assert matches(grammar, opinion(turns_count=count)) == (count == turns)


REFUSED: Sequence[str] = (
    GOOD.replace('"good"', '"nice"', 1),
    GOOD.replace('"good"', '"wrong"', 1),
    GOOD.replace('"turn": 2', '"turn": 1'),
    GOOD.replace(": 4", ": 6"),
)


def test_a_reason_has_an_end() -> None:
    grammar = json_grammar(answer_schema(2))
    for words in (MOST_WORDS, MOST_WORDS + 1):
        text = opinion({"arguments": "wrong:" + " because" * words})
        assert matches(grammar, text) == (words <= MOST_WORDS)
        assert read_opinion(text, 2) is not None, "an endpoint without grammars may say more"


@pytest.mark.parametrize("text", REFUSED, ids=range(len(REFUSED)))
def test_the_grammar_refuses_what_is_no_verdict(text: str) -> None:
    grammar = json_grammar(answer_schema(2))
    assert matches(grammar, GOOD) and matches(grammar, WRONG_FIRST)
    assert not matches(grammar, text) and read_opinion(text, 2) is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {aspect: st.sampled_from(["good", "flawed: é < 5", "wrong: it's off"]) for aspect in ASPECTS}
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(SCALE),
)
def test_what_the_grammar_takes_is_read(turns: list[dict[str, str]], quality: int) -> None:
    text = opinion(*turns, turns_count=len(turns), quality=quality)
    assert matches(json_grammar(answer_schema(len(turns))), text)
    read = read_opinion(text, len(turns))
    assert read is not None and read.scores["tool_use_quality"] == quality
    for said, understood in zip(turns, read.turns, strict=True):
        assert all(said[aspect].startswith(understood[aspect].verdict) for aspect in ASPECTS)


def test_a_long_reason_is_cut() -> None:
    read = read_opinion(opinion({"arguments": "wrong: " + "x" * 10_000}), 2)
    assert read is not None and len(read.turns[0]["arguments"].reason) == LONGEST_REASON
