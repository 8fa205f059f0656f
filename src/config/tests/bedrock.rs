//! Bedrock: its region, and what calls to it are signed with.

use super::*;
use crate::base::Secret;
use crate::config::settings::{Around, AwsKeys, AwsSource};

#[test]
fn bedrocks_address_is_its_regions() {
    let key = [("AWS_BEARER_TOKEN_BEDROCK", "abc")];
    let at = |text: &str, variables: &[(&str, &str)]| {
        let world = World::new(text).with(&[&key, variables].concat());
        world.load().map(|loaded| loaded.config.providers["bedrock"].base_url.to_string())
    };
    let runtime = |region: &str| format!("https://bedrock-runtime.{region}.amazonaws.com/");
    let configured = "[provider.bedrock]\nregion = \"eu-west-3\"\n";
    let (region, fallback) = (("AWS_REGION", "us-west-2"), ("AWS_DEFAULT_REGION", "us-east-2"));
    assert_eq!(at(configured, &[region]).unwrap(), runtime("eu-west-3"), "the file outranks the environment");
    assert_eq!(at("[provider.bedrock]\n", &[region, fallback]).unwrap(), runtime("us-west-2"));
    assert_eq!(at("", &[fallback]).unwrap(), runtime("us-east-2"), "found without a file");
    let endpoint = ("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", "https://vpce.example");
    assert_eq!(at("[provider.bedrock]\n", &[region, endpoint]).unwrap(), "https://vpce.example/");
    let nowhere = World::new("").with(&key).load().unwrap().discovery.unwrap();
    assert_eq!(nowhere.without_address[0].variable, "AWS_BEARER_TOKEN_BEDROCK");
    for (text, variables, reason) in [
        ("[provider.bedrock]\n", &[][..], "`region` is missing"),
        ("[provider.bedrock]\nregion = \"us east 1\"\n", &[], "no region of AWS"),
        ("[provider.bedrock]\n", &[("AWS_REGION", "nowhere")], "AWS_REGION"),
    ] {
        let found = at(text, variables).unwrap_err().to_string();
        assert!(found.contains(reason), "{text}: {found}");
    }
}

#[test]
fn bedrock_finds_its_keys_as_awss_own_programs_do() {
    let source = |more: &str, variables: &[(&str, &str)]| {
        let world = World::new(&format!("[provider.bedrock]\nregion = \"us-east-1\"\n{more}")).with(variables);
        let loaded = world.load().map_err(|errors| errors.to_string())?;
        match &loaded.config.providers["bedrock"].credential {
            Credential::Signature(signing) => Ok(AwsSource::clone(&signing.source)),
            other => Err(format!("{other:?}")),
        }
    };
    let fixed = |id: &str, token: Option<&str>| {
        let session_token = token.map(|token| Secret::new(token.to_owned()));
        Ok(AwsSource::Fixed(AwsKeys { id: id.to_owned(), secret: Secret::new("s".to_owned()), session_token }))
    };
    let keys =
        [("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_SECRET_ACCESS_KEY", "s"), ("AWS_PROFILE", "work"), ("HOME", "/h")];
    let own = "access_key_id = \"env:A\"\nsecret_access_key = \"env:B\"\nsession_token = \"env:C\"\n";
    assert_eq!(
        source(own, &[&keys[..], &[("A", "AKIA2"), ("B", "s"), ("C", "t")]].concat()),
        fixed("AKIA2", Some("t"))
    );
    assert_eq!(source("", &keys), fixed("AKIA1", None), "keys outrank the profile that the environment names");
    let files = vec!["/h/.aws/credentials".into(), "/h/.aws/config".into()];
    let around = Around {
        region: "us-east-1".to_owned(),
        token_service: "https://sts.us-east-1.amazonaws.com".parse().unwrap(),
        portal: None,
        logins: Some("/h/.aws/sso/cache".into()),
        environment: None,
        container: None,
        machine: None,
    };
    let profile = |name: &str| {
        Ok(AwsSource::Profile { name: name.to_owned(), files: files.clone(), around: Box::new(around.clone()) })
    };
    assert_eq!(source("profile = \"mine\"\n", &keys), profile("mine"));
    assert_eq!(source("", &keys[2..]), profile("work"));
    let machine = |url: &str| Ok(AwsSource::Machine { url: url.parse().unwrap() });
    assert_eq!(source("", &keys[3..]), machine("http://169.254.169.254"), "there is no file of profiles");
    let v6 = [("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6")];
    assert_eq!(source("", &v6), machine("http://[fd00:ec2::254]"));
    let role = [("AWS_ROLE_ARN", "arn:r"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t"), ("AWS_ROLE_SESSION_NAME", "me")];
    let expected = AwsSource::WebIdentity {
        url: "https://sts.us-east-1.amazonaws.com".parse().unwrap(),
        role: "arn:r".to_owned(),
        session: "me".to_owned(),
        token_file: "/t".into(),
    };
    assert_eq!(source("", &role), Ok(expected));
    let at = |url: &str| Ok(AwsSource::Container { url: url.parse().unwrap(), token: None, token_file: None });
    let ecs = [("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x?a=b")];
    assert_eq!(source("", &ecs), at("http://169.254.170.2/v2/x?a=b"));
    let eks = |url| source("", &[("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)]);
    for good in ["http://169.254.170.23/v1", "http://[fd00:ec2::23]/v1", "http://localhost:1/x", "https://a.example/x"]
    {
        assert_eq!(eks(good), at(good));
    }
    for (found, reason) in [
        (eks("http://a.example/x"), "neither https nor an agent"),
        (eks("nonsense"), "is no URL"),
        (source("access_key_id = \"env:A\"\n", &[("A", "a")]), "belong together"),
        (source("profile = \"mine\"\n", &[]), "a profile is named"),
        (source("", &[("AWS_EC2_METADATA_DISABLED", "true")]), "nothing to sign calls with"),
        (source("", &[("AWS_BEARER_TOKEN_BEDROCK", "b")]), "Header(\"authorization\""),
    ] {
        let found = found.unwrap_err();
        assert!(found.contains(reason) && !found.contains("Secret(\""), "{reason}: {found}");
    }
    let elsewhere = World::new("[provider.openai]\nprofile = \"x\"\n").with(KEYS);
    assert!(elsewhere.warnings()[0].contains("means nothing for openai"), "{:?}", elsewhere.warnings());
}

#[test]
fn the_region_may_be_that_of_the_profile() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config");
    std::fs::write(&file, "[default]\nregion = us-east-2\n[profile work]\nregion = eu-north-1\n").unwrap();
    let world = World::new("[provider.bedrock]\nprofile = \"work\"\n");
    let world = world.with(&[("AWS_CONFIG_FILE", file.to_str().unwrap())]);
    let config = world.load().unwrap_or_else(|errors| panic!("{errors}")).config;
    let provider = &config.providers["bedrock"];
    assert_eq!(provider.base_url.as_str(), "https://bedrock-runtime.eu-north-1.amazonaws.com/");
    let Credential::Signature(signing) = &provider.credential else { panic!("{:?}", provider.credential) };
    assert_eq!((signing.region.as_str(), signing.service), ("eu-north-1", "bedrock"));
}
