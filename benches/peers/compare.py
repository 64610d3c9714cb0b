"""Compares MCP servers that check opaque tokens by introspection. Run by benches/peers/run.

Every round starts each server afresh, with an authorization server of its own, and takes all figures.
The table, in Markdown, has the median of all rounds.
"""

import argparse
import datetime
import http.client
import json
import os
import pathlib
import platform
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field

SOURCE = pathlib.Path(__file__).parent
TOKEN = "good-0123456789abcdef0123456789abcdef0123456789abcdef0123456789a"
ECHO = "echo", {"text": "hello world"}, "hello world"
OURS = "about", {}, "OSCAL_DOCUMENTS_DIR"

CONNECTIONS = 16
AT_ONCE = 100
BURSTS = 3
# Long enough for all requests at once to arrive before the first introspection ends.
BURST_DELAY_MS = 50

# The server gets a core to itself; load and authorization server share another.
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]


@dataclass
class Subject:
    """A server to measure."""

    name: str
    folder: str
    # The file and the pattern that have the pinned version.
    version: tuple
    command: list
    call: tuple = ECHO
    variables: dict = field(default_factory=dict)


def subjects(built: pathlib.Path) -> list:
    python = built / "python/bin/python"
    requirements = "python/requirements.txt"
    package = "typescript/package.json"
    node = {"NODE_ENV": "production"}
    return [
        Subject("oscal-mcp-server", "", ("../../Cargo.toml", r'^version = "(.*)"'),
                [os.environ["OSCAL_MCP_SERVER"]], OURS),
        Subject("rmcp on axum", "rmcp", ("rmcp/Cargo.toml", r'rmcp = .*?"(.*?)"'),
                [built / "rmcp/release/peer"]),
        Subject("Go SDK", "go", ("go/go.mod", r"go-sdk v(.*)"), [built / "go/go-sdk"]),
        Subject("TypeScript SDK 2", "typescript", (package, r'modelcontextprotocol/server": "(.*)"'),
                ["node", built / "typescript/sdk2.mjs"], variables=node),
        Subject("TypeScript SDK 1", "typescript", (package, r'modelcontextprotocol/sdk": "(.*)"'),
                ["node", built / "typescript/sdk1.mjs"], variables=node),
        Subject("Spring AI", "spring", ("spring/pom.xml", r"<spring-ai.version>(.*?)<"),
                ["java", "-Xmx256m", "-jar", built / "spring/target/peer.jar"]),
        Subject("Python SDK", "python", (requirements, r"^mcp==(.*)"),
                [python, SOURCE / "python/sdk_server.py"]),
        Subject("FastMCP", "python", (requirements, r"^fastmcp==(.*)"),
                [python, SOURCE / "python/fastmcp_server.py"]),
    ]


class Failed(Exception):
    """A server that could not be measured."""


class Process:
    """A running program, pinned to a core. Its output goes to a file."""

    def __init__(self, command: list, core: int, log: pathlib.Path, variables: dict):
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables},
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.log = log

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def wait_until(self, ready) -> None:
        end = time.monotonic() + 180
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                if ready():
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        raise Failed(f"no right answer, see target/peers/{self.log.name}")

    def memory(self) -> int:
        """Resident memory in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def processor_time(self) -> float:
        """User and system time so far in seconds, proc(5)."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Measurement:
    """One server with its authorization server, for one round."""

    def __init__(self, subject: Subject, options):
        self.subject, self.options = subject, options
        tool, arguments, self.expected = subject.call
        params = {"name": tool, "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        self.body = json.dumps(message, separators=(",", ":"))

    def run(self) -> dict:
        server_port, issuer_port = free_ports(2)
        self.address = f"127.0.0.1:{server_port}"
        self.issuer = f"http://127.0.0.1:{issuer_port}"
        resource = f"http://{self.address}/mcp"
        variables = {
            "PORT": str(server_port),
            "ISSUER": self.issuer,
            "RESOURCE": resource,
            "OSCAL_MCP_TRANSPORT": "streamable-http",
            "OSCAL_MCP_PORT": str(server_port),
            "OSCAL_AUTH_ISSUER_URL": self.issuer,
            "OSCAL_AUTH_RESOURCE_SERVER_URL": resource,
            "OSCAL_AUTH_REQUIRED_SCOPES": "mcp:tools",
            "OSCAL_AUTH_CLIENT_ID": "mcp",
            "OSCAL_AUTH_CLIENT_SECRET": "secret",
            **self.subject.variables,
        }
        built = self.options.built
        authorization_server = [
            built / "go/authorization-server",
            f"-address=127.0.0.1:{issuer_port}",
            f"-audience={resource}",
        ]
        server_log = built / f"{self.subject.name}.log"
        with Process(authorization_server, LOAD_CORE, built / "authorization-server.log", {}) as issuer:
            issuer.wait_until(lambda: self.calls() == 0)
            with Process(self.subject.command, SERVER_CORE, server_log, variables) as server:
                server.wait_until(lambda: self.load(requests=1)["right"] == 1)
                figures = {"memory at start": server.memory()}
                self.warm(server, figures)
                self.cold(figures)
                self.at_once(figures)
                figures["memory after load"] = server.memory()
                self.load(requests=1)
                issuer.stop()
                figures["stopped, cached"] = self.load(requests=20)
                figures["stopped, new"] = self.load(requests=20, token="good-stopped", fresh=True)
        return figures

    def warm(self, server: Process, figures: dict) -> None:
        self.load(connections=CONNECTIONS, seconds=self.options.warm_up)
        before = server.processor_time()
        load = self.load(connections=CONNECTIONS, seconds=self.options.seconds)
        figures["warm processor time"] = (server.processor_time() - before) / load["requests"] * 1000
        figures["warm rate"] = rate(load)
        figures["warm p50"], figures["warm p99"] = load["p50_ms"], load["p99_ms"]
        self.check_all_right("warm", load)

    def cold(self, figures: dict) -> None:
        calls = self.calls()
        load = self.load(
            connections=CONNECTIONS, seconds=self.options.seconds, token="good-cold", fresh=True
        )
        figures["cold rate"] = rate(load)
        figures["cold calls"] = (self.calls() - calls) / load["requests"]
        self.check_all_right("cold", load)

    def at_once(self, figures: dict) -> None:
        self.delay(BURST_DELAY_MS)
        calls = self.calls()
        bursts = [
            self.load(connections=AT_ONCE, requests=1, token=f"good-at-once-{burst}")
            for burst in range(BURSTS)
        ]
        figures["at once, calls"] = (self.calls() - calls) / BURSTS
        figures["at once, right"] = min(burst["right"] for burst in bursts)
        self.delay(0)

    def load(self, connections=1, requests=0, seconds=60.0, token=TOKEN, fresh=False) -> dict:
        command = [
            self.options.built / "go/load",
            f"-address={self.address}",
            f"-body={self.body}",
            f"-expect={self.expected}",
            f"-token={token}",
            f"-fresh={str(fresh).lower()}",
            f"-connections={connections}",
            f"-seconds={seconds}",
            f"-requests={requests}",
        ]
        output = subprocess.run(
            command,
            preexec_fn=lambda: os.sched_setaffinity(0, {LOAD_CORE}),
            stdout=subprocess.PIPE,
            timeout=120,
            check=True,
        )
        return json.loads(output.stdout)

    def calls(self) -> int:
        return int(urllib.request.urlopen(f"{self.issuer}/calls", timeout=5).read())

    def delay(self, milliseconds: int) -> None:
        urllib.request.urlopen(f"{self.issuer}/delay?ms={milliseconds}", timeout=5).read()

    def check_all_right(self, phase: str, load: dict) -> None:
        wrong = load["requests"] - load["right"]
        if wrong:
            print(f"{self.subject.name}, {phase}: {wrong} of {load['requests']} answers are wrong, "
                  f"by status: {load['statuses']}", file=sys.stderr)


def free_ports(count: int) -> list:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def rate(load: dict) -> float:
    """Right answers a second."""
    return load["right"] / load["seconds"]


HEADER = [
    "server",
    "warm: requests/s", "p50", "p99", "processor time per 1,000",
    "cold: requests/s", "calls per request",
    f"{AT_ONCE} at once: calls", "right answers",
    "stopped: cached token", "new token",
    "memory at start", "after load",
]


def row(rounds: list) -> list:
    def median(figure: str) -> float:
        return statistics.median(figures[figure] for figures in rounds)

    return [
        f"{median('warm rate'):,.0f}",
        f"{median('warm p50'):.1f} ms",
        f"{median('warm p99'):.1f} ms",
        f"{median('warm processor time') * 1000:.0f} ms",
        f"{median('cold rate'):,.0f}",
        f"{median('cold calls'):.2f}",
        f"{median('at once, calls'):.0f}",
        f"{min(figures['at once, right'] for figures in rounds)}",
        outcome([figures["stopped, cached"] for figures in rounds]),
        outcome([figures["stopped, new"] for figures in rounds]),
        f"{median('memory at start') / 1e6:.0f} MB",
        f"{median('memory after load') / 1e6:.0f} MB",
    ]


def outcome(loads: list) -> str:
    """The statuses that clients got, and how long they waited."""
    statuses = sorted({status for load in loads for status in load["statuses"]})
    shown = " or ".join("no answer" if status == "0" else status for status in statuses)
    return f"{shown}, {statistics.median(load['p50_ms'] for load in loads):.1f} ms"


def version(subject: Subject) -> str:
    file, pattern = subject.version
    return re.search(pattern, (SOURCE / file).read_text(), re.MULTILINE)[1]


def processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(prog="benches/peers/run", description=__doc__)
    parser.add_argument("--built", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--quick", action="store_true", help="one short round, a minute in all")
    parser.add_argument("servers", nargs="*", metavar="SERVER", help="only those whose names contain this")
    options = parser.parse_args()
    rounds = 1 if options.quick else 3
    options.seconds, options.warm_up = (1, 1) if options.quick else (4, 3)

    chosen = [
        subject for subject in subjects(options.built)
        if not options.servers or any(part in subject.name for part in options.servers)
    ]
    skipped = {}
    for subject in chosen:
        reason = options.built / f"{subject.folder}.skipped"
        if reason.exists():
            skipped[subject.name] = reason.read_text().strip()
    results = {subject.name: [] for subject in chosen}
    for number in range(rounds):
        for subject in chosen:
            if subject.name not in skipped:
                print(f"round {number + 1} of {rounds}: {subject.name}", file=sys.stderr)
                try:
                    results[subject.name].append(Measurement(subject, options).run())
                except (Failed, OSError, subprocess.SubprocessError) as error:
                    skipped[subject.name] = str(error)

    print(f"| {' | '.join(HEADER)} |")
    print(f"|---|{'---:|' * (len(HEADER) - 1)}")
    for subject in chosen:
        if subject.name in skipped:
            cells = [f"skipped: {skipped[subject.name]}"] + [""] * (len(HEADER) - 2)
        else:
            cells = row(results[subject.name])
        print(f"| {' | '.join([f'{subject.name} ({version(subject)})', *cells])} |")
    print(f"\n{datetime.date.today()}; {processor()}, {len(CORES)} cores, Linux {platform.release()}; "
          f"rounds: {rounds}, each load {options.seconds} s.")


if __name__ == "__main__":
    main()
