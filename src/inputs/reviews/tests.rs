//! Reviews as text, and merging a filled-in sheet into earlier ones.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Column, Columns, Filled, Review, Reviews, Sheet, Status, Taken, letters, lines, parse, take};
use crate::model::label::Label as _;
use crate::model::text::is_active;

const COLUMNS: Columns = Columns { at: [0, 15, 16, 17] };
const KNOWN: [&str; 3] = ["F-A", "F-B", "F-C"];

fn review(status: Option<Status>, owner: &str, comment: &str, run: &str) -> Review {
    Review { status, owner: owner.to_owned(), comment: comment.to_owned(), run: run.to_owned() }
}

fn row(row: u32, key: &str, status: &str, owner: &str, comment: &str) -> Filled {
    let [key, status, owner, comment] = [key, status, owner, comment].map(str::to_owned);
    Filled { row, key, status, owner, comment, errors: Vec::new() }
}

fn merge(rows: Vec<Filled>, before: &Reviews) -> Taken {
    take(&Sheet { run: None, columns: COLUMNS, rows }, &KNOWN, before, "R-2", 3)
}

/// One finding, F-A: its earlier review, its row, and the result.
fn one(before: Option<Review>, status: &str, owner: &str, comment: &str) -> (Option<Review>, String) {
    let before: Reviews = before.into_iter().map(|review| ("F-A".to_owned(), review)).collect();
    let rows = vec![row(2, "F-A", status, owner, comment), row(3, "F-B", "", "", ""), row(4, "F-C", "", "", "")];
    let mut taken = merge(rows, &before);
    assert_eq!(taken.deleted, Vec::<String>::new());
    let message = match taken.refused.pop() {
        Some(refused) => format!("refused: {}", refused.why),
        None => match (taken.new, taken.changed, taken.withdrawn.len(), taken.unchanged) {
            (0, 0, 0, 0) => "nothing",
            (1, 0, 0, 0) => "new",
            (0, 1, 0, 0) => "changed",
            (0, 0, 1, 0) => "withdrawn",
            (0, 0, 0, 1) => "unchanged",
            _ => "counted twice",
        }
        .to_owned(),
    };
    (taken.reviews.remove("F-A"), message)
}

#[test]
fn a_row_meets_an_earlier_review() {
    let open = || review(Some(Status::Open), "Ada", "asked", "R-1");
    let raised = Some(Status::RaisedWithDocebo);
    for (before, cells, after, message) in [
        (None, ["", "", ""], None, "nothing"),
        (None, [" ", "\u{a0}", "\n"], None, "nothing"),
        (None, ["Open", "", ""], Some(review(Some(Status::Open), "", "", "R-2")), "new"),
        (None, ["", "Ada", ""], Some(review(None, "Ada", "", "R-2")), "new"),
        (None, ["", "", " a\r\nb "], Some(review(None, "", "a\nb", "R-2")), "new"),
        (None, [" RAISED  with\u{a0}docebo", "", ""], Some(review(raised, "", "", "R-2")), "new"),
        (Some(open()), ["open", "Ada ", "asked"], Some(open()), "unchanged"),
        (Some(open()), ["Raised with Docebo", "Ada", "asked"], Some(review(raised, "Ada", "asked", "R-2")), "changed"),
        (Some(open()), ["", "Ada", "asked"], Some(review(None, "Ada", "asked", "R-2")), "changed"),
        (Some(open()), ["", "", ""], None, "withdrawn"),
        (Some(Review::default()), ["", "", ""], Some(Review::default()), "unchanged"),
        (
            Some(open()),
            ["Opne", "Bo", ""],
            Some(open()),
            "refused: Findings!P2 says `Opne`, which is no status; did you mean `Open`?",
        ),
    ] {
        assert_eq!(
            one(before.clone(), cells[0], cells[1], cells[2]),
            (after, message.to_owned()),
            "{before:?} {cells:?}"
        );
    }
}

#[test]
fn a_bad_status_is_told_with_what_may_have_been_meant() {
    let message = |status: &str| one(None, status, "", "").1;
    insta::assert_snapshot!(
        ["wontfix", "Fixed in Salesfroce", "raised with docebo!", "done", "5", "a\u{1b}[31m\u{202e}", &"x".repeat(300)].map(message).join("\n"),
        @r"
    refused: Findings!P2 says `wontfix`, which is no status; the statuses are Open, Investigating, Raised with Docebo, Fixed in Salesforce, Fixed in Docebo, Expected difference, Will not fix
    refused: Findings!P2 says `Fixed in Salesfroce`, which is no status; did you mean `Fixed in Salesforce`?
    refused: Findings!P2 says `raised with docebo!`, which is no status; did you mean `Raised with Docebo`?
    refused: Findings!P2 says `done`, which is no status; the statuses are Open, Investigating, Raised with Docebo, Fixed in Salesforce, Fixed in Docebo, Expected difference, Will not fix
    refused: Findings!P2 says `5`, which is no status; the statuses are Open, Investigating, Raised with Docebo, Fixed in Salesforce, Fixed in Docebo, Expected difference, Will not fix
    refused: Findings!P2 says `a[U+001B][31m[U+202E]`, which is no status; the statuses are Open, Investigating, Raised with Docebo, Fixed in Salesforce, Fixed in Docebo, Expected difference, Will not fix
    refused: Findings!P2 says `xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…`, which is no status; the statuses are Open, Investigating, Raised with Docebo, Fixed in Salesforce, Fixed in Docebo, Expected difference, Will not fix
    "
    );
}

#[test]
fn everything_wrong_with_a_row_is_told_at_once() {
    let long = "\u{1f600}".repeat(2_001);
    let message = one(None, "opn", &"o".repeat(201), &long).1;
    assert_eq!(
        message,
        "refused: Findings!P2 says `opn`, which is no status; did you mean `Open`?; \
         Findings!Q2 is 201 characters long; the column Owner takes 200; \
         Findings!R2 is 2001 characters long; the column Comment takes 2000"
    );
    assert_eq!(one(None, "", &"o".repeat(200), &"\u{e9}".repeat(2_000)).1, "new");
    let kept = review(None, "", &long, "R-1");
    assert_eq!(one(Some(kept.clone()), "", "", &long), (Some(kept), "unchanged".to_owned()));
}

#[test]
fn rows_that_belong_to_no_finding_are_refused() {
    let mut broken = row(6, "", "Open", "", "");
    broken.errors.push((Column::Finding, "#REF!".to_owned()));
    let mut comment = row(7, "F-C", "Open", "", "");
    comment.errors.push((Column::Comment, "#N/A".to_owned()));
    let rows = vec![
        row(2, "F-X", "Open", "", ""),
        row(3, "", "", "Ada", ""),
        row(4, " ", "", " ", ""),
        row(5, "f-a", "", "", ""),
        broken,
        comment,
        row(1_048_576, " F-A ", "", "Ada", ""),
        row(9, "F-B", "", "", ""),
    ];
    let before = Reviews::from([("F-X".to_owned(), review(Some(Status::WillNotFix), "", "", "R-1"))]);
    let taken = merge(rows, &before);
    let why: Vec<&str> = taken.refused.iter().map(|refused| refused.why.as_str()).collect();
    insta::assert_snapshot!(why.join("\n"), @r"
    Findings!A2 says `F-X`, which is no finding of this run
    Findings!A3 is blank, so nobody knows which finding the row answers
    Findings!A5 says `f-a`, which is no finding of this run
    Findings!A6 holds the error #REF!
    Findings!R7 holds the error #N/A
    ");
    assert_eq!(taken.reviews.keys().collect::<Vec<_>>(), ["F-A", "F-X"]);
    assert_eq!(taken.reviews["F-X"], before["F-X"]);
    assert!(taken.deleted.is_empty());
}

#[test]
fn a_finding_that_stands_twice_is_taken_where_the_rows_agree() {
    let before = Reviews::from([("F-A".to_owned(), review(Some(Status::Open), "", "", "R-1"))]);
    let alike = vec![row(2, "F-A", "will not fix", "", ""), row(9, "F-A", "Will not fix ", "", "")];
    let taken = merge(alike, &before);
    assert_eq!((taken.changed, taken.refused.len()), (1, 0));
    for other in ["", "Open"] {
        let taken = merge(vec![row(9, "F-A", "Will not fix", "", ""), row(2, "F-A", other, "", "")], &before);
        assert_eq!(taken.reviews, before);
        let described: Vec<u32> = taken.refused.iter().map(|refused| refused.row).collect();
        assert_eq!(described, [2, 9]);
        assert_eq!(taken.refused[0].why, "Findings!A9, Findings!A2 name the same finding with different answers");
    }
    let taken = merge(vec![row(2, "F-A", "Will not fix", "", ""), row(3, "F-A", "Wil", "", "")], &before);
    assert_eq!((taken.reviews, taken.refused.len()), (before, 2));
}

#[test]
fn deleted_rows_close_nothing() {
    let before = Reviews::from([
        ("F-B".to_owned(), review(Some(Status::Open), "", "", "R-1")),
        ("F-Z".to_owned(), review(Some(Status::Open), "", "cleared long ago", "R-0")),
    ]);
    let sheet = Sheet { run: None, columns: COLUMNS, rows: vec![row(2, "F-C", "", "", "")] };
    let taken = take(&sheet, &KNOWN, &before, "R-2", 2);
    assert_eq!(taken.deleted, ["F-A", "F-B"]);
    assert_eq!(taken.reviews, before);
    let sheet = Sheet { rows: Vec::new(), ..sheet };
    assert_eq!(take(&sheet, &KNOWN, &before, "R-2", 3).deleted, KNOWN);
}

#[test]
fn what_the_workbook_shows_of_an_earlier_text_is_that_text() {
    let hostile = "=cmd|'/c calc'!A1\t\u{202e}txt\nsecond \u{5d0}\u{200f}";
    let before = review(Some(Status::Open), "@Ada", hostile, "R-1");
    let shown = "=cmd|'/c calc'!A1[U+0009][U+202E]txt[U+000A]second \u{5d0}[U+200F]";
    assert_eq!(one(Some(before.clone()), "Open", "@Ada", shown), (Some(before.clone()), "unchanged".to_owned()));
    assert_eq!(one(Some(before.clone()), "Open", "@Ada", hostile), (Some(before.clone()), "unchanged".to_owned()));
    let (after, message) = one(Some(before), "Investigating", "@Ada", shown);
    assert_eq!((after.expect("a review").comment.as_str(), message.as_str()), (hostile, "changed"));
}

#[test]
fn reviews_are_read_as_they_were_written() {
    let reviews = Reviews::from([
        ("F-B".to_owned(), review(None, "O\u{2019}Brien", "a\u{202e}\u{2028}\u{7f}\n\"\\\u{feff}", "R-1")),
        ("F-A".to_owned(), review(Some(Status::FixedInDocebo), "", "", "R-2")),
    ]);
    let bytes = lines(&reviews);
    let text = String::from_utf8(bytes.clone()).expect("UTF-8");
    insta::assert_snapshot!(text, @r#"
    {"key":"F-A","status":"Fixed in Docebo","owner":"","comment":"","run":"R-2"}
    {"key":"F-B","status":null,"owner":"O’Brien","comment":"a\u202e\u2028\u007f\n\"\\\ufeff","run":"R-1"}
    "#);
    assert_eq!(parse(&bytes), Ok(reviews.clone()));
    let windows = format!("\u{feff}\r\n{}", text.replace('\n', "\r\n"));
    assert_eq!(parse(windows.as_bytes()), Ok(reviews));
    assert_eq!(parse(b""), Ok(Reviews::new()));
}

#[test]
fn other_lines_are_refused_with_their_number() {
    let good = r#"{"key":"F-A","status":null,"owner":"","comment":"","run":"R-1"}"#;
    let described = |line: &str| parse(format!("{good}\n{line}\n").as_bytes()).expect_err(line).to_string();
    let faults = [
        good,
        r#"{"key":"F-B","status":null,"owner":"","comment":"","run":"R-1","closed":true}"#,
        r#"{"key":"F-B","owner":"","comment":"","run":"R-1"}"#,
        r#"{"key":"F-B","status":"open","owner":"","comment":"","run":"R-1"}"#,
        r#"{"key":"F-B","status":null,"owner":null,"comment":"","run":"R-1"}"#,
        r#"{"key":"","status":null,"owner":"","comment":"","run":"R-1"}"#,
        r#"{"key":"F-B","key":"F-C","status":null,"owner":"","comment":"","run":"R-1"}"#,
        r#"{"key":"F-B","status":"#,
        "<<<<<<< HEAD",
    ];
    insta::assert_snapshot!(faults.map(described).join("\n"), @r"
    line 2: `F-A` has a review on an earlier line
    line 2: unknown field `closed`, expected one of `key`, `status`, `owner`, `comment`, `run`, at column 71
    line 2: missing field `status`, at column 49
    line 2: unknown variant `open`, expected one of `Open`, `Investigating`, `Raised with Docebo`, `Fixed in Salesforce`, `Fixed in Docebo`, `Expected difference`, `Will not fix`, at column 28
    line 2: invalid type: null, expected a string, at column 39
    line 2: the key is empty
    line 2: duplicate field `key`, at column 18
    line 2: EOF while parsing a value, at column 22
    line 2: expected value, at column 1
    ");
    let bytes = [good.as_bytes(), b"\n\n{\"key\":\"\xff\"}"].concat();
    assert_eq!(parse(&bytes).expect_err("no UTF-8").line, 3);
}

#[test]
fn statuses_that_ask_for_work() {
    let asking: Vec<&str> = Status::ALL.iter().filter(|status| status.asks_for_work()).map(|s| s.label()).collect();
    assert_eq!(asking, ["Open", "Investigating", "Raised with Docebo"]);
    // A workbook's drop-down list is limited to 255 characters.
    assert!(Status::ALL.iter().map(|status| status.label().len() + 1).sum::<usize>() <= 255);
}

#[test]
fn columns_have_letters() {
    let named = [0, 25, 26, 701, 702, 16_383].map(letters);
    assert_eq!(named, ["A", "Z", "AA", "ZZ", "AAA", "XFD"]);
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(String::new()),
        2 => "[a-c]{1,3}",
        1 => "\\PC{0,6}",
        1 => proptest::collection::vec(any::<char>(), 0..6).prop_map(String::from_iter),
    ]
}

fn statuses() -> impl Strategy<Value = Option<Status>> {
    proptest::option::of(proptest::sample::select(Status::ALL))
}

fn reviews() -> impl Strategy<Value = Reviews> {
    let review = (statuses(), texts(), texts(), "R-[0-2]").prop_map(|(status, owner, comment, run)| Review {
        status,
        owner,
        comment,
        run,
    });
    proptest::collection::btree_map("F-[A-H]", review, 0..8)
}

/// An edit to a row.
#[derive(Debug, Clone)]
enum Deed {
    Leave,
    Delete,
    Double,
    Answer(String, String, String),
}

proptest! {
    #[test]
    fn lines_hold_every_review(reviews in reviews()) {
        let bytes = lines(&reviews);
        prop_assert_eq!(parse(&bytes), Ok(reviews));
        let text = String::from_utf8(bytes).expect("UTF-8");
        prop_assert!(!text.chars().any(|c| is_active(c) && c != '\n'));
    }

    /// A workbook is written with earlier reviews, then edited: whatever happens to some rows, the reviews of the
    /// others stay the same.
    #[test]
    fn no_review_that_was_not_changed_is_lost(
        before in reviews(),
        deeds in proptest::collection::vec(prop_oneof![
            3 => Just(Deed::Leave),
            1 => Just(Deed::Delete),
            1 => Just(Deed::Double),
            2 => (prop_oneof![Just(String::new()), Just("open".to_owned()), texts()], texts(), texts())
                .prop_map(|(status, owner, comment)| Deed::Answer(status, owner, comment)),
        ], 6),
        order in proptest::collection::vec(any::<u16>(), 12),
        strangers in proptest::collection::vec(("F-[A-Z]{2}|", texts(), texts()), 0..3),
    ) {
        let known = ["F-A", "F-B", "F-C", "F-D", "F-E", "F-F"];
        let mut rows = Vec::new();
        let mut touched = BTreeSet::new();
        for (&key, deed) in known.iter().zip(&deeds) {
            let earlier = before.get(key).cloned().unwrap_or_default();
            let status = earlier.status.map_or("", |status| status.label());
            let shown = row(0, key, status, &super::escape_controls(&earlier.owner), &super::escape_controls(&earlier.comment));
            match deed {
                Deed::Leave => rows.push(shown),
                Deed::Delete => {}
                Deed::Double => rows.extend([shown.clone(), shown]),
                Deed::Answer(status, owner, comment) => {
                    touched.insert(key);
                    rows.push(row(0, key, status, owner, comment));
                }
            }
        }
        rows.extend(strangers.iter().map(|(key, status, comment)| row(0, key, status, "", comment)));
        let mut sorted: Vec<(u16, Filled)> = order.iter().cycle().copied().zip(rows).collect();
        sorted.sort_by_key(|&(at, _)| at);
        let rows: Vec<Filled> =
            (2..).zip(sorted).map(|(number, (_, filled))| Filled { row: number, ..filled }).collect();
        let taken = take(&Sheet { run: None, columns: COLUMNS, rows: rows.clone() }, &known, &before, "R-9", 6);

        for (key, review) in &before {
            if !touched.contains(key.as_str()) {
                prop_assert_eq!(taken.reviews.get(key), Some(review), "{} was not touched", key);
            }
            prop_assert!(taken.reviews.contains_key(key) || taken.withdrawn.contains(key));
        }
        for (key, review) in &taken.reviews {
            prop_assert!(before.get(key) == Some(review) || review.run == "R-9" && touched.contains(key.as_str()));
        }
        prop_assert_eq!(taken.reviews.len() + taken.withdrawn.len(), before.len() + taken.new);
        let deleted: Vec<&str> = known.iter().zip(&deeds)
            .filter(|(_, deed)| matches!(deed, Deed::Delete)).map(|(&key, _)| key).collect();
        prop_assert_eq!(&taken.deleted, &deleted);
        // Taking the same sheet again changes nothing.
        let again = take(&Sheet { run: None, columns: COLUMNS, rows }, &known, &taken.reviews, "R-9", 6);
        prop_assert_eq!((again.new, again.changed, again.withdrawn.len()), (0, 0, 0));
        prop_assert_eq!(again.reviews, taken.reviews);
        prop_assert_eq!(again.refused.len(), taken.refused.len());
    }
}
