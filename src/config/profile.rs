//! Profiles in AWS's files: `[name]` in `~/.aws/credentials`, `[profile name]` in `~/.aws/config`.

use super::credential::AwsKeys;
use crate::base::Secret;

/// The value of one key of a profile in the text of a file.
pub(super) fn value<'t>(text: &'t str, profile: &str, key: &str) -> Option<&'t str> {
    let mut is_here = false;
    let mut found = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(section) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let mut words = section.split_whitespace();
            let name = match (words.next(), words.next()) {
                (Some("profile"), Some(name)) => name,
                (Some(name), _) => name,
                (None, _) => "",
            };
            is_here = name.trim_matches('"') == profile;
        } else if is_here
            && !line.starts_with([' ', '\t', '#', ';'])
            && let Some((name, value)) = trimmed.split_once('=')
            && name.trim() == key
        {
            let value = value.trim();
            found = Some(value.split(" #").next().unwrap_or(value).trim());
        }
    }
    found.filter(|value| !value.is_empty())
}

/// The keys of a profile, in the first file that has them.
///
/// # Errors
/// No file has them; the reason says what stands there in their place.
pub(crate) fn keys<'t>(texts: impl Iterator<Item = &'t str> + Clone, profile: &str) -> Result<AwsKeys, String> {
    for text in texts.clone() {
        let (Some(id), Some(secret)) =
            (value(text, profile, "aws_access_key_id"), value(text, profile, "aws_secret_access_key"))
        else {
            continue;
        };
        return Ok(AwsKeys {
            id: id.to_owned(),
            secret: Secret::new(secret.to_owned()),
            session_token: value(text, profile, "aws_session_token").map(|token| Secret::new(token.to_owned())),
        });
    }
    let other = ["sso_session", "sso_start_url", "role_arn", "credential_process"];
    let other = other.into_iter().find(|key| texts.clone().any(|text| value(text, profile, key).is_some()));
    Err(match other {
        Some(key) => format!(
            "the profile has {key} in place of keys, which floopy does not follow: write keys into the profile, for \
             example with `aws configure export-credentials`"
        ),
        None => "the profile has no aws_access_key_id and aws_secret_access_key".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREDENTIALS: &str = "# mine\n[default]\naws_access_key_id = AKIA1\naws_secret_access_key=s/1+=\n\n\
        [ prod ]\r\naws_access_key_id=AKIA2 # the second\r\naws_secret_access_key = s2\r\naws_session_token = t2==\r\n\
        [empty]\naws_access_key_id =\n";
    const CONFIG: &str = "[profile other]\nregion = eu-west-3\naws_access_key_id = AKIA3\naws_secret_access_key = s3\n\
        [profile sso]\nsso_session = corp\ns3 =\n  aws_access_key_id = nested\n";

    fn read(profile: &str) -> Result<(String, String, Option<String>), String> {
        keys([CREDENTIALS, CONFIG].into_iter(), profile).map(|keys| {
            let token = keys.session_token.map(|token| token.expose().to_owned());
            (keys.id, keys.secret.expose().to_owned(), token)
        })
    }

    #[test]
    fn profiles_are_found_in_both_files() {
        let whole =
            |id: &str, secret: &str, token: Option<&str>| (id.to_owned(), secret.to_owned(), token.map(str::to_owned));
        assert_eq!(read("default").unwrap(), whole("AKIA1", "s/1+=", None));
        assert_eq!(read("prod").unwrap(), whole("AKIA2", "s2", Some("t2==")));
        assert_eq!(read("other").unwrap(), whole("AKIA3", "s3", None));
    }

    #[test]
    fn what_has_no_keys_says_why() {
        assert!(read("sso").unwrap_err().contains("sso_session"));
        for none in ["empty", "absent", "profile", ""] {
            assert!(read(none).unwrap_err().contains("no aws_access_key_id"), "{none}");
        }
    }
}
