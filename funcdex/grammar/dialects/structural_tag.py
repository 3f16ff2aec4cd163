"""Tree -> xgrammar's structural tag, as JSON text: servers that take a tag and no grammar.

The formats of a tag cannot refer to one another: what stands in two places is written twice, and once more
for each place around it; five tools came to 152 KB that way. So the tag is a single piece of EBNF, which
shares its rules, is as cheap to match as the EBNF alone and needs only a format that older releases have.
"""

from __future__ import annotations

import json

from funcdex.grammar.dialects.ebnf import render_ebnf
from funcdex.grammar.ir import Tree


def render_structural_tag(tree: Tree) -> str:
    """`{"type": "structural_tag", "format": {"type": "grammar", "grammar": "root ::= ..."}}`."""
    grammar = {"type": "grammar", "grammar": render_ebnf(tree)}
    return json.dumps({"type": "structural_tag", "format": grammar}, ensure_ascii=False)
