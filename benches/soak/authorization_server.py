"""An authorization server that knows the truth about its tokens, and fails on request."""
import asyncio
import base64
import hashlib
import json
import re
import secrets
import subprocess
import time
import urllib.parse
from dataclasses import dataclass

CLIENT_ID = "soak"
SCOPE = "mcp"

# How long an answer takes under the fault "hang": longer than any client waits.
HANG = 10


@dataclass
class Token:
    """What the authorization server knows about a token. Times are seconds since the epoch."""

    text: str
    subject: str
    audience: str
    scope: str
    expires_at: int
    revoked_at: float | None = None

    def is_active(self, now):
        return now < self.expires_at and (self.revoked_at is None or now < self.revoked_at)


class AuthorizationServer:
    """Metadata, introspection and keys on a port of 127.0.0.1 that stays the same across restarts.

    `fault` changes what every endpoint answers:

    - `hang`: the right answer after ten seconds;
    - `slow`: the right answer after a second;
    - `busy`: 429 with `Retry-After: {retry_after}`;
    - `cut`: the connection ends in the middle of the body;
    - `truncated`: half of the JSON, as a complete body;
    - `html`: a page with status 200, as from a captive proxy;
    - `error`, `unavailable`: 500, 503.
    """

    def __init__(self, resource, tls=None):
        self.resource, self.tls = resource, tls
        self.fault = None
        self.retry_after = 1
        self.secret = secrets.token_urlsafe(24)
        self.introspection_path = "/introspect"
        self.tokens = {}
        self.key = None
        # How often it was asked about a token, whatever it answered.
        self.asked = 0
        self.port = 0
        self._server = None
        self._connections = set()

    @property
    def issuer(self):
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    async def start(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self.tls, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self):
        """Closes the port and breaks all connections."""
        if self._server:
            self._server.close()
            self._server = None
            for writer in list(self._connections):
                writer.transport.abort()
            # A bound port can be bound again only once the loop has closed it.
            await asyncio.sleep(0)

    def issue(self, lifetime, subject="alice", audience=None, scope=SCOPE):
        now = time.time()
        token = Token(secrets.token_urlsafe(32), subject, audience or self.resource, scope, int(now + lifetime))
        if self.key:
            token.text = self.key.sign(self._claims(token, now))
        self.tokens[token.text] = token
        return token

    def forget_expired(self, for_seconds):
        """Keeps a long run small. A forgotten token is an unknown one, so still inactive."""
        before = time.time() - for_seconds
        self.tokens = {text: token for text, token in self.tokens.items() if token.expires_at > before}

    def _claims(self, token, now):
        return {"iss": self.issuer, "sub": token.subject, "client_id": CLIENT_ID, "aud": token.audience,
                "scope": token.scope, "iat": int(now), "exp": token.expires_at, "jti": secrets.token_hex(8)}

    async def _serve(self, reader, writer):
        self._connections.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                length = re.search(r"(?i)^content-length: *(\d+)", head, re.MULTILINE)
                body = await reader.readexactly(int(length[1])) if length else b""
                if not await self._answer(writer, head, body):
                    return
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(writer)
            writer.transport.abort()

    async def _answer(self, writer, head, body):
        """Answers one request. Returns whether the connection stays open."""
        fault = self.fault
        self.asked += head.startswith("POST")
        if fault in ("hang", "slow"):
            await asyncio.sleep(HANG if fault == "hang" else 1)
        status, headers = 200, ""
        if fault == "busy":
            status, headers, document = 429, f"Retry-After: {self.retry_after}\r\n", {}
        elif fault in ("error", "unavailable"):
            status, document = (500 if fault == "error" else 503), {"error": "server_error"}
        else:
            # Decided after the delay and written at once, so the answer is true when it is sent.
            status, document = self._document(head, body)
        text = json.dumps(document).encode()
        if fault == "html":
            text = b"<html>Please sign in to the network</html>"
        half = text[:len(text) // 2]
        length = len(text)
        if fault == "truncated":
            text, length = half, len(half)
        elif fault == "cut":
            text = half
        kind = "text/html" if fault == "html" else "application/json"
        writer.write(f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n"
                     f"{headers}\r\n".encode() + text)
        await writer.drain()
        if fault == "cut":
            writer.close()
            await writer.wait_closed()
        return fault != "cut"

    def _document(self, head, body):
        path = head.split(" ", 2)[1]
        if path == "/.well-known/oauth-authorization-server":
            return 200, {"issuer": self.issuer, "introspection_endpoint": self.issuer + self.introspection_path,
                         "jwks_uri": self.issuer + "/jwks"}
        if path == "/jwks" and self.key:
            return 200, {"keys": [self.key.jwk]}
        if path != self.introspection_path:
            return 404, {}
        credentials = base64.b64encode(f"{CLIENT_ID}:{self.secret}".encode()).decode()
        if f"authorization: basic {credentials}".lower() not in head.lower():
            return 401, {"error": "invalid_client"}
        form = urllib.parse.parse_qs(body.decode())
        token = self.tokens.get(form["token"][0])
        now = time.time()
        if token is None or not token.is_active(now):
            return 200, {"active": False}
        return 200, {"active": True, "token_type": "Bearer", **self._claims(token, now)}


class SigningKey:
    """An RSA key made by the command `openssl`. Signs JWTs (RS256, RFC 7515)."""

    def __init__(self, folder):
        self.kid = secrets.token_hex(4)
        file = folder / f"{self.kid}.pem"
        openssl("genrsa", "-out", file, "2048")
        text = openssl("rsa", "-in", file, "-noout", "-text")
        self.n, self.d = (self._number(text, name) for name in ("modulus", "privateExponent"))
        self.jwk = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid,
                    "n": base64url(self.n.to_bytes(256, "big")), "e": "AQAB"}

    @staticmethod
    def _number(text, name):
        digits = re.search(rf"{name}:\s*((?:[0-9a-f]{{2}}:?\s*)+)", text)[1]
        return int(re.sub(r"[:\s]", "", digits), 16)

    def sign(self, claims):
        header = {"typ": "at+jwt", "alg": "RS256", "kid": self.kid}
        signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
        # RSASSA-PKCS1-v1_5, RFC 8017 §9.2: the DigestInfo of SHA-256 before the digest.
        info = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(signed.encode()).digest()
        padded = b"\x00\x01" + b"\xff" * (256 - 3 - len(info)) + b"\x00" + info
        signature = pow(int.from_bytes(padded, "big"), self.d, self.n).to_bytes(256, "big")
        return f"{signed}.{base64url(signature)}"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments):
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"openssl {arguments[0]}: {done.stderr}")
    return done.stdout
