"""Checks Kubernetes objects against the Kubernetes schemas, strictly: unknown fields are errors.
Reads YAML on standard input, writes the objects as JSON to standard output."""

import json
import sys

import kubernetes_validate
import yaml

VERSION = "1.34"

documents = [document for document in yaml.safe_load_all(sys.stdin) if document]
failed = False
for document in documents:
    name = f"{document['kind']} {document['metadata']['name']}"
    try:
        kubernetes_validate.validate(document, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        failed = True
        path = ".".join(map(str, error.path))
        print(f"{name}: {path}: {error.message}", file=sys.stderr)
if failed:
    sys.exit(1)
json.dump(documents, sys.stdout)
