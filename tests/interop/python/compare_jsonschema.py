"""Compares our verdicts with those of the package jsonschema.

Usage: compare_jsonschema.py SCHEMAS CASES
SCHEMAS is a folder with NIST's JSON schemas; CASES has a JSON object a line, as validation.rs
writes them.

Exits with 1 if a verdict differs, or if Python finds no error at, above or below ours.
"""

import json
import pathlib
import sys

import jsonschema
import regex

# The schemas use \p{L}, which `re` does not support. In ECMA 262 `$` matches only at the end, while in
# Python it also matches before a final newline.
jsonschema._keywords.re = type(
    "Ecma", (), {"search": lambda pattern, text: regex.search(pattern.replace("$", r"\Z"), text)}
)


def validators(directory):
    found = {}
    for path in pathlib.Path(directory).glob("*.json"):
        schema = json.loads(path.read_text())
        roots = [name for name in schema.get("properties", ()) if name != "$schema"]
        if len(roots) == 1:
            found[roots[0]] = jsonschema.Draft7Validator(
                schema, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
            )
    return found


def places(errors):
    """The pointers of errors, those within alternatives as well."""
    for error in errors:
        yield "".join(f"/{part}" for part in error.absolute_path)
        yield from places(error.context)


def main(schemas, cases):
    by_model = validators(schemas)
    checkers = jsonschema.Draft7Validator.FORMAT_CHECKER.checkers
    assert {"uri", "uri-reference", "date-time", "email"} <= checkers.keys(), "pip install the extra `format`"
    total = valid = differing = 0
    with open(cases) as lines:
        for line in lines:
            case = json.loads(line)
            errors = list(by_model[case["model"]].iter_errors(case["document"]))
            theirs = set(places(errors))
            total += 1
            valid += not errors
            problem = None
            if case["valid"] != (not errors):
                problem = f"we say {case['valid']}, Python {not errors} {[e.message[:100] for e in errors[:1]]}"
            for path in case["paths"]:
                # Python reports unknown members at the object that contains them.
                if path not in theirs and path.rpartition("/")[0] not in theirs:
                    problem = f"Python has no error at {path}"
            if problem:
                differing += 1
                print(f"{case['name']}: {problem}")
    print(f"{total} cases, {valid} valid, {total - valid} invalid, {differing} differ")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
