from __future__ import annotations

from pathlib import Path

import pytest

from funcdex.dedup import kept_sketches
from funcdex.dedup.conversations import ConversationLayer
from funcdex.dedup.kept_sketches import KeptSketches
from funcdex.dedup.sketch import Sketch, sketch_of


def talk(subject: str) -> str:
    wish = f"Please write to everybody on the list that the {subject} begins one hour later than planned."
    call = '<tool>{"name": "SEND", "arguments": {"to": "all"}}</tool>'
    return f"</user>\n{wish}\n</assistant>\n{call}\n<tool_response>{{}}</tool_response>\n</assistant>\nDone."


TALKS = [talk(subject) for subject in ("concert", "auction", "guided tour of the harbour")]


def same(one: Sketch | None, other: Sketch | None) -> bool:
    assert one and other
    return (one.said, one.calls, one.words.tolist()) == (other.said, other.calls, other.words.tolist())


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    drawn: list[str] = []

    def draw(text: str, *, names: bool) -> Sketch | None:
        drawn.append(text)
        return sketch_of(text, names=names)

    monkeypatch.setattr(kept_sketches, "sketch_of", draw)
    return drawn


def test_what_is_kept_is_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = KeptSketches(tmp_path / "sketches")
    ConversationLayer(0.8, "en", first).admit([("group", text) for text in TALKS])
    first.close()
    drawn = counting(monkeypatch)
    second = KeptSketches(tmp_path / "sketches")

    recalled = second.recall(TALKS)

    assert all(same(one, sketch_of(text)) for one, text in zip(recalled, TALKS, strict=True))
    assert not set(drawn) & set(TALKS)


def test_a_resumed_layer_knows_what_the_first_one_admitted(tmp_path: Path) -> None:
    first = KeptSketches(tmp_path / "sketches")
    ConversationLayer(0.8, "en", first).admit([("group", TALKS[0])])
    first.close()
    layer = ConversationLayer(0.8, "en", KeptSketches(tmp_path / "sketches"))
    layer.insert("group", TALKS[:1])

    same_again, new = layer.admit([("group", TALKS[0]), ("group", TALKS[1])])

    assert same_again is not None
    assert new is None


def test_a_duplicate_and_what_is_no_markup_are_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = KeptSketches(tmp_path / "sketches")
    ConversationLayer(0.8, "en", first).admit(
        [("group", TALKS[0]), ("group", f"{TALKS[0]} "), ("group", "<tool>{")]
    )
    first.close()
    drawn = counting(monkeypatch)

    recalled = KeptSketches(tmp_path / "sketches").recall([TALKS[0], f"{TALKS[0]} ", "<tool>{"])

    assert drawn[-2:] == [f"{TALKS[0]} ", "<tool>{"] and TALKS[0] not in drawn
    assert recalled[2] is None


@pytest.mark.parametrize("damage", ["another version", "a flipped byte", "a torn end"])
def test_what_cannot_be_believed_is_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    path = tmp_path / "sketches"
    first = KeptSketches(path)
    first.recall(TALKS)
    first.close()
    data = bytearray(path.read_bytes())
    if damage == "another version":
        monkeypatch.setattr(kept_sketches, "PROBE", talk("poetry reading"))
    elif damage == "a flipped byte":
        data[-20] ^= 1
    else:
        del data[-20:]
    path.write_bytes(data)
    drawn = counting(monkeypatch)

    recalled = KeptSketches(path).recall(TALKS)

    assert all(same(one, sketch_of(text)) for one, text in zip(recalled, TALKS, strict=True))
    assert TALKS[2] in drawn
