"""Knows which answers are right.

A good token must be accepted, and a bad one refused, whatever happens to the authorization server. Only
where the server has to ask it, it may answer 503 while the fault lasts and until a bound after it.
"""
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from authorization_server import SCOPE

# The cache may be filled by an answer that was true a moment before a revocation. This is the most that
# passes between the two on a busy machine.
IN_FLIGHT = 1

# The kinds of verdict.
RIGHT, WRONG_ACCEPT, WRONG_REFUSAL, WRONG_ANSWER = "right", "wrong accept", "wrong refusal", "wrong answer"

# Credentials that need no authorization server, with their status.
MISSING, EMPTY, MALFORMED = None, "", 'not"a"token'
WITHOUT_QUESTION = {MISSING: 401, EMPTY: 400, MALFORMED: 401}


@dataclass
class Window:
    """A fault, and how long after its end 503 is still right."""

    fault: str
    begin: float
    recovery: float
    end: float | None = None

    def touches(self, begin, end):
        return self.begin <= end and (self.end is None or begin <= self.end + self.recovery)


@dataclass
class Oracle:
    """Judges answers. Times are seconds since the epoch."""

    resource: str
    cache_ttl: float
    # Whether 503 is always right for a token, since nobody can say whether it is good.
    cannot_be_told: Callable = lambda token: False
    windows: list = field(default_factory=list)
    verdicts: Counter = field(default_factory=Counter)
    examples: list = field(default_factory=list)

    def begin(self, fault, now, recovery):
        window = Window(fault, now, recovery)
        self.windows.append(window)
        return window

    def in_fault(self, begin, end):
        return any(window.touches(begin, end) for window in self.windows)

    def expected(self, token, begin, end):
        """The statuses that are right for a request from `begin` to `end`. A credential that no
        authorization server issued is a text or `None`."""
        if token is None or isinstance(token, str):
            if token in WITHOUT_QUESTION:
                return {WITHOUT_QUESTION[token]}
            right = {401}
        else:
            right = self._of_token(token, begin, end)
        return right | {503} if self.in_fault(begin, end) or self.cannot_be_told(token) else right

    def _of_token(self, token, begin, end):
        revoked_at = float("inf") if token.revoked_at is None else token.revoked_at
        bad_at_last = min(token.expires_at, revoked_at + self.cache_ttl + IN_FLIGHT)
        bad_at_first = min(token.expires_at, revoked_at)
        right = set()
        if end >= bad_at_first:
            right.add(401)
        if begin < bad_at_last:
            if token.audience != self.resource:
                right.add(401)
            else:
                right.add(200 if SCOPE in token.scope.split() else 403)
        return right

    def judge(self, token, begin, end, answer):
        """Counts the answer, and returns the verdict."""
        expected = self.expected(token, begin, end)
        verdict = self._verdict(expected, token, answer)
        self.verdicts[verdict] += 1
        if verdict != RIGHT:
            self.report(f"{verdict}: {answer.status} instead of {sorted(expected, key=str)} from {begin:.3f} to "
                        f"{end:.3f} for {shown(token)}; {answer.headers.get('www-authenticate', 'no challenge')}")
        return verdict

    def report(self, example):
        if len(self.examples) < 20:
            self.examples.append(example)

    def _verdict(self, expected, token, answer):
        status = answer.status
        if status not in expected:
            if status == 200:
                return WRONG_ACCEPT
            return WRONG_REFUSAL if 200 in expected else WRONG_ANSWER
        challenge = answer.headers.get("www-authenticate", "")
        is_well_formed = {
            # In a fault the answer may be an error: the server gives nothing away that it cannot record.
            200: 503 in expected or is_success(parsed(answer.body)),
            400: 'error="invalid_request"' in challenge,
            401: "resource_metadata=" in challenge and ('error="invalid_token"' in challenge) == (token is not None),
            403: 'error="insufficient_scope"' in challenge,
            # A client must not go and log in again because of an outage.
            503: not challenge and answer.headers.get("retry-after", "").isdigit(),
        }
        return RIGHT if is_well_formed[status] else WRONG_ANSWER

    def judge_stream(self, token, opened, ended, recheck):
        """An accepted stream ended, or is still open at `ended` if `recheck` is not over: it must end
        with its token. A revocation may be noticed at the next check, with what the cache says then; in a
        fault only at the next check after it."""
        revoked_at = float("inf") if token.revoked_at is None else token.revoked_at
        noticed = revoked_at + self.cache_ttl + IN_FLIGHT + recheck
        for window in sorted(self.windows, key=lambda window: window.begin):
            if window.touches(revoked_at, noticed):
                noticed = max(noticed, (window.end or ended) + window.recovery + self.cache_ttl + recheck)
        verdict = RIGHT
        if ended < min(token.expires_at, revoked_at):
            verdict = WRONG_REFUSAL
        elif ended > min(token.expires_at, noticed) + IN_FLIGHT:
            verdict = WRONG_ACCEPT
        self.verdicts[verdict] += 1
        if verdict != RIGHT:
            self.report(f"{verdict}: a stream from {opened:.3f} to {ended:.3f} for {shown(token)}")
        return verdict


def is_success(answer):
    return "error" not in answer and not answer.get("result", {}).get("isError")


def parsed(body):
    """The JSON of a body, or of the last event of a stream."""
    text = body.decode("utf-8", "replace")
    data = [line[5:] for line in text.splitlines() if line.startswith("data:") and line[5:].strip()]
    try:
        return json.loads(data[-1] if data else text)
    except ValueError:
        return {"error": "no JSON"}


def shown(token):
    """A credential without its text."""
    if token is None or isinstance(token, str):
        return "no token" if token is None else f"an unknown token of {len(token)} characters"
    return (f"a token for {token.audience!r} with scope {token.scope!r} that expires at {token.expires_at} "
            f"and is revoked at {token.revoked_at}")
