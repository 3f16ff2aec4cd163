"""Makes the tiny model that the live tests serve, twice: as a Hugging Face folder for vLLM and as a GGUF
file for llama.cpp.

    PYTHONPATH=tests .live/vllm/bin/python -m live.tiny_models [FOLDER]

Needs torch, transformers, tokenizers and gguf, which the virtual environment of vLLM has. Same seed, same
bytes.

The model is a Qwen3 of 2 layers, hidden size 64 and 4,096 tokens (byte-level BPE trained on tiny_text),
with random weights bent by one trick, so that conversations under a grammar end. The first 14 dimensions of
the residual stream are reserved, one for each way the last token can end (tiny_habits.ENDINGS): every
token's embedding has STRENGTH in its own and little noise elsewhere, and the layers cannot write there.
After the final norm that dimension is close to sqrt(64) whatever the context, so the untied lm_head, whose
column for that dimension is log p / sqrt(64), makes the next-token distribution the habit table's. The
other dimensions stay random: attention and MLP mix the context into them, and they move the logits of words
by about 1.5. So what is said depends on the prompt, and some words stand out enough to survive llama-server's
default top_k of 40 and min_p of 0.05, which would leave nothing but punctuation of evenly likely words.
Punctuation follows the table alone.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import gguf
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from live import tiny_habits, tiny_text

SEED = 20
VOCABULARY = 4096
HIDDEN = 64
LAYERS = 2
HEADS = 2
HEAD_SIZE = 32
FEED_FORWARD = 128
CONTEXT = 65536
STRENGTH = 8.0
EMBEDDING_NOISE = 0.15
LAYER_NOISE = 0.1
HEAD_NOISE = 1.0
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
END = "<|im_end|>"
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def train_tokenizer() -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(tiny_text.training_text(SEED), trainer)
    if tokenizer.get_vocab_size() != VOCABULARY:
        raise SystemExit(f"the training text gives {tokenizer.get_vocab_size()} tokens, not {VOCABULARY}")
    return tokenizer


def token_texts(tokenizer: Any) -> list[str | None]:
    """Each token as text; None for chat markers and for tokens that are no whole characters."""
    texts = [tokenizer.decode([token_id], skip_special_tokens=False) for token_id in range(VOCABULARY)]
    return [None if text in SPECIAL or "\ufffd" in text else text for text in texts]


def qwen3_config(tokenizer: Any) -> Any:
    return Qwen3Config(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=FEED_FORWARD,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=1,
        head_dim=HEAD_SIZE,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=False,
        eos_token_id=tokenizer.token_to_id(END),
        bos_token_id=None,
        pad_token_id=tokenizer.token_to_id(SPECIAL[0]),
        torch_dtype="float32",
    )


def build_model(tokenizer: Any) -> Any:
    """Random weights, then the trick of this module's docstring."""
    torch.manual_seed(SEED)
    model = Qwen3ForCausalLM(qwen3_config(tokenizer)).float()
    texts = token_texts(tokenizer)
    with torch.no_grad():
        model.model.embed_tokens.weight.copy_(embeddings(texts))
        for layer in model.model.layers:
            for written in (layer.self_attn.o_proj.weight, layer.mlp.down_proj.weight):
                written.normal_(0.0, LAYER_NOISE)
                written[: len(tiny_habits.ENDINGS)] = 0.0
        model.lm_head.weight.copy_(head(model, texts, tokenizer.token_to_id(END)))
    return model


def embeddings(texts: list[str | None]) -> Any:
    vectors = torch.randn(VOCABULARY, HIDDEN) * EMBEDDING_NOISE
    vectors[:, : len(tiny_habits.ENDINGS)] = 0.0
    for token_id, text in enumerate(texts):
        vectors[token_id, tiny_habits.ENDINGS.index(tiny_habits.ending(text or ""))] = STRENGTH
    return vectors


def head(model: Any, texts: list[str | None], end: int) -> Any:
    """The habit table in the reserved columns, noise for words in the others. exp of noise is more than 1
    on average, by half its variance in logs, so that much is taken off words again."""
    words = set(tiny_text.words())
    kinds = [tiny_habits.kind(text, words) if text is not None else None for text in texts]
    wordy = torch.tensor([kind in tiny_habits.WORD_KINDS for kind in kinds])
    rows = torch.randn(VOCABULARY, HIDDEN) * HEAD_NOISE * wordy[:, None]
    table = tiny_habits.log_probabilities(texts, end, words)
    columns = torch.tensor([table[name] for name in tiny_habits.ENDINGS])
    reserved = len(columns)
    hidden = model.model(torch.randint(VOCABULARY, (1, 512))).last_hidden_state[0]
    noise = (hidden[:, reserved:] @ rows[wordy, reserved:].T).var()
    rows[:, :reserved] = (columns.T - wordy[:, None] * noise / 2) / math.sqrt(HIDDEN)
    return rows


def save_hf(model: Any, tokenizer: Any, folder: Path) -> None:
    model.generation_config.pad_token_id = model.config.pad_token_id
    model.save_pretrained(folder)
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=END,
        pad_token=SPECIAL[0],
        additional_special_tokens=list(SPECIAL),
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
    wrapped.chat_template = CHAT_TEMPLATE
    wrapped.save_pretrained(folder)


def save_gguf(model: Any, tokenizer: Any, path: Path) -> None:
    writer = gguf.GGUFWriter(path, "qwen3")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_key_length(HEAD_SIZE)
    writer.add_value_length(HEAD_SIZE)
    writer.add_layer_norm_rms_eps(model.config.rms_norm_eps)
    writer.add_rope_freq_base(rope_base(model.config))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    add_vocabulary(writer, tokenizer)
    for name, tensor in gguf_tensors(model).items():
        writer.add_tensor(name, tensor.float().contiguous().numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def rope_base(config: Any) -> float:
    # transformers 5 moved it into a dictionary.
    parameters = getattr(config, "rope_parameters", None) or {}
    return float(parameters.get("rope_theta") or config.rope_theta)


def add_vocabulary(writer: Any, tokenizer: Any) -> None:
    tokens = [tokenizer.id_to_token(token_id) for token_id in range(VOCABULARY)]
    merges = json.loads(tokenizer.to_str())["model"]["merges"]
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    # Its splitting rule is the one of tokenizers' ByteLevel.
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([control if token in SPECIAL else normal for token in tokens])
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in merges])
    writer.add_eos_token_id(tokenizer.token_to_id(END))
    writer.add_pad_token_id(tokenizer.token_to_id(SPECIAL[0]))
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def gguf_tensors(model: Any) -> dict[str, Any]:
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.QWEN3, LAYERS)
    named: dict[str, Any] = {}
    for name, tensor in model.state_dict().items():
        new_name = names.get_name(name, try_suffixes=(".weight",))
        if new_name is None:
            raise SystemExit(f"gguf has no name for {name}")
        named[new_name] = tensor
    return named


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer()
    model = build_model(tokenizer)
    save_hf(model, tokenizer, folder / "tiny")
    save_gguf(model, tokenizer, folder / "tiny.gguf")
    print(f"[live] models: made in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[2] / ".live" / "models")
