"""Who decides what is new can die at any moment, and whoever asks can: the answers stay the same."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from funcdex.cluster.decisions import Question
from funcdex.cluster.ledger import folder_of, read_lives
from funcdex.cluster.remote_guard import embedded, sketched
from funcdex.cluster.shard import Shard, ShardOrder
from funcdex.dedup.protocol import Duplicate, Unsettled
from funcdex.rundir.layout import RunDir
from funcdex.settings.dedup import DedupSettings

WORDS = DedupSettings(layers=("masked", "words"))
BORROWED = "The librarian borrows nine rare atlases about volcanoes for the winter exhibition."
LENT = "For the winter exhibition the librarian borrows nine rare atlases about volcanoes."
OTHER = "A pilot cancels the hotel in Oslo because the conference moved online."
LETTER = "Please write a letter to the landlord about the broken window in the kitchen, with photographs."
PARCEL = "Track the parcel with the spare wheels, and tell me whether the depot has it on the shelf already."


def shard(run: Path, dedup: DedupSettings = WORDS, number: int = 0) -> Shard:
    """A new life."""
    return Shard(ShardOrder(RunDir(run), dedup, 2, number))


def ask(one: Shard, asker: str, text: str, group: str = "gmail") -> object:
    """The answer to one question."""
    return one.decide_scenarios([Question(asker, group, text)])[0]


def test_of_two_alike_in_one_call_the_first_is_new(tmp_path: Path) -> None:
    answers = shard(tmp_path).decide_scenarios(
        [Question("a", "gmail", BORROWED), Question("b", "gmail", LENT), Question("c", "jira", LENT)]
    )
    assert answers[0] is None and answers[2] is None
    assert isinstance(answers[1], Duplicate) and answers[1].of == BORROWED


def test_a_new_life_knows_all_that_was_admitted(tmp_path: Path) -> None:
    assert ask(shard(tmp_path), "a", BORROWED) is None
    later = shard(tmp_path)
    assert isinstance(ask(later, "b", LENT), Duplicate)
    assert ask(later, "c", OTHER) is None
    assert len(list(read_lives(RunDir(tmp_path), 2, 0))) == 2
    assert isinstance(ask(shard(tmp_path), "d", OTHER), Duplicate)


def test_an_answer_that_was_lost_is_given_again(tmp_path: Path) -> None:
    first = shard(tmp_path)
    assert ask(first, "a", BORROWED) is None
    assert ask(first, "a", BORROWED) is None
    assert ask(shard(tmp_path), "a", BORROWED) is None
    assert len(list(read_lives(RunDir(tmp_path), 2, 0))) == 1


def test_what_an_asker_lost_does_not_bind_it_but_binds_others(tmp_path: Path) -> None:
    one = shard(tmp_path)
    assert ask(one, "a", BORROWED) is None
    assert ask(one, "a", LENT) is None
    assert ask(one, "a", LENT.upper()) is None
    assert isinstance(ask(one, "b", LENT), Duplicate)


def test_what_an_asker_lost_does_not_hide_what_another_has(tmp_path: Path) -> None:
    one = shard(tmp_path)
    assert ask(one, "a", BORROWED) is None
    assert ask(one, "b", OTHER) is None
    assert isinstance(ask(one, "a", OTHER), Duplicate)


def test_what_was_unsettled_is_unsettled_when_asked_again(tmp_path: Path) -> None:
    dedup = DedupSettings(layers=("words",), adjudicator=True, unsettled_similarity=0.5)
    near = "The librarian borrows nine rare atlases about volcanoes and returns two maps."
    first = shard(tmp_path, dedup)
    assert ask(first, "a", BORROWED) is None
    told = ask(first, "b", near)
    if isinstance(told, Unsettled):
        assert ask(shard(tmp_path, dedup), "b", near) == told


def test_an_actor_knows_nothing_of_what_another_decides(tmp_path: Path) -> None:
    assert ask(shard(tmp_path, number=0), "a", BORROWED) is None
    assert ask(shard(tmp_path, number=1), "b", BORROWED) is None


def test_a_torn_line_of_a_dead_life_says_nothing(tmp_path: Path) -> None:
    ask(shard(tmp_path), "a", BORROWED)
    with (folder_of(RunDir(tmp_path)) / "000002-000-001.jsonl").open("ab") as file:
        file.write(b'{"asker": "b", "gro')
    assert isinstance(ask(shard(tmp_path), "c", LENT), Duplicate)


def test_vectors_come_with_the_question_and_are_kept(tmp_path: Path) -> None:
    class TwoWays:
        """Everything that is about volcanoes lies one way."""

        def encode(self, texts: Sequence[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
            return np.array([[1, 0] if "atlases" in text else [0, 1] for text in texts], np.float32)

    dedup = DedupSettings(layers=("embedding",))
    near = BORROWED.replace("nine", "some")
    questions = embedded(TwoWays(), [("a", "gmail", BORROWED), ("b", "gmail", near), ("c", "gmail", OTHER)])
    answers = shard(tmp_path, dedup).decide_scenarios(questions[:1])
    answers += shard(tmp_path, dedup).decide_scenarios(questions[1:])
    assert [isinstance(one, Duplicate) for one in answers] == [False, True, False]


def talk(said: str, tool: str = "SEND") -> str:
    """A conversation of one call."""
    call = f'<tool>{{"name": "{tool}", "arguments": {{"to": "Ada"}}}}</tool>'
    response = '<tool_response>{"id": 7}</tool_response>'
    return f"</user>\n{said}\n</assistant>\n{call}\n{response}\n</assistant>\nDone."


def end(one: Shard, asker: str, text: str) -> object:
    """The answer about one finished conversation."""
    return one.decide_conversations(sketched(True, [(asker, "gmail", text)]))[0]


def test_conversations_are_decided_alike_in_every_life(tmp_path: Path) -> None:
    assert end(shard(tmp_path), "a", talk(LETTER)) is None
    assert isinstance(end(shard(tmp_path), "b", talk(LETTER)), Duplicate)
    assert end(shard(tmp_path), "a", talk(LETTER)) is None
    assert end(shard(tmp_path), "c", talk(PARCEL)) is None
    assert end(shard(tmp_path), "d", "no markup <") is None


def test_a_conversation_that_was_lost_binds_nobody_once_its_asker_has_another(tmp_path: Path) -> None:
    one = shard(tmp_path)
    assert end(one, "a", talk(LETTER)) is None
    assert end(one, "a", talk(LETTER, "SEND_AGAIN")) is None
    assert end(one, "a", talk(PARCEL)) is None
    assert end(one, "b", talk(LETTER, "SEND_AGAIN")) is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=12))
def test_restarts_at_any_moment_change_no_answer(askers: list[int]) -> None:
    asked = [(asker, (BORROWED, LENT, OTHER)[asker % 3]) for asker in askers]
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        steady = shard(Path(one))
        for asker, text in asked:
            answers = ask(steady, str(asker), text), ask(shard(Path(other)), str(asker), text)
            assert (answers[0] is None) == (answers[1] is None)
