"""What of a catalogue's tools is embedded, and what tells that the catalogue has changed since."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from funcdex.catalogue.dialect import Connection
from funcdex.catalogue.words import whole_words_of

_DESCRIPTION_CHARS = 240
_NUMBER = re.compile(r"_\d{1,3}$")


def tools_of(connection: Connection) -> Iterator[tuple[int, str]]:
    """Id and text of every tool, in the order of ids."""
    rows = connection.execute(
        "SELECT tool.id, toolkit.name, tool.name, tool.description "
        "FROM tool JOIN toolkit ON toolkit.id = tool.toolkit ORDER BY tool.id"
    )
    for id, toolkit, name, description in rows:
        yield id, text_of(toolkit, name, description)


def text_of(toolkit: str, name: str, description: str) -> str:
    """A tool as a sentence model reads it. The number that tells toolkits of one name apart is left out, so
    that versions of an application share their vectors."""
    words = [" ".join(whole_words_of(one)) for one in (_NUMBER.sub("", toolkit), name)]
    return f"{words[0]}: {words[1]}. {description[:_DESCRIPTION_CHARS]}"


def state_of(connection: Connection) -> str:
    """A digest, in hex, of which tools the catalogue has, under which ids: another one after any import that
    changed a source."""
    digest = hashlib.sha256()
    rows = connection.execute(
        "SELECT toolkit.id, toolkit.name, toolkit.digest, imported_at FROM toolkit "
        "JOIN source ON source.id = source ORDER BY toolkit.id"
    )
    for row in rows:
        digest.update(repr(tuple(row)).encode(errors="replace"))
    return digest.hexdigest()
