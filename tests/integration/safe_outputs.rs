//! Outputs that cannot be written: a full disk behind standard output or beside the run, a folder for temporary files that
//! is missing. Each ends with 7 and a message, never with a panic or half a file under a final name.

#![cfg(target_os = "linux")]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::{run, tieout};
use crate::sample_folder;

fn finished_run(folder: &Path) -> std::path::PathBuf {
    let out = folder.join("run");
    crate::series::audit(&sample_folder("outbound-stalled").join("tieout.toml"), &out, &[]);
    out
}

/// Every command that prints, with its result sent to a device that is always full, and to a pipe that nobody reads.
#[test]
fn a_result_that_cannot_be_printed_is_an_error_and_a_closed_pipe_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = finished_run(folder.path());
    let sample = sample_folder("in-sync");
    let path = |path: &Path| path.display().to_string();
    let (configuration, run_folder, pack) =
        (path(&sample.join("tieout.toml")), path(&out), path(&out.join("evidence-pack.zip")));
    let named = |name: &str| path(&folder.path().join(name));
    let commands: Vec<(Vec<String>, i32)> = [
        (vec!["audit", "-c", &configuration, "--out", &named("a")], 0),
        (vec!["audit", "-c", &configuration, "--json", "--out", &named("b")], 0),
        (vec!["freshness", "-c", &configuration], 0),
        (vec!["freshness", "-c", &configuration, "--json"], 0),
        (vec!["doctor", "-c", &configuration], 0),
        (vec!["doctor", "-c", &configuration, "--json"], 0),
        (vec!["explain"], 0),
        (vec!["explain", "enrollment-absent"], 0),
        (vec!["init", &named("c.toml")], 0),
        (vec!["report", &run_folder], 0),
        (vec!["review", &path(&out.join("workbook.xlsx"))], 0),
        (vec!["pack", &run_folder, "--out", &named("d")], 0),
        (vec!["verify", &pack], 0),
        (vec!["verify", &pack, "--json", "--run", &run_folder], 0),
        (vec!["--help"], 0),
        (vec!["--version"], 0),
        (vec!["help", "audit"], 0),
    ]
    .into_iter()
    .map(|(arguments, code)| (arguments.into_iter().map(str::to_owned).collect(), code))
    .collect();
    for (arguments, code) in commands {
        let full = File::options().write(true).open("/dev/full").expect("a device");
        let output = tieout().args(&arguments).stdout(full).output().expect("the binary runs");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(7), "{arguments:?}: {stderr}");
        assert!(stderr.contains("standard output: cannot be written: No space left"), "{arguments:?}: {stderr}");
        assert!(stderr.contains("next: ") && !stderr.contains("panicked"), "{arguments:?}: {stderr}");

        for made in ["a", "b", "c.toml", "d"] {
            let made = folder.path().join(made);
            let _ = std::fs::remove_dir_all(&made).or_else(|_| std::fs::remove_file(&made));
        }
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = tieout().args(&arguments).stdout(writer).output().expect("the binary runs");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(output.status.code() != Some(7) && output.status.code() != Some(101), "{arguments:?}: {stderr}");
        assert_eq!((output.status.code(), stderr.as_str()), (Some(code), ""), "{arguments:?}");
        for made in ["a", "b", "c.toml", "d"] {
            let made = folder.path().join(made);
            let _ = std::fs::remove_dir_all(&made).or_else(|_| std::fs::remove_file(&made));
        }
    }
}

/// The workbook's temporary file lies beside the workbook: the system's folder for such files may be missing or full.
#[test]
fn the_systems_folder_for_temporary_files_is_not_needed() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let nowhere = folder.path().join("nowhere");
    let configuration = sample_folder("outbound-stalled").join("tieout.toml");
    let mut audit = tieout();
    audit.env("TMPDIR", &nowhere).arg("audit").arg("-c").arg(&configuration).arg("--out").arg(&out).arg("--quiet");
    let (code, _, stderr) = run(&mut audit);
    assert_eq!((code, stderr.as_str()), (5, ""));
    let (code, _, stderr) = run(tieout().env("TMPDIR", &nowhere).arg("report").arg(&out));
    assert_eq!((code, stderr.as_str()), (0, ""));
    let case = folder.path().join("case");
    let mut pack = tieout();
    pack.env("TMPDIR", &nowhere).arg("pack").arg(&out).arg("--out").arg(&case).arg("--with-workbook");
    let (code, _, stderr) = run(&mut pack);
    assert_eq!((code, stderr.as_str()), (0, ""));
    let names: Vec<_> =
        std::fs::read_dir(&out).expect("a folder").map(|entry| entry.expect("it").file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().starts_with('.')), "nothing is left: {names:?}");
}

/// A limit on the size of files stands for a full disk: whatever it stops, a run ends with 7 and leaves nothing.
#[test]
fn a_full_disk_ends_a_run_and_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = sample_folder("outbound-stalled").join("tieout.toml");
    for blocks in [0, 1, 8, 64, 256, 512, 1_024] {
        let out = folder.path().join("run");
        // With the signal ignored, a write beyond the limit fails as one on a full disk does.
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let mut limited = Command::new("bash");
        limited.args(["-c", &script, "bash", env!("CARGO_BIN_EXE_tieout"), "audit", "--exit-zero", "-c"]);
        limited.arg(&configuration).arg("--out").arg(&out).stdout(Stdio::null());
        let output = limited.output().expect("bash runs");
        let (code, stderr) = (output.status.code(), String::from_utf8(output.stderr).expect("UTF-8"));
        assert_eq!(code, Some(7), "{blocks}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(" cannot be "), "{blocks}: {stderr}");
        assert!(!stderr.contains("panicked") && !stderr.contains("ZipWriter"), "{blocks}: {stderr}");
        let left: Vec<_> = std::fs::read_dir(folder.path()).expect("a folder").collect();
        assert!(left.is_empty(), "{blocks}: {left:?}");
    }
}
