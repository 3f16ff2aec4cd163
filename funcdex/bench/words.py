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


def point_row(point: Point) -> Row:
    """One constraint at one concurrency."""
    figures = point.figures
    return {
        "constraint": point.constraint,
        "in flight": str(point.concurrency),
        "requests": str(figures.requests),
        "failed": str(figures.failed),
        "tokens/s": f"{figures.output_tokens_per_s:.0f}",
        "spread": _range(point.tokens_per_s),
        "requests/s": f"{figures.requests_per_s:.2f}",
        "goodput/s": f"{figures.goodput_per_s:.2f}",
        "TTFT p50/p90/p99": spread_ms(figures.ttft_s),
        "ITL p50/p90/p99": spread_ms(figures.itl_s),
        "end to end p50/p90/p99": spread_s(figures.latency_s),
        "tokens": f"{figures.mean_tokens:.0f}",
        "cut off": percent(figures.cut_off_share),
        "valid": percent(figures.valid_share),
        "really in flight": f"{figures.mean_in_flight:.1f}",
        "waiting there": UNKNOWN if point.waiting is None else str(point.waiting),
    }


def tax_row(tax: Tax) -> Row:
    """What a grammar costs while it is used."""
    return {
        "constraint": tax.constraint,
        "in flight": str(tax.concurrency),
        "grammar tax (tokens/s without / with)": times(tax.throughput),
        "mask (ITL with / without)": times(tax.mask),
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
        "first / repeated": times(one.fresh_s / one.repeated_s if one.repeated_s else None),
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
            "TTFT p50/p90/p99": spread_ms(figures.ttft_s),
            "end to end p50/p90/p99": spread_s(figures.latency_s),
            "recommended max_in_flight": str(limits[url].max_in_flight),
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


def spread_ms(spread: Spread) -> str:
    """In milliseconds."""
    return _triple(spread, 1000, "ms")


def spread_s(spread: Spread) -> str:
    """In seconds."""
    return _triple(spread, 1, "s")


def percent(share: float | None) -> str:
    """With one digit behind the point where it is neither all nor nothing."""
    if share is None:
        return UNKNOWN
    return f"{share:.0%}" if share in (0.0, 1.0) else f"{share:.1%}"


def times(ratio: float | None) -> str:
    """`1.25x`."""
    return UNKNOWN if ratio is None else f"{ratio:.2f}x"


def _triple(spread: Spread, factor: float, unit: str) -> str:
    if spread.p50 is None:
        return UNKNOWN
    values = (value * factor for value in (spread.p50, spread.p90, spread.p99) if value is not None)
    return " / ".join(f"{value:.3g}" for value in values) + f" {unit}"


def _range(values: Sequence[float]) -> str:
    return f"{min(values):.0f}-{max(values):.0f}" if len(values) > 1 else UNKNOWN
