#!/usr/bin/env python3
"""Checks what scripts/release made, and unpacks this machine's binary into a folder for other tests.

    tests/interop/deploy/artifacts.py target/release-artifacts target/static

The checksums and digests hold, the bills of materials are valid by the schema of CycloneDX and know what the
binary consists of, the licences are there, and nothing tells of the machine that built it."""

import glob
import gzip
import hashlib
import json
import os
import platform
import subprocess
import sys
import tarfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.."))
VALIDATE = """
import sys
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator
validator = make_schemabased_validator(OutputFormat.JSON, SchemaVersion.V1_5)
for path in sys.argv[1:]:
    error = validator.validate_str(open(path, encoding="utf-8").read())
    assert error is None, f"{path}: {error}"
"""
# Something of each kind that a scanner must find: a crate, C code in one, the libraries of both languages.
IN_BINARY = {"rmcp-resource-server", "actix-web", "aws-lc-sys", "tikv-jemalloc-sys", "rust-std", "libc6-dev"}
IN_ARCHIVE = {"oscal-mcp-server", "install", "oscal-mcp-server.service", "settings.env", "LICENSE",
              "THIRD-PARTY-LICENCES.txt", "oscal-mcp-server.cdx.json", "man/oscal-mcp-server.1",
              "man/oscal-mcp-server-audit-verify.1", "completions/oscal-mcp-server.bash",
              "completions/_oscal-mcp-server", "completions/oscal-mcp-server.fish"}


def main(folder, unpacked):
    names = sorted(os.listdir(folder))
    run("sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS", cwd=folder)
    with open(f"{folder}/SHA256SUMS", encoding="utf-8") as file:
        summed = [line.split("  ")[1].strip() for line in file]
    assert summed == [name for name in names if not name.startswith("SHA256SUMS")], summed

    [provenance] = glob.glob(f"{folder}/*.provenance.json")
    statement = load(provenance)
    subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    assert set(subjects) == set(summed) - {os.path.basename(provenance)}, subjects
    for name, digest in subjects.items():
        with open(f"{folder}/{name}", "rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == digest, name
    commit = run("git", "rev-parse", "HEAD", cwd=ROOT).strip()
    assert statement["predicate"]["buildDefinition"]["resolvedDependencies"][0]["digest"]["gitCommit"] == commit

    bills = glob.glob(f"{folder}/*.cdx.json")
    python = run(f"{ROOT}/scripts/tool", "cyclonedx").strip()
    run(python, "-c", VALIDATE, *bills)
    for path in bills:
        is_complete(load(path), "image" in os.path.basename(path))

    [archive] = glob.glob(f"{folder}/*-{platform.machine()}-linux.tar.gz")
    with tarfile.open(archive) as file:
        members = {member.name.split("/", 1)[1]: member for member in file if "/" in member.name}
        assert IN_ARCHIVE <= set(members), IN_ARCHIVE - set(members)
        for name, member in members.items():
            assert (member.uid, member.gid) == (0, 0) and not member.mode & 0o022, name
        os.makedirs(unpacked, exist_ok=True)
        binary = f"{unpacked}/oscal-mcp-server"
        with open(binary, "wb") as output:
            output.write(file.extractfile(members["oscal-mcp-server"]).read())
        os.chmod(binary, 0o755)
        licences = file.extractfile(members["THIRD-PARTY-LICENCES.txt"]).read().decode()
        for text in ("Apache License", "Permission is hereby granted", "actix-web 4", "GNU Lesser"):
            assert text in licences, text
    assert run(binary, "--version").startswith("oscal-mcp-server ")

    tells_nothing_of_this_machine(folder, names)
    print(f"well: {len(names)} artifacts")


def is_complete(bill, is_image):
    names = {component["name"] for component in bill["components"]}
    expected = IN_BINARY | ({"oscal-mcp-server", "/etc/ssl/certs/ca-certificates.crt"} if is_image else set())
    assert expected <= names, expected - names
    # What only tests or builds it is not part of it.
    assert not names & {"proptest", "tempfile", "dev-authorization-server", "cc"}, names
    references = {component["bom-ref"] for component in bill["components"]}
    references.add(bill["metadata"]["component"]["bom-ref"])
    for dependency in bill["dependencies"]:
        assert {dependency["ref"], *dependency.get("dependsOn", [])} <= references, dependency
    for component in bill["components"]:
        assert component.get("licenses") or component["name"] == "oscal-mcp-server", component


def tells_nothing_of_this_machine(folder, names):
    home = os.path.expanduser("~")
    told = [path.encode() for path in (ROOT, os.environ.get("CARGO_HOME", f"{home}/.cargo"), platform.node())
            if len(path) > 3]
    for name in names:
        with (gzip.open if name.endswith("gz") else open)(f"{folder}/{name}", "rb") as file:
            content = file.read()
        for path in told:
            assert path not in content, f"{name} has {path}"


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def run(*command, **options):
    done = subprocess.run(command, check=False, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


if __name__ == "__main__":
    main(*sys.argv[1:])
