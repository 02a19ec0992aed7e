"""The schedules that the README shows, each held against what reads it: shell, YAML, XML; the units of
systemd are written into a folder for `systemd-analyze verify`."""

import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import yaml

readme, folder = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"), pathlib.Path(sys.argv[2])
folder.mkdir(parents=True)
section = readme.split("## Daily freshness check\n", 1)[1].split("\n## ", 1)[0]
blocks = re.findall(r"^```(\w*)\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
kinds = [kind for kind, _ in blocks]
for kind in ("sh", "ini", "xml", "powershell", "yaml"):
    assert kind in kinds, f"no {kind} block under the heading: {kinds}"

for kind, text in blocks:
    if kind == "sh":
        subprocess.run(["sh", "-n"], input=text, text=True, check=True)
    elif kind == "yaml":
        assert isinstance(yaml.safe_load(text), dict), text
    elif kind == "xml":
        assert ET.fromstring(text).tag.endswith("Task"), text
    elif kind == "ini":
        name = "sync-freshness.timer" if "[Timer]" in text else "sync-freshness.service"
        (folder / name).write_text(text, encoding="utf-8")
print(len(blocks), "blocks read:", ", ".join(kinds))
