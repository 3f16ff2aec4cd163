"""What a description says a value is of: `Id of the page or block` is of a page, or of a block.

Read are only the words around the first noun for a mark (`id`, `number`, `address`...), in the plain forms
that descriptions of tools have:

    "Page id, for example 5983."                ->  page
    "Account id of the person, from FIND_USERS" ->  account; person
    "Number of the issue or pull request."      ->  issue; pull request
    "Needed unless an id is given."             ->  nothing: what stands before is no name
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from funcdex.toolkits.words import singular

Thing = frozenset[str]
"""The words that name one thing: `pull request` is frozenset({"pull", "request"})."""

IDS = frozenset(("id", "ids", "gid", "uid", "uuid", "key", "sid", "guid"))
_HEADS = {
    **dict.fromkeys((*IDS, "identifier", "keys", "uuids"), "id"),
    **dict.fromkeys(("number", "numbers"), "number"),
    **dict.fromkeys(("name", "names"), "name"),
    **dict.fromkeys(("email", "mail", "address", "addresses", "uri", "url", "link"), "url"),
}
_LONGEST = 400
_LONGEST_THING = 3
"""Characters and words that are looked at."""
_TOKEN = re.compile(r"[A-Za-z]+|[.,;:(]")
_ARTICLES = frozenset("the a an its their this that which one any each all another new present".split())
_ENDS = frozenset(
    (
        *"to for from in on at by with without who whom whose when where if as is are was were be".split(),
        *"you such has have had can must may should will not no so than then only beginning ending".split(),
        *"it they of unless given needed keep begin".split(),
    )
)


@lru_cache(maxsize=16384)
def told_things(description: str) -> tuple[str, frozenset[Thing]]:
    """What sort of mark a description is of ("" if of none): `id`, `number`, `name` or `url`; and of what."""
    tokens = [token.lower() for token in _TOKEN.findall(description[:_LONGEST])]
    at = next((place for place, token in enumerate(tokens) if token in _HEADS), None)
    if at is None:
        return "", frozenset()
    mark, after = _HEADS[tokens[at]], at + 1
    # `Key or id of the issue`, `Address (uri) of the user`.
    while after < len(tokens) and (tokens[after] in _HEADS or tokens[after] in ("or", "(", "and")):
        after += 1
    things = {_before(tokens[:at])}
    if after < len(tokens) and tokens[after] == "of":
        things.update(_after(tokens[after + 1 :]))
    return mark, frozenset(thing for thing in things if thing)


def _before(tokens: Sequence[str]) -> Thing:
    """The words of a name that end here and began the sentence, as in `Page id`."""
    if len(tokens) > _LONGEST_THING or any(_ends(token) for token in tokens):
        return frozenset()
    return frozenset(singular(token) for token in tokens if token not in _ARTICLES)


def _after(tokens: Sequence[str]) -> list[Thing]:
    """What `of` is followed by: one name, or several with `or` between them."""
    things: list[list[str]] = [[]]
    for token in tokens:
        if token in ("or", "and", "of") and things[-1] and len(things) < _LONGEST_THING:
            things.append([])
        elif _ends(token) and token != "of" or len(things[-1]) == _LONGEST_THING:
            break
        elif token not in _ARTICLES and token != "of":
            things[-1].append(singular(token))
    return [frozenset(words) for words in things]


def _ends(token: str) -> bool:
    return token in _ENDS or not token.isalpha()
