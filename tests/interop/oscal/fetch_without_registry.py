"""scripts/fetch-oscal-content where it gets no help: without pip, without a network, with damaged files.

    fetch_without_registry.py SCRIPT FOLDER

Has pip fetch the packages to FOLDER first; after that only a server on loopback is asked."""

import functools
import http.server
import os
import pathlib
import runpy
import subprocess
import sys
import threading
import venv

script, folder = sys.argv[1], pathlib.Path(sys.argv[2])
SETTINGS = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def run(python, *arguments, **variables):
    return subprocess.run([python, script, *map(str, arguments)], env={**SETTINGS, **variables}, text=True,
                          capture_output=True, check=False, timeout=300)


def fails(result, *words):
    assert result.returncode == 1, result
    assert "Traceback" not in result.stderr, result.stderr
    for word in words:
        assert word in result.stderr, f"{word} in {result.stderr}"


packages = runpy.run_path(script)["PACKAGES"]
wheels = folder / "packages"
subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
                "--python-version=3.13", f"--dest={wheels}",
                *(f"{project}=={version}" for project, version, _, _ in packages)], check=True)

venv.create(folder / "bare", with_pip=False)
bare = folder / "bare/bin/python"
assert subprocess.run([bare, "-m", "pip"], capture_output=True, check=False).returncode != 0

# An index as PEP 503 describes it: a page for each project, with a relative link.
for project, _, file, sha256 in packages:
    page = folder / "simple" / project / "index.html"
    page.parent.mkdir(parents=True)
    page.write_text(f'<a href="../../packages/{file}#sha256={sha256}">{file}</a>')
handler = functools.partial(Quiet, directory=folder)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"127.0.0.1:{server.server_port}"

result = run(bare, folder / "without pip", PIP_INDEX_URL=f"http://{address}/simple/", no_proxy="127.0.0.1")
assert result.returncode == 0, result
assert (folder / "without pip/documents/NIST_SP-800-53_rev5_catalog.json").is_file()
result = run(bare, folder / "by hand", "--wheels", wheels)
assert result.returncode == 0, result

nowhere = "http://127.0.0.1:9/simple"
for python in (bare, sys.executable):
    result = run(python, folder / "nothing", PIP_INDEX_URL=nowhere, PIP_RETRIES="0", PIP_CONFIG_FILE=os.devnull,
                 no_proxy="127.0.0.1")
    fails(result, "HTTPS_PROXY", "PIP_INDEX_URL", "--wheels", packages[0][2])
result = run(bare, folder / "nothing", PIP_INDEX_URL="https://user:pa55word@index.example/simple")
fails(result, "pip")
assert "pa55word" not in result.stderr
result = run(bare, folder / "nothing", "--wheels", folder / "empty")
fails(result, packages[0][2], "is missing")

(wheels / packages[1][2]).write_bytes(b"another file")
result = run(bare, folder / "nothing", "--wheels", wheels)
fails(result, packages[1][2], "SHA-256")
assert not (folder / "nothing").exists(), "nothing is written"
