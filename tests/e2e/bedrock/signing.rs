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

/// Which key a call to the token service was signed with.
fn signer(call: &Seen) -> String {
    let authorization = call.header("authorization").unwrap_or_default();
    let signed = authorization.strip_prefix("AWS4-HMAC-SHA256 Credential=").and_then(|rest| rest.split('/').next());
    signed.unwrap_or_default().to_owned()
}

#[test]
fn profiles_take_roles_with_keys_of_others() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    std::fs::create_dir(at(".aws")).unwrap();
    std::fs::write(at("platform"), "platform-token\n").unwrap();
    std::fs::write(at(".aws/credentials"), "[base]\naws_access_key_id = AKIA1\naws_secret_access_key = s\n").unwrap();
    let config = format!(
        "[profile middle]\nrole_arn = arn:aws:iam::1:role/m\nsource_profile = base\nexternal_id = ours\n\
         duration_seconds = 900\n[profile top]\nrole_arn = arn:aws:iam::2:role/t\nsource_profile = middle\n\
         role_session_name = me\n[profile env]\nrole_arn = arn:e\ncredential_source = Environment\n\
         [profile ecs]\nrole_arn = arn:c\ncredential_source = EcsContainer\n\
         [profile ec2]\nrole_arn = arn:m\ncredential_source = Ec2InstanceMetadata\n\
         [profile eks]\nrole_arn = arn:k\nweb_identity_token_file = {}\n\
         [profile round]\nrole_arn = arn:r\nsource_profile = about\n[profile about]\nrole_arn = arn:a\nsource_profile = round\n",
        at("platform").display()
    );
    std::fs::write(at(".aws/config"), config).unwrap();
    for (profile, signers) in [
        ("top", vec!["AKIA1", "ASIA1"]),
        ("middle", vec!["AKIA1"]),
        ("env", vec!["AKIA9"]),
        ("ecs", vec!["ASIA1"]),
        ("ec2", vec!["ASIA1"]),
        ("eks", vec![""]),
    ] {
        let aws = Aws::start();
        let origin = format!("http://{}", aws.address);
        let variables = [
            ("HOME", home.path().to_str().unwrap().to_owned()),
            ("AWS_ENDPOINT_URL_STS", origin.clone()),
            ("AWS_ACCESS_KEY_ID", "AKIA9".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "s".to_owned()),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{origin}/agent")),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "from-inside".to_owned()),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", origin),
        ];
        let (_fake, gateway) = started(&aws, &format!("profile = {profile:?}\n"), &variables);
        for _ in 0..2 {
            let answer = gateway.post(CHAT, &[], &hello(MODEL, false));
            assert_eq!(answer.status, 200, "{profile}: {}", gateway.log());
        }
        let issued = aws.issued();
        let expected = (format!("ASIA{issued}"), Some(format!("token-{issued}")));
        assert_eq!(signed_by(aws.seen().last().unwrap()), expected, "{profile}");
        let asked: Vec<_> = aws.asked().into_iter().filter(|call| call.path == "/").collect();
        assert_eq!(asked.iter().map(signer).collect::<Vec<_>>(), signers, "{profile}");
        if profile == "top" {
            let first =
                "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fm&RoleSessionName=floopy&ExternalId=ours&DurationSeconds=900";
            assert!(asked[0].text.ends_with(first), "{}", asked[0].text);
            assert!(asked[1].text.ends_with("&RoleSessionName=me"), "{}", asked[1].text);
            assert_eq!(asked[1].header("x-amz-security-token"), Some("token-1"));
        }
    }
    let aws = Aws::start();
    let at_home = [("HOME", home.path().to_str().unwrap().to_owned())];
    let (_fake, gateway) = started(&aws, "profile = \"round\"\n", &at_home);
    let refused = gateway.post(CHAT, &[], &hello(MODEL, false));
    assert!(refused.status >= 500 && refused.text().contains("operator"), "{}", refused.text());
    assert!(gateway.log().contains("without end"), "{}", gateway.log());
}

#[test]
fn a_persons_login_gives_keys_until_it_ends() {
    let home = tempfile::tempdir().unwrap();
    let cache = home.path().join(".aws/sso/cache");
    std::fs::create_dir_all(&cache).unwrap();
    let config = "[default]\nsso_session = corp\nsso_account_id = 123\nsso_role_name = admin\n\
        [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example/start\n";
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    let aws = Aws::start();
    let variables = [
        ("HOME", home.path().to_str().unwrap().to_owned()),
        ("AWS_ENDPOINT_URL_SSO", format!("http://{}", aws.address)),
    ];
    let login = |end: &str| {
        // The name is the SHA-1 of `corp`.
        let text = serde_json::json!({"accessToken": "sso-token", "expiresAt": end, "region": "eu-west-1"});
        std::fs::write(cache.join("ee0bfd2552fbd840c02cc48b6e823320543c450f.json"), text.to_string()).unwrap();
    };
    for (end, status) in [("2020-01-01T00:00:00Z", 502), ("2999-01-01T00:00:00Z", 200)] {
        login(end);
        let (_fake, gateway) = started(&aws, "profile = \"default\"\n", &variables);
        let answer = gateway.post(CHAT, &[], &hello(MODEL, false));
        assert_eq!(answer.status, status, "{}\n{}", answer.text(), gateway.log());
        assert_eq!(gateway.log().contains("run `aws sso login`"), status != 200, "{}", gateway.log());
        assert!(!gateway.log().contains("sso-token"));
    }
    assert_eq!(signed_by(&aws.seen()[0]), ("ASIA1".to_owned(), Some("token-1".to_owned())));
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
