"""vLLM's notation of a request, and what it says of itself. Also the first guess for a server unknown.

{"structured_outputs": {"grammar": "start: ..."}}                    Lark or EBNF, told apart by `::=`
{"structured_outputs": {"structural_tag": "{\\"type\\": ...}"}}
{"guided_grammar": "start: ..."}                                     before 0.11; ignored from 0.12 on
"""

from __future__ import annotations

import re

from funcdex.endpoints.chat import chat_body, max_tokens_that_fit
from funcdex.endpoints.facts import EndpointFacts, Identity
from funcdex.endpoints.http import EndpointClient
from funcdex.types.request import Dialect, Request

# On xgrammar EBNF costs a third of Lark; llguidance, the other engine, reads Lark alone.
DIALECTS: tuple[Dialect, ...] = ("ebnf", "lark", "structural_tag")
WITHOUT_METRICS: str | None = None

_STRUCTURED_OUTPUTS_SINCE = (0, 11)
# What a build from source calls itself where it finds no tag: `0.1.dev1+gabc`, however new it is.
_UNTAGGED = (0, 1)


def body_of(request: Request, facts: EndpointFacts) -> dict[str, object]:
    """The body of a chat completion."""
    body = chat_body(
        request,
        model=facts.model,
        max_tokens=max_tokens_that_fit(request, facts.context_tokens),
        seed=request.sampling.seed,
    )
    if request.grammar is None:
        return body
    text = request.grammar.render(facts.dialect)
    if facts.dialect == "structural_tag":
        return body | {"structured_outputs": {"structural_tag": text}}
    if _is_old(facts.server_version):
        return body | {"guided_grammar": text}
    return body | {"structured_outputs": {"grammar": text}}


def _is_old(version: str) -> bool:
    told = re.match(r"(\d+)\.(\d+)", version)
    return told is not None and _UNTAGGED < (int(told[1]), int(told[2])) < _STRUCTURED_OUTPUTS_SINCE


async def identify(client: EndpointClient, *, timeout_s: float) -> Identity | None:
    """None if this is no vLLM. Raises EndpointError if it does not answer.

    The simulated endpoint calls itself a vLLM too, with `+sim` behind its version.
    """
    said = await client.find("/version", timeout_s=timeout_s)
    if said is None or not isinstance(version := said.get("version"), str):
        return None
    return Identity(kind="vllm", version=version, simulated=version.endswith("+sim"))
