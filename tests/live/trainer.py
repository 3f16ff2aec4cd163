"""What trainers make of an export, in the environment of their own that build_env.py makes (`training`).

    python tests/live/trainer.py round-trip EXPORT...    # prints each row as `datasets` gives it, a line each
    python tests/live/trainer.py two-steps EXPORT TEMPLATE

`two-steps` trains a random model of a few thousand weights with TRL's SFTTrainer and prints, as JSON, the
steps, the losses and the text that the chat template made of the first row. Nothing is downloaded.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def main(arguments: list[str]) -> None:
    """Does what is asked and prints to standard output."""
    what, *paths = arguments
    if what == "round-trip":
        for path in paths:
            for row in loaded(path):
                sys.stdout.write(json.dumps(row) + "\n")
        return
    sys.stdout.write(json.dumps(two_steps(*paths)) + "\n")


def loaded(path: str) -> Any:
    """The training split as the `datasets` library reads the folder, card and all."""
    from datasets import load_dataset

    with tempfile.TemporaryDirectory() as cache:
        return load_dataset(path, split="train", cache_dir=cache, keep_in_memory=True)


def two_steps(path: str, template: str) -> dict[str, Any]:
    """Two steps of SFTTrainer on the folder."""
    from transformers import Qwen3Config, Qwen3ForCausalLM
    from trl import SFTConfig, SFTTrainer

    rows = loaded(path)
    tokenizer = tiny_tokenizer(rows)
    tokenizer.chat_template = Path(template).read_text("utf-8")
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=8192,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    first = rows[0]
    tools = json.loads(first["tools"]) if isinstance(first["tools"], str) else first["tools"]
    with tempfile.TemporaryDirectory() as folder:
        trainer = SFTTrainer(
            model=Qwen3ForCausalLM(config),
            args=SFTConfig(
                output_dir=folder,
                max_steps=2,
                per_device_train_batch_size=1,
                max_length=4096,
                logging_steps=1,
                save_strategy="no",
                report_to=[],
                use_cpu=True,
                bf16=False,
                disable_tqdm=True,
            ),
            train_dataset=rows,
            processing_class=tokenizer,
        )
        trainer.train()
        seen = tokenizer.decode(trainer.train_dataset[0]["input_ids"])
    return {
        "steps": trainer.state.global_step,
        "losses": [told["loss"] for told in trainer.state.log_history if "loss" in told],
        "tokens_of_first": seen,
        "template_of_first": tokenizer.apply_chat_template(first["messages"], tools=tools, tokenize=False),
    }


def tiny_tokenizer(rows: Any) -> Any:
    """Bytes, and a few hundred merges learnt from the rows."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(vocab_size=1000, special_tokens=special, initial_alphabet=alphabet)
    tokenizer.train_from_iterator(_texts(rows), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        clean_up_tokenization_spaces=False,
    )


def _texts(rows: Any) -> Iterator[str]:
    return (json.dumps(row["messages"], ensure_ascii=False) for row in rows)


if __name__ == "__main__":
    main(sys.argv[1:])
