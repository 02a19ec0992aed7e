//! Words in cells: null words, yes and no, and spreadsheet error values.

use super::headings::fold;
use crate::settings::Settings;

/// Configured words, prepared for comparison.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// Lowercase, trimmed.
    nulls: Vec<String>,
    /// Folded.
    archived: Vec<String>,
}

impl Vocabulary {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            nulls: settings.null_values.iter().map(|word| word.trim().to_lowercase()).collect(),
            archived: settings.archived_words.iter().map(|word| fold(word)).collect(),
        }
    }

    /// The cell; blank if a null word.
    #[inline]
    pub(super) fn unless_null<'a>(&self, cell: &'a [u8]) -> &'a [u8] {
        if self.nulls.is_empty() || !self.is_null(cell) { cell } else { b"" }
    }

    fn is_null(&self, cell: &[u8]) -> bool {
        let Ok(cell) = std::str::from_utf8(cell) else { return false };
        let cell = cell.trim();
        // Only non-ASCII letters need a lowercase copy.
        self.nulls
            .iter()
            .any(|null| if cell.is_ascii() { cell.eq_ignore_ascii_case(null) } else { cell.to_lowercase() == *null })
    }

    /// Whether Docebo's `Yes` and `No` mean archived and not archived.
    pub(super) const fn knows_docebo(&self) -> bool {
        self.archived.is_empty()
    }

    /// Whether a word of *Archived Enrollment* means yes; `None` if it means neither yes nor no.
    pub(super) fn archived(&self, cell: &str) -> Option<bool> {
        let folded = fold(cell);
        if !self.archived.is_empty() {
            return Some(!folded.is_empty() && self.archived.contains(&folded));
        }
        if folded.is_empty() || NO.contains(&folded.as_str()) {
            Some(false)
        } else if YES.contains(&folded.as_str()) {
            Some(true)
        } else {
            None
        }
    }
}

/// Words for yes, folded: from people, programs, and spreadsheets in their languages.
const YES: &[&str] = &[
    "yes",
    "y",
    "true",
    "1",
    "si",
    "oui",
    "ja",
    "sim",
    "tak",
    "evet",
    "\u{434}\u{430}",
    "\u{306f}\u{3044}",
    "wahr",
    "vrai",
    "vero",
    "verdadero",
    "verdadeiro",
    "waar",
];
/// Words for no, folded.
const NO: &[&str] = &[
    "no",
    "n",
    "false",
    "0",
    "non",
    "nein",
    "nao",
    "nie",
    "nee",
    "nej",
    "hay\u{131}r",
    "hayir",
    "\u{43d}\u{435}\u{442}",
    "\u{3044}\u{3044}\u{3048}",
    "falsch",
    "faux",
    "falso",
    "onwaar",
];

/// Spreadsheet error values in English, German, French, Italian, Spanish, Portuguese and Dutch, lowercase, without
/// punctuation.
const ERRORS: &[&str] = &[
    "na",
    "ref",
    "value",
    "name",
    "div0",
    "null",
    "num",
    "spill",
    "calc",
    "gettingdata",
    "field",
    "blocked",
    "unknown",
    "nv",
    "bezug",
    "wert",
    "zahl",
    "nd",
    "valeur",
    "nom",
    "nombre",
    "nul",
    "rif",
    "valore",
    "nome",
    "valor",
    "verw",
    "waarde",
    "naam",
    "getal",
    "leeg",
];

/// Whether a cell contains a spreadsheet's formula error (`#N/A`, `#REF!`) or the filler of a too narrow column
/// (`####`).
pub(super) fn is_spreadsheet_error(cell: &[u8]) -> bool {
    // Rejects nearly all cells early.
    if cell.trim_ascii_start().first() != Some(&b'#') {
        return false;
    }
    let Ok(cell) = std::str::from_utf8(cell.trim_ascii()) else { return false };
    if cell.len() >= 3 && cell.bytes().all(|c| c == b'#') {
        return true;
    }
    ERRORS.contains(&fold(cell).as_str())
}

#[cfg(test)]
mod tests {
    use super::{Vocabulary, is_spreadsheet_error};

    #[test]
    fn an_archived_mark_reads_yes_or_no_in_whatever_case_and_language() {
        let words = Vocabulary::default();
        for no in [
            "No",
            "",
            "no",
            "NO",
            " No ",
            "n",
            "false",
            "0",
            "Non",
            "Nein",
            "N\u{e3}o",
            "Nie",
            "Nee",
            "Nej",
            "Hay\u{131}r",
            "FALSCH",
            "\u{41d}\u{435}\u{442}",
            "\u{3044}\u{3044}\u{3048}",
        ] {
            assert_eq!(words.archived(no), Some(false), "{no:?}");
        }
        for yes in [
            "Yes",
            "yes",
            "YES",
            " Yes ",
            "y",
            "True",
            "1",
            "S\u{ed}",
            "Oui",
            "Ja",
            "Sim",
            "Tak",
            "Evet",
            "WAHR",
            "S\u{ec}",
            "\u{414}\u{430}",
            "\u{306f}\u{3044}",
        ] {
            assert_eq!(words.archived(yes), Some(true), "{yes:?}");
        }
        for neither in ["maybe", "2", "Yes No", "\u{662f}"] {
            assert_eq!(words.archived(neither), None, "{neither:?}");
        }
    }

    #[test]
    fn words_of_the_configuration_decide_alone() {
        let words = Vocabulary { archived: vec!["archiviert".to_owned()], ..Vocabulary::default() };
        for (word, archived) in
            [("Archiviert", true), (" ARCHIVIERT", true), ("Yes", false), ("aktiv", false), ("", false)]
        {
            assert_eq!(words.archived(word), Some(archived), "{word:?}");
        }
        let words = Vocabulary {
            nulls: vec!["null".to_owned(), "#n/a".to_owned(), "\u{f8}".to_owned()],
            ..Vocabulary::default()
        };
        for null in ["null", " NULL ", "#N/A", "\u{d8}"] {
            assert_eq!(words.unless_null(null.as_bytes()), b"", "{null:?}");
        }
        for other in ["nulls", "", "0", "N/A"] {
            assert_eq!(words.unless_null(other.as_bytes()), other.as_bytes(), "{other:?}");
        }
    }

    #[test]
    fn what_a_spreadsheet_writes_where_it_failed() {
        for error in [
            "#N/A",
            "#REF!",
            " #VALUE! ",
            "#NAME?",
            "#DIV/0!",
            "#NULL!",
            "#NUM!",
            "#NV",
            "#\u{a1}REF!",
            "#Div0",
            "########",
        ] {
            assert!(is_spreadsheet_error(error.as_bytes()), "{error:?}");
        }
        for other in ["", "#", "##", "N/A", "#1", "# 17", "#ada@example.com", "ada#na"] {
            assert!(!is_spreadsheet_error(other.as_bytes()), "{other:?}");
        }
    }
}
