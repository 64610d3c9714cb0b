#!/usr/bin/env python3
"""Makes the last stages of deploy/Containerfile and deploy/documents/Containerfile images, with a binary
that is built already and documents that are fetched, and runs them in containers: read-only, without
capabilities, with a secret and the documents mounted. Needs root, Linux, podman, runc and
busybox-static; leaves nothing behind.

    tests/interop/deploy/container.py /tmp/static/oscal-mcp-server

Checks that the image is small (unless it is of a debug build: --any-size) and has no shell, that the
server in it is not root, healthy and protected, has the documents, and ends well; and that the image of
the documents copies them to a volume, as an init container does."""

import filecmp
import json
import os
import shutil
import subprocess
import sys
import tempfile

from scratch import CALL, HEADERS, LIMIT, loopback_up, serve_authorization, status, wait_until_ready

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
ISSUER = "http://127.0.0.1:8080"
NAME = "oscal-mcp-server"
DOCUMENTS = "oscal-documents"
CONTROL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                      "params": {"name": "get_control", "arguments": {"control": "AC-2"}}}).encode()
# Its own limits may be lower than podman's.
ULIMITS = ["--ulimit=nofile=4096:4096", "--ulimit=nproc=4000:4000"]


def main(binary, limit=LIMIT):
    folder = tempfile.mkdtemp(prefix="container-")
    try:
        subprocess.run([f"{ROOT}/scripts/fetch-oscal-content", f"{folder}/content/oscal"], check=True,
                       stdout=subprocess.DEVNULL)
        command = [sys.executable, os.path.abspath(__file__), "--inside", folder, binary, str(limit)]
        subprocess.run(["unshare", "--net", *command], check=True, timeout=300)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def last_stage(containerfile, folder):
    """The stage that is made of nothing but what others built."""
    os.makedirs(folder)
    with open(f"{ROOT}/deploy/{containerfile}", encoding="utf-8") as file:
        stage = file.read().split("FROM scratch", 1)[1]
    with open(f"{folder}/Containerfile", "w", encoding="utf-8") as file:
        file.write("FROM scratch" + stage)


def inside(folder, binary, limit):
    loopback_up()
    serve_authorization(("127.0.0.1", 8080), ISSUER)
    podman = ["podman", "--runtime=runc", "--cgroup-manager=cgroupfs", "--storage-driver=vfs",
              f"--root={folder}/store", f"--runroot={folder}/run"]

    def engine(*arguments, **options):
        return subprocess.run([*podman, *arguments], stdin=subprocess.DEVNULL, text=True, timeout=120,
                              capture_output=True, check=False, **options)

    def works(*arguments):
        result = engine(*arguments)
        assert result.returncode == 0, f"{arguments}: {result.stdout}{result.stderr}"
        return result.stdout

    # What the first stage would have built.
    built = f"{folder}/built"
    os.makedirs(f"{built}/etc/ssl/certs")
    os.makedirs(f"{built}/out")
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", f"{built}/etc/ssl/certs/")
    shutil.copy(binary, f"{built}/out/oscal-mcp-server")
    last_stage("Containerfile", f"{folder}/context")
    works("build", "--format=docker", f"--build-context=build={built}", f"--tag={NAME}",
          f"{folder}/context")
    content = f"{folder}/content"
    os.makedirs(f"{content}/bin")
    shutil.copy(shutil.which("busybox"), f"{content}/bin/busybox")
    last_stage("documents/Containerfile", f"{folder}/documents-context")
    works("build", f"--build-context=content={content}", f"--tag={DOCUMENTS}",
          f"{folder}/documents-context")

    # Like the init container of deploy/kubernetes/components/documents-image; twice, because it may be
    # restarted.
    volume = f"{folder}/volume"
    os.makedirs(volume)
    os.chown(volume, 65532, 65532)
    for _ in range(2):
        works("run", "--rm", "--read-only", "--cap-drop=all", "--security-opt=no-new-privileges",
              "--network=none", *ULIMITS, f"--volume={volume}:/target", DOCUMENTS)
    compared = filecmp.dircmp(f"{content}/oscal", volume)
    assert compared.common_dirs == ["documents", "schemas"], compared.common_dirs
    for part in compared.subdirs.values():
        assert part.common_files and part.same_files == part.common_files, part.diff_files
        assert not part.left_only and not part.right_only, (part.left_only, part.right_only)
    size = int(works("image", "inspect", "--format={{.Size}}", NAME))
    assert size < int(limit), f"{size} bytes"

    os.makedirs(f"{folder}/secrets")
    with open(f"{folder}/secrets/client-secret", "w", encoding="utf-8") as file:
        file.write("secret")
    variables = {
        "OSCAL_AUTH_ISSUER_URL": ISSUER,
        "OSCAL_AUTH_RESOURCE_SERVER_URL": "https://mcp.example.com/mcp",
        "OSCAL_AUTH_CLIENT_ID": "mcp",
        "OSCAL_AUTH_CLIENT_SECRET_FILE": "/run/secrets/client-secret",
        "OSCAL_DOCUMENTS_DIR": "/data/oscal/documents",
        "OSCAL_SCHEMAS_DIR": "/data/oscal/schemas",
    }
    # podman's timer for health checks needs systemd; the check itself does not.
    run = [*podman, "run", "--rm", f"--name={NAME}", "--read-only", "--cap-drop=all", "--network=host",
           *ULIMITS, "--health-interval=disable", f"--volume={folder}/secrets:/run/secrets:ro",
           f"--mount=type=image,source={DOCUMENTS},destination=/data",
           *(f"--env={name}={value}" for name, value in variables.items()), NAME]
    with subprocess.Popen(run, stdin=subprocess.DEVNULL) as container:
        try:
            wait_until_ready(container)
            works("healthcheck", "run", NAME)
            assert engine("exec", NAME, "sh", "-c", "true").returncode != 0, "there is a shell"
            user, capabilities = works("top", NAME, "user", "capeff").splitlines()[1].split()
            assert (user, capabilities) == ("65532", "none"), (user, capabilities)
            url = "http://127.0.0.1:8000/mcp"
            assert status(url, HEADERS, CALL)[0] == 401
            code, text = status(url, {**HEADERS, "Authorization": "Bearer good"}, CALL)
            assert code == 200 and "alice" in text, text
            code, text = status(url, {**HEADERS, "Authorization": "Bearer good"}, CONTROL)
            assert code == 200 and "Account Management" in text, text
            works("stop", "--time=20", NAME)
            assert container.wait(timeout=30) == 0, container.returncode
        finally:
            # By then it has exited, unless something went wrong.
            engine("rm", "--force", "--time=0", NAME)
    print(f"well: an image of {size / 1024 / 1024:.1f} MiB, read-only, not root, healthy, with documents")


if sys.argv[1] == "--inside":
    inside(*sys.argv[2:])
elif sys.argv[1] == "--any-size":
    main(sys.argv[2], sys.maxsize)
else:
    main(sys.argv[1])
