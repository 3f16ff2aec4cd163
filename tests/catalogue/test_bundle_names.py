"""What a model calls the bundles that are proposed, and what is done where it says nothing of use."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from funcdex.bundle_names import Described, described_by
from funcdex.catalogue.bundles import Proposal
from funcdex.cli.app import app
from funcdex.errors import Unreachable
from funcdex.toolkits.load import load_document
from funcdex.toolkits.predecessor import wanted_specs
from funcdex.toolkits.read import is_wanted_list
from funcdex.types.request import Completion, Request
from funcdex.types.tools import Tool, Toolkit

PAIR = Proposal(("mail", "calendar"), ("attendee",), 1.0)
KITS = [Toolkit(name, f"All of {name}.", (Tool(name, "LIST", "Lists."),)) for name in PAIR.toolkits]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('{"name": " Meetings ", "description": "Arrange\\nmeetings."}', "Meetings"),
        ('{"name": "Meetings"}', None),
        ('{"name": 1, "description": "x"}', None),
        ("[]", None),
        ("no", None),
    ],
)
async def test_what_the_model_answers_is_read(text: str, name: str | None) -> None:
    asked: list[Request] = []

    async def generate(request: Request) -> Completion:
        asked.append(request)
        return Completion(text, "stop", "http://x", "m", 1, 1)

    found = await described_by(generate, PAIR, KITS, 0)
    assert found == (name and Described(PAIR.toolkits, "Meetings", "Arrange meetings."))
    assert "All of calendar." in asked[0].messages[1].content and asked[0].grammar is not None


async def test_a_bundle_that_no_endpoint_can_describe_stays_without_a_name() -> None:
    async def generate(request: Request) -> Completion:
        raise Unreachable("gone", where="http://x", fix="")

    assert await described_by(generate, PAIR, KITS, 0) is None


def test_bundles_are_described_by_the_endpoints_that_are_named(tmp_path: Path) -> None:
    out = tmp_path / "wanted.json"
    options = ["--toolkits", "gmail,jira", "--endpoints", "sim:1", "--out", str(out)]
    done = CliRunner().invoke(app, ["tools", "bundles", *options])
    assert done.exit_code == 0, done.output
    written = json.loads(out.read_text("utf-8"))
    (told,) = written["bundle_descriptions"]
    assert told["toolkits"] == ["gmail", "jira"] and told["name"] and told["description"]
    assert is_wanted_list(written)
    assert wanted_specs(load_document(out), "f")[-1] == "gmail+jira"
