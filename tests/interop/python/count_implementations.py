"""What documents implement, counted from their JSON alone, to compare with the server's library.

count_implementations.py FOLDER CATALOG prints JSON: for each component definition and system security
plan below FOLDER the number of implementations, and the controls that it covers, with the items of
their statements as in CATALOG.
"""

import json
import pathlib
import re
import sys

MEANING = {
    "implemented": "covered", "alternative": "covered", "inherited": "covered",
    "partial": "gap", "partially implemented": "gap", "planned": "gap", "under-development": "gap",
    "not-implemented": "gap", "other": "gap", "not-applicable": "none",
}

PLACEHOLDER = re.compile(
    r"(<!--)?\s*(add (control implementation description here|implementation prose for the main).*"
    r"|(replace_me|to be determined|tbd|tba|todo)[.\s>-]*)$", re.IGNORECASE | re.DOTALL)


def says(text):
    return bool(text.strip()) and not PLACEHOLDER.match(text.strip())


def states(thing):
    own = thing.get("implementation-status", {}).get("state")
    props = [p["value"] for p in thing.get("props", []) if p["name"] == "implementation-status"]
    return [state for state in [own, *props] if state]


def judged(found):
    """Covered if all that applies is; None if nothing is said."""
    if not found:
        return None
    applicable = [one for one in found if one != "none"]
    if not applicable:
        return "none"
    return "covered" if all(one == "covered" for one in applicable) else "gap"


def said(thing, outer):
    given = [MEANING.get(state.strip().lower(), "gap") for state in states(thing) or outer]
    if not given and (thing.get("inherited") or says(thing.get("description", ""))):
        given = ["covered"]
    return judged(given)


def requirement(read, leaves):
    own = states(read)
    of_component = {by["component-uuid"]: states(by) for by in read.get("by-components", [])}
    whole = [said(by, own) for by in read.get("by-components", [])]
    whole += [judged([MEANING.get(state.strip().lower(), "gap") for state in own])]
    whole = [one for one in whole if one]
    text_only = not own and not any(of_component.values())
    if not whole and says(read.get("description", "")):
        whole = ["covered"]
    parts, addressed = [], set()
    for statement in read.get("statements", []):
        inner = states(statement)
        found = [
            said(by, of_component.get(by["component-uuid"]) or inner or own)
            for by in statement.get("by-components", [])
        ]
        found += [judged([MEANING.get(state.strip().lower(), "gap") for state in inner])]
        found = [one for one in found if one]
        found = found or [said({"description": statement.get("description", "")}, own)]
        if judged([one for one in found if one]):
            parts.append(judged(found))
            addressed.add(statement["statement-id"])
    known = {id for leaf in leaves for id in leaf}
    if parts and text_only and not whole and addressed <= known:
        if not all(addressed & set(leaf) for leaf in leaves):
            parts.append("gap")
    return judged(whole + parts)


def leaves_of(control):
    leaves = []

    def walk(part, around):
        around = [*around, part.get("id", "")]
        items = [item for item in part.get("parts", []) if item["name"] == "item"]
        for item in items:
            walk(item, around)
        if not items:
            leaves.append(around)

    for part in control.get("parts", []):
        if part["name"] == "statement":
            walk(part, [])
    return leaves


def controls(container):
    for control in container.get("controls", []):
        yield control
        yield from controls(control)
    for group in container.get("groups", []):
        yield from controls(group)


def is_withdrawn(control):
    props = control.get("props", [])
    return any(p["name"] == "status" and p["value"].lower() == "withdrawn" for p in props)


def components(document):
    """Each requirement of a component definition: an alternative to the others."""
    for member in ("components", "capabilities"):
        for component in document.get(member, []):
            for implementation in component.get("control-implementations", []):
                yield from implementation.get("implemented-requirements", [])


def count(document, items):
    covered = set()
    plan = document.get("system-security-plan")
    if plan is None:
        all_ = list(components(document["component-definition"]))
        for read in all_:
            if requirement(read, items.get(read["control-id"].lower(), [])) == "covered":
                covered.add(read["control-id"].lower())
        return len(all_), covered
    rows, found = 0, {}
    implementation = plan.get("control-implementation", {})
    for read in implementation.get("implemented-requirements", []):
        bys = list(read.get("by-components", []))
        bys += [by for s in read.get("statements", []) for by in s.get("by-components", [])]
        rows += max(1, len({by["component-uuid"] for by in bys}))
        id = read["control-id"].lower()
        found.setdefault(id, []).append(requirement(read, items.get(id, [])))
    for id, levels in found.items():
        if judged([level for level in levels if level]) == "covered":
            covered.add(id)
    return rows, covered


def main():
    folder, catalog = map(pathlib.Path, sys.argv[1:])
    listed = list(controls(json.loads(catalog.read_text())["catalog"]))
    items = {control["id"]: leaves_of(control) for control in listed if not is_withdrawn(control)}
    counted = {}
    for file in sorted(folder.rglob("*.json")):
        try:
            document = json.loads(file.read_text(encoding="utf-8-sig"))
        except ValueError:
            continue
        if not isinstance(document, dict):
            continue
        if {"component-definition", "system-security-plan"} & document.keys():
            rows, covered = count(document, items)
            covered = sorted(covered & items.keys())
            counted[str(file.relative_to(folder))] = {"rows": rows, "covered": covered}
    print(json.dumps(counted))


main()
