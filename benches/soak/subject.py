"""The server under test as a process, and a plain HTTP client for it."""
import asyncio
import json
import os
import re
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

# How long a client waits for an answer. The server answers within `--auth-timeout`, 3 s, even if the
# authorization server hangs; the rest is for a busy machine.
PATIENCE = 15

ROOT = Path(__file__).resolve().parent.parent.parent


class Lost(Exception):
    """A request without an answer: the connection broke, or nothing came in time."""


class Refused(Lost):
    """A request that was not sent: nobody accepts connections."""


@dataclass
class Answer:
    status: int
    headers: dict
    body: bytes


class Subject:
    """One server process, on the same port across restarts."""

    def __init__(self, binary, folder, flags):
        self.binary, self.flags = Path(binary).resolve(), flags
        self.folder = folder
        self.port, self.admin_port = free_ports(2)
        self.log = folder / "server.log"
        self.process = None

    async def start(self):
        command = [self.binary, "--transport=streamable-http", f"--port={self.port}", "--log-format=json",
                   f"--admin-addr=127.0.0.1:{self.admin_port}", *self.flags]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(list(map(str, command)), cwd=self.folder, env={"PATH": os.environ["PATH"]},
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            try:
                (await asyncio.open_connection("127.0.0.1", self.port))[1].close()
                return
            except OSError:
                await asyncio.sleep(0.02)
        raise RuntimeError(f"the server does not listen:\n{self.log.read_text()[-2000:]}")

    async def end(self, by="terminate"):
        """Signals it and returns its exit status."""
        getattr(self.process, by)()
        while self.process.poll() is None:
            await asyncio.sleep(0.01)
        return self.process.returncode

    def memory(self):
        """Resident memory in KiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s*(\d+)", status)[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Connection:
    """A connection that is kept open, and opened again when it ended."""

    def __init__(self, port):
        self.port = port
        self.reader = self.writer = None

    async def ask(self, token, method="tools/call", params=None, patience=PATIENCE):
        """Calls a method with a credential: the text behind `Bearer `, or `None`."""
        params = params or {"name": "about", "arguments": {}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        try:
            async with asyncio.timeout(patience):
                await self.send(token, body)
                return await self.receive()
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.close()
            raise Lost(repr(error)) from error
        except asyncio.CancelledError:
            self.close()
            raise

    async def send(self, token, body, headers=""):
        if self.writer is None:
            try:
                self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
            except ConnectionRefusedError as error:
                raise Refused(repr(error)) from error
        authorization = "" if token is None else f"Authorization: Bearer {token}\r\n"
        self.writer.write(
            f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{authorization}Content-Type: application/json\r\n"
            f"Accept: application/json, text/event-stream\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}".encode())
        await self.writer.drain()

    async def receive(self):
        answer = await self.head()
        length = answer.headers.get("content-length")
        if length is not None:
            answer.body = await self.reader.readexactly(int(length))
        elif answer.headers.get("transfer-encoding") == "chunked":
            while chunk := await self.chunk():
                answer.body += chunk
        if answer.headers.get("connection", "").lower() == "close":
            self.close()
        return answer

    async def head(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return Answer(int(first.split(" ")[1]), headers, b"")

    async def chunk(self):
        """The next part of a chunked body; nothing at its end."""
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        data = await self.reader.readexactly(size + 2)
        return data[:-2]

    def close(self):
        if self.writer:
            self.writer.transport.abort()
        self.reader = self.writer = None


LISTEN = {
    "notifications": {"resourcesListChanged": True},
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "soak", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    },
}


class EventStream:
    """An open event stream: `subscriptions/listen` of MCP 2026-07-28."""

    def __init__(self, port):
        self.connection = Connection(port)

    async def open(self, token):
        """Returns the head of the answer; with status 200 the stream is open."""
        body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "subscriptions/listen", "params": LISTEN})
        headers = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: subscriptions/listen\r\n"
        try:
            async with asyncio.timeout(PATIENCE):
                await self.connection.send(token, body, headers)
                return await self.connection.head()
        except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
            self.close()
            raise Lost(repr(error)) from error

    async def ended(self):
        """Waits for its end: whether it was an orderly one."""
        try:
            while await self.connection.chunk():
                pass
            return True
        except (OSError, asyncio.IncompleteReadError):
            return False
        finally:
            self.close()

    def close(self):
        self.connection.close()


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def machine():
    """One line about where this ran."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty", "--exclude=*"],
                            capture_output=True, text=True).stdout.strip()
    return (f"{time.strftime('%Y-%m-%d')}, commit {commit or 'unknown'}, {model[1] if model else 'unknown processor'}, "
            f"{len(os.sched_getaffinity(0))} cores")
