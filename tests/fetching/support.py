"""A server on this machine that misbehaves as it is told, archives of the true layout, and cards that point to it."""

from __future__ import annotations

import hashlib
import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cosegbench.archive_cards import ArchiveCard
from cosegbench.fetching.download import Patience

HASTY = Patience(attempts=3, pause=0.0, timeout=(5.0, 20.0))


@dataclass
class File:
    """How one address answers.

    Args:
        content: the bytes.
        etag: entity tag, or empty.
        modified: the Last-Modified header, or empty.
        ranges: whether Range is honoured.
        cuts: for each request in turn, after how many bytes of the body the connection is cut; None: not.
        statuses: answers of the first requests, 200 or other; afterwards 200.
        length: a Content-Length that is not true; -1: none is sent.
        headers: sent as well.
        redirect: where to go instead.
        range_shift: how far beside the requested range its answer begins, and says so.
        before: called with the file before each answer.
    """

    content: bytes = b""
    etag: str = '"one"'
    modified: str = ""
    ranges: bool = True
    cuts: list[int | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    length: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    redirect: str = ""
    range_shift: int = 0
    before: Callable[[File], None] = lambda _: None


class Server:
    """What is served, and what was asked for: ``asked`` holds (path, Range header or "")."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.files: dict[str, File] = {}
        self.asked: list[tuple[str, str]] = []
        self.sent = 0

    def put(self, path: str, content: bytes | File, **how: object) -> str:
        self.files[path] = content if isinstance(content, File) else File(content, **how)  # type: ignore[arg-type]
        return self.address + path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Server

    def do_GET(self) -> None:
        served, wanted = self.served, self.headers.get("Range", "")
        served.asked.append((self.path, wanted))
        self.close_connection = True
        file = served.files.get(self.path)
        if file is None:
            self._answer(404, b"")
            return
        file.before(file)
        if file.redirect:
            self._answer(302, b"", {"Location": file.redirect})
            return
        if file.statuses and (status := file.statuses.pop(0)) != 200:
            self._answer(status, b"sorry")
            return
        self._send(file, wanted)

    def _send(self, file: File, wanted: str) -> None:
        headers = dict(file.headers)
        headers |= {"ETag": file.etag} if file.etag else {}
        headers |= {"Last-Modified": file.modified} if file.modified else {}
        body, status = file.content, 200
        condition = self.headers.get("If-Range")
        found = re.fullmatch(r"bytes=(\d+)-", wanted)
        if found and file.ranges and condition in (None, file.etag, file.modified):
            start = int(found[1])
            if start >= len(body):
                self._answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
                return
            start += file.range_shift
            headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
            body, status = body[start:], 206
        cut = file.cuts.pop(0) if file.cuts else None
        self._answer(status, body, headers, file.length, cut)

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None,
        cut: int | None = None,
    ) -> None:  # fmt: skip
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if length != -1:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.send_header("Connection", "close")
        self.end_headers()
        part = body[:cut]
        self.served.sent += len(part)
        with suppress(ConnectionError):  # whoever asked may have heard enough
            self.wfile.write(part)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def serving() -> Iterator[Server]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
    httpd.daemon_threads = True
    server = Server(f"http://127.0.0.1:{httpd.server_port}")
    httpd.RequestHandlerClass.served = server  # type: ignore[attr-defined]
    thread = threading.Thread(target=httpd.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        httpd.server_close()
        thread.join()


class Notes:
    """A progress that keeps what it is told."""

    def __init__(self) -> None:
        self.remarks: list[str] = []
        self.bars: list[tuple[str, int | None, int]] = []

    def remark(self, text: str) -> None:
        self.remarks.append(text)

    def start(self, what: str, total: int | None, unit: str, done: int = 0) -> None:
        self.bars.append((what, total, done))

    def advance(self, units: int) -> None: ...

    def stop(self) -> None: ...

    @property
    def text(self) -> str:
        return "\n".join(self.remarks)


def archive(url: str, **facts: object) -> ArchiveCard:
    """A card's entry; absent facts are None."""
    known = {"unpack_to": ".", "bytes": None, "md5": None, "sha1": None, "sha256": None, "note": "", **facts}
    return ArchiveCard(url=url, **known)  # type: ignore[arg-type]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zip_bytes(members: Iterable[tuple[str | zipfile.ZipInfo, bytes]], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as opened:
        for name, content in members:
            opened.writestr(name, content, compress_type=compression)
    return buffer.getvalue()


def tar_bytes(members: Iterable[tuple[str | tarfile.TarInfo, bytes]], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as opened:
        for name, content in members:
            info = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            if info.isreg():
                info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def folder_members(root: Path, *folders: str, strip: str = "") -> list[tuple[str, bytes]]:
    """Every file below some folders of a root, as an archive's members; ``strip`` is taken from their names."""
    paths = sorted(path for folder in folders for path in (root / folder).rglob("*") if path.is_file())
    return [(path.relative_to(root / strip).as_posix(), path.read_bytes()) for path in paths]


def files_of(root: Path) -> dict[str, bytes]:
    """Every file of a data root apart from fetch's own."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".fetch" not in path.relative_to(root).parts
    }


def archives_of(root: Path) -> dict[str, bytes]:
    """The official archives, by file name, made from a root of the true layout, with what nobody needs in them too."""
    extra = b"nobody needs this"
    voc, context = "VOCdevkit/VOC2012", "VOCdevkit/VOC2010"
    labels = folder_members(root, "pascal_context/trainval", strip="pascal_context")
    return {
        "VOCtrainval_11-May-2012.tar": tar_bytes([
            *folder_members(root, voc), (f"{voc}/JPEGImages/2009_999999.jpg", extra),
            (f"{voc}/Annotations/2007_000001.xml", extra), (f"{voc}/ImageSets/Main/val.txt", extra),
        ]),
        "VOCtrainval_03-May-2010.tar": tar_bytes([
            *folder_members(root, context), (f"{context}/JPEGImages/2009_999999.jpg", extra),
            (f"{context}/ImageSets/Segmentation/val.txt", extra),
        ]),
        "trainval.tar.gz": tar_bytes([*labels, ("trainval/2009_999999.mat", extra), ("labels.txt", extra)], "w:gz"),
        "val2017.zip": zip_bytes(folder_members(root, "coco/images/val2017", strip="coco/images")),
        "train2017.zip": zip_bytes(folder_members(root, "coco/images/train2017", strip="coco/images")),
        "stuffthingmaps_trainval2017.zip": zip_bytes(
            folder_members(root, "coco/stuffthingmaps", strip="coco/stuffthingmaps")
        ),
        "annotations_trainval2017.zip": zip_bytes(
            [*folder_members(root, "coco/annotations", strip="coco"), ("annotations/person_keypoints.json", extra)]
        ),
    }  # fmt: skip


def serve_card(server: Server, folder: Path, base: str, archives: dict[str, bytes]) -> Path:
    """A copy of a built-in card whose archives are served here, with their true hashes where any is published."""
    from fakes import loose_card

    lines, content = [], b""
    for line in loose_card(folder, base).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(" = ")
        changed = line
        if key in ("url", "mirrors"):
            changed = re.sub(r"https?://[^/]+", server.address, line)
            content = archives.get(value.strip('[]"').rpartition("/")[2], b"not served")
            if key == "url":
                server.put(re.sub(r"https?://[^/]+", "", value.strip('"')), content)
        elif key in ("bytes", "about_bytes"):
            changed = f"{key} = {len(content)}"
        elif key in ("md5", "sha1", "sha256"):
            changed = f'{key} = "{hashlib.new(key, content).hexdigest()}"'
        lines.append(changed)
    path = folder / f"{base}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
