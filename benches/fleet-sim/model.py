"""What a fleet of replicas asks of its authorization server and of its shared store.

Each token is by itself, so a sample of them is simulated, event by event, and stands for all. A request comes
to a random replica. The replica answers from its own memory; else from the store, if there is one, and
remembers the answer for what is left of its life; else it asks the authorization server.
"""
import random
from dataclasses import dataclass

# What is simulated: seconds, and about how many requests.
WARM_UP = 120
HORIZON = 600
EVENTS = 400_000


@dataclass(frozen=True)
class Fleet:
    """What is given. Rates are per second, times are in seconds."""

    replicas: int
    tokens: int
    # Requests with each token.
    rate: float
    has_store: bool = False
    # How long an answer may be used, `--auth-cache-ttl`.
    ttl: float = 30
    # How long a token lives; its client then has a new one.
    lifetime: float = 600
    # Whether the balancer sends a token to the same replica each time.
    is_sticky: bool = False


@dataclass(frozen=True)
class Load:
    """What follows, for the whole fleet and per second."""

    requests: float
    # Questions to the authorization server.
    asked: float
    # Look-ups in the store, and answers written to it.
    looked_up: float
    written: float
    # Answers in the memory of one replica, and in the store.
    remembered: float
    stored: float


def simulate(fleet, seed=1):
    """Simulates a sample of the tokens and scales it up."""
    chance = random.Random(seed)
    sample = max(1, min(fleet.tokens, int(EVENTS / (fleet.rate * (WARM_UP + HORIZON)))))
    totals = [0.0] * 6
    for _token in range(sample):
        for at, value in enumerate(one_token(fleet, chance)):
            totals[at] += value
    requests, asked, looked_up, written, remembered, stored = (
        total * fleet.tokens / sample / HORIZON for total in totals)
    return Load(requests, asked, looked_up, written, remembered / fleet.replicas, stored)


def one_token(fleet, chance):
    """Counts of one client with one token after the other; the last two in seconds that entries lived."""
    requests = asked = looked_up = written = 0
    remembered = stored = 0.0
    # Until when each replica, and the store, have an answer.
    local, store_until = {}, 0.0
    end = WARM_UP + HORIZON
    renewed = chance.uniform(0, fleet.lifetime)
    now = chance.expovariate(fleet.rate)
    while now < end:
        while now >= renewed:
            local, store_until = {}, 0.0
            renewed += fleet.lifetime
        counts = now >= WARM_UP
        replica = 0 if fleet.is_sticky else chance.randrange(fleet.replicas)
        requests += counts
        if local.get(replica, 0.0) <= now:
            until = store_until if fleet.has_store else 0.0
            looked_up += counts and fleet.has_store
            if until <= now:
                asked += counts
                until = min(now + fleet.ttl, renewed)
                if fleet.has_store:
                    written += counts
                    store_until = until
                    stored += (until - now) * counts
            local[replica] = until
            remembered += (until - now) * counts
        now += chance.expovariate(fleet.rate)
    return requests, asked, looked_up, written, remembered, stored
