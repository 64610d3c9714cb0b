#!/usr/bin/env python3
"""Makes the last stage of deploy/Containerfile an image, with a binary that is built already, and runs
it in a container: read-only, without capabilities, with its secret mounted. Needs root, Linux, podman
and runc; leaves nothing behind.

    tests/interop/deploy/container.py /tmp/static/oscal-mcp-server

Checks that the image is small and has no shell, that the server in it is not root, healthy and
protected, and that it ends well."""

import os
import shutil
import subprocess
import sys
import tempfile

from scratch import CALL, HEADERS, LIMIT, loopback_up, serve_authorization, status, wait_until_ready

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
ISSUER = "http://127.0.0.1:8080"
NAME = "oscal-mcp-server"
# Its own limits may be lower than those that podman sets.
ULIMITS = ["--ulimit=nofile=4096:4096", "--ulimit=nproc=4000:4000"]


def main(binary):
    folder = tempfile.mkdtemp(prefix="container-")
    try:
        command = [sys.executable, os.path.abspath(__file__), "--inside", folder, binary]
        subprocess.run(["unshare", "--net", *command], check=True, timeout=300)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def inside(folder, binary):
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

    # What the first stage would have made.
    built = f"{folder}/built"
    os.makedirs(f"{built}/etc/ssl/certs")
    os.makedirs(f"{built}/out")
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", f"{built}/etc/ssl/certs/")
    shutil.copy(binary, f"{built}/out/oscal-mcp-server")
    os.makedirs(f"{folder}/context")
    with open(f"{ROOT}/deploy/Containerfile", encoding="utf-8") as file:
        last_stage = file.read().split("FROM scratch", 1)[1]
    with open(f"{folder}/context/Containerfile", "w", encoding="utf-8") as file:
        file.write("FROM scratch" + last_stage)
    works("build", "--format=docker", f"--build-context=build={built}", f"--tag={NAME}",
          f"{folder}/context")
    size = int(works("image", "inspect", "--format={{.Size}}", NAME))
    assert size < LIMIT, f"{size} bytes"

    os.makedirs(f"{folder}/secrets")
    with open(f"{folder}/secrets/client-secret", "w", encoding="utf-8") as file:
        file.write("secret")
    variables = {
        "OSCAL_AUTH_ISSUER_URL": ISSUER,
        "OSCAL_AUTH_RESOURCE_SERVER_URL": "https://mcp.example.com/mcp",
        "OSCAL_AUTH_CLIENT_ID": "mcp",
        "OSCAL_AUTH_CLIENT_SECRET_FILE": "/run/secrets/client-secret",
    }
    # podman's timer for health checks needs systemd; the check itself does not.
    run = [*podman, "run", "--rm", f"--name={NAME}", "--read-only", "--cap-drop=all", "--network=host",
           *ULIMITS, "--health-interval=disable", f"--volume={folder}/secrets:/run/secrets:ro",
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
            works("stop", "--time=20", NAME)
            assert container.wait(timeout=30) == 0, container.returncode
        finally:
            # By then it is gone, unless something went wrong.
            engine("rm", "--force", "--time=0", NAME)
    print(f"well: an image of {size / 1024 / 1024:.1f} MiB, read-only, not root, healthy")


if sys.argv[1] == "--inside":
    inside(*sys.argv[2:])
else:
    main(sys.argv[1])
