"""What an argument has to be grounded in, by its key: the table below, the first row that matches.

Keys are compared in snake case: `maxResults` is `max_results`. A value that the schema offers (default, enum,
const, examples, a word of the parameter's description) needs nothing; nor do booleans and null.

    free       nothing: paging, order, ways of showing, zones, languages, media types, places on a map
    id         the whole value, as one word, in the user's words, a response or the system prompt
    entity     an id or, if it looks like none, each of its words: `customer`, `assignee`, `project`
    name       each of its words, in any source
    currency   its code, sign or name; or nothing of another currency
    label      one of its words: names that the assistant may choose for something new
    composed   nothing but what stands within: addresses, ids, amounts, dates, times, numbers from 100
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

Need = Literal["free", "id", "entity", "name", "currency", "label", "composed"]

RULES: tuple[tuple[Need, str], ...] = (
    ("free", r"^(limit|page|pages|per_page|page_size|size|count|top|top_?[kn]|n|num_results|rows|take|skip|"
             r"first|last)$"),
    ("free", r"(^|_)max_?(results?|items|count|entries|rows|pages|attendees|tokens|depth|events?|"
             r"event_count|size|length)$"),
    ("free", r"^(offset|start_at|start_index|page_number|from_index|batch_size)$"),
    ("free", r"(^|_)(priority|order|position|index|level|rank|importance|zoom|version|depth|retries|"
             r"timeout)(_m?s)?$"),
    ("free", r"(^|_)(lat|latitude|lng|lon|longitude|width|height|radius|font_size|opacity)$"),
    ("free", r"colou?r|time_?zone|(^|_)tz$|lang|locale|mime|content_type|emoji|icon|encoding|charset"),
    ("free", r"(^|_)(type|kind|object|status|state|mode|role|scope|format|visibility|view\w*|country|"
             r"unit\w*)$"),
    ("free", r"^(sort\w*|order_?by|fields|opt_fields|include\w*|expand|metadata_headers|frequency|interval|"
             r"by_?day)$"),
    ("currency", r"(^|_)currency(_code)?$"),
    ("id", r"(^|_)(g?ids?|uid|ical_uid|uuid|guid|token|cursor|etag|sku|hash|uri|arn|iban|starting_after|"
           r"ending_before)$"),
    ("id", r"(^|_)(key|keys|code|ref|reference|number|order_no|tracking|handle|username|after|before)$"),
    (
        "entity",
        r"^(customer|subscription|invoice|payment_intent|payment_method|default_payment_method|charge|price|product|"
        r"parent|parents|add_parents|remove_parents|projects?|section|workspace|team|assignee|followers|task|calendar|"
        r"destination|event_type|user|owner|host|co_hosts|organi[sz]ation|insert_after|thread|issue|channel|"
        r"account|to|cc|bcc|from|recipients?|attendees?|invitee|participants?|reviewers?|members?|\w*issue|"
        r"assignee_any|projects_any)$",
    ),
    (
        "name",
        r"(^|_)(first|last|full|given|family|middle|display|user|customer|contact|recipient|sender|attendee|guest|"
        r"host|person|owner|company|business|organi[sz]ation|employee|patient|client|author|verified)_names?$",
    ),
    ("name", r"^(person|company|employer|city|town|street|line[12]|postal_code|zip|zip_code|post_code|"
             r"airport|origin)$"),
    ("label", r"(^|_)(name|names|file_?name|labels?|tags?|folder|playlist|album)$"),
)  # fmt: skip
_COMPILED = tuple((need, re.compile(pattern)) for need, pattern in RULES)
_ABOUT_PEOPLE = re.compile(
    r"customer|contact|person|user|employee|lead|patient|guest|invitee|member|candidate"
)

_KINDS_OF_THINGS = re.compile(r"^(issue_?type|priority|status|resolution|severity|category|type|role)$")

FREE_NUMBERS = (0, 1)
"""None and one: what `a ticket` means."""

WELL_KNOWN = frozenset(
    "me self primary root default none all any inbox unread starred important sent trash spam draft drafts "
    "currentuser() current unassigned anyone public private latest today now true false".split()
)
"""Ids that no response has to bring up."""

UNITS: tuple[tuple[str, tuple[float, ...]], ...] = (
    (r"millis|_ms$", (1, 1000)),
    (r"week|month", (1, 12)),
    (
        r"amount|price|cents|total|cost|fee|budget|balance|value|salary|payment|tax|discount|unit_amount",
        (1, 100, 0.01),
    ),
    (r"percent|rate|ratio|share|probability|discount|tax|vat", (1, 0.01, 100)),
    (r"byte|size|length", (1, 1000, 1024, 1_000_000, 1_048_576)),
)  # fmt: skip
"""Of a number under such a key: what one said in another unit is multiplied by (`2 hours` is 120 minutes,
`45.50` is 4550 cents)."""
_UNITS = tuple((re.compile(pattern), factors) for pattern, factors in UNITS)

SPANS: tuple[tuple[str, tuple[float, ...]], ...] = (
    (r"second|timeout|ttl|expires_in|(^|_)secs?$", (1 / 60,)),
    (r"minute|(^|_)mins?$", (1,)),
    (r"hour|(^|_)hrs?$", (60,)),
    (r"(^|_)days?($|_)", (1440,)),
    (r"week", (10_080,)),
    (r"duration|length|time_spent|estimate|interval|period|reminder", (1, 1 / 60, 60, 1440)),
)
"""Under such a key stands a span of time, and so many minutes its unit may be."""
_SPANS = tuple((re.compile(pattern), units) for pattern, units in SPANS)

EDGES = re.compile(
    r"(^|_)(min|max|start|end|after|before|since|until|from|to|gte?|lte?|begin|query|q|jql|filter|recurrence|search|"
    r"expir\w*)($|_)"
)
"""Under these keys a date may be a limit: a day before or after one that was named, the end of a week,
month."""


def snake(key: str) -> str:
    """`dueDate`, `Due-Date` and `due.date` as `due_date`."""
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()).strip("_")


@lru_cache(maxsize=4096)
def need_of(key: str, above: str, tool: str) -> Need:
    """What a string under this key needs; `above` is the key of the object it stands in."""
    name = snake(key)
    found: Need = next((need for need, pattern in _COMPILED if pattern.search(name)), "composed")
    if found == "label" and name == "name" and _ABOUT_PEOPLE.search(f"{snake(above)} {tool.lower()}"):
        return "name"
    if found == "label" and name == "name" and _KINDS_OF_THINGS.search(snake(above)):
        return "free"
    if name in ("query", "search", "q", "term") and _ABOUT_PEOPLE.search(tool.lower()):
        return "name"
    if found == "id" and name == "code" and re.search(r"lang|locale|country", snake(above)):
        return "free"
    return found


@lru_cache(maxsize=4096)
def factors_of(key: str) -> tuple[float, ...]:
    """What a number that was said may be multiplied by to give one under this key."""
    name = snake(key)
    found: list[float] = [1.0]
    for pattern, factors in _UNITS:
        if pattern.search(name):
            found.extend(factors)
    return tuple(dict.fromkeys(found))


@lru_cache(maxsize=4096)
def minutes_of(key: str) -> tuple[float, ...]:
    """How many minutes one of a number under this key may be; () where it is no span of time."""
    name = snake(key)
    return next((units for pattern, units in _SPANS if pattern.search(name)), ())


@lru_cache(maxsize=4096)
def is_edge(key: str) -> bool:
    """Whether a date under this key may be a limit."""
    return EDGES.search(snake(key)) is not None
