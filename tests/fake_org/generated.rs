//! A made-up org with contacts, Docebo users, courses and enrollments, the same for the same seed.

use std::path::Path;

use fastrand::Rng;

use super::org::{Field, Kind, Object, Org};

const SPACE: &str = "docebo_v3__";
const OBJECTS: [(&str, &str); 5] = [
    ("Contact", "003"),
    ("User", "005"),
    ("docebo_v3__DoceboUser__c", "a0J"),
    ("docebo_v3__Course__c", "a0K"),
    ("docebo_v3__CourseEnrollment__c", "a0L"),
];

/// The 18-character id of a number.
pub(crate) fn id(prefix: &str, number: usize) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut tail = [b'0'; 7];
    let mut rest = number;
    for digit in tail.iter_mut().rev() {
        *digit = DIGITS[rest % 62];
        rest /= 62;
    }
    let short = format!("{prefix}5g000{}", String::from_utf8_lossy(&tail));
    let suffix = short.as_bytes().chunks(5).map(|chunk| {
        let upper = chunk.iter().enumerate().filter(|(_, byte)| byte.is_ascii_uppercase());
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[upper.map(|(at, _)| 1 << at).sum::<usize>()])
    });
    format!("{short}{}", suffix.collect::<String>())
}

/// An org from a folder with one file an object, such as a sample's `snapshot`.
pub(crate) fn from_folder(folder: &Path) -> Org {
    let mut org = Org::new();
    for (name, prefix) in OBJECTS {
        let file = folder.join(format!("{name}.csv"));
        if file.is_file() {
            org.add(Object::from_csv(name, &file, prefix));
        }
    }
    org
}

/// An org with so many enrollments, and of the rest what belongs to them.
pub(crate) fn org(enrollments: usize, seed: u64) -> Org {
    let mut rng = Rng::with_seed(seed);
    let mut org = Org::new();
    let by = org.user_id.clone();
    let instant = |seconds: i64| {
        let at = jiff::Timestamp::from_second(1_735_689_600 + seconds).unwrap_or_default();
        super::org::stamp(at)
    };
    let audit = [("CreatedDate", Kind::DateTime), ("CreatedById", Kind::Reference)];
    let change = [("LastModifiedDate", Kind::DateTime), ("LastModifiedById", Kind::Reference)];
    let stamp = [("SystemModstamp", Kind::DateTime)];
    let object = |name: &str, prefix: &str, own: &[(&str, Kind)]| {
        Object::new(name, prefix, &[&[("Id", Kind::Id)], own, &audit, &change, &stamp].concat())
    };
    let learners = enrollments / 4 + 1;
    let courses = enrollments / 100 + 1;

    let mut contacts = object(
        "Contact",
        "003",
        &[("Email", Kind::Text), ("FirstName", Kind::Text), ("LastName", Kind::Text), ("Name", Kind::Text)],
    );
    let users_name = format!("{SPACE}DoceboUser__c");
    let contact_ref = format!("{SPACE}Contact__c");
    let (user_id, user_ref) = (format!("{SPACE}UserId__c"), format!("{SPACE}User__c"));
    let mut users = object(
        &users_name,
        "a0J",
        &[
            ("Name", Kind::Text),
            (&user_id, Kind::Number { scale: 0 }),
            (&contact_ref, Kind::Reference),
            (&user_ref, Kind::Reference),
        ],
    );
    let given = ["Ada", "Björn", "Chloé", "Dmitri", "Élodie", "Farid", "Grace \"Amazing\"", "Hải"];
    let family = ["Okafor", "O'Brien", "Müller", "Łukasiewicz", "de la Cruz, Jr.", "Nguyễn", "Smith\nJones", "NA"];
    for number in 0..learners {
        let made = instant(i64::try_from(number).unwrap_or(0) * 60);
        let (first, last) = (given[rng.usize(..given.len())], family[rng.usize(..family.len())]);
        let (contact, name) = (id("003", number), format!("{first} {last}"));
        let email = format!("learner{number}@example.org");
        contacts.push(&[
            ("Id", &contact),
            ("Email", if number % 17 == 0 { "" } else { &email }),
            ("FirstName", first),
            ("LastName", last),
            ("Name", &name),
            ("CreatedDate", &made),
            ("CreatedById", &by),
            ("LastModifiedDate", &made),
            ("LastModifiedById", &by),
        ]);
        // Some are large enough for the API to write them with an exponent.
        let docebo = if number % 3 == 0 { 16_147_805_824_397 + number } else { 10_000 + number };
        users.push(&[
            ("Id", &id("a0J", number)),
            ("Name", &docebo.to_string()),
            (&user_id, &docebo.to_string()),
            (&contact_ref, if number % 29 == 0 { "" } else { &contact }),
            ("CreatedDate", &made),
            ("CreatedById", &by),
            ("LastModifiedDate", &made),
            ("LastModifiedById", &by),
        ]);
    }
    users.fields[3].refers_to = Some(contacts.name.clone());
    users.fields[4].refers_to = Some("User".into());

    let courses_name = format!("{SPACE}Course__c");
    let (course_id, course_name) = (format!("{SPACE}CourseId__c"), format!("{SPACE}Name__c"));
    let deleted = format!("{SPACE}Deleted__c");
    let mut made_courses = object(
        &courses_name,
        "a0K",
        &[
            ("Name", Kind::Text),
            (&course_id, Kind::Number { scale: 0 }),
            (&course_name, Kind::Text),
            (&deleted, Kind::Boolean),
        ],
    );
    for number in 0..courses {
        let made = instant(i64::try_from(number).unwrap_or(0));
        made_courses.push(&[
            ("Id", &id("a0K", number)),
            ("Name", &(600 + number).to_string()),
            (&course_id, &(600 + number).to_string()),
            (&course_name, &format!("Course {number}, part \"A\"")),
            (&deleted, if number % 13 == 12 { "true" } else { "false" }),
            ("CreatedDate", &made),
            ("CreatedById", &by),
            ("LastModifiedDate", &made),
            ("LastModifiedById", &by),
        ]);
    }

    let enrollments_name = format!("{SPACE}CourseEnrollment__c");
    let own = ["EnrolmentId__c", "DoceboUser__c", "Course__c", "Status__c", "EnrollmentCompletionDate__c"]
        .map(|name| format!("{SPACE}{name}"));
    let mut made_enrollments = object(
        &enrollments_name,
        "a0L",
        &[
            (&own[0], Kind::Text),
            (&own[1], Kind::Reference),
            (&own[2], Kind::Reference),
            (&own[3], Kind::Text),
            (&own[4], Kind::DateTime),
        ],
    );
    for number in 0..enrollments {
        let (learner, course) = (rng.usize(..learners), rng.usize(..courses));
        let seconds = i64::try_from(number).unwrap_or(0) * 37;
        let (made, changed) = (instant(seconds), instant(seconds + 86_400));
        let status = ["Subscribed", "In Progress", "Completed"][rng.usize(..3)];
        made_enrollments.push(&[
            ("Id", &id("a0L", number)),
            (&own[0], &format!("{}_{}", 10_000 + learner, 600 + course)),
            (&own[1], &id("a0J", learner)),
            (&own[2], &id("a0K", course)),
            (&own[3], status),
            (&own[4], if status == "Completed" { &changed } else { "" }),
            ("CreatedDate", &made),
            ("CreatedById", &by),
            ("LastModifiedDate", &changed),
            ("LastModifiedById", &by),
        ]);
    }
    made_enrollments.fields[2].refers_to = Some(users_name);
    made_enrollments.fields[3].refers_to = Some(courses_name);
    org.add(contacts);
    org.add(users);
    org.add(made_courses);
    org.add(made_enrollments);
    org
}

/// As [`org`], with every object of the package and every column that an audit reads.
pub(crate) fn package(enrollments: usize, seed: u64) -> Org {
    let mut org = org(enrollments, seed);
    let (by, learners) = (org.user_id.clone(), enrollments / 4 + 1);
    let made = "2025-03-04T05:06:07.000Z";
    let rest = ["Session", "SessionAttendance", "LearningPlan", "LearningPlanCourse"];
    let rest = rest.into_iter().chain(["LearningPlanEnrollment", "LearningPlanCourseEnrollment"]);
    for (name, prefix) in rest.zip(["a0M", "a0N", "a0O", "a0P", "a0Q", "a0R"]) {
        let mut object = Object::new(&format!("{SPACE}{name}__c"), prefix, &[("Id", Kind::Id)]);
        for number in 0..learners {
            object.push(&[
                ("Id", &id(prefix, number)),
                ("CreatedDate", made),
                ("CreatedById", &by),
                ("LastModifiedDate", made),
                ("LastModifiedById", &by),
            ]);
        }
        org.add(object);
    }
    let users = org.object_mut("User");
    for number in 1..learners {
        let username = format!("learner{number}@example.org");
        let contact = if number % 5 == 0 { String::new() } else { id("003", number) };
        let active = if number % 7 == 0 { "false" } else { "true" };
        users.push(&[
            ("Id", &id("005", number)),
            ("Username", &username),
            ("ContactId", &contact),
            ("IsActive", active),
        ]);
    }
    let mut add = |object: &str, field: &str, kind: Kind, value: fn(usize) -> Option<String>| {
        let object = org.object_mut(&format!("{SPACE}{object}__c"));
        let width = object.fields.len();
        object.fields.push(Field::new(&format!("{SPACE}{field}__c"), kind));
        for (number, row) in object.rows_mut().iter_mut().enumerate() {
            row.values.resize(width, None);
            row.values.push(value(number));
        }
    };
    add("Course", "Code", Kind::Text, |number| (number % 3 > 0).then(|| format!("0{number};\tcaf\u{e9}")));
    add("Course", "Effective", Kind::Boolean, |number| (number % 2 == 0).then(|| "true".into()));
    let date =
        |number: usize| number.is_multiple_of(4).then(|| format!("2025-02-{:02}T23:59:59.000Z", number % 28 + 1));
    add("CourseEnrollment", "EnrollmentStartDate", Kind::DateTime, date);
    add("CourseEnrollment", "UnenrollmentDate", Kind::DateTime, |_| None);
    org
}
