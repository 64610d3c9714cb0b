"""Real replicas, a real store and traffic that is known, to compare the simulation with."""
import asyncio
import os
import random
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "benches/soak"))
from authorization_server import CLIENT_ID, SCOPE, AuthorizationServer  # noqa: E402
from subject import Connection, Subject, free_ports, machine  # noqa: E402

RESOURCE = "https://mcp.example.com/mcp"
CONNECTIONS = 16


class Replicas:
    """Some replicas of one server, whose authorization server counts what it is asked."""

    def __init__(self, folder, binary, count, ttl, redis=None):
        self.folder, self.binary, self.count, self.ttl = folder, binary, count, ttl
        self.redis, self.store = redis, None
        self.issuer = AuthorizationServer(RESOURCE)
        self.subjects = []

    async def __aenter__(self):
        await self.issuer.start()
        (self.folder / "secret").write_text(self.issuer.secret)
        flags = [f"--auth-issuer-url={self.issuer.issuer}", f"--auth-resource-server-url={RESOURCE}",
                 f"--auth-client-id={CLIENT_ID}", f"--auth-client-secret-file={self.folder / 'secret'}",
                 f"--auth-required-scopes={SCOPE}", f"--auth-cache-ttl={self.ttl}s", "--auth-cache-capacity=1000000"]
        if self.redis:
            flags += await self._start_store()
        for number in range(self.count):
            folder = self.folder / str(number)
            folder.mkdir()
            subject = Subject(self.binary, folder, flags)
            await subject.start()
            self.subjects.append(subject)
        await self._until_ready()
        return self

    async def __aexit__(self, *_error):
        for subject in self.subjects:
            await subject.end()
        await self.issuer.stop()
        if self.store:
            self.store.kill()
            self.store.wait()

    async def _start_store(self):
        (port,) = free_ports(1)
        unpacked = self.redis / "usr/bin/redis-server"
        command = [unpacked if unpacked.exists() else "redis-server", "--port", str(port), "--bind", "127.0.0.1",
                   "--save", "", "--dir", self.folder]
        libraries = ":".join(map(str, self.redis.glob("usr/lib/*-linux-gnu")))
        with open(self.folder / "store.log", "wb") as log:
            self.store = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                          env={**os.environ, "LD_LIBRARY_PATH": libraries})
        (self.folder / "store-key").write_bytes(random.randbytes(32))
        self.store_port = port
        end = time.monotonic() + 10
        while time.monotonic() < end:
            try:
                (await asyncio.open_connection("127.0.0.1", port))[1].close()
                break
            except OSError:
                await asyncio.sleep(0.05)
        # The simulation knows no store that is too slow.
        return [f"--shared-store=redis://127.0.0.1:{port}", f"--shared-store-key-file={self.folder / 'store-key'}",
                "--shared-store-timeout=1s"]

    async def _until_ready(self):
        """Until each replica has found the endpoint and, if there is one, the store."""
        token = self.issuer.issue(600)
        for subject in self.subjects:
            for _attempt in range(100):
                is_up = not self.store or (await asyncio.to_thread(metric, subject, "shared_store_up")) == 1
                if is_up and (await Connection(subject.port).ask(token.text)).status == 200:
                    break
                await asyncio.sleep(0.1)
            else:
                raise RuntimeError(f"not ready:\n{subject.log.read_text()[-2000:]}")

    async def counts(self):
        """What the authorization server and the store were asked so far, and processor seconds."""
        looked_up = written = 0
        for subject in self.subjects if self.store else ():
            of = 'shared_store_operations_total{operation="%s",outcome="done"}'
            looked_up += await asyncio.to_thread(metric, subject, of % "read_answer")
            written += await asyncio.to_thread(metric, subject, of % "write_answer")
        return self.issuer.asked, looked_up, written, sum(map(processor_time, self.subjects))

    def store_memory(self):
        """Bytes of memory that the store uses."""
        with socket.create_connection(("127.0.0.1", self.store_port), timeout=10) as connection:
            connection.sendall(b"INFO memory\r\n")
            text = connection.recv(65536).decode()
        used = re.search(r"used_memory:(\d+)", text)
        return int(used[1])

    async def send(self, arrivals):
        """Sends requests at their times: (seconds, replica, token). All must be answered with 200."""
        queues = [asyncio.Queue() for _ in self.subjects]
        begun = asyncio.get_running_loop().time()

        async def work(subject, queue):
            connection = Connection(subject.port)
            while (token := await queue.get()) is not None:
                answer = await connection.ask(token)
                if answer.status != 200:
                    raise RuntimeError(f"status {answer.status}: {answer.body[:200]}")
            connection.close()

        workers = [asyncio.create_task(work(subject, queue))
                   for subject, queue in zip(self.subjects, queues) for _ in range(CONNECTIONS)]
        for at, replica, token in arrivals:
            wait = begun + at - asyncio.get_running_loop().time()
            if wait > 0:
                await asyncio.sleep(wait)
            queues[replica].put_nowait(token)
        for queue in queues:
            for _ in range(CONNECTIONS):
                queue.put_nowait(None)
        await asyncio.gather(*workers)


def arrivals(tokens, rate, seconds, replicas, chance):
    """Requests as the simulation has them: at random times, each to a random replica."""
    events = []
    for token in tokens:
        now = chance.expovariate(rate)
        while now < seconds:
            events.append((now, chance.randrange(replicas), token))
            now += chance.expovariate(rate)
    return sorted(events)


def metric(subject, name):
    """The value of a metric of one process; 0 if it has none."""
    with urllib.request.urlopen(f"http://127.0.0.1:{subject.admin_port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = re.search(rf"^\w*{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0


def processor_time(subject):
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{subject.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100
