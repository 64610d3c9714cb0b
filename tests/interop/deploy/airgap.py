#!/usr/bin/env python3
"""Installs the server from release artifacts on a machine without network, and runs it there with systemd:
a real systemd in namespaces of its own, above a copy of this machine's files that is thrown away. Needs
root, Linux and Debian's systemd; takes half a minute.

    tests/interop/deploy/airgap.py target/release-artifacts

Checks the checksums, that the unit is as closed as it claims (systemd-analyze, and what the kernel says of
the process), that only the service can read the secret, that the server answers and has the documents, that
it comes back after a crash, keeps settings when it is installed again, and stops in time."""

import glob
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time

from scratch import CALL, HEADERS, loopback_up, serve_authorization, status

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../.."))
ISSUER = "http://127.0.0.1:8080"
UNIT = "oscal-mcp-server.service"
# In tenths: 0 is locked down, 100 open.
WORST_EXPOSURE = 15
CONTROL = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call",
                      "params": {"name": "get_control", "arguments": {"control": "xy-1"}}}).encode()
CATALOG = {"catalog": {"uuid": "00000000-0000-4000-8000-000000000001", "metadata": {"title": "A catalog"},
                       "controls": [{"id": "xy-1", "title": "A control from the other side of the gap"}]}}

TARGET = """[Unit]
DefaultDependencies=no
Wants=systemd-journald.service check.service
"""
# Its end is the end of systemd, and its status is that of systemd.
CHECK = """[Unit]
After=systemd-journald.service
SuccessAction=exit-force
FailureAction=exit-force
SuccessActionExitStatus=0
FailureActionExitStatus=1
[Service]
Type=oneshot
TimeoutStartSec=180
ExecStart=/usr/bin/env python3 {script} --check
StandardOutput=append:/carried/output
StandardError=append:/carried/output
"""


def main(artifacts):
    """Puts together what somebody carries over the gap, and starts the other machine."""
    carried = tempfile.mkdtemp(prefix="airgap-")
    try:
        shutil.copytree(artifacts, f"{carried}/artifacts")
        for folder in ("documents", "schemas"):
            os.makedirs(f"{carried}/oscal/{folder}")
        with open(f"{carried}/oscal/documents/catalog.json", "w", encoding="utf-8") as file:
            json.dump(CATALOG, file)
        ended = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--cgroup", "--net", "--ipc", "--uts",
             sys.executable, os.path.abspath(__file__), "--boot", carried],
            check=False, timeout=240, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        output = f"{carried}/output"
        told = open(output, encoding="utf-8").read() if os.path.exists(output) else ""
        print(told, end="")
        assert ended.returncode == 0, f"{ended.returncode}\n{ended.stdout}{ended.stderr}"
        assert "well: " in told, "the check did not run"
    finally:
        shutil.rmtree(carried, ignore_errors=True)


def boot(carried):
    """Becomes systemd, the first process of these namespaces."""
    loopback_up()

    def mount(*arguments):
        subprocess.run(["mount", *arguments], check=True)

    base = f"{carried}/base"
    os.mkdir(base)
    mount("-t", "tmpfs", "none", base)
    for name in ("upper", "work", "root"):
        os.mkdir(f"{base}/{name}")
    root = f"{base}/root"
    mount("-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={base}/upper,workdir={base}/work", root)
    mount("-t", "proc", "proc", f"{root}/proc")
    # Nothing in here changes the kernel's settings.
    mount("--bind", f"{root}/proc/sys", f"{root}/proc/sys")
    mount("-o", "remount,bind,ro", f"{root}/proc/sys")
    mount("-t", "sysfs", "-o", "ro", "sysfs", f"{root}/sys")
    mount("-t", "cgroup2", "none", f"{root}/sys/fs/cgroup")
    for name, mode in (("run", "755"), ("tmp", "1777"), ("dev", "755")):
        mount("-t", "tmpfs", "-o", f"mode={mode}", "none", f"{root}/{name}")
    for name in ("null", "zero", "full", "random", "urandom", "tty"):
        open(f"{root}/dev/{name}", "wb").close()
        mount("--bind", f"/dev/{name}", f"{root}/dev/{name}")
    for name in ("pts", "shm"):
        os.mkdir(f"{root}/dev/{name}")
    mount("-t", "devpts", "-o", "newinstance,ptmxmode=0666", "devpts", f"{root}/dev/pts")
    os.symlink("pts/ptmx", f"{root}/dev/ptmx")
    os.mkdir(f"{root}/carried")
    mount("--bind", carried, f"{root}/carried")
    units = f"{root}/etc/systemd/system"
    os.makedirs(units, exist_ok=True)
    # Nothing of this machine's own boot, such as loading modules.
    for name in ("sysinit.target", "basic.target"):
        write(f"{units}/{name}", "[Unit]\nDefaultDependencies=no\n")
    write(f"{units}/airgap.target", TARGET)
    write(f"{units}/check.service", CHECK.format(script=os.path.abspath(__file__)))
    # Not chroot: in one, the kernel allows no user namespaces.
    os.mkdir(f"{root}/outside")
    os.chdir(root)
    subprocess.run(["pivot_root", ".", "outside"], check=True)
    os.chdir("/")
    subprocess.run(["umount", "--lazy", "/outside"], check=True)
    # As on any machine; systemd leaves it alone in a container.
    mount("--make-rshared", "/")
    os.execve("/lib/systemd/systemd", ["systemd", "--unit=airgap.target", "--show-status=0"],
              {"container": "airgap", "PATH": os.environ["PATH"]})


def check():
    assert os.listdir("/sys/class/net") == ["lo"], "there is a network"
    serve_authorization(("127.0.0.1", 8080), ISSUER)
    works("sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS", cwd="/carried/artifacts")
    [archive] = glob.glob(f"/carried/artifacts/*-{platform.machine()}-linux.tar.gz")
    os.makedirs("/root/unpacked")
    works("tar", "--extract", f"--file={archive}", "--directory=/root/unpacked", "--strip-components=1")

    def install():
        return works("unpacked/install", "--documents", "../carried/oscal", cwd="/root")

    assert "client secret" in install()
    settings = "/etc/oscal-mcp-server/settings.env"
    with open(settings, encoding="utf-8") as file:
        changed = file.read().replace("https://as.example.com", ISSUER)
    write(settings, changed)
    secret = "/etc/oscal-mcp-server/client-secret"
    write(secret, "hush")
    os.chmod(secret, 0o400)
    works("systemctl", "daemon-reload")
    works("systemctl", "enable", "--now", UNIT)
    wait_until_ready()

    url = "http://127.0.0.1:8000/mcp"
    authorized = {**HEADERS, "Authorization": "Bearer good"}
    assert status(url, HEADERS, CALL)[0] == 401
    code, text = status(url, authorized, CALL)
    assert code == 200 and "alice" in text, text
    code, text = status(url, authorized, CONTROL)
    assert code == 200 and "from the other side of the gap" in text, text

    exposure = is_closed()
    pid = main_process()
    is_alone(pid)
    only_the_service_reads_the_secret(pid)
    assert "authorization server found" in works("journalctl", "--unit", UNIT, "--output=cat")

    works("systemctl", "kill", "--signal=ABRT", UNIT)
    wait(lambda: main_process() not in (pid, 0), "it did not come back")
    wait_until_ready()

    assert "change the settings" not in install()
    with open(settings, encoding="utf-8") as file:
        assert file.read() == changed, "the settings were replaced"
    works("systemctl", "restart", UNIT)
    wait_until_ready()
    begun = time.monotonic()
    works("systemctl", "stop", UNIT)
    assert time.monotonic() - begun < 20
    assert "Result=success" in works("systemctl", "show", "--property=Result", UNIT)

    for page in glob.glob("/usr/local/share/man/man1/oscal-mcp-server*.1"):
        assert works("head", "-c", "200", page).count(".TH"), page
    works("bash", "-n", "/usr/local/share/bash-completion/completions/oscal-mcp-server")
    print(f"well: installed and run without network, exposure {exposure / 10} of 10")


def is_closed():
    """systemd's rating of the unit as it was loaded, and of the file, in tenths."""
    ratings = [works("systemd-analyze", "security", "--no-pager", f"--threshold={WORST_EXPOSURE}", UNIT),
               works("systemd-analyze", "security", "--no-pager", "--offline=true",
                     f"--threshold={WORST_EXPOSURE}", f"/etc/systemd/system/{UNIT}")]
    levels = [round(float(re.search(r"Overall exposure level.*: ([0-9.]+)", text)[1]) * 10) for text in ratings]
    return max(levels)


def is_alone(pid):
    """What the kernel says of the process."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        state = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
    assert "0" not in state["Uid"].split(), state["Uid"]
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        assert int(state[name], 16) == 0, f"{name} {state[name]}"
    assert (state["NoNewPrivs"].strip(), state["Seccomp"].strip()) == ("1", "2"), state
    inside = ["nsenter", f"--target={pid}", "--mount"]
    for path in ("/etc", "/usr", "/var/lib/oscal", "/home", "/tmp/.."):
        refused = subprocess.run([*inside, "touch", f"{path}/written"], check=False, capture_output=True, text=True)
        assert "Read-only file system" in refused.stderr or "Permission denied" in refused.stderr, (path, refused)
    assert not works(*inside, "ls", "/home", "/root").replace("/home:", "").replace("/root:", "").strip()


def only_the_service_reads_the_secret(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        variables = dict(one.split(b"=", 1) for one in file.read().split(b"\0") if one)
    assert b"hush" not in b"".join(variables.values())
    path = variables[b"OSCAL_AUTH_CLIENT_SECRET_FILE"].decode()
    assert path.endswith("/client-secret") and path != "/etc/oscal-mcp-server/client-secret", path
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "cat"]
    for file in (path, "/etc/oscal-mcp-server/client-secret"):
        refused = subprocess.run([*nobody, file], check=False, capture_output=True, text=True)
        assert "Permission denied" in refused.stderr, (file, refused)


def main_process():
    return int(works("systemctl", "show", "--property=MainPID", "--value", UNIT))


def wait(holds, otherwise):
    for _ in range(300):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(otherwise)


def wait_until_ready():
    def is_ready():
        try:
            return status("http://127.0.0.1:9090/readyz")[0] == 200
        except OSError:
            return False
    try:
        wait(is_ready, "not ready")
    except AssertionError as error:
        told = [subprocess.run(command, check=False, capture_output=True, text=True).stdout for command in
                (["systemctl", "status", "--full", "--no-pager", UNIT, "systemd-journald"], ["journalctl", "--no-pager"])]
        raise AssertionError("\n".join(told)) from error


def works(*command, **options):
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    if sys.argv[1] == "--boot":
        boot(sys.argv[2])
    elif sys.argv[1] == "--check":
        check()
    else:
        main(sys.argv[1])
