"""``cosegbench datasets fetch``: what it asks, says and returns, and what becomes of it when it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fakes import plain_card

from cosegbench.cli import fetch as command
from cosegbench.cli import main
from fetching.support import File, Server, files_of, serve_card

Archives = dict[str, bytes]


def run(*args: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, ["datasets", *map(str, args)], input=stdin, env={"COSEGBENCH_DATA": ""})


@pytest.fixture
def card(server: Server, tmp_path: Path, archives: Archives) -> Path:
    return serve_card(server, tmp_path / "cards", "voc20", archives)


def test_a_fetch_ends_with_whole_data_and_the_next_command(card: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    done = run("fetch", card, "--data-root", root, "--yes")
    assert done.exit_code == 0, done.output
    assert "voc20 (val): fetched, 7 files written." in done.stdout
    assert f"cosegbench datasets verify {card} --data-root {root}" in done.stdout
    assert f"Next: cosegbench run --predictor NAME --dataset {card} --data-root {root}" in done.stderr
    assert run("verify", card, "--data-root", root).exit_code == 0
    assert run("fetch", card, "--data-root", root).stdout == (
        "voc20 (val): is there, and every file was opened; nothing to do.\n"
    )


def test_the_plan_with_its_figures_and_the_licence_are_shown_before_anything_is_downloaded(
    server: Server, card: Path, tmp_path: Path, archives: Archives
) -> None:
    done = run("fetch", card, "--data-root", tmp_path / "data")
    assert done.exit_code == 2
    assert "Licence: Photographs under Flickr's terms; annotations by the VOC organisers" in done.stderr
    assert "Citation: Everingham" in done.stderr
    assert f"({len(archives['VOCtrainval_11-May-2012.tar'])} bytes), published sha256:" in done.stderr
    assert "needed with what they unpack to" in done.stderr
    assert "the licences above must be accepted: give --yes" in done.stderr
    assert server.asked == []


@pytest.mark.parametrize(("answer", "code"), [("n\n", 2), ("y\n", 0)], ids=["no", "yes"])
def test_somebody_at_a_terminal_is_asked_once(
    card: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    monkeypatch.setattr(command, "_somebody_is_there", lambda: True)
    first = run("fetch", card, "--data-root", tmp_path / "data", stdin=answer)
    assert first.exit_code == code
    assert "Do you accept these terms?" in first.stderr
    if code == 0:
        for path in (tmp_path / "data/VOCdevkit/VOC2012/JPEGImages").iterdir():
            path.unlink()
        again = run("fetch", card, "--data-root", tmp_path / "data")
        assert again.exit_code == 0
        assert "Licence" not in again.stderr


def test_a_dry_run_asks_nobody_and_makes_nothing(server: Server, card: Path, tmp_path: Path) -> None:
    done = run("fetch", card, "--data-root", tmp_path / "data", "--dry-run")
    assert done.exit_code == 0
    assert "To download:" in done.stdout
    content = json.loads(run("fetch", card, "--data-root", tmp_path / "data", "--dry-run", "--json", "-").stdout)
    assert [a["url"].rpartition("/")[2] for a in content["archives"]] == ["VOCtrainval_11-May-2012.tar"]
    assert content["bytes_free"] > content["bytes_needed"] > content["bytes_to_download"] > 0
    assert content["licences"][0].startswith("Licence: Photographs under")
    assert not (tmp_path / "data").exists()
    assert server.asked == []


def test_json_says_where_each_archive_came_from_and_what_it_was_compared_with(
    server: Server, tmp_path: Path, archives: Archives
) -> None:
    card = serve_card(server, tmp_path / "cards", "context459", archives)
    done = run("fetch", card, "--data-root", tmp_path / "data", "--yes", "--json", "-")
    content = json.loads(done.stdout)
    (entry,) = content["datasets"]
    assert (entry["id"], entry["state"], entry["problems"]) == ("context459", "fetched", [])
    assert [a["compared_with"] for a in entry["archives"]] == ["published hash", "nothing"]
    assert all(a["from"].startswith(server.address) and len(a["sha256"]) == 64 for a in entry["archives"])
    assert content["next"].startswith("cosegbench run --predictor NAME --dataset")
    assert "unverified: trainval.tar.gz came over plain http from 127.0.0.1" in done.stderr


def test_one_data_set_that_fails_does_not_keep_the_others_from_being_fetched(
    server: Server, tmp_path: Path, archives: Archives
) -> None:
    first = serve_card(server, tmp_path / "cards", "coco-stuff", archives)
    second = serve_card(server, tmp_path / "cards", "voc20", archives)
    del server.files["/zips/val2017.zip"]
    done = run("fetch", first, second, "--data-root", tmp_path / "data", "--yes")
    assert done.exit_code == 1
    assert "coco-stuff (val): failed: val2017.zip could not be had" in done.stdout
    assert "voc20 (val): fetched" in done.stdout
    assert "Next:" not in done.stderr


def test_data_sets_that_share_archives_download_them_once_and_leave_none(
    server: Server, tmp_path: Path, archives: Archives
) -> None:
    cards = [serve_card(server, tmp_path / "cards", name, archives) for name in ("context459", "context60")]
    done = run("fetch", *cards, "--data-root", tmp_path / "data", "--yes")
    assert done.exit_code == 0, done.output
    assert len(server.asked) == 2
    assert "context60 (val): is there" in done.stdout
    assert [path.name for path in (tmp_path / "data/.fetch").rglob("*") if "trainval" in path.name.lower()] == []


def test_kept_archives_lie_below_the_data_root(card: Path, tmp_path: Path) -> None:
    run("fetch", card, "--data-root", tmp_path / "data", "--yes", "--keep")
    assert [path.name for path in (tmp_path / "data/.fetch/archives").rglob("*.tar")] == ["VOCtrainval_11-May-2012.tar"]


MISTAKES = {
    "nothing": ([], "name one or more data sets, or give --suite"),
    "both": (["voc20", "--suite", "cross-dataset"], "name one or more data sets, or give --suite"),
    "unknown": (["voc22"], "Did you mean 'voc21' or 'voc20'"),
    "unknown suite": (["--suite", "cross"], "unknown suite 'cross'"),
    "drawn": (["miniature-voc20"], "Draw it with: cosegbench datasets miniature --out DIR"),
    "twice": (["voc20", "voc20"], "named more than once: voc20"),
    "split": (["voc20", "--split", "test"], "unknown split 'test' of data set voc20"),
    "convention": (["voc20", "--convention", "images=5105"], "unknown convention 'images'"),
    "choice": (["context59", "--convention", "route=tar"], "route=tar is not one of mat, json"),
    "no root": (["voc20"], "Give --data-root DIR or set COSEGBENCH_DATA"),
}


@pytest.mark.parametrize(("args", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_request_that_makes_no_sense_exits_2_with_words_that_help(args: list[str], words: str) -> None:
    done = run("fetch", *args)
    assert done.exit_code == 2
    assert words in done.stderr


def test_a_card_of_ones_own_without_archives_cannot_be_fetched(tmp_path: Path) -> None:
    done = run("fetch", plain_card(tmp_path, 3), "--data-root", tmp_path)
    assert done.exit_code == 2
    assert "names no archives" in done.stderr


def test_missing_data_names_the_fetch_that_mends_it(tmp_path: Path) -> None:
    runner = CliRunner(env={"COSEGBENCH_DATA": ""})
    base = ["run", "--predictor", "random-labels", "--results", str(tmp_path / "results")]
    (tmp_path / "empty").mkdir()
    asked = [*base, "--dataset", "context59", "--convention", "route=json", "--data-root", str(tmp_path / "empty")]
    done = runner.invoke(main, [*asked, "--split", "train"])
    assert (
        f"cosegbench datasets fetch context59 --data-root {tmp_path / 'empty'} --split train --convention route=json\n"
        in done.stderr
    )
    done = runner.invoke(main, [*base, "--suite", "cross-dataset"])
    assert "cosegbench datasets fetch coco-things voc20 context59 context459 --data-root DIR" in done.stderr


def test_info_shows_how_a_fetch_gets_the_data() -> None:
    done = run("info", "context459")
    for words in (
        "`datasets fetch` downloads them",
        "mirrors https://roozbehm.info/pascal-context/trainval.tar.gz",
        "members trainval/{id}.mat",
        "about_bytes 30700000",
    ):
        assert words in done.stdout


@pytest.fixture(autouse=True)
def _ctrl_c() -> Iterator[None]:
    """A test runner in a shell's background ignores Ctrl-C, and so would its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def start(card: Path, root: Path) -> subprocess.Popen[str]:
    words = ["-m", "cosegbench", "datasets", "fetch", str(card), "--data-root", str(root), "--yes"]
    return subprocess.Popen(
        [sys.executable, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def stalled(server: Server, content: bytes, path: str) -> tuple[threading.Event, threading.Event]:
    """Make the second request of a file wait; the first one is cut in its middle. Gives (reached, let go)."""
    reached, go = threading.Event(), threading.Event()

    def before(_: File) -> None:
        if len(server.asked) == 2:
            reached.set()
            go.wait(600)

    server.put(path, File(content, cuts=[len(content) // 2], before=before))
    return reached, go


PATH = "/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar"


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_a_fetch_that_is_stopped_goes_on_with_the_bytes_that_it_had(
    server: Server, card: Path, tmp_path: Path, archives: Archives, blow: signal.Signals
) -> None:
    content = archives["VOCtrainval_11-May-2012.tar"]
    reached, go = stalled(server, content, PATH)
    process = start(card, tmp_path / "data")
    assert reached.wait(600)
    process.send_signal(blow)
    _, errors = process.communicate(timeout=600)
    go.set()
    if blow == signal.SIGINT:
        assert process.returncode == 130
        assert "stopped. Start the same command again: it goes on with what was downloaded." in errors
        assert "Traceback" not in errors
    assert files_of(tmp_path / "data") == {}
    server.asked.clear()
    sent = server.sent
    done = run("fetch", card, "--data-root", tmp_path / "data", "--yes")
    assert done.exit_code == 0, done.output
    assert server.asked == [(PATH, f"bytes={len(content) // 2}-")]
    assert server.sent - sent <= 2 * (len(content) - len(content) // 2)


def test_of_two_fetches_at_once_one_downloads_and_the_other_finds_everything_there(
    server: Server, card: Path, tmp_path: Path, archives: Archives
) -> None:
    reached, go = stalled(server, archives["VOCtrainval_11-May-2012.tar"], PATH)
    first = start(card, tmp_path / "data")
    assert reached.wait(600)
    second = start(card, tmp_path / "data")
    assert second.stderr is not None
    line = second.stderr.readline()
    assert f"another fetch into {tmp_path / 'data'} is at work (process {first.pid} on {os.uname().nodename})" in line
    go.set()
    assert "voc20 (val): fetched" in first.communicate(timeout=600)[0]
    assert "voc20 (val): is there" in second.communicate(timeout=600)[0]
    assert len(server.asked) == 2
