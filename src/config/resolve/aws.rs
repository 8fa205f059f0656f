//! AWS Bedrock: which region, and where it is.

use crate::config::raw::RawProvider;
use crate::config::report::{Complaint, Report};
use crate::config::sources::Environment;
use url::Url;

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

/// The address of the region that is configured or that the environment names; `None` after a problem.
pub(super) fn base_url(raw: &RawProvider, environment: &Environment, report: &mut Report) -> Option<Url> {
    let no_region = "is no region of AWS; expected a name such as us-east-1";
    if let Some(region) = &raw.region {
        let url = address(&region.value);
        if url.is_none() {
            report.refuse(region, Complaint::new(no_region));
        }
        return url;
    }
    let Some(region) = region_of_environment(environment) else {
        let reason = "`region` is missing, and the environment variable AWS_REGION is not set";
        report.missing(&raw.name.place, &raw.name.key, reason);
        return None;
    };
    let url = address(region);
    if url.is_none() {
        let key = format!("{}.region", raw.name.key);
        let complaint = Complaint::new(no_region).also(" (in the environment variable AWS_REGION)");
        report.problem(&raw.name.place, &key, complaint.hidden());
    }
    url
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
