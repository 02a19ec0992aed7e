//! `integration-customized`: a customization of the package's objects that is not part of the package.

use crate::checks::check::{Check, Owner, Requirement, Severity};
use crate::checks::evidence::{Evidence, FindingDetail, Origin, Text};
use crate::checks::reconciliation::Reconciliation;
use crate::checks::selects::{Selection, Selects};
use crate::checks::subject::Subject;
use crate::model::row::index;

pub(super) static CHECK: Check = Check {
    id: "integration-customized",
    title: "Customizations of the package objects",
    severity: Severity::Medium,
    owner: Owner::SalesforceAdmin,
    why: "A trigger, a flow, a validation or workflow rule or a field was built onto one of the nine objects. Such a part can refuse or change what the integration writes, and Docebo declines support while its objects are customised, so the answer belongs into every support case. What the package itself ships is not meant.",
    expected_when: "it only reads, or is inactive, and Docebo's support has agreed to it; a rule that refuses no row of the integration does no harm either",
    remedy: "move your own logic and fields to objects of your own that refer to the package's; until then, switch the part off while a support case is open",
    unit: "setup questions",
    requirements: &[Requirement::Customization],
    selects: Selects::Custom(select),
    describe,
    causing_stall: None,
};

fn select(reconciliation: &Reconciliation) -> Selection {
    let Some(answer) = &reconciliation.data.customisation else { return Selection::fully_judged(0, Vec::new()) };
    let parts = (0..index(answer.parts.len())).map(Subject::Part).collect();
    Selection { missing: answer.unseen.clone(), ..Selection::fully_judged(answer.answered, parts) }
}

fn describe(reconciliation: &Reconciliation, subject: &Subject) -> FindingDetail {
    let part = match (subject, &reconciliation.data.customisation) {
        (Subject::Part(at), Some(answer)) => answer.parts.get(*at as usize),
        _ => None,
    };
    let Some(part) = part else { return FindingDetail::for_inputs("customisation") };
    FindingDetail {
        field: part.titled().into(),
        expected: Text::public("nothing but what the package ships"),
        found: Text::public(part.described()),
        since: part.changed,
        evidence: Evidence::new(
            Origin::Setup {
                what: match part.id {
                    Some(id) => format!("{} {id} on {}", part.kind, part.object),
                    None => format!("{} on {}", part.kind, part.object),
                },
            },
            [
                ("name", Text::public(part.name.clone())),
                ("last changed", Text::instant(part.changed)),
                ("changed by", Text::personal(part.changed_by.clone())),
                ("changed by user", Text::id(part.changed_by_id)),
            ],
        ),
        related: Vec::new(),
    }
}
