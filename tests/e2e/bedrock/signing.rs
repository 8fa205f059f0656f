//! Where the keys come from that sign calls to AWS, and what is done when they are refused.

use super::aws::{Aws, MODEL, Seen};
use super::{CHAT, hello};
use crate::fake::Fake;
use crate::harness::Gateway;

const FIXED: &str = "access_key_id = \"env:ID\"\nsecret_access_key = \"env:SECRET\"\n";

fn fixed() -> Vec<(&'static str, String)> {
    vec![("ID", "AKIA1".to_owned()), ("SECRET", "wJalr/XUtn".to_owned())]
}

/// The key that signed a call, and the token that came with it.
fn signed_by(call: &Seen) -> (String, Option<String>) {
    let authorization = call.header("authorization").unwrap();
    let (_, rest) = authorization.split_once("AWS4-HMAC-SHA256 Credential=").expect("a signature");
    let (key, scope) = rest.split_once('/').unwrap();
    assert!(scope.contains("/eu-west-3/bedrock/aws4_request, SignedHeaders="), "{scope}");
    (key.to_owned(), call.header("x-amz-security-token").map(str::to_owned))
}

fn started(aws: &Aws, keys: &str, environment: &[(&'static str, String)]) -> (Fake, Gateway) {
    let fake = Fake::start();
    let gateway = Gateway::start_in_environment(&fake, &aws.config(keys), environment);
    (fake, gateway)
}

#[test]
fn keys_of_the_configuration_and_of_the_environment() {
    let aws = Aws::start();
    let (_fake, gateway) = started(&aws, FIXED, &fixed());
    assert_eq!(gateway.post(CHAT, &[], &hello(MODEL, true)).status, 200);
    assert_eq!(signed_by(&aws.seen()[0]), ("AKIA1".to_owned(), None));
    let variables = [
        ("AWS_ACCESS_KEY_ID", "AKIA2".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "s".to_owned()),
        ("AWS_SESSION_TOKEN", "t2==".to_owned()),
        // Bearer keys do not go to an address of one's own unless the configuration says so.
        ("AWS_BEARER_TOKEN_BEDROCK", "b".to_owned()),
    ];
    let (_fake, gateway) = started(&aws, "", &variables);
    assert_eq!(gateway.post(CHAT, &[], &hello(MODEL, false)).status, 200);
    assert_eq!(signed_by(&aws.seen()[1]), ("AKIA2".to_owned(), Some("t2==".to_owned())));
}

#[test]
fn keys_of_a_profile() {
    let aws = Aws::start();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credentials");
    let text = "[default]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n\
        [work]\naws_access_key_id = ASIA2\naws_secret_access_key = s\naws_session_token = t\n";
    std::fs::write(&file, text).unwrap();
    let at = ("AWS_SHARED_CREDENTIALS_FILE", file.to_str().unwrap().to_owned());
    for (keys, more, expected) in [
        ("", None, ("AKIA1", None)),
        ("profile = \"work\"\n", None, ("ASIA2", Some("t"))),
        ("", Some(("AWS_PROFILE", "work".to_owned())), ("ASIA2", Some("t"))),
    ] {
        let variables: Vec<_> = [Some(at.clone()), more].into_iter().flatten().collect();
        let (_fake, gateway) = started(&aws, keys, &variables);
        assert_eq!(gateway.post(CHAT, &[], &hello(MODEL, false)).status, 200);
        let (key, token) = signed_by(aws.seen().last().unwrap());
        assert_eq!((key.as_str(), token.as_deref()), expected);
    }
    let (_fake, gateway) = started(&aws, "profile = \"nobody\"\n", std::slice::from_ref(&at));
    let refused = gateway.post(CHAT, &[], &hello(MODEL, false));
    assert!(refused.status >= 500 && refused.text().contains("operator"), "{}", refused.text());
    assert!(gateway.log().contains("the profile has no aws_access_key_id"), "{}", gateway.log());
}

#[test]
fn keys_of_containers_machines_and_roles_are_fetched_once() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, platform) = (folder.path().join("inside"), folder.path().join("platform"));
    std::fs::write(&inside, "from-inside\n").unwrap();
    std::fs::write(&platform, "platform-token\n").unwrap();
    let path = |path: &std::path::Path| path.to_str().unwrap().to_owned();
    let aws = Aws::start();
    let origin = format!("http://{}", aws.address);
    let container =
        |more: (&'static str, String)| vec![("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{origin}/agent")), more];
    let sources = [
        container(("AWS_CONTAINER_AUTHORIZATION_TOKEN", "from-inside".to_owned())),
        container(("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path(&inside))),
        vec![("AWS_EC2_METADATA_SERVICE_ENDPOINT", origin.clone())],
        vec![
            ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r".to_owned()),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", path(&platform)),
            ("AWS_ENDPOINT_URL_STS", origin.clone()),
        ],
    ];
    for (number, variables) in (1..).zip(sources) {
        let (_fake, gateway) = started(&aws, "", &variables);
        for _ in 0..2 {
            assert_eq!(gateway.post(CHAT, &[], &hello(MODEL, false)).status, 200, "{variables:?}");
            let expected = (format!("ASIA{number}"), Some(format!("token-{number}")));
            assert_eq!(signed_by(aws.seen().last().unwrap()), expected, "{variables:?}");
        }
        assert_eq!(aws.issued(), number, "{variables:?}");
    }
    let session = aws.asked().into_iter().find(|call| call.method == "PUT").unwrap();
    assert_eq!(session.header("x-aws-ec2-metadata-token-ttl-seconds"), Some("21600"));
    let role = aws.asked().into_iter().find(|call| call.path == "/").unwrap();
    assert!(role.text.contains("Action=AssumeRoleWithWebIdentity") && role.text.contains("RoleSessionName=floopy"));
}

#[test]
fn keys_that_expired_early_are_fetched_anew_once() {
    let aws = Aws::start();
    let inside = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "from-inside".to_owned());
    let at = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://{}/agent", aws.address));
    let (_fake, gateway) = started(&aws, "", &[at, inside]);
    let answer = gateway.post(CHAT, &[], &hello("expired-at-first", false));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let tokens: Vec<_> = aws.seen().iter().map(|call| signed_by(call).1.unwrap()).collect();
    assert_eq!(tokens, ["token-1", "token-2"]);
    let refused = gateway.post(CHAT, &[], &hello("always-expired", false));
    assert!(refused.status >= 500 && refused.text().contains("operator"), "{}", refused.text());
    assert_eq!(aws.issued(), 2, "keys that are as new as that are not replaced again");
}

#[test]
fn a_clock_that_is_wrong_is_put_right_once() {
    let aws = Aws::start();
    let (_fake, gateway) = started(&aws, FIXED, &fixed());
    for ahead in [310, 3_600, -7_200] {
        aws.set_ahead(ahead);
        let before = aws.seen().len();
        for _ in 0..2 {
            let answer = gateway.post(CHAT, &[], &hello(MODEL, false));
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        assert_eq!(aws.seen().len() - before, 3, "the first call is made twice, the second one is right at once");
    }
    assert!(gateway.log().contains("AWS's clock differs"), "{}", gateway.log());
}
