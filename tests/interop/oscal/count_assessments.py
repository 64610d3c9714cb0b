#!/usr/bin/env python3
"""Counts what plans, results and POA&Ms list, from their JSON alone: count_assessments.py FOLDER TO

Copies each JSON document of a security plan, an assessment plan, assessment results or a POA&M below
FOLDER to TO, and prints by the name of the copy how many findings, risks and so on it has, by kind and
state, and the findings of each control. It follows the models: each list is where OSCAL puts it.
"""

import collections
import json
import pathlib
import re
import shutil
import sys

MODELS = ["system-security-plan", "assessment-plan", "assessment-results", "plan-of-action-and-milestones"]
CONTROL = re.compile(r"([a-z]{2}-\d+(?:\.\d+)?)(?=$|_|\.[a-z](?:[._]|$))")


def at(value, *path):
    """All values at a path, through lists on the way."""
    found = [value]
    for member in path:
        found = [x.get(member) for x in found if isinstance(x, dict)]
        found = [y for x in found if x is not None for y in (x if isinstance(x, list) else [x])]
    return found


def counted(root):
    counts = collections.defaultdict(collections.Counter)
    results = at(root, "results") + [root]
    for result in results:
        for finding in at(result, "findings"):
            counts["finding"][(at(finding, "target", "status", "state") or ["no state"])[0]] += 1
        for risk in at(result, "risks"):
            counts["risk"][risk.get("status", "no state")] += 1
        counts["observation"]["no state"] += len(at(result, "observations"))
    counts["result"]["no state"] += len(at(root, "results"))
    counts["inventory-item"]["no state"] += sum(
        len(at(holder, "inventory-items"))
        for holder in at(root, "system-implementation") + at(root, "local-definitions")
        + at(root, "results", "local-definitions") + at(root, "assessment-assets")
    )
    for holder in at(root, "system-implementation"):
        counts["leveraged-authorization"]["no state"] += len(at(holder, "leveraged-authorizations"))
    items = at(root, "poam-items")
    by_uuid = {risk.get("uuid", "").lower(): risk for risk in at(root, "risks")}
    for item in items:
        related = [by_uuid.get(uuid.lower()) for uuid in at(item, "related-risks", "risk-uuid")]
        states = dict.fromkeys(risk["status"] for risk in related if risk)
        counts["poam-item"][", ".join(states) or "no state"] += 1
    return {kind: {state: n for state, n in states.items() if n} for kind, states in counts.items()}


def findings_by_control(root):
    controls = collections.Counter()
    for finding in at(root, "results", "findings"):
        for target in at(finding, "target", "target-id"):
            if match := CONTROL.match(target):
                controls[match[1]] += 1
    return controls


def main(folder, to):
    counts = {}
    for path in sorted(pathlib.Path(folder).rglob("*.json")):
        try:
            document = json.loads(path.read_text(encoding="utf-8-sig"))
        except ValueError:
            continue
        for model in MODELS:
            if isinstance(document, dict) and isinstance(document.get(model), dict):
                name = f"{len(counts):03}.json"
                shutil.copy(path, pathlib.Path(to) / name)
                root = document[model]
                kinds = {kind: states for kind, states in counted(root).items() if states}
                counts[name] = {
                    "from": str(path),
                    "kinds": kinds,
                    "findings": dict(findings_by_control(root)),
                }
    json.dump(counts, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
