"""Verdicts on operations, as tables of text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from operations.damages import BASIC
from operations.judging import Tried, Verdict

LEFT_TO_CHECKS = ("minLength", "maxLength")
"""Lengths of strings cost masks dearly, so grammars leave them to the check of the finished conversation."""
BEYOND_GRAMMARS = ("uniqueItems: compares items",)
"""That all items differ, where there is no end to what an item may be, is said by no context-free grammar."""
MOST_CAUSES = 30
MOST_EXAMPLES = 25

Count = Callable[[Verdict], float]


def summary(verdicts: Sequence[Verdict], engines: Sequence[str]) -> str:
    """All tables."""
    parts = (
        _totals(verdicts, engines),
        _extremes(verdicts, engines),
        _damages(verdicts),
        _causes(verdicts, engines),
    )
    return "\n".join(line for part in (*parts, _examples(verdicts)) for line in part)


def _totals(verdicts: Sequence[Verdict], engines: Sequence[str]) -> Iterator[str]:
    read = [one for one in verdicts if not one.unread]
    built = [one for one in read if not one.unbuilt]
    yield _share("read by funcdex's OpenAPI reader", len(read), len(verdicts))
    yield _share("grammar built", len(built), len(read))
    for name in engines:
        yield _share(f"grammar taken by {name}", sum(name not in one.faults for one in built), len(built))
    yield _share("fully strict: nothing relaxed", sum(not one.relaxed for one in built), len(built))
    nearly = sum(not _open_causes(one) for one in built)
    yield _share(f"nothing relaxed but {' and '.join(LEFT_TO_CHECKS)}", nearly, len(built))
    possible = sum(_open_causes(one) <= {*BEYOND_GRAMMARS} for one in built)
    yield _share("nothing but these and what no context-free grammar says", possible, len(built))
    yield _share("narrowed somewhere", sum(bool(one.narrowed) for one in built), len(built))
    tried = [one for one in built if one.value != "none found"]
    yield _share("a fitting call and response found", len(tried), len(built))
    for name in engines:
        accepted = sum(name in one.value_accepted_by for one in tried)
        yield _share(f"they are accepted by {name}", accepted, len(tried))
    basic = [each for one in built for each in one.damages if each.kind in BASIC]
    yield _share(
        f"damage refused ({', '.join(BASIC)})", sum(not each.accepted_by for each in basic), len(basic)
    )
    apart = sum(0 < len(each.accepted_by) < len(engines) for one in built for each in one.damages)
    yield f"damaged values on which the engines differ: {apart}"


def _share(what: str, part: int, whole: int) -> str:
    percent = f"{100 * part / whole:6.2f} %" if whole else "     -"
    return f"{what:60} {part:6} of {whole:6} {percent}"


def _open_causes(verdict: Verdict) -> set[str]:
    return {keyword for _, keyword in verdict.relaxed if keyword.partition(":")[0] not in LEFT_TO_CHECKS}


def _extremes(verdicts: Sequence[Verdict], engines: Sequence[str]) -> Iterator[str]:
    built = [one for one in verdicts if one.chars]
    rows: list[tuple[str, Count]] = [
        ("rules", lambda one: one.rules),
        ("Lark, characters", lambda one: one.chars["lark"]),
        ("EBNF, characters", lambda one: one.chars["ebnf"]),
        ("GBNF, characters", lambda one: one.chars["gbnf"]),
        ("built and rendered, s", lambda one: one.build_s),
    ]
    rows += [(f"read by {name}, s", _compile_s(name)) for name in engines]
    yield "\nlargest and slowest"
    for label, count in rows if built else ():
        ordered = sorted(built, key=count)
        median = count(ordered[len(ordered) // 2])
        yield f"  {label:26} median {median:<8} most {count(ordered[-1]):<8} {ordered[-1].operation}"


def _compile_s(engine: str) -> Count:
    return lambda verdict: verdict.compile_s[engine]


def _damages(verdicts: Sequence[Verdict]) -> Iterator[str]:
    found: dict[str, list[Tried]] = defaultdict(list)
    for one in verdicts:
        for each in one.damages:
            found[each.kind].append(each)
    yield "\none thing damaged      refused   accepted, noted   accepted, not noted"
    for kind in sorted(found, key=lambda kind: (kind not in BASIC, kind)):
        refused = sum(not each.accepted_by for each in found[kind])
        noted = sum(each.noted for each in found[kind])
        yield f"  {kind:20} {refused:7} {noted:17} {len(found[kind]) - refused - noted:21}"


def _causes(verdicts: Sequence[Verdict], engines: Sequence[str]) -> Iterator[str]:
    unread = ((one.unread, one) for one in verdicts if one.unread)
    yield from _table("not read by funcdex's OpenAPI reader", unread)
    yield from _table("not built", ((one.unbuilt, one) for one in verdicts if one.unbuilt))
    for name in engines:
        yield from _table(
            f"refused by {name}", ((one.faults[name], one) for one in verdicts if name in one.faults)
        )
    yield from _table("relaxed", _losses(verdicts, "relaxed"))
    beyond_lengths = ((cause, one) for one in verdicts for cause in sorted(_open_causes(one)))
    yield from _table(f"relaxed beside {' and '.join(LEFT_TO_CHECKS)}", beyond_lengths)
    rest = ((cause, one) for one in verdicts for cause in sorted(_open_causes(one) - {*BEYOND_GRAMMARS}))
    yield from _table("relaxed beside these and what no context-free grammar says", rest)
    yield from _table("narrowed", _losses(verdicts, "narrowed"))
    yield from _table("cut by the reader", ((note, one) for one in verdicts for note in one.notes))


def _losses(verdicts: Iterable[Verdict], name: str) -> Iterator[tuple[str, Verdict]]:
    for one in verdicts:
        yield from ((keyword, one) for keyword in dict.fromkeys(keyword for _, keyword in getattr(one, name)))


def _table(title: str, entries: Iterable[tuple[str, Verdict]]) -> Iterator[str]:
    """Causes by the number of operations, with the first operation of each as an example."""
    found: dict[str, list[Verdict]] = {}
    for cause, one in entries:
        found.setdefault(cause, []).append(one)
    if found:
        yield f"\n{title} (operations, an example)"
    for cause, ones in sorted(found.items(), key=lambda item: -len(item[1]))[:MOST_CAUSES]:
        example = ones[0]
        places = [path for path, keyword in (*example.relaxed, *example.narrowed) if keyword == cause]
        yield f"  {len(ones):5}  {cause[:90]:24}  {example.operation} {' '.join(places[:1])}"


def _examples(verdicts: Sequence[Verdict]) -> Iterator[str]:
    refused = [one for one in verdicts if one.value_refused_at]
    if refused:
        known = sum(bool(one.narrowed) for one in refused)
        yield f"\nfitting values refused: {len(refused)}, {known} of them by grammars narrowed somewhere"
    for one in refused[:MOST_EXAMPLES]:
        yield f"  {one.operation}, accepted by {one.value_accepted_by}\n    {one.value_refused_at!r}"
    unnoted = [(one, each) for one in verdicts for each in one.damages if each.accepted_by and not each.noted]
    if unnoted:
        yield "\ndamage accepted, and not noted"
    for one, each in unnoted[:MOST_EXAMPLES]:
        yield f"  {each.kind}: {one.operation}, accepted by {each.accepted_by}\n    {each.shown}"
