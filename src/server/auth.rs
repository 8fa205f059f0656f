//! Who calls: keys, permissions, and the guard of a gateway that needs none.

use crate::base::{ApiError, Code, OrgId};
use crate::config::settings::Permissions;
use crate::gateway::{Caller, EVERYTHING, Keyring, PartOf};
use http::HeaderMap;
use http::header::{AUTHORIZATION, HOST, ORIGIN};
use std::net::IpAddr;

/// What an endpoint needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    Nothing,
    Read,
    Write,
    Admin,
}

/// The key that was presented: `Authorization: Bearer`, `x-api-key` or `api-key`.
fn presented(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| {
        let (scheme, secret) = text.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| secret.trim())
    });
    let named = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    bearer.or_else(|| named("x-api-key")).or_else(|| named("api-key")).filter(|secret| !secret.is_empty())
}

/// The caller of a request.
///
/// # Errors
/// `invalid_api_key`, a missing permission, or a browser page of another site at a gateway without keys.
pub(super) fn caller(keys: &Keyring, headers: &HeaderMap, address: IpAddr, needs: Needs) -> Result<Caller, ApiError> {
    let secret = presented(headers);
    let key = secret.and_then(|secret| keys.find(secret));
    let caller = match key {
        Some(key) => Caller {
            org: key.org.clone(),
            permissions: key.permissions,
            key: Some(key),
            part_of: PartOf::Nothing,
            address,
        },
        None if keys.required() => {
            let message = if secret.is_some() {
                "this API key is not known: check it, or make one with `floopy keys create`"
            } else {
                "an API key is needed: send it as Authorization: Bearer fl_…"
            };
            return Err(ApiError::new(Code::InvalidApiKey, message));
        }
        None => {
            refuse_foreign_pages(headers)?;
            Caller { org: OrgId::default(), permissions: EVERYTHING, key: None, part_of: PartOf::Nothing, address }
        }
    };
    permit(caller.permissions, needs)?;
    Ok(caller)
}

fn permit(permissions: Permissions, needs: Needs) -> Result<(), ApiError> {
    let (has, code, word) = match needs {
        Needs::Nothing => return Ok(()),
        Needs::Read => (permissions.read, Code::ReadPermission, "read"),
        Needs::Write => (permissions.write, Code::WritePermission, "write"),
        Needs::Admin => (permissions.admin, Code::AdminPermission, "admin"),
    };
    if has { Ok(()) } else { Err(ApiError::new(code, format!("this API key does not have the {word} permission"))) }
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Without keys, whoever reaches the loopback address may call; a page in a browser must not reach it for
/// another site, neither directly (`Origin`) nor under another name (`Host`).
fn refuse_foreign_pages(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or("?"));
    let foreign_origin =
        text(ORIGIN).is_some_and(|origin| !origin.split_once("://").is_some_and(|(_, host)| is_here(host)));
    let foreign_host = text(HOST).is_some_and(|host| !is_here(host));
    if foreign_origin || foreign_host {
        let mut error = ApiError::new(
            Code::FeatureDisabled,
            "without API keys only local programs may call this gateway: make a key with `floopy keys create`",
        );
        error.feature = Some("keyless_access");
        return Err(error);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn a_key_comes_in_three_headers() {
        for pair in [
            ("authorization", "Bearer fl_x"),
            ("authorization", "bearer  fl_x"),
            ("x-api-key", "fl_x"),
            ("api-key", "fl_x"),
        ] {
            assert_eq!(presented(&headers(&[pair])), Some("fl_x"), "{pair:?}");
        }
        assert_eq!(presented(&headers(&[("authorization", "Basic fl_x")])), None);
        assert_eq!(presented(&headers(&[("x-api-key", "")])), None);
    }

    #[test]
    fn pages_of_other_sites_are_kept_out() {
        let keys = Keyring::default();
        let ask = |pairs: &[(&'static str, &'static str)]| {
            caller(&keys, &headers(pairs), IpAddr::from([127, 0, 0, 1]), Needs::Write).map_err(|error| error.code)
        };
        for fine in ["localhost:7676", "127.0.0.1", "[::1]:7676", "app.localhost:1"] {
            assert!(ask(&[("host", fine)]).is_ok(), "{fine}");
        }
        assert!(ask(&[("host", "localhost"), ("origin", "http://localhost:3000")]).is_ok());
        for foreign in ["https://evil.example", "null", "http://localhost.evil.example"] {
            assert_eq!(ask(&[("origin", foreign)]).unwrap_err(), Code::FeatureDisabled, "{foreign}");
        }
        assert_eq!(ask(&[("host", "evil.example:7676")]).unwrap_err(), Code::FeatureDisabled);
    }
}
