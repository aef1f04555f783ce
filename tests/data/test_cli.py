import json

import pytest
from click.testing import CliRunner
from fakes import loose_card, make_coco, make_voc, plain_card, random_labels, truncate

from cosegbench.cards import list_cards, load_card
from cosegbench.cli import main
from cosegbench.dataset import load_dataset
from cosegbench.suites import SUITES, SUMMARIES


def run(*args, env=None):
    return CliRunner().invoke(main, [str(arg) for arg in args], env={"COSEGBENCH_DATA": "", **(env or {})})


@pytest.fixture
def voc(tmp_path):
    make_voc(tmp_path, random_labels(3, [0, 1, 20, 255]))
    return tmp_path, loose_card(tmp_path, "voc20")


def test_list_names_every_card_and_says_that_it_looked_for_nothing():
    done = run("datasets", "list")
    assert done.exit_code == 0
    assert all(name in done.stdout for name in list_cards())
    assert "the real data sets were not looked for" in done.stderr


def test_the_miniature_is_looked_for_where_run_draws_it_and_nothing_is_drawn(tmp_path):
    env = {"COSEGBENCH_CACHE": str(tmp_path / "cache")}
    done = run("datasets", "info", "miniature-voc20", env=env)
    assert f"data root    {tmp_path / 'cache' / 'miniature-'}" in done.stdout
    assert "not drawn yet: `run` draws it there at first use" in done.stdout
    assert "val: not drawn yet (120 images)" in done.stdout
    content = json.loads(run("datasets", "info", "miniature-voc20", "--json", "-", env=env).stdout)
    assert (content["drawn"], content["splits"][1]["missing"]) == (False, None)
    assert "val not drawn yet" in run("datasets", "list", env=env).stdout
    assert not (tmp_path / "cache").exists()


def test_a_miniature_that_is_drawn_is_looked_at(tmp_path, monkeypatch):
    from cosegbench import miniature

    monkeypatch.setattr(miniature, "miniature_path", lambda: tmp_path)
    content = json.loads(run("datasets", "info", "miniature-voc20", "--json", "-").stdout)
    assert (content["data_root"], content["drawn"]) == (str(tmp_path), True)
    assert content["splits"][1]["state"] == "missing"


def test_a_data_root_that_holds_the_miniature_comes_before_the_cache(tmp_path):
    marker = tmp_path / load_card("miniature-voc20").marker
    marker.parent.mkdir(parents=True)
    marker.touch()
    done = run("datasets", "info", "miniature-voc20", "--json", "-", env={"COSEGBENCH_DATA": str(tmp_path)})
    assert json.loads(done.stdout)["data_root"] == str(tmp_path)


def test_the_suites_are_listed_in_the_order_of_their_columns():
    content = json.loads(run("datasets", "suites", "--json", "-").stdout)
    assert {suite["name"]: tuple(suite["datasets"]) for suite in content} == SUITES
    assert all(suite["summary"] for suite in content)
    assert "coco-things, voc20, context59, context459" in run("datasets", "suites").stdout


def test_every_suite_is_explained_and_names_cards_that_exist():
    assert SUMMARIES.keys() == SUITES.keys()
    assert {name for members in SUITES.values() for name in members} <= set(list_cards())


def test_list_and_info_say_which_suite_a_data_set_belongs_to():
    listed = json.loads(run("datasets", "list", "--json", "-").stdout)
    assert {entry["id"]: entry["suites"] for entry in listed}["voc21"] == ["with-background"]
    assert "suites       cross-dataset" in run("datasets", "info", "voc20").stdout


def test_list_says_what_is_there_under_the_data_root(voc):
    root, _ = voc
    done = run("datasets", "list", "--data-root", root, "--json", "-")
    states = {entry["id"]: {s["split"]: s["state"] for s in entry["splits"]} for entry in json.loads(done.stdout)}
    assert states["voc20"] == {"train": "missing", "val": "incomplete"}
    assert states["coco-stuff"] == {"train": "missing", "val": "missing"}


def test_the_environment_names_the_data_root(voc):
    root, _ = voc
    done = run("datasets", "list", "--json", "-", env={"COSEGBENCH_DATA": str(root)})
    assert {e["id"] for e in json.loads(done.stdout) if e["splits"][1]["state"] == "incomplete"} == {"voc20", "voc21"}


def test_info_shows_conventions_archives_with_hashes_and_what_is_missing(tmp_path):
    done = run("datasets", "info", "context59", "--data-root", tmp_path)
    assert done.exit_code == 0
    for words in (
        "route: mat  [mat | json; default mat]",
        "images: 5104  [5104 | 5105; default 5104]",
        "sha1 169325d9f7e9047537fedca7b04de4dddf10b881",
        "ImageSets/Main/val.txt is missing: the list of images.",
    ):
        assert words in done.stdout


def test_info_follows_the_chosen_conventions():
    done = run("datasets", "info", "coco-things", "--convention", "route=instances", "--json", "-")
    content = json.loads(done.stdout)
    assert content["format"] == "instances-json"
    assert {item["name"]: item["chosen"] for item in content["conventions"]} == {
        "route": "instances", "overlap": "first", "crowd": "under",
    }  # fmt: skip


def test_verify_of_sound_files_exits_0_and_prints_the_facts(voc):
    root, card = voc
    done = run("datasets", "verify", card, "--data-root", root)
    assert done.exit_code == 0, done.output
    assert "all files are right" in done.stdout
    assert "classes with ground truth     2 of 20" in done.stdout
    assert "ignored pixels" in done.stdout
    assert load_dataset(card, root).image_list_digest in done.stdout


def test_verify_of_broken_files_exits_1_and_names_all_of_them_on_standard_output(voc):
    root, card = voc
    first, second, _ = sorted((root / "VOCdevkit/VOC2012/SegmentationClass").iterdir())
    first.unlink()
    truncate(second)
    done = run("datasets", "verify", card, "--data-root", root)
    assert done.exit_code == 1
    assert "2 problem(s)" in done.stdout
    assert f"  - {first}" in done.stdout
    assert f"  - {second}" in done.stdout


def test_verify_writes_json_to_a_file_beside_the_text(voc):
    root, card = voc
    done = run("datasets", "verify", card, "--data-root", root, "--json", root / "report.json")
    content = json.loads((root / "report.json").read_text())
    assert (content["ok"], content["images"], content["problems"]) == (True, 3, [])
    assert "all files are right" in done.stdout


def test_verify_takes_conventions_limits_and_labels_only(tmp_path):
    make_coco(tmp_path, random_labels(3, [1, 2], prefix="00000000"), photographs=False)
    card = loose_card(tmp_path, "coco-things")
    args = ("datasets", "verify", card, "--data-root", tmp_path)
    assert run(*args).exit_code == 1
    done = run(*args, "--labels-only", "--limit", 2, "--convention", "route=stuffthingmaps", "--json", "-")
    assert json.loads(done.stdout)["images"] == 2


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("datasets", "info", "voc2"), "Did you mean 'voc2"),
        (("datasets", "verify", "voc20"), "--data-root DIR or set COSEGBENCH_DATA"),
        (("datasets", "verify", "voc20", "--data-root", "/", "--split", "test"), "Known: train, val"),
        (("datasets", "info", "context59", "--convention", "route"), "route"),
        (("datasets", "info", "context59", "--convention", "route=png"), "route=png is not one of mat, json"),
        (("vocabulary", "show", "nothing.toml"), "nothing.toml: cannot be read as a card"),
        (("vocabulary", "align", "voc20", "coco-stufff"), "Did you mean 'coco-stuff'"),
    ],
)
def test_a_bad_request_exits_2_with_a_message_and_no_traceback(args, words):
    done = run(*args)
    assert done.exit_code == 2
    assert words in done.stderr
    assert "Traceback" not in done.output
    assert done.stdout == ""


def test_vocabulary_show_lists_classes_in_order(tmp_path):
    content = json.loads(run("vocabulary", "show", plain_card(tmp_path, 3), "--json", "-").stdout)
    assert [(c["index"], c["native_id"], c["name"]) for c in content["classes"]] == [
        (0, 1, "class 0"), (1, 2, "class 1"), (2, 3, "class 2"),
    ]  # fmt: skip
    assert "aeroplane" in run("vocabulary", "show", "voc20").stdout


def test_vocabulary_align_prints_relations_and_their_counts():
    done = run("vocabulary", "align", "voc20", "coco-stuff")
    assert "16 exact, 4 synonym, 0 catchall, 0 part, 0 parent, 0 none" in done.stdout
    assert "Seen: 20 at the strict level" in done.stdout
    content = json.loads(run("vocabulary", "align", "context59", "coco-stuff", "--json", "-").stdout)
    assert content["relations"] == {"exact": 37, "synonym": 9, "catchall": 8, "part": 4, "parent": 0, "none": 1}
    assert (content["seen_strict"], content["seen_loose"]) == (54, 58)


def test_json_that_cannot_be_written_is_a_bad_request(tmp_path):
    (tmp_path / "file").touch()
    done = run("vocabulary", "show", "voc20", "--json", tmp_path / "file" / "out.json")
    assert done.exit_code == 2
    assert f"{tmp_path / 'file'} is a file, and nothing can be written below it" in done.stderr


def test_the_miniature_is_not_drawn_over_other_data(voc):
    root, _ = voc
    done = run("datasets", "miniature", "--out", root)
    assert done.exit_code == 2
    assert "is not empty and holds no miniature" in done.stderr


def test_the_miniature_is_drawn_into_a_new_folder_and_again_over_itself(tmp_path, monkeypatch):
    from cosegbench import miniature

    draw = miniature.draw_miniature
    monkeypatch.setattr(miniature, "draw_miniature", lambda out, seed: draw(out, seed, sizes=miniature.SMALL_SIZES))
    for _ in range(2):
        done = run("datasets", "miniature", "--out", tmp_path / "mini")
        assert (done.exit_code, done.stdout) == (0, f"{tmp_path / 'mini'}\n")
    listed = run("datasets", "info", "miniature-voc20", "--data-root", tmp_path / "mini")
    assert "images are listed" in listed.stdout


def test_a_miniature_that_cannot_be_written_is_an_error_and_no_traceback(tmp_path, monkeypatch):
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("cosegbench.miniature.draw_miniature", full)
    done = run("datasets", "miniature", "--out", tmp_path / "new")
    assert done.exit_code == 1
    assert "No space left" in done.stderr
