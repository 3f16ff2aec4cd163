"""Prints the tables that the README shows, from the recorded results.

python bench/tables.py            # prints
python bench/tables.py --write    # and puts them into README.md
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from overhead.table import PIPELINE, POOL, UNCHECKED, label
from record import RESULTS, recorded

README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- python bench/tables.py --write -->\n", "<!-- end of tables -->\n"
NAMES = {
    POOL: "**funcdex**, the pool alone",
    PIPELINE: "**funcdex**, a whole run with journal",
    UNCHECKED: "**funcdex**, a whole run with nothing matched or verified",
}


def tables() -> str:
    """In Markdown; of what was recorded."""
    return "\n".join([*overhead(recorded("pool_overhead")), *resuming(recorded("resume_time"))])


def overhead(result: Mapping[str, Any] | None) -> Iterator[str]:
    """What a request costs each client, the cheapest first."""
    if result is None:
        return
    figures = result["figures"]
    pool_ms = figures["clients"][POOL]["cpu_ms"]["median"]
    yield "| client | CPU a request | lowest to highest | pool = 1 | most in flight | memory |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, row in sorted(figures["clients"].items(), key=lambda pair: pair[1]["cpu_ms"]["median"]):
        spread = row["cpu_ms"]
        yield (
            f"| {NAMES.get(name, label(name, row))} | {spread['median']:.2f} ms "
            f"| {spread['lowest']:.2f} to {spread['highest']:.2f} | {spread['median'] / pool_ms:.1f} "
            f"| {row['most_in_flight']} | {row['rss_mb']} MB |"
        )
    yield ""
    yield (
        f"{figures['requests']:,} requests, {figures['in_flight']} in flight, each answered after 20 ms; "
        f"user and system, start-up subtracted. {_origin(result)}"
    )
    yield ""


def resuming(result: Mapping[str, Any] | None) -> Iterator[str]:
    """How soon a large run works again."""
    if result is None:
        return
    figures = result["figures"]
    first, guard = (figures["s"][name] for name in ("first request sent", "guard answers"))
    yield (
        f"A run of {figures['conversations']:,} conversations ({figures['size_gb']:.0f} GB) that was killed "
        f"sends its next request {first['median']:.1f} s after `funcdex resume`; its scenario guard "
        f"answers after {guard['median']:.0f} s. {_origin(result)}"
    )
    yield ""


def _origin(result: Mapping[str, Any]) -> str:
    machine = result["machine"]
    return (
        f"{machine['cores']} cores of an {machine['cpu']}, load {machine['load_before']:.1f} to "
        f"{machine['load_after']:.1f} of other work; "
        f"`{result['command']}` at {result['commit']}."
    )


def section(readme: str) -> str:
    """What the README shows now."""
    return readme.partition(BEGIN)[2].partition(END)[0]


def main() -> None:
    """Prints, or writes."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--write", action="store_true", help="put them into README.md")
    text = tables()
    print(text or f"nothing is recorded in {RESULTS}")
    if options.parse_args().write:
        before, _, rest = README.read_text("utf-8").partition(BEGIN)
        README.write_text(before + BEGIN + text + END + rest.partition(END)[2], "utf-8")


if __name__ == "__main__":
    main()
