"""What a conversation was before its corrections: put together from the journal, shown, and compared."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcdex.dataset.earlier import earlier_of
from funcdex.dml.turns import turn_texts
from funcdex.rundir.jsonlines import as_line
from funcdex.rundir.layout import RunDir
from funcdex.stages.correction import Correction, How
from funcdex.types.fault import Fault
from viewer.made import HOSTILE, Viewed, records, viewed


def turn(number: int) -> str:
    return f"</user>\nAsked {number}.\n</assistant>\nAnswered {number}.\n"


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[str], list[dict[str, Any]]]:
    """Every state of a conversation, the first one first, and what the journal says of the corrections
    between them."""
    states, notes = ["".join(map(turn, range(draw(st.integers(1, 5))))).strip()], list[dict[str, Any]]()
    for number in range(draw(st.integers(1, 4))):
        turns = turn_texts(states[-1])
        how: How = draw(st.sampled_from(("turn", "rest", "whole")))
        at = None if how == "whole" else draw(st.integers(0, len(turns) - 1))
        texts = (states[-1],) if at is None else turns
        correction = Correction(how, at, texts, (Fault("placeholder", f"detail {number}", at),))
        answer = "".join(
            turn(100 * (number + 1) + n) for n in range(1 if how == "turn" else draw(st.integers(1, 3)))
        )
        after = correction.applied(answer.strip())
        assert after is not None
        notes.append({"sample": 1, **correction.note, **correction.replaced})
        states.append(after)
    return states, notes


@given(histories())
def test_every_state_before_a_correction_is_found_again(
    history: tuple[list[str], list[dict[str, Any]]],
) -> None:
    states, notes = history
    earlier = earlier_of(states[-1], notes)
    assert [one.number for one in earlier] == list(range(1, len(notes) + 1))
    for one, state in zip(earlier, states, strict=False):
        assert one.text is not None and one.text.split() == state.split()
        assert [reason for reason, _ in one.faults] == ["placeholder"] and one.faults[0][1].startswith(
            "detail"
        )


def test_of_a_sample_that_was_given_up_only_the_replaced_text_is_known() -> None:
    first = {"sample": 1, "turn": 1, "how": "turn", "replaced": turn(1), "reasons": ["placeholder"]}
    second = {"sample": 2, "turn": 2, "how": "turn", "replaced": turn(2), "reasons": ["markup", "roles"]}
    given_up, last = earlier_of(turn(7) + turn(8), [first, second])
    assert given_up.text is None and given_up.replaced == turn(1)
    assert last.text == turn(7) + turn(2) and last.faults == (("markup", ""), ("roles", ""))


@pytest.mark.parametrize(
    "note",
    [
        {},
        {"turn": 9, "replaced": "x"},
        {"turn": True, "replaced": 5},
        {"turn": "1", "replaced": "x"},
        {"turn": 1, "replaced": None, "faults": [1, {"reason": 2}], "how": 3},
        {"turn": 0, "replaced": "x", "reasons": "none"},
    ],
)
def test_notes_that_say_nonsense_are_no_history(note: dict[str, Any]) -> None:
    (one,) = earlier_of(turn(1), [note])
    assert one.text is None
    assert earlier_of(turn(1), ["no note"]) == earlier_of(turn(1), "no list") == []


def corrected_one(run: RunDir) -> tuple[dict[str, Any], dict[str, Any]]:
    """A kept record that was corrected, and what the journal says of that."""
    kept = {one["id"]: one for one in records(run, "parsed_conversations")}
    for line in run.journal.read_bytes().splitlines():
        entry = json.loads(line)
        if entry["entry"] == "stage" and entry["id"] in kept:
            return kept[entry["id"]], entry["value"]["corrected"][0]
    raise AssertionError("nothing was corrected")


def folds(page: str) -> list[str]:
    """What stands in each fold about what was before a correction, as text."""
    found = re.findall(r'<details class="before">(.*?)</details>\s*(?=<|$)', page, re.S)
    return [unescape(re.sub(r"<[^>]+>", "", one)) for one in found]


def test_what_a_correction_replaced_is_folded_at_its_turn_with_its_fault(
    looking: Viewed, finished: RunDir
) -> None:
    record, note = corrected_one(finished)
    page = looking.page(f"/conversation?key={record['id']}")
    at = page.index('<details class="before">')
    assert page.rindex('<article class="turn"', 0, at) == page.index(
        f'<article class="turn" id="turn-{note["turn"]}"'
    )
    (told,) = folds(page)
    assert "Before correction 1" in told and note["faults"][0]["detail"] in told
    asked = note["replaced"].split("\n")[1]
    assert asked in told
    # Links of arguments lead to what stands now, so that nothing in the fold may have their targets' names.
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_original_is_compared_with_what_became_of_it(looking: Viewed, finished: RunDir) -> None:
    record, _ = corrected_one(finished)
    page = looking.page(f"/conversation?key={record['id']}")
    link = unescape(re.search(r'href="(/compare\?[^"]+)">Compare with what became', page)[1])  # type: ignore[index]
    compared = looking.page(link)
    assert "before correction 1</th>" in compared and "recorded</th>" in compared
    assert "<del>" in compared and "They are the same" not in compared
    assert compared == looking.page(f"/compare?left={record['id']}&right={record['id']}")


def test_verdicts_belong_to_the_version_that_was_judged(looking: Viewed, finished: RunDir) -> None:
    record, _ = corrected_one(finished)
    address = f"/conversation?key={record['id']}"
    assert "is the judges' verdict" in looking.page(address).replace("&#39;", "'")
    earlier = looking.page(f"{address}&version=before+correction+1")
    assert "is the judges' verdict" not in earlier.replace("&#39;", "'") and not folds(earlier)


def test_one_that_was_given_up_while_it_was_written_shows_why_at_its_turn(
    looking: Viewed, finished: RunDir
) -> None:
    lost = [one for one in records(finished, "rejected") if one["stage"] == "conversation"]
    assert lost
    for one in lost:
        page = looking.page(f"/conversation?key={one['id']}")
        assert "Rejected at conversation" in page and 'class="turn"' in page
        assert "why it was rejected" in page or "does not fit" in page, one["reason"]


def journal_line(key: str, dml: str, *corrected: object) -> bytes:
    value = {"dml": dml, "corrected": list(corrected)}
    return as_line({"entry": "stage", "id": key, "stage": "conversation", "value": value, "usage": []})


def test_the_journal_is_followed_and_what_counts_no_more_is_not_shown(run: RunDir) -> None:
    record, note = corrected_one(run)
    key, line = (
        record["id"],
        next(
            line
            for line in run.journal.read_bytes().splitlines(keepends=True)
            if record["id"].encode() in line
        ),
    )
    run.journal.unlink()
    with viewed(run.path) as seen:
        assert not folds(seen.page(f"/conversation?key={key}"))
        shared = run.journal.parent / "000002-0000-001.jsonl"
        (run.journal.parent / "session").write_bytes(b"2\n")
        shared.write_bytes(line)
        seen.index.grow_to_the_end()
        assert len(folds(seen.page(f"/conversation?key={key}"))) == 1
        shared.with_suffix(".sealed").write_bytes(b"0\n")  # It was written by one that had lost its range.
        assert not folds(seen.page(f"/conversation?key={key}"))
    assert note["turn"]


def test_text_that_is_no_conversation_is_shown_as_text(run: RunDir) -> None:
    kept = records(run, "accepted_conversations")
    with run.journal.open("wb") as file:
        for record, text in zip(kept, HOSTILE, strict=False):
            said = text.replace("\ud800", "")
            whole = {
                "sample": 1,
                "turn": None,
                "how": said,
                "replaced": f"</user>\n{said}",
                "reasons": [said],
            }
            turns = {"sample": 1, "turn": 1, "how": "turn", "replaced": said, "faults": [{"reason": said}]}
            file.write(journal_line(record["id"], record["conversation_dml"], turns, whole))
    with viewed(run.path) as seen:
        for record, _ in zip(kept, HOSTILE, strict=False):
            page = seen.page(f"/conversation?key={record['id']}")
            assert page.count('<details class="before">') == 2
            main = page[page.index("<main") :]
            assert not re.search(r"<(script|img|svg)", main.replace("<svg viewBox", ""))
            whole_text = f"/compare?left={record['id']}&left_version=before+correction+2&right={record['id']}"
            assert "before correction 2</th>" in seen.page(whole_text)


def test_a_record_without_a_journal_is_shown(finished: RunDir, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(finished.output("parsed_conversations").read_bytes())
    with viewed(path) as seen:
        assert not folds(seen.page(f"/conversation?key={corrected_one(finished)[0]['id']}"))
