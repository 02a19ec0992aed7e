"""The review loop by other programs' hands: openpyxl fills in the workbook of a run, sorts it, deletes a row and
adds a column; LibreOffice saves it once more; `tieout review` must take over exactly what was filled in.

    review.py TIEOUT RUN SCRATCH

Works on a copy of RUN in SCRATCH. Ends with 0, with 1 at the first thing that is not so, with 3 where openpyxl is
missing."""

import json
import pathlib
import shutil
import subprocess
import sys

try:
    import openpyxl
except ImportError:
    print("openpyxl is not installed: the review loop is LEFT OUT", file=sys.stderr)
    sys.exit(3)

STATUSES = [
    "Open", "Investigating", "Raised with Docebo", "Fixed in Salesforce", "Fixed in Docebo", "Expected difference",
    "Will not fix",
]
HOSTILE = ["=cmd|' /C calc'!A0", "O\u2019Brien, \u05d0\u05d1", "two\nlines", "007", "1e5", "TRUE", "x" * 2000]


def demand(holds, what):
    if not holds:
        print(f"review loop: {what}", file=sys.stderr)
        sys.exit(1)


def fill(path):
    """Answers every finding but two; says what was answered and which row was deleted."""
    book = openpyxl.load_workbook(path)
    sheet = book["Findings"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    answers = {}
    last = sheet.max_row
    for row in range(2, last):
        key = sheet.cell(row, heads["Finding"]).value
        answer = (STATUSES[row % 7], f"analyst {row % 3}@example.com", HOSTILE[row % 7])
        for name, text in zip(("Status", "Owner", "Comment"), answer):
            cell = sheet.cell(row, heads[name])
            cell.value = text
            cell.data_type = "s"
        answers[key] = answer
    deleted = sheet.cell(last, heads["Finding"]).value
    sheet.delete_rows(last)
    # Turned round, as a sort by an analyst would, and with a column of their own behind the table.
    rows = [[cell.value for cell in line] for line in sheet.iter_rows(min_row=2)]
    for number, values in enumerate(reversed(rows), 2):
        for column, value in enumerate(values, 1):
            cell = sheet.cell(number, column)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    sheet.cell(1, sheet.max_column + 2).value = "My own notes"
    book.save(path)
    return answers, deleted


def reviews(run):
    path = run / "reviews.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {line["key"]: (line["status"], line["owner"], line["comment"]) for line in map(json.loads, lines)}


def main():
    tieout, source, scratch = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    shutil.rmtree(scratch, ignore_errors=True)
    run = scratch / "run"
    shutil.copytree(source, run)
    workbook = run / "workbook.xlsx"
    answers, deleted = fill(workbook)
    saved = [("openpyxl", workbook)]
    if shutil.which("soffice"):
        profile = (scratch / "profile").resolve().as_uri()
        subprocess.run(
            ["soffice", f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML",
             "--outdir", scratch / "saved", workbook],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120,
        )
        saved.append(("LibreOffice", scratch / "saved" / "workbook.xlsx"))
    else:
        print("soffice is not installed: the workbook that it saves is LEFT OUT")
    for program, path in saved:
        # Each into a run without reviews. A copy, since a run whose reviews were removed is refused.
        reviewed = scratch / f"run-{program}"
        shutil.copytree(source, reviewed)
        done = subprocess.run([tieout, "review", path, "--run", reviewed], capture_output=True, text=True)
        demand(done.returncode == 0, f"{program}: exit {done.returncode}: {done.stdout}{done.stderr}")
        demand(deleted in done.stdout, f"{program}: the deleted row is not told: {done.stdout}")
        taken = reviews(reviewed)
        for key, answer in answers.items():
            demand(taken.get(key) == answer, f"{program}: {key}: {taken.get(key)} instead of {answer}")
        demand(len(taken) == len(answers), f"{program}: {len(taken)} reviews instead of {len(answers)}")
        print(f"{program}: {len(taken)} reviews taken over as they were filled in, 1 deleted row told")
    run = scratch / "run-openpyxl"
    shutil.copy(workbook, run)
    workbook = run / "workbook.xlsx"
    # The workbook holds an analyst's work: it is not replaced unasked, and when it is, their words stand in it.
    done = subprocess.run([tieout, "report", run], capture_output=True, text=True)
    demand(done.returncode == 7 and "workbook.xlsx" in done.stderr, f"a filled workbook was replaced: {done.stderr}")
    done = subprocess.run([tieout, "report", run, "--force", "--quiet"], capture_output=True, text=True)
    demand(done.returncode == 0, done.stderr)
    sheet = openpyxl.load_workbook(workbook)["Findings"]
    heads = {cell.value: cell.column for cell in sheet[1]}
    shown = {
        sheet.cell(row, heads["Finding"]).value: tuple(sheet.cell(row, heads[n]).value for n in ("Status", "Owner", "Comment"))
        for row in range(2, sheet.max_row + 1)
    }
    for key, answer in answers.items():
        demand(shown.get(key) == answer, f"the new workbook: {key}: {shown.get(key)} instead of {answer}")
    print(f"the workbook made again shows {len(answers)} of {len(answers)} reviews")


main()
