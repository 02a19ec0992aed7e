//! The token endpoint, and what tells who one is.

use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};

use super::org::Org;
use super::reply::{Call, Reply, form};

const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

fn refused(error: &str, description: &str) -> Reply {
    Reply::json(400, &json!({ "error": error, "error_description": description }))
}

pub(crate) fn token(org: &mut Org, call: &Call) -> Reply {
    let fields = form(&String::from_utf8_lossy(&call.body));
    let field = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
    if let Some((error, description)) = &org.auth.refusal {
        return refused(error, description);
    }
    let refusal = match field("grant_type").as_deref() {
        Some("client_credentials") => {
            let basic = call.authorization.as_deref().and_then(|header| header.strip_prefix("Basic "));
            let basic = basic.and_then(|text| BASE64.decode(text.as_bytes()).ok());
            let basic = basic.and_then(|bytes| String::from_utf8(bytes).ok());
            let (id, secret) = match basic.as_deref().and_then(|pair| pair.split_once(':')) {
                Some((id, secret)) => (Some(id.to_owned()), Some(secret.to_owned())),
                None => (field("client_id"), field("client_secret")),
            };
            credentials(org, id.as_deref(), secret.as_deref())
        }
        Some(JWT_BEARER) => assertion(org, field("assertion").as_deref().unwrap_or_default()),
        _ => Some(("unsupported_grant_type", "grant type not supported")),
    };
    if let Some((error, description)) = refusal {
        return refused(error, description);
    }
    let instance = org.auth.instance_url.as_ref().unwrap_or(&org.url);
    Reply::json(
        200,
        &json!({
            "access_token": org.access_token,
            "signature": "not-checked-by-anyone=",
            "scope": "api",
            "instance_url": instance,
            "id": format!("{}/id/{}/{}", org.url, org.id, org.user_id),
            "token_type": "Bearer",
            "issued_at": (org.clock() * 1000).to_string(),
        }),
    )
}

type Refused = Option<(&'static str, &'static str)>;

fn credentials(org: &Org, id: Option<&str>, secret: Option<&str>) -> Refused {
    let auth = &org.auth;
    if !auth.domain_supported {
        Some(("invalid_grant", "request not supported on this domain"))
    } else if id != Some(auth.client_id.as_str()) {
        Some(("invalid_client_id", "client identifier invalid"))
    } else if secret != Some(auth.client_secret.as_str()) {
        Some(("invalid_client", "invalid client credentials"))
    } else if !auth.run_as_user {
        Some(("invalid_grant", "no client credentials user enabled"))
    } else {
        None
    }
}

fn assertion(org: &Org, assertion: &str) -> Refused {
    let part = |number: usize| -> Option<Value> {
        let text = assertion.split('.').nth(number)?;
        serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()
    };
    let (Some(head), Some(claims)) = (part(0), part(1)) else {
        return Some(("invalid_grant", "invalid assertion"));
    };
    let audience = claims["aud"].as_str().unwrap_or_default();
    let known = org.auth.audiences.iter().any(|own| own == audience);
    let expires = claims["exp"].as_i64().unwrap_or_default();
    let now = org.clock();
    if head["alg"] != "RS256" || assertion.split('.').count() != 3 {
        Some(("invalid_grant", "invalid assertion"))
    } else if claims["iss"] != org.auth.client_id.as_str() {
        Some(("invalid_client_id", "client identifier invalid"))
    } else if !known && audience != org.url && Some(audience) != org.auth.instance_url.as_deref() {
        Some(("invalid_grant", "audience is invalid"))
    } else if expires <= now {
        Some(("invalid_grant", "expired assertion"))
    } else if expires > now + 305 {
        Some(("invalid_grant", "assertion expires too far in the future"))
    } else if org.auth.verify_jwt.as_ref().is_some_and(|verify| !verify(assertion)) {
        Some(("invalid_grant", "invalid assertion"))
    } else if claims["sub"] != org.username.as_str() || !org.auth.approved {
        Some(("invalid_grant", "user hasn't approved this consumer"))
    } else {
        None
    }
}

/// Whether the call carries the token of the day and came to the host that the token is for.
pub(crate) fn allowed(org: &Org, call: &Call) -> bool {
    let token = call.authorization.as_deref().and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        (scheme.eq_ignore_ascii_case("Bearer") || scheme.eq_ignore_ascii_case("OAuth")).then_some(token)
    });
    let right_host = org.auth.instance_url.as_ref().is_none_or(|url| {
        let host = url.split_once("://").map_or(url.as_str(), |(_, host)| host).trim_end_matches('/');
        call.host.as_deref() == Some(host)
    });
    token == Some(org.access_token.as_str()) && right_host
}

pub(crate) fn userinfo(org: &Org) -> Reply {
    let instance = org.auth.instance_url.as_ref().unwrap_or(&org.url);
    Reply::json(
        200,
        &json!({
            "sub": format!("{}/id/{}/{}", org.url, org.id, org.user_id),
            "user_id": org.user_id,
            "organization_id": org.id,
            "preferred_username": org.username,
            "email": org.username,
            "name": "Reader",
            "user_type": "STANDARD",
            "urls": { "rest": format!("{instance}/services/data/v{{version}}/") },
        }),
    )
}
