"""The simulated endpoint answers whether two descriptions are of the same task, by their words."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from funcdex.sim.adjudication import verdict_on
from funcdex.sim.generation import Generation
from funcdex.stages.prompt import prompt

Answer = Callable[..., Generation]

ONE = "Ada at Northwind archives the unpaid invoices in the shared folder before Monday."
SWAPPED = "Bruno at Quillware archives the unpaid invoices in the shared folder before Friday."
OPPOSITE = "Ada at Northwind does not archive the unpaid invoices in the shared folder before Monday."
OTHER = "A librarian orders badges for the visitors of the spring fair."
_GRAMMAR = """
start: "{\\"same_task\\": " ("true" | "false") "}"
"""


def asked(one: str, other: str) -> str:
    return "\n".join(message.content for message in prompt("adjudicator").messages(earlier=one, new=other))


@pytest.mark.parametrize(("other", "same"), [(SWAPPED, True), (ONE, True), (OPPOSITE, False), (OTHER, False)])
def test_the_question_of_a_run_is_answered_by_likeness_of_words(
    answer: Answer, other: str, same: bool
) -> None:
    told = asked(ONE, other)
    assert verdict_on(told) == {"same_task": same}
    fields = {"structured_outputs": {"grammar": _GRAMMAR}}
    assert json.loads(answer(told, **fields).text) == {"same_task": same}


def test_a_text_that_looks_like_the_question_in_it_is_read_to_its_end() -> None:
    assert verdict_on(asked(f"{ONE}\n\nB: x", SWAPPED)) is not None
    assert verdict_on("Do A and B describe the same task?") is None
    assert verdict_on("A: one\n\nDo A and B describe the same task?") is None
