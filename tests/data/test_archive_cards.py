"""The archives of a card: what is refused, and whether the built-in cards get all that their views read."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from fakes import plain_card

from cosegbench.archive_cards import ArchiveCard
from cosegbench.cards import list_cards, load_card
from cosegbench.errors import CardError
from cosegbench.fetching.places import target_patterns

REAL = [name for name in list_cards() if load_card(name).world == "real"]
SOUND = 'url = "http://h/a.zip"'


def with_archive(folder: Path, text: str) -> Path:
    path = plain_card(folder, 3)
    path.write_text(f"{path.read_text()}\n[[archives]]\n{text}\n")
    return path


def the_archive(folder: Path, text: str) -> ArchiveCard:
    return load_card(with_archive(folder, text)).archives[0]


def test_every_key_of_an_archive_is_read(tmp_path: Path) -> None:
    text = f"""{SOUND}
mirrors = ["https://m/a.zip"]
unpack_to = "data"
members = ["{{split}}/{{id}}.png", "lists/*.txt"]
splits = ["val"]
about_bytes = 10
unpacked_limit = 20
md5 = "{"0" * 32}"
sha1 = "{"1" * 40}"
licence = "CC0"
by_hand = "Ask."
note = "n" """
    found = the_archive(tmp_path, text)
    assert (found.name, found.kind, found.size, found.known_hash) == ("a.zip", "zip", 10, f"sha1:{'1' * 40}")
    assert (found.mirrors, found.splits, found.licence, found.by_hand) == (
        ("https://m/a.zip",),
        ("val",),
        "CC0",
        "Ask.",
    )
    assert found.needed(("val",), {})
    assert not found.needed(("train",), {})


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.zip", "zip"),
        ("A.ZIP", "zip"),
        ("a.tar", "tar"),
        ("a.tar.gz", "tar.gz"),
        ("a.tgz", "tar.gz"),
        ("a.json", "file"),
    ],
)
def test_the_name_says_how_an_archive_is_unpacked(tmp_path: Path, name: str, kind: str) -> None:
    assert the_archive(tmp_path, f'url = "http://h/{name}"').kind == kind


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('url = "ftp://h/a.zip"', "must be http:// or https://"),
        ('url = "file:///etc/passwd"', "must be http:// or https://"),
        ('url = "http://h/"', "must be http:// or https://"),
        ('url = "http://h"', "must be http:// or https://"),
        ('url = "http://user:secret@h/a.zip"', "without user name"),
        ('url = "http://h/a.zip?token=1"', "without user name, query"),
        ('url = "http://h/../a.zip"', "the path of one file"),
        ('url = "http://h/%2e%2e/a.zip"', "the path of one file"),
        ('url = "http://h/a%2fb/../../c.zip"', "the path of one file"),
        ('url = "http://h:99999/a.zip"', "is no address"),
        ('url = "http://[::1/a.zip"', "is no address"),
        (f'{SOUND}\nmirrors = ["gopher://h/a.zip"]', "must be http:// or https://"),
        ('url = "http://h/a.rar"', r"a\.rar cannot be unpacked; known are \.zip"),
        ('url = "http://h/a.tar.bz2"', "cannot be unpacked"),
        (f'{SOUND}\nsha256 = "abc"', "sha256 = 'abc' must be 64 digits"),
        (f'{SOUND}\nmd5 = "{"F" * 32}"', "must be 32 digits of 0-9 and a-f"),
        (f"{SOUND}\nbytes = 0", "bytes = 0 must be 1 or more"),
        (f"{SOUND}\nbytes = 1\nabout_bytes = 1", "exclude each other"),
        (f'{SOUND}\nunpack_to = "../x"', "below the data root"),
        (f'{SOUND}\nmembers = ["/etc/{{id}}"]', "below the data root"),
        (f'{SOUND}\nmembers = ["{{id}}/a"]', "it must name files"),
        (f'{SOUND}\nmembers = ["{{id}}{{id}}"]', "it must name files"),
        (f'{SOUND}\nmembers = ["a/{{name}}"]', "it must name files"),
        (f'{SOUND}\nmembers = ["a/"]', "it must name files"),
        ('url = "http://h/a.json"\nmembers = ["a"]', "is not unpacked, so it has no members"),
        (f'{SOUND}\nsplits = ["test"]', r"splits names \['test'\]; the card has val"),
        (f'{SOUND}\nwhen = "route=json"', "when = 'route=json' is no choice of this card"),
        (f"{SOUND}\n[[archives]]\n{SOUND}", "stands there twice"),
        (f'{SOUND}\nmirors = ["http://h/b.zip"]', r"unknown 'mirors' \(did you mean 'mirrors'"),
    ],
)  # fmt: skip
def test_an_archive_that_is_not_understood_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CardError, match=message):
        load_card(with_archive(tmp_path, text))


@pytest.mark.parametrize("name", REAL)
def test_the_archives_of_a_real_card_hold_everything_that_each_of_its_views_reads(name: str) -> None:
    card = load_card(name)
    for values, split in itertools.product(
        itertools.product(*(option.choices for option in card.options.values())), card.splits
    ):
        given = dict(zip(card.options, values, strict=True))
        given = {
            k: v
            for k, v in given.items()
            if not (n := card.options[k].needs) or given[n.split("=")[0]] == n.split("=")[1]
        }
        chosen = card.choose(given)
        held = {
            pattern.replace("{split}", split)
            for archive in card.archives
            if archive.needed((split,), chosen)
            for pattern in target_patterns(archive)
        }
        read = {card.images, card.format(chosen).labels, *filter(None, (
            card.split(split, chosen).list, card.split(split, chosen).images_json
        ))}  # fmt: skip
        assert {pattern.replace("{split}", split) for pattern in read} <= held


@pytest.mark.parametrize("name", REAL)
def test_the_archives_of_a_real_card_bring_nothing_that_no_view_reads(name: str) -> None:
    card = load_card(name)
    texts = " ".join([card.path.read_text(encoding="utf-8").partition("[[archives]]")[0]])
    for pattern in {pattern for archive in card.archives for pattern in target_patterns(archive)}:
        wanted = re.escape(pattern).replace("val2017", "{split}2017").replace("train2017", "{split}2017")
        wanted = wanted.replace(r"\{split\}", r"(\{split\}|val|train)").replace("{split}", r"(\{split\}|val|train)")
        assert re.search(wanted, texts), pattern
