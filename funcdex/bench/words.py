"""Figures as people read them, the same in the table and in the report."""

from __future__ import annotations

from collections.abc import Sequence

from funcdex.bench.compare import Change
from funcdex.bench.metrics import Spread
from funcdex.bench.result import Result
from funcdex.bench.summary import Compile, Point, Summary, Tax

Row = dict[str, str]
"""Heading -> cell."""

UNKNOWN = "-"


def rate_row(point: Point) -> Row:
    """How much was done, at one constraint and concurrency. `repeats` is the lowest and highest tokens/s."""
    figures = point.figures
    return {
        "constraint": point.constraint,
        "in flight": str(point.concurrency),
        "requests": str(figures.requests),
        "failed": str(figures.failed),
        "tokens/s": f"{figures.output_tokens_per_s:.0f}",
        "repeats": _range(point.tokens_per_s),
        "requests/s": f"{figures.requests_per_s:.2f}",
        "goodput/s": f"{figures.goodput_per_s:.2f}",
        "tokens": f"{figures.mean_tokens:.0f}",
        "cut off": percent(figures.cut_off_share),
        "valid": percent(figures.valid_share),
    }


def time_row(point: Point) -> Row:
    """How long it took. `in all` is how many were in flight in the mean, over all endpoints."""
    figures = point.figures
    return {
        "constraint": point.constraint,
        "in flight": str(point.concurrency),
        "TTFT ms": triple(figures.ttft_s, 1000),
        "ITL ms": triple(figures.itl_s, 1000),
        "longest gap ms": triple(figures.longest_gap_s, 1000),
        "end to end s": triple(figures.latency_s),
        "in all": f"{figures.mean_in_flight:.1f}",
        "waiting there": UNKNOWN if point.waiting is None else str(point.waiting),
    }


def tax_row(tax: Tax) -> Row:
    """What a grammar costs while it is used."""
    lengths = UNKNOWN if tax.tokens is None else "{:.0f} and {:.0f}".format(*tax.tokens)
    return {
        "constraint": tax.constraint,
        "in flight": str(tax.concurrency),
        "tax: tokens/s without by with": times(tax.throughput) + ("?" if tax.lengths_differ else ""),
        "mask: ITL with by without": times(tax.mask),
        "tokens without and with": lengths,
    }


def compile_row(one: Compile) -> Row:
    """What a grammar costs when it is new."""
    return {
        "endpoint": one.endpoint,
        "constraint": one.constraint,
        "grammars": str(one.grammars),
        "size": f"{one.grammar_bytes / 1000:.0f} kB",
        "first use": f"{one.fresh_s * 1000:.0f} ms",
        "repeated": f"{one.repeated_s * 1000:.0f} ms",
        "ratio": times(one.fresh_s / one.repeated_s if one.repeated_s else None),
        "compile": f"{one.compile_s * 1000:.0f} ms",
        "of a conversation": percent(one.share),
    }


def endpoint_rows(summary: Summary) -> list[Row]:
    """What each endpoint did at the knee, and the limit to give it."""
    point = next(
        (p for p in summary.points if (p.constraint, p.concurrency) == (summary.deciding, summary.knee)), None
    )
    if point is None:
        return []
    total = sum(figures.output_tokens_per_s for figures in point.by_endpoint.values())
    limits = {one.endpoint: one for one in summary.advice}
    return [
        {
            "endpoint": url,
            "tokens/s": f"{figures.output_tokens_per_s:.0f}",
            "share": percent(figures.output_tokens_per_s / total if total else None),
            "requests": str(figures.requests),
            "failed": str(figures.failed),
            "TTFT ms": triple(figures.ttft_s, 1000),
            "end to end s": triple(figures.latency_s),
            "max_in_flight": str(limits[url].max_in_flight),
        }
        for url, figures in point.by_endpoint.items()
    ]


def change_row(change: Change) -> Row:
    """One constraint at one concurrency, now by before."""
    return {
        "constraint": change.constraint,
        "in flight": str(change.concurrency),
        "tokens/s before": f"{change.before_tokens_per_s:.0f}",
        "now": f"{change.now_tokens_per_s:.0f}",
        "tokens/s": times(change.tokens_per_s),
        "TTFT p50": times(change.ttft),
        "ITL p50": times(change.itl),
        "end to end p50": times(change.latency),
        "verdict": change.verdict,
    }


def recommendation(result: Result, summary: Summary) -> list[str]:
    """The advice in sentences."""
    if summary.knee is None:
        return ["nothing was measured"]
    point = next(
        p for p in summary.points if (p.constraint, p.concurrency) == (summary.deciding, summary.knee)
    )
    lines = [
        f"knee ({summary.deciding}): {summary.knee} in flight at each of {len(result.endpoints)} endpoints, "
        f"{point.figures.output_tokens_per_s:.0f} tokens/s"
    ]
    lines += [
        f"max_in_flight for {one.endpoint}: {one.max_in_flight} ({one.tokens_per_s:.0f} tokens/s there, "
        f"{one.best_tokens_per_s:.0f} at best)"
        for one in summary.advice
    ]
    if len(summary.advice) > 1 and point.evenness is not None:
        lines.append(f"evenness of the endpoints at the knee: {point.evenness:.2f} (1: all carry the same)")
    if summary.projection:
        per_hour, hours = summary.projection.conversations_per_gpu_hour, summary.projection.hours
        lines.append(
            f"projected: {per_hour:.0f} accepted conversations per GPU-hour, {hours:.2g} h for "
            f"{summary.projection.conversations}"
        )
    return lines


def triple(spread: Spread, factor: float = 1) -> str:
    """`p50 / p90 / p99`, to three digits."""
    values = [value * factor for value in (spread.p50, spread.p90, spread.p99) if value is not None]
    return "/".join(_short(value) for value in values) or UNKNOWN


def percent(share: float | None) -> str:
    """With one digit behind the point where it is neither all nor nothing."""
    if share is None:
        return UNKNOWN
    return f"{share:.0%}" if share in (0.0, 1.0) else f"{share:.1%}"


def times(ratio: float | None) -> str:
    """`1.25x`."""
    return UNKNOWN if ratio is None else f"{ratio:.2f}x"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.0f}-{max(values):.0f}" if len(values) > 1 else UNKNOWN
