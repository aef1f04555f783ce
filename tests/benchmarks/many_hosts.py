"""Three hosts in network namespaces with addresses of their own share a run; one is cut off, and all are started again.

    sudo python tests/benchmarks/many_hosts.py [--predictor coseg-prefix] [--dataset miniature-voc20] [--limit N]

Needs root and ``ip`` (iproute2). The hosts are joined by a bridge, meet through torchrun's c10d rendezvous on the
first, and share a disk, as the contract of ``docs/many-processes.md`` asks. Then:

1. one process alone gives the record that is expected;
2. three hosts with one process each give the same;
3. the third host is cut off while it works: process 0 says so after its patience, what was stored stays;
4. with the cable back, the same command goes on, and its record is the same too.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from many_processes import content, say

HOSTS = 3
BRIDGE = f"cb{os.getpid() % 10000}"
PORT = 29411
NAMES = Path("/etc/netns")


def ip(*words: str) -> None:
    """One call of ``ip``."""
    subprocess.run(["ip", *words], check=True)


def host(number: int) -> str:
    """Name of a host's network namespace."""
    return f"{BRIDGE}h{number}"


def address(number: int) -> str:
    """Of a host."""
    return f"10.77.0.{number + 1}"


@contextmanager
def network() -> Iterator[None]:
    """A bridge and the hosts that hang on it; taken down at the end."""
    ip("netns", "add", BRIDGE)
    try:
        ip("-n", BRIDGE, "link", "add", "br0", "type", "bridge")
        ip("-n", BRIDGE, "link", "set", "br0", "up")
        for number in range(HOSTS):
            ip("netns", "add", host(number))
            names = NAMES / host(number)  # what `ip netns exec` shows as the files of /etc
            names.mkdir(parents=True)
            (names / "hosts").write_text("".join(f"{address(each)} host{each}\n" for each in range(HOSTS)))
            (names / "resolv.conf").write_text("")
            ip("link", "add", "eth0", "netns", host(number), "type", "veth", "peer", f"port{number}", "netns", BRIDGE)
            ip("-n", BRIDGE, "link", "set", f"port{number}", "master", "br0", "up")
            ip("-n", host(number), "address", "add", f"{address(number)}/24", "dev", "eth0")
            for device in ("eth0", "lo"):
                ip("-n", host(number), "link", "set", device, "up")
        yield
    finally:
        for name in (*map(host, range(HOSTS)), BRIDGE):
            subprocess.run(["ip", "netns", "delete", name], check=False, stderr=subprocess.DEVNULL)
            shutil.rmtree(NAMES / name, ignore_errors=True)


def launch(number: int, words: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """torchrun on one host."""
    torchrun = ["-m", "torch.distributed.run", f"--nnodes={HOSTS}", "--nproc-per-node=1"]
    meeting = ["--rdzv-backend=c10d", f"--rdzv-endpoint={address(0)}:{PORT}", "--rdzv-id=hosts"]
    meeting += [f"--local-addr={address(number)}", f"--rdzv-conf=join_timeout=120,is_host={int(number == 0)}"]
    command = ["ip", "netns", "exec", host(number), sys.executable, *torchrun, *meeting, *words]
    with log.open("ab") as stream:
        return subprocess.Popen(command, stdout=stream, stderr=stream)


def together(words: Sequence[str], log: Path) -> list[int]:
    """All hosts to their ends."""
    begun = [launch(number, words, log) for number in range(HOSTS)]
    return [each.wait() for each in begun]


def cut_off(words: Sequence[str], results: Path, log: Path) -> tuple[list[int], list[str]]:
    """As :func:`together`, but the third host is cut off when it has stored something, and never heard of again.

    Its cable is cut and its processes are stopped, as a host that reaches no disk stands still; they end with it.
    """
    begun = [launch(number, words, log) for number in range(HOSTS)]
    while not stored_by(2, results) and all(each.poll() is None for each in begun):
        time.sleep(0.01)
    ip("-n", BRIDGE, "link", "set", "port2", "down")
    signal_host(2, signal.SIGSTOP)
    codes = [each.wait() for each in begun[:2]]
    signal_host(2, signal.SIGKILL)
    return [*codes, begun[2].wait()], sorted(path.name for path in results.rglob("*.sqlite"))


def stored_by(process: int, results: Path) -> int:
    """How many images a process says that it has stored."""
    for path in results.rglob(f".*.member.{process}.*.json"):
        with suppress(OSError, ValueError):
            return int(json.loads(path.read_text())["images"])
    return 0


def signal_host(number: int, sign: signal.Signals) -> None:
    """Send a signal to every process of a host."""
    pids = subprocess.run(["ip", "netns", "pids", host(number)], check=True, capture_output=True, text=True).stdout
    for pid in pids.split():
        with suppress(ProcessLookupError):
            os.kill(int(pid), sign)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--predictor", default="coseg-prefix")
    parser.add_argument("--dataset", default="miniature-voc20")
    parser.add_argument("--limit", default="150")
    parser.add_argument("--only-cut", action="store_true", help="leave step 2 out")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    run = ["-m", "cosegbench", "run", "--predictor", given.predictor, "--dataset", given.dataset]
    run += ["--limit", given.limit, "--batch-size", "2", "--threads", "1", "--patience", "15", "--results"]
    with tempfile.TemporaryDirectory() as name, network():
        folder = Path(name)
        log = folder / "log"
        subprocess.run([sys.executable, *run, str(folder / "alone")], check=True, stderr=subprocess.DEVNULL)
        expected = content(folder / "alone")

        equal = []
        if not given.only_cut:
            codes = together([*run, str(folder / "three")], log)
            equal = [content(folder / "three") == expected]
            say(f"three hosts: exit codes {codes}, equal: {equal[-1]}")

        codes, journals = cut_off([*run, str(folder / "cut")], folder / "cut", log)
        say(f"third host cut off: exit codes {codes}, kept: {', '.join(journals)}")
        ip("-n", BRIDGE, "link", "set", "port2", "up")
        codes = together([*run, str(folder / "cut")], log)
        equal.append(content(folder / "cut") == expected)
        say(f"started again: exit codes {codes}, equal: {equal[-1]}")
        if not all(equal):
            say(log.read_text(errors="replace")[-6000:])
        say("\n".join(line for line in log.read_text(errors="replace").splitlines() if line.startswith("Error")))
    return 0 if all(equal) else 1


if __name__ == "__main__":
    sys.exit(main())
