"""An evaluation against an endpoint whose answers are known gives the figures worked out by hand."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from rich.console import Console
from running import records

from evaluate.talks import Said, answering, calls, response, says, talk, user, write_dataset
from funcdex.evaluate.folder import EvalDir
from funcdex.evaluate.session import EvalOrder, Outcome, carry_out
from funcdex.settings.tree import Settings

FAILED = {"error": {"code": 404, "message": "No such letter."}}
DATASET = [
    talk(
        "one",
        user("Write to Ada."),
        calls(("SEND", {"to": "Ada", "pages": 2})),
        response({"id": 7}),
        says("Sent."),
        user("And to Bob and Eve, at once."),
        calls(("SEND", {"to": "Bob"}), ("SEND", {"to": "Eve"})),
        response({"id": 8}),
        response({"id": 9}, 1),
        says("Sent."),
        kind="happy_path",
    ),
    talk(
        "two",
        user("Where is letter 1?"),
        calls(("TRACK", {"id": 1})),
        response(FAILED),
        calls(("TRACK", {"id": 11})),
        response({"place": "Bonn"}),
        says("In Bonn."),
        kind="tool_error",
    ),
    talk("three", user("Sing a song."), says("I cannot."), kind="missing_tool") | {"toolkit": "post-more"},
    talk(
        "four",
        user("Write."),
        says("To whom?"),
        user("To Ada."),
        calls(("SEND", {"to": "Ada"})),
        response({}),
        says("Sent."),
        kind="missing_parameter",
    ),
]

ANSWERS: dict[str, Said] = {
    # Right: one value in another type that the schema allows would be, too; here to the letter but the order.
    "Write to Ada.": calls(("SEND", '{"pages": 2, "to": "Ada"}')),
    # One of two calls, and an argument too much.
    "And to Bob and Eve, at once.": calls(("SEND", {"to": "Bob"}), ("SEND", {"to": "Eve", "pages": 1})),
    "Where is letter 1?": calls(("FIND", {"id": 1})),
    "tool:TRACK": calls(("TRACK", '{"id": 11')),
    "Sing a song.": says("I am sorry."),
    "Write.": calls(("SEND", {"to": "you"})),
    "To Ada.": {**says("Let me"), "finish_reason": "length"},
}


def answer(body: dict[str, Any]) -> Said:
    last = body["messages"][-1]
    return ANSWERS["tool:TRACK" if last["role"] == "tool" else last["content"]]


def order(folder: Path, dataset: Path, *urls: str, **changes: Any) -> EvalOrder:
    pool = {"backoff_base_s": 0.01, "backoff_max_s": 0.1, "open_for_s": 0.1, "give_up_after_s": 1.0}
    settings = Settings.model_validate(
        {"endpoints": list(urls), "pool": pool, "prices": {"model-a": {"prompt": 2.0, "completion": 10.0}}}
    )
    return EvalOrder(EvalDir(folder), dataset, settings, **changes)


async def evaluated(asked: EvalOrder) -> Outcome:
    return await carry_out(asked, Console(file=io.StringIO()))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "data.jsonl", DATASET)


def ratio(a: str, b: str, common: int) -> float:
    return 2 * common / (len(a) + len(b))


async def test_every_figure_is_the_one_worked_out_by_hand(tmp_path: Path, dataset: Path) -> None:
    async with answering(answer) as server:
        outcome = await evaluated(order(tmp_path / "out", dataset, server.url))
    report, scores = outcome.report, outcome.report["scores"]
    value = {name: one["value"] for name, one in scores.items()}
    of = {name: one["of"] for name, one in scores.items()}
    assert outcome.whole and outcome.fault is None
    assert report["contexts"] == {"all": 7, "abstain": 2, "call": 5} and report["answered"] == 7
    # Right: the first letter, and no song.
    assert report["right"] == 2
    # Contexts with calls: all, one of two, none, none, none.
    assert value["exact_match"] == (1 + 0.5) / 5 and of["exact_match"] == 5
    # Likeness of the second call of the second context: blocks `{"arguments": {"` and `to": "Eve"}, "name":
    # "SEND"}`; of the third: all but TRACK and FIND, which have nothing in common; of the fourth the common
    # blocks are `{"arguments": `, `{`, `"id`, `": 11` and `, "name": "TRACK"}`.
    eve = '{"arguments": {"to": "Eve"}, "name": "SEND"}'
    eve_too_much = '{"arguments": {"pages": 1, "to": "Eve"}, "name": "SEND"}'
    track, find = '{"arguments": {"id": 1}, "name": "TRACK"}', '{"arguments": {"id": 1}, "name": "FIND"}'
    eleven, broken = (
        '{"arguments": {"id": 11}, "name": "TRACK"}',
        r'{"arguments": "{\"id\": 11", "name": "TRACK"}',
    )
    second = (1 + ratio(eve, eve_too_much, len(eve))) / 2
    third = ratio(track, find, len(track) - len("TRACK"))
    fourth = ratio(eleven, broken, len(eleven) - len("}"))
    assert value["string_ratio"] == pytest.approx((1 + second + third + fourth + 0) / 5, abs=1e-15)
    assert value["ast_match"] == 1 / 5
    # The tools are right in the first, the second and the fourth.
    assert value["tool_names"] == 3 / 5
    # Right: 2, then Bob and Eve. Came: 2, then 1 and 2, then FIND's 1. Expected: 2, 2, 1, 1, 1.
    assert value["argument_precision"] == 4 / 6 and value["argument_recall"] == 4 / 7
    assert value["abstention"] == 1 / 2 and value["error_recovery"] == 0 / 1
    assert value["missed_calls"] == 1 / 5 and value["hallucinated_tools"] == 1 / 7
    assert value["malformed_calls"] == 1 / 7 and value["cut_off"] == 1 / 7
    assert report["flaws"] == {
        "bad_json": 1,
        "called": 1,
        "no_call": 1,
        "unexpected_parameter": 1,
        "unknown_tool": 1,
        "wrong_tool": 1,
    }
    assert report["tokens"]["model-a"] | {"cost": 0} == {
        "prompt": 700, "completion": 49, "reasoning": 0, "cost": 0,
    }  # fmt: skip
    assert report["cost"] == (700 * 2 + 49 * 10) / 1e6
    assert report["by"]["toolkit"]["post-more"]["abstention"]["value"] == 1.0
    assert report["by"]["kind"]["missing_parameter"]["abstention"]["value"] == 0.0
    assert report["by"]["turn"]["2"]["ast_match"] == report["by"]["turn"]["2"]["ast_match"] | {
        "value": 0.0, "of": 2,
    }  # fmt: skip
    assert report["errors"]["kinds"]["tool_error"] == [2, 2]
    assert report["errors"]["tools"] == {"SEND": [3, 4], "TRACK": [2, 2]}
    assert report["errors"]["parameters"] == {"SEND.pages": [0, 1], "SEND.to": [0, 4], "TRACK.id": [0, 2]}


async def test_each_context_is_told_with_what_was_expected_and_what_was_wrong(
    tmp_path: Path, dataset: Path
) -> None:
    async with answering(answer) as server:
        await evaluated(order(tmp_path / "out", dataset, server.url))
    told = records(tmp_path / "out" / "records.jsonl")
    assert [one["key"] for one in told] == ["1.1", "1.5", "2.1", "2.3", "3.1", "4.1", "4.3"]
    broken = told[3]
    assert broken["expected"] == [{"name": "TRACK", "arguments": {"id": 11}}]
    assert broken["answered"] == [{"name": "TRACK", "arguments": '{"id": 11'}] and broken["after_error"]
    assert [flaw["code"] for flaw in broken["flaws"]] == ["bad_json"] and not broken["right"]
    assert told[6]["finish_reason"] == "length" and told[6]["answered"] == []


async def test_what_is_sent_is_the_context_and_the_tools_as_they_are(tmp_path: Path) -> None:
    thinking = calls(("SEND", {"to": "Ada"}), text="<analysis>Who?</analysis>\n<final>Yes.</final>")
    messages = [user("Write."), thinking, response({"id": 7}), calls(("TRACK", {"id": 7})), response({})]
    record = talk("one", *messages, says("Done.")) | {"system_prompt": "You send letters."}
    dataset = write_dataset(tmp_path / "data.jsonl", [record])
    async with answering(lambda body: says("no")) as server:
        await evaluated(order(tmp_path / "out", dataset, server.url))
    first, second = sorted(server.asked, key=lambda body: len(body["messages"]))
    assert first["tools"] == record["tools"] and first["tool_choice"] == "auto"
    assert (first["temperature"], first["max_tokens"], first["model"]) == (0.0, 4096, "model-a")
    assert first["messages"] == [
        {"role": "system", "content": "You send letters."},
        {"role": "user", "content": "Write."},
    ]
    assert second["messages"][2]["content"] == "Yes.", "thoughts are not shown again"
    assert second["messages"][2]["tool_calls"] == thinking["tool_calls"]
    assert second["messages"][3]["tool_call_id"] == "call_0" and len(second["messages"]) == 4


async def test_calls_in_the_text_count_on_request(tmp_path: Path) -> None:
    record = talk("one", user("Write."), calls(("SEND", {"to": "Ada"})), response({}), says("Done."))
    dataset = write_dataset(tmp_path / "data.jsonl", [record])
    text = '<tool_call>\n{"name": "SEND", "arguments": {"to": "Ada"}}\n</tool_call>'
    async with answering(lambda body: says(text)) as server:
        asked = order(tmp_path / "out", dataset, server.url, tool_choice="none", calls_in_text=True)
        outcome = await evaluated(asked)
        assert outcome.report["scores"]["exact_match"]["value"] == 1.0
        assert server.asked[0]["tool_choice"] == "none"
        again = order(tmp_path / "out", dataset, tool_choice="none")
        assert (await evaluated(again)).report["scores"]["exact_match"]["value"] == 0.0
        assert len(server.asked) == 1, "how answers are read may change; nothing is asked again for it"


async def test_an_answer_without_content_is_an_answer(tmp_path: Path, dataset: Path) -> None:
    async with answering(lambda body: {"content": None, "tool_calls": []}) as server:
        outcome = await evaluated(order(tmp_path / "out", dataset, server.url))
    assert outcome.report["answered"] == 7 and outcome.report["scores"]["missed_calls"]["value"] == 1.0
    assert len(server.asked) == 7


async def test_what_nobody_answers_is_told_and_asked_again_next_time(tmp_path: Path, dataset: Path) -> None:
    ill = True

    def sometimes(body: dict[str, Any]) -> Said | web.Response:
        if ill and body["messages"][-1]["content"] == "Sing a song.":
            return web.json_response({"error": {"message": "no songs"}}, status=400)
        return answer(body)

    async with answering(sometimes) as server:
        first = await evaluated(order(tmp_path / "out", dataset, server.url))
        assert first.whole and first.report["unanswered"] == {"refused": 1}
        assert first.report["answered"] == 6 and first.report["contexts"]["all"] == 7
        assert "fault" in records(tmp_path / "out" / "records.jsonl")[4]
        ill = False
        second = await evaluated(order(tmp_path / "out", dataset, server.url))
    assert second.report["unanswered"] == {} and second.report["answered"] == 7
    assert len(server.asked) == 8, "one was asked again, the others were not"


async def test_a_server_that_refuses_every_context_is_not_asked_for_ever(tmp_path: Path) -> None:
    many = write_dataset(tmp_path / "many.jsonl", [DATASET[0] | {"id": str(n)} for n in range(60)])

    def refusing(body: dict[str, Any]) -> Said | web.Response:
        said = "auto tool choice requires --enable-auto-tool-choice"
        return web.json_response({"error": {"message": said}}, status=400)

    async with answering(refusing) as server:
        outcome = await evaluated(order(tmp_path / "out", many, server.url))
        assert not outcome.whole and len(server.asked) < 120
    assert outcome.fault is not None and "--enable-auto-tool-choice" in str(outcome.fault)
    async with answering(answer) as server:
        again = await evaluated(order(tmp_path / "out", many, server.url))
    assert again.whole and again.report["answered"] == 120, "what was refused is asked again"


async def test_several_endpoints_share_the_contexts(tmp_path: Path, dataset: Path) -> None:
    async with answering(answer) as one, answering(answer) as two:
        outcome = await evaluated(order(tmp_path / "out", dataset, one.url, two.url))
    assert outcome.report["answered"] == len(one.asked) + len(two.asked) == 7
