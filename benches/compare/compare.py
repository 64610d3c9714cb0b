"""Compares two MCP servers for OSCAL on the same documents, over stdio, in rounds that alternate.

Run by benches/compare/run. Prints a table in Markdown: of each figure the median of all rounds.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import statistics
import subprocess
import tempfile
import time

CATALOG = "NIST_SP-800-53_rev5_catalog.json"
QUERIES = ["account management review", "multi-factor authentication", "encrypt data at rest", "AC-2 (1)"]
REPETITIONS = 20


class Server:
    """A running server, as a client sees it."""

    def __init__(self, command: list, environment: dict):
        began = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.id = 0
        self.request("initialize", {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "compare", "version": "1"},
        })
        self.start = time.perf_counter() - began
        self.send(encoded({"jsonrpc": "2.0", "method": "notifications/initialized"}))

    def send(self, line: bytes) -> None:
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def request(self, method: str, params: dict) -> tuple:
        """The result, the bytes of the answer, and the seconds to it."""
        self.id += 1
        line = encoded({"jsonrpc": "2.0", "id": self.id, "method": method, "params": params})
        began = time.perf_counter()
        self.send(line)
        while True:
            line = self.process.stdout.readline()
            took = time.perf_counter() - began
            answer = json.loads(line)
            if answer.get("id") == self.id:
                return answer["result"], len(line), took

    def call(self, tool: str, arguments: dict) -> tuple:
        result, size, took = self.request("tools/call", {"name": tool, "arguments": arguments})
        assert not result.get("isError"), (tool, arguments, result)
        return result.get("structuredContent"), size, took

    def memory(self) -> int:
        """Resident memory in bytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) * 1024

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=20)


class Ours:
    name = "oscal-mcp-server"
    search = "search", "query"

    def __init__(self, options):
        self.options = options
        self.version = version_of(options.ours)
        self.catalog = json.loads((options.documents / CATALOG).read_text())["catalog"]["uuid"]

    def spawn(self) -> Server:
        return Server([
            self.options.ours,
            f"--documents-dir={self.options.documents}",
            f"--schemas-dir={self.options.schemas}",
            "--log-level=error",
        ], {})

    def prepare(self, server: Server) -> None:
        documents = server.call("list_documents", {"limit": 200})[0]["items"]
        self.ids = {document["uuid"]: document["id"] for document in documents}
        self.profiles = [document["id"] for document in documents if document["model"] == "profile"]

    def control(self, control: str) -> tuple:
        return "get_control", {"control": control, "document": self.ids[self.catalog]}

    def validation(self) -> tuple:
        return "validate_document", {"document": self.ids[self.catalog]}

    def content_validation(self, content: str) -> tuple:
        return "validate_document", {"content": content}

    def default_calls(self) -> list:
        """Every tool with what it needs and nothing more."""
        calls = [
            ("about", {}),
            ("list_models", {}),
            ("list_documents", {}),
            ("list_controls", {}),
            ("query_implementations", {}),
            ("search", {"query": QUERIES[0]}),
            ("get_schema", {"model": "catalog"}),
        ]
        for profile in self.profiles:
            calls.append(("resolve_profile", {"profile": profile}))
            calls.append(("query_implementations", {"gap_against": profile}))
        return calls


class Theirs:
    name = "mcp-server-for-oscal"
    search = "text_search_oscal", "query_text"

    def __init__(self, options):
        self.options = options
        self.version = importlib.metadata.version(self.name)
        self.catalog = json.loads((options.documents / CATALOG).read_text())["catalog"]["uuid"]
        self.store = tempfile.TemporaryDirectory()
        # Its first start reads the documents into a database, which is not measured.
        self.spawn().stop()

    def spawn(self) -> Server:
        return Server([self.options.theirs], {
            "OSCAL_DOCUMENTS_DIR": str(self.options.documents),
            "OSCAL_STORE_DB_PATH": f"{self.store.name}/store.db",
            "LOG_LEVEL": "ERROR",
        })

    def prepare(self, server: Server) -> None:
        tools = server.request("tools/list", {})[0]["tools"]
        self.without_arguments = [
            tool["name"] for tool in tools if not tool["inputSchema"].get("required")
        ]

    def control(self, control: str) -> tuple:
        return "get_child_element", {"element_id": control.lower(), "parent_doc_uuid": self.catalog}

    def validation(self) -> tuple:
        return "validate_oscal_file", {"file_uri": str(self.options.documents / CATALOG)}

    def content_validation(self, content: str) -> tuple:
        return "validate_oscal_content", {"content": content}

    def default_calls(self) -> list:
        calls = [(tool, {}) for tool in self.without_arguments]
        return [
            *calls,
            ("text_search_oscal", {"query_text": QUERIES[0]}),
            ("get_oscal_schema", {"model_name": "catalog"}),
        ]


def encoded(message: dict) -> bytes:
    return json.dumps(message).encode() + b"\n"


def version_of(binary: str) -> str:
    output = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    return output.stdout.split()[-1]


def measure(subject, content: str, controls: list) -> dict:
    """One round: a fresh process, first what many calls do, then what few do."""
    server = subject.spawn()
    figures = {"start": server.start}
    subject.prepare(server)
    figures["memory after start"] = server.memory()
    figures["tools/list"] = server.request("tools/list", {})[1]
    tool, argument = subject.search
    for query in QUERIES:
        server.call(tool, {argument: query})
    figures["search"] = statistics.median(
        server.call(tool, {argument: query})[2] for _ in range(REPETITIONS) for query in QUERIES
    )
    figures["get control"] = statistics.median(
        server.call(*subject.control("AC-2"))[2] for _ in range(REPETITIONS)
    )
    ordinary = []
    largest = 0, ""
    for call in subject.default_calls():
        sizes_and_times = [server.call(*call)[1:] for _ in range(3)]
        ordinary.append((statistics.median(took for _, took in sizes_and_times), call[0]))
        largest = max(largest, (sizes_and_times[0][0], call[0]))
    found = 0
    for control in controls:
        result, size, _ = server.call(*subject.control(control))
        found += result is not None and result.get("result", result) is not None
        largest = max(largest, (size, subject.control(control)[0]))
    figures["controls found"] = found
    figures["slowest ordinary call"], figures["slowest ordinary tool"] = max(ordinary)
    figures["largest answer"], figures["largest answer's tool"] = largest
    figures["memory after calls"] = server.memory()
    figures["validate"] = server.call(*subject.validation())[2]
    figures["validate content"] = server.call(*subject.content_validation(content))[2]
    time.sleep(1)
    figures["memory at the end"] = server.memory()
    figures["ordinary"] = ordinary
    server.stop()
    return figures


def all_controls(catalog: dict) -> list:
    ids = []

    def walk(part: dict) -> None:
        for control in part.get("controls", ()):
            ids.append(control["id"])
            walk(control)
        for group in part.get("groups", ()):
            walk(group)

    walk(catalog)
    return ids


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.1f} ms"


def megabytes(value: int) -> str:
    return f"{value / 1e6:.0f} MB"


def kilobytes(value: int) -> str:
    return f"{value / 1024:.1f} KB"


ROWS = [
    ("start, to the answer of `initialize`", "start", seconds),
    ("memory (RSS) after start", "memory after start", megabytes),
    ("memory after the calls below", "memory after calls", megabytes),
    ("memory a second after validation too", "memory at the end", megabytes),
    ("validate 800-53 (10 MB), loaded or in a file", "validate", seconds),
    ("validate 800-53 sent as content", "validate content", seconds),
    ("get control AC-2", "get control", seconds),
    ("search", "search", seconds),
    ("slowest call of a tool with its defaults", "slowest ordinary call", seconds),
    ("`tools/list`", "tools/list", kilobytes),
    ("largest default answer", "largest answer", kilobytes),
]


def table(ours: list, theirs: list, controls: int) -> None:
    def median(rounds: list, figure: str):
        return statistics.median(measured[figure] for measured in rounds)

    print("| | oscal-mcp-server | mcp-server-for-oscal | ratio |")
    print("|---|---:|---:|---:|")
    for title, figure, shown in ROWS:
        ratio = statistics.median(t[figure] / o[figure] for o, t in zip(ours, theirs))
        values = shown(median(ours, figure)), shown(median(theirs, figure))
        print(f"| {title} | {values[0]} | {values[1]} | {ratio:.1f}x |")
    found = median(ours, "controls found"), median(theirs, "controls found")
    print(f"| controls of 800-53 found, of {controls:,} | {found[0]:,.0f} | {found[1]:,.0f} | |")
    print()
    for rounds, name in (ours, Ours.name), (theirs, Theirs.name):
        slowest, largest = rounds[0]["slowest ordinary tool"], rounds[0]["largest answer's tool"]
        print(f"{name}: slowest default call `{slowest}`, largest default answer `{largest}`.")


def processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ours", required=True)
    parser.add_argument("--theirs", required=True)
    parser.add_argument("--documents", type=pathlib.Path, required=True)
    parser.add_argument("--schemas", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()

    content = (options.documents / CATALOG).read_text()
    controls = all_controls(json.loads(content)["catalog"])
    subjects = Ours(options), Theirs(options)
    rounds = [[measure(subject, content, controls) for subject in subjects] for _ in range(options.rounds)]
    ours, theirs = (list(of_one) for of_one in zip(*rounds))

    print(f"{subjects[0].name} {subjects[0].version}, {subjects[1].name} {subjects[1].version} on "
          f"Python {platform.python_version()}; {processor()}, {os.cpu_count()} cores, "
          f"Linux {platform.release()}; medians of {options.rounds} rounds.\n")
    table(ours, theirs, len(controls))


if __name__ == "__main__":
    main()
