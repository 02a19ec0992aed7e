#!/usr/bin/env python3
"""Proves that the tests' local Salesforce (tests/fake_org) behaves as real clients expect, and that tieout
reads from it what they read: everything that `tieout extract` writes is compared cell by cell with what
simple-salesforce and jsforce read, by REST and by Bulk API 2.0.

    .ci/clients.py [ROWS]

Builds tieout and the local Salesforce. What is missing of the two clients is fetched from PyPI and npm into
a temporary folder. Exits 1 on a difference, 3 where a client cannot be had.
"""

import csv
import importlib.metadata
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

PYPI, NPM = ("simple-salesforce", "1.12.10"), ("jsforce", "3.10.16")
ROOT = pathlib.Path(__file__).resolve().parent.parent
# Below the rows of the largest object, so that Bulk answers in several pages; so are REST's 2,000.
PAGE_ROWS = 1_500
MAPPED = "Email"
SPACE = "docebo_v3__"


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command[:4]))}: exit {done.returncode}\n{done.stderr.decode()}")
    return done.stdout.decode("utf-8")


def fetched(name, *commands):
    for command in commands:
        done = subprocess.run(command, capture_output=True)
        if done.returncode != 0:
            print(f"{name} could not be installed:\n{done.stderr.decode()}", file=sys.stderr)
            sys.exit(3)


def python_with_client(scratch):
    """The running Python where it has the package, else one of an environment of its own."""
    try:
        if importlib.metadata.version(PYPI[0]) == PYPI[1]:
            return sys.executable
    except importlib.metadata.PackageNotFoundError:
        pass
    python = scratch / "venv/bin/python"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "==".join(PYPI))
    fetched(PYPI[0], (sys.executable, "-m", "venv", scratch / "venv"), pip)
    return python


def node_path(scratch):
    """The folder that Node finds the package in."""
    ask = "process.stdout.write(require('jsforce/package.json').version)"
    found = subprocess.run(("node", "-e", ask), capture_output=True)
    if found.stdout.decode() == NPM[1]:
        return os.environ.get("NODE_PATH", "")
    fetched(NPM[0], ("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", scratch, "@".join(NPM)))
    return str(scratch / "node_modules")


def table(text):
    lines = list(csv.reader(io.StringIO(text, newline="")))
    return lines[0], lines[1:]


def even(kind, cell):
    """One spelling for what the two APIs and the clients' languages spell in several ways."""
    if cell == "":
        return cell
    if kind in ("double", "int"):
        return str(Decimal(cell).normalize() + 0)
    if kind == "boolean":
        return cell.lower()
    if kind == "datetime":
        return cell.removesuffix("+0000").removesuffix("Z")
    return cell


def differences(kinds, fields, theirs, ours):
    """How many cells differ, and the first of them in words. A row that one side lacks counts as one."""
    at = fields.index("Id")
    by_id = [{row[at]: row for row in rows} for rows in (theirs, ours)]
    found = []
    if (len(by_id[0]), len(by_id[1])) != (len(theirs), len(ours)):
        found.append("an Id stands in two rows")
    for key in sorted(by_id[0].keys() | by_id[1].keys()):
        their, our = (side.get(key) for side in by_id)
        if their is None or our is None:
            found.append(f"row {key}: only {'tieout' if their is None else 'the client'} has it")
            continue
        for field, a, b in zip(fields, their, our, strict=True):
            if even(kinds[field], a) != even(kinds[field], b):
                found.append(f"{key}.{field}: the client has {a!r}, tieout {b!r}")
    return len(found), next(iter(found), "")


class Fake:
    """The local Salesforce on a free port."""

    def __init__(self, program, rows, page_rows):
        command = (program, "--rows", str(rows), "--page-rows", str(page_rows))
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url, self.token = (self.process.stdout.readline().strip() for _ in range(2))

    def kinds(self, name):
        address = f"{self.url}/services/data/v62.0/sobjects/{name}/describe"
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request) as answer:
            return {field["name"]: field["type"] for field in json.load(answer)["fields"]}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def extract(tieout, fake, scratch, api):
    """The files of `tieout extract`, by the name of their object."""
    config = scratch / "tieout.toml"
    config.write_text(f'[salesforce]\ninstance_url = "{fake.url}"\n[mapping]\nusername_field = "{MAPPED}"\n')
    out = scratch / api
    run(tieout, "extract", "--quiet", "-c", config, "--api", api, "--out", out, env=os.environ | {"SF_ACCESS_TOKEN": fake.token})
    manifest = json.loads((out / "manifest.json").read_text())
    if manifest["hidden"] or any(entry["missing"] for entry in manifest["objects"]):
        sys.exit("clients: the local Salesforce lacks something that tieout reads, so that it would go uncompared")
    objects = [file for file in out.glob("*.csv") if file.stem in ("Contact", "User") or file.stem.startswith(SPACE)]
    return {file.stem: file.read_bytes() for file in objects}


def main():
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000
    os.chdir(ROOT)
    run("cargo", "build", "--quiet", "--locked", "--bin", "tieout", "--example", "fake-org")
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", "target")).resolve() / "debug"
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        python = python_with_client(scratch)
        node = os.environ | {"NODE_PATH": node_path(scratch)}
        fake_org = target / "examples/fake-org"
        # The second is the same org with pages so large that one is enough.
        with Fake(fake_org, rows, PAGE_ROWS) as fake, Fake(fake_org, rows, 250_000) as one_page:
            files = extract(target / "tieout", fake, scratch, "rest")
            if files != extract(target / "tieout", fake, scratch, "bulk"):
                sys.exit("clients: tieout reads something else by Bulk than by REST")
            compare(files, fake, one_page, python, node)


def compare(files, fake, one_page, python, node):
    clients = ROOT / "tests/fake_org/clients"
    ours = {name: table(content.decode("utf-8")) for name, content in sorted(files.items())}
    package = [name for name in ours if name.startswith(SPACE)]
    largest = max(len(rows) for _, rows in ours.values())
    if len(package) != 9 or not {"Contact", "User"} <= ours.keys() or largest <= 2_000 or not all(r for _, r in ours.values()):
        sys.exit(f"clients: too little to compare: { {name: len(rows) for name, (_, rows) in ours.items()} }")
    reads = []
    for name, (fields, _) in ours.items():
        tail = (name, ",".join(fields))
        simple = (python, clients / "simple_salesforce.py", fake.url, fake.token, *tail)
        reads.append(("simple-salesforce", "rest", name, (*simple, "rest")))
        reads.append(("simple-salesforce", "bulk2", name, (*simple, "bulk2")))
        js = ("node", clients / "jsforce.js")
        reads.append(("jsforce", "rest", name, (*js, fake.url, fake.token, *tail, "rest")))
        reads.append(("jsforce", "bulk2", name, (*js, one_page.url, one_page.token, *tail, "bulk2")))
    print(f"tieout: {len(ours)} objects, by REST and by Bulk to the same bytes; pages of 2,000 and {PAGE_ROWS:,} rows")
    print("jsforce bulk2 gets one page an object: on more it ends with ERR_STREAM_WRITE_AFTER_END, a defect of its own")
    agree, total, wrong = {"tieout"}, 0, 0
    agree |= {client for client, *_ in reads}
    # Most of the time is spent waiting for jobs and for interpreters to start.
    with ThreadPoolExecutor(6) as pool:
        answers = pool.map(lambda read: run(*read[3], env=node), reads)
        for (client, api, name, _), text in zip(reads, answers):
            fields, theirs = table(text)
            if fields != ours[name][0]:
                sys.exit(f"clients: {client} by {api}: {name} has the headings {fields}")
            count, first = differences(fake.kinds(name), fields, theirs, ours[name][1])
            print(f"{client:<18} {api:<6} {name:<42} {len(theirs):>6} rows, {count} differences")
            if count:
                agree.discard(client)
                print(f"  first: {name} {first}")
            total, wrong = total + len(theirs), wrong + count
    print(f"clients: {len(agree)} of 3 agree, {len(ours)} objects, {total:,} rows, {wrong} differences")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
