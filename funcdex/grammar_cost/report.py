"""What a grammar costs: how it looks, each engine's times along one path, what a server loses."""

from __future__ import annotations

from dataclasses import dataclass

from funcdex.errors import GrammarError
from funcdex.grammar_cost.engines import EngineName, Source, installed, tokenizer_of
from funcdex.grammar_cost.estimate import Throughput, throughput
from funcdex.grammar_cost.isolated import Work, measure_isolated
from funcdex.grammar_cost.lint import Finding, lint
from funcdex.grammar_cost.measure import Measurement, Path, tokens_of
from funcdex.grammar_cost.notation import Rules
from funcdex.grammar_cost.places import token_places
from funcdex.grammar_cost.source import as_lark, read_rules, rule_count
from funcdex.grammar_cost.vocabulary import Vocabulary

ENGINES: tuple[EngineName, ...] = ("llguidance", "xgrammar")


@dataclass(frozen=True, slots=True)
class Subject:
    """A grammar to measure. `following`: the next one a server meets. `lark`: both once more in Lark, for
    an engine that reads nothing else; None if they are to be translated. `text`: to measure along."""

    name: str
    source: Source
    following: Source
    lark: tuple[Source, Source] | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """`limit_s` bounds the masks of one engine; the estimate is of `batch` requests in steps of `step_ms`."""

    limit_s: float = 20.0
    batch: int = 64
    step_ms: float = 20.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Everything that is to be shown."""

    name: str
    form: str
    size_bytes: int
    rules: int
    vocabulary: str
    words: int
    vocabulary_note: str
    path: str
    findings: tuple[Finding, ...]
    measurements: tuple[Measurement, ...]
    throughputs: dict[str, Throughput]


def cost_of(subject: Subject, vocabulary: Vocabulary, limits: Limits) -> Cost:
    """Looks at the grammar and measures it with each engine, each in a process of its own."""
    rules, findings = look_at(subject.source)
    path = path_along(subject.text, vocabulary)
    lark = subject.lark or _translated(subject.source, rules)
    measured = tuple(_measured(name, subject, lark, vocabulary, path, limits) for name in ENGINES)
    losses: dict[str, Throughput] = {
        each.engine: throughput(each.figures.mean_ms, batch=limits.batch, step_ms=limits.step_ms)
        for each in measured
        if each.figures
    }
    length = len(subject.source.text.encode(errors="replace"))
    said = f"{len(path.tokens)} tokens" if path.tokens else "tokens drawn at random from each mask"
    return Cost(
        subject.name, subject.source.form, length, rule_count(subject.source, rules),
        vocabulary.name, len(vocabulary.words), vocabulary.note, said, findings, measured, losses,
    )  # fmt: skip


def look_at(source: Source) -> tuple[Rules | None, tuple[Finding, ...]]:
    """The rules and what is to be said of them. Not readable here is a finding too: an engine may read it."""
    try:
        rules = read_rules(source)
    except GrammarError as error:
        line = int(error.where.removeprefix("line ")) if error.where.startswith("line ") else 1
        unread = Finding(
            "unreadable", "", line, error.what, "the grammar could not be looked at", "correct it there"
        )
        return None, (unread,)
    return rules, lint(rules) if rules else ()


def path_along(text: str | None, vocabulary: Vocabulary) -> Path:
    """The tokens of a text and where they stand; without a text, a walk at random."""
    if not text:
        return random_path(vocabulary)
    tokens, lengths = tokens_of(text, vocabulary, tokenizer_of(vocabulary))
    return Path(tokens, tuple(token_places(text, lengths)))


def random_path(vocabulary: Vocabulary) -> Path:
    """A walk over allowed tokens."""
    inner = (word[0] if word else 0 for word in vocabulary.words[:-1])
    return Path(first_bytes=bytes((*inner, 0)))


def _measured(
    name: EngineName,
    subject: Subject,
    lark: tuple[Source, Source] | None,
    vocabulary: Vocabulary,
    path: Path,
    limits: Limits,
) -> Measurement:
    if not installed(name):
        return Measurement(name, note=f"not installed: pip install {name}")
    source, following = subject.source, subject.following
    if name == "llguidance" and source.form != "lark":
        if lark is None:
            return Measurement(name, note=f"reads Lark only, and this {source.form} has no translation")
        source, following = lark
    return measure_isolated(Work(name, vocabulary, source, following, path, limits.limit_s))


def _translated(source: Source, rules: Rules | None) -> tuple[Source, Source] | None:
    found = as_lark(rules) if rules and source.form == "bnf" else None
    return (found, found) if found else None
