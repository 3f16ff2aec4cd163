"""The probe tries the notations of a server, best first, until one is really enforced."""

from __future__ import annotations

import json
import time
from typing import Literal

import pytest

from endpoints.scripted_server import ScriptedServer, chat_answer, fails, in_turn, says, serving
from funcdex.doctor import examine
from funcdex.endpoints.facts import EndpointFacts, Refused
from funcdex.endpoints.http import EndpointClient, open_transport
from funcdex.endpoints.probe import probe
from funcdex.endpoints.probe_grammar import ProbeGrammar
from funcdex.settings.endpoint_spec import EndpointSpec, Kind
from funcdex.settings.load import load
from funcdex.types.request import Dialect

GRAMMAR = ProbeGrammar()


async def _probed(
    server: ScriptedServer, *, kind: Kind = "auto", dialect: Dialect | None = None, required: bool = True
) -> EndpointFacts | Refused:
    async with serving(server), open_transport() as transport:
        client = EndpointClient(EndpointSpec(url=server.url, kind=kind, dialect=dialect), transport)
        return await probe(client, timeout_s=20, now=time.monotonic, require_enforcement=required)


async def _facts(
    server: ScriptedServer, *, kind: Kind = "auto", dialect: Dialect | None = None
) -> EndpointFacts:
    found = await _probed(server, kind=kind, dialect=dialect)
    assert isinstance(found, EndpointFacts), found
    assert found.enforces
    return found


async def _refusal(server: ScriptedServer, *, dialect: Dialect | None = None) -> Refused:
    found = await _probed(server, dialect=dialect)
    assert isinstance(found, Refused), found
    return found


def _sent(server: ScriptedServer) -> list[object]:
    """What each probe's body held beyond model, messages and sampling."""
    plain = {"model", "messages", "max_tokens", "temperature"}
    return [
        {name: value for name, value in probe.body.items() if name not in plain} for probe in server.probes
    ]


@pytest.mark.parametrize("kind", ["vllm", "llamacpp", "unknown"])
async def test_a_server_that_reads_the_best_dialect_is_asked_once(
    kind: Literal["vllm", "llamacpp", "unknown"],
) -> None:
    server = ScriptedServer(kind=kind)
    facts = await _facts(server)
    assert len(server.probes) == 1
    assert facts.passed_over == ()


async def test_ebnf_refused_is_followed_by_lark() -> None:
    server = ScriptedServer(refuses=frozenset({"ebnf"}))
    facts = await _facts(server)
    assert facts.dialect == "lark"
    assert _sent(server)[1] == {"structured_outputs": {"grammar": GRAMMAR.render("lark")}}
    assert [(one.kind, one.dialect) for one in facts.passed_over] == [("vllm", "ebnf")]
    assert "HTTP 400: cannot read ebnf" in facts.passed_over[0].outcome
    assert "lark, because" in facts.notes[0]


async def test_dialects_ignored_silently_are_passed_over_too() -> None:
    server = ScriptedServer(ignores=frozenset({"lark", "ebnf"}), text="Hello!")
    facts = await _facts(server)
    assert facts.dialect == "structural_tag"
    assert _sent(server)[2] == {"structured_outputs": {"structural_tag": GRAMMAR.render("structural_tag")}}
    assert [one.dialect for one in facts.passed_over] == ["ebnf", "lark"]
    assert all("'Hello!'" in one.outcome for one in facts.passed_over)


async def test_an_answer_that_begins_as_the_grammar_says_and_goes_on_as_it_likes_is_not_enforcement() -> None:
    server = ScriptedServer(text="qv7-maple-0413, and hello to you!", enforces=False)
    assert "ignores the grammar" in (await _refusal(server)).reason


async def test_an_answer_with_the_strings_that_the_grammar_allows_is_enforcement() -> None:
    facts = await _facts(ScriptedServer(text='qv7-maple-0413 "Hello".', enforces=False))
    assert facts.dialect == "ebnf"


async def test_a_server_that_takes_none_is_refused_with_each_that_was_tried() -> None:
    server = ScriptedServer(refuses=frozenset({"lark", "ebnf"}), ignores=frozenset({"structural_tag"}))
    refusal = await _refusal(server)
    assert refusal.final
    assert "lark as vllm takes it: HTTP 400: cannot read lark" in refusal.reason
    assert "structural_tag as vllm takes it: it answered 'hello there'" in refusal.reason
    assert "ebnf as vllm takes it: HTTP 400: cannot read ebnf" in refusal.reason
    assert [one.dialect for one in refusal.passed_over] == ["ebnf", "lark", "structural_tag"]


async def test_a_server_that_takes_none_will_do_where_none_is_needed() -> None:
    found = await _probed(ScriptedServer(enforces=False), required=False)
    assert isinstance(found, EndpointFacts)
    assert not found.enforces and found.dialect == "ebnf" and len(found.passed_over) == 3
    assert found.latency_s > 0


async def test_a_dialect_that_the_user_names_is_the_only_one_tried() -> None:
    server = ScriptedServer()
    assert (await _facts(server, dialect="ebnf")).dialect == "ebnf"
    assert _sent(server) == [{"structured_outputs": {"grammar": GRAMMAR.render("ebnf")}}]


async def test_a_named_dialect_that_is_not_enforced_is_not_replaced_by_another() -> None:
    server = ScriptedServer(refuses=frozenset({"ebnf"}))
    refusal = await _refusal(server, dialect="ebnf")
    assert [one.dialect for one in refusal.passed_over] == ["ebnf"]
    assert "Leave out ;dialect=" in refusal.reason
    assert len(server.probes) == 1


async def test_an_old_vllm_gets_the_field_it_knows() -> None:
    server = ScriptedServer(version="0.10.2", grammar_field="guided_grammar", refuses=frozenset({"ebnf"}))
    assert (await _facts(server)).dialect == "lark"
    assert _sent(server)[0] == {"guided_grammar": GRAMMAR.render("ebnf")}
    assert _sent(server)[-1] == {"guided_grammar": GRAMMAR.render("lark")}


@pytest.mark.parametrize("version", ["0.11.0", "0.12.0rc1", "1.0.0", "0.1.dev1+gabc", "nightly"])
async def test_every_other_vllm_gets_structured_outputs(version: str) -> None:
    server = ScriptedServer(version=version)
    await _facts(server)
    assert _sent(server) == [{"structured_outputs": {"grammar": GRAMMAR.render("ebnf")}}]


@pytest.mark.parametrize(
    ("field", "kind", "dialect"),
    [("ebnf", "sglang", "ebnf"), ("grammar", "llamacpp", "gbnf"), ("response_format", "fireworks", "gbnf")],
)
async def test_a_server_that_does_not_tell_what_it_is_is_spoken_to_as_each_kind(
    field: str, kind: str, dialect: str
) -> None:
    facts = await _facts(ScriptedServer(kind="unknown", grammar_field=field))
    assert (facts.kind, facts.dialect) == (kind, dialect)


async def test_a_kind_that_the_user_names_is_the_only_one_tried() -> None:
    server = ScriptedServer(kind="unknown", grammar_field="grammar")
    assert (await _facts(server, kind="llamacpp")).dialect == "gbnf"
    assert len(server.probes) == 1


async def test_a_grammar_that_breaks_the_server_is_followed_by_the_next_dialect() -> None:
    broken_once = in_turn(fails(500, "cannot compile"), says(chat_answer("qv7-maple-0413")))
    server = ScriptedServer(probed=broken_once)
    facts = await _facts(server)
    assert facts.dialect == "lark"
    assert "cannot compile" in facts.notes[0]


async def test_a_server_that_failed_on_one_dialect_and_ignored_the_others_may_do_better_later() -> None:
    ignored = says(chat_answer("Hello!"))
    refusal = await _refusal(ScriptedServer(probed=in_turn(fails(500, "cannot compile"), ignored, ignored)))
    assert not refusal.final
    assert "HTTP 500: cannot compile" in refusal.reason and "lark as vllm takes it" in refusal.reason


async def test_a_server_that_fails_on_every_dialect_is_in_trouble_even_where_none_is_needed() -> None:
    found = await _probed(ScriptedServer(probed=fails(500, "engine died")), required=False)
    assert isinstance(found, Refused) and not found.final
    assert "engine died" in found.reason


async def test_a_model_that_only_reasons_is_not_asked_again_in_other_dialects() -> None:
    answer = chat_answer(None, reasoning="so...")
    answer["choices"][0]["finish_reason"] = "length"
    server = ScriptedServer(probed=says(answer))
    assert "on reasoning before the answer began" in (await _refusal(server)).reason
    assert len(server.probes) == 1


async def test_the_settings_dialect_holds_for_endpoints_that_name_none() -> None:
    plain, own = ScriptedServer(), ScriptedServer()
    async with serving(plain, own):
        flags = {
            "endpoints": [plain.url, f"{own.url};dialect=structural_tag"],
            "grammar": {"dialect": "ebnf"},
        }
        findings = await examine(load(None, flags).settings)
    assert [one.facts and one.facts.dialect for one in findings] == ["ebnf", "structural_tag"]


async def test_doctor_tells_what_was_tried_before_and_what_came_of_it() -> None:
    old, none = ScriptedServer(refuses=frozenset({"ebnf"})), ScriptedServer(enforces=False)
    async with serving(old, none):
        findings = await examine(load(None, {"endpoints": [old.url, none.url]}).settings)
    first, second = (json.loads(json.dumps(one.as_json())) for one in findings)
    assert (first["dialect"], first["enforced"]) == ("lark", "yes")
    assert [one["dialect"] for one in first["passed_over"]] == ["ebnf"]
    assert "cannot read ebnf" in first["advice"][0]
    assert (second["usable"], second["dialect"]) == ("no", None)
    assert [one["dialect"] for one in second["passed_over"]] == ["ebnf", "lark", "structural_tag"]
    assert "ebnf as vllm takes it: it answered 'hello there'" in second["advice"][0]
