"""What a run kept, as a Ray Data dataset: read lazily, block by block, on the nodes of the cluster.

python examples/ray_data.py runs/first
"""

import json
import sys

import ray

ray.init(log_to_driver=False)
conversations = ray.data.read_text(f"{sys.argv[1]}/parsed_conversations.jsonl", drop_empty_lines=True)


def figures(row):
    """What is wanted of one line; the rest of it never leaves its block."""
    record = json.loads(row["text"])
    return {"id": record["id"], "messages": len(record["messages"])}


told = conversations.map(figures)
sys.stdout.write(f"{told.count()} conversations, {told.sum('messages')} messages\n")
