//! Secrets by their form: Salesforce sessions, signed tokens, headers, keys, and the value after a name that
//! announces one.
//!
//! Must not know: where the text comes from.

/// Names followed by a secret, even as the end of a longer word.
const NAMES: [&str; 16] = [
    "client_secret",
    "clientsecret",
    "consumer_secret",
    "access_token",
    "accesstoken",
    "refresh_token",
    "refreshtoken",
    "id_token",
    "private_key",
    "api_key",
    "apikey",
    "password",
    "passwd",
    "assertion",
    "session_id",
    "sessionid",
];
/// Like [`NAMES`], but only as whole words: many words end in `sid`.
const WORDS: [&str; 2] = ["sid", "pwd"];
/// Minimum characters of a secret.
const MIN_TOKEN: usize = 8;

/// Maximum characters of a secret that are read and shown to the caller: a one-word text of any length is read once and
/// not once per possible start of a secret.
const MAX_TOKEN: usize = 60;
/// Bytes below which a text cannot contain a secret: `sid=` and [`MIN_TOKEN`] characters, or `://` and a name with a
/// password.
const SHORTEST_TEXT: usize = 5;

/// Secrets of a text, each from its first recognizable character.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if text.len() < SHORTEST_TEXT {
        return found;
    }
    let run = |from: usize| text[from..].chars().take(MAX_TOKEN).take_while(|&c| symbol(c)).count();
    let take =
        |from: usize| -> String { text[from..].chars().take(MAX_TOKEN).take_while(|c| !c.is_whitespace()).collect() };
    for (at, _) in text.match_indices("00D") {
        let id = text[at..].bytes().take(19).take_while(u8::is_ascii_alphanumeric).count();
        if matches!(id, 15 | 18) && text[at + id..].starts_with('!') && run(at + id + 1) >= 20 {
            found.push(take(at));
        }
    }
    // A refresh token of a connected app.
    found.extend(text.match_indices("5Aep861").filter(|(at, _)| run(*at) >= 40).map(|(at, _)| take(at)));
    signed(text, &mut found);
    found.extend(text.match_indices("-----BEGIN ").map(|(at, _)| take(at)));
    for (at, _) in text.match_indices("://") {
        let authority = text[at + 3..].split(['/', '?', '#', ' ', '"']).next().unwrap_or("");
        if authority.split_once('@').is_some_and(|(user, _)| user.contains(':')) {
            found.push(take(at + 3));
        }
    }
    found.extend(text.match_indices("hooks.slack.com/services/").map(|(at, _)| take(at)));
    named(text, &mut found);
    found
}

/// Signed tokens: three parts separated by dots; the first begins with `eyJ`, and the first two have ten characters or
/// more. At most one for each first part, in one pass over the text.
fn signed(text: &str, found: &mut Vec<String>) {
    for word in text.split(|c: char| !symbol(c)).filter(|word| word.contains("eyJ")) {
        // Start and text of each part; the first is checked only after two more.
        let mut begins = 0;
        let mut parts = word.split('.').map(|part| {
            let at = begins;
            begins += part.len() + 1;
            (at, part)
        });
        let (mut one, mut two) = (parts.next(), parts.next());
        for three in parts {
            if let (Some((at, head)), Some((_, body))) = (one, two)
                && let Some(place) = head.find("eyJ")
                && head.len() - place >= 10
                && body.len() >= 10
            {
                found.push(word[at + place..].chars().take(MAX_TOKEN).collect());
            }
            (one, two) = (two, Some(three));
        }
    }
}

const fn symbol(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '/' | '=' | '~' | '!' | '*')
}

/// Secrets after their name: in a query, a form, JSON, TOML, or a header.
fn named(text: &str, found: &mut Vec<String>) {
    let lower = text.to_ascii_lowercase();
    let secret = |from: usize| -> Option<String> {
        let value: String = text[from..].chars().take(MAX_TOKEN).take_while(|&c| symbol(c)).collect();
        (value.len() >= MIN_TOKEN).then_some(value)
    };
    for scheme in ["bearer ", "basic "] {
        for (at, _) in lower.match_indices(scheme) {
            // `Bearer authentication` is prose: a token is long, or has a digit.
            let value = secret(at + scheme.len());
            found.extend(value.filter(|value| value.len() >= 20 || value.bytes().any(|b| b.is_ascii_digit())));
        }
    }
    let bounded = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let names = NAMES.iter().map(|name| (*name, false)).chain(WORDS.iter().map(|name| (*name, true)));
    for (name, whole) in names {
        for (at, _) in lower.match_indices(name) {
            if whole && !bounded(at) {
                continue;
            }
            let quotes = |text: &str| text.trim_start_matches(['"', '\'', '\\', ' ']).len();
            let rest = &text[at + name.len()..];
            let behind = &rest[rest.len() - quotes(rest)..];
            let Some(value) = behind.strip_prefix(['=', ':']) else { continue };
            found.extend(secret(text.len() - quotes(value)));
        }
    }
}
