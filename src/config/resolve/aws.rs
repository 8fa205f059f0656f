//! AWS Bedrock: which region, where it is, and what calls are signed with.

use crate::base::{Secret, limits};
use crate::config::profile;
use crate::config::raw::RawProvider;
use crate::config::report::{Complaint, Field, Report};
use crate::config::secret::{self, Reference};
use crate::config::settings::{Around, AwsKeys, AwsSource, Credential, Dialect, Signing};
use crate::config::sources::{Environment, read_limited};
use crate::config::tree::Place;
use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::sync::Arc;
use url::{Host, Url};

/// The variable that holds a bearer key.
const BEARER_ENV: &str = "AWS_BEARER_TOKEN_BEDROCK";
/// The variable that holds an address of one's own.
const ENDPOINT_ENV: &str = "AWS_ENDPOINT_URL_BEDROCK_RUNTIME";
/// The variable that holds an address of the access portal.
const PORTAL_ENV: &str = "AWS_ENDPOINT_URL_SSO";
/// Variables that name the region, in order.
const REGION_ENV: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];

/// The address of Bedrock's runtime in a region; `None` where that is no region's name.
pub(in crate::config) fn address(region: &str) -> Option<Url> {
    let is_name = region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let is_name = is_name && region.split('-').count() >= 3 && !region.split('-').any(str::is_empty);
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    is_name.then(|| format!("https://bedrock-runtime.{region}.{domain}").parse().ok()).flatten()
}

/// The region that the environment names, where it names one.
pub(in crate::config) fn region_of_environment(environment: &Environment) -> Option<&str> {
    REGION_ENV.iter().find_map(|name| environment.get(name))
}

/// The region that is configured, that the environment names or that the profile names.
fn found_region(raw: &RawProvider, environment: &Environment) -> Option<String> {
    if let Some(region) = &raw.region {
        return Some(region.value.clone());
    }
    let of_profile = || {
        let name = profile_name(raw, environment);
        texts(&files(environment)).find_map(|text| profile::value(&text, &name, "region").map(str::to_owned))
    };
    region_of_environment(environment).map(str::to_owned).or_else(of_profile)
}

/// The same; `None` after a problem.
fn region(raw: &RawProvider, environment: &Environment, report: &mut Report) -> Option<String> {
    let Some(found) = found_region(raw, environment) else {
        let reason = "`region` is missing, and the environment variable AWS_REGION is not set";
        report.missing(&raw.name.place, &raw.name.key, reason);
        return None;
    };
    if address(&found).is_some() {
        return Some(found);
    }
    let complaint = Complaint::new("is no region of AWS; expected a name such as us-east-1");
    match &raw.region {
        Some(region) => report.refuse(region, complaint),
        None => {
            let key = format!("{}.region", raw.name.key);
            let complaint = complaint.also(" (in the environment variable AWS_REGION, or in the profile)");
            report.problem(&raw.name.place, &key, complaint.hidden());
        }
    }
    None
}

/// The address of the region; `None` after a problem.
pub(super) fn base_url(raw: &RawProvider, environment: &Environment, report: &mut Report) -> Option<Url> {
    address(&region(raw, environment, report)?)
}

/// What calls are authorized with: `key` where one is configured, else a signature; `None` after a problem.
pub(super) fn credential(
    raw: &RawProvider,
    key: Option<Secret>,
    environment: &Environment,
    report: &mut Report,
) -> Option<Credential> {
    let bearer = |key: Secret| Credential::of_key(Dialect::Bedrock, &key);
    if raw.has_key {
        if let Some((place, key)) = raw.aws.given().next() {
            report.warn(place, key, "means nothing with api_key: calls bear that and are not signed");
        }
        return key.map(bearer);
    }
    let names_keys = raw.aws.given().next().is_some();
    // A bearer key is sent as it is: to AWS's own address only, unless the operator says otherwise.
    if !names_keys && raw.base_url.is_none() && environment.has(BEARER_ENV) {
        return of_environment(raw, "api_key", BEARER_ENV, environment, report).map(bearer);
    }
    let source = source(raw, environment, report);
    let has_address = raw.base_url.is_some() || environment.has(ENDPOINT_ENV);
    // Where the region has made the address, what is wrong with it was said then.
    let region = if has_address { region(raw, environment, report) } else { found_region(raw, environment) };
    Some(Credential::Signature(Arc::new(Signing { region: region?, service: "bedrock", source: Arc::new(source?) })))
}

/// A secret in a variable that AWS's own programs read.
fn of_environment(
    raw: &RawProvider,
    key: &str,
    variable: &str,
    environment: &Environment,
    report: &mut Report,
) -> Option<Secret> {
    let key = format!("{}.{key}", raw.name.key);
    report.setting(&key, format!("\"env:{variable}\""), &Place::Default);
    let value = Reference::Environment(variable.to_owned());
    secret::fetch(&Field { value, place: raw.name.place.clone(), key }, environment, report)
}

/// Where the keys come from: the configuration, else as AWS's own programs look for them.
fn source(raw: &RawProvider, environment: &Environment, report: &mut Report) -> Option<AwsSource> {
    let aws = &raw.aws;
    if aws.access_key_id.is_some() || aws.secret_access_key.is_some() || aws.session_token.is_some() {
        let (Some(id), Some(secret)) = (&aws.access_key_id, &aws.secret_access_key) else {
            let reason = "`access_key_id` and `secret_access_key` belong together: set both";
            report.missing(&raw.name.place, &raw.name.key, reason);
            return None;
        };
        let mut fetch = |reference| secret::fetch(reference, environment, report);
        let (id, secret) = (fetch(id), fetch(secret));
        let session_token = match &aws.session_token {
            Some(token) => Some(fetch(token)?),
            None => None,
        };
        return Some(AwsSource::Fixed(AwsKeys { id: id?.expose().to_owned(), secret: secret?, session_token }));
    }
    if aws.profile.is_none() && has_keys(environment) {
        return keys_of(raw, environment, report).map(AwsSource::Fixed);
    }
    let name = profile_name(raw, environment);
    let files = files(environment);
    if aws.profile.is_some() || environment.has("AWS_PROFILE") {
        if files.is_empty() {
            let reason = "a profile is named, but neither AWS_SHARED_CREDENTIALS_FILE nor HOME says where it is";
            report.missing(&raw.name.place, &raw.name.key, reason);
            return None;
        }
        return profile_source(raw, name, files, environment, report);
    }
    if let (Some(role), Some(file)) = (environment.get("AWS_ROLE_ARN"), environment.get("AWS_WEB_IDENTITY_TOKEN_FILE"))
    {
        let url = token_service(raw, &region(raw, environment, report)?, environment, report)?;
        let session = environment.get("AWS_ROLE_SESSION_NAME").unwrap_or("floopy").to_owned();
        return Some(AwsSource::WebIdentity { url, role: role.to_owned(), session, token_file: PathBuf::from(file) });
    }
    if files.first().is_some_and(|file| file.is_file()) {
        return profile_source(raw, name, files, environment, report);
    }
    if let Some(found) = container(raw, environment, report) {
        return found;
    }
    let machine = machine(raw, environment, report);
    if machine.is_none() {
        let reason =
            "there is nothing to sign calls with: set api_key, access_key_id and secret_access_key, or profile";
        report.missing(&raw.name.place, &raw.name.key, reason);
    }
    machine
}

fn has_keys(environment: &Environment) -> bool {
    environment.has("AWS_ACCESS_KEY_ID") && environment.has("AWS_SECRET_ACCESS_KEY")
}

/// The keys in the environment; `None` after a problem.
fn keys_of(raw: &RawProvider, environment: &Environment, report: &mut Report) -> Option<AwsKeys> {
    let mut fetch = |key, variable| of_environment(raw, key, variable, environment, report);
    let id = fetch("access_key_id", "AWS_ACCESS_KEY_ID");
    let secret = fetch("secret_access_key", "AWS_SECRET_ACCESS_KEY");
    let session_token = match environment.has("AWS_SESSION_TOKEN") {
        true => Some(fetch("session_token", "AWS_SESSION_TOKEN")?),
        false => None,
    };
    Some(AwsKeys { id: id?.expose().to_owned(), secret: secret?, session_token })
}

/// A profile, with what it may refer to; `None` after a problem.
fn profile_source(
    raw: &RawProvider,
    name: String,
    files: Vec<PathBuf>,
    environment: &Environment,
    report: &mut Report,
) -> Option<AwsSource> {
    // What is wrong with the region is said where the address is made of it.
    let region = found_region(raw, environment).unwrap_or_default();
    let token_service = token_service(raw, &region, environment, report)?;
    let portal = match environment.get(PORTAL_ENV) {
        Some(given) => Some(url_of(raw, PORTAL_ENV, given, report)?),
        None => None,
    };
    let mut around = Around {
        region,
        token_service,
        portal,
        logins: environment.get("HOME").map(|home| PathBuf::from(home).join(".aws/sso/cache")),
        environment: None,
        container: None,
        machine: None,
    };
    if texts(&files).any(|text| text.contains("credential_source")) {
        if has_keys(environment) {
            around.environment = Some(keys_of(raw, environment, report)?);
        }
        around.container = container(raw, environment, report).flatten();
        around.machine = machine(raw, environment, report);
    }
    Some(AwsSource::Profile { name, files, around: Box::new(around) })
}

/// What stands in AWS's files.
fn texts(files: &[PathBuf]) -> impl Iterator<Item = String> {
    let texts = files.iter().filter_map(|file| read_limited(file, limits::MAX_SECRET_FILE).ok());
    texts.filter_map(|bytes| String::from_utf8(bytes).ok())
}

fn profile_name(raw: &RawProvider, environment: &Environment) -> String {
    let given = raw.aws.profile.as_ref().map(|profile| profile.value.as_str());
    given.or_else(|| environment.get("AWS_PROFILE")).unwrap_or("default").to_owned()
}

/// AWS's own files, the credentials first.
fn files(environment: &Environment) -> Vec<PathBuf> {
    let at = |variable: &str, usual: &str| {
        let named = environment.get(variable).map(PathBuf::from);
        named.or_else(|| Some(PathBuf::from(environment.get("HOME")?).join(".aws").join(usual)))
    };
    let files = [at("AWS_SHARED_CREDENTIALS_FILE", "credentials"), at("AWS_CONFIG_FILE", "config")];
    files.into_iter().flatten().collect()
}

/// An address in a variable; `None` after a problem.
fn url_of(raw: &RawProvider, variable: &str, text: &str, report: &mut Report) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if url.is_none() {
        let reason = format!("cannot fetch keys: the environment variable {variable} is no URL");
        report.problem(&raw.name.place, &raw.name.key, Complaint::new(reason).hidden());
    }
    url
}

/// AWS's token service in a region.
fn token_service(raw: &RawProvider, region: &str, environment: &Environment, report: &mut Report) -> Option<Url> {
    const ENDPOINT: &str = "AWS_ENDPOINT_URL_STS";
    if let Some(given) = environment.get(ENDPOINT) {
        return url_of(raw, ENDPOINT, given, report);
    }
    let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let host = if region.is_empty() { "sts".to_owned() } else { format!("sts.{region}") };
    format!("https://{host}.{domain}").parse().ok()
}

/// The agent of the container that we run in; outer `None` where there is none.
fn container(raw: &RawProvider, environment: &Environment, report: &mut Report) -> Option<Option<AwsSource>> {
    const RELATIVE: &str = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
    const FULL: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    let url = match (environment.get(RELATIVE), environment.get(FULL)) {
        (Some(path), _) => url_of(raw, RELATIVE, &format!("http://169.254.170.2{path}"), report),
        (None, Some(full)) => url_of(raw, FULL, full, report).filter(|url| {
            let is_good = url.scheme() == "https" || is_agent(url);
            if !is_good {
                let reason =
                    "cannot fetch keys: AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an agent of this host";
                report.problem(&raw.name.place, &raw.name.key, Complaint::new(reason).hidden());
            }
            is_good
        }),
        (None, None) => return None,
    };
    let token_file = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(PathBuf::from);
    let token = environment.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(|token| Secret::new(token.to_owned()));
    Some(url.map(|url| AwsSource::Container { url, token, token_file }))
}

/// Whether an address is of this host, or that of the agents of ECS or EKS.
fn is_agent(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(v4)) => v4.is_loopback() || [[169, 254, 170, 2], [169, 254, 170, 23]].contains(&v4.octets()),
        Some(Host::Ipv6(v6)) => v6.is_loopback() || v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
        None => false,
    }
}

/// The metadata service of the machine; `None` where it must not be asked.
fn machine(raw: &RawProvider, environment: &Environment, report: &mut Report) -> Option<AwsSource> {
    const ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    if environment.get("AWS_EC2_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    let is_v6 =
        environment.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE").is_some_and(|mode| mode.eq_ignore_ascii_case("ipv6"));
    let usual = if is_v6 { "http://[fd00:ec2::254]" } else { "http://169.254.169.254" };
    let url = url_of(raw, ENDPOINT, environment.get(ENDPOINT).unwrap_or(usual), report)?;
    Some(AwsSource::Machine { url })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_have_addresses() {
        let at = |region: &str| address(region).map(String::from);
        assert_eq!(at("eu-central-1").as_deref(), Some("https://bedrock-runtime.eu-central-1.amazonaws.com/"));
        assert_eq!(at("us-gov-west-1").as_deref(), Some("https://bedrock-runtime.us-gov-west-1.amazonaws.com/"));
        assert_eq!(at("cn-north-1").as_deref(), Some("https://bedrock-runtime.cn-north-1.amazonaws.com.cn/"));
        for wrong in ["", "us", "us-east", "us-east-1.evil.example", "us-east-1/x", "US-EAST-1", "us--1", "@us-east-1"]
        {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
