//! Errors of the configuration: each names its key and the place of the value, in words that need no knowledge of
//! the program.

use std::path::Path;

use tieout::error::Error;
use tieout::settings::file::{self, Overrides};

/// The error of a configuration: line, column and message.
fn fault(text: &str) -> (usize, usize, String) {
    let path = Path::new("tieout.toml");
    let error = file::load(path, text, &Overrides::default())
        .err()
        .or_else(|| file::load_freshness(path, text, None).err())
        .unwrap_or_else(|| panic!("is not refused:\n{text}"));
    match error {
        Error::Configuration { line, column, what, .. } => (line, column, what),
        other => panic!("{other}, for\n{text}"),
    }
}

/// A configuration in which nothing is wrong, as a table and its keys.
const GOOD: [(&str, &[(&str, &str)]); 9] = [
    (
        "salesforce",
        &[
            ("snapshot", "\"snapshot\""),
            ("extracted_at", "2026-11-20T06:10:00Z"),
            ("org", "\"acme\""),
            ("instance_url", "\"https://acme.my.salesforce.com\""),
            ("client_id", "\"3MVG9\""),
            ("username", "\"integration@example.com\""),
            ("login_url", "\"https://test.salesforce.com\""),
            ("api_budget_percent", "80"),
        ],
    ),
    ("snapshot", &[("parts", "true")]),
    (
        "docebo",
        &[
            ("platform_url", "\"https://acme.docebosaas.com\""),
            ("users", "\"users.csv\""),
            ("enrollments", "[\"one.csv\", 'two.csv']"),
            ("exported_at", "\"2026-11-20T06:00:00Z\""),
            ("time_zone", "\"auto\""),
            ("date_order", "\"day-first\""),
            ("null_values", "[\"null\", \"#N/A\"]"),
            ("archived_words", "[\"Archiviert\"]"),
            ("max_unreadable_rows", "\"0.1%\""),
        ],
    ),
    (
        "docebo.columns",
        &[
            ("learner_id", "\"A\""),
            ("username", "\"B\""),
            ("sfdc_id", "false"),
            ("course_id", "\"C\""),
            ("course_code", "\"D\""),
            ("status", "\"E\""),
            ("enrollment_date", "\"F\""),
            ("completion_date", "\"G\""),
            ("first_access", "\"H\""),
            ("last_access", "\"I\""),
            ("archived", "\"J\""),
            ("course_created", "\"K\""),
        ],
    ),
    ("docebo.statuses", &[("Iscritto", "\"Subscribed\"")]),
    (
        "mapping",
        &[
            ("username_field", "\"Email\""),
            ("case_sensitive", "true"),
            ("provisioning", "true"),
            ("list_view", "\"00B000000000000AAA\""),
        ],
    ),
    ("scope", &[("courses", "[601, 602]")]),
    (
        "sync",
        &[
            ("enrollment_mode", "\"realtime\""),
            ("grace_hours", "24"),
            ("date_tolerance_minutes", "1"),
            ("incidents", "'C:\\new\\incidents.csv'"),
        ],
    ),
    (
        "freshness",
        &[
            ("warn_after_hours", "48"),
            ("error_after_hours", "168"),
            ("webhook_on", "\"always\""),
            ("webhook_template", "\"webhook.json.hbs\""),
        ],
    ),
];

/// [`GOOD`] with another value for one key, and the line and column of that value. Every key also occurs where it
/// means nothing: in comments, in texts, and as a key of another table.
fn with(table: &str, key: &str, value: &str) -> (String, usize, usize) {
    let mut text = String::new();
    let mut place = (0, 0);
    for (name, keys) in GOOD {
        for (key, value) in keys {
            text.push_str(&format!("# {key} = {value} under [{name}]\n"));
        }
        text.push_str(&format!("  [{name}] # {key}\n"));
        for (known, good) in keys {
            let found = name == table && *known == key;
            let line = format!("{known}  =  {}", if found { value } else { good });
            if found {
                place = (text.lines().count() + 1, line.len() - value.len() + 1);
            }
            text.push_str(&line);
            text.push_str(&format!(" # {key}\n"));
        }
        if name == "docebo.statuses" {
            text.push_str(&format!(
                "\"{key} = {value} \\u00e9\" = \"Subscribed\"\n",
                value = value.replace(['"', '\\'], "")
            ));
        }
    }
    assert!(place.0 > 0, "{table}.{key} is not a key of the configuration");
    (text, place.0, place.1)
}

#[test]
fn the_good_configuration_is_accepted() {
    let (text, ..) = with("sync", "grace_hours", "24");
    file::load(Path::new("tieout.toml"), &text, &Overrides::default()).expect("settings");
    file::load_freshness(Path::new("tieout.toml"), &text, None).expect("settings");
    file::load_org(Path::new("tieout.toml"), &text).expect("settings");
    for (table, keys) in GOOD {
        for (key, _) in keys {
            let template = file::TEMPLATE.replace("# ", "");
            assert!(table == "docebo.statuses" || template.contains(&format!("\n{key} = ")), "{key} is not explained");
        }
    }
}

/// Words of the parser and the program, which mean nothing to the reader of a message.
const JARGON: [&str; 14] = [
    "u8",
    "u16",
    "u32",
    "u64",
    "i64",
    "usize",
    "struct",
    "variant",
    "untagged",
    "enum",
    "invalid type",
    "expected a",
    "expected ",
    "string",
];

/// Every key with a value of every wrong type: the message names the key, what it must be and what was found, at the
/// place of the value.
#[test]
fn a_value_of_the_wrong_type_is_explained_at_its_place() {
    let values = [
        ("\"a day\"", "text"),
        ("7", "number"),
        ("-1", "negative"),
        ("99999999999999999999999", "large"),
        ("1.5", "fraction"),
        ("true", "truth"),
        ("[true]", "list"),
        ("[[1]]", "list"),
        ("{ x = 1 }", "table"),
        ("2026-11-20", "date"),
        ("07:30:00", "date"),
    ];
    for (table, keys) in GOOD {
        for (key, good) in keys {
            for (value, kind) in values {
                let same = match kind {
                    "text" => good.starts_with(['"', '\'', '[', 'f']) || good.starts_with("2026"),
                    "number" => good.parse::<u32>().is_ok() || *key == "max_unreadable_rows",
                    "truth" => ["true", "false"].contains(good),
                    "date" => key.ends_with("ed_at"),
                    _ => false,
                };
                if same {
                    continue;
                }
                let (text, line, column) = with(table, key, value);
                let (found_line, found_column, what) = fault(&text);
                // A fault inside a list is at its own place, one or two brackets further on.
                let inside = value.trim_start_matches('[').len();
                let columns = column..=column + value.len() - inside;
                assert!(
                    found_line == line && columns.contains(&found_column),
                    "{found_line}:{found_column} instead of {line}:{column}: {what}"
                );
                assert!(what.starts_with(&format!("`{table}.{key}` must be ")), "{what}");
                assert!(what.contains(" (found "), "{what}");
                for word in JARGON {
                    assert!(!what.contains(word), "`{word}` is in: {what}");
                }
            }
        }
    }
}

#[test]
fn the_messages_of_wrong_types() {
    let mut text = String::new();
    for (table, key, value) in [
        ("sync", "grace_hours", "\"a day\""),
        ("sync", "grace_hours", "-1"),
        ("sync", "grace_hours", "70_000"),
        ("sync", "date_tolerance_minutes", "0.5"),
        ("sync", "enrollment_mode", "\"live\""),
        ("sync", "incidents", "[\"a.csv\"]"),
        ("salesforce", "api_budget_percent", "0"),
        ("salesforce", "snapshot", "\"\""),
        ("docebo", "enrollments", "[\"a.csv\", 2]"),
        ("docebo", "exported_at", "true"),
        ("docebo", "exported_at", "2026-11-20"),
        ("docebo", "date_order", "1"),
        ("docebo.columns", "sfdc_id", "0"),
        ("docebo.columns", "status", "{ heading = \"Status\" }"),
        ("docebo.statuses", "Iscritto", "3"),
        ("docebo.statuses", "Iscritto", "\"Enrolled\""),
        ("mapping", "provisioning", "\"yes\""),
        ("scope", "courses", "601"),
        ("scope", "courses", "[601, \"602\"]"),
        ("scope", "courses", "\"some\""),
        ("freshness", "webhook_on", "\"never\""),
        ("freshness", "warn_after_hours", "169"),
    ] {
        let (configuration, line, _) = with(table, key, value);
        let (found, column, what) = fault(&configuration);
        assert_eq!(found, line, "{what}");
        text.push_str(&format!("{key} = {value}\n    column {column}: {what}\n"));
    }
    insta::assert_snapshot!("configuration-values", text);
}

/// Values of the right type that mean nothing: the place is that of the value, though the key and the value occur
/// before it.
#[test]
fn a_value_that_means_nothing_is_named_at_its_place() {
    for (table, key, value) in [
        ("docebo", "platform_url", "\"javascript:alert(1)\""),
        ("salesforce", "instance_url", "\"acme\""),
        ("docebo", "exported_at", "\"yesterday\""),
        ("docebo", "exported_at", "2026-11-20T06:00:00"),
        ("salesforce", "extracted_at", "\"2026-11-20\""),
        ("docebo", "time_zone", "\"Europe/Berlyn\""),
        ("docebo", "users", "'users[.csv'"),
        ("docebo.statuses", "Iscritto", "\"Enrolled\""),
        ("scope", "courses", "\"some\""),
        ("freshness", "warn_after_hours", "169"),
    ] {
        let (text, line, column) = with(table, key, value);
        let (found_line, found_column, what) = fault(&text);
        assert_eq!((found_line, found_column), (line, column), "{what}");
        let name = if table == "docebo.statuses" { "docebo.statuses".to_owned() } else { format!("{table}.{key}") };
        assert!(what.starts_with(&format!("`{name}")), "{what}");
    }
}

/// A key that is missing is named at the heading of its table; where that is missing too, at the start of the file.
#[test]
fn a_missing_key_is_named_at_the_heading_of_its_table() {
    for (text, line, key) in [
        ("# snapshot\n[docebo]\nusers = 'snapshot'\n", 1, "salesforce.snapshot"),
        ("# snapshot\n[docebo]\nusers = 'snapshot'\n\n[salesforce] # snapshot\n", 5, "salesforce.snapshot"),
        ("# enrollments\n[salesforce]\nsnapshot = 'enrollments'\n", 1, "docebo.enrollments"),
        ("[salesforce]\nsnapshot = 'enrollments'\n\n[docebo]\n[sync]\n", 4, "docebo.enrollments"),
        ("[salesforce]\nsnapshot = 'enrollments'\n\n[docebo.columns]\n", 4, "docebo.enrollments"),
        ("salesforce = { snapshot = 'x' }\ndocebo = {}\n", 2, "docebo.enrollments"),
    ] {
        let (found, column, what) = fault(text);
        assert_eq!((found, column), (line, 1), "{what}\n{text}");
        assert!(what.starts_with(&format!("`{key}`: is missing")), "{what}");
    }
    let error = file::load_org(Path::new("tieout.toml"), "# org\n[mapping]\n[salesforce]\n").expect_err("no org");
    assert!(error.to_string().starts_with("tieout.toml:3:1: `salesforce.org`: is missing"), "{error}");
}

/// The first fault of the file is the one that is reported, and an unknown key is one.
#[test]
fn the_first_fault_of_the_file_is_reported() {
    let (line, column, what) = fault("[sync]\ngrace_hours = 'x'\n[salesforce]\nsnapshoot = 'a'\n[docebo]\nusers = 1\n");
    assert_eq!((line, column), (2, 15), "{what}");
    let (line, column, what) = fault("[sync]\n[salesforce]\n  snapshoot = 'a'\n[docebo]\nusers = 1\n");
    assert_eq!((line, column, what.as_str()), (3, 3, "unknown key `snapshoot`; did you mean `snapshot`?"));
    let (line, column, what) = fault("\u{feff}sync = 5\r\n");
    assert_eq!((line, column), (1, 8), "{what}");
    assert!(what.contains("the heading [sync]"), "{what}");
    let (line, _, what) = fault("[salesforce]\nsnapshot = 's'\n[[docebo]]\nusers = 'u'\n");
    assert_eq!(line, 3, "{what}");
    assert!(what.starts_with("`docebo` must be a table") && what.ends_with("(found a list)"), "{what}");
}

/// A Windows path in double quotes: whether TOML refuses its backslashes or takes them for characters, the message
/// shows how to write it.
#[test]
fn backslashes_of_a_path_are_explained() {
    for (path, quoted) in [
        ("users", r"C:\Users\ada\users.csv"),
        ("users", r"C:\ada\users.csv"),
        ("users", r"C:\new\users.csv"),
        ("users", r"C:\temp\users.csv"),
        ("users", r"C:\backup"),
        ("users", r"C:\export\data"),
        ("users", r"C:\new\"),
        ("users", r"\\server\share\users.csv"),
    ] {
        let text =
            format!("[salesforce]\nsnapshot = 'users'\n[docebo]\n{path} = \"{quoted}\" # {path}\nenrollments = 'e'\n");
        let (line, column, what) = fault(&text);
        assert_eq!((line, column), (4, 9), "{what}");
        assert!(what.contains(&format!("{path} = '{quoted}'")), "{what}");
        assert!(what.contains(&quoted.replace('\\', "/")), "{what}");
    }
    let (line, column, what) = fault("[salesforce]\nsnapshot = 's'\n[docebo]\nusers = ['a', \"C:\\Users\\b\"]\n");
    assert_eq!((line, column), (4, 15), "{what}");
    assert!(what.contains(r"'C:\Users\b'"), "{what}");
    for key in ["snapshot", "incidents", "webhook_template"] {
        let table = GOOD.iter().find(|(_, keys)| keys.iter().any(|(known, _)| *known == key)).expect("a table").0;
        let (text, line, column) = with(table, key, "\"C:\\temp\\new\"");
        let (found_line, found_column, what) = fault(&text);
        assert_eq!((found_line, found_column), (line, column), "{what}");
        assert!(what.contains("control character U+0009") && what.contains(r"'C:\temp\new'"), "{what}");
    }
}

/// What is not TOML at all.
#[test]
fn what_cannot_be_parsed_is_explained() {
    let mut text = String::new();
    for broken in [
        "[salesforce\n",
        "[sync]\ngrace_hours = 24h\n",
        "[sync]\ngrace_hours =\n",
        "[sync]\ngrace_hours = 1\ngrace_hours = 2\n",
        "[docebo]\nusers = C:\\Users\\ada\n",
        "[docebo]\nusers = \"users.csv\n",
        "[mapping]\nprovisioning = True\n",
    ] {
        let (line, column, what) = fault(broken);
        text.push_str(&format!("{line}:{column}: {what}\n"));
    }
    insta::assert_snapshot!("configuration-not-toml", text);
}

/// A flag is named as the flag, not at a place of the file.
#[test]
fn a_wrong_flag_is_not_blamed_on_the_file() {
    let (text, ..) = with("docebo", "time_zone", "\"nowhere\"");
    for (overrides, flag) in [
        (Overrides { time_zone: Some("Europe/Berlyn".to_owned()), ..Overrides::default() }, "--time-zone: "),
        (Overrides { exported_at: Some("soon".to_owned()), ..Overrides::default() }, "--exported-at: "),
    ] {
        let error = file::load(Path::new("tieout.toml"), &text, &overrides).expect_err("a wrong flag");
        assert!(matches!(&error, Error::Usage(what) if what.starts_with(flag)), "{error}");
    }
    let right = Overrides { time_zone: Some("Europe/Berlin".to_owned()), ..Overrides::default() };
    file::load(Path::new("tieout.toml"), &text, &right).expect("a flag wins over the file");
}
