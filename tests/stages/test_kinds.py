"""Which kinds are drawn, what their grammars let through, and what checks of conversations find."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import sqrt

import pytest
from planned import (
    CALL,
    FIND,
    LOOK,
    SEND,
    SHOP,
    THEN_SEND,
    TOOLS,
    blueprint,
    call,
    draft,
    said,
    step,
    talk,
    turn,
)
from pydantic import ValidationError

from funcdex.data import data_dir
from funcdex.dml.parser import parse
from funcdex.errors import ConfigError
from funcdex.grammar.check import matches
from funcdex.settings.load import load
from funcdex.settings.tree import Settings
from funcdex.settings.variety import DEFAULT_KINDS
from funcdex.stages.blueprint import read_blueprint
from funcdex.stages.blueprint_checks import blueprint_faults
from funcdex.stages.conversation import faults_of
from funcdex.stages.empty_results import finds_nothing, lists
from funcdex.stages.grammars import grammar_of
from funcdex.stages.kind_checks import kind_faults
from funcdex.stages.kinds import ERROR_VARIANTS, SPECS, form_of, servable
from funcdex.stages.plan import plan_at, plans
from funcdex.toolkits.graph import graph_of
from funcdex.toolkits.read import read_toolkits
from funcdex.toolkits.select import make_bundles
from funcdex.types.kind import KINDS, Kind
from funcdex.types.tools import Bundle, JsonSchema, Tool, Toolkit

BUNDLES = make_bundles((), read_toolkits([data_dir("tool_definitions")]).toolkits)


def settings(**generation: object) -> Settings:
    return Settings.model_validate({"count": 2000, "generation": generation})


def test_over_a_run_the_kinds_come_as_often_as_their_shares_say() -> None:
    planned = list(plans(settings(), BUNDLES))
    counts = Counter[str](plan.kind for plan in planned)
    total = sum(DEFAULT_KINDS.values())
    for kind, share in DEFAULT_KINDS.items():
        p = share / total
        assert abs(counts[kind] - 2000 * p) <= 4 * sqrt(2000 * p * (1 - p)), kind
    assert counts.most_common(1)[0][0] == "happy_path"
    variants = Counter(plan.variant for plan in planned if plan.kind == "tool_error")
    assert set(variants) == set(ERROR_VARIANTS)
    assert {plan.difficulty for plan in planned} == {"easy", "medium", "hard"}
    assert (
        min(plan.today for plan in planned) >= "2024-01-01" and max(plan.today for plan in planned) < "2027"
    )


@pytest.mark.parametrize("seed", range(5))
def test_each_toolkit_has_its_share_of_every_kind(seed: int) -> None:
    chosen = settings().model_copy(update={"seed": seed})
    counts = Counter[tuple[str, str]]((one.toolkits[0], one.kind) for one in plans(chosen, BUNDLES))
    each, total = 2000 / len(BUNDLES), sum(DEFAULT_KINDS.values())
    for bundle in BUNDLES:
        for kind, share in DEFAULT_KINDS.items():
            assert abs(counts[bundle.name, kind] - each * share / total) <= 2.5, (bundle.name, kind)


def test_what_is_tried_again_keeps_its_kind_and_nothing_else() -> None:
    chosen = settings()
    for index in range(1, 60):
        first, again = (plan_at(index, chosen, BUNDLES, restarts) for restarts in (0, 1))
        assert first.kind == again.kind and first.seed != again.seed


def test_a_kind_without_a_share_is_never_drawn_and_neither_is_one_that_is_not_named() -> None:
    chosen = settings(kinds={"multi_step": 3, "tool_error": 1, "happy_path": 0})
    counts = Counter(plan.kind for plan in plans(chosen, BUNDLES))
    assert set(counts) == {"multi_step", "tool_error"} and 350 < counts["tool_error"] < 650


def test_a_kind_that_does_not_exist_is_refused_with_the_nearest_that_does() -> None:
    with pytest.raises(ConfigError, match="'hapy_path'; did you mean 'happy_path'"):
        load(None, {"generation": {"kinds": {"hapy_path": 1}}})
    for kinds in ({}, {"happy_path": 0}, {"happy_path": -1}, {"happy_path": float("inf")}):
        with pytest.raises(ValidationError):
            settings(kinds=kinds)


def test_every_toolkit_that_is_shipped_can_have_every_kind_and_every_failure() -> None:
    for bundle in BUNDLES:
        can = servable(bundle.tools, graph_of(bundle), Settings().generation)
        assert set(can) == set(KINDS), bundle.name
        assert len(can["tool_error"]) >= len(ERROR_VARIANTS) - 3, bundle.name


def test_what_a_toolkit_cannot_serve_falls_to_the_kinds_that_it_can() -> None:
    alone = Bundle((Toolkit("post", "", (Tool("post", "STAMP", "Buys a stamp."),)),))
    drawn = {plan.kind for plan in plans(settings(), (alone,))}
    assert drawn == set(KINDS) - {"multi_step", "missing_parameter", "missing_tool", "long_context"}
    assert {plan.kind for plan in plans(settings(kinds={"multi_step": 1}), (alone,))} == {"happy_path"}
    short = settings(kinds={"missing_parameter": 1, "multi_step": 1}, min_user_turns=1, max_user_turns=1)
    assert {plan.kind for plan in plans(short, (SHOP,))} == {"multi_step"}


def test_a_longer_run_keeps_the_kinds_of_its_first_conversations() -> None:
    chosen = settings()
    assert list(plans(chosen.model_copy(update={"count": 50}), BUNDLES)) == list(plans(chosen, BUNDLES))[:50]


INVOICE = {"items": [{"id": "inv-88", "total": 20}]}
FOUND = step((FIND, {"text": "Ada"}, INVOICE))
SENT = step((SEND, {"invoice_id": "inv-88", "to": "Ada"}, {"ok": True}))
RANG = step((CALL, {"name": "Ada"}, {"ok": True}))
TWO = step((FIND, {"text": "Ada"}, INVOICE), (CALL, {"name": "Bo"}, {"ok": True}))
THANKS = ("Thanks.", (), "Welcome.")


def failed(code: int, arguments: str = "Ada") -> str:
    return step((FIND, {"text": arguments}, {"error": {"code": code, "message": "No."}}))


WORDS = talk(("What is love?", (), "A song."), THANKS)
ONE_CALL = talk(("Find Ada's.", (FOUND,), "There."), THANKS)
PARALLEL = talk(("Find Ada's and ring Bo.", (TWO,), "Both done."), THANKS)
ERROR = talk(("Find Ada's.", (failed(503), FOUND), "There."), THANKS)


@pytest.mark.parametrize(
    ("kind", "accepted", "refused"),
    [
        ("happy_path", [ONE_CALL], [WORDS, PARALLEL, ERROR]),
        ("multi_step", [ONE_CALL], [WORDS, ERROR]),
        ("parallel_calls", [ONE_CALL, PARALLEL], [WORDS, ERROR]),
        ("tool_error", [ERROR], [WORDS, ONE_CALL, PARALLEL]),
        ("missing_parameter", [ONE_CALL], [WORDS]),
        ("missing_tool", [WORDS], [ONE_CALL]),
        ("irrelevant_request", [WORDS], [ONE_CALL]),
        ("change_of_mind", [ONE_CALL], [WORDS]),
        ("ambiguous_request", [ONE_CALL], [WORDS]),
        ("long_context", [ONE_CALL], [WORDS, PARALLEL]),
    ],
)
def test_the_grammar_of_a_kind_asks_for_what_the_kind_cannot_do_without(
    kind: Kind, accepted: list[str], refused: list[str]
) -> None:
    generation = Settings().generation
    of_kind = draft(kind, "server_error/retry" if kind == "tool_error" else "")
    grammar = grammar_of(TOOLS, generation, form_of(of_kind, generation))
    assert [matches(grammar, text) for text in accepted] == [True] * len(accepted)
    assert [matches(grammar, text) for text in refused] == [False] * len(refused)


def test_kinds_take_few_grammars_and_those_without_calls_one_for_all_tools() -> None:
    generation = Settings().generation
    forms = {form_of(draft(kind, v), generation) for kind in KINDS for v in SPECS[kind].variants}
    assert len(forms) == 4
    assert {spec.whole for spec in SPECS.values() if spec.form.error_responses != "none"} == {True}


MULTI = blueprint(turn(LOOK, THEN_SEND))
LATE = blueprint(turn(asks="whom?"), turn(call(FIND, text=said("Ada", 2))))
FAILS = call(FIND, "error", text=said("Ada"))
OTHERWISE = call(FIND, text=said("Bo"))
NOTHING = step((FIND, {"text": "Ada"}, {"items": []}))
OTHER = step((FIND, {"text": "Bo"}, INVOICE))


def retried(*after: str, code: int = 503) -> str:
    return talk(("Find Ada's.", (failed(code), *after), "There."), THANKS)


CASES = {
    "happy_path": ("", blueprint(turn(LOOK)), ONE_CALL, ERROR, "is an error"),
    "multi_step": (
        *("", MULTI, talk(("Send Ada hers.", (FOUND, SENT), "Sent."), THANKS)),
        *(talk(("Send Ada inv-88.", (FOUND, SENT), "Sent."), THANKS), "only an earlier response has told"),
    ),
    "parallel_calls": (
        *("", blueprint(turn(LOOK, call(CALL, parallel=True, name=said("Bo")))), PARALLEL),
        *(talk(("Both.", (FOUND, step((CALL, {"name": "Bo"}, {"ok": True}))), "Done."), THANKS), "at once"),
    ),
    "missing_parameter": (
        *("", LATE, talk(("Find it.", (), "Whose?"), ("Ada's.", (FOUND,), "There."))),
        *(
            talk(("Find it.", (FOUND,), "Whose?"), ("Ada's.", (FOUND,), "There.")),
            "before the assistant has asked",
        ),
    ),
    "ambiguous_request": (
        *("", LATE, talk(("Do Ada's.", (), "Find or send?"), ("Find.", (FOUND,), "There."))),
        *(talk(("Do Ada's.", (), "Sure."), ("Find.", (FOUND,), "There.")), "asks nothing"),
    ),
    "change_of_mind": (
        *("", blueprint(turn(LOOK), turn(OTHERWISE))),
        *(
            talk(("Ada's.", (FOUND,), "There."), ("No, Bo's.", (OTHER,), "There.")),
            ONE_CALL,
            "changed their mind",
        ),
    ),
    "missing_tool": ("", blueprint(turn()), WORDS, ONE_CALL, "nothing may be"),
    "irrelevant_request": ("", blueprint(turn()), WORDS, ONE_CALL, "nothing may be"),
    "long_context": ("", blueprint(turn(LOOK)), ONE_CALL, ERROR, "is an error"),
}
RECOVERIES = [
    (
        "server_error/retry",
        blueprint(turn(FAILS, LOOK)),
        ERROR,
        retried(OTHER),
        "not called again with the same",
    ),
    ("server_error/retry", blueprint(turn(FAILS, LOOK)), ERROR, retried(FOUND, code=404), "has the code 404"),
    (
        "timeout/tell_user",
        blueprint(turn(FAILS)),
        talk(("Find Ada's.", (failed(504),), "That did not work: the service timed out."), THANKS),
        retried(FOUND, code=504),
        "was to be told",
    ),
    (
        *("client_error/changed_arguments", blueprint(turn(FAILS, OTHERWISE))),
        *(retried(OTHER, code=404), retried(FOUND, code=404), "other arguments"),
    ),
    (
        *("rate_limit/retry", blueprint(turn(FAILS, LOOK)), retried(FOUND, code=429)),
        *(retried(FOUND, code=500), "has the code 500"),
    ),
    (
        *("client_error/another_tool", blueprint(turn(FAILS, call(CALL, name=said("Ada"))))),
        *(retried(RANG, code=404), retried(OTHER, code=404), "no other tool"),
    ),
    (
        *(
            "empty_result/changed_arguments",
            blueprint(turn(call(FIND, "empty", text=said("Ada")), OTHERWISE)),
        ),
        *(talk(("Ada's.", (NOTHING, OTHER), "There."), THANKS), talk(("Ada's.", (OTHER,), "."), THANKS)),
        "finds nothing",
    ),
]


@pytest.mark.parametrize(
    ("kind", "variant", "planned", "good", "bad", "words"),
    [(kind, *case) for kind, case in CASES.items()] + [("tool_error", *case) for case in RECOVERIES],
)
def test_the_check_of_a_kind_finds_what_is_not_of_it_and_nothing_else(
    kind: Kind, variant: str, planned: dict[str, object], good: str, bad: str, words: str
) -> None:
    of_kind = draft(kind, variant, planned)
    assert faults_of(good, TOOLS, Settings().generation, draft=of_kind) == ()
    faults = kind_faults(parse(bad), of_kind)
    assert any(fault.reason == "not_of_kind" and words in fault.detail for fault in faults), faults


def test_a_number_or_a_short_word_that_two_places_share_says_nothing() -> None:
    numbers = talk(
        ("Send Ada hers.", (step((FIND, {"text": "Ada"}, {"items": [{"id": "7", "total": 3}]})),
         step((SEND, {"invoice_id": "7", "to": "Ada"}, {"ok": True}))), "Sent."), THANKS,
    )  # fmt: skip
    assert [fault.reason for fault in kind_faults(parse(numbers), draft("multi_step", "", MULTI))] == [
        "not_of_kind"
    ]


def test_a_conversation_keeps_to_its_plan_where_it_matters() -> None:
    of_plan = draft("happy_path", "", MULTI)
    more = talk(("Send Ada hers.", (FOUND, SENT, RANG, FOUND), "Sent."), THANKS)
    assert kind_faults(parse(more), of_plan) == ()
    backwards = talk(("Send Ada hers.", (SENT, FOUND), "Sent."), THANKS)
    (fault,) = kind_faults(parse(backwards), of_plan)
    assert (
        fault.reason == "off_blueprint"
        and "'SEND_INVOICE' is not called after 'FIND_INVOICES'" in fault.detail
    )
    (fault,) = kind_faults(parse(ONE_CALL), of_plan)
    assert fault.reason == "off_blueprint" and "'SEND_INVOICE' is never called" in fault.detail


def test_a_conversation_planned_before_there_were_blueprints_is_held_to_none() -> None:
    old = replace(draft("multi_step"), blueprint=None)
    assert kind_faults(parse(WORDS), old) == () and form_of(old, Settings().generation).calls == "free"


def test_tools_are_shown_with_the_form_of_their_errors_only_where_a_call_may_fail() -> None:
    error = {"type": "object", "properties": {"error": {"type": "object"}}, "required": ["error"]}
    either = Tool("shop", "PAY", "Pay.", response={"oneOf": [{"type": "object", "title": "paid"}, error]})
    generation = Settings().generation
    may_fail = form_of(draft("tool_error", "timeout/retry"), generation).shown([either, FIND])
    all_well = form_of(draft("happy_path"), generation).shown([either, FIND])
    assert '"error"' in may_fail[0] and "paid" in may_fail[0]
    assert '"error"' not in all_well[0] and "paid" in all_well[0]
    assert all_well[1] == may_fail[1] == FIND.as_text


def test_only_what_looks_for_things_can_find_none() -> None:
    one: JsonSchema = {"type": "string"}
    many: JsonSchema = {"type": "array", "items": {}}
    found: JsonSchema = {"type": "object", "properties": {"files": many, "nextPageToken": one}}
    event: JsonSchema = {"type": "object", "properties": {"id": one, "attendees": many}, "required": ["id"]}
    assert lists(Tool("t", "LIST_FILES", "", response=found)) and lists(Tool("t", "FIND", "", response=many))
    cases: tuple[tuple[str, JsonSchema], ...] = (
        ("GET_EVENT", event),
        ("CREATE_FILES", found),
        ("addMembers", many),
        ("GET_BALANCE", {"type": "object", "properties": {"available": many, "pending": many}}),
        ("LIST_FILES", {"type": "object", "properties": {"files": {**many, "minItems": 1}}}),
        ("LIST_FILES", {"type": "object", "properties": 7}),
    )
    for name, response in cases:
        assert not lists(Tool("t", name, "", response=response)), name


def test_a_list_that_is_left_out_holds_nothing_and_an_empty_list_of_details_is_no_search() -> None:
    many: JsonSchema = {"type": "array", "items": {}}
    mails = Tool("t", "LIST_MAILS", "", response={"type": "object", "properties": {"mails": many}})
    assert finds_nothing({"mails": []}, mails) and finds_nothing({"total": 0}, mails)
    assert not finds_nothing({"mails": [1], "labels": []}, mails)
    assert not finds_nothing({"error": {"code": 404, "message": "No."}}, mails)
    assert finds_nothing([], Tool("t", "FIND", "", response=many)) and not finds_nothing({"a": 1})


def test_a_plan_lets_nothing_be_found_only_where_something_is_looked_for() -> None:
    planned = blueprint(turn(call(CALL, "empty", name=said("Ada"))))
    faults = blueprint_faults(
        read_blueprint(planned),
        draft("tool_error", "empty_result/tell_user").plan,
        TOOLS,
        Settings().generation,
    )
    assert any("does not answer with a list" in fault for fault in faults), faults
