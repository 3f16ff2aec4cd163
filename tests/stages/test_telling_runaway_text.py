"""Which answers got lost, and how the model samples after one."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scripted_model import conversation
from strategies import conversations, texts

from funcdex.dml.writer import write
from funcdex.stages.runaway import Runaway, resampled, runaway_of
from funcdex.types.conversation import Conversation
from funcdex.types.request import Sampling

ROUNDS = st.integers(10, 60)
PHRASES = st.text("abcdefghij .,\n", min_size=1, max_size=300).filter(str.strip)
BEGINNING = conversation().removesuffix("You are welcome.")


def records(count: int) -> str:
    """A response with many records that differ in one field only."""
    items = [{"id": 1000 + n, "status": "shipped", "note": "Left with a neighbour."} for n in range(count)]
    return BEGINNING + f"<tool_response>{json.dumps({'items': items})}</tool_response>\n</assistant>\nDone."


@given(conversations())
def test_ordinary_conversations_are_never_runaway(some: Conversation) -> None:
    steps = [step for turn in some.turns for message in turn.messages for step in message.steps]
    calls = Counter(repr(pair) for step in steps for pair in zip(step.calls, step.responses, strict=True))
    assume(max(calls.values(), default=0) < 6)
    assert runaway_of(write(some), "stop") is None


@given(texts(), st.sampled_from(["stop", "content_filter", "unknown"]))
def test_ordinary_texts_are_never_runaway(text: str, finish_reason: str) -> None:
    assert runaway_of(text, finish_reason) is None


@given(st.integers(1, 300))
def test_lists_of_similar_records_are_never_circles(count: int) -> None:
    assert runaway_of(records(count), "stop") is None
    assert runaway_of(records(count)[: -len("</tool_response>\n</assistant>\nDone.")], "length") == "length"


@pytest.mark.parametrize("turns", range(2, 9))
def test_short_courtesies_in_every_turn_are_no_circles(turns: int) -> None:
    assert runaway_of(conversation(turns=turns), "stop") is None


def test_the_same_answer_to_different_calls_is_no_circle() -> None:
    saved = (
        '<tool_response>{"saved": true, "warnings": [], "quota": "plenty of room is left"}</tool_response>'
    )
    calls = (f'<tool>{{"name": "SAVE", "arguments": {{"id": {n}}}}}</tool>\n{saved}\n' for n in range(20))
    text = f"</user>\nSave them all.\n</assistant>\n{''.join(calls)}</assistant>\nAll twenty are saved."
    assert runaway_of(text, "stop") is None
    same = text
    for n in range(20):
        same = same.replace(f'"id": {n}}}', '"id": 0}')
    assert runaway_of(same, "stop") == "repetition"


@given(PHRASES, ROUNDS)
def test_a_phrase_repeated_to_the_token_limit_is_a_repetition(phrase: str, rounds: int) -> None:
    rounds += 200 // len(phrase)
    for cut in range(min(3, len(phrase))):
        text = BEGINNING + phrase * rounds + phrase[:cut]
        assume(text[-40:].strip())
        assert runaway_of(text, "length") == "repetition"


@given(PHRASES, ROUNDS)
def test_an_answer_that_is_mostly_one_phrase_is_a_repetition_though_it_ended(
    phrase: str, rounds: int
) -> None:
    once = f"{' '.join(phrase.split())} "
    circling = once * (rounds + 600 // len(once))
    assert runaway_of(f"</user>\nHello there.\n</assistant>\n{circling}", "stop") == "repetition"


def test_turns_that_all_say_the_same_are_a_repetition() -> None:
    asked, told = "That sounds good, please go on with it.", "I have gone on with it, as you asked."
    turn = f"</user>\n{asked}\n</assistant>\n{told}\n"
    assert runaway_of(BEGINNING + turn * 3, "stop") is None
    assert runaway_of(BEGINNING + turn * 12, "stop") == "repetition"


@given(st.text(" \n\t\r", min_size=40, max_size=500), texts())
def test_blanks_up_to_the_token_limit_are_whitespace(blanks: str, text: str) -> None:
    assert runaway_of(text + blanks, "length") == "whitespace"


def test_escaped_line_breaks_in_a_string_are_blanks_too() -> None:
    assert (
        runaway_of(BEGINNING + '<tool>{"name": "SEND", "arguments": {"to": "' + "\\n" * 30, "length")
        == "whitespace"
    )


@given(texts())
def test_what_was_merely_too_long_is_of_length(text: str) -> None:
    assert runaway_of(BEGINNING + text, "length") == "length"


# Sampling after it

USUAL = Sampling(max_tokens=10_000, temperature=0.7, top_p=0.9, seed=3)
RUNAWAYS = st.lists(st.sampled_from(["length", "repetition", "whitespace"]), max_size=12)


def test_without_a_runaway_sampling_stays_as_it_was() -> None:
    assert resampled(USUAL, []) == USUAL


@pytest.mark.parametrize(
    ("runaways", "temperature", "penalty"),
    [
        (["repetition"], 0.9, 0.01),
        (["repetition", "whitespace"], 1.1, 0.02),
        (["repetition"] * 3, 1.2, 0.03),
        (["length"], 0.5, None),
        (["length"] * 9, 0.2, None),
        (["length", "repetition"], 0.7, 0.01),
    ],
)
def test_circles_make_it_hotter_and_length_makes_it_cooler(
    runaways: list[Runaway], temperature: float, penalty: float | None
) -> None:
    changed = resampled(USUAL, runaways)
    assert (changed.temperature, changed.frequency_penalty) == (temperature, penalty)
    assert (changed.max_tokens, changed.top_p, changed.seed) == (10_000, 0.9, 3)


@given(st.none() | st.floats(0, 5), st.integers(1, 100_000), RUNAWAYS)
def test_sampling_stays_within_what_servers_take(
    temperature: float | None, max_tokens: int, runaways: list[Runaway]
) -> None:
    changed = resampled(Sampling(max_tokens=max_tokens, temperature=temperature), runaways)
    assert 0 <= (changed.temperature or 0) <= max(temperature or 1.0, 1.2) + 0.01
    assert 0 <= (changed.frequency_penalty or 0) <= 0.5
