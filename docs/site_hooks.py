"""What the site does beyond Markdown: which pages are in the navigation, and links that leave the folder."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
_OUTSIDE = re.compile(r"\[([^]]+)\]\((?:\.\./)+([A-Za-z_][^)]*)\)")


def on_config(config: Any) -> Any:
    """Lists every decision, and leaves out pages that this version does not have."""
    for section in config.nav:
        for title, pages in section.items():
            if title == "Decisions":
                pages += sorted(f"decisions/{path.name}" for path in (DOCS / "decisions").glob("*.md"))
            section[title] = [page for page in pages if (DOCS / page).is_file()]
    return config


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Files beside the folder are no part of the site: a link to one becomes its name."""
    return _OUTSIDE.sub(_named, markdown)


def _named(found: re.Match[str]) -> str:
    text, target = found[1], found[2]
    return found[0] if (DOCS / target).exists() else f"{text} (`{target}` in the repository)"
