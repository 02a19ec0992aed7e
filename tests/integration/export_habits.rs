//! The export as people have it: dates, ids and words as programs write them, rows as spreadsheets save them. What can be
//! read reads as the plain file does; what cannot is named, with what its row still says, or ends the run.

use tieout::error::Error;
use tieout::inputs::docebo::{Export, read};
use tieout::model::excluded::{Exclusion, Reject};
use tieout::progress::Progress;
use tieout::settings::ColumnName;
use tieout::settings::file::{Overrides, load};

use crate::inputs::Inputs;
use crate::{audit, ledger_rows};

const ENROLLMENTS: &str = "enrollments.csv";
const USERS: &str = "users.csv";
const DATES: [&str; 4] = ["Enrollment Date", "Completion Date", "Course First Access Date", "Course Last Access Date"];

/// A small world on disk, whose export is then changed.
struct Case(Inputs);

impl std::ops::Deref for Case {
    type Target = Inputs;

    fn deref(&self) -> &Inputs {
        &self.0
    }
}

/// A report as cells, the headings first.
type Cells = Vec<Vec<String>>;

impl Case {
    fn new() -> Self {
        Self(Inputs::saved_by_hand(60))
    }

    fn cells(&self, name: &str) -> Cells {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_path(self.path(name)).expect("a report");
        reader.deserialize().map(|row| row.expect("a row")).collect()
    }

    fn write(&self, name: &str, cells: &Cells) {
        let mut writer = csv::WriterBuilder::new().flexible(true).from_path(self.path(name)).expect("a file");
        cells.iter().for_each(|row| writer.write_record(row).expect("a row"));
        writer.flush().expect("a writable file");
    }

    /// Changes a report as cells.
    fn edit(&self, name: &str, edit: impl FnOnce(&mut Cells)) {
        let mut cells = self.cells(name);
        edit(&mut cells);
        self.write(name, &cells);
    }

    /// Changes each cell of a column: by its text and the number of its row.
    fn edit_column(&self, name: &str, heading: &str, edit: impl Fn(&str, usize) -> String) {
        self.edit(name, |cells| {
            let at = column(cells, heading);
            for (number, row) in cells.iter_mut().enumerate().skip(1) {
                row[at] = edit(&row[at], number);
            }
        });
    }

    /// Changes every date of the enrollments that is there.
    fn edit_dates(&self, edit: impl Fn(&str, Parts) -> String) {
        for heading in DATES {
            self.edit_column(ENROLLMENTS, heading, |text, _| {
                if text.is_empty() { String::new() } else { edit(heading, Parts::parse(text)) }
            });
        }
    }

    fn configure(&self, line: &str) {
        self.0.edit("tieout.toml", |text| text.replace("[docebo]", &format!("[docebo]\n{line}")));
    }

    /// What an audit says of every enrollment, with the number of rejects.
    fn judged(&self) -> (Vec<Vec<String>>, u64) {
        let report = audit(self.folder.path()).unwrap_or_else(|error| panic!("{error}"));
        let rows = ledger_rows(&report, "ledger/enrollments.csv");
        let rows = rows.into_iter().map(|row| row.into_values().collect()).collect();
        (rows, report.totals().enrollments.docebo.rejected + report.totals().learners.rejected)
    }

    fn export(&self) -> Result<Export, Error> {
        let settings = load(&self.path("tieout.toml"), &self.text("tieout.toml"), &Overrides::default())?;
        read(&settings, || Ok(tieout::model::courses::CourseCodes::new()), &Progress::hidden())
    }

    /// The rejects of the export, with their lines.
    fn rejects(&self) -> Vec<(u32, Reject)> {
        let export = self.export().unwrap_or_else(|error| panic!("{error}"));
        let rejects = export.excluded.into_iter().filter_map(|(_, row)| match row.why {
            Exclusion::Unreadable(reject) => Some((row.line, Reject::clone(&reject))),
            Exclusion::Archived | Exclusion::Repeated | Exclusion::Contradictory(_) => None,
        });
        rejects.collect()
    }

    /// The run ends with this exit code, and says these parts.
    fn ends(&self, code: u8, parts: &[&str]) {
        let error = self.export().expect_err("an error");
        assert_eq!(error.exit() as u8, code, "{error}");
        for part in parts {
            assert!(error.to_string().contains(part), "`{part}` is not said: {error}");
        }
    }
}

fn column(cells: &Cells, heading: &str) -> usize {
    cells[0].iter().position(|known| known == heading).expect("a heading")
}

/// The parts of a date as Docebo writes it.
#[derive(Clone, Copy)]
struct Parts {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
}

impl Parts {
    fn parse(text: &str) -> Self {
        let number = |from: usize, to: usize| text[from..to].parse().expect("a number");
        let [year, month, day] = [number(0, 4), number(5, 7), number(8, 10)];
        let [hour, minute, second] = [number(11, 13), number(14, 16), number(17, 19)];
        Self { year, month, day, hour, minute, second }
    }

    fn clock(self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    fn half_day_clock(self) -> String {
        let half = if self.hour < 12 { "AM" } else { "PM" };
        format!("{}:{:02}:{:02} {half}", (self.hour + 11) % 12 + 1, self.minute, self.second)
    }

    fn unix(self) -> i64 {
        let parts =
            [self.month, self.day, self.hour, self.minute, self.second].map(|n| i8::try_from(n).expect("small"));
        let year = i16::try_from(self.year).expect("a year");
        let date = jiff::civil::date(year, parts[0], parts[1]).at(parts[2], parts[3], parts[4], 0);
        date.to_zoned(jiff::tz::TimeZone::UTC).expect("a moment").timestamp().as_second()
    }

    #[expect(clippy::cast_precision_loss, reason = "seconds of this century")]
    fn serial(self) -> f64 {
        self.unix() as f64 / 86_400.0 + 25_569.0
    }
}

const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const NOMI: [&str; 12] = ["gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"];

#[test]
fn dates_in_whatever_form_read_as_the_plain_ones() {
    let plain = Case::new().judged();
    assert_eq!(plain.1, 0);
    type Writer = fn(&str, Parts) -> String;
    let writers: [(&str, Writer); 12] = [
        ("m/d/yy", |_, p| format!("{}/{}/{:02} {}", p.month, p.day, p.year % 100, p.clock())),
        ("dd.mm.yy", |_, p| format!("{:02}.{:02}.{:02} {}", p.day, p.month, p.year % 100, p.clock())),
        ("months by name", |_, p| format!("{:02} {} {} {}", p.day, NAMES[p.month as usize - 1], p.year, p.clock())),
        ("US in full", |_, p| format!("{} {}, {} {}", NAMES[p.month as usize - 1], p.day, p.year, p.half_day_clock())),
        ("Oracle", |_, p| {
            format!("{:02}-{}-{:02} {}", p.day, NAMES[p.month as usize - 1].to_uppercase(), p.year % 100, p.clock())
        }),
        ("Italian", |_, p| format!("{} {} {} {}", p.day, NOMI[p.month as usize - 1], p.year, p.clock())),
        ("ISO with AM and PM", |_, p| format!("{}-{:02}-{:02} {}", p.year, p.month, p.day, p.half_day_clock())),
        ("UTC", |_, p| format!("{}-{:02}-{:02} {} UTC", p.year, p.month, p.day, p.clock())),
        ("compact", |_, p| format!("{}{:02}{:02}{:02}{:02}{:02}", p.year, p.month, p.day, p.hour, p.minute, p.second)),
        ("seconds since 1970", |_, p| p.unix().to_string()),
        ("serial with a comma", |_, p| format!("{:.9}", p.serial()).replace('.', ",")),
        ("each column otherwise", |heading, p| match heading {
            "Enrollment Date" => format!("{}/{}/{} {}", p.month, p.day, p.year, p.clock()),
            "Completion Date" => format!("{:.9}", p.serial()),
            _ => format!("{}-{:02}-{:02} {}", p.year, p.month, p.day, p.clock()),
        }),
    ];
    for (name, writer) in writers {
        let case = Case::new();
        case.edit_dates(writer);
        assert_eq!(case.judged(), plain, "{name}");
    }
}

#[test]
fn a_configured_pattern_settles_the_dates() {
    let plain = Case::new().judged();
    let case = Case::new();
    case.edit_dates(|_, p| format!("{:02}-{:02}-{:02} {}", p.year % 100, p.month, p.day, p.clock()));
    case.ends(4, &["two digits", "date_format"]);
    case.configure("date_format = \"%y-%m-%d %H:%M:%S\"");
    assert_eq!(case.judged(), plain);
    let case = Case::new();
    case.configure("date_format = \"dd/mm/yyyy\"");
    case.ends(2, &["docebo.date_format", "tieout.toml:", "%d/%m/%Y"]);
    let case = Case::new();
    case.configure("date_format = \"%d/%m/%Y\"");
    case.ends(4, &["does not follow docebo.date_format", "`Enrollment Date`", "line 2"]);
}

#[test]
fn a_pattern_that_is_not_understood_ends_the_run() {
    let case = Case::new();
    case.edit_column(ENROLLMENTS, "Enrollment Date", |text, number| {
        if number % 4 == 2 { format!("{text} o'clock") } else { text.to_owned() }
    });
    case.ends(
        4,
        &[
            "enrollments.csv: ",
            "(24%)",
            "`Enrollment Date`",
            "line 3",
            "o'clock",
            "date_format = ",
            "enrollment_date = ",
        ],
    );
    // A few of them are a list.
    let case = Case::new();
    case.edit_column(
        ENROLLMENTS,
        "Enrollment Date",
        |text, number| if number < 5 { "soon".to_owned() } else { text.to_owned() },
    );
    assert_eq!(case.rejects().len(), 4);
    // Unless there is nothing else.
    case.edit(ENROLLMENTS, |cells| cells.truncate(4));
    case.ends(4, &["none of the 3 rows can be read"]);
}

#[test]
fn words_that_mean_nothing_are_blank_where_the_configuration_says_so() {
    let plain = Case::new().judged();
    let case = Case::new();
    let null = |text: &str, number: usize| match text {
        "" if number.is_multiple_of(2) => " N/A".to_owned(),
        "" => "null".to_owned(),
        text => text.to_owned(),
    };
    case.edit_column(ENROLLMENTS, "Completion Date", null);
    case.ends(4, &["`Completion Date`", "null_values = [", "\"null\""]);
    case.configure("null_values = [\"n/a\", \"NULL\"]");
    assert_eq!(case.judged(), plain);
}

#[test]
fn an_id_with_a_thousands_separator_is_not_read() {
    let grouped =
        |text: &str, separator: &str| format!("{}{separator}{}", &text[..text.len() - 3], &text[text.len() - 3..]);
    for separator in [",", ".", " ", "'", "\u{a0}"] {
        let case = Case::new();
        case.edit_column(USERS, "User unique ID", |text, _| grouped(text, separator));
        case.ends(
            4,
            &["users.csv", "none of the", "`User unique ID`", "thousands separator", "line 2", "plain number"],
        );
    }
    let case = Case::new();
    let id = case.cells(USERS)[1].clone();
    case.edit_column(
        USERS,
        "User unique ID",
        |text, number| if number == 1 { grouped(text, ".") } else { format!(" {text} ") },
    );
    let rejects = case.rejects();
    let username = id[column(&case.cells(USERS), "Username")].clone();
    assert_eq!(rejects.len(), 1, "{rejects:?}");
    assert_eq!((rejects[0].1.learner, rejects[0].1.username.as_ref()), (None, Some(&username)));
}

#[test]
fn an_unreadable_row_still_says_whose_it_is() {
    let case = Case::new();
    let cells = case.cells(ENROLLMENTS);
    let text = |row: usize, heading: &str| cells[row][column(&cells, heading)].clone();
    let status = column(&cells, "Course Enrollment Status");
    case.edit(ENROLLMENTS, |cells| {
        let enrolled = column(cells, "Enrollment Date");
        let course = column(cells, "Course Internal ID");
        cells[1][enrolled] = "soon".to_owned();
        cells[2][course] = "the first".to_owned();
        cells[3].truncate(status);
        cells[4].truncate(course + 1);
        cells[5].push("one too many".to_owned());
        cells[6].extend(["".to_owned(), " ".to_owned()]);
        cells[7][enrolled] = "#REF!".to_owned();
    });
    let rejects = case.rejects();
    let found: Vec<(u32, &str, &str, bool, bool, bool)> = rejects
        .iter()
        .map(|(line, r)| (*line, &*r.column, &*r.value, r.learner.is_some(), r.course.is_some(), r.username.is_some()))
        .collect();
    assert_eq!(
        found,
        [
            (2, "Enrollment Date", "soon", true, true, true),
            (3, "Course Internal ID", "the first", true, false, true),
            (4, "", "", true, true, true),
            // The last cell that is there may be cut.
            (5, "", "", true, false, true),
            (6, "", "", false, false, false),
            (8, "Enrollment Date", "#REF!", true, true, true),
        ]
    );
    assert!(rejects[5].1.reason.contains("is a spreadsheet error"), "{rejects:?}");
    let first = &rejects[0].1;
    assert_eq!(first.learner.map(|id| id.to_string()), Some(text(1, "User unique ID")));
    assert_eq!(first.course.map(|id| id.to_string()), Some(text(1, "Course Internal ID")));
    assert_eq!(first.username, Some(text(1, "Username")));
}

#[test]
fn dropped_trailing_delimiters_are_blank_cells() {
    let plain = Case::new().judged();
    let drop_blanks = |cells: &mut Cells| {
        for row in &mut cells[1..] {
            while row.last().is_some_and(String::is_empty) {
                row.pop();
            }
        }
    };
    let case = Case::new();
    case.edit(ENROLLMENTS, drop_blanks);
    assert_eq!(case.judged(), plain);
    // A learner without an `sfdc_id` in the last column of the Users report.
    let case = Case::new();
    let moved = |cells: &mut Cells| {
        let at = column(cells, "sfdc_id");
        for (number, row) in cells.iter_mut().enumerate() {
            let id = row.remove(at);
            row.push(if (1..4).contains(&number) { String::new() } else { id });
        }
    };
    case.edit(USERS, moved);
    let full = case.judged();
    case.edit(USERS, drop_blanks);
    assert_eq!(case.judged(), full);
}

#[test]
fn a_row_that_is_cut_off_is_not_read() {
    // The only short row of a file.
    let case = Case::new();
    let width = case.cells(ENROLLMENTS)[0].len();
    case.edit(ENROLLMENTS, |cells| cells[3].truncate(width - 1));
    let rejects = case.rejects();
    assert_eq!(
        rejects.iter().map(|(line, reject)| (*line, &*reject.reason)).collect::<Vec<_>>(),
        [(4, &*format!("too few cells: {}, but the header row has {width}", width - 1))]
    );
    assert!(rejects[0].1.learner.is_some() && rejects[0].1.course.is_some());
    let (_, unreadable) = case.judged();
    assert_eq!(unreadable, 1, "the row is taken back");
    // The last row of a file with the habit, without a line end.
    let case = Case::new();
    case.edit(ENROLLMENTS, |cells| {
        let last = cells.len() - 1;
        [2, 4, 6, last].into_iter().for_each(|row| cells[row].truncate(width - 1));
    });
    assert_eq!(case.rejects(), []);
    let bytes = std::fs::read(case.path(ENROLLMENTS)).expect("a file");
    std::fs::write(case.path(ENROLLMENTS), bytes.trim_ascii_end()).expect("writable");
    let lines = u32::try_from(case.text(ENROLLMENTS).lines().count()).expect("few lines");
    assert_eq!(case.rejects().into_iter().map(|(line, _)| line).collect::<Vec<_>>(), [lines]);
}

#[test]
fn the_archived_mark_in_the_words_of_the_export() {
    let plain = Case::new().judged();
    let case = Case::new();
    case.edit(ENROLLMENTS, |cells| {
        let at = column(cells, "Archived Enrollment");
        cells[0][at] = "Archived Enrollment (Yes / No)".to_owned();
    });
    assert_eq!(case.judged(), plain);
    let words = |yes: &'static str, no: &'static str| {
        move |text: &str, _: usize| if text == "Yes" { yes } else { no }.to_owned()
    };
    for (yes, no) in
        [("Tak", "Nie"), ("\u{306f}\u{3044}", "\u{3044}\u{3044}\u{3048}"), ("Evet", "Hay\u{131}r"), ("WAHR", "FALSCH")]
    {
        let case = Case::new();
        case.edit_column(ENROLLMENTS, "Archived Enrollment", words(yes, no));
        assert_eq!(case.judged(), plain, "{yes}");
    }
    let case = Case::new();
    case.edit_column(ENROLLMENTS, "Archived Enrollment", words("Abgelegt", "Offen"));
    case.ends(4, &["`Archived Enrollment`", "archived_words = "]);
    case.configure("archived_words = [\"abgelegt\"]");
    assert_eq!(case.judged(), plain);
}

#[test]
fn a_few_dates_that_contradict_the_others_are_unreadable_rows() {
    for (date, enrolled) in [("31/01/2026", "2026-01-31 10:00:00"), ("2026-01-31 10:00:00Z", "2026-01-31 10:00:00")] {
        let case = Case::new();
        case.edit_column(
            ENROLLMENTS,
            "Enrollment Date",
            |text, number| if number == 5 { date.to_owned() } else { text.to_owned() },
        );
        let rejects = case.rejects();
        assert_eq!(rejects.len(), 1, "{date}: {rejects:?}");
        assert_eq!((rejects[0].0, &*rejects[0].1.column, &*rejects[0].1.value), (6, "Enrollment Date", date));
        // The row is gone as if it had been unreadable from the start.
        let soon = Case::new();
        soon.edit_column(
            ENROLLMENTS,
            "Enrollment Date",
            |text, number| if number == 5 { "soon".to_owned() } else { text.to_owned() },
        );
        assert_eq!(case.judged(), soon.judged(), "{date} for {enrolled}");
    }
}

#[test]
fn columns_whose_absence_changes_the_results_are_named() {
    let case = Case::new();
    assert_eq!(case.export().expect("an export").missing_columns, []);
    case.edit(ENROLLMENTS, |cells| {
        for heading in ["Archived Enrollment", "Completion Date", "Course First Access Date", "Course Last Access Date"]
        {
            let at = column(cells, heading);
            cells[0][at] = format!("Old {heading}");
        }
    });
    let export = case.export().expect("an export");
    let missing: Vec<ColumnName> = export.missing_columns.iter().map(|missing| missing.column).collect();
    assert_eq!(
        missing,
        [ColumnName::Archived, ColumnName::CompletionDate, ColumnName::FirstAccess, ColumnName::LastAccess]
    );
    assert!(
        export.missing_columns.iter().all(|missing| missing.file == ENROLLMENTS && !missing.consequence.is_empty())
    );
    let completions: Vec<bool> = export.files.iter().map(|file| file.has_completion_dates).collect();
    assert_eq!(completions, [true, false]);
}

#[test]
fn headings_alone_are_no_rows_with_a_caveat() {
    let case = Case::new();
    case.edit(USERS, |cells| cells.truncate(1));
    let export = case.export().expect("an export");
    assert_eq!(export.caveats, ["users.csv has a header row but no data rows."]);
    std::fs::write(case.path(ENROLLMENTS), "\n\n").expect("writable");
    case.ends(4, &["no line of headings"]);
}

#[test]
fn the_newest_date_of_an_export_is_known_once_day_and_month_are() {
    let newest = |case: &Case| {
        let report = audit(case.folder.path()).expect("a report");
        crate::reconciliation(&report).relations.newest_of_export.map(|time| time.to_string())
    };
    let plain = newest(&Case::new());
    assert!(plain.is_some());
    let case = Case::new();
    case.edit_dates(|_, p| format!("{}/{}/{} {}", p.month, p.day, p.year, p.clock()));
    assert_eq!(newest(&case), plain, "after day and month are exchanged");
}

/// A date without a time among dates to the second says no more than its day, and agrees with any time of that day.
#[test]
fn a_date_alone_among_times_is_compared_by_its_day() {
    let case = Case::new();
    let values = |rows: Vec<Vec<String>>| rows.into_iter().map(|row| row[5].clone()).collect::<Vec<_>>();
    let plain = values(case.judged().0);
    case.edit_column(ENROLLMENTS, "Enrollment Date", |text, number| {
        if number == 3 { text.split(' ').next().unwrap_or_default().to_owned() } else { text.to_owned() }
    });
    let (with_a_date, rejects) = case.judged();
    assert_eq!(rejects, 0);
    assert!(with_a_date.iter().flatten().any(|cell| cell.len() == "2026-04-03".len() && cell.starts_with("20")));
    assert_eq!(values(with_a_date), plain);
}

/// A first line that sets another delimiter than the file has is named as the fault.
#[test]
fn a_line_that_sets_another_delimiter_is_named() {
    let case = Case::new();
    case.0.edit(ENROLLMENTS, |text| format!("sep=;\n{text}"));
    let error = audit(case.folder.path()).expect_err("an error").to_string();
    assert!(error.contains("`sep=`") && error.contains("that `;` stands between the cells"), "{error}");
    assert!(error.contains("remove the first line"), "{error}");
    case.0.edit(ENROLLMENTS, |text| text.replacen("sep=;", "sep=,", 1));
    audit(case.folder.path()).expect("a report");
}
