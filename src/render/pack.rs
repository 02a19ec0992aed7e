//! `evidence-pack.zip`: what a support case needs, laid out as a BagIt 1.0 bag, so that the receiver
//! can see that it is whole and unchanged.
//!
//! It leaves the customer's house, so it holds no personal value: records are named by their ids, and
//! whatever a finding marks as personal is withheld. It holds every finding; the examples are a
//! selection of them.
//!
//! Must not know: any single check.

mod bag;
mod method;
/// Which findings stand for the others.
pub(crate) mod samples;
mod sheets;
#[cfg(test)]
mod tests;
/// Words and small forms that the ticket and the pack share.
pub(crate) mod words;

use serde::Serialize;

use crate::render::inert::visible;
use crate::render::{RenderError, chart, counted, json, ticket, timeline};
use crate::report::Report;

#[cfg(test)]
use bag::TOP;
use bag::{Bag, Class};
use words::{date, fill, utc};

const TIMELINE: &str = include_str!("../../templates/timeline.svg.hbs");
const README: &str = include_str!("../../templates/pack-readme.txt.hbs");

#[derive(Serialize)]
struct Readme {
    platform: String,
    organisation: String,
    exported: String,
    extracted: String,
    findings: String,
    version: &'static str,
}

/// The archive. The same report gives the same bytes.
///
/// # Errors
/// None that a report can cause.
pub fn zip(report: &Report) -> Result<Vec<u8>, RenderError> {
    let mut bag = Bag::new();
    let mut dated = Vec::new();
    bag.payload(
        "findings/findings.csv",
        "every finding, one a row, personal values withheld",
        Class::Pseudonymous,
        |out| {
            dated = sheets::findings(report, out)?;
            Ok(Some(report.finding_count()))
        },
    )?;
    bag.payload(
        "examples/examples.csv",
        "up to 25 findings a check with their evidence: the oldest, the newest and some between",
        Class::Pseudonymous,
        |out| sheets::examples(report, &dated, out),
    )?;
    bag.payload("counts/control-totals.csv", "every row read, by what became of it", Class::None, |out| {
        sheets::control_totals(report, out)
    })?;
    let days = timeline::days(report);
    bag.payload(
        "timeline/per-day.csv",
        "each day (UTC): enrollments that fell due, records written, whether the sync stood still",
        Class::None,
        |out| sheets::per_day(&days, out),
    )?;
    let shown = timeline::shown(&days);
    if let Some(chart) = chart::chart(shown, days.len()) {
        bag.payload("timeline/per-day.svg", "the same as a drawing", Class::None, |out| {
            out.write_all(fill(TIMELINE, &chart)?.as_bytes())?;
            Ok(None)
        })?;
    }
    if let Some(answer) = &report.facts.customisation {
        bag.payload(
            "environment/customisation.csv",
            "triggers, flows, rules and fields on the nine objects that the package did not ship, and what could not be asked",
            Class::Pseudonymous,
            |out| sheets::customisation(answer, out),
        )?;
    }
    bag.payload("method/rules.md", "the rules in force and every check in words", Class::None, |out| {
        out.write_all(method::text(report).as_bytes())?;
        Ok(None)
    })?;
    bag.payload("report.json", "the run as programs read it: verdict, totals, checks, inputs", Class::None, |out| {
        out.write_all(&json::report(report)?)?;
        Ok(None)
    })?;
    bag.payload("sources/sources.csv", "the files that were read, with their digests", Class::None, |out| {
        sheets::sources(report, out)
    })?;
    bag.describe()?;

    let ticket = ticket::compose(report, &dated)?;
    bag.tag("README.txt", &fill(README, &readme(report))?)?;
    bag.tag("ticket.md", &ticket.markdown)?;
    bag.tag("ticket.txt", &ticket.plain)?;
    bag.close(&info(report))
}

fn readme(report: &Report) -> Readme {
    let origins = report.origins();
    let moment = |instant: Option<_>| instant.map_or_else(|| "not known".to_owned(), utc);
    Readme {
        platform: origins
            .platform
            .as_deref()
            .map_or_else(|| "[to fill: platform URL]".to_owned(), |url| visible(url).into_owned()),
        organisation: origins.org_id.map_or_else(|| "[to fill: organization id]".to_owned(), |id| id.to_string()),
        exported: moment(origins.exported_at),
        extracted: moment(origins.extracted_at),
        findings: counted(report.finding_count(), "finding", "findings"),
        version: env!("CARGO_PKG_VERSION"),
    }
}

/// The lines of `bag-info.txt`. The date is the export's, for there is no clock here.
fn info(report: &Report) -> Vec<(&'static str, String)> {
    let origins = report.origins();
    let mut info = vec![
        ("Bag-Software-Agent", format!("tieout {}", env!("CARGO_PKG_VERSION"))),
        (
            "External-Description",
            "Comparison of a Docebo export with Salesforce; record ids, no personal values".to_owned(),
        ),
    ];
    if let Some(made) = origins.exported_at.or(origins.extracted_at) {
        info.push(("Bagging-Date", date(made)));
    }
    if let Some(organisation) = origins.org_id {
        info.push(("External-Identifier", organisation.to_string()));
    }
    info
}
