"""The half of a network that reads words: fed as its folder says, and refused where the folder lies."""

import base64
import json
import pickle
import string
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from lookalike.errors import BadModel, UnknownWords
from lookalike.models import add_model, open_text_network, read_model
from lookalike.models.tokens import Tokenizer as MadeTokens
from lookalike.models.tokens import TokenRules, cleaned
from tests.towers import END, IDS, LENGTH, PAD, TABLE, endless, meaning, textual, tokenizer, visual, write_towers

INT32, INT64 = TensorProto.INT32, TensorProto.INT64
TEXTS = ["red", "Green boat", "a photo of the blue thing", "yellow red green blue yellow red green blue yellow"]


def described(folder: Path, texts: list[str] = TEXTS) -> np.ndarray:
    return open_text_network(read_model(folder)).describe(texts)


SIGNATURES: list[dict[str, Any]] = [
    {"kind": INT32, "shape": (1, LENGTH)},
    {"kind": INT64, "shape": ("n", LENGTH)},
    {"kind": INT64, "shape": ("n", "l"), "names": ("input_ids",), "output": "text_embeds"},
    {"kind": INT32, "shape": (3, LENGTH), "names": ("text", "token_type_ids", "position_ids")},
]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_texts_have_the_vectors_computed_by_hand_whatever_the_network_takes(tmp_path: Path, signature: dict) -> None:
    vectors = described(write_towers(tmp_path / "net", text_network=textual(**signature)))
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [meaning(text) for text in TEXTS], atol=1e-5)


@pytest.mark.parametrize("shape", [("n", "l"), ("n", LENGTH), (1, LENGTH)])
def test_a_mask_leaves_out_what_only_fills_up(tmp_path: Path, shape: tuple[int | str, ...]) -> None:
    network = textual(names=("input_ids", "attention_mask"), kind=INT64, shape=shape)
    vectors = described(write_towers(tmp_path / "net", text_network=network))
    np.testing.assert_allclose(vectors, [meaning(text, pads=False) for text in TEXTS], atol=1e-5)


def test_without_a_mask_texts_are_filled_up_to_the_length_that_the_folder_says(tmp_path: Path) -> None:
    network = textual(shape=("n", "l"))
    for length in (5, 12):
        folder = write_towers(tmp_path / str(length), text_network=network, text_cfg={"context_length": length})
        np.testing.assert_allclose(described(folder), [meaning(text, length=length) for text in TEXTS], atol=1e-5)


@pytest.mark.parametrize(
    ("config", "tokens"),
    [
        ({"text_config": {"max_position_embeddings": 12}}, {"pad_token": PAD}),
        ({"model_type": "siglip"}, {"pad_token": PAD, "model_max_length": 12}),
    ],
)
def test_the_configurations_of_hugging_face_are_read(tmp_path: Path, config: dict, tokens: dict) -> None:
    folder = write_towers(tmp_path / "net", text_network=textual(names=("input_ids",), kind=INT64, shape=("n", "l")))
    (folder / "textual" / "tokenizer.json").rename(folder / "tokenizer.json")
    (folder / "textual" / "tokenizer_config.json").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps(tokens))
    (folder / "config.json").write_text(json.dumps(config))
    np.testing.assert_allclose(described(folder), [meaning(text, length=12) for text in TEXTS], atol=1e-5)


def test_the_usual_length_holds_where_the_configuration_names_none(tmp_path: Path) -> None:
    folder = write_towers(tmp_path / "net", text_network=textual(shape=("n", "l")), text_cfg={"width": 512})
    assert open_text_network(read_model(folder)).tokenizer.rules.length == 77


@pytest.mark.parametrize(
    ("cleaning", "text"), [("canonicalize", "RED, boat_thing!"), ("lower", "RED boat thing"), (None, "red boat  thing")]
)
def test_texts_are_cleaned_as_the_configuration_says(tmp_path: Path, cleaning: str | None, text: str) -> None:
    rules = {"context_length": LENGTH, "tokenizer_kwargs": {"clean": cleaning} if cleaning else {}}
    folder = write_towers(tmp_path / "net", text_cfg=rules, tokens=tokenizer(lowers=False))
    np.testing.assert_allclose(described(folder, [text]), [meaning("red boat thing")], atol=1e-5)


@given(st.text())
def test_cleaning_leaves_single_spaces_and_does_nothing_twice(text: str) -> None:
    for cleaning in ("whitespace", "lower", "canonicalize"):
        once = cleaned(text, cleaning)
        assert once == " ".join(once.split())
        assert cleaned(once, cleaning) == (once if cleaning == "whitespace" else cleaned(once.lower(), cleaning))
    assert not set(cleaned(text, "canonicalize")) & set(string.punctuation)


def test_a_padding_that_only_the_tokenizer_names_is_taken(tmp_path: Path) -> None:
    tokens = {**tokenizer(), "padding": {
        "strategy": {"Fixed": 3}, "direction": "Left", "pad_to_multiple_of": None, "pad_id": IDS[PAD],
        "pad_type_id": 0, "pad_token": PAD,
    }}  # fmt: skip
    folder = write_towers(tmp_path / "net", tokens=tokens)
    (folder / "textual" / "tokenizer_config.json").write_text("{}")
    np.testing.assert_allclose(described(folder), [meaning(text) for text in TEXTS], atol=1e-5)


@pytest.mark.parametrize("text", ["", "  ", "blorp", "blorp snark"])
def test_words_that_are_in_no_vocabulary_are_told_with_the_remedy(tmp_path: Path, text: str) -> None:
    network = open_text_network(read_model(write_towers(tmp_path / "net")))
    with pytest.raises(UnknownWords, match=f"network net knows none of the words '{text}': write them in another way"):
        network.describe(["red", text])
    assert len(network.describe(["red", f"{text} boat"])) == 2


def test_nothing_gives_nothing(tmp_path: Path) -> None:
    assert described(write_towers(tmp_path / "net"), []).shape == (0, 3)


def test_a_network_that_only_sees_reads_nothing(tmp_path: Path) -> None:
    folder = write_towers(tmp_path / "net")
    (folder / "textual" / "model.onnx").unlink()
    model = read_model(folder)
    assert not model.has_text
    with pytest.raises(BadModel, match=r"no readable file textual/model\.onnx"):
        open_text_network(model)


def changed(name: str, content: object) -> Callable[[Path], None]:
    """Return what puts other content into a file of the folder."""

    def change(folder: Path) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (folder / name).write_bytes(data)

    return change


def tower(**options: Any) -> Callable[[Path], None]:
    return changed("textual/model.onnx", textual(**options).SerializeToString())


def charsmap(replacement: str) -> dict[str, str]:
    """Make a normalizer as SentencePiece compiles them: a double array that leads from "a" to `replacement`."""
    trie = [0] * 512
    trie[0] = 256 << 10  # the root's children lie from 256 on
    trie[256 ^ ord("a")] = ord("a") | 1 << 8 | 1 << 10  # a letter that ends a word, whose value lies beside
    table = struct.pack("<I512I", 4 * len(trie), *trie) + replacement.encode() + b"\0"
    return {"type": "Precompiled", "precompiled_charsmap": base64.b64encode(table).decode()}


TOKENS = tokenizer()
SPECIAL = {"SpecialToken": {"id": "X", "type_id": 0}}
DOUBLING = {"type": "Replace", "pattern": {"String": "r"}, "content": "rr"}
HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "others than pictures have": (tower(n_dims=4), "4 numbers for each text, and the network of pictures 3"),
    "a network of pictures": (changed("textual/model.onnx", visual().SerializeToString()), "no tokens"),
    "floats for tokens": (tower(kind=TensorProto.FLOAT), "no tokens"),
    "two kinds of tokens": (tower(names=("text", "more")), "no tokens"),
    "too many tokens": (tower(shape=(1, 1 << 20)), "over 1024 or 4096"),
    "too many texts": (tower(shape=(1 << 20, LENGTH)), "over 1024 or 4096"),
    "another length": (changed("config.json", {"text_cfg": {"context_length": 9}}), "takes 8 tokens, got 9"),
    "a length of nothing": (changed("config.json", {"text_cfg": {"context_length": 0}}), "1 to 4096 tokens, got 0"),
    "a length in words": (changed("config.json", {"text_cfg": {"context_length": "77"}}), "got '77'"),
    "a list for a section": (changed("config.json", {"text_cfg": [1]}), "text_cfg is an object, got list"),
    "a cleaning of another kind": (
        changed("config.json", {"text_cfg": {"tokenizer_kwargs": {"clean": "rm -rf"}}}),
        "cleaned by whitespace, lower, canonicalize, got 'rm -rf'",
    ),
    "a list for a token": (changed("textual/tokenizer_config.json", {"pad_token": [1]}), "pad_token is a text"),
    "a pad that is no token": (changed("textual/tokenizer_config.json", {"pad_token": "<x>"}), "token '<x>' that"),
    "no pad at all": (changed("textual/tokenizer_config.json", {}), "does not know the token None"),
    "a deep configuration": (changed("config.json", b'{"a":' * 100_000), "not readable JSON"),
    "a huge configuration": (changed("config.json", b" " * (1 << 20) + b"{}"), "more than 1048576 bytes"),
    "an empty tokenizer": (changed("textual/tokenizer.json", b""), "no tokenizer"),
    "a pickle for a tokenizer": (changed("textual/tokenizer.json", pickle.dumps(print)), "no tokenizer"),
    "a deep tokenizer": (changed("textual/tokenizer.json", b"[" * 1_000_000), "no tokenizer"),
    "a tokenizer nested in itself": (
        changed("textual/tokenizer.json", b'{"normalizer":{"type":"Sequence","normalizers":[' * 50_000),
        "no tokenizer",
    ),
    "a number for a vocabulary": (changed("textual/tokenizer.json", {**TOKENS, "model": 3}), "no tokenizer"),
    "a negative token": (
        changed("textual/tokenizer.json", {**TOKENS, "model": {**TOKENS["model"], "vocab": {"red": -1}}}),
        "no tokenizer",
    ),
    "a vocabulary that lacks what it names": (
        changed("textual/tokenizer.json", {**TOKENS, "model": {**TOKENS["model"], "vocab": {PAD: 0, "red": 1}}}),
        "no tokenizer, or a damaged one .*UNK",
    ),
    "a token beyond the network": (
        changed("textual/tokenizer.json", {**TOKENS, "model": {**TOKENS["model"], "vocab": {**IDS, "a": 10**6}}}),
        "fails on a text",
    ),
    "a token beyond all numbers": (
        changed("textual/tokenizer.json", {**TOKENS, "model": {**TOKENS["model"], "vocab": {**IDS, "a": 2**32 - 1}}}),
        "fails on a text .*4294967295 does not fit",
    ),
    "a template that panics": (
        changed("textual/tokenizer.json", {**TOKENS, "post_processor": {
            "type": "TemplateProcessing", "single": [SPECIAL, {"Sequence": {"id": "A", "type_id": 0}}], "pair": [],
            "special_tokens": {},
        }}), "no tokenizer, or a damaged one",
    ),
    "a normalizer that panics": (
        changed("textual/tokenizer.json", {**TOKENS, "normalizer": {
            "type": "Precompiled", "precompiled_charsmap": "AAAA",
        }}), "no tokenizer, or a damaged one",
    ),
    "more tokens than the most": (
        changed("textual/tokenizer.json", {**TOKENS, "post_processor": {
            "type": "TemplateProcessing", "single": [SPECIAL] * 20 + [{"Sequence": {"id": "A", "type_id": 0}}],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
            "special_tokens": {"X": {"id": "X", "ids": [IDS[END]], "tokens": [END]}},
        }}), "makes 22 tokens of a text where 8 is the most",
    ),
    "a text that doubles and doubles": (
        changed("textual/tokenizer.json", {**TOKENS, "normalizer": {
            "type": "Sequence", "normalizers": [DOUBLING] * 30,
        }}), "times longer",
    ),
    "a text of bytes of bytes": (
        changed("textual/tokenizer.json", {**TOKENS, "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
            {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False},
        ] * 30}}), "times longer",
    ),
    "a letter that becomes a book": (
        changed("textual/tokenizer.json", {**TOKENS, "normalizer": charsmap("b" * 5000)}), "5000 times longer",
    ),
    "a book before every text": (
        changed("textual/tokenizer.json", {**TOKENS, "normalizer": {"type": "Prepend", "prepend": "b" * 5000}}),
        "5001 times longer",
    ),
    "a text that grows out of nothing": (
        changed("textual/tokenizer.json", {**TOKENS, "normalizer": {
            "type": "Replace", "pattern": {"Regex": ""}, "content": "r" * 5000,
        }}), "times longer",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_or_damaged_tower_is_refused_in_one_sentence_and_not_installed(tmp_path: Path, case: str) -> None:
    change, sentence = HOSTILE[case]
    folder = write_towers(tmp_path / "net")
    change(folder)
    with pytest.raises(BadModel, match=sentence) as refusal:
        add_model(folder, tmp_path / "models")
    assert "\n" not in str(refusal.value) and str(refusal.value).endswith(".")
    assert not any((tmp_path / "models").glob("*"))
    with pytest.raises(BadModel, match=sentence):
        open_text_network(read_model(folder)).try_out()


def test_whatever_bytes_change_a_tower_reads_or_is_refused_in_one_sentence(tmp_path: Path) -> None:
    folder = write_towers(tmp_path / "net")
    rng = np.random.default_rng(7)
    letters = np.frombuffer(b'0123456789{}[],":-nulltruefalse', np.uint8)
    refused = 0
    for name in ["textual/tokenizer.json", "textual/tokenizer_config.json", "config.json", "textual/model.onnx"] * 25:
        whole = (folder / name).read_bytes()
        altered = np.frombuffer(whole, np.uint8).copy()
        places = rng.integers(len(altered), size=rng.integers(1, 6))
        altered[places] = (
            rng.choice(letters, len(places)) if rng.random() < 0.5 else rng.integers(256, size=len(places))
        )
        (folder / name).write_bytes(altered.tobytes())
        try:
            assert described(folder, ["red boat", "blue"]).shape == (2, 3)
        except (BadModel, UnknownWords) as error:
            refused += 1
            assert "\n" not in str(error)
        (folder / name).write_bytes(whole)
    assert 50 < refused < 100


def test_a_tower_without_a_tokenizer_is_refused_with_the_remedy(tmp_path: Path) -> None:
    folder = write_towers(tmp_path / "net")
    (folder / "textual" / "tokenizer.json").unlink()
    with pytest.raises(BadModel, match=r"no tokenizer.json: get the network again, .*or remove the folder textual"):
        add_model(folder, tmp_path / "models")


def test_a_tokenizer_of_excessive_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.models.tokens.MAX_TOKENIZER", 100)
    with pytest.raises(BadModel, match="more than 100 bytes"):
        open_text_network(read_model(write_towers(tmp_path / "net")))


@pytest.mark.parametrize("name", ["textual/model.onnx", "textual/tokenizer.json", "config.json"])
def test_a_tower_that_changed_since_it_was_installed_reads_nothing(tmp_path: Path, name: str) -> None:
    model = add_model(write_towers(tmp_path / "net"), tmp_path / "models")
    data = (model.folder / name).read_bytes()
    (model.folder / name).write_bytes(data[:-1] + b" ")
    with pytest.raises(BadModel, match=r"has changed since|is not an ONNX file|not readable JSON"):
        open_text_network(model)


def test_numbers_of_the_wrong_count_are_refused_where_only_a_trial_tells(tmp_path: Path) -> None:
    network = textual(n_dims=4)
    network.graph.output[0].type.tensor_type.shape.dim[1].ClearField("dim_value")
    folder = write_towers(tmp_path / "net", text_network=network)
    with pytest.raises(BadModel, match="4 numbers for each text, and the network of pictures 3"):
        add_model(folder, tmp_path / "models")


def test_the_kinds_of_tokenizers_of_published_networks_are_taken(tmp_path: Path) -> None:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    clip = Tokenizer(models.BPE({**{letter: place for place, letter in enumerate(letters)}, "re": 256, "red</w>": 257,
                                 "d</w>": 258, "<s>": 259, END: 260}, [("r", "e"), ("re", "d</w>")],
                                end_of_word_suffix="</w>", unk_token=END))  # fmt: skip
    clip.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    clip.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"[a-z]+|\d"), "removed", invert=True), pre_tokenizers.ByteLevel(False)]
    )
    clip.post_processor = processors.RobertaProcessing((END, 260), ("<s>", 259), False, False)
    pieces = [("<pad>", 0.0), (END, 0.0), ("<unk>", 0.0), ("▁red", -1.0), ("▁b", -2.0), ("oat", -2.0), ("▁", -3.0)]
    siglip = Tokenizer(models.Unigram(pieces, 2, byte_fallback=False))
    marks = [normalizers.Replace(mark, "") for mark in string.punctuation]
    siglip.normalizer = normalizers.Sequence([normalizers.Lowercase(), *marks, normalizers.Strip()])
    siglip.pre_tokenizer = pre_tokenizers.Metaspace()
    siglip.post_processor = processors.TemplateProcessing(single=f"$A {END}", special_tokens=[(END, 1)])
    for name, made, pad, due in (("clip", clip, END, [259, 257, 260, 260]), ("siglip", siglip, "<pad>", [3, 1, 0, 0])):
        made.save(str(tmp_path / name))
        rules = TokenRules(4, True, "whitespace", pad, "<unk>")
        tokens = MadeTokens(tmp_path / name, rules).encode(["Red", "red boat red boat", "???"])
        assert tokens.ids[0].tolist() == due and tokens.ids.shape == tokens.mask.shape == (3, 4)
        assert tokens.mask.tolist() == [[1, 1, int(name == "clip"), 0], [1] * 4, tokens.mask[2].tolist()]
        assert tokens.ids[1, -1] == (260 if name == "clip" else 1)
        assert tokens.is_known.tolist() == [True, True, False]


def test_a_table_of_sentencepiece_replaces_letters(tmp_path: Path) -> None:
    tokens = {**TOKENS, "normalizer": charsmap("red")}
    vectors = described(write_towers(tmp_path / "net", tokens=tokens), ["a boat"])
    np.testing.assert_allclose(vectors, [meaning("red boredt")], atol=1e-5)


def test_a_tower_that_never_ends_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lookalike.models.trial.TRIAL", 0.2)
    folder = write_towers(tmp_path / "net", text_network=endless(textual()))
    with pytest.raises(BadModel, match=r"fails on a text \(it takes longer than 0\.2 seconds\)"):
        add_model(folder, tmp_path / "models")


def test_an_output_without_a_shape_is_read_and_tried(tmp_path: Path) -> None:
    for n_dims in (3, 4):
        network = textual(n_dims=n_dims)
        network.graph.output[0].type.tensor_type.ClearField("shape")
        folder = write_towers(tmp_path / str(n_dims), text_network=network)
        if n_dims == 3:
            np.testing.assert_allclose(described(folder), [meaning(text) for text in TEXTS], atol=1e-5)
        else:
            with pytest.raises(BadModel, match="4 numbers for each text"):
                described(folder)


def test_a_network_whose_words_are_no_numbers_is_noticed_before_it_is_used(tmp_path: Path) -> None:
    from lookalike.describers.network import network_describer

    folder = write_towers(tmp_path / "net", text_network=textual(table=np.full_like(TABLE, np.nan)))
    describer = network_describer(read_model(folder))
    with pytest.raises(BadModel, match="answers a text with values that are no finite numbers"):
        describer.describe_texts(["red"])  # type: ignore[attr-defined]
