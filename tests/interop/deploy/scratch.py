#!/usr/bin/env python3
"""Runs a binary as the container image would: alone with CA certificates in a read-only root, as
user 65532, without capabilities, in a network of its own. Needs root and Linux.

    tests/interop/deploy/scratch.py /tmp/static/oscal-mcp-server

Checks that it needs no library, is small enough (unless it is a debug build: --any-size), resolves
names by DNS (which a static glibc could lack), finds its authorization server, and answers."""

import fcntl
import http.server
import json
import os
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

LIMIT = 25 * 1024 * 1024
ISSUER_HOST = "as.example.test"
ISSUER_PORT = 8080
DEVICES = ["null", "zero", "random", "urandom"]


HEADERS = {"Content-Type": "application/json", "Host": "mcp.example.com",
           "Accept": "application/json, text/event-stream"}
CALL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                   "params": {"name": "about", "arguments": {}}}).encode()


def main(binary, limit=LIMIT):
    size = os.path.getsize(binary)
    assert size < limit, f"{size} bytes"
    linked = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False)
    assert "=>" not in linked.stdout, f"not static:\n{linked.stdout}"
    root = tempfile.mkdtemp(prefix="scratch-")
    try:
        os.chmod(root, 0o755)
        os.makedirs(f"{root}/etc/ssl/certs")
        shutil.copy("/etc/ssl/certs/ca-certificates.crt", f"{root}/etc/ssl/certs/")
        shutil.copy(binary, f"{root}/oscal-mcp-server")
        os.chmod(f"{root}/oscal-mcp-server", 0o755)
        # Every container engine adds devices and this file to an image. A static glibc program gets its
        # randomness from /dev/urandom.
        os.makedirs(f"{root}/dev")
        for device in DEVICES:
            open(f"{root}/dev/{device}", "wb").close()
        with open(f"{root}/etc/resolv.conf", "w", encoding="utf-8") as file:
            file.write("nameserver 127.0.0.1\n")
        inside = [sys.executable, os.path.abspath(__file__), "--inside", root]
        subprocess.run(["unshare", "--net", "--mount", *inside], check=True)
    finally:
        shutil.rmtree(root)
    print(f"well: {size / 1024 / 1024:.1f} MiB, static, read-only, not root")


class Names(socketserver.BaseRequestHandler):
    """Answers every question for an IPv4 address with 127.0.0.1."""

    def handle(self):
        query, answer_to = self.request
        end = query.index(b"\0", 12) + 5
        is_ipv4 = query[end - 4:end - 2] == b"\0\1"
        header = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_ipv4 else b"\0\0") + b"\0\0\0\0"
        answer = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0\1" if is_ipv4 else b""
        answer_to.sendto(header + query[12:end] + answer, self.client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    issuer = None

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({"issuer": self.issuer, "introspection_endpoint": f"{self.issuer}/introspect"})

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer({"active": True, "sub": "alice", "client_id": "client",
                     "aud": "https://mcp.example.com/mcp", "exp": int(time.time()) + 600})

    def log_message(self, *_):
        pass


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()


def serve_authorization(address, issuer):
    """An authorization server that calls every token active."""
    handler = type("Issuer", (Handler,), {"issuer": issuer})
    serve(http.server.ThreadingHTTPServer(address, handler))


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


def status(url, headers=None, body=None):
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def wait_until_ready(server):
    for _ in range(300):
        try:
            if status("http://127.0.0.1:9090/readyz")[0] == 200:
                return
        except OSError:
            pass
        assert server.poll() is None, f"it ended: {server.returncode}"
        time.sleep(0.1)
    raise AssertionError("not ready: perhaps names are not resolved")


def inside(root):
    loopback_up()
    serve(socketserver.ThreadingUDPServer(("127.0.0.1", 53), Names))
    serve_authorization(("127.0.0.1", ISSUER_PORT), f"http://{ISSUER_HOST}:{ISSUER_PORT}")
    subprocess.run(["mount", "--bind", root, root], check=True)
    subprocess.run(["mount", "-o", "remount,bind,ro", root], check=True)
    for device in DEVICES:
        subprocess.run(["mount", "--bind", f"/dev/{device}", f"{root}/dev/{device}"], check=True)
    variables = {
        "OSCAL_MCP_TRANSPORT": "streamable-http",
        "OSCAL_MCP_HOST": "0.0.0.0",
        "OSCAL_ADMIN_ADDR": "0.0.0.0:9090",
        "OSCAL_AUTH_ISSUER_URL": f"http://{ISSUER_HOST}:{ISSUER_PORT}",
        "OSCAL_AUTH_ALLOW_INSECURE_HTTP": "true",
        "OSCAL_AUTH_RESOURCE_SERVER_URL": "https://mcp.example.com/mcp",
        "OSCAL_AUTH_CLIENT_ID": "mcp",
        "OSCAL_AUTH_CLIENT_SECRET": "secret",
    }
    command = ["setpriv", "--no-new-privs", "chroot", "--userspec=65532:65532", "--groups=65532",
               root, "/oscal-mcp-server"]
    with subprocess.Popen(command, env={**variables, "PATH": os.environ["PATH"]}) as server:
        try:
            wait_until_ready(server)
            with open(f"/proc/{server.pid}/status", encoding="utf-8") as file:
                state = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
            assert state["Uid"].split() == ["65532"] * 4, state["Uid"]
            assert int(state["CapEff"], 16) == 0, state["CapEff"]
            url = "http://127.0.0.1:8000/mcp"
            assert status(url, HEADERS, CALL)[0] == 401
            code, text = status(url, {**HEADERS, "Authorization": "Bearer good"}, CALL)
            assert code == 200 and "alice" in text, text
        finally:
            server.send_signal(signal.SIGTERM)
    assert server.returncode == 0, server.returncode


if __name__ == "__main__":
    if sys.argv[1] == "--inside":
        inside(sys.argv[2])
    elif sys.argv[1] == "--any-size":
        main(sys.argv[2], sys.maxsize)
    else:
        main(sys.argv[1])
