//! Names of invented people, and titles of courses that a company might teach.
//!
//! Must not know: rows, time, or chance. The n-th person has the same name in every world.

/// Given names; one carries an accent in every five or so, because real exports do.
const GIVEN: [&str; 48] = [
    "Ada", "Bram", "Chidi", "Daniela", "Elif", "Farid", "Grace", "Hiro", "Inés", "Jonas", "Keisha", "Luca", "Mei",
    "Nikhil", "Oksana", "Pedro", "Quinn", "Ravi", "Søren", "Tanvi", "Umar", "Valérie", "Wen", "Ximena", "Yusuf",
    "Zofia", "Anouk", "Bilal", "Carmen", "Dmitri", "Esther", "Femi", "Gül", "Hana", "Ibrahim", "Jürgen", "Kofi",
    "Leila", "Mateus", "Noor", "Olga", "Priya", "Rosa", "Sven", "Thandi", "Ugo", "Vera", "Zainab",
];

/// Family names; their number shares no factor with the walk below, so pairs repeat late.
const FAMILY: [&str; 53] = [
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
    "García",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Kowalska",
    "Larsen",
    "Mbeki",
    "Novak",
    "O'Neill",
    "Petrov",
    "Quist",
    "Rahman",
    "Silva",
    "Tanaka",
    "Ueda",
    "Vargas",
    "Weber",
    "Xu",
    "Yilmaz",
    "Zhang",
    "Achterberg",
    "Brännström",
    "Chaudhry",
    "Delacroix",
    "Echeverría",
    "Fitzgerald",
    "Gruber",
    "Hussain",
    "Iyer",
    "Joshi",
    "Kiplagat",
    "Lefèvre",
    "Moreau",
    "Nguyen",
    "Osei",
    "Papadaki",
    "Rossi",
    "Sato",
    "Taylor",
    "Usman",
    "Vidal",
    "Wójcik",
    "Zuma",
];

/// Code, title, category. None of them holds a comma, save those that must prove that quotes work.
pub(crate) const COURSES: [(&str, &str, &str); 24] = [
    ("SEC-101", "Information Security Basics", "Compliance"),
    ("SEC-210", "Phishing: Spot It and Report It", "Compliance"),
    ("ETH-100", "Code of Conduct", "Compliance"),
    ("PRV-120", "Privacy at Work (GDPR)", "Compliance"),
    ("ONB-001", "Welcome to Acme", "Onboarding"),
    ("ONB-002", "Tools, Accounts and Access", "Onboarding"),
    ("PRD-110", "Acme Platform Essentials", "Product"),
    ("PRD-220", "Acme Platform for Administrators", "Product"),
    ("PRD-330", "Integrations in Depth", "Product"),
    ("PRD-340", "Reporting and Dashboards", "Product"),
    ("SAL-105", "Discovery Calls that Listen", "Sales"),
    ("SAL-215", "Negotiation, Value First", "Sales"),
    ("SAL-300", "Partner Certification: Associate", "Partners"),
    ("SAL-310", "Partner Certification: Professional", "Partners"),
    ("SUP-110", "Customer Support Foundations", "Service"),
    ("SUP-240", "Handling Escalations", "Service"),
    ("LDR-101", "First-Time Managers", "Leadership"),
    ("LDR-205", "Feedback and Coaching", "Leadership"),
    ("SFT-150", "Fire Safety and Évacuation", "Safety"),
    ("SFT-160", "Working at Height", "Safety"),
    ("DAT-120", "Spreadsheets for Analysts", "Skills"),
    ("DAT-230", "SQL in an Afternoon", "Skills"),
    ("ACC-115", "Accessible Documents", "Skills"),
    ("ENV-130", "Travel and Carbon", "Sustainability"),
];

/// Where the people work, as the two further columns of the export tell it.
pub(crate) const PLACES: [(&str, &str); 8] = [
    ("Amsterdam", "Netherlands"),
    ("Boston", "United States"),
    ("Chennai", "India"),
    ("Durban", "South Africa"),
    ("Gdynia", "Poland"),
    ("Lyon", "France"),
    ("Osaka", "Japan"),
    ("São Paulo", "Brazil"),
];

/// A person: given name, family name, and an address at a domain reserved for examples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) given: String,
    pub(crate) family: String,
    pub(crate) email: String,
    pub(crate) place: (&'static str, &'static str),
}

/// The n-th person.
pub(crate) fn person(n: usize) -> Person {
    let given = GIVEN[n % GIVEN.len()];
    // Each round through the given names shifts the family names by one more place.
    let family = FAMILY[(n * 5 + n / GIVEN.len()) % FAMILY.len()];
    let round = n / (GIVEN.len() * FAMILY.len());
    let number = if round == 0 { String::new() } else { round.to_string() };
    let domain = if n.is_multiple_of(7) { "example.org" } else { "example.com" };
    Person {
        given: given.to_owned(),
        family: family.to_owned(),
        email: format!("{}.{}{number}@{domain}", plain(given), plain(family)),
        place: PLACES[(n * 3 + n / 5) % PLACES.len()],
    }
}

/// Lower case without accents or punctuation, as mail systems write names.
fn plain(name: &str) -> String {
    name.chars()
        .filter_map(|c| match c {
            'a'..='z' => Some(c),
            'A'..='Z' => Some(c.to_ascii_lowercase()),
            'á' | 'ä' | 'ã' => Some('a'),
            'é' | 'è' | 'É' => Some('e'),
            'í' => Some('i'),
            'ö' | 'ó' | 'ø' => Some('o'),
            'ü' => Some('u'),
            _ => None,
        })
        .collect()
}
