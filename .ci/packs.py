"""A changed byte in an evidence pack is found by bagit.py, by sha256sum and by `tieout verify`, wherever it is.

    packs.py TIEOUT PACK.zip...

Changes one byte of each file of each pack in turn (at its start, middle and end) and asks all three. Ends with 0,
with 1 at the first that passes what it must not, with 3 where bagit is missing."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

try:
    import bagit
except ImportError:
    print("bagit is not installed: changed bytes in packs are LEFT OUT", file=sys.stderr)
    sys.exit(3)

bagit.LOGGER.disabled = True


def demand(holds, what):
    if not holds:
        print(f"evidence packs: {what}", file=sys.stderr)
        sys.exit(1)


def by_bagit(folder):
    try:
        bagit.Bag(str(folder)).validate(processes=1)
        return True
    except bagit.BagError:
        return False
    except (UnicodeDecodeError, ValueError):
        return False  # it cannot read what was changed, and says so


def by_sha256sum(folder):
    lists = ["manifest-sha256.txt", "tagmanifest-sha256.txt"]
    return all(
        subprocess.run(["sha256sum", "--quiet", "--strict", "-c", name], cwd=folder, capture_output=True).returncode == 0
        for name in lists
    )


def by_tieout(tieout, folder, target):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                info = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}")
                info.external_attr = 0o644 << 16
                archive.writestr(info, path.read_bytes())
    return subprocess.run([tieout, "verify", target], capture_output=True, text=True)


def main():
    tieout, packs = sys.argv[1], [pathlib.Path(pack) for pack in sys.argv[2:]]
    for pack in packs:
        with tempfile.TemporaryDirectory() as scratch:
            scratch = pathlib.Path(scratch)
            with zipfile.ZipFile(pack) as archive:
                archive.extractall(scratch / "pack")
            (folder,) = (scratch / "pack").iterdir()
            target = scratch / "again.zip"
            whole = by_tieout(tieout, folder, target)
            demand(whole.returncode == 0, f"{pack}: verify refuses a whole pack: {whole.stdout}")
            demand(by_bagit(folder) and by_sha256sum(folder), f"{pack}: a whole pack is refused")
            changes = 0
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                kept = path.read_bytes()
                if not kept:
                    continue
                # tagmanifest-sha256.txt is in no list: bagit and sha256sum see a digest that does not fit.
                for at in sorted({0, len(kept) // 2, len(kept) - 1}):
                    if path.name == "tagmanifest-sha256.txt" and kept[at] == 0x0A:
                        continue
                    path.write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
                    where = f"{pack.parent.name}: {path.relative_to(folder)}, byte {at}"
                    demand(by_tieout(tieout, folder, target).returncode in (1, 4), f"{where}: passes tieout verify")
                    demand(not by_sha256sum(folder), f"{where}: passes sha256sum")
                    demand(not by_bagit(folder), f"{where}: passes bagit")
                    changes += 1
                path.write_bytes(kept)
            shutil.rmtree(folder)
            print(f"{pack.parent.name}: {changes} changed bytes, each found by bagit, sha256sum and tieout verify")


main()
