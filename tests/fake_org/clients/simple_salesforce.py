"""Reads one object of a local org with simple-salesforce 1.12.10, by REST and by Bulk API 2.0.

    python simple_salesforce.py URL TOKEN OBJECT FIELD,FIELD,... [rest|bulk2|both] [maxRecords]

Prints the rows as CSV, sorted by Id. `both` prints REST first, a line of dashes, then Bulk. Needs
`pip install simple-salesforce==1.12.10`.
"""

import csv
import io
import sys

# This file is named like the package that it imports.
sys.path = [entry for entry in sys.path if not entry.endswith("clients")]

import requests  # noqa: E402
from requests.adapters import HTTPAdapter  # noqa: E402
from simple_salesforce import Salesforce  # noqa: E402


class Plain(HTTPAdapter):
    """The package speaks https only; the local org speaks http."""

    def send(self, request, **kwargs):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **kwargs)


def connect(url, token):
    session = requests.Session()
    session.mount("https://", Plain())
    return Salesforce(
        instance=url.split("://", 1)[1], session_id=token, version="62.0", session=session
    )


def value_of(record, path):
    for name in path.split("."):
        if record is None:
            return None
        record = record[name]
    return record


def by_rest(org, name, fields):
    answer = org.query_all(f"SELECT {', '.join(fields)} FROM {name}")
    assert answer["totalSize"] == len(answer["records"]), "fewer rows than told"
    return [[value_of(record, field) for field in fields] for record in answer["records"]]


def by_bulk(org, name, fields, size):
    query = f"SELECT {', '.join(fields)} FROM {name}"
    rows = []
    for page in getattr(org.bulk2, name).query(query, max_records=size):
        lines = list(csv.reader(io.StringIO(page, newline="")))
        assert lines[0] == fields, f"headings {lines[0]}"
        rows += lines[1:]
    return rows


def show(fields, rows):
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(fields)
    writer.writerows(sorted(rows, key=lambda row: row[fields.index("Id")]))


def main():
    url, token, name, fields = sys.argv[1:5]
    way = sys.argv[5] if len(sys.argv) > 5 else "both"
    size = int(sys.argv[6]) if len(sys.argv) > 6 else 50_000
    fields = fields.split(",")
    sys.stdout.reconfigure(encoding="utf-8", newline="")
    org = connect(url, token)
    if way in ("rest", "both"):
        show(fields, by_rest(org, name, fields))
    if way == "both":
        print("---")
    if way in ("bulk2", "both"):
        show(fields, by_bulk(org, name, fields, size))


main()
