"""`funcdex export` from a run or a file to a folder, and what it says where it cannot."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from typer.testing import CliRunner

from export.records import ABSTENTION, MESSAGES, asks, call, calling, read_lines, record, says, write_lines
from funcdex.cli.app import app
from funcdex.cli.exits import Exit
from funcdex.cli.export import FormatName
from funcdex.errors import ConfigError
from funcdex.export.formats.registry import FORMATS
from funcdex.rundir.layout import RunDir

EVERY = pytest.mark.parametrize("format", [name for name in FORMATS if name != "parquet"])


def export(*words: object) -> SimpleNamespace:
    """Exit code, and what was printed where. A fault on purpose is raised."""
    result = CliRunner().invoke(app, ["export", *map(str, words)])
    if isinstance(result.exception, Exception) and not isinstance(result.exception, SystemExit):
        raise result.exception
    return SimpleNamespace(code=result.exit_code, out=result.stdout, err=result.stderr)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Forty records that have nothing in common."""
    some = (record(f"conv_{at:05d}", messages=distinct(at)) for at in range(40))
    return write_lines(tmp_path / "records.jsonl", *some)


def distinct(at: int) -> list[dict[str, object]]:
    letters = f"{'abcdefgh'[at % 8]}{'abcdefgh'[at // 8]}"
    first = asks(f"About matter {letters}.")
    return [
        first,
        calling(None, call(0, "search", query=letters)),
        MESSAGES[3] | {"tool_call_id": "call_0"},
        says("Ok."),
    ]


def test_every_format_has_its_option() -> None:
    assert set(FormatName.__args__) == set(FORMATS)  # type: ignore[attr-defined]


@EVERY
def test_the_same_input_and_options_give_the_same_bytes(source: Path, tmp_path: Path, format: str) -> None:
    options = [
        "--split",
        "test=0.2",
        "--mask-names",
        "--max-tools",
        "2",
        "--loss-mask",
        "--thoughts",
        "strip",
    ]
    options += ["--system-prompt-dropout", "0.5", "--seed", "5"]
    one, other = tmp_path / "one", tmp_path / "other"
    assert export(source, "--format", format, "--out", one, *options).code == 0
    assert export(source, "--format", format, "--out", other, *options).code == 0
    assert contents(one) == contents(other)
    assert {"README.md", "export.json"} <= contents(one).keys()
    assert len(read_lines(one / "train.jsonl")) == 32 and len(read_lines(one / "test.jsonl")) == 8


@EVERY
def test_damaged_lines_are_named_and_the_rest_is_exported(tmp_path: Path, format: str) -> None:
    good = [record(f"c{at}", messages=distinct(at)) for at in range(2)]
    lone = json.dumps(record(messages=[asks("\ud800"), says("x")]))
    source = write_lines(tmp_path / "r.jsonl", good[0], "{torn", "[]", lone, record(messages=[]), good[1])
    result = export(source, "--format", format, "--out", tmp_path / "out")
    assert result.code == Exit.FEWER_ACCEPTED
    assert len(read_lines(tmp_path / "out" / "train.jsonl")) == 2
    report = json.loads((tmp_path / "out" / "export.json").read_text("utf-8"))
    assert report["left_out"]["count"] == 4
    for line, why in ((2, "not JSON"), (3, "JSON object"), (4, "surrogate"), (5, "messages: expected")):
        assert f"left out: line {line}: " in result.err and why in result.err


def test_nothing_is_left_behind_where_no_record_is_good(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "r.jsonl", "{torn")
    with pytest.raises(ConfigError, match=r"no record can be exported: line 1: not JSON.*r\.jsonl"):
        export(source, "--format", "trl", "--out", tmp_path / "out")
    assert [one.name for one in tmp_path.iterdir()] == ["r.jsonl"]


def test_a_folder_that_is_there_is_not_overwritten(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(source, "--format", "trl", "--out", out)
    before = contents(out)
    with pytest.raises(ConfigError, match="--force"):
        export(source, "--format", "openai", "--out", out)
    assert contents(out) == before
    export(source, "--format", "openai", "--out", out, "--force", "--thoughts", "strip")
    assert contents(out) != before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out", "records.jsonl"]


def test_force_replaces_exports_and_nothing_else(source: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.tex").write_text("years of work", "utf-8")
    with pytest.raises(ConfigError, match="only an earlier export"):
        export(source, "--format", "trl", "--out", mine, "--force")
    assert (mine / "thesis.tex").exists()


def test_an_earlier_export_stays_where_a_new_one_fails(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(source, "--format", "trl", "--out", out)
    before = contents(out)
    with pytest.raises(ConfigError):
        export(write_lines(tmp_path / "bad.jsonl", "{"), "--format", "trl", "--out", out, "--force")
    assert contents(out) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["no-such-file"], r"cannot read the records.*no-such-file.*Name a run directory"),
        (["."], r"no run is in this folder"),
        (["records.jsonl", "--held-out-tools", "2"], r"need a split"),
        (["records.jsonl", "--split", "test=2"], r"a share between 0 and 1"),
        (["records.jsonl", "--format", "openai", "--thoughts", "reasoning_content"], r"keep or strip"),
    ],
)
def test_wrong_use_is_one_message(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=said):
        export(*words, "--out", "out", *([] if "--format" in words else ["--format", "trl"]))
    assert not (tmp_path / "out").exists()


def test_a_link_is_not_replaced_by_an_export(source: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    with pytest.raises(ConfigError, match="there already"):
        export(source, "--format", "trl", "--out", tmp_path / "link")


def test_a_format_without_a_row_for_any_conversation_says_so(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "r.jsonl", record(messages=ABSTENTION))
    with pytest.raises(ConfigError, match="turns without calls"):
        export(source, "--format", "xlam", "--out", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_held_out_tools_are_neither_called_nor_shown_in_train(tmp_path: Path) -> None:
    def using(at: int) -> dict[str, object]:
        name = ["LIST_MESSAGES", "READ_MESSAGE", "search"][at % 12 % 3 if at % 12 < 3 else 2]
        letters = f"{'abcdefgh'[at % 8]}{'abcdefgh'[at // 8]}"
        step = calling(None, call(0, name, query=letters))
        return record(
            f"c{at}", messages=[asks(letters), step, MESSAGES[3] | {"tool_call_id": "call_0"}, says("Ok.")]
        )

    source = write_lines(tmp_path / "r.jsonl", *(using(at) for at in range(48)))
    out = tmp_path / "out"
    export(source, "--format", "trl", "--out", out, "--split", "test=0.1", "--held-out-tools", 2)
    report = json.loads((out / "export.json").read_text("utf-8"))
    held_out = set(report["split"]["held_out_tools"])
    assert held_out == {"LIST_MESSAGES", "READ_MESSAGE"}
    for row in read_lines(out / "train.jsonl"):
        assert not held_out & {tool["function"]["name"] for tool in row["tools"]}
    assert {"LIST_MESSAGES", "READ_MESSAGE"} <= {
        tool["function"]["name"] for row in read_lines(out / "test.jsonl") for tool in row["tools"]
    }


def test_conversations_of_one_scenario_of_a_run_stay_together(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "manifest.json").write_text("{}", "utf-8")
    write_lines(
        run / "parsed_conversations.jsonl", *(record(f"c{at}", messages=distinct(at)) for at in range(40))
    )
    told = ({"id": f"c{at}", "metadata": {"scenario": f"The {'abcde'[at % 5]} matter."}} for at in range(40))
    write_lines(run / "accepted_conversations.jsonl", *told)
    out = tmp_path / "out"
    export(run, "--format", "trl", "--out", out, "--split", "test=0.2")
    sides = [
        {int(row["id"][1:]) % 5 for row in read_lines(out / f"{split}.jsonl")} for split in ("train", "test")
    ]
    assert len(sides[1]) == 1 and not sides[0] & sides[1]
    assert "5 groups" in (out / "README.md").read_text("utf-8")


def test_a_run_without_a_conversation_yet_says_so(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("{}", "utf-8")
    with pytest.raises(ConfigError, match="no accepted conversation yet"):
        export(tmp_path, "--format", "trl", "--out", tmp_path / "out")


def test_the_card_is_read_by_its_header_and_shows_no_foreign_markup(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script> | [x](http://evil) \u202e"
    some = [record("c1", kind=hostile, toolkit=hostile, model=hostile, simulated=True)]
    source = write_lines(tmp_path / "r.jsonl", *some)
    export(source, "--format", "trl", "--out", tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text("utf-8")
    _, header, body = text.split("---\n", 2)
    told = yaml.safe_load(header)
    assert told["license"] == "unknown"
    assert told["configs"][0]["data_files"] == [{"split": "train", "path": "train.jsonl"}]
    assert {one["name"] for one in told["dataset_info"]["features"]} == {
        "id",
        "toolkit",
        "kind",
        "messages",
        "tools",
    }
    assert "Licence: not chosen" in body and "Do not train on them" in body
    assert "<script>" not in body and "[x](" not in body.replace("\\[", "") and "\u202e" not in body


def test_pairs_are_made_of_versions_that_share_a_prompt(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    run.manifest.write_text("{}", "utf-8")
    run.journal.parent.mkdir()
    kept = "</user>\nHello.\n</assistant>\nGood day.\n</user>\nBye.\n</assistant>\nSee you."
    worse = kept.replace("Good day.", "What?")
    other = "</user>\nSomething else.\n</assistant>\nYes."
    write_lines(
        run.output("parsed_conversations"),
        *({"id": f"c{at}", "conversation_dml": kept, "tools": []} for at in "123"),
    )

    def stage(id: str, markup: str) -> dict[str, object]:
        return {"entry": "stage", "id": id, "stage": "conversation", "value": {"dml": markup}, "usage": []}

    write_lines(
        run.journal,
        stage("c1", worse), {"entry": "restarted", "id": "c1"}, stage("c1", kept),
        stage("c2", other), {"entry": "restarted", "id": "c2"}, stage("c2", kept),
        stage("c3", worse), "{torn",
    )  # fmt: skip
    out = tmp_path / "out"
    result = export(run.path, "--format", "trl", "--out", out, "--preferences")
    assert result.code == 0 and "preference pairs: 1" in result.out and "makes none" in result.out
    (pair,) = read_lines(out / "preferences" / "train.jsonl")
    assert (pair["id"], pair["prompt"]) == ("c1", [asks("Hello.")])
    assert pair["chosen"] == [says("Good day.")] and pair["rejected"] == [says("What?")]
    report = json.loads((out / "export.json").read_text("utf-8"))
    assert report["preferences"]["without_shared_prompt"] == 1


def test_a_turn_that_a_correction_replaced_makes_a_pair(tmp_path: Path) -> None:
    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    run.manifest.write_text("{}", "utf-8")
    run.journal.parent.mkdir()
    first, second = "</user>\nHello.\n</assistant>\nGood day.\n", "</user>\nBye.\n</assistant>\nSee you."
    worse = second.replace("See you.", "What?")
    write_lines(
        run.output("parsed_conversations"),
        *({"id": f"c{at}", "conversation_dml": first + second, "tools": []} for at in "1234"),
    )

    def stage(id: str, *corrected: dict[str, object]) -> dict[str, object]:
        value = {"dml": first + second, "corrected": list(corrected)}
        return {"entry": "stage", "id": id, "stage": "conversation", "value": value, "usage": []}

    one = {"sample": 1, "turn": 2, "how": "turn", "replaced": worse}
    earlier = {"sample": 1, "turn": 1, "how": "rest", "replaced": first.replace("Good day.", "Yes?")}
    write_lines(
        run.journal,
        stage("c1", one),
        stage("c2", one, earlier),  # The first turn was another one when the second was replaced.
        stage("c3", one, {"sample": 2, "turn": None, "how": "whole"}),  # Drawn anew after that.
        stage("c4", {"turn": 9, "replaced": worse}, {"turn": "2", "replaced": 7}),
    )
    out = tmp_path / "out"
    export(run.path, "--format", "trl", "--out", out, "--preferences")
    pairs = {pair["id"]: pair for pair in read_lines(out / "preferences" / "train.jsonl")}
    assert pairs.keys() == {"c1", "c2"}
    assert pairs["c1"]["prompt"] == [asks("Hello."), says("Good day."), asks("Bye.")]
    assert pairs["c1"]["chosen"] == [says("See you.")] and pairs["c1"]["rejected"] == [says("What?")]
    assert pairs["c2"]["prompt"] == [asks("Hello.")] and pairs["c2"]["rejected"] == [says("Yes?")]


def test_the_report_goes_to_standard_output_as_json(source: Path, tmp_path: Path) -> None:
    result = export(source, "--format", "trl", "--out", tmp_path / "out", "--json", "-")
    assert json.loads(result.out) == json.loads((tmp_path / "out" / "export.json").read_text("utf-8"))


def test_figures_are_of_the_real_names(source: Path, tmp_path: Path) -> None:
    export(source, "--format", "trl", "--out", tmp_path / "out", "--mask-names")
    report = json.loads((tmp_path / "out" / "export.json").read_text("utf-8"))
    assert report["figures"]["distinct_tools_shown"] == 4
    assert report["figures"]["calls"] == report["figures"]["arguments"] == 40


def test_parquet_needs_its_extra_before_anything_is_written(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"funcdex\[parquet\]"):
        export(source, "--format", "parquet", "--out", tmp_path / "out")


def test_parquet_shards_hold_every_row_in_order(source: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
    from funcdex.dataset.export import ExportOrder
    from funcdex.dataset.export import export as carry_out

    export(source, "--format", "trl", "--out", tmp_path / "trl")
    carry_out(ExportOrder(source, tmp_path / "out", FORMATS["parquet"], shard_bytes=6_000))
    shards = sorted((tmp_path / "out" / "data").iterdir())
    assert len(shards) > 1 and shards[0].name == f"train-00000-of-{len(shards):05d}.parquet"
    rows = [row for shard in shards for row in parquet.read_table(shard).to_pylist()]
    expected = read_lines(tmp_path / "trl" / "train.jsonl")
    assert [[json.loads(one) for one in row["messages"]] for row in rows] == [
        one["messages"] for one in expected
    ]


class FakeApi:
    def __init__(self, **_: object) -> None:
        self.said: list[object] = []

    def create_repo(self, repo: str, **asked: object) -> SimpleNamespace:
        CALLS.append(("create", repo, asked["private"], asked["repo_type"]))
        return SimpleNamespace(repo_id=repo)

    def upload_folder(self, **asked: object) -> None:
        CALLS.append(("upload", asked["repo_id"], Path(str(asked["folder_path"])).name))


CALLS: list[tuple[object, ...]] = []


@pytest.mark.parametrize("words", [[], ["--public"]])
def test_a_push_is_private_unless_it_is_asked_otherwise(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")
    CALLS.clear()
    monkeypatch.setattr(hub, "HfApi", FakeApi)
    result = export(source, "--format", "trl", "--out", tmp_path / "out", "--push", "me/data", *words)
    assert result.code == 0
    assert CALLS == [("create", "me/data", not words, "dataset"), ("upload", "me/data", "out")]


def test_a_push_that_fails_tells_what_is_there_and_no_token(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip("huggingface_hub", reason="huggingface_hub is not installed")

    class Refusing(FakeApi):
        def create_repo(self, repo: str, **asked: object) -> SimpleNamespace:
            raise OSError("hf_secret_token could not connect")

    monkeypatch.setattr(hub, "HfApi", Refusing)
    with pytest.raises(ConfigError, match="written but not uploaded") as caught:
        export(source, "--format", "trl", "--out", tmp_path / "out", "--push", "me/data")
    assert "hf_secret" not in str(caught.value)
    assert (tmp_path / "out" / "train.jsonl").exists()


def test_a_row_that_arrow_refuses_spoils_no_other(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    from funcdex.dataset.writers import ParquetWriter

    writer = ParquetWriter(tmp_path, "train", [{"name": "text", "dtype": "string"}], 1_000_000)
    writer.write({"text": "good"})
    with pytest.raises(ValueError, match="surrogate"):
        writer.write({"text": "\ud800"})
    writer.write({"text": "good too"})
    assert writer.close() == ["data/train-00000-of-00001.parquet"] and writer.rows == 2


def test_the_card_has_pictures_that_lie_beside_it(source: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    one, other = tmp_path / "one", tmp_path / "other"
    export(source, "--format", "trl", "--out", one, "--plots")
    export(source, "--format", "trl", "--out", other, "--plots")
    assert contents(one) == contents(other)
    named = re.findall(r"!\[[^]]+\]\(([^)]+)\)", (one / "README.md").read_text("utf-8"))
    assert {"figures/kinds.png", "figures/messages.png", "figures/calls.png"} <= set(named)
    for name in named:
        png = (one / name).read_bytes()
        assert png.startswith(b"\x89PNG") and len(png) < 100_000
    export(source, "--format", "trl", "--out", tmp_path / "plain")
    assert not (tmp_path / "plain" / "figures").exists()


def test_parquet_comes_with_pictures_unless_they_are_not_wanted(source: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    export(source, "--format", "parquet", "--out", tmp_path / "with")
    export(source, "--format", "parquet", "--out", tmp_path / "without", "--no-plots")
    assert (tmp_path / "with" / "figures" / "kinds.png").is_file()
    assert not (tmp_path / "without" / "figures").exists()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"tools": []}, "| the definitions that funcdex ships | MIT"),
        ({"tools": ["/home/me/shop.yaml"]}, "| shop.yaml | not told"),
        ({"tools": [], "catalog": "/data/tools.db"}, "| tools.db | not told"),
    ],
)
def test_the_card_of_a_run_tells_its_yield_prompts_and_tools(
    tmp_path: Path, settings: dict[str, object], told: str
) -> None:
    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    manifest = {
        "format": 1, "funcdex": "0.1.0", "python": "3.11", "created_at": "2026-01-02T03:04:05+00:00",
        "tools_digest": "abc", "prompts": {}, "settings": {"count": 9, "seed": 4} | settings,
    }  # fmt: skip
    run.manifest.write_text(json.dumps(manifest), "utf-8")
    write_lines(
        run.output("parsed_conversations"), record("c1", prompts={"judge": "0f0f"}, model="some-model")
    )
    export(run.path, "--format", "trl", "--out", tmp_path / "out")
    text = (tmp_path / "out" / "README.md").read_text("utf-8")
    assert told in text and "/home/me" not in text
    assert "| judge | 0f0f | 1 |" in text and "| some-model | 1 |" in text
    assert "| planned | 9 |" in text and "seed 4" in text and "## Known limits" in text


def test_a_conversation_in_which_nothing_is_to_be_learnt_is_left_out_and_counted(tmp_path: Path) -> None:
    nothing = record("c2", messages=distinct(2), loss_mask=[False] * len(distinct(2)))
    source = write_lines(tmp_path / "data.jsonl", record("c1", messages=distinct(1)), nothing)
    told = export(source, "--format", "trl", "--out", tmp_path / "masked", "--loss-mask")
    assert [row["id"] for row in read_lines(tmp_path / "masked" / "train.jsonl")] == ["c1"]
    assert "nothing in them is to be learnt: 1" in told.out
    assert json.loads((tmp_path / "masked" / "export.json").read_text("utf-8"))["nothing_to_learn"] == 1
    export(source, "--format", "trl", "--out", tmp_path / "all")
    assert len(read_lines(tmp_path / "all" / "train.jsonl")) == 2
