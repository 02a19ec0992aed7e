#!/usr/bin/env python3
"""Proves workbook.xlsx of a run right by other eyes than tieout's: openpyxl reads it and compares it with
findings.jsonl, LibreOffice calculates every formula anew and prints it.

    .ci/workbook.py [--self-test] RUN_DIR...

With --self-test, faults are planted in copies of the workbooks, and each must be found.
Exits 1 on a fault, 3 where openpyxl, LibreOffice or poppler is missing.
"""

import datetime
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
import zipfile
from xml.etree import ElementTree

try:
    import openpyxl
except ImportError:
    openpyxl = None

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
MOST_LINKS = 65_530
# As src/render/inert.rs has them; written down here once more, so that a change there is seen.
ACTIVE = re.compile("[\0-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]")
FORMULA_LIKE = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
CUT = " [cut; the whole value is in findings.jsonl]"
ERRORS = ("#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#N/A", "#NUM!", "#NULL!", "Err:5")
# Columns of Findings, and what of a line of findings.jsonl stands there as text.
TEXTS = {
    "Finding": "key",
    "Severity": "severity",
    "Check": "check",
    "Salesforce record": "salesforce_id",
    "Object": "salesforce_object",
    "Docebo user": "learner_id",
    "Docebo course": "course_id",
    "Field": "field",
    "Expected": "expected",
    "Found": "found",
    "Because of": "because_of",
}
MAY_BE_WITHHELD = ("Expected", "Found")


class Faults(list):
    """What is wrong with one workbook; of one kind, the first three are shown."""

    def add(self, kind, text=""):
        self.append((kind, text))

    def lines(self):
        kinds = {}
        for kind, text in self:
            kinds.setdefault(kind, []).append(text)
        for kind, texts in kinds.items():
            for text in texts[:3]:
                yield f"{kind}: {text}" if text else kind
            if len(texts) > 3:
                yield f"{kind}: and {len(texts) - 3} more"


def visible(text):
    return ACTIVE.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def unescaped(text):
    """The text that Excel shows: _x000D_ in the file is a character."""
    return re.sub("_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text)


def tells(text, *numbers):
    """Whether the text holds the numbers, whatever groups their digits."""
    bare = re.sub(r"(?<=\d)[\s,\u202f\u00a0](?=\d{3})", "", text)
    return all(re.search(rf"(?<!\d){number}(?!\d)", bare) for number in numbers)


class Parts:
    """The file as a package: what openpyxl does not keep."""

    def __init__(self, path):
        with zipfile.ZipFile(path) as package:
            self.parts = {name.lstrip("/"): package.read(name) for name in package.namelist()}

    def xml(self, name):
        return ElementTree.fromstring(self.parts[name])

    def rels(self, name):
        folder, _, file = name.rpartition("/")
        part = f"{folder}/_rels/{file}.rels"
        found = {}
        for rel in self.xml(part) if part in self.parts else ():
            found[rel.get("Id")] = (rel.get("Type").rpartition("/")[2], rel.get("Target"))
        return found

    def sheets(self):
        """The part of every sheet, by its name."""
        rels = self.rels("xl/workbook.xml")
        for sheet in self.xml("xl/workbook.xml").iter(f"{MAIN}sheet"):
            yield sheet.get("name"), "xl/" + rels[sheet.get(f"{REL}id")][1].removeprefix("/xl/")

    def links(self, part):
        """Of every link of a sheet its cell and where it leads; a place in the workbook starts with #."""
        rels = self.rels(part)
        for link in self.xml(part).iter(f"{MAIN}hyperlink"):
            target = rels[link.get(f"{REL}id")][1] if link.get(f"{REL}id") else "#" + (link.get("location") or "")
            yield link.get("ref"), target


def check_package(parts, faults):
    for name, content in parts.parts.items():
        if "externalLink" in name:
            faults.add("external link", name)
        if "vbaProject" in name or "macrosheet" in name or "activeX" in name:
            faults.add("macro", name)
        if re.fullmatch(r"xl/drawings/[^/]+\.xml", name):
            for shape in parts.xml(name).iter(f"{DRAWING}cNvPr"):
                if not (shape.get("descr") or "").strip():
                    faults.add("no alt text", f"{name}, {shape.get('name')}")
        if name.endswith((".xml", ".rels")) and b"<!DOCTYPE" in content:
            faults.add("DOCTYPE in a part", name)
    if b"macroEnabled" in parts.parts["[Content_Types].xml"]:
        faults.add("macro", "content type")
    # openpyxl drops the escapes of texts, so these are read from the parts.
    shared = [name for name in parts.parts if name.endswith("/sharedStrings.xml")]
    strings = [("shared string", item) for name in shared for item in parts.xml(name)]
    names = [name for name, _ in parts.sheets()]
    for name, part in parts.sheets():
        strings += [(name, cell) for cell in parts.xml(part).iter(f"{MAIN}is")]
        links = list(parts.links(part))
        if len(links) > MOST_LINKS:
            faults.add("too many links", f"{name}: {len(links)}")
        for cell, target in links:
            sheet = target[1:].rpartition("!")[0].strip("'")
            if not (sheet in names if target.startswith("#") else re.match(r"https://[\w.-]+(:\d+)?/", target)):
                faults.add("link", f"{name}!{cell} leads to {target}")
    for name, item in strings:
        text = unescaped("".join(piece.text or "" for piece in item.iter(f"{MAIN}t")))
        # A reviewer may break the lines of a comment; nothing else has a line break.
        if found := ACTIVE.search(text.replace("\n", "") if reviewed(parts) else text):
            faults.add("active character", f"{name}: U+{ord(found[0]):04X} in {visible(text)[:60]!r}")


def reviewed(parts):
    return any(b'name="Comment"' in content for name, content in parts.parts.items() if name.startswith("xl/tables/"))


def check_sheets(book, faults):
    for sheet in book.worksheets:
        name = sheet.title
        if sheet.sheet_state != "visible":
            faults.add("hidden sheet", name)
        if sheet.merged_cells.ranges:
            faults.add("merged cells", f"{name}: {sheet.merged_cells.ranges}")
        fits, page = sheet.sheet_properties.pageSetUpPr, sheet.page_setup
        if not (fits and fits.fitToPage) or page.fitToWidth not in (None, 1) or page.fitToHeight != 0:
            faults.add("does not fit the width of paper", name)
        for row in sheet.iter_rows():
            for cell in row:
                check_cell(cell, faults)
    for holder in (book, *book.worksheets):
        for name, defined in holder.defined_names.items():
            if "#REF!" in (defined.value or ""):
                faults.add("broken name", name)
    for what in ("title", "creator"):
        if not getattr(book.properties, what):
            faults.add("property not set", what)


def check_cell(cell, faults):
    where = f"{cell.parent.title}!{cell.coordinate}"
    value = cell.value
    if cell.data_type == "e":
        faults.add("error value", f"{where} shows {value}")
    if cell.data_type == "s" and value.startswith(FORMULA_LIKE) and not cell.quotePrefix:
        faults.add("no quotePrefix", f"{where}: {value[:40]!r}")


def check_findings(book, parts, findings, faults):
    """Says how many rows stand on the sheet, and how many values are withheld."""
    sheet = book["Findings"]
    rows = list(sheet.iter_rows())
    heads = [cell.value for cell in rows[0]]
    table = sheet.tables.get("Findings")
    if table is None:
        faults.add("no table named Findings")
    else:
        # A table has at least one row, be it empty.
        wanted = f"A1:{rows[0][-1].column_letter}{max(len(rows), 2)}"
        if table.ref != wanted or [column.name for column in table.tableColumns] != heads:
            faults.add("table", f"covers {table.ref}, the cells {wanted}")
    if sheet.freeze_panes not in ("A2", "B2"):
        faults.add("freeze panes", f"{sheet.freeze_panes}")
    missing = {*TEXTS, "Since (UTC)"} - {*heads}
    if missing or len({*heads}) != len(heads):
        faults.add("headings", f"missing {sorted(missing)}, there {heads}")
        return 0, 0
    rows = [dict(zip(heads, row)) for row in rows[1:] if any(cell.value is not None for cell in row)]
    keys, there = [finding["key"] for finding in findings], [row["Finding"].value for row in rows]
    if len(there) < len(keys):
        cells = [str(cell.value) for row in book["Read me"].iter_rows() for cell in row if cell.value]
        if not any(tells(text, len(there), len(keys)) for text in cells):
            faults.add("rows left out, not told on Read me", f"{len(there)} of {len(keys)}")
    if there != keys[: len(there)] or len(there) > len(keys) or (keys and not there):
        at = next((n for n, (a, b) in enumerate(zip(there, keys)) if a != b), min(len(there), len(keys)))
        pair = [next(iter(side[at : at + 1]), None) for side in (there, keys)]
        faults.add("keys differ", f"row {at + 2}: {pair[0]} on the sheet, {pair[1]} in findings.jsonl")
        return len(there), 0
    may_withhold = "withheld" in str(custom(book).get("classification", "")).lower()
    links = dict(parts.links(dict(parts.sheets())["Findings"]))
    withheld = 0
    for finding, row in zip(findings, rows):
        for head, field in TEXTS.items():
            withheld += check_text(row[head], head, finding[field], may_withhold, faults)
        check_since(row["Since (UTC)"], finding["since"], faults)
        link = links.get(row["Salesforce record"].coordinate, "")
        if link and f"/{finding['salesforce_id']}/" not in link:
            faults.add("link", f"{row['Salesforce record'].coordinate} leads to {link}")
        for cell in row.values():
            if cell.data_type == "f":
                faults.add("formula on Findings", cell.coordinate)
    check_review(book, sheet, heads, len(rows), faults)
    return len(there), withheld


def custom(book):
    return {each.name: each.value for each in book.custom_doc_props.props}


def check_text(cell, head, value, may_withhold, faults):
    """1 where the value is withheld, else 0."""
    wanted = visible(str(value)) if value not in (None, "") else None
    shown = str(cell.value)
    is_cut = shown.endswith(CUT) and str(wanted).startswith(shown.removesuffix(CUT).rstrip("\u2026"))
    if cell.value is not None and cell.data_type != "s":
        faults.add("not a text", f"{cell.coordinate} ({head}) is {cell.data_type} {cell.value!r}")
    elif head in MAY_BE_WITHHELD and may_withhold and re.fullmatch(r"\[withheld\]|p_[0-9A-Z]{16}", cell.value or ""):
        return 1
    elif cell.value != wanted and not is_cut:
        where = f"{cell.coordinate} ({head})"
        faults.add("value differs", f"{where}: {cell.value!r} on the sheet, {wanted!r} in findings.jsonl")
    return 0


def check_since(cell, value, faults):
    if value is None:
        wanted = None
    else:
        wanted = datetime.datetime.fromisoformat(value.replace("Z", "+00:00")).replace(tzinfo=None)
    same = cell.value == wanted
    if wanted and isinstance(cell.value, datetime.datetime):
        same = cell.is_date and abs(cell.value - wanted) < datetime.timedelta(seconds=1)
    if not same:
        faults.add("date differs", f"{cell.coordinate}: {cell.value!r} on the sheet, {wanted!r} in findings.jsonl")


def check_review(book, sheet, heads, count, faults):
    if not {"Status", "Comment"} & {*heads}:
        return
    if missing := {"Status", "Owner", "Comment"} - {*heads}:
        faults.add("review columns", f"missing {sorted(missing)}")
    if "StatusList" not in book.defined_names:
        faults.add("no name StatusList")
    column = openpyxl.utils.get_column_letter(heads.index("Status") + 1) if "Status" in heads else "A"
    lists = [
        rule
        for rule in sheet.data_validations.dataValidation
        if rule.type == "list" and (rule.formula1 or "").lstrip("=") == "StatusList"
    ]
    for row in (2, max(count, 1) + 1):
        if not any(f"{column}{row}" in rule.sqref for rule in lists):
            faults.add("no list of StatusList", f"{column}{row}")


PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load">
<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""


def convert(paths, kind, scratch):
    """The files in another format, by LibreOffice that calculates everything anew."""
    # The workbooks of all runs have one name.
    source, target, profile = (pathlib.Path(tempfile.mkdtemp(dir=scratch)) for _ in range(3))
    (profile / "user").mkdir()
    (profile / "user/registrymodifications.xcu").write_text(PROFILE)
    copies = [pathlib.Path(shutil.copy(path, source / f"{n}.xlsx")) for n, path in enumerate(paths)]
    command = ("soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", kind)
    done = subprocess.run((*command, "--outdir", target, *copies), capture_output=True, text=True, timeout=600)
    made = [target / f"{copy.stem}.{kind}" for copy in copies]
    for path, source in zip(made, paths):
        if not path.exists():
            sys.exit(f"{source}: LibreOffice makes no {kind}: {done.stdout}{done.stderr}")
    return made


def check_calculation(book, path, recalculated, faults):
    """Says how many formulas there are."""
    with warnings.catch_warnings():
        # openpyxl cannot read every chart that LibreOffice writes.
        warnings.filterwarnings("ignore", "Unable to read chart")
        stored, anew = (openpyxl.load_workbook(each, data_only=True) for each in (path, recalculated))
    count = 0
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type != "f":
                    continue
                count += 1
                ours, theirs = (each[sheet.title][cell.coordinate].value for each in (stored, anew))
                where = f"{sheet.title}!{cell.coordinate} {cell.value}"
                if ours is None:
                    faults.add("formula without a result", where)
                elif any(str(value).startswith(ERRORS) for value in (ours, theirs)):
                    faults.add("error value", f"{where}: {ours!r}, recalculated {theirs!r}")
                elif not same(ours, theirs):
                    faults.add("result differs", f"{where}: {ours!r} stored, {theirs!r} recalculated")
    if not count:
        faults.add("no formulas")
    return count


def same(ours, theirs):
    numbers = all(isinstance(value, (int, float)) for value in (ours, theirs))
    return abs(ours - theirs) <= 1e-9 if numbers else (ours or "") == (theirs or "")


def check_print(book, pdf, faults):
    """Says how many pages it takes."""
    text = subprocess.run(("pdftotext", "-layout", pdf, "-"), capture_output=True, check=True).stdout.decode()
    pages = text.count("\f")
    rows = sum(sheet.max_row for sheet in book.worksheets)
    if "###" in text:
        faults.add("### in print", next(line.strip() for line in text.splitlines() if "###" in line)[:80])
    if not len(book.worksheets) <= pages <= 3 * len(book.worksheets) + rows // 20:
        faults.add("pages in print", f"{pages} for {len(book.worksheets)} sheets with {rows} rows")
    for sheet in book.worksheets:
        if str(sheet["A1"].value) not in text:
            faults.add("sheet not printed", sheet.title)
    return pages


def read_findings(folder):
    return [json.loads(line) for line in (folder / "findings.jsonl").read_text("utf-8").split("\n") if line]


def check_contents(folder, path, faults):
    """Everything that can be said without LibreOffice."""
    findings = read_findings(folder)
    book, parts = openpyxl.load_workbook(path), Parts(path)
    check_package(parts, faults)
    check_sheets(book, faults)
    rows, withheld = check_findings(book, parts, findings, faults)
    counted = sum(check["findings"] for check in json.loads((folder / "report.json").read_text("utf-8"))["checks"])
    if not counted == len(findings) == int(custom(book).get("findings", -1)):
        told = custom(book).get("findings")
        text = f"{counted} in report.json, {len(findings)} in findings.jsonl, {told} in the properties"
        faults.add("numbers of findings", text)
    review = "review columns" if reviewed(parts) else "no review columns"
    return book, f"{rows} findings, {withheld} values withheld, {review}"


def prove(folders, scratch):
    paths = [folder / "workbook.xlsx" for folder in folders]
    failed = 0
    made = [convert(paths, kind, scratch) for kind in ("xlsx", "pdf")]
    for folder, path, anew, pdf in zip(folders, paths, *made):
        faults = Faults()
        try:
            book, summary = check_contents(folder, path, faults)
        except (KeyError, ValueError, ElementTree.ParseError) as error:
            print(f"{folder.name}: cannot be read: {error!r}")
            failed += 1
            continue
        formulas = check_calculation(book, path, anew, faults)
        pages = check_print(book, pdf, faults)
        sheets = len(book.worksheets)
        print(f"{folder.name}: {sheets} sheets, {summary}, {formulas} formulas, {pages} pages, {len(faults)} faults")
        for line in faults.lines():
            print(f"  {path}: {line}")
        failed += bool(faults)
    return failed


# A fault, the part that it is planted in, what is replaced by what there (once, but for links and styles), and
# the kind that it must be found as.
PLANTED = [
    ("a changed cell", "xl/sharedStrings.xml", r"an 18-character id", "an 18-character ID", "value differs"),
    ("a changed key", "xl/sharedStrings.xml", r">F-\w{10}<", ">F-0000000000<", "keys differ"),
    ("a removed row", "Findings", r'<row r="3".*?</row>', "", "keys differ"),
    ("a number for an id", "Findings", r'(<c r="I2") t="s"><v>\d+</v>', r"\1><v>10058</v>", "not a text"),
    ("a moved date", "Findings", r'(<c r="N\d+" s="\d+"><v>)4', r"\g<1>3", "date differs"),
    ("a formula", "Findings", r'(<c r="L2") t="s"><v>', r"\1><f>1+1</f><v>", "formula on Findings"),
    ("no quotePrefix", "xl/styles.xml", r' quotePrefix="1"', "", "no quotePrefix"),
    ("an override", "xl/sharedStrings.xml", r"an 18-character id", "an 18-character \u202eid", "active character"),
    ("an escaped control", "xl/sharedStrings.xml", r"18-character id", "18-character_x0007_ id", "active character"),
    ("a script for a link", "xl/worksheets/_rels/sheet5.xml.rels", r"https://", "javascript://", "link"),
    ("no alt text", "xl/drawings/drawing1.xml", r' descr="[^"]*"', "", "no alt text"),
    ("a hidden sheet", "xl/workbook.xml", r'(name="Causes" )', r'\1state="hidden" ', "hidden sheet"),
    ("a short table", "xl/tables/table1.xml", r'(<table [^>]*ref="A1:\w)\d+', r"\g<1>2", "table"),
    ("no fit to width", "Causes", r' fitToPage="1"', ' fitToPage="0"', "does not fit the width of paper"),
    ("an error value", "Findings", r'(<c r="L2") t="s"><v>\d+</v>', r'\1 t="e"><v>#REF!</v>', "error value"),
]
MISCALCULATED = [
    ("a wrong number", "Summary", r"(</f><v>)\d+(</v>)", r"\g<1>4711\2", "result differs"),
    ("a wrong word", "Control totals", "(</f><v>)\u2713 ties(</v>)", "\\1\u2717 open\\2", "result differs"),
]


def planted(path, part, pattern, replacement, target):
    """Whether the fault could be planted, in a copy at the target."""
    part = dict(Parts(path).sheets()).get(part, part)
    parts = Parts(path).parts
    all_of_them = part.endswith((".rels", "styles.xml"))
    text = parts.get(part, b"").decode()
    changed, count = re.subn(pattern, replacement, text, flags=re.S, count=0 if all_of_them else 1)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, changed if name == part else content)
    return count > 0


def self_test(folders, scratch):
    """Each fault in the first workbook that takes it and whose pattern it shows."""
    folders = sorted(folders, key=lambda folder: (folder / "workbook.xlsx").stat().st_size)
    missed, cases = 0, []
    for fault in PLANTED + MISCALCULATED:
        name, part, pattern, replacement, kind = fault
        target = scratch / f"{len(cases)}.xlsx"
        found = None
        for folder in folders:
            if not planted(folder / "workbook.xlsx", part, pattern, replacement, target):
                continue
            faults = Faults()
            found = found or False
            if fault in MISCALCULATED:
                book = openpyxl.load_workbook(target)
                check_calculation(book, target, convert([target], "xlsx", scratch)[0], faults)
            else:
                check_contents(folder, target, faults)
            if kind in {each for each, _ in faults}:
                found = True
                break
        cases.append(found)
        if not found:
            missed += 1
            print(f"self-test: {name}: {'NOT FOUND' if found is False else 'no workbook to plant it in'}")
    print(f"self-test: {sum(map(bool, cases))} of {len(cases)} planted faults found")
    return missed


def main():
    arguments = [each for each in sys.argv[1:] if each != "--self-test"]
    if not arguments:
        sys.exit(__doc__)
    missing = [program for program in ("soffice", "pdftotext") if not shutil.which(program)]
    if openpyxl is None:
        missing.append("openpyxl")
    if missing:
        print(f"workbook: NOTHING WAS PROVED: {', '.join(missing)} missing", file=sys.stderr)
        sys.exit(3)
    folders = [pathlib.Path(each) for each in arguments]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        failed = prove(folders, scratch)
        if "--self-test" in sys.argv:
            failed += self_test(folders, scratch)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
