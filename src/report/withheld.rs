//! A report for outputs that are sent to others: without the names that people chose for files, sheets, incidents and
//! list views, which are free text and may identify a person or a customer. It also omits all other free text: the
//! owner and comment of reviews, the literals and unknown words of queries, messages and cursors of Salesforce, names
//! of customizations of the package's objects, and unknown status words, which are names when the wrong column is
//! configured.
//!
//! Each name is replaced by a label, the same everywhere. Names given by the tool itself stay: the files of a snapshot,
//! the built-in incidents.
//!
//! Must not know: formats, files.

mod free_text;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};

use super::Report;
use super::run_summary::RunSummary;
use crate::checks::evidence::{Origin, Text};
use crate::checks::finding::Finding;
use crate::model::completeness::Completeness;
use crate::model::id::RecordId;
use crate::model::label::Label as _;
use crate::model::object::SfObject;
use crate::model::origins::Origins;
use crate::model::status::Status;
use crate::stalls::incidents;

/// Snapshot files other than those of the objects, as the tool names them.
const OWN: [&str; 5] =
    ["list_view_contacts.csv", "deleted_contacts.csv", "customisation.json", "manifest.json", "requests.jsonl"];
/// File endings that reveal only the file type.
const ENDINGS: [&str; 12] = ["csv", "tsv", "tab", "txt", "xlsx", "xlsm", "xls", "xlsb", "ods", "zip", "gz", "json"];
/// Length in characters; shorter names are searched for only after an announcing phrase.
const SHORTEST_QUOTED: usize = 4;
/// Replaces a name that has no label.
const WITHHELD: &str = "[withheld]";
/// The check for unknown status words.
const UNKNOWN_STATUS: &str = "status-unknown";
/// Field of an export status word.
const STATUS: &str = "status";
/// Field of the name of a customization.
const NAME: &str = "name";
/// Prefix of the sentence about an existing file that is not read.
const NOT_READ: &str = "Not read: ";
/// Precedes a file of the snapshot folder in such a sentence.
const IN_SNAPSHOT: &str = " (in the snapshot folder): ";

/// Names and their replacements.
#[derive(Debug, Default)]
pub struct Withheld {
    /// Labels by name.
    labels: BTreeMap<String, String>,
    /// Names as quoted in sentences, and their replacements.
    quoted: Vec<(String, String)>,
    find: Option<AhoCorasick>,
    /// Texts that quote Salesforce or a saved file, and their replacements.
    texts: BTreeMap<String, String>,
    /// Status words that the configuration defines.
    statuses: BTreeSet<String>,
    /// Number of labeled names by kind.
    counts: BTreeMap<&'static str, u64>,
}

impl Withheld {
    fn new(facts: &RunSummary) -> Self {
        let mut all = Self::default();
        all.files(&facts.origins);
        let shipped = incidents::with_own(Vec::new());
        for incident in facts.stalls.found.iter().flat_map(|stall| &stall.incidents) {
            if !shipped.iter().any(|own| own.name == incident.name && own.source == incident.source) {
                all.add("incidents", &incident.name, |number| format!("incident {number}"));
            }
        }
        if let Some(view) = &facts.rules.list_view
            && RecordId::parse(view.as_bytes()).is_err()
        {
            // No sentence quotes it.
            all.labels.insert(view.clone(), WITHHELD.to_owned());
            *all.counts.entry("list views").or_default() += 1;
        }
        if let Some(answer) = &facts.customisation {
            all.texts.extend(answer.unseen.iter().map(|line| (line.clone(), free_text::unseen(line))));
            for part in &answer.parts {
                let shown = free_text::part(part);
                all.texts.insert(part.described(), shown.described());
                all.texts.insert(part.titled(), shown.titled());
            }
        }
        all.statuses = facts.configured_statuses.iter().cloned().collect();
        all.ready();
        all
    }

    /// Prepares the names for searching.
    fn ready(&mut self) {
        let mut builder = AhoCorasick::builder();
        let builder = builder.match_kind(MatchKind::LeftmostLongest);
        self.find = builder.build(self.quoted.iter().map(|(name, _)| name)).ok().filter(|_| !self.quoted.is_empty());
    }

    fn files(&mut self, origins: &Origins) {
        let of_snapshot = origins.unread.iter().filter_map(|what| Some(("snapshot", what.split_once(IN_SNAPSHOT)?.0)));
        let partial = origins.extracts.values().filter_map(|extract| match &extract.completeness {
            Completeness::Partial { unread, .. } => Some(unread),
            _ => None,
        });
        let partial = partial.flatten().map(|name| ("snapshot", name.as_str()));
        let inputs = origins
            .inputs
            .iter()
            .map(|input| (if input.side == "docebo" { "export" } else { "snapshot" }, input.file.as_str()));
        let exports = origins.exports.iter().map(|file| ("export", file.name.as_str()));
        for (side, name) in inputs.chain(exports).chain(of_snapshot).chain(partial) {
            if is_own(name) {
                continue;
            }
            // A part is named after its file: `report.xlsx, sheet "Page 2"`.
            let (file, ending) = file_of(name);
            let ending = ending.map_or_else(String::new, |ending| format!(".{ending}"));
            self.add("files", file, |number| format!("{side}-{number}{ending}"));
            if file.len() < name.len() {
                let label = self.labels.get(file).cloned().unwrap_or_default();
                self.add("parts of files", name, |number| format!("{label}, part {number}"));
            }
        }
    }

    fn add(&mut self, kind: &'static str, name: &str, label: impl FnOnce(u64) -> String) {
        if name.is_empty() || self.labels.contains_key(name) {
            return;
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let label = label(*count);
        // A short name, or a number, also occurs by chance.
        self.quoted.push(if name.chars().count() >= SHORTEST_QUOTED && name.contains(char::is_alphabetic) {
            (name.to_owned(), label.clone())
        } else {
            (format!("incident: {name} ("), format!("incident: {label} ("))
        });
        self.labels.insert(name.to_owned(), label);
    }

    /// Number of labeled names by kind.
    pub fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        self.counts.iter().map(|(kind, count)| (*kind, *count))
    }

    /// Replaces the names quoted in a text of the tool.
    fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match self.texts.get(text) {
            Some(shown) if shown != text => Cow::Owned(self.quoted(shown).into_owned()),
            _ => self.quoted(text),
        }
    }

    fn quoted<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Some(find) = &self.find else { return Cow::Borrowed(text) };
        let mut shown = String::new();
        let mut from = 0;
        for hit in find.find_iter(text) {
            let inside = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            let quoted = self.quoted.get(hit.pattern().as_usize()).is_some_and(|(name, _)| name.ends_with('('));
            let after = text[hit.end()..].chars().next().filter(|_| !quoted);
            if inside(text[..hit.start()].chars().next_back()) || inside(after) {
                continue;
            }
            shown.push_str(&text[from..hit.start()]);
            shown.push_str(self.quoted.get(hit.pattern().as_usize()).map_or(WITHHELD, |(_, label)| label));
            from = hit.end();
        }
        if from == 0 {
            return Cow::Borrowed(text);
        }
        shown.push_str(&text[from..]);
        Cow::Owned(shown)
    }

    fn change(&self, text: &mut String) {
        if let Cow::Owned(shown) = self.text(text) {
            *text = shown;
        }
    }

    /// Replaces a name.
    fn name(&self, name: &mut String) {
        if let Some(label) = self.labels.get(name.as_str()) {
            name.clone_from(label);
        }
    }

    /// A finding, whose sentences may quote names.
    pub(super) fn finding(&self, mut finding: Finding) -> Finding {
        let detail = &mut finding.detail;
        if let Cow::Owned(shown) = self.text(&detail.field) {
            detail.field = Cow::Owned(shown);
        }
        if detail.field == STATUS && finding.check.id == UNKNOWN_STATUS {
            detail.found = self.status(&detail.found);
        }
        for evidence in std::iter::once(&mut detail.evidence).chain(&mut detail.related) {
            if matches!(evidence.origin, Origin::Setup { .. }) {
                let names = evidence.fields.iter_mut().filter(|(field, name)| field == NAME && !name.raw().is_empty());
                names.for_each(|(_, name)| *name = Text::public(WITHHELD));
            }
            if matches!(evidence.origin, Origin::Line(_)) {
                let words = evidence.fields.iter_mut().filter(|(field, _)| field == STATUS);
                words.for_each(|(_, word)| *word = self.status(word));
            }
        }
        let says = std::iter::once(&mut detail.evidence).chain(&mut detail.related);
        let says = says.flat_map(|evidence| evidence.fields.iter_mut().map(|(_, text)| text));
        for text in [&mut detail.expected, &mut detail.found].into_iter().chain(says) {
            if let (false, Cow::Owned(shown)) = (text.is_personal(), self.text(text.raw())) {
                *text = Text::public(shown);
            }
        }
        finding
    }

    /// A status word of the export, withheld unless it is known.
    fn status(&self, word: &Text) -> Text {
        let known = |text: &str| text.is_empty() || Status::from_docebo(text).is_some() || self.statuses.contains(text);
        if known(word.raw()) { word.clone() } else { Text::public(WITHHELD) }
    }

    /// A remark on the inputs.
    fn remark(&self, remark: &mut String) {
        if let Some(what) = remark.strip_prefix(NOT_READ)
            && !what.contains(IN_SNAPSHOT)
        {
            // About an export file: names one of its sheets or entries.
            let file = self.labels.iter().filter(|(name, _)| what.starts_with(&format!("{name}: ")));
            let file = file.max_by_key(|(name, _)| name.len()).map_or("an input", |(_, label)| label.as_str());
            *remark = format!("{NOT_READ}a part of {file}.");
        } else if let Some((object, _)) = remark.split_once(" is treated as missing: ") {
            // The reason is an error that may quote the file.
            *remark = format!("{object} is treated as missing: its file cannot be read.");
        } else {
            self.change(remark);
        }
    }

    fn facts(&self, facts: &mut RunSummary) {
        let origins = &mut facts.origins;
        for input in &mut origins.inputs {
            self.name(&mut input.file);
            self.change(&mut input.holds);
            self.change(&mut input.encoding);
        }
        for file in &mut origins.exports {
            self.name(&mut file.name);
        }
        origins.unread.iter_mut().for_each(|what| self.change(what));
        origins.caveats.iter_mut().for_each(|caveat| self.remark(caveat));
        let extraction = &mut origins.extraction;
        extraction.api_version = extraction.api_version.as_deref().map(free_text::version);
        let field = facts.rules.username_field.as_str();
        for query in &mut extraction.queries {
            query.object = free_text::asked(&query.object);
            query.soql = free_text::query(&query.soql, field);
        }
        for request in &mut extraction.log {
            request.method = free_text::method(&request.method);
            request.path = free_text::path(&request.path, field);
            request.soql = request.soql.as_deref().map(|soql| free_text::query(soql, field));
            request.answer = free_text::answer(&request.answer);
        }
        for why in origins.extracts.values_mut().filter_map(|extract| extract.why_absent.as_mut()) {
            "not read in full".clone_into(why);
        }
        if let Some(answer) = &mut facts.customisation {
            answer.unseen.iter_mut().for_each(|line| *line = free_text::unseen(line));
            answer.parts.iter_mut().for_each(|part| *part = free_text::part(part));
        }
        facts.zones.iter_mut().for_each(|zone| self.name(&mut zone.file));
        facts.questions.iter_mut().for_each(|asked| self.change(&mut asked.sentence));
        facts.remarks.iter_mut().for_each(|remark| self.change(remark));
        facts.rejects.iter_mut().for_each(|rejected| self.name(&mut rejected.file));
        for incident in facts.stalls.found.iter_mut().flat_map(|stall| &mut stall.incidents) {
            if self.labels.contains_key(&incident.name) {
                self.name(&mut incident.name);
                WITHHELD.clone_into(&mut incident.source);
            }
        }
        if let Some(view) = &mut facts.rules.list_view {
            self.name(view);
        }
    }
}

/// Whether the tool itself gives the file this name.
fn is_own(name: &str) -> bool {
    let of_object = |object: &SfObject| {
        name.len() == object.label().len() + 4
            && name.get(..object.label().len()).is_some_and(|stem| stem.eq_ignore_ascii_case(object.label()))
            && name.get(object.label().len()..).is_some_and(|ending| ending.eq_ignore_ascii_case(".csv"))
    };
    OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) || SfObject::ALL.iter().any(of_object)
}

/// The file in a name that may continue with a part, and the file's ending if known.
fn file_of(name: &str) -> (&str, Option<&'static str>) {
    let ends = name.match_indices(", ").map(|(at, _)| at).chain([name.len()]);
    for end in ends {
        let ending = name[..end].rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        let known = ending.and_then(|ending| ENDINGS.iter().find(|known| **known == ending));
        if let Some(known) = known {
            return (&name[..end], Some(*known));
        }
    }
    (name, None)
}

impl Report {
    /// The same report without the names that people chose for files, sheets, incidents and list views. Findings and
    /// their history are shared with this report.
    #[must_use]
    pub fn without_names(&self) -> Self {
        let withheld = Withheld::new(&self.run);
        let mut facts = self.run.clone();
        // The error about an unreadable file is free text as well.
        let gaps: Vec<(String, String)> = SfObject::ALL
            .iter()
            .filter(|object| self.run.origins.extract(**object).has_unread_files())
            .filter_map(|object| {
                Some((self.run.origins.missing_rows(*object)?, format!("{object} (not read in full)")))
            })
            .collect();
        let shown = |missing: &mut String| match gaps.iter().find(|(gap, _)| gap == missing) {
            Some((_, instead)) => missing.clone_from(instead),
            None => withheld.change(missing),
        };
        withheld.facts(&mut facts);
        let mut results = self.results.clone();
        results.iter_mut().flat_map(|result| &mut result.missing).for_each(shown);
        facts.checks.iter_mut().flat_map(|check| &mut check.missing).for_each(shown);
        Self {
            run: facts,
            verdict: self.verdict,
            results,
            history: Arc::clone(&self.history),
            reviews: self.reviews.iter().map(|(key, review)| (key.clone(), free_text::review(review))).collect(),
            source: self.source.clone(),
            withheld: Some(Arc::new(withheld)),
        }
    }

    /// The withheld names. `None` if none are withheld.
    #[must_use]
    pub fn withheld(&self) -> Option<&Withheld> {
        self.withheld.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::{Withheld, file_of, is_own};
    use crate::checks::evidence::Text;

    #[test]
    fn a_file_is_known_by_its_ending_and_a_part_stands_behind_it() {
        assert_eq!(file_of("ada.csv"), ("ada.csv", Some("csv")));
        assert_eq!(file_of("Lovelace, Ada.XLSX, sheet \"Ada, 2\""), ("Lovelace, Ada.XLSX", Some("xlsx")));
        assert_eq!(file_of("report.zip, ada.csv"), ("report.zip", Some("zip")));
        assert_eq!(file_of("ada.lovelace"), ("ada.lovelace", None));
        assert!(is_own("contact.csv") && is_own("docebo_v3__CourseEnrollment__c.csv") && is_own("manifest.json"));
        assert!(!is_own("Contact_ada.csv") && !is_own("Contact.csv.bak") && !is_own("users.csv"));
    }

    #[test]
    fn a_status_word_stays_if_it_is_known_or_the_configuration_gives_it_a_meaning() {
        let withheld = Withheld { statuses: std::iter::once("Iscritto".to_owned()).collect(), ..Withheld::default() };
        let shown = |word: &str| withheld.status(&Text::public(word.to_owned())).raw().to_owned();
        assert_eq!(["", "Enrolled", "Iscritto"].map(shown), ["", "Enrolled", "Iscritto"]);
        assert_eq!(["Ada Lovelace", "iscritto a"].map(shown), ["[withheld]", "[withheld]"]);
    }

    #[test]
    fn a_name_is_replaced_wherever_it_stands_by_itself() {
        let mut withheld = Withheld::default();
        for name in ["ada.csv", "bob & ada.csv", "7"] {
            withheld.add("files", name, |number| format!("export-{number}.csv"));
        }
        withheld.ready();
        assert_eq!(withheld.text("ada.csv, bob & ada.csv: x"), "export-1.csv, export-2.csv: x");
        assert_eq!(withheld.text("canada.csv and ada.csv2"), "canada.csv and ada.csv2");
        assert_eq!(withheld.text("7 of 7, incident: 7 (x)"), "7 of 7, incident: export-3.csv (x)");
    }
}
