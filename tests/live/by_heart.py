"""Makes a model that knows one answer by heart, as a GGUF file, and slips where it is told to.

    PYTHONPATH=tests .live/vllm/bin/python -m live.by_heart TOKENIZER.json ANSWER.txt SLIP_EVERY OUT.gguf

llama.cpp looks at its whole vocabulary only where a model's first choice is refused by the grammar. The tiny
models of tiny_models.py ramble, so most of their choices are refused; a real model's are mostly right. This
one is right at every place, in texts, strings, tags and between them, but for one in SLIP_EVERY tokens (0:
none), where its first choice is the zero byte, which no grammar of ours allows, and its second the right one.

It is a GPT-2 without a say of its layer: token embeddings are zero and the embedding of a place is the head's
row of the token that comes next, so at temperature 0 it goes through the answer whatever was said before.
That holds for one length of prompt: PROMPT in the chat template of tiny_models.py.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from tokenizers import Tokenizer

from live import tiny_models

PROMPT = "Write."
HIDDEN = 32
PLACES = 8192
SHARPNESS = 2.0
"""Logits of the right token are HIDDEN times this, of others at most three fifths of it."""
ZERO_BYTE = "\u0100"
"""How byte-level vocabularies spell it."""


def main(tokenizer_path: str, answer: Path, slip_every: int, out: Path) -> None:
    tokenizer = Tokenizer.from_file(tokenizer_path)
    prompt = f"<|im_start|>user\n{PROMPT}<|im_end|>\n<|im_start|>assistant\n"
    begin = len(tokenizer.encode(prompt).ids) - 1
    said = tokenizer.encode(answer.read_text("utf-8")).ids[: PLACES - begin]
    slip = tokenizer.token_to_id(ZERO_BYTE)
    chance = np.random.default_rng(tiny_models.SEED)
    head = np.zeros((tokenizer.get_vocab_size(), HIDDEN), np.float32)
    for token in {*said, slip}:
        head[token] = direction(chance)
    places = np.zeros((PLACES, HIDDEN), np.float32)
    for number, token in enumerate(said):
        slips = slip_every and number % slip_every == slip_every // 2
        places[begin + number] = head[token] + (1.05 * head[slip] if slips else 0.0)
    save(tokenizer, head * SHARPNESS, places, out)


def direction(chance: Any) -> Any:
    """A vector that a LayerNorm leaves as it is."""
    drawn = chance.standard_normal(HIDDEN)
    centred = drawn - drawn.mean()
    return centred / centred.std()


def save(tokenizer: Any, head: Any, places: Any, path: Path) -> None:
    tiny_models.VOCABULARY = len(head)
    writer = gguf.GGUFWriter(path, "gpt2")
    writer.add_name("by heart")
    writer.add_context_length(PLACES)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(1)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(1)
    writer.add_layer_norm_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    tiny_models.add_vocabulary(writer, tokenizer)
    writer.add_tensor("token_embd.weight", np.zeros_like(head))
    writer.add_tensor("position_embd.weight", places)
    writer.add_tensor("output.weight", head)
    for norm in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{norm}.weight", np.ones(HIDDEN, np.float32))
        writer.add_tensor(f"{norm}.bias", np.zeros(HIDDEN, np.float32))
    for name, rows in (("attn_qkv", 3), ("attn_output", 1), ("ffn_up", 1), ("ffn_down", 1)):
        writer.add_tensor(f"blk.0.{name}.weight", np.zeros((rows * HIDDEN, HIDDEN), np.float32))
        writer.add_tensor(f"blk.0.{name}.bias", np.zeros(rows * HIDDEN, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
