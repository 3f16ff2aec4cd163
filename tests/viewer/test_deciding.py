"""What is decided by hand is written beside the records, durably, and by the viewer's own pages alone."""

from __future__ import annotations

import html
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from funcdex.rundir.layout import RunDir
from funcdex.rundir.review import Review, append_review, read_reviews
from funcdex.viewer.guard import CONTENT_SECURITY_POLICY
from viewer.made import TOKEN, Viewed, ids, records, viewed


def before_and_after(run: RunDir) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in run.path.glob("*.jsonl") if one.name != "review.jsonl"}


def a_kept_one(run: RunDir) -> str:
    id: str = records(run, "parsed_conversations")[0]["id"]
    return id


def test_a_decision_is_kept_shown_and_found_and_the_records_stay(seen: Viewed, run: RunDir) -> None:
    id, there = a_kept_one(run), before_and_after(run)
    page = seen.send(f"/review?key={id}", action="reject")
    assert "rejected by hand" in page
    seen.send(f"/review?key={id}", action="flag")
    seen.send(f"/review?key={id}", action="note", note="  look again <b>\r\n")
    assert seen.review(id) == Review("rejected", True, "look again <b>")
    for state in ("rejected", "flagged", "noted", "by_hand"):
        assert id in ids(seen.page(f"/?state={state}"))
    assert id not in ids(seen.page("/?state=accepted"))
    assert before_and_after(run) == there


def test_the_same_decision_again_takes_it_back(seen: Viewed, run: RunDir) -> None:
    id = a_kept_one(run)
    for action in ("accept", "accept", "flag", "flag"):
        seen.send(f"/review?key={id}", action=action)
    assert seen.review(id) == Review()
    assert len((run.path / "review.jsonl").read_text().splitlines()) == 4


def test_a_row_of_the_list_is_answered_with_that_row(seen: Viewed, run: RunDir) -> None:
    headers = {"HX-Request": "true", "HX-Target": "row-1"}
    response = seen.client.post(
        f"/review?key={a_kept_one(run)}", data={"token": TOKEN, "action": "accept"}, headers=headers
    )
    assert response.text.lstrip().startswith("<li") and "accepted by hand" in response.text


def test_what_was_given_up_early_cannot_be_accepted(seen: Viewed, run: RunDir) -> None:
    early = next(one["id"] for one in records(run, "rejected") if "conversation_dml" not in one)
    response = seen.client.post(f"/review?key={early}", data={"token": TOKEN, "action": "accept"})
    assert response.status_code == 422 and "no conversation to accept" in response.text
    assert seen.review(early) == Review()


def edited_text(seen: Viewed, id: str) -> str:
    """What the editor begins with."""
    found = re.search(r'<textarea name="text".*?>\n(.*?)</textarea>', seen.page(f"/edit?key={id}"), re.S)
    assert found is not None
    return html.unescape(found[1])


def test_an_edit_is_verified_before_it_is_saved(seen: Viewed, run: RunDir) -> None:
    id = a_kept_one(run)
    text = edited_text(seen, id)
    broken = seen.send(f"/edit?key={id}", action="save", text=text.replace("</assistant>", "</asistant>", 1))
    assert "Line" in broken and seen.review(id).edit is None
    faulty = seen.send(
        f"/edit?key={id}", action="save", text=text + "\n</user>\nAnd?\n</assistant>\n[insert date]"
    )
    assert "placeholder" in faulty and seen.review(id).edit is None
    seen.send(f"/edit?key={id}", action="check", text=text)
    assert seen.review(id).edit is None
    good = text + "\n</user>\nThank you!\n</assistant>\nYou are welcome."
    page = seen.send(f"/edit?key={id}", action="save", text=good)
    assert "You are welcome." in page and "edited" in page
    edit = seen.review(id).edit
    assert edit is not None and edit.dml == good and edit.faults == ()
    compared = seen.page(f"/compare?left={id}&left_version=recorded&right={id}&right_version=edited")
    assert "You are welcome." in compared and "<ins>" in compared
    seen.send(f"/edit?key={id}", action="withdraw")
    assert seen.review(id).edit is None


def test_an_edit_with_faults_is_saved_only_if_asked_for_and_says_which(seen: Viewed, run: RunDir) -> None:
    id = a_kept_one(run)
    text = "</user>\nHi there\n</assistant>\nHello on [insert date]"
    seen.send(f"/edit?key={id}", action="save_anyway", text=text)
    edit = seen.review(id).edit
    assert edit is not None and edit.faults == ("placeholder",)


@pytest.mark.parametrize(
    ("headers", "token", "why"),
    [
        ({}, "", "another session"),
        ({}, "wrong", "another session"),
        ({"Origin": "http://evil.example"}, TOKEN, "another page"),
        ({"Origin": "null"}, TOKEN, "another page"),
        ({"Origin": "https://testserver"}, TOKEN, "another page"),
        ({"Sec-Fetch-Site": "cross-site"}, TOKEN, "another page"),
        ({"Sec-Fetch-Site": "same-site"}, TOKEN, "another page"),
        ({"Host": "rebound.example"}, TOKEN, "not the viewer"),
        ({"Host": "testserver.evil.example"}, TOKEN, "not the viewer"),
    ],
)
def test_no_other_page_can_write(
    seen: Viewed, run: RunDir, headers: dict[str, str], token: str, why: str
) -> None:
    for path in ("/review", "/edit"):
        response = seen.client.post(
            f"{path}?key={a_kept_one(run)}", data={"token": token, "action": "reject"}, headers=headers
        )
        assert response.status_code == 403 and why in response.text
    assert not (run.path / "review.jsonl").exists()


def test_no_other_name_can_read(seen: Viewed) -> None:
    assert seen.client.get("/", headers={"Host": "rebound.example:80"}).status_code == 403
    for host in ("127.0.0.1:9999", "[::1]:80", "testserver"):
        assert seen.client.get("/", headers={"Host": host}).status_code == 200


def test_a_decision_by_get_is_none(seen: Viewed, run: RunDir) -> None:
    assert seen.client.get(f"/review?key={a_kept_one(run)}&action=reject&token={TOKEN}").status_code == 405


def test_a_body_without_end_is_not_read(seen: Viewed, run: RunDir) -> None:
    response = seen.client.post(f"/edit?key={a_kept_one(run)}", content=b"a" * (13 * 2**20))
    assert response.status_code == 413


def test_every_answer_forbids_what_is_not_the_viewers(seen: Viewed) -> None:
    for path in ("/", "/nowhere", "/static/viewer.css", "/live", "/dashboard"):
        headers = seen.client.get(path).headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
    assert "'unsafe" not in CONTENT_SECURITY_POLICY and "default-src 'self'" in CONTENT_SECURITY_POLICY


def test_files_outside_of_the_static_folder_are_not_served(seen: Viewed) -> None:
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static//etc/passwd"):
        assert seen.client.get(path).status_code == 404


def test_a_run_that_is_only_looked_at_takes_no_decision(looking: Viewed, finished: RunDir) -> None:
    id = a_kept_one(finished)
    assert "<textarea" not in looking.page(f"/conversation?key={id}") and 'name="action"' not in looking.page(
        "/"
    )
    for path in ("/review", "/edit"):
        assert (
            looking.client.post(f"{path}?key={id}", data={"token": TOKEN, "action": "flag"}).status_code
            == 403
        )
    assert looking.client.get(f"/edit?key={id}").status_code == 403
    assert not (finished.path / "review.jsonl").exists() and not (finished.path / "viewer-cache").exists()


def test_decisions_about_a_file_lie_beside_it(finished: RunDir, tmp_path: Path) -> None:
    path = tmp_path / "data.jsonl"
    path.write_bytes(finished.output("parsed_conversations").read_bytes())
    with viewed(path) as seen:
        seen.send(f"/review?key={a_kept_one(finished)}", action="flag")
    assert list(read_reviews(tmp_path / "data.jsonl.review.jsonl")) == [a_kept_one(finished)]


def test_many_write_at_once_and_a_torn_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    append_review(path, "first", {"decision": "accepted"})
    path.write_bytes(path.read_bytes() + b'{"at": "2026", "id": "torn", "decis')
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: append_review(path, f"conv_{n}", {"note": "n" * 5000}), range(64)))
    reviews = read_reviews(path)
    assert len(reviews) == 65 and reviews["first"].decision == "accepted" and "torn" not in reviews


def test_lines_that_say_nonsense_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "review.jsonl"
    append_review(path, "a", {"decision": "accepted", "note": "kept"})
    nonsense: list[dict[str, object]] = [
        {"decision": "burnt"},
        {"flagged": "yes"},
        {"note": 5},
        {"edit": {"dml": 5}},
        {"edit": "x"},
    ]
    with path.open("a") as file:
        file.writelines(json.dumps({"id": "a", **one}) + "\n" for one in nonsense)
        file.write('[1]\n{"id": 5}\n')
    assert read_reviews(path) == {"a": Review("accepted", False, "kept")}


def test_the_viewer_begins_with_what_was_decided_before(run: RunDir) -> None:
    id = a_kept_one(run)
    append_review(run.path / "review.jsonl", id, {"flagged": True})
    with viewed(run.path) as seen:
        assert ids(seen.page("/?state=flagged")) == [id]


def test_a_missing_token_is_told_to_htmx_where_messages_go(seen: Viewed, run: RunDir) -> None:
    response = seen.client.post(
        f"/review?key={a_kept_one(run)}", data={"action": "flag"}, headers={"HX-Request": "true"}
    )
    assert response.headers["hx-retarget"] == "#message"
