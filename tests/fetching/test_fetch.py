"""Fetching whole data sets through the built-in cards, from a server on this machine."""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import make_coco, make_context, make_detail, make_instances, random_labels

from cosegbench.cards import load_card
from cosegbench.dataset import load_dataset
from cosegbench.errors import DataError, MissingDataError, RequestError, WorkError
from cosegbench.fetching import Pins, View, fetch, make_plan, space, unpack
from cosegbench.fetching.places import archive_path
from cosegbench.verify import verify
from fetching.support import (
    HASTY,
    File,
    Notes,
    Server,
    files_of,
    folder_members,
    serve_card,
    sha256,
    tar_bytes,
    zip_bytes,
)

Archives = dict[str, bytes]


class World:
    """One card, served; ``root`` is the data root to fill."""

    def __init__(self, server: Server, folder: Path, archives: Archives) -> None:
        self.server, self.folder, self.archives = server, folder, archives
        self.root, self.notes, self.accepted = folder / "data", Notes(), []  # type: ignore[var-annotated]
        self.root.mkdir()

    def card(self, base: str) -> Path:
        return serve_card(self.server, self.folder / "cards", base, self.archives)

    def view(self, base: str, *splits: str, **given: str) -> View:
        card = load_card(self.card(base))
        return View(card, splits or ("val",), card.choose(given))

    def fetch(self, view: View, **how: Any):
        return fetch(view, self.root, progress=self.notes, accept=self.accepted.append, patience=HASTY, **how)

    def names(self) -> set[str]:
        return {path.rpartition("/")[2] for path, _ in self.server.asked}


@pytest.fixture
def world(server: Server, tmp_path: Path, archives: Archives) -> World:
    return World(server, tmp_path, archives)


VIEWS = {
    "voc20": (["VOCtrainval_11-May-2012.tar"], r"VOCdevkit/VOC2012/(JPEGImages|SegmentationClass)/"),
    "voc21": (["VOCtrainval_11-May-2012.tar"], r"VOCdevkit/VOC2012/(JPEGImages|SegmentationClass)/"),
    "context459": (["VOCtrainval_03-May-2010.tar", "trainval.tar.gz"], r"VOCdevkit/VOC2010/JPEG|pascal_context/"),
    "context60": (["VOCtrainval_03-May-2010.tar", "trainval.tar.gz"], r"VOCdevkit/VOC2010/JPEG|pascal_context/"),
    "coco-stuff": (["val2017.zip", "stuffthingmaps_trainval2017.zip"], r"coco/(images|stuffthingmaps)/val2017/"),
    "coco-object": (["val2017.zip", "stuffthingmaps_trainval2017.zip"], r"coco/(images|stuffthingmaps)/val2017/"),
    "coco-things": (["val2017.zip", "stuffthingmaps_trainval2017.zip"], r"coco/(images|stuffthingmaps)/val2017/"),
}  # fmt: skip


@pytest.mark.parametrize(("base", "needed", "places"), [(k, *v) for k, v in VIEWS.items()], ids=VIEWS)
def test_a_fetched_data_set_is_whole_and_right_and_holds_nothing_else(
    world: World, whole: Path, base: str, needed: list[str], places: str
) -> None:
    view = world.view(base)
    done = world.fetch(view)
    assert (done.state, done.problems) == ("fetched", [])
    assert world.names() == set(needed)
    assert verify(load_dataset(view.card.path, world.root)).ok
    here = files_of(world.root)
    ids = load_dataset(base, whole).image_ids
    for name, content in here.items():
        assert content == (whole / name).read_bytes()
        assert name.endswith("val.txt") or (re.match(places, name) and Path(name).stem in ids), name
    assert list((world.root / ".fetch").rglob("*.zip")) == []
    assert list((world.root / ".fetch").rglob("*.tar*")) == []
    assert list((world.root / ".fetch").glob("unpack-*")) == []


def test_the_json_route_of_context_needs_the_json_and_no_label_maps(world: World, tmp_path: Path) -> None:
    labels = random_labels(3, [0, 2, 427], prefix="2008_")
    made = make_context(tmp_path / "made", labels)
    json_file = make_detail(made, labels)
    world.archives = {
        "VOCtrainval_03-May-2010.tar": tar_bytes(folder_members(made, "VOCdevkit/VOC2010")),
        "trainval_merged.json": json_file.read_bytes(),
    }
    view = world.view("context59", route="json")
    assert world.fetch(view).state == "fetched"
    assert world.names() == {"VOCtrainval_03-May-2010.tar", "trainval_merged.json"}
    assert verify(load_dataset(view.card.path, world.root, route="json")).ok


def test_the_instances_route_of_coco_needs_their_json_and_no_label_maps(world: World, tmp_path: Path) -> None:
    labels = random_labels(3, [0, 1, 90], prefix="000000")
    made = make_coco(tmp_path / "made", labels)
    make_instances(made, labels)
    members = folder_members(made, "coco/annotations", strip="coco")
    world.archives = {
        "val2017.zip": zip_bytes(folder_members(made, "coco/images/val2017", strip="coco/images")),
        "annotations_trainval2017.zip": zip_bytes([*members, ("annotations/captions_val2017.json", b"{}")]),
    }
    view = world.view("coco-things", route="instances")
    assert world.fetch(view).state == "fetched"
    assert world.names() == {"val2017.zip", "annotations_trainval2017.zip"}
    assert [path.name for path in (world.root / "coco/annotations").iterdir()] == ["instances_val2017.json"]
    assert verify(load_dataset(view.card.path, world.root, route="instances")).ok


def test_each_split_brings_its_own_images(world: World, whole: Path) -> None:
    world.fetch(world.view("coco-stuff", "train"))
    assert world.names() == {"train2017.zip", "stuffthingmaps_trainval2017.zip"}
    assert not (world.root / "coco/stuffthingmaps/val2017").exists()
    world.fetch(world.view("voc20", "train", "val"))
    expected = {path.name for path in (whole / "VOCdevkit/VOC2012/JPEGImages").iterdir()}
    assert {path.name for path in (world.root / "VOCdevkit/VOC2012/JPEGImages").iterdir()} == expected


def test_what_is_there_and_right_is_not_fetched_again(world: World) -> None:
    view = world.view("voc20")
    world.fetch(view)
    world.server.asked.clear()
    assert world.fetch(view).state == "there"
    assert world.fetch(world.view("voc21")).state == "there"
    assert world.server.asked == []


def test_only_the_archive_of_what_is_missing_is_fetched(world: World) -> None:
    view = world.view("context459")
    world.fetch(view)
    world.server.asked.clear()
    next((world.root / "pascal_context/trainval").iterdir()).unlink()
    done = world.fetch(view)
    assert done.state == "fetched"
    assert world.names() == {"trainval.tar.gz"}
    ((_, _, moved),) = done.archives
    assert (moved.new, moved.same) == (1, 3)


def test_a_broken_file_among_those_that_are_there_is_replaced(world: World) -> None:
    view = world.view("voc20")
    world.fetch(view)
    victim = min((world.root / "VOCdevkit/VOC2012/JPEGImages").iterdir())
    right = victim.read_bytes()
    victim.write_bytes(right[: len(right) // 2])
    done = world.fetch(view)
    assert victim.read_bytes() == right
    ((_, _, moved),) = done.archives
    assert moved.replaced == [victim.relative_to(world.root).as_posix()]
    assert f"{victim}" in world.notes.text


def test_the_moved_label_archive_of_context_is_found_at_its_second_address(world: World) -> None:
    view = world.view("context459")
    path = "/~roozbeh/pascal-context/trainval.tar.gz"
    world.server.put("/pascal-context/trainval.tar.gz", world.server.files.pop(path).content)
    done = world.fetch(view)
    assert done.state == "fetched"
    assert done.archives[1][1].source == f"{world.server.address}/pascal-context/trainval.tar.gz"
    assert f"{world.server.address}{path}: the server answered 404" in world.notes.text


def test_an_archive_without_a_hash_is_pinned_and_compared_from_then_on(world: World) -> None:
    view = world.view("context459")
    labels = world.archives["trainval.tar.gz"]
    first = world.fetch(view)
    assert first.archives[1][1].checked == "nothing"
    url = view.card.archives[1].url
    assert Pins(world.root).get(url) == f"sha256:{sha256(labels)}"
    assert "trainval.tar.gz: no hash is published; pinned" in world.notes.text
    one = min((world.root / "pascal_context/trainval").iterdir())
    one.unlink()
    assert world.fetch(view).archives[0][1].checked == "pinned hash"
    one.unlink()
    other = tar_bytes([(f"trainval/{one.name}", b"another release")], "w:gz")
    world.server.put("/~roozbeh/pascal-context/trainval.tar.gz", other)
    with pytest.raises(DataError, match=r"pinned when it was first fetched, in .*pins\.json; if its authors"):
        world.fetch(view)
    assert not one.exists()


def test_a_web_page_in_place_of_an_unhashed_archive_is_never_pinned(world: World) -> None:
    view = world.view("context459")
    world.server.put("/~roozbeh/pascal-context/trainval.tar.gz", b"<html>Please log in</html>")
    with pytest.raises(DataError, match=r"it cannot be read as tar\.gz"):
        world.fetch(view)
    assert Pins(world.root).get(view.card.archives[1].url) is None


HOSTILE = {
    "climbs": lambda good: [("../../evil", b"evil"), *good],
    "absolute": lambda good: [("/tmp/evil-of-fetch", b"evil"), *good],
    "twice": lambda good: [*good, (good[0][0].upper().replace(".PNG", ".png").replace("VAL2017", "val2017"), b"evil")],
}


@pytest.mark.parametrize("harm", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_archive_leaves_the_data_root_as_it_was(
    world: World, whole: Path, harm: Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]]
) -> None:
    labels = whole / "coco/stuffthingmaps/val2017"
    good = [(f"val2017/a{path.name}", path.read_bytes()) for path in sorted(labels.iterdir())]
    world.archives = {**world.archives, "stuffthingmaps_trainval2017.zip": zip_bytes(harm(good))}
    view = world.view("coco-stuff")
    with pytest.raises(DataError, match=r"points out of|one place on some systems"):
        world.fetch(view)
    assert not (world.root / "coco/stuffthingmaps").exists()
    assert not list(world.folder.rglob("*evil*"))
    assert not Path("/tmp/evil-of-fetch").exists()


def test_an_archive_with_its_published_hash_and_other_members_blames_the_card(world: World) -> None:
    world.archives = {"VOCtrainval_11-May-2012.tar": tar_bytes([("elsewhere/a.jpg", b"a")])}
    view = world.view("voc20")
    with pytest.raises(RequestError, match="has its published hash, and yet it holds nothing of what its card says"):
        world.fetch(view)


def test_an_archive_that_lacks_listed_images_leaves_a_data_set_that_is_called_incomplete(
    world: World, whole: Path
) -> None:
    image_id = load_dataset("voc20", whole).image_ids[0]
    label = f"VOCdevkit/VOC2012/SegmentationClass/{image_id}.png"
    members = [member for member in folder_members(whole, "VOCdevkit/VOC2012") if member[0] != label]
    world.archives = {"VOCtrainval_11-May-2012.tar": tar_bytes(members)}
    done = world.fetch(world.view("voc20"))
    assert done.state == "incomplete"
    assert done.problems == [f"val: count: 2 of 3 labels are in {(world.root / label).parent}."]


def test_licences_are_asked_for_before_anything_is_downloaded(world: World) -> None:
    def refuse(_: list[str]) -> None:
        raise RequestError("no")

    view = world.view("coco-stuff")
    with pytest.raises(RequestError, match="no"):
        fetch(view, world.root, progress=world.notes, accept=refuse, patience=HASTY)
    assert world.server.asked == []
    world.fetch(view)
    (texts,) = world.accepted
    assert [text.splitlines()[0] for text in texts] == [
        "Licence: Photographs under Flickr's terms", "Licence: COCO and COCO-Stuff annotations CC BY 4.0",
    ]  # fmt: skip
    assert all("Citation: Caesar" in text for text in texts)


def test_archives_that_are_kept_serve_another_split_without_a_download(world: World) -> None:
    view = world.view("voc20")
    world.fetch(view, keep=[view.card.archives[0].url])
    world.server.asked.clear()
    assert world.fetch(world.view("voc20", "train")).state == "fetched"
    assert world.server.asked == []


def test_a_fetch_that_dies_while_it_unpacks_goes_on_without_a_download(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = world.view("voc20")
    written = []

    def dying(container: Any, member: Any, target: Path) -> None:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(target)
        real(container, member, target)

    real = unpack._write
    monkeypatch.setattr(unpack, "_write", dying)
    with pytest.raises(KeyboardInterrupt):
        world.fetch(view)
    assert files_of(world.root) == {}
    monkeypatch.undo()
    world.server.asked.clear()
    assert world.fetch(view).state == "fetched"
    assert world.server.asked == []


def test_what_a_killed_fetch_left_is_tidied_away(world: World) -> None:
    view = world.view("voc20")
    left = world.root / ".fetch/unpack-abc/VOCdevkit/x.jpg"
    pooch = world.root / ".fetch/archives/h/tmpabcdefgh"
    for path in (left, pooch):
        path.parent.mkdir(parents=True)
        path.touch()
    world.fetch(view)
    assert not left.exists()
    assert not pooch.exists()


def test_a_disk_that_fills_up_while_unpacking_leaves_the_archive_and_no_data(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = world.view("voc20")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unpack, "_copy", full)
    with pytest.raises(WorkError, match=r"unpacking VOCtrainval_11-May-2012\.tar: .* is full .*start the same command"):
        world.fetch(view)
    assert files_of(world.root) == {}
    monkeypatch.undo()
    world.server.asked.clear()
    assert world.fetch(view).state == "fetched"
    assert world.server.asked == []


def test_too_little_room_is_found_before_anything_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    view = world.view("voc20")
    size = len(world.archives["VOCtrainval_11-May-2012.tar"])
    plan = make_plan([view], world.root)
    assert (plan.to_download, plan.needed) == (size, 2 * size)
    monkeypatch.setattr(space, "free_bytes", lambda _: size)
    with pytest.raises(WorkError, match=r"downloading and unpacking needs .* are free"):
        plan.check_room(world.root)
    assert world.server.asked == []


def test_a_plan_counts_an_archive_of_two_data_sets_once_and_what_has_come_not_again(world: World) -> None:
    views = [world.view("context459"), world.view("context60")]
    first, second = (world.archives[n] for n in ("VOCtrainval_03-May-2010.tar", "trainval.tar.gz"))
    plan = make_plan(views, world.root)
    assert [archive.name for _, archive in plan.archives] == ["VOCtrainval_03-May-2010.tar", "trainval.tar.gz"]
    assert plan.to_download == len(first) + len(second)
    path = archive_path(world.root, views[0].card.archives[0])
    path.parent.mkdir(parents=True)
    path.with_name(f"{path.name}.part").write_bytes(first[:1000])
    assert make_plan(views, world.root).to_download == len(first) + len(second) - 1000
    path.write_bytes(first)
    assert make_plan(views, world.root).to_download == len(second)


def test_a_data_root_whose_folder_leads_elsewhere_is_refused_and_nothing_is_written_there(
    world: World, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (world.root / "VOCdevkit").symlink_to(outside)
    with pytest.raises(DataError, match="is a link that leads out of"):
        world.fetch(world.view("voc20"))
    assert list(outside.iterdir()) == []


def test_what_must_be_asked_for_is_named_and_then_used_from_where_it_was_put(world: World) -> None:
    path = world.card("voc20")
    path.write_text(path.read_text() + 'by_hand = "Register first."\n')
    card = load_card(path)
    view = View(card, ("val",), {})
    with pytest.raises(MissingDataError, match=r"must be asked for by hand: Register first\. The address is") as caught:
        world.fetch(view)
    place = Path(str(caught.value).partition("put the file at ")[2].partition(" and start")[0])
    place.parent.mkdir(parents=True)
    place.write_bytes(world.archives["VOCtrainval_11-May-2012.tar"])
    assert world.fetch(view).state == "fetched"
    assert place.is_file(), "what a person had to ask for is not removed"
    assert world.server.asked == []


def test_a_card_without_members_takes_the_whole_archive(world: World) -> None:
    path = world.card("voc20")
    text = path.read_text()
    start, end = text.index("members = ["), text.index("]\n", text.index("members = [")) + 2
    path.write_text(text[:start] + text[end:])
    assert world.fetch(View(load_card(path), ("val",), {})).state == "fetched"
    assert (world.root / "VOCdevkit/VOC2012/Annotations/2007_000001.xml").is_file()


def test_a_download_that_breaks_in_the_middle_of_a_data_set_goes_on(world: World) -> None:
    view = world.view("coco-stuff")
    path = "/zips/val2017.zip"
    content = world.archives["val2017.zip"]
    world.server.put(path, File(content, cuts=[len(content) // 2], statuses=[200, 500, 500, 500]))
    with pytest.raises(DataError, match="the server answered 500"):
        world.fetch(view)
    assert world.fetch(view).state == "fetched"
    assert world.server.asked[4] == (path, f"bytes={len(content) // 2}-")
