//! A large organisation on disk, for the benchmark: millions of enrollments, written as fast as the
//! disk takes them and with next to no memory.
//!
//! Every row is computed from its number, so nothing is kept; the Salesforce side is written in an
//! order that has nothing to do with the export's, as it would be. Must not know: the package under
//! test, nor the small worlds of the other tests.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

const EXPORTED_AT: &str = "2026-11-20T06:00:00Z";
/// 2025-11-01T00:00:00Z, when the first enrollments were made.
const FROM: i64 = 1_761_955_200;
const DAY: i64 = 86_400;
/// Enrollments are made over this many days; whatever follows them is over before the cutoff.
const ENROLLING: u64 = 340;
const DAYS: usize = 384;

const GIVEN: [&str; 16] = [
    "Ada", "Bram", "Chidi", "Daniela", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Keisha", "Luca", "Mei",
    "Nikhil", "Oksana", "Pedro",
];
const FAMILY: [&str; 16] = [
    "Okafor",
    "Lindqvist",
    "Marchetti",
    "Nakamura",
    "Abebe",
    "Bauer",
    "Castillo",
    "Dubois",
    "Eriksen",
    "Fernandes",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Larsen",
    "Novak",
    "Petrov",
];
const COUNTRIES: [&str; 6] = ["Brazil", "France", "India", "Japan", "South Africa", "United States"];
const TITLES: [&str; 8] = [
    "Information Security Basics",
    "Negotiation, Value First",
    "Platform Essentials",
    "Integrations in Depth",
    "Code of Conduct",
    "Customer Support Foundations",
    "Feedback and Coaching",
    "Tools, Accounts and Access",
];

/// What was written, and what an audit must find in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) learners: u64,
    pub(crate) docebo_enrollments: u64,
    pub(crate) salesforce_enrollments: u64,
    pub(crate) matched: u64,
    pub(crate) outdated: u64,
    pub(crate) absent: u64,
    pub(crate) absent_no_docebo_user: u64,
    /// Learners who have enrollments and no `DoceboUser` row.
    pub(crate) missing: u64,
    pub(crate) bytes: u64,
}

/// Writes a configuration, both reports and a snapshot into `dir`, with about `exception_percent`
/// of the enrollments in want of something.
pub(crate) fn write(dir: &Path, learners: u32, enrollments: u64, exception_percent: f64) -> io::Result<Written> {
    let snapshot = dir.join("snapshot");
    fs::create_dir_all(&snapshot)?;
    fs::write(dir.join("tieout.toml"), configuration())?;
    let bulk = Bulk::new(u64::from(learners.max(1)), enrollments, exception_percent);
    let mut written = Written { learners: bulk.learners, ..Written::default() };
    bulk.users(&dir.join("users.csv"))?;
    bulk.enrollments(&dir.join("enrollments.csv"), &mut written)?;
    bulk.contacts(&snapshot.join("Contact.csv"))?;
    bulk.salesforce_users(&snapshot.join("User.csv"))?;
    bulk.docebo_users(&snapshot.join("docebo_v3__DoceboUser__c.csv"))?;
    bulk.courses(&snapshot.join("docebo_v3__Course__c.csv"))?;
    bulk.course_enrollments(&snapshot.join("docebo_v3__CourseEnrollment__c.csv"), &mut written)?;
    for folder in [dir, &snapshot] {
        for entry in fs::read_dir(folder)? {
            let about = entry?.metadata()?;
            written.bytes += if about.is_file() { about.len() } else { 0 };
        }
    }
    Ok(written)
}

fn configuration() -> String {
    format!(
        "# Made by the benchmark.\n[salesforce]\nsnapshot = \"snapshot\"\n\n[docebo]\nplatform_url = \"https://acme.docebosaas.com\"\n\
         users = \"users.csv\"\nenrollments = \"enrollments.csv\"\nexported_at = \"{EXPORTED_AT}\"\ntime_zone = \"UTC\"\n\n\
         [mapping]\nusername_field = \"Email\"\nprovisioning = true\n"
    )
}

/// What became of one enrollment in Salesforce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RowOutcome {
    Matched,
    Outdated,
    Absent,
    NoDoceboUser,
}

struct Bulk {
    learners: u64,
    enrollments: u64,
    /// Enrollments of a learner; the last learners have fewer, or none, where it does not divide.
    each: u64,
    courses: u64,
    /// Exceptions in 2^32.
    odds: u64,
    /// `2026-01-31` for every day of the record.
    days: Vec<[u8; 10]>,
    integration: [u8; 18],
}

/// One enrollment, from its number.
struct Row {
    learner: u64,
    course: u64,
    enrolled: i64,
    begun: Option<i64>,
    done: Option<i64>,
    outcome: RowOutcome,
    chance: u64,
}

impl Bulk {
    fn new(learners: u64, enrollments: u64, exception_percent: f64) -> Self {
        let each = enrollments.div_ceil(learners);
        // Ten thousandths are fine enough, and a whole number needs no cast of a float.
        let odds = format!("{:.0}", exception_percent.clamp(0.0, 100.0) * 10_000.0).parse::<u64>().unwrap_or(0);
        Self {
            learners,
            enrollments,
            each,
            courses: 600.max(each * 2),
            odds: (odds << 32) / 1_000_000,
            days: (0..DAYS as i64).map(|day| calendar(FROM / DAY + day)).collect(),
            integration: id(b"005", 7),
        }
    }

    /// A learner whose `DoceboUser` row never came; all of its enrollments are exceptions then, so a
    /// fifth of the odds goes here.
    fn lacks_docebo_user(&self, learner: u64) -> bool {
        mix(learner ^ 0x5EED) >> 32 < self.odds / 5
    }

    fn row(&self, n: u64) -> Row {
        let (learner, nth) = (n / self.each, n % self.each);
        let chance = mix(n);
        // Neighbours in a learner's list are distinct, since a learner takes half of all at most.
        let course = (mix(learner) % self.courses + nth * 2 + nth * 2 / self.courses) % self.courses;
        let enrolled = FROM + i64::try_from(chance % (ENROLLING * 86_400)).unwrap_or(0);
        let step = |shift: u32, days: u64| i64::try_from((chance >> shift) % (days * 86_400)).unwrap_or(0);
        let begun = (chance >> 60 > 2).then(|| enrolled + 600 + step(8, 10));
        let done = begun.filter(|_| chance >> 60 > 5).map(|begun| begun + 900 + step(16, 20));
        let luck = mix(chance) >> 32;
        let outcome = if self.lacks_docebo_user(learner) {
            RowOutcome::NoDoceboUser
        } else if luck < self.odds / 2 {
            RowOutcome::Absent
        } else if luck < self.odds * 4 / 5 && done.is_some() {
            RowOutcome::Outdated
        } else {
            RowOutcome::Matched
        };
        Row { learner, course, enrolled, begun, done, outcome, chance }
    }

    fn users(&self, path: &Path) -> io::Result<()> {
        let mut out = create(path)?;
        out.write_all(
            b"Username,Country,Deactivated,Email,First Name,Last Name,sfdc_id,User Creation Date,User unique ID\r\n",
        )?;
        for learner in 0..self.learners {
            let (given, family, country) = person(learner);
            username(&mut out, learner)?;
            write!(out, ",{country},No,")?;
            username(&mut out, learner)?;
            write!(out, ",{given},{family},")?;
            out.write_all(&id(b"003", learner))?;
            writeln!(out, ",2025-10-0{} 08:00:00,{}\r", 1 + learner % 9, learner_id(learner))?;
        }
        out.flush()
    }

    fn enrollments(&self, path: &Path, written: &mut Written) -> io::Result<()> {
        let mut out = create(path)?;
        out.write_all(
            b"Username,Full Name,User unique ID,Course Name,Course code,Course Internal ID,Archived Enrollment,Completion Date,\
              Course First Access Date,Course Last Access Date,Enrollment Date,Enrollment Start Date,Course Enrollment Status,Final Score\r\n",
        )?;
        for n in 0..self.enrollments {
            let row = self.row(n);
            written.docebo_enrollments += 1;
            match row.outcome {
                RowOutcome::Matched => written.matched += 1,
                RowOutcome::Outdated => written.outdated += 1,
                RowOutcome::Absent => written.absent += 1,
                RowOutcome::NoDoceboUser => {
                    written.absent_no_docebo_user += 1;
                    written.missing += u64::from(n % self.each == 0);
                }
            }
            let (given, family, _) = person(row.learner);
            username(&mut out, row.learner)?;
            out.write_all(b",")?;
            out.write_all(given.as_bytes())?;
            out.write_all(b" ")?;
            out.write_all(family.as_bytes())?;
            out.write_all(b",")?;
            decimal(&mut out, learner_id(row.learner))?;
            out.write_all(b",")?;
            title(&mut out, row.course)?;
            out.write_all(b",C-")?;
            decimal(&mut out, row.course)?;
            out.write_all(b",")?;
            decimal(&mut out, course_id(row.course))?;
            out.write_all(b",No,")?;
            self.local(&mut out, row.done)?;
            out.write_all(b",")?;
            self.local(&mut out, row.begun)?;
            out.write_all(b",")?;
            self.local(&mut out, row.done.or(row.begun))?;
            out.write_all(b",")?;
            self.local(&mut out, Some(row.enrolled))?;
            out.write_all(match (row.begun, row.done) {
                (_, Some(_)) => b",,Completed,",
                (Some(_), None) => b",,In Progress,",
                (None, None) => b",,Enrolled,",
            })?;
            if row.done.is_some() {
                decimal(&mut out, 60 + row.chance % 41)?;
            }
            out.write_all(b"\r\n")?;
        }
        out.flush()
    }

    fn contacts(&self, path: &Path) -> io::Result<()> {
        let mut out = create(path)?;
        out.write_all(b"Id,Email,FirstName,LastName,CreatedDate,LastModifiedDate\r\n")?;
        for n in 0..self.learners {
            let learner = scatter(n, self.learners);
            let (given, family, _) = person(learner);
            out.write_all(&id(b"003", learner))?;
            out.write_all(b",")?;
            username(&mut out, learner)?;
            writeln!(out, ",{given},{family},2025-10-01T07:00:00.000Z,2025-10-01T07:00:00.000Z\r")?;
        }
        out.flush()
    }

    fn salesforce_users(&self, path: &Path) -> io::Result<()> {
        let mut out = create(path)?;
        out.write_all(b"Id,Username,ContactId,IsActive\r\n")?;
        out.write_all(&self.integration)?;
        out.write_all(b",docebo.integration@example.com,,true\r\n")?;
        out.flush()
    }

    fn docebo_users(&self, path: &Path) -> io::Result<()> {
        let mut out = create(path)?;
        out.write_all(
            b"Id,Name,docebo_v3__UserId__c,docebo_v3__Contact__c,docebo_v3__User__c,docebo_v3__Who__c,CreatedDate,CreatedById,\
              LastModifiedDate,LastModifiedById\r\n",
        )?;
        for n in 0..self.learners {
            let learner = scatter(n, self.learners);
            if self.lacks_docebo_user(learner) || learner * self.each >= self.enrollments {
                continue;
            }
            let contact = id(b"003", learner);
            out.write_all(&id(b"a0J", learner))?;
            write!(out, ",{0},{0}.0,", learner_id(learner))?;
            out.write_all(&contact)?;
            out.write_all(b",,")?;
            out.write_all(&contact)?;
            for _ in 0..2 {
                out.write_all(b",2025-11-01T06:00:00.000Z,")?;
                out.write_all(&self.integration)?;
            }
            out.write_all(b"\r\n")?;
        }
        out.flush()
    }

    fn courses(&self, path: &Path) -> io::Result<()> {
        let mut out = create(path)?;
        out.write_all(
            b"Id,Name,docebo_v3__CourseId__c,docebo_v3__Code__c,docebo_v3__Name__c,docebo_v3__Deleted__c,docebo_v3__Effective__c,\
              CreatedDate,CreatedById,LastModifiedDate,LastModifiedById\r\n",
        )?;
        for course in 0..self.courses {
            out.write_all(&id(b"a0K", course))?;
            write!(out, ",{0},{0}.0,C-{course},", course_id(course))?;
            title(&mut out, course)?;
            out.write_all(b",false,true")?;
            for _ in 0..2 {
                out.write_all(b",2025-10-01T06:00:00.000Z,")?;
                out.write_all(&self.integration)?;
            }
            out.write_all(b"\r\n")?;
        }
        out.flush()
    }

    fn course_enrollments(&self, path: &Path, written: &mut Written) -> io::Result<()> {
        let mut out = create(path)?;
        out.write_all(
            b"Id,docebo_v3__EnrolmentId__c,docebo_v3__DoceboUser__c,docebo_v3__Course__c,docebo_v3__Status__c,\
              docebo_v3__EnrollmentStartDate__c,docebo_v3__EnrollmentCompletionDate__c,docebo_v3__UnenrollmentDate__c,\
              CreatedDate,CreatedById,LastModifiedDate,LastModifiedById\r\n",
        )?;
        for n in 0..self.enrollments {
            let n = scatter(n, self.enrollments);
            let row = self.row(n);
            if matches!(row.outcome, RowOutcome::Absent | RowOutcome::NoDoceboUser) {
                continue;
            }
            written.salesforce_enrollments += 1;
            let done = row.done.filter(|_| row.outcome == RowOutcome::Matched);
            out.write_all(&id(b"a0L", n))?;
            out.write_all(b",")?;
            decimal(&mut out, learner_id(row.learner))?;
            out.write_all(b"_")?;
            decimal(&mut out, course_id(row.course))?;
            out.write_all(b",")?;
            out.write_all(&id(b"a0J", row.learner))?;
            out.write_all(b",")?;
            out.write_all(&id(b"a0K", row.course))?;
            out.write_all(match (row.begun, done) {
                (_, Some(_)) => b",Completed,",
                (Some(_), None) => b",In_Progress,",
                (None, None) => b",Subscribed,",
            })?;
            self.instant(&mut out, Some(row.enrolled))?;
            out.write_all(b",")?;
            self.instant(&mut out, done)?;
            out.write_all(b",,")?;
            self.instant(&mut out, Some(row.enrolled + 240))?;
            out.write_all(b",")?;
            out.write_all(&self.integration)?;
            out.write_all(b",")?;
            self.instant(&mut out, Some(done.or(row.begun).unwrap_or(row.enrolled) + 300))?;
            out.write_all(b",")?;
            out.write_all(&self.integration)?;
            out.write_all(b"\r\n")?;
        }
        out.flush()
    }

    /// `2026-01-31 23:59:59`, or nothing.
    fn local(&self, out: &mut impl Write, at: Option<i64>) -> io::Result<()> {
        let Some(at) = at else { return Ok(()) };
        let mut text = *b"0000-00-00 00:00:00";
        self.clock(&mut text, at);
        out.write_all(&text)
    }

    /// `2026-01-31T23:59:59.000Z`, or nothing.
    fn instant(&self, out: &mut impl Write, at: Option<i64>) -> io::Result<()> {
        let Some(at) = at else { return Ok(()) };
        let mut text = *b"0000-00-00T00:00:00.000Z";
        self.clock(&mut text, at);
        out.write_all(&text)
    }

    fn clock(&self, text: &mut [u8], at: i64) {
        let since = u32::try_from(at - FROM).unwrap_or(0);
        let second = since % 86_400;
        text[..10].copy_from_slice(&self.days[(since / 86_400) as usize]);
        two(&mut text[11..13], second / 3600);
        two(&mut text[14..16], second / 60 % 60);
        two(&mut text[17..19], second % 60);
    }
}

fn create(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(1 << 20, File::create(path)?))
}

/// A bijection of 64 bits that leaves no pattern.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

/// Visits every number below `count` once, far from one another. The factor is a prime larger than
/// any count here.
fn scatter(n: u64, count: u64) -> u64 {
    n * 2_654_435_761 % count
}

fn person(learner: u64) -> (&'static str, &'static str, &'static str) {
    let mixed = usize::try_from(mix(learner) >> 40).unwrap_or(0);
    (GIVEN[mixed % 16], FAMILY[mixed / 16 % 16], COUNTRIES[mixed / 256 % 6])
}

fn username(out: &mut impl Write, learner: u64) -> io::Result<()> {
    let (given, family, _) = person(learner);
    let mut name = [0; 24];
    let mut length = 0;
    for byte in given.bytes().chain([b'.']).chain(family.bytes()) {
        name[length] = byte.to_ascii_lowercase();
        length += 1;
    }
    out.write_all(&name[..length])?;
    decimal(out, learner)?;
    out.write_all(b"@example.com")
}

fn title(out: &mut impl Write, course: u64) -> io::Result<()> {
    let title = TITLES[usize::try_from(course % 8).unwrap_or(0)];
    let quote: &[u8] = if title.contains(',') { b"\"" } else { b"" };
    out.write_all(quote)?;
    out.write_all(title.as_bytes())?;
    out.write_all(b" ")?;
    decimal(out, course / 8 + 1)?;
    out.write_all(quote)
}

const fn learner_id(learner: u64) -> u64 {
    10_000 + learner * 3
}

const fn course_id(course: u64) -> u64 {
    601 + course * 2
}

fn decimal(out: &mut impl Write, mut number: u64) -> io::Result<()> {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = digit(number % 10);
        number /= 10;
        if number == 0 {
            return out.write_all(&digits[first..]);
        }
    }
}

fn digit(number: u64) -> u8 {
    b'0' + u8::try_from(number).unwrap_or(0)
}

fn two(place: &mut [u8], number: u32) {
    place[0] = digit(u64::from(number / 10));
    place[1] = digit(u64::from(number % 10));
}

/// The 18-character Salesforce id of the n-th record of a kind.
fn id(prefix: &[u8; 3], n: u64) -> [u8; 18] {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const SUFFIX: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let mut id = *b"0005g00000000000AA";
    id[..3].copy_from_slice(prefix);
    // Multiplying by a power of three, which has no factor in common with 62, scatters the numbers.
    // Each kind of record begins elsewhere.
    let kind = u64::from(prefix[0]) * 1_000_003 + u64::from(prefix[2]) * 10_007;
    let mut rest = (n + kind) * 387_420_489 % 62_u64.pow(6);
    for place in id[9..15].iter_mut().rev() {
        *place = DIGITS[usize::try_from(rest % 62).unwrap_or(0)];
        rest /= 62;
    }
    for group in 0..3 {
        let letters = &id[group * 5..group * 5 + 5];
        let bits =
            letters.iter().enumerate().fold(0, |bits, (place, c)| bits | usize::from(c.is_ascii_uppercase()) << place);
        id[15 + group] = SUFFIX[bits];
    }
    id
}

/// `2026-01-31` from days since 1970, by the civil calendar.
fn calendar(day: i64) -> [u8; 10] {
    let shifted = day + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let mut text = [b'-'; 10];
    text.copy_from_slice(format!("{year:04}-{month:02}-{date:02}").as_bytes());
    text
}
