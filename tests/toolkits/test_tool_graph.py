from __future__ import annotations

import random

import pytest

from funcdex.data import data_dir
from funcdex.toolkits.graph import Edge, graph_of, tool_graph
from funcdex.toolkits.read import read_toolkits
from funcdex.toolkits.words import likeness, singular, words_of
from funcdex.types.tools import Bundle, JsonSchema, Tool, Toolkit


def tool(name: str, parameters: JsonSchema | None = None, response: JsonSchema | None = None) -> Tool:
    """A tool of texts: parameters by name, response by name or as a schema."""
    return Tool("shop", name, f"{name}.", _object(parameters or {}), _object(response or {}))


def _object(properties: JsonSchema) -> JsonSchema:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


TEXT = {"type": "string"}
LIST_INVOICES = tool("LIST_INVOICES", {}, {"items": {"type": "array", "items": _object({"id": TEXT})}})
GET_INVOICE = tool("GET_INVOICE", {"invoiceId": TEXT}, {"id": TEXT, "customerEmail": TEXT})
SEND_MAIL = tool("SEND_MAIL", {"customer_email": TEXT, "subject": TEXT}, {"message_id": TEXT})
GET_WEATHER = tool("GET_WEATHER", {"city": TEXT}, {"temperature": {"type": "number"}, "title": TEXT})


def edges(*tools: Tool) -> set[tuple[str, str, str, str]]:
    return {(one.source, one.field, one.target, one.parameter) for one in tool_graph(tools).edges}


def test_an_id_in_a_response_feeds_the_parameter_that_asks_for_it_however_it_is_written() -> None:
    assert edges(LIST_INVOICES, GET_INVOICE) == {("LIST_INVOICES", "items[0].id", "GET_INVOICE", "invoiceId")}
    for name in ("invoice_id", "invoiceId", "invoice-id", "INVOICE_ID"):
        found = edges(LIST_INVOICES, tool("PAY", {name: TEXT}))
        assert found == {("LIST_INVOICES", "items[0].id", "PAY", name)}


def test_fields_of_another_thing_another_type_or_no_meaning_feed_nothing() -> None:
    assert not edges(LIST_INVOICES, tool("PAY", {"order_id": TEXT}))
    assert not edges(LIST_INVOICES, tool("PAY", {"invoice_id": {"type": "integer"}}))
    assert not edges(GET_WEATHER, tool("WRITE", {"title": TEXT}))
    assert not edges(LIST_INVOICES)
    assert not edges(tool("LIST_FILES", {}, {"nextPageToken": TEXT}), tool("LIST_X", {"pageToken": TEXT}))


def test_what_a_tool_only_returns_because_it_was_told_is_no_news() -> None:
    assert ("GET_INVOICE", "id", "PAY_INVOICE", "invoiceId") not in edges(
        GET_INVOICE, tool("PAY_INVOICE", {"invoiceId": TEXT})
    )


def test_a_chain_leads_from_tool_to_tool_and_through_none_twice() -> None:
    graph = tool_graph((LIST_INVOICES, GET_INVOICE, SEND_MAIL, GET_WEATHER))
    chains = {graph.chain("GET_INVOICE", 2, random.Random(seed)) for seed in range(20)}
    assert [[edge.source for edge in chain] for chain in chains] == [["LIST_INVOICES", "GET_INVOICE"]]
    assert all(chain[-1].target == "SEND_MAIL" for chain in chains)
    assert graph.chain("GET_WEATHER", 2, random.Random(0)) == ()
    assert graph.chain("GET_INVOICE", 0, random.Random(0)) == ()
    assert graph.among({"LIST_INVOICES", "SEND_MAIL"}).edges == ()


def test_the_order_of_tools_changes_nothing_and_a_bundle_keeps_its_graph() -> None:
    some = (LIST_INVOICES, GET_INVOICE, SEND_MAIL)
    assert tool_graph(some).edges == tool_graph(some[::-1]).edges
    bundle = Bundle((Toolkit("shop", "", some),))
    assert graph_of(bundle) is graph_of(bundle)
    assert graph_of(Bundle((Toolkit("shop", "", some[:1]),))).edges == ()


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": 7},
        {"type": ["string", 3], "properties": {"id": None}},
        {"anyOf": "x", "items": [1]},
        {
            "type": "object",
            "properties": {"id": {"type": {}}, "\ud800": {"type": "string", "description": 7}},
        },
    ],
)
def test_schemas_of_any_form_are_looked_at_without_a_fault(schema: JsonSchema) -> None:
    strange = Tool("shop", "STRANGE", "", schema, schema)
    assert isinstance(tool_graph((strange, GET_INVOICE)).edges, tuple)


def test_a_deep_or_endless_looking_response_is_looked_at_only_so_far() -> None:
    schema: JsonSchema = {"type": "object", "properties": {"invoice_id": TEXT}}
    for _ in range(500):
        schema = {"type": "object", "properties": {"more": schema}}
    assert not tool_graph((Tool("shop", "DEEP", "", {}, schema), GET_INVOICE)).edges


def test_words_are_cut_and_made_singular() -> None:
    assert words_of("dueDate") == words_of("due-date") == words_of("DUE_DATE") == ("due", "date")
    assert [singular(word) for word in ("calendars", "entries", "status", "boxes")] == [
        *("calendar", "entry", "status", "box")
    ]
    assert likeness(GET_INVOICE, GET_INVOICE) == 1 > likeness(GET_INVOICE, LIST_INVOICES) > 0


def test_in_the_shipped_toolkits_known_links_are_found() -> None:
    kits = read_toolkits([data_dir("tool_definitions")]).toolkits
    every = {(kit.name, *link) for kit in kits for link in map(_link, tool_graph(kit.tools).edges)}
    assert {
        ("googlecalendar", "LIST_CALENDARS", "CREATE_EVENT", "calendarId"),
        ("stripe", "CREATE_CUSTOMER", "CREATE_INVOICE", "customer"),
        ("gmail", "LIST_MESSAGES", "GET_MESSAGE", "id"),
        ("calendly", "GET_CURRENT_USER", "LIST_SCHEDULED_EVENTS", "user"),
        ("todoist", "GET_PROJECTS", "CREATE_TASK", "project_id"),
    } <= every


def _link(edge: Edge) -> tuple[str, str, str]:
    return edge.source, edge.target, edge.parameter
