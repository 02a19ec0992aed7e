//! Names of months and weekdays in the languages of Docebo's larger markets: English, German, French, Italian, Spanish,
//! Portuguese and Dutch, in full and as programs abbreviate them.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// The longest name in the tables, in bytes.
const LONGEST: usize = 16;

/// A lowercase word without accents and final dot.
struct Folded {
    letters: [u8; LONGEST],
    length: usize,
}

impl Folded {
    /// `None` if the word is longer than any name or has non-Latin letters.
    fn new(word: &str) -> Option<Self> {
        let mut folded = Self { letters: [0; LONGEST], length: 0 };
        let word = word.strip_suffix('.').unwrap_or(word);
        for c in word.nfd().filter(|&c| !is_combining_mark(c)).flat_map(char::to_lowercase) {
            *folded.letters.get_mut(folded.length)? = u8::try_from(c).ok().filter(u8::is_ascii)?;
            folded.length += 1;
        }
        Some(folded)
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.letters[..self.length]).unwrap_or_default()
    }
}

/// Names of each month, folded. All names are distinct, so none is ambiguous.
const MONTHS: [&[&str]; 12] = [
    &[
        "jan", "january", "januar", "janner", "jaen", "janvier", "janv", "gennaio", "genn", "gen", "enero", "ene",
        "janeiro", "januari",
    ],
    &[
        "feb",
        "february",
        "febr",
        "februar",
        "feber",
        "fevrier",
        "fevr",
        "fev",
        "febbraio",
        "febb",
        "febrero",
        "fevereiro",
        "februari",
    ],
    &["mar", "march", "marz", "maerz", "mrz", "mars", "marzo", "marco", "maart", "mrt"],
    &["apr", "april", "avril", "avr", "aprile", "abril", "abr"],
    &["may", "mai", "maggio", "magg", "mag", "mayo", "maio", "mei"],
    &["jun", "june", "juni", "juin", "giugno", "giu", "junio", "junho"],
    &["jul", "july", "juli", "juillet", "juil", "luglio", "lug", "julio", "julho"],
    &["aug", "august", "aout", "aou", "agosto", "ago", "augustus"],
    &["sep", "sept", "september", "septembre", "settembre", "sett", "set", "septiembre", "setiembre", "setembro"],
    &["oct", "october", "okt", "oktober", "octobre", "ottobre", "ott", "octubre", "outubro", "out"],
    &["nov", "november", "novembre", "noviembre", "novembro"],
    &["dec", "december", "dez", "dezember", "decembre", "dicembre", "dic", "diciembre", "dezembro"],
];

/// Names of weekdays, folded; they are skipped.
const WEEKDAYS: &[&str] = &[
    // English
    "mon",
    "monday",
    "tue",
    "tues",
    "tuesday",
    "wed",
    "wednesday",
    "thu",
    "thur",
    "thurs",
    "thursday",
    "fri",
    "friday",
    "sat",
    "saturday",
    "sun",
    "sunday", // German
    "mo",
    "montag",
    "di",
    "dienstag",
    "mi",
    "mittwoch",
    "do",
    "donnerstag",
    "fr",
    "freitag",
    "sa",
    "samstag",
    "sonnabend",
    "so",
    "sonntag", // French
    "lun",
    "lundi",
    "mar",
    "mardi",
    "mer",
    "mercredi",
    "jeu",
    "jeudi",
    "ven",
    "vendredi",
    "sam",
    "samedi",
    "dim",
    "dimanche", // Italian
    "lunedi",
    "martedi",
    "mercoledi",
    "gio",
    "giovedi",
    "venerdi",
    "sab",
    "sabato",
    "dom",
    "domenica", // Spanish
    "lunes",
    "martes",
    "mie",
    "miercoles",
    "jue",
    "jueves",
    "vie",
    "viernes",
    "sabado",
    "domingo", // Portuguese
    "seg",
    "segunda",
    "segunda-feira",
    "ter",
    "terca",
    "terca-feira",
    "qua",
    "quarta",
    "quarta-feira",
    "qui",
    "quinta",
    "quinta-feira",
    "sex",
    "sexta",
    "sexta-feira", // Dutch
    "ma",
    "maandag",
    "dinsdag",
    "wo",
    "woensdag",
    "donderdag",
    "vr",
    "vrijdag",
    "za",
    "zaterdag",
    "zo",
    "zondag",
];

/// The month number of a word.
pub(super) fn month(word: &str) -> Option<u8> {
    let folded = Folded::new(word)?;
    (1..).zip(MONTHS).find(|(_, names)| names.contains(&folded.as_str())).map(|(number, _)| number)
}

/// Whether a word is a weekday.
pub(super) fn is_weekday(word: &str) -> bool {
    Folded::new(word).is_some_and(|folded| WEEKDAYS.contains(&folded.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{Folded, LONGEST, MONTHS, WEEKDAYS, is_weekday, month};

    #[test]
    fn no_name_means_two_months_and_each_is_folded() {
        let mut all: Vec<&str> = MONTHS.concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        for name in all.iter().chain(WEEKDAYS) {
            assert!(
                name.len() <= LONGEST && Folded::new(name).is_some_and(|folded| folded.as_str() == *name),
                "{name}"
            );
        }
    }

    #[test]
    fn case_accents_and_a_final_dot_do_not_matter() {
        for (word, number) in [
            ("Nov", 11),
            ("NOV.", 11),
            ("M\u{e4}rz", 3),
            ("M\u{e4}r.", 3),
            ("f\u{e9}vr.", 2),
            ("ao\u{fb}t", 8),
            ("D\u{e9}cembre", 12),
            ("mar\u{e7}o", 3),
            ("Mrz", 3),
            ("set", 9),
        ] {
            assert_eq!(month(word), Some(number), "{word}");
        }
        for word in ["", ".", "jui", "ma", "Movember", "\u{43d}\u{43e}\u{44f}", "n", "decemberdecemberdecember"] {
            assert_eq!(month(word), None, "{word}");
        }
        assert!(is_weekday("Sun") && is_weekday("Mi.") && is_weekday("s\u{e1}bado") && !is_weekday("until"));
    }
}
