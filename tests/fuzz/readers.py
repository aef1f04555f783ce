"""What is fuzzed: for each reader, how bytes become a file of its kind, and how it is read.

A reader may return, or raise a typed error of cosegbench. Anything else that leaves it is a finding.
"""

from __future__ import annotations

import io
import json
import struct
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cosegbench.errors import CosegbenchError
from fuzz.sources import Source, edited, spliced

Build = Callable[[Source], bytes]


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader.

    Args:
        build: bytes of a file, from a fuzzer's decisions.
        read: reads the file.
        suffix: of the file's name.
        name: the file's name before it.
    """

    build: Build
    read: Callable[[Path], object]
    suffix: str = ""
    name: str = "fuzzed"


def attempt(reader: Reader, data: bytes, folder: Path) -> CosegbenchError | None:
    """Read one file that the bytes describe; the typed error, or None where it was read."""
    path = folder / f"{reader.name}{reader.suffix}"
    path.write_bytes(reader.build(Source(data)))
    try:
        reader.read(path)
    except CosegbenchError as error:
        if not str(error):
            raise AssertionError("an error without words") from error
        return error
    return None


def _mixed(seed: Callable[[], bytes], special: Build) -> Build:
    """A quarter raw bytes, a quarter bytes of a sound file with changes, half what is special to the format."""

    def build(source: Source) -> bytes:
        way = source.below(4)
        if way == 0:
            return source.rest()
        return spliced(seed(), source) if way == 1 else special(source)

    return build


def _json_of(value: Callable[[], object]) -> Build:
    def seed() -> bytes:
        return json.dumps(value()).encode()

    return _mixed(seed, lambda source: json.dumps(edited(value(), source)).encode())


# --- PNG


@cache
def _png(kind: int) -> bytes:
    from PIL import Image

    values = np.arange(12).reshape(3, 4) % 5
    image = Image.fromarray(values.astype(np.uint16 if kind == 1 else np.uint8))
    if kind == 2:
        image.putpalette([7] * 768)
    stream = io.BytesIO()
    image.save(stream, format="PNG")
    return stream.getvalue()


def _mended_png(source: Source) -> bytes:
    """Chunks with changed bytes and the checksums that belong to them, so that the decoder is reached."""
    data, place, found = _png(source.below(3)), 8, [b"\x89PNG\r\n\x1a\n"]
    while place + 8 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        kind, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        place += size + 12
        if source.below(3) == 0:
            if kind == b"IDAT" and source.below(2):
                body = zlib.compress(spliced(zlib.decompress(body), source))
            else:
                body = spliced(body, source)
        kind = source.one_of((kind,) * 12 + (b"IHDR", b"PLTE", b"tRNS", b"zTXt", b"iTXt", b"iCCP", b"acTL", b"fdAT"))
        found.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
    return b"".join(found)


def _read_png(path: Path) -> None:
    from cosegbench.running.label_files import read_labels

    read_labels(path, 5, None)


# --- labels of a card


@cache
def _label_reader(kind: str, path: Path, classes: int = 5) -> Any:
    from cosegbench.adapters import LabelSource, open_labels
    from cosegbench.card_schema import FormatCard
    from cosegbench.vocabulary import ClassEntry, Vocabulary

    vocabulary = Vocabulary("fuzzed", tuple(ClassEntry(i, f"class {i}", i + 1) for i in range(classes)))
    form = FormatCard(kind, path.name, background=(0,))
    return open_labels(LabelSource(path.parent, "val", form, vocabulary, {}))


def _read_card_png(path: Path) -> None:
    for kind in ("label-png", "voc-palette", "stuffthingmaps"):
        try:
            _label_reader(kind, path).target("x")
        except CosegbenchError:
            if kind == "stuffthingmaps":
                raise


# --- .mat


@cache
def _mat(compressed: bool) -> bytes:
    from scipy.io import savemat

    stream = io.BytesIO()
    savemat(stream, {"LabelMap": np.arange(12, dtype=np.uint16).reshape(3, 4) % 5}, do_compression=compressed)
    return stream.getvalue()


def _packed_mat(source: Source) -> bytes:
    data = _mat(False)
    body = spliced(data[128:], source)
    if source.below(2):
        packed = zlib.compress(body)
        body = struct.pack("<II", 15, len(packed)) + packed
    return data[:128] + body


def _read_mat(path: Path) -> None:
    _label_reader("context-mat", path).target("x")


# --- region files and run lengths


def _regions() -> dict[str, object]:
    from pycocotools import mask as codec

    blob = np.asfortranarray(np.arange(12).reshape(3, 4) > 5, np.uint8)
    packed = codec.encode(blob)["counts"].decode()
    segmentations = [
        [[0.0, 0.0, 3.0, 0.0, 3.0, 2.0, 0.0, 2.0]],
        {"size": [3, 4], "counts": [2, 4, 6]},
        {"size": [3, 4], "counts": packed},
    ]
    return {
        "images": [{"id": 1, "file_name": "x.jpg", "height": 3, "width": 4}],
        "annotations": [
            {"id": i, "image_id": 1, "category_id": i + 1, "segmentation": each, "iscrowd": int(i > 0)}
            for i, each in enumerate(segmentations)
        ],
        "categories": [{"id": i + 1, "name": f"class {i}"} for i in range(5)],
    }


def _read_regions(path: Path) -> None:
    from cosegbench.adapters import LabelSource, open_labels
    from cosegbench.card_schema import FormatCard

    base = _label_reader("label-png", path)
    reader = open_labels(
        LabelSource(
            path.parent, "val", FormatCard("instances-json", path.name, background=(0,)), base.source.vocabulary, {}
        )
    )
    for image_id in reader.index():
        reader.target(image_id)


def _rle(source: Source) -> bytes:
    """One region of a 3 x 4 image: compressed text, a list of runs, or polygons, all from raw decisions."""
    way = source.below(3)
    if way == 0:
        segmentation: object = {
            "size": [3, 4],
            "counts": "".join(chr(40 + source.below(80)) for _ in range(source.below(24))),
        }
    elif way == 1:
        segmentation = {"size": [3, 4], "counts": [source.below(14) - 1 for _ in range(source.below(9))]}
    else:
        numbers = [
            (source.below(65536) - 32768) / source.one_of((1, 100, 5000, 32768)) for _ in range(source.below(20))
        ]
        segmentation = [numbers[: source.below(20)], numbers][: 1 + source.below(2)]
    return json.dumps(segmentation).encode()


def _read_rle(path: Path) -> None:
    from cosegbench.adapters.regions import decode_region

    decode_region(json.loads(path.read_bytes()), 3, 4, "fuzzed")


# --- evidence and saved masks


@cache
def _evidence_arrays() -> dict[str, np.ndarray]:
    from cosegbench.evidence import Evidence

    evidence = Evidence(4)
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        evidence.add(name, rng.integers(0, 4, (3, 4)).astype(np.uint16), rng.integers(0, 4, (3, 4)).astype(np.uint16))
    stream = Path(_scratch()) / "seed.npz"
    evidence.save(stream)
    with np.load(stream) as archive:
        return {name: archive[name] for name in archive.files}


@cache
def _scratch() -> str:
    import tempfile

    return tempfile.mkdtemp(prefix="cosegbench-fuzz-")


def _npz(arrays: dict[str, np.ndarray]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # not compressed: the decoder's speed is that of the fuzzer
    return stream.getvalue()


def _changed_npz(arrays: dict[str, np.ndarray], source: Source) -> bytes:
    arrays = dict(arrays)
    for _ in range(1 + source.below(3)):
        name = source.one_of(sorted(arrays))
        array, act = arrays[name], source.below(6)
        if act == 0:
            del arrays[name]
        elif act == 1:
            kind = source.one_of(("<u1", "<u4", "<i8", "<f4", "<f8", "<U9", "?"))
            arrays[name] = np.zeros(array.shape, kind) if array.dtype.kind == "U" else array.astype(kind)
        elif act == 2:
            arrays[name] = np.resize(array, source.one_of(((), (0,), (1,), (3,), (2, 2), (1, 1, 1), array.shape)))
        elif array.size and array.dtype.kind in "iuf":
            flat = array.copy().reshape(-1)
            flat[source.below(flat.size)] = source.one_of((0, 1, 3, 4, 255, 65535)) % (
                np.iinfo(flat.dtype).max if flat.dtype.kind in "iu" else 1e9
            )
            arrays[name] = flat.reshape(array.shape)
        else:
            arrays[source.one_of(("x", "pairs/x", "binary/images", "a/b"))] = array
        if not arrays:
            break
    return _npz(arrays)


def _read_evidence(path: Path) -> None:
    from cosegbench.evidence import Evidence
    from cosegbench.kernels import score

    evidence = Evidence.load(path)
    if len(evidence) and evidence.num_classes < 1000:
        score(evidence, "gt-void-fn")


@cache
def _mask_arrays() -> dict[str, np.ndarray]:
    from cosegbench.prediction import MaskSet
    from cosegbench.running.soft_masks import write_masks

    path = Path(_scratch()) / "masks.npz"
    write_masks(path, MaskSet(np.full((2, 3, 4), 0.5, np.float32), np.eye(2, 4, dtype=np.float32)), "x", "run")
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def _read_masks(path: Path) -> None:
    from cosegbench.running.soft_masks import read_masks

    read_masks(path)


# --- text files

_CARD = """schema_version = 1
id = "mine"
title = "A card"
vocabulary = "mine.csv"
background = "ignore"
[layout]
images = "photos/{id}.jpg"
[options.route]
default = "png"
choices = ["png", "json"]
help = "which"
[format]
kind = "label-png"
labels = "labels/{id}.png"
offset = 0
background = [0]
ignore = ["250-255"]
[format.when.route.json]
kind = "instances-json"
labels = "a.json"
[splits.val]
list = "val.txt"
count = 3
[[archives]]
url = "https://example.org/a.zip"
bytes = 3
"""


def _toml(value: object, name: str = "") -> str:
    """A small writer, enough for cards."""
    plain, tables = [], []
    for key, item in value.items() if isinstance(value, dict) else ():
        full = f"{name}.{json.dumps(str(key))}" if name else json.dumps(str(key))
        if isinstance(item, dict):
            tables.append(f"[{full}]\n{_toml(item, full)}")
        elif item is not None:
            plain.append(f"{json.dumps(str(key))} = {_inline(item)}")
    return "\n".join([*plain, *tables])


def _inline(item: object) -> str:
    if isinstance(item, dict):
        return "{" + ", ".join(f"{json.dumps(str(k))} = {_inline(v)}" for k, v in item.items()) + "}"
    if isinstance(item, list):
        return "[" + ", ".join(_inline(each) for each in item) + "]"
    return json.dumps("" if item is None else item, ensure_ascii=True)


def _changed_card(source: Source) -> bytes:
    import tomllib

    return _toml(edited(tomllib.loads(_CARD), source)).encode("utf-8", "replace")


def _read_card(path: Path) -> None:
    from cosegbench.cards import load_card

    if not (words := path.parent / "mine.csv").exists():
        words.write_bytes(_CSV)
    card = load_card(path)
    for split in card.splits:
        card.split(split, card.choose({}))
    card.vocabulary()


_CSV = b'index,native_id,name,synonyms,kind\n0,1,cat,kitty;tom,thing\n1,2,"sky, blue",,stuff\n2,7,tree,,\n'


def _read_vocabulary(path: Path) -> None:
    from cosegbench.vocabulary import Vocabulary

    _ = Vocabulary.from_csv(path, id="fuzzed").digest


@cache
def _record() -> dict[str, Any]:
    root = Path(__file__).resolve().parents[2] / "results"
    path = min(root.glob("*/records/*/*.json"), key=lambda each: each.stat().st_size)
    record: dict[str, Any] = _shortened(json.loads(path.read_text(encoding="utf-8")))
    scores = record["scores"]
    record["scores"] = dict(list(scores.items())[:1])
    return record


def _shortened(value: Any) -> Any:
    """The same with its long lists cut to two items: a small seed is changed in more places."""
    if isinstance(value, dict):
        return {key: _shortened(item) for key, item in value.items()}
    return [_shortened(item) for item in value[:2]] if isinstance(value, list) else value


def _read_record(path: Path) -> None:
    from cosegbench.records import read_record
    from cosegbench.records.codec import encode

    encode(read_record(path))


def _manifest() -> dict[str, object]:
    return {"format": "cosegbench-predictions", "schema_version": 1, "offset": 1, "void": 0, "dataset": "mine"}


def _read_manifest(path: Path) -> None:
    from cosegbench.running.label_files import read_manifest

    manifest = read_manifest(path.parent)
    if manifest is not None:
        from cosegbench.running.label_files import read_labels

        image = path.parent / "one.png"
        if not image.exists():
            image.write_bytes(_png(1))
        read_labels(image, 5, manifest)


def _list_of_ids(source: Source) -> bytes:
    return "\n".join(
        str(source.one_of(("a", "../b", "c d", "\0", "e\u00e9", ".x", "<b>", "x" * 300))) for _ in range(9)
    ).encode()


@cache
def _card_of_list(path: Path) -> Any:
    from cosegbench.cards import load_card

    file = path.with_name("list-card.toml")
    file.write_text(_CARD.replace("val.txt", path.name).replace("count = 3", ""), encoding="utf-8")
    file.with_name("mine.csv").write_bytes(_CSV)
    return load_card(file)


def _read_list(path: Path) -> None:
    from cosegbench.image_lists import list_images

    card = _card_of_list(path)
    labels = _label_reader("label-png", path)
    for image_id in list_images(card, card.split("val", card.choose({})), labels):
        (path.parent / f"{image_id}.png").is_file()


# --- weights


@cache
def _checkpoint() -> tuple[dict[str, object], bytes]:
    from safetensors.numpy import save

    return {"schema_version": 1, "kind": "coseg", "dtype": "float32"}, save({"a": np.ones((2, 3), np.float32)})


def _packed_checkpoint(source: Source) -> bytes:
    """The JSON's and the tensors' bytes in one, for :func:`_read_checkpoint` to take apart."""
    info, tensors = _checkpoint()
    head = json.dumps(edited(info, source) if source.below(2) else info).encode()
    body = tensors
    if source.below(2):
        size = int.from_bytes(tensors[:8], "little")
        header = json.dumps(edited(json.loads(tensors[8 : 8 + size]), source)).encode()
        body = len(header).to_bytes(8, "little") + header + tensors[8 + size :]
    if source.below(2):
        body = spliced(body, source)
    return struct.pack("<I", len(head)) + head + body


def _read_checkpoint(path: Path) -> None:
    import hashlib

    from cosegbench_baselines.checkpoint import load_checkpoint

    data = path.read_bytes()
    size = int.from_bytes(data[:4], "little")
    head, body = data[4 : 4 + size], data[4 + size :]
    try:  # the digest is put right, so that the tensors are reached
        info = json.loads(head)
        if isinstance(info, dict):
            head = json.dumps({**info, "sha256": hashlib.sha256(body).hexdigest()}).encode()
    except (ValueError, RecursionError):
        pass
    path.with_suffix(".json").write_bytes(head)
    path.with_suffix(".safetensors").write_bytes(body)
    load_checkpoint(path, "coseg")


def _packed_seed() -> bytes:
    info, tensors = _checkpoint()
    head = json.dumps(info).encode()
    return struct.pack("<I", len(head)) + head + tensors


# --- photographs


@cache
def _photograph(form: str) -> bytes:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(np.arange(8 * 9 * 3, dtype=np.uint8).reshape(8, 9, 3)).save(stream, format=form)
    return stream.getvalue()


def _changed_photograph(source: Source) -> bytes:
    return spliced(_photograph(source.one_of(("JPEG", "PNG", "BMP", "TIFF", "PPM", "WEBP"))), source)


def _read_photograph(path: Path) -> None:
    from cosegbench.photographs import check_photograph, open_photograph

    open_photograph(path, "x")
    check_photograph(path, "x")


READERS: dict[str, Reader] = {
    "card": Reader(_mixed(_CARD.encode, _changed_card), _read_card, ".toml"),
    "vocabulary": Reader(_mixed(lambda: _CSV, lambda source: spliced(_CSV, source)), _read_vocabulary, ".csv"),
    "record": Reader(_json_of(_record), _read_record, ".json"),
    "manifest": Reader(_json_of(_manifest), _read_manifest, ".json", "manifest"),
    "image-list": Reader(_mixed(lambda: b"a\nb x\n", _list_of_ids), _read_list, ".txt"),
    "prediction-png": Reader(_mixed(lambda: _png(0), _mended_png), _read_png, ".png"),
    "label-png": Reader(_mixed(lambda: _png(2), _mended_png), _read_card_png, ".png"),
    "mat": Reader(_mixed(lambda: _mat(True), _packed_mat), _read_mat, ".mat"),
    "regions": Reader(_json_of(_regions), _read_regions, ".json"),
    "rle": Reader(_rle, _read_rle, ".json"),
    "evidence": Reader(
        _mixed(lambda: _npz(_evidence_arrays()), lambda source: _changed_npz(_evidence_arrays(), source)),
        _read_evidence,
        ".npz",
    ),
    "masks": Reader(
        _mixed(lambda: _npz(_mask_arrays()), lambda source: _changed_npz(_mask_arrays(), source)), _read_masks, ".npz"
    ),
    "checkpoint": Reader(_mixed(_packed_seed, _packed_checkpoint), _read_checkpoint, ".both"),
    "photograph": Reader(_mixed(lambda: _photograph("JPEG"), _changed_photograph), _read_photograph, ".jpg"),
}
