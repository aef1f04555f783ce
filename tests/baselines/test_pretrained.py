from __future__ import annotations

import json
import pickle
import tempfile
from pathlib import Path
from typing import Any

import pytest
import torch

from cosegbench.errors import CosegbenchError, DataError, MissingWeightsError, RequestError
from cosegbench_baselines.clipseg_source import load_clipseg
from cosegbench_baselines.coseg import CoSeg, coseg_config
from cosegbench_baselines.sources import load_clip
from tests.baselines.folders import WORDS, write_checkpoint, write_words

PHOTO_OF_A_CAT = [49406, 320, 1125, 539, 320, 2368, 49407]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_checkpoint(tmp_path)
    return tmp_path


def test_a_folder_of_the_published_layout_gives_the_same_model(tmp_path: Path) -> None:
    model = write_checkpoint(tmp_path)
    found = load_clip(str(tmp_path))
    pixels = torch.randn(2, 3, 16, 16)
    with torch.no_grad():
        expected = model.get_image_features(pixel_values=pixels).pooler_output
    torch.testing.assert_close(found.clip.encode_image(pixels).pooled, expected, atol=1e-5, rtol=0)
    assert (found.source, found.revision) == (str(tmp_path), None)


def test_the_digest_is_of_the_weights_not_of_their_file(folder: Path) -> None:
    first = load_clip(str(folder)).digest
    torch.save(load_clip(str(folder)).clip.model.state_dict(), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    assert load_clip(str(folder)).digest == first


def test_the_real_tokenizer_files_give_the_known_ids(shared: Path, tmp_path: Path) -> None:
    write_checkpoint(tmp_path, tokenizer=shared / "real" / "clip_tokenizer")
    tokenizer = load_clip(str(tmp_path)).clip.tokenizer
    assert tokenizer(["a photo of a cat"])["input_ids"] == [PHOTO_OF_A_CAT]
    write_checkpoint(tmp_path / "clipseg", "clipseg", tokenizer=shared / "real" / "clip_tokenizer")
    assert load_clipseg(str(tmp_path / "clipseg")).text.tokenizer(["a photo of a cat"])["input_ids"] == [PHOTO_OF_A_CAT]


@pytest.mark.slow
def test_vit_b16_at_its_full_size_loads_and_carries_a_coseg() -> None:
    from transformers import CLIPConfig, CLIPModel

    with tempfile.TemporaryDirectory() as place:  # 600 MB, which pytest's own folders would keep for three runs
        model = CLIPModel(CLIPConfig(text_config=WORDS, vision_config={"patch_size": 16}))
        model.save_pretrained(place)
        write_words(Path(place))
        loaded = load_clip(place)
    clip = loaded.clip
    assert sum(each.numel() for each in clip.model.parameters()) == 149_620_737
    assert (clip.image_size, clip.patch, clip.hidden, clip.width, clip.layers) == (224, 16, 768, 512, 12)
    config = coseg_config(clip)
    assert config.mask_decoder.taps == (3, 6, 9)
    features = clip.encode_image(torch.randn(1, 3, 224, 224), config.mask_decoder.taps)
    with torch.no_grad():
        out = CoSeg(config, clip.position_rows(20)).eval()(features)
    assert out.masks.shape == (1, 20, 224, 224)


@pytest.mark.parametrize("size", [28, 42])
def test_sizes_patch_and_taps_come_from_the_configuration(size: int, tmp_path: Path) -> None:
    """As ViT-L/14 and L/14@336: 24 layers, patch 14, a wider joint space; only narrower."""
    write_checkpoint(tmp_path, num_hidden_layers=24, patch_size=14, image_size=size, width=24, hidden_size=32)
    clip = load_clip(str(tmp_path)).clip
    config = coseg_config(clip, label_model={"blocks": 2, "feedforward": 32, "queries": 5})
    assert config.image_size == size
    assert config.label_model.width == config.mask_decoder.width == 24
    assert config.mask_decoder.hidden == 32
    assert config.mask_decoder.taps == (6, 12, 18)
    features = clip.encode_image(torch.randn(1, 3, size, size), config.mask_decoder.taps)
    with torch.no_grad():
        out = CoSeg(config, clip.position_rows(5)).eval()(features)
    assert out.masks.shape == (1, 5, size, size)


@pytest.mark.parametrize("taps", [(3, 6, 25), (-1, 2)])
def test_a_tap_that_the_tower_does_not_have_is_refused(taps: tuple[int, ...], tmp_path: Path) -> None:
    write_checkpoint(tmp_path, num_hidden_layers=24)
    clip = load_clip(str(tmp_path)).clip
    with pytest.raises(RequestError, match=r"does not exist. The tower has 24 layers.*\(6, 12, 18\)"):
        coseg_config(clip, mask_decoder={"taps": taps})


def test_a_patch_size_that_the_head_cannot_reach_is_refused(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, patch_size=5, image_size=15)
    clip = load_clip(str(tmp_path)).clip
    with pytest.raises(RequestError, match="even patch size; got 5"):
        CoSeg(coseg_config(clip))


@pytest.mark.parametrize(
    ("size", "expected"), [(24, 24), ({"height": 32, "width": 32}, 32), ({"shortest_edge": 20}, 16), (None, 352)]
)
def test_clipsegs_input_size_is_its_files(size: Any, expected: int, tmp_path: Path) -> None:
    write_checkpoint(tmp_path, "clipseg")
    if size is not None:
        (tmp_path / "preprocessor_config.json").write_text(json.dumps({"size": size}))
    assert load_clipseg(str(tmp_path)).once.image_size == expected


@pytest.mark.parametrize(
    "text",
    ['{"size": {"height": 24, "width": 32}}', '{"size": 25}', '{"image_mean": [1, 2]}', "[]", "{", '{"size": 0}'],
)
def test_a_preprocessor_file_that_makes_no_sense_is_refused(text: str, tmp_path: Path) -> None:
    write_checkpoint(tmp_path, "clipseg")
    (tmp_path / "preprocessor_config.json").write_text(text)
    with pytest.raises(DataError, match=r"preprocessor_config\.json"):
        load_clipseg(str(tmp_path))


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"model_type": "siglip"}, "model_type 'siglip'. Expected model_type 'clip'"),
        ({"model_type": "clip_text_model"}, "one tower; both"),
        ({"model_type": "clip_vision_model"}, "one tower; both"),
        ({"model_type": "clipseg"}, "CLIPSeg goes to --weights"),
        ({"architectures": ["SomethingElse"]}, "model_type None"),
    ],
)
def test_another_architecture_is_a_bad_request(found: dict[str, Any], said: str, folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps(found))
    with pytest.raises(RequestError, match=said):
        load_clip(str(folder))


def test_a_clip_where_a_clipseg_is_needed_is_a_bad_request(folder: Path) -> None:
    with pytest.raises(RequestError, match=r"model_type 'clip'.*Expected model_type 'clipseg'"):
        load_clipseg(str(folder))


class Evil:
    """What a pickle could do."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def damage(folder: Path, how: str) -> None:
    weights, pickled = folder / "model.safetensors", folder / "pytorch_model.bin"
    tensors = load_clip(str(folder)).clip.model.state_dict()
    if how == "truncated":
        weights.write_bytes(weights.read_bytes()[:-100])
    elif how == "empty":
        weights.write_bytes(b"")
    elif how == "pickle under the name of safetensors":
        weights.write_bytes(pickle.dumps(Evil(folder / "ran")))
    else:
        weights.unlink()
    if how == "pickle":
        torch.save(Evil(folder / "ran"), pickled)
    elif how == "bare pickle":
        pickled.write_bytes(pickle.dumps(Evil(folder / "ran")))
    elif how == "truncated pickle":
        torch.save(tensors, pickled)
        pickled.write_bytes(pickled.read_bytes()[:2000])
    elif how == "other sizes":
        torch.save({name: tensor[:1] if tensor.dim() else tensor for name, tensor in tensors.items()}, pickled)
    elif how == "one tower":
        torch.save({name: tensor for name, tensor in tensors.items() if name.startswith("text_")}, pickled)


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("truncated", "model.safetensors cannot be read"),
        ("empty", "model.safetensors cannot be read"),
        ("pickle under the name of safetensors", "model.safetensors cannot be read"),
        ("pickle", "pytorch_model.bin cannot be read.*run code"),
        ("bare pickle", "pytorch_model.bin cannot be read.*run code"),
        ("truncated pickle", "pytorch_model.bin cannot be read"),
        ("other sizes", "do not have the sizes"),
        ("one tower", "have no weights, for instance"),
    ],
)
def test_weights_that_cannot_be_read_are_one_typed_error_and_run_nothing(how: str, said: str, folder: Path) -> None:
    damage(folder, how)
    with pytest.raises(DataError, match=said):
        load_clip(str(folder))
    assert not (folder / "ran").exists()


def test_a_git_lfs_pointer_is_told_apart_from_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(MissingWeightsError, match="git lfs pull"):
        load_clip(str(folder))


def test_a_part_of_weights_in_parts_that_is_not_there_is_named(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    index = {"metadata": {}, "weight_map": {"logit_scale": "model-00001-of-00001.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(MissingWeightsError, match="has no model-00001-of-00001"):
        load_clip(str(folder))
    (folder / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(DataError, match="weight_map"):
        load_clip(str(folder))


def test_weights_in_parts_load_as_one(folder: Path) -> None:
    whole = load_clip(str(folder))
    whole.clip.model.save_pretrained(folder / "parts", max_shard_size="200KB")
    write_words(folder / "parts")
    assert len(list((folder / "parts").glob("*.safetensors"))) > 1
    assert load_clip(str(folder / "parts")).digest == whole.digest


@pytest.mark.parametrize("text", ["{", "[1]", ""])
def test_a_configuration_that_is_no_json_object_is_refused(text: str, folder: Path) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(DataError, match="is not a JSON object"):
        load_clip(str(folder))


def test_a_damaged_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")
    with pytest.raises(DataError, match="tokenizer"):
        load_clip(str(folder))


def test_a_tokenizer_of_more_tokens_than_the_tower_has_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["vocab_size"] = 5
    model = load_clip(str(folder)).clip.model
    weights = model.state_dict()
    name = "text_model.embeddings.token_embedding.weight"
    torch.save({**weights, name: weights[name][:5].clone()}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match="of two checkpoints"):
        load_clip(str(folder))


def test_a_tokenizer_that_ends_texts_otherwise_than_the_tower_expects_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["eos_token_id"] = 5
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match="ends a text with token 3, the text tower looks for 5"):
        load_clip(str(folder))


def test_texts_are_told_apart(shared: Path, tmp_path: Path) -> None:
    """With OpenAI's own end token, which old configurations state as 2."""
    write_checkpoint(tmp_path / "real", tokenizer=shared / "real" / "clip_tokenizer")
    for eos in (49407, 2):
        path = tmp_path / "real" / "config.json"
        config = json.loads(path.read_text())
        config["text_config"]["eos_token_id"] = eos
        path.write_text(json.dumps(config))
        clip = load_clip(str(tmp_path / "real")).clip
        dog, cat = clip.encode_text(["a photo of a dog", "a photo of a cat and a mouse"])
        assert float((dog - cat).abs().max()) > 1e-3


def test_code_beside_the_weights_is_never_run(folder: Path) -> None:
    (folder / "evil.py").write_text(f"open({str(folder / 'ran')!r}, 'w')\nclass Evil: pass\n")
    for name in ("config.json", "tokenizer_config.json"):
        facts = json.loads((folder / name).read_text())
        facts["auto_map"] = {"AutoModel": "evil.Evil", "AutoConfig": "evil.Evil", "AutoTokenizer": ["evil.Evil", None]}
        (folder / name).write_text(json.dumps(facts))
    try:
        load_clip(str(folder))
    except CosegbenchError as error:
        assert "tokenizer" in str(error)
    assert not (folder / "ran").exists()
