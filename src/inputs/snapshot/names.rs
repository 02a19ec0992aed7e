//! Determines what a file of a snapshot folder holds from its name alone.
//!
//! One file per object is read, `OBJECT.csv`. Exports that were split, downloaded twice or saved under the object's
//! label have other names; such a file is always reported, because its records would look absent.
//!
//! Must not know: what is in the files.

use crate::model::label::Label as _;
use crate::model::object::SfObject;

/// The content of a file: the records of an object, or an additional list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// The records of an object.
    Object(SfObject),
    /// The ids of the contacts in the list view.
    ListView,
    /// Deleted and merged contacts.
    DeletedContacts,
}

impl Content {
    /// The name of the file that is read, without `.csv`; the manifest uses the same word.
    pub(super) fn stem(self) -> &'static str {
        match self {
            Self::Object(object) => object.label(),
            Self::ListView => "list_view_contacts",
            Self::DeletedContacts => "deleted_contacts",
        }
    }

    /// The name of the file that is read.
    pub(super) fn file(self) -> String {
        format!("{}.csv", self.stem())
    }

    /// Its name in the report.
    pub(super) fn holds(self) -> &'static str {
        match self {
            Self::Object(object) => object.label(),
            Self::ListView => "list view members",
            Self::DeletedContacts => "deleted and merged contacts",
        }
    }

    /// The meaning of an empty file.
    pub(super) const fn nothing(self) -> &'static str {
        match self {
            Self::Object(_) => "the object is taken as having no records",
            Self::ListView => "the list view is taken as having no members",
            Self::DeletedContacts => "no contact is taken as deleted or merged",
        }
    }

    fn each() -> impl Iterator<Item = Self> {
        SfObject::ALL.iter().map(|&object| Self::Object(object)).chain([Self::ListView, Self::DeletedContacts])
    }
}

/// The classification of a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// `OBJECT.csv`, in any case.
    File(Content),
    /// A numbered part, such as `OBJECT_2.csv` or `OBJECT (1).csv`.
    Part(Content, u32),
    /// Another file that seems to hold records of the object, such as `OBJECT copy.csv`, `OBJECT.xlsx` or, without the
    /// package prefix, `CourseEnrollment.csv`.
    LookAlike(Content),
    /// Not part of a snapshot.
    Other,
}

/// Extensions of files that can hold records. Others (`.soql`, `.md`, `.sha256`) are never look-alikes.
const DATA: &[&str] = &[
    "csv",
    "tsv",
    "tab",
    "txt",
    "xlsx",
    "xlsm",
    "xls",
    "xlsb",
    "ods",
    "json",
    "jsonl",
    "parquet",
    "zip",
    "gz",
    "bz2",
    "xz",
    "zst",
    "7z",
    "bak",
    "old",
    "orig",
    "tmp",
    "part",
    "download",
    "crdownload",
];
/// Prefixes in the names of copies.
const COPY_OF: &[&str] = &["copy of ", "kopie von ", "copie de ", "copia de "];
/// Words that people and programs append to names of copies or parts.
const ADDED: &[&str] = &[
    "part", "copy", "kopie", "copie", "copia", "old", "new", "backup", "bak", "export", "extract", "all", "full",
    "final", "rest", "data", "of",
];
/// Suffixes of other objects' API names: `Contact_Role__c` is no part of `Contact`.
const API_NAMES: &[&str] = &["__c", "__r", "__e", "__x", "__b", "__mdt", "__history", "__share", "__feed", "__tag"];
/// Spellings of the package prefix.
const PREFIXES: &[&str] = &["docebo_v3__", "docebo_v3_", "docebo__", "docebo_", "docebo-", "docebo "];
const SEPARATORS: [char; 4] = ['_', '-', '.', ' '];

/// Classifies a file name.
pub(super) fn classify(name: &str) -> Name {
    let lower = name.to_lowercase();
    let whole = lower.trim_end_matches('~');
    let named = COPY_OF.iter().find_map(|copy| whole.strip_prefix(copy)).unwrap_or(whole);
    let Some(stem) = stem(named) else { return Name::Other };
    let is_csv = named.len() == lower.len() && named.strip_suffix(".csv") == Some(stem);
    by_api_name(stem, is_csv).or_else(|| by_label(stem)).unwrap_or(Name::Other)
}

/// The name without data extensions; `None` if it has another one.
fn stem(name: &str) -> Option<&str> {
    let mut stem = name;
    while let Some((before, extension)) = stem.rsplit_once('.').filter(|(_, extension)| DATA.contains(extension)) {
        stem = before;
        if extension == "csv" {
            break;
        }
    }
    (stem != name || !name.contains('.')).then_some(stem)
}

/// Classifies names that begin with an object's API name, as `OBJECT*.csv` does.
fn by_api_name(stem: &str, is_csv: bool) -> Option<Name> {
    Content::each().find_map(|content| {
        let rest = stem.strip_prefix(&content.stem().to_lowercase())?;
        if rest.is_empty() {
            return Some(if is_csv { Name::File(content) } else { Name::LookAlike(content) });
        }
        if API_NAMES.iter().any(|end| stem.ends_with(end)) {
            return None;
        }
        if let Some(number) = number(rest).filter(|_| is_csv) {
            return Some(Name::Part(content, number));
        }
        // A following letter means something else: `ContactPointEmail`, `UserRole`.
        singular(rest).is_none_or(|c| !c.is_alphabetic()).then_some(Name::LookAlike(content))
    })
}

/// The first character after a name and its optional plural `s`.
fn singular(rest: &str) -> Option<char> {
    rest.strip_prefix('s').filter(|rest| !rest.starts_with(char::is_alphabetic)).unwrap_or(rest).chars().next()
}

/// Classifies names of the package's objects without prefix, or written as labels: `Course Enrollments.csv`.
fn by_label(stem: &str) -> Option<Name> {
    let bare = PREFIXES.iter().find_map(|prefix| stem.strip_prefix(prefix));
    let objects = [Some(stem), bare].into_iter().flatten().flat_map(|stem| {
        SfObject::PACKAGE.into_iter().filter_map(move |object| {
            let label = label(object);
            let rest = behind(stem, &label)?;
            let rest = rest.strip_prefix("__c").unwrap_or(rest);
            let rest = rest.strip_prefix('s').unwrap_or(rest);
            is_added(rest).then_some((label.len(), object))
        })
    });
    // `LearningPlanCourse` begins with `LearningPlan`.
    let (_, object) = objects.max_by_key(|&(length, _)| length)?;
    Some(Name::LookAlike(Content::Object(object)))
}

/// The lowercase name of a package object without prefix and suffix.
fn label(object: SfObject) -> String {
    object.label().trim_start_matches("docebo_v3__").trim_end_matches("__c").to_lowercase()
}

/// The text after a label, with or without separators between its words.
fn behind<'a>(stem: &'a str, label: &str) -> Option<&'a str> {
    let mut rest = stem;
    for letter in label.chars() {
        rest = rest.trim_start_matches(SEPARATORS).strip_prefix(letter)?;
    }
    Some(rest)
}

/// Whether only numbers and words of copies and parts remain.
fn is_added(rest: &str) -> bool {
    let words = rest.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    !rest.starts_with(char::is_alphabetic)
        && words.into_iter().all(|word| {
            let word = word.trim_end_matches(|c: char| c.is_ascii_digit());
            word.is_empty() || ADDED.contains(&word)
        })
}

/// The number of a part: of `_2`, `-2`, ` (1)`, `_part2`.
fn number(rest: &str) -> Option<u32> {
    let rest = rest.trim_start_matches(SEPARATORS);
    let rest = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
    let rest = rest.strip_prefix("part").map_or(rest, |rest| rest.trim_start_matches(SEPARATORS));
    // More digits are a date.
    if rest.len() > 4 || !rest.bytes().all(|c| c.is_ascii_digit()) {
        return None;
    }
    rest.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Content, Name, classify};
    use crate::model::object::SfObject;

    const CONTACT: Content = Content::Object(SfObject::Contact);
    const USER: Content = Content::Object(SfObject::User);
    const COURSE: Content = Content::Object(SfObject::Course);
    const ENROLLMENT: Content = Content::Object(SfObject::CourseEnrollment);

    #[test]
    fn what_a_file_holds_by_its_name() {
        use Name::{File, LookAlike, Other, Part};
        for (name, expected) in [
            ("Contact.csv", File(CONTACT)),
            ("CONTACT.CSV", File(CONTACT)),
            ("docebo_v3__courseenrollment__c.csv", File(ENROLLMENT)),
            ("docebo_v3__Course__c.csv", File(COURSE)),
            ("list_view_contacts.csv", File(Content::ListView)),
            ("Deleted_Contacts.csv", File(Content::DeletedContacts)),
            // Parts.
            ("docebo_v3__CourseEnrollment__c_2.csv", Part(ENROLLMENT, 2)),
            ("docebo_v3__CourseEnrollment__c-10.csv", Part(ENROLLMENT, 10)),
            ("docebo_v3__CourseEnrollment__c (1).csv", Part(ENROLLMENT, 1)),
            ("docebo_v3__CourseEnrollment__c(1).CSV", Part(ENROLLMENT, 1)),
            ("DOCEBO_V3__COURSEENROLLMENT__C_PART2.csv", Part(ENROLLMENT, 2)),
            ("docebo_v3__CourseEnrollment__c_part_03.csv", Part(ENROLLMENT, 3)),
            ("docebo_v3__CourseEnrollment__c.2.csv", Part(ENROLLMENT, 2)),
            ("Contact_2.csv", Part(CONTACT, 2)),
            ("User2.csv", Part(USER, 2)),
            ("list_view_contacts (1).csv", Part(Content::ListView, 1)),
            // Look-alikes.
            ("docebo_v3__CourseEnrollment__c copy.csv", LookAlike(ENROLLMENT)),
            ("docebo_v3__CourseEnrollment__c - Copy.csv", LookAlike(ENROLLMENT)),
            ("docebo_v3__CourseEnrollment__c - Copy (2).csv", LookAlike(ENROLLMENT)),
            ("Copy of docebo_v3__CourseEnrollment__c.csv", LookAlike(ENROLLMENT)),
            ("docebo_v3__CourseEnrollment__c_2026-11-20.csv", LookAlike(ENROLLMENT)),
            ("docebo_v3__CourseEnrollment__c-20261120.csv", LookAlike(ENROLLMENT)),
            ("docebo_v3__CourseEnrollment__c_EMEA.csv", LookAlike(ENROLLMENT)),
            ("docebo_v3__courseenrollment__c.CSV.gz", LookAlike(ENROLLMENT)),
            ("docebo_v3__CourseEnrollment__c.csv.bak", LookAlike(ENROLLMENT)),
            ("docebo_v3__CourseEnrollment__c.csv~", LookAlike(ENROLLMENT)),
            ("docebo_v3__CourseEnrollment__c.xlsx", LookAlike(ENROLLMENT)),
            ("docebo_v3__CourseEnrollment__c_2.xlsx", LookAlike(ENROLLMENT)),
            ("docebo_v3__CourseEnrollment__c", LookAlike(ENROLLMENT)),
            ("docebo_v3__CourseEnrollment.csv", LookAlike(ENROLLMENT)),
            ("CourseEnrollment.csv", LookAlike(ENROLLMENT)),
            ("CourseEnrollment__c.csv", LookAlike(ENROLLMENT)),
            ("courseenrollment__C_2.csv", LookAlike(ENROLLMENT)),
            ("Course Enrollments.csv", LookAlike(ENROLLMENT)),
            ("Docebo_Course_Enrollment (1).xlsx", LookAlike(ENROLLMENT)),
            ("Course.csv", LookAlike(COURSE)),
            ("courses copy 2.csv", LookAlike(COURSE)),
            ("DoceboUser.csv", LookAlike(Content::Object(SfObject::DoceboUser))),
            ("docebo_users.csv", LookAlike(Content::Object(SfObject::DoceboUser))),
            ("LearningPlanCourse.csv", LookAlike(Content::Object(SfObject::LearningPlanCourse))),
            ("Learning Plan Course Enrollment.csv", {
                LookAlike(Content::Object(SfObject::LearningPlanCourseEnrollment))
            }),
            ("Session Attendance.csv", LookAlike(Content::Object(SfObject::SessionAttendance))),
            ("Contacts.csv", LookAlike(CONTACT)),
            ("contacts_2.csv", LookAlike(CONTACT)),
            ("Contact_Europe.csv", LookAlike(CONTACT)),
            ("Contact.xlsx", LookAlike(CONTACT)),
            ("Users.csv", LookAlike(USER)),
            // Something else.
            ("ContactPointEmail.csv", Other),
            ("UserRole.csv", Other),
            ("Contact_Role__c.csv", Other),
            ("docebo_v3__Course__History.csv", Other),
            ("Contact.soql", Other),
            ("Contact.csv.sha256", Other),
            ("course catalog.csv", Other),
            ("enrollments.csv", Other),
            ("Account.csv", Other),
            ("notes.txt", Other),
            ("", Other),
        ] {
            assert_eq!(classify(name), expected, "{name}");
        }
    }
}
