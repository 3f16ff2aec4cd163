"""What is fuzzed: one reader each, with the errors that it promises and what must hold where it accepts."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import get_args

import orjson

from funcdex.dml.lexer import Kind
from funcdex.dml.parser import parse
from funcdex.dml.writer import write
from funcdex.endpoints.answer import read_reply
from funcdex.endpoints.classify import fault_of_status
from funcdex.endpoints.load import load_of
from funcdex.endpoints.sse import EventReader, EventTooLong
from funcdex.errors import (
    BadResponse,
    ConfigError,
    EndpointError,
    GrammarError,
    MarkupError,
    ToolDefinitionError,
)
from funcdex.grammar.conversation import json_grammar
from funcdex.rundir.layout import RunDir
from funcdex.rundir.linefile import mend
from funcdex.rundir.reading import read_journal
from funcdex.settings.load import load
from funcdex.toolkits.check import check_toolkits
from funcdex.toolkits.metaschema import schema_fault
from funcdex.toolkits.native import dump_native
from funcdex.toolkits.read import read_toolkits
from funcdex.types.record import STAGES
from funcdex.validate import validate_file
from funcdex.verify.schemas import UnusableSchema, violations
from funcdex.yaml_text import parse_yaml
from fuzz.engine import Target

CORPUS = Path(__file__).parent / "corpus"
_NOW = datetime(2030, 1, 1, tzinfo=UTC)
_MOST_EVENT_BYTES = 10_000


def corpus_of(target: str) -> list[bytes]:
    """The inputs kept for a target, in the order of their names."""
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]


@cache
def folder() -> Path:
    """Where inputs lie that are read from files; in memory where there is such a place."""
    memory = Path("/dev/shm")
    path = Path(tempfile.mkdtemp(prefix="funcdex-fuzz-", dir=memory if memory.is_dir() else None))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def _in_file(name: str, data: bytes) -> Path:
    path = folder() / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def _dml(data: bytes) -> str:
    text = data.decode("utf-8", "surrogateescape")
    try:
        conversation = parse(text)
    except MarkupError as error:
        assert 0 <= error.position <= len(text)
        return error.what
    assert parse(write(conversation)) == conversation
    return f"{len(conversation.turns)} turns, {len(list(conversation.calls))} calls"


def _tools(data: bytes) -> str:
    try:
        result = read_toolkits([_in_file("tools.json", data)])
    except ToolDefinitionError as error:
        return error.what
    text = dump_native(result.toolkits)
    assert read_toolkits([_in_file("again.json", text.encode())]).toolkits == result.toolkits
    found = {finding.code for finding in check_toolkits(result.toolkits)}
    return f"{sorted(note.what.partition('(')[0] for note in result.notes)} {sorted(found)}"


def _yaml(data: bytes) -> str:
    try:
        value = parse_yaml(data.decode("utf-8", "surrogateescape"), "x.yaml", ToolDefinitionError)
    except ToolDefinitionError as error:
        return error.what
    json.dumps(value, allow_nan=False)
    return f"{type(value).__name__} {len(str(value)).bit_length()}"


def _settings(data: bytes) -> str:
    try:
        loaded = load(_in_file("config.yaml", data))
    except ConfigError as error:
        return error.what
    loaded.settings.model_dump(mode="json")
    return f"settings {sorted({note.partition(' ')[2] for note in loaded.notes})}"


def _journal(data: bytes) -> str:
    run = RunDir(folder() / "run")
    path = _in_file("run/journal.jsonl", b"").parent / "journal" / "000001.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    before = read_journal(run)
    mend(path)
    after = read_journal(run)
    assert after.reached == before.reached and after.settled == before.settled
    counts = (len(after.reached), len(after.settled), len(after.damaged), after.passed_over, after.repeated)
    return " ".join("n" * min(count, 6) for count in counts)


def _sse(data: bytes) -> str:
    """In one piece and in two: the same events."""
    cut = data[0] % len(data) if data else 0
    whole, parts = _events(data), _events(data[:cut], data[cut:])
    assert whole == parts or not all(isinstance(one, list) for one in (whole, parts))
    try:
        reply = read_reply(data, where="http://e")
    except BadResponse as error:
        return f"{type(whole).__name__} {'n' * min(len(whole), 6)} {error.what.partition(':')[0]}"
    return f"{len(whole)} {reply.finish_reason}"


def _events(*pieces: bytes) -> list[bytes] | str:
    reader = EventReader(max_event_bytes=_MOST_EVENT_BYTES)
    try:
        return [event for piece in pieces for event in reader.feed(piece)]
    except EventTooLong as error:
        return str(error)


def _http(data: bytes) -> str:
    """First line: status; second: Retry-After; the rest is the body."""
    status, _, rest = data.partition(b"\n")
    header, _, body = rest.partition(b"\n")
    code = int(status) if status.isdigit() and len(status) < 4 else 500
    fault = fault_of_status(code, header.decode("latin-1"), body, where="http://e", now=_NOW)
    assert isinstance(fault, EndpointError) and (fault.retry_after_s is None or fault.retry_after_s >= 0)
    load_of(body)
    try:
        reply = read_reply(body, where="http://e")
    except BadResponse as error:
        return f"{type(fault).__name__} {':' in fault.what} {error.what.partition(':')[0]}"
    orjson.dumps([reply.text, reply.finish_reason, reply.prompt_tokens, reply.completion_tokens])
    return f"{type(fault).__name__} {reply.finish_reason} {fault.retry_after_s is None}"


def _schema(data: bytes) -> str:
    """A schema that the metaschema takes, as every tool's is, and a value beside it."""
    try:
        document = json.loads(data)
        schema, value = document["schema"], document.get("value")
        if schema_fault(schema) is not None:
            return "no schema"
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return "no JSON"
    try:
        grammar = json_grammar(schema)
        grammar.render("lark")
        grammar.render("gbnf")
    except GrammarError as error:
        return error.what
    try:
        faults = violations(schema, value)
    except UnusableSchema as error:
        return f"unusable {str(error)[:40]}"
    lost = " ".join(sorted({f"{one.keyword} {one.cause}" for one in grammar.relaxed}))
    return f"{'n' * len(faults)} {lost}"


def _validate(data: bytes) -> str:
    try:
        faults, lines = validate_file(_in_file("set/data.jsonl", data))
    except ConfigError as error:
        return error.what
    said = sorted({f"{fault.reason} {fault.detail[:30]}" for fault in faults})
    return f"{'n' * min(lines, 3)} {' '.join(said)}"


def _words(text: str, *phrases: bytes) -> tuple[bytes, ...]:
    """Words of the text, and phrases that hold blanks or line ends."""
    return (*text.encode().split(), *phrases)


_SCHEMA_WORDS = _words(
    "type properties required items enum const anyOf oneOf allOf not if then pattern format minimum maximum "
    "exclusiveMinimum multipleOf minLength maxLength minItems maxItems uniqueItems prefixItems contains $ref "
    "additionalProperties $defs patternProperties propertyNames minProperties maxProperties nullable string "
    "dependentRequired integer number object array null boolean date-time email uuid #/$defs/a"
)
_OPENAPI_WORDS = _words(
    "openapi 3.0.0 paths get post parameters requestBody responses 200 content application/json schema "
    "components schemas #/components/schemas/A #/paths # in path query name operationId readOnly writeOnly "
    "description deprecated info toolkit tools function toolkit_name tool_id tool_input_parameters http://x/y file:///etc",
    b"Output only",
)

_OTHER_FORMATS = _words(
    "swagger 2.0 definitions #/definitions/Pet formData collectionFormat kind discovery#restDescription "
    "methods resources httpMethod repeated location metadata operations shapes shape structure member "
    "members blob map input output serviceId info item request url raw inputSchema outputSchema "
    "input_schema jsonrpc result tools nextCursor items slug input_parameters discriminator "
    "propertyName mapping "
)

_RUNS: dict[str, tuple[Callable[[bytes], str], tuple[bytes, ...]]] = {
    "dml": (
        _dml,
        _words(" ".join(tag for tag in get_args(Kind) if "<" in tag), b'{"name": "A", "arguments": {}}'),
    ),
    "tools": (_tools, _OPENAPI_WORDS + _SCHEMA_WORDS + _OTHER_FORMATS),
    "journal": (
        _journal,
        _words(f"entry stage id value usage accepted rejected restarted {' '.join(STAGES)}"),
    ),
    "sse": (_sse, _words("data: : choices delta content error", b"data: {}", b"data: [DONE]", b"event: x")),
    "http": (
        _http,
        _words(
            "429 400 error message detail choices content usage finish_reason +99999999 reasoning",
            b"Tue, 01 Jan 2030 00:00:00 GMT",
            b"vllm:num_requests_running 1",
        ),
    ),
    "schema": (_schema, _SCHEMA_WORDS),
    "yaml": (
        _yaml,
        _words(
            "... !!",
            b"&a ",
            b"*a",
            b"<<: ",
            b"- ",
            b": ",
            b"? ",
            b"| ",
            b"> ",
            b"---\n",
            b"!!int ",
            b"%YAML 1.1\n",
        ),
    ),
    "settings": (
        _settings,
        _words(
            "count seed endpoints http://h:1;model=m sim:4 generation sampling clarity_levels tools llm_api "
            "base_url api_key paths ${HOME:x}",
            b"&a ",
            b"*a",
        ),
    ),
    "validate": (
        _validate,
        _words(
            "id messages role user assistant tool content tool_calls function arguments conversation_dml "
            "tools parameters toolkits"
        ),
    ),
}

TARGETS = {name: Target(name, run, words) for name, (run, words) in _RUNS.items()}
