"""Calls the MCP server at URL as the client machine-dpop, with tokens bound to a key (DPoP) and proofs by
requests_oauth2client.

ISSUER: the authorization server. SECRET: the client's. SCOPE: of the tokens. ALG: the key's algorithm. Prints
one JSON object: what happened, by case.
"""

import json
import os
import re

import requests
from requests_oauth2client import DPoPKey, DPoPToken, OAuth2Client
from requests_oauth2client.dpop import InvalidUseDPoPNonceResponse

URL, ALG = os.environ["URL"], os.environ["ALG"]
client = OAuth2Client.from_discovery_endpoint(
    issuer=os.environ["ISSUER"],
    client_id="machine-dpop",
    client_secret=os.environ["SECRET"],
    testing=True,
    dpop_bound_access_tokens=True,
    dpop_alg=ALG,
)
CALL = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "about", "arguments": {}}}
HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}


def granted():
    return client.client_credentials(scope=os.environ["SCOPE"], resource=URL)


def call(auth):
    try:
        response = requests.post(URL, json=CALL, headers=HEADERS, auth=auth, timeout=30)
    except InvalidUseDPoPNonceResponse as problem:
        # It takes every 401 for a wish for a nonce.
        response = problem.response
    if response.status_code != 200:
        challenges = response.headers["WWW-Authenticate"]
        return {"status": response.status_code, "errors": re.findall(r'\berror="([a-z_]*)"', challenges)}
    caller = response.json()["result"]["structuredContent"]["caller"]
    return {"status": 200, "client": caller["client_id"]}


def as_bearer(request):
    request.headers["Authorization"] = f"Bearer {token.access_token}"
    return request


token, another = granted(), granted()
seen = {
    "type": token.token_type.lower(),
    "algorithm": token.dpop_key.alg,
    "bound": call(token),
    "again": call(token),
    "refreshed": call(another),
    "thief": call(DPoPToken(access_token=token.access_token, _dpop_key=DPoPKey.generate(alg=ALG))),
    "bearer": call(as_bearer),
}
seen["nonce"] = token.dpop_key.rs_nonce is not None
print(json.dumps(seen))
