//! AWS Signature Version 4: a request is signed with a secret that does not travel.
//!
//! ```text
//! canonical request = METHOD ⏎ path ⏎ query ⏎ headers ⏎ ⏎ their names ⏎ hex(sha256(body))
//! string to sign    = AWS4-HMAC-SHA256 ⏎ time ⏎ day/region/service/aws4_request ⏎ hex(sha256(canonical request))
//! key               = HMAC(HMAC(HMAC(HMAC("AWS4" + secret, day), region), service), "aws4_request")
//! signature         = hex(HMAC(key, string to sign))
//! ```
//!
//! The path is the one that is sent, encoded once more: `%3A` on the wire is `%253A` here. Every service but S3 wants it
//! so. Source: AWS, "Create a signed API request"; the tests compare with botocore.

use crate::base::Timestamp;
use crate::config::settings::AwsKeys;
use hmac::{Hmac, KeyInit, Mac};
use http::header::{ACCEPT, CONTENT_TYPE, HOST};
use http::{HeaderMap, Method, Uri};
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// Header: when the request was signed.
pub(super) const DATE: &str = "x-amz-date";
/// Header: the token that belongs to keys that expire.
pub(super) const TOKEN: &str = "x-amz-security-token";

/// What a signature is good for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) region: &'a str,
    pub(super) service: &'a str,
    pub(super) at: Timestamp,
}

/// An instant as AWS writes it: `20260115T123456Z`.
pub(super) fn written(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_second(at.seconds()).unwrap_or_default();
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The value of `authorization` for a request of which everything else stands, [`DATE`] and [`TOKEN`] included.
/// Signed are the host, the type of the body, what is accepted, and every header of AWS.
pub(super) fn authorization(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    keys: &AwsKeys,
    scope: Scope<'_>,
) -> String {
    let (signed, canonical_headers) = covered(uri, headers);
    let canonical = [
        method.as_str(),
        &canonical_path(uri.path()),
        &canonical_query(uri.query().unwrap_or_default()),
        &canonical_headers,
        &signed,
        &hex(&Sha256::digest(body)),
    ]
    .join("\n");
    let time = written(scope.at);
    let day = time.get(..8).unwrap_or_default();
    let place = format!("{day}/{}/{}/aws4_request", scope.region, scope.service);
    let to_sign = format!("AWS4-HMAC-SHA256\n{time}\n{place}\n{}", hex(&Sha256::digest(&canonical)));
    let mut key = hmac(["AWS4", keys.secret.expose()].concat().as_bytes(), day);
    for part in [scope.region, scope.service, "aws4_request"] {
        key = hmac(&key, part);
    }
    let signature = hex(&hmac(&key, &to_sign));
    format!("AWS4-HMAC-SHA256 Credential={}/{place}, SignedHeaders={signed}, Signature={signature}", keys.id)
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing to memory does not fail");
    }
    text
}

/// Everything but letters, digits, `-_.~` and `/` is encoded, the percent signs of the wire's own encoding too.
fn canonical_path(path: &str) -> String {
    let mut canonical = String::with_capacity(path.len() + 16);
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~/".contains(&byte) {
            canonical.push(char::from(byte));
        } else {
            write!(canonical, "%{byte:02X}").expect("writing to memory does not fail");
        }
    }
    canonical
}

/// The pairs in order of their names and values; they are encoded already.
fn canonical_query(query: &str) -> String {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(&str, &str)> = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    pairs.sort_unstable();
    let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// The names of the headers that the signature covers, and their lines.
fn covered(uri: &Uri, headers: &HeaderMap) -> (String, String) {
    let is_covered = |name: &str| name == ACCEPT || name == CONTENT_TYPE || name == HOST || name.starts_with("x-amz-");
    let mut lines: Vec<(&str, String)> = Vec::with_capacity(6);
    for name in headers.keys().map(http::HeaderName::as_str).filter(|name| is_covered(name)) {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let values: Vec<String> =
            values.map(|value| value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")).collect();
        lines.push((name, values.join(",")));
    }
    // With h2 the host stands in the address.
    if !headers.contains_key(HOST)
        && let Some(authority) = uri.authority()
    {
        lines.push((HOST.as_str(), authority.as_str().to_owned()));
    }
    lines.sort_unstable();
    let names: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
    let text = lines.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    (names.join(";"), text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;
    use http::{HeaderName, HeaderValue};

    /// Made with botocore 1.44.5 for the key of AWS's own examples.
    fn signature(
        method: Method,
        uri: &str,
        headers: &[(&'static str, &'static str)],
        body: &str,
        token: Option<&str>,
        region: &str,
    ) -> String {
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned());
        let token = token.map(|token| Secret::new(token.to_owned()));
        let keys = AwsKeys { id: "AKIDEXAMPLE".to_owned(), secret, session_token: token.clone() };
        let at: Timestamp = "2026-01-15T12:34:56Z".parse().unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map.insert(DATE, written(at).parse().unwrap());
        if let Some(token) = token {
            map.insert(TOKEN, token.expose().parse().unwrap());
        }
        let scope = Scope { region, service: "bedrock", at };
        let value = authorization(&method, &uri.parse().unwrap(), &map, body.as_bytes(), &keys, scope);
        let day = format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260115/{region}/bedrock/aws4_request, ");
        value.strip_prefix(&day).unwrap().to_owned()
    }

    const HOST_NAME: &str = "bedrock-runtime.us-east-1.amazonaws.com";
    const JSON: [(&str, &str); 3] =
        [("content-type", "application/json"), ("accept", "application/json"), ("host", HOST_NAME)];
    const BODY: &str = r#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#;
    const PATH: &str = "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse";

    #[test]
    fn signatures_are_botocores() {
        let here = |path: &str, token| signature(Method::POST, path, &JSON, BODY, token, "us-east-1");
        let plain = "SignedHeaders=accept;content-type;host;x-amz-date, Signature=";
        let expected = "7aa7b7a74fbd4801d3352efb18aa86aa6163f838ce78c30c774bf8defa853f87";
        assert_eq!(here(PATH, None), format!("{plain}{expected}"));
        assert_eq!(
            here(PATH, Some("SESSIONTOKEN/abc=")),
            "SignedHeaders=accept;content-type;host;x-amz-date;x-amz-security-token, \
             Signature=87ef6292ab5e90d9bcc108fb7def7cb98aa02850394706244e40b0a21885fb46"
        );
        let arn = "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123";
        let expected = "9ca023b1f7a8602677e08703fc468e71cb135166f77734c506fe7961f53e5f0a";
        assert_eq!(here(&format!("{arn}/converse-stream"), None), format!("{plain}{expected}"));
    }

    #[test]
    fn odd_requests_are_signed_as_botocore_does() {
        let headers = [
            ("content-type", "application/json"),
            ("accept", "  a   b "),
            ("x-amz-custom", "x  y"),
            ("host", "127.0.0.1:8080"),
            ("user-agent", "floopy"),
        ];
        let uri = "/model/a%20b~c%2Fd/converse?b=2&a=1%2B1&a=0&c";
        assert_eq!(
            signature(Method::GET, uri, &headers, "", None, "eu-west-3"),
            "SignedHeaders=accept;content-type;host;x-amz-custom;x-amz-date, \
             Signature=c49205697f5ea996c5c8b35c2657a282205f3bb6b99170b3eafafbd6ee205f83"
        );
    }

    #[test]
    fn with_h2_the_host_is_that_of_the_address() {
        let address = format!("https://{HOST_NAME}{PATH}");
        let [kind, accept, _] = JSON;
        let by_address = signature(Method::POST, &address, &[kind, accept], BODY, None, "us-east-1");
        assert_eq!(by_address, signature(Method::POST, PATH, &JSON, BODY, None, "us-east-1"));
    }
}
