//! Whether the sync is alive, from Salesforce alone: the time since its last write, compared with limits that are
//! configured or learned from the organization's own gaps.
//!
//! Without an export it is unknown what was due, so a silence proves less here than a stall in an audit does. The alarm
//! considers the writes of all objects together that follow the learners' activity; courses, sessions and plans change
//! when somebody edits the catalog, and are only shown. If no enrollment rows are created any more while others are
//! changed, there is only a warning, since perhaps nobody enrolled.
//!
//! Must not know: files, clocks, outputs.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::model::id::RecordId;
use crate::model::instant::{DAY, HOUR, Instant};
use crate::model::object::SfObject;
use crate::model::write_activity::{AHEAD, WriteActivity, Writes};
use crate::settings::EnrollmentMode;
use crate::stalls::heartbeat::{Gaps, Heartbeat, Limits, beats, silence};

/// The state of the sync.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum State {
    /// It wrote recently.
    Fresh,
    /// It is silent for longer than usual, or no longer creates enrollment rows.
    Late,
    /// It is silent for so long that it counts as stalled.
    Stalled,
    /// Unknown: nothing was ever written, or the dates are hidden.
    NotEvaluated,
}

/// The source of the limits.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Source {
    /// The configuration names both.
    Configured,
    /// From the organization's own gaps, unless the configuration names them.
    Learned,
    /// Too few gaps to learn from.
    Default,
}

/// Limits set by the user, in hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Configured {
    /// Hours until a warning.
    pub warn_after: Option<u32>,
    /// Hours until an alarm.
    pub error_after: Option<u32>,
}

/// Limits if nothing is configured and too little is known.
pub const DEFAULT: Limits = Limits { warn_after_hours: 48, error_after_hours: 168 };

/// A read younger than this many hours, or than the warning limit, counts as current.
const HOURS_UNSAID: u32 = 24;

/// Shorter gaps are within one batch of a replication started by hand, in hours.
const LUMP: u32 = 12;

/// The result of the freshness check.
#[derive(Debug, Clone)]
pub struct Freshness {
    /// The state of the sync.
    pub state: State,
    /// When Salesforce was read.
    pub read_at: Instant,
    /// The last write of an object that follows the learners' activity: object, record, moment.
    pub last: Option<(SfObject, RecordId, Instant)>,
    /// Whole hours between that write and the read.
    pub silence: Option<u32>,
    /// Usual gaps between such writes.
    pub gaps: Option<Gaps>,
    /// The limits and their source.
    pub limits: (Limits, Source),
    /// What is wrong, in sentences.
    pub reasons: Vec<String>,
    /// What readers must know about the snapshot.
    pub caveats: Vec<String>,
    /// By object.
    pub heartbeats: Vec<Heartbeat>,
}

/// Reads older than this many days do not show the sync's current state.
pub const MAX_AGE_DAYS: i64 = 30;

/// Judges the write activity of a read, as of now. It contains no writes dated later than the read, except those within
/// [`crate::model::write_activity::AHEAD`].
#[must_use]
pub fn judge(
    activity_by_object: &BTreeMap<SfObject, WriteActivity>,
    (read_at, now): (Instant, Instant),
    configured: Configured,
    mode: EnrollmentMode,
) -> Freshness {
    let following = || activity_by_object.iter().filter(|(object, _)| object.follows_learners());
    let last = following()
        .flat_map(|(&object, activity)| [(object, activity.created.newest), (object, activity.modified.newest)])
        .filter_map(|(object, newest)| newest.map(|(at, id)| (at, object, id)))
        .max()
        .map(|(at, object, id)| (object, id, at));
    let hours = beats(following().map(|(_, activity)| activity));
    let gaps = match mode {
        EnrollmentMode::Realtime => Gaps::between(&hours),
        EnrollmentMode::Manual => {
            Gaps::new(hours.windows(2).map(|two| two[1] - two[0]).filter(|&gap| gap >= LUMP).collect())
        }
    };
    let limits = limits(gaps, configured);
    let silent = last.map(|(_, _, at)| silence(at, read_at));
    let mut reasons = Vec::new();
    let state = match silent {
        None => {
            reasons.push(
                "No record of a learner or an enrollment tells of any write: either the sync never wrote, or CreatedDate and \
                 LastModifiedDate are hidden."
                    .to_owned(),
            );
            State::NotEvaluated
        }
        Some(hours) if hours >= limits.0.error_after_hours => {
            reasons.push(format!(
                "Nothing was written for {hours} hours, and {} are taken for a stall.",
                limits.0.error_after_hours
            ));
            State::Stalled
        }
        Some(hours) => {
            if hours >= limits.0.warn_after_hours {
                reasons.push(format!(
                    "Nothing was written for {hours} hours; from {} on that is worth a look.",
                    limits.0.warn_after_hours
                ));
            }
            reasons.extend(no_new_rows(activity_by_object, read_at));
            if !reasons.is_empty() {
                State::Late
            } else if hours >= DEFAULT.warn_after_hours && !knows_writes_of_enrollments(activity_by_object) {
                reasons.push(format!(
                    "Nothing was written for {hours} hours, and no write of {} is known; the rhythm of other objects does not show \
                     whether that is too long.",
                    SfObject::CourseEnrollment
                ));
                State::NotEvaluated
            } else {
                State::Fresh
            }
        }
    };
    let (state, caveats) = judge_age(state, &mut reasons, (read_at, now), limits.0);
    let heartbeats =
        activity_by_object.iter().map(|(&object, activity)| Heartbeat::new(object, activity, read_at)).collect();
    Freshness { state, read_at, last, silence: silent, gaps, limits, reasons, caveats, heartbeats }
}

/// Adjusts a state to the age of the read; and a caveat about that age.
fn judge_age(
    state: State,
    reasons: &mut Vec<String>,
    (read_at, now): (Instant, Instant),
    limits: Limits,
) -> (State, Vec<String>) {
    let age = now.seconds() - read_at.seconds();
    let at = read_at.to_minute();
    let unknown = if age > MAX_AGE_DAYS * DAY {
        format!(
            "Salesforce was read {} days ago ({at}), and a reading that is older than {MAX_AGE_DAYS} days does not tell \
             whether the sync writes: extract it again.",
            age / DAY
        )
    } else if age < -AHEAD {
        format!(
            "Salesforce is said to have been read at {at}, which lies in the future: check the clocks and extracted_at."
        )
    } else if age / HOUR >= i64::from(limits.warn_after_hours.max(HOURS_UNSAID)) {
        let since =
            format!("Salesforce was read {} hours ago ({at}): what was written since is not known.", age / HOUR);
        return (state, vec![since]);
    } else {
        return (state, Vec::new());
    };
    reasons.insert(0, unknown);
    (State::NotEvaluated, Vec::new())
}

fn limits(gaps: Option<Gaps>, configured: Configured) -> (Limits, Source) {
    let (known, source) = match Limits::learned(gaps) {
        Some(learned) => (learned, Source::Learned),
        None => (DEFAULT, Source::Default),
    };
    let source = match (configured.warn_after, configured.error_after) {
        (Some(_), Some(_)) => Source::Configured,
        _ => source,
    };
    let error_after_hours =
        configured.error_after.unwrap_or_else(|| known.error_after_hours.max(configured.warn_after.unwrap_or(0)));
    let warn_after_hours = configured.warn_after.unwrap_or(known.warn_after_hours).min(error_after_hours);
    (Limits { warn_after_hours, error_after_hours }, source)
}

/// Whether the write times of enrollments are known: the object was read, with its dates.
fn knows_writes_of_enrollments(activity_by_object: &BTreeMap<SfObject, WriteActivity>) -> bool {
    let activity = activity_by_object.get(&SfObject::CourseEnrollment);
    activity.is_some_and(|activity| activity.created.newest.is_some() || activity.modified.newest.is_some())
}

/// New enrollment rows against their own history: changes may still be written while no row is created any more. New
/// learners are no such sign, since an organization may have no new people for months.
fn no_new_rows(activity_by_object: &BTreeMap<SfObject, WriteActivity>, read_at: Instant) -> Option<String> {
    let created = &activity_by_object.get(&SfObject::CourseEnrollment)?.created;
    let limit = Limits::learned(gaps_of(created))?;
    let hours = silence(created.newest?.0, read_at);
    (hours >= limit.error_after_hours).then(|| {
        format!(
            "Changes are written, but {} has had no new record for {hours} hours, more than three times its usual longest \
             gap; an audit tells whether any was due.",
            SfObject::CourseEnrollment
        )
    })
}

fn gaps_of(writes: &Writes) -> Option<Gaps> {
    Gaps::between(&writes.hours().map(|(hour, _)| hour).collect::<Vec<_>>())
}

impl Freshness {
    /// Fewer rows were extracted than Salesforce counted: the newest may be missing, so a silence proves nothing.
    pub fn incomplete(&mut self, missing: &[String]) {
        if self.state != State::Fresh {
            self.state = State::NotEvaluated;
            self.reasons.insert(
                0,
                format!("The snapshot is incomplete: {}; its newest rows may be missing.", missing.join(", ")),
            );
        }
    }

    /// The state in a sentence.
    #[must_use]
    pub fn sentence(&self) -> String {
        let last = self.last.map_or_else(String::new, |(_, _, at)| format!(", at {}", at.to_minute()));
        let hours = self.silence.map_or_else(String::new, |hours| match hours {
            0 => "less than an hour".to_owned(),
            1 => "an hour".to_owned(),
            hours => format!("{hours} hours"),
        });
        match self.state {
            State::Fresh => format!("The sync breathes: it last wrote {hours} before Salesforce was read{last}."),
            State::Late => format!("The sync is late: {}", self.reasons.join(" ")),
            State::Stalled => {
                format!("The sync must be taken for stalled: it last wrote {hours} before Salesforce was read{last}.")
            }
            State::NotEvaluated => self.reasons.join(" "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Configured, State, judge};
    use crate::model::id::RecordId;
    use crate::model::instant::{DAY, HOUR, Instant};
    use crate::model::object::SfObject;
    use crate::model::write_activity::WriteActivity;
    use crate::settings::EnrollmentMode::{Manual, Realtime};
    use std::collections::BTreeMap;

    const START: i64 = 1_760_000_000 / HOUR * HOUR;

    /// Rows of one object, created at these hours.
    fn activity_by_object(hours: impl Iterator<Item = i64>) -> BTreeMap<SfObject, WriteActivity> {
        let record = RecordId::parse(b"a0J000000000001").expect("an id");
        let mut activity = WriteActivity::default();
        hours.for_each(|hour| activity.created.add(Instant::from_seconds(START + hour * HOUR), record));
        BTreeMap::from([(SfObject::CourseEnrollment, activity)])
    }

    /// A read time, judged at once.
    fn both(hours: i64) -> (Instant, Instant) {
        let at = Instant::from_seconds(START + hours * HOUR);
        (at, at)
    }

    #[test]
    fn the_limits_decide() {
        // A write every ten hours: warn from 24, alarm from 72.
        let busy = || activity_by_object((0..50).map(|nth| nth * 10));
        for (hours, state) in
            [(495, State::Fresh), (513, State::Fresh), (514, State::Late), (561, State::Late), (562, State::Stalled)]
        {
            assert_eq!(judge(&busy(), both(hours), Configured::default(), Realtime).state, state, "{hours}");
        }
        let set = |warn, error| Configured { warn_after: warn, error_after: error };
        assert_eq!(judge(&busy(), both(495), set(Some(4), None), Realtime).state, State::Late);
        assert_eq!(judge(&busy(), both(495), set(None, Some(5)), Realtime).state, State::Stalled);
        assert_eq!(judge(&busy(), both(1_000), set(None, Some(900)), Realtime).limits.0.error_after_hours, 900);
        let quiet = judge(&activity_by_object(std::iter::once(0)), both(47), Configured::default(), Realtime);
        assert_eq!((quiet.state, quiet.limits.0), (State::Fresh, super::DEFAULT));
    }

    #[test]
    fn nothing_written_is_no_pass() {
        let nothing = judge(&BTreeMap::new(), both(0), Configured::default(), Realtime);
        assert_eq!(nothing.state, State::NotEvaluated);
        let ahead = judge(&activity_by_object(std::iter::once(5)), both(0), Configured::default(), Realtime);
        assert_eq!((ahead.state, ahead.silence), (State::Fresh, Some(0)), "a clock that is ahead");
    }

    /// Learners may be written once in months, so their gaps show nothing about enrollments that were not read.
    #[test]
    fn what_is_learned_without_the_enrollments_makes_nothing_fresh() {
        for (hours, state) in [(47, State::Fresh), (48, State::NotEvaluated), (90, State::NotEvaluated)] {
            let mut activity_by_object = activity_by_object((0..30).map(|nth| nth * 100));
            let activity = activity_by_object.remove(&SfObject::CourseEnrollment).expect("there");
            for unread in [None, Some(WriteActivity::default())] {
                activity_by_object.clear();
                activity_by_object.insert(SfObject::DoceboUser, activity.clone());
                activity_by_object.extend(unread.map(|unread| (SfObject::CourseEnrollment, unread)));
                let judged = judge(&activity_by_object, both(2_900 + hours), Configured::default(), Realtime);
                assert_eq!(judged.state, state, "{hours}: {}", judged.sentence());
            }
        }
    }

    #[test]
    fn lumps_by_hand_are_judged_by_the_time_between_lumps() {
        // Three busy hours every nine days.
        let lumps = || activity_by_object((0..30).flat_map(|lump| (0..3).map(move |hour| lump * 216 + hour)));
        let days = |days: i64| 29 * 216 + 2 + days * 24;
        assert_eq!(judge(&lumps(), both(days(8)), Configured::default(), Manual).state, State::Fresh);
        assert_eq!(judge(&lumps(), both(days(8)), Configured::default(), Realtime).state, State::Fresh);
        assert_eq!(judge(&lumps(), both(days(10)), Configured::default(), Manual).state, State::Late);
        assert_eq!(judge(&lumps(), both(days(28)), Configured::default(), Manual).state, State::Stalled);
    }

    #[test]
    fn an_object_that_no_longer_grows_is_told_while_others_are_written() {
        let mut activity_by_object = activity_by_object((0..50).map(|nth| nth * 10));
        let record = RecordId::parse(b"a0J000000000001").expect("an id");
        let activity = activity_by_object.get_mut(&SfObject::CourseEnrollment).expect("there");
        activity.modified.add(Instant::from_seconds(START + 900 * HOUR), record);
        let fresh = judge(&activity_by_object, both(901), Configured::default(), Realtime);
        assert_eq!(fresh.state, State::Late);
        assert!(fresh.sentence().contains("no new record for 411 hours"), "{}", fresh.sentence());
    }

    #[test]
    fn an_old_reading_and_one_of_the_future_tell_nothing() {
        let busy = || activity_by_object((0..50).map(|nth| nth * 10));
        let (read, _) = both(495);
        for (age, state, says) in [
            (0, State::Fresh, None),
            (24 * HOUR, State::Fresh, Some("24 hours ago")),
            (30 * DAY, State::Fresh, Some("720 hours ago")),
            (30 * DAY + 1, State::NotEvaluated, None),
            (395 * DAY, State::NotEvaluated, None),
            (-DAY, State::Fresh, None),
            (-DAY - 1, State::NotEvaluated, None),
        ] {
            let judged = judge(&busy(), (read, read.plus(age)), Configured::default(), Realtime);
            assert_eq!(judged.state, state, "{age}: {judged:?}");
            assert!(says.is_none_or(|says| judged.caveats[0].contains(says)), "{age}: {judged:?}");
        }
        let old = judge(&busy(), (read, read.plus(395 * DAY)), Configured::default(), Realtime);
        assert!(old.sentence().contains("was read 395 days ago"), "{}", old.sentence());
    }
}
