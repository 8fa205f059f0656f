//! Profiles in AWS's files: `[name]` in `~/.aws/credentials`, `[profile name]` in `~/.aws/config`.
//!
//! A profile has keys, or says how to come to some: by a role that keys of another profile may take, or by a person's
//! login. Of several ways in one profile the role goes first, then keys, as in AWS's own programs.

use super::credential::AwsKeys;
use crate::base::Secret;
use std::path::PathBuf;

/// How a profile comes to keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// It has them.
    Keys(AwsKeys),
    /// It takes a role.
    Role(Role),
    /// A person has logged in.
    Login(Login),
}

/// A role that is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Role {
    /// Its ARN.
    pub(crate) arn: String,
    /// How the session is called in AWS's records.
    pub(crate) session: String,
    /// What the role's owner has agreed on with us.
    pub(crate) external_id: Option<String>,
    /// How long the keys live, in seconds.
    pub(crate) seconds: Option<String>,
    /// With what.
    pub(crate) base: Base,
}

/// With what a role is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Base {
    /// The keys that a profile comes to.
    Profile(String),
    /// The keys in the environment.
    Environment,
    /// The keys of our container.
    Container,
    /// The keys of our machine.
    Machine,
    /// A token of the platform, in a file.
    TokenFile(PathBuf),
}

/// A login at AWS's access portal, which `aws sso login` leaves in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    /// What the file is named after: the session, or the portal's address.
    pub(crate) named_after: String,
    /// Where the portal is.
    pub(crate) region: String,
    /// Whose keys.
    pub(crate) account: String,
    /// In which role.
    pub(crate) role: String,
}

/// The value of one key of a profile in the text of a file.
pub(super) fn value<'t>(text: &'t str, profile: &str, key: &str) -> Option<&'t str> {
    value_in(text, "profile", profile, key)
}

/// The same of a section of this kind; profiles may leave the kind out.
fn value_in<'t>(text: &'t str, kind: &str, name: &str, key: &str) -> Option<&'t str> {
    let mut is_here = false;
    let mut found = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(section) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let mut words = section.split_whitespace();
            let own = match (words.next(), words.next()) {
                (Some(word), Some(own)) if word == kind => own,
                (Some(own), None) if kind == "profile" => own,
                _ => "",
            };
            is_here = own.trim_matches('"') == name;
        } else if is_here
            && !line.starts_with([' ', '\t', '#', ';'])
            && let Some((own, value)) = trimmed.split_once('=')
            && own.trim() == key
        {
            let value = value.trim();
            found = Some(value.split(" #").next().unwrap_or(value).trim());
        }
    }
    found.filter(|value| !value.is_empty())
}

/// The keys of a profile itself, in the first file that has them.
pub(crate) fn keys<'t>(texts: impl Iterator<Item = &'t str>, profile: &str) -> Option<AwsKeys> {
    texts.into_iter().find_map(|text| {
        let value = |key| value(text, profile, key).map(str::to_owned);
        Some(AwsKeys {
            id: value("aws_access_key_id")?,
            secret: Secret::new(value("aws_secret_access_key")?),
            session_token: value("aws_session_token").map(Secret::new),
        })
    })
}

/// How a profile comes to keys.
///
/// # Errors
/// In no way, or in one that floopy does not go: the reason says which.
pub(crate) fn way<'t>(texts: impl Iterator<Item = &'t str> + Clone, profile: &str) -> Result<Way, String> {
    let find = |key: &str| texts.clone().find_map(|text| value(text, profile, key)).map(str::to_owned);
    if let Some(arn) = find("role_arn") {
        return role(arn, &find).map(Way::Role);
    }
    if let Some(keys) = keys(texts.clone(), profile) {
        return Ok(Way::Keys(keys));
    }
    let session = find("sso_session");
    if let Some(named_after) = session.clone().or_else(|| find("sso_start_url")) {
        let of_session = |key: &str| {
            let name = session.as_deref()?;
            texts.clone().find_map(|text| value_in(text, "sso-session", name, key)).map(str::to_owned)
        };
        let need = |key: &str| of_session(key).or_else(|| find(key)).ok_or(format!("the profile has no {key}"));
        let (region, account, role) = (need("sso_region")?, need("sso_account_id")?, need("sso_role_name")?);
        return Ok(Way::Login(Login { named_after, region, account, role }));
    }
    Err(match find("credential_process") {
        Some(_) => String::from(
            "the profile has credential_process in place of keys, and floopy starts no programs: write keys into the \
             profile, for example with `aws configure export-credentials`",
        ),
        None => String::from("the profile has no aws_access_key_id and aws_secret_access_key"),
    })
}

fn role(arn: String, find: &dyn Fn(&str) -> Option<String>) -> Result<Role, String> {
    let source = find("credential_source");
    let base = match (find("web_identity_token_file"), find("source_profile"), source.as_deref()) {
        (Some(file), None, None) => Base::TokenFile(PathBuf::from(file)),
        (None, Some(profile), None) => Base::Profile(profile),
        (None, None, Some("Environment")) => Base::Environment,
        (None, None, Some("EcsContainer")) => Base::Container,
        (None, None, Some("Ec2InstanceMetadata")) => Base::Machine,
        (None, None, Some(_)) => {
            return Err("credential_source takes Environment, EcsContainer or Ec2InstanceMetadata".to_owned());
        }
        _ => {
            let reason = "the profile's role_arn needs one of source_profile, credential_source and \
                          web_identity_token_file";
            return Err(reason.to_owned());
        }
    };
    if find("mfa_serial").is_some() {
        return Err("the profile's role wants a code (mfa_serial), which nobody is here to type".to_owned());
    }
    Ok(Role {
        arn,
        session: find("role_session_name").unwrap_or_else(|| "floopy".to_owned()),
        external_id: find("external_id"),
        seconds: find("duration_seconds"),
        base,
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
        match way([CREDENTIALS, CONFIG].into_iter(), profile)? {
            Way::Keys(keys) => {
                let token = keys.session_token.map(|token| token.expose().to_owned());
                Ok((keys.id, keys.secret.expose().to_owned(), token))
            }
            other => Err(format!("{other:?}")),
        }
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
    fn roles_and_logins_are_ways_to_keys() {
        let config = "[profile a]\nrole_arn = arn:a\nsource_profile = b\nexternal_id = x\naws_access_key_id = AKIA1\n\
            aws_secret_access_key = s\n[profile b]\nrole_arn = arn:b\ncredential_source = EcsContainer\n\
            [profile c]\nrole_arn = arn:c\nweb_identity_token_file = /t\nrole_session_name = me\n\
            [profile d]\nsso_session = corp\nsso_account_id = 1\nsso_role_name = r\n\
            [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example/start\n\
            [profile e]\nsso_start_url = https://e.example\nsso_region = eu-west-2\nsso_account_id = 2\nsso_role_name = r\n\
            [profile f]\nrole_arn = arn:f\n[profile g]\nrole_arn = arn:g\ncredential_source = Moon\n\
            [profile h]\nrole_arn = arn:h\nsource_profile = a\nmfa_serial = arn:m\n[profile i]\nsso_session = corp\n\
            [profile j]\ncredential_process = /bin/x\n";
        let way = |profile: &str| way([config].into_iter(), profile);
        let role = |arn: &str, session: &str, external_id: Option<&str>, base: Base| {
            let external_id = external_id.map(str::to_owned);
            Ok(Way::Role(Role { arn: arn.to_owned(), session: session.to_owned(), external_id, seconds: None, base }))
        };
        assert_eq!(way("a"), role("arn:a", "floopy", Some("x"), Base::Profile("b".to_owned())), "before its keys");
        assert_eq!(way("b"), role("arn:b", "floopy", None, Base::Container));
        assert_eq!(way("c"), role("arn:c", "me", None, Base::TokenFile("/t".into())));
        let login = |named_after: &str, region: &str, account: &str| {
            let text = str::to_owned;
            let named_after = text(named_after);
            Ok(Way::Login(Login { named_after, region: text(region), account: text(account), role: text("r") }))
        };
        assert_eq!(way("d"), login("corp", "eu-west-1", "1"));
        assert_eq!(way("e"), login("https://e.example", "eu-west-2", "2"));
        for (profile, reason) in [
            ("f", "needs one of"),
            ("g", "credential_source takes"),
            ("h", "mfa_serial"),
            ("i", "no sso_account_id"),
            ("j", "credential_process"),
        ] {
            assert!(way(profile).unwrap_err().contains(reason), "{profile}");
        }
    }

    #[test]
    fn what_has_no_keys_says_why() {
        assert!(read("sso").unwrap_err().contains("sso_region"));
        for none in ["empty", "absent", "profile", ""] {
            assert!(read(none).unwrap_err().contains("no aws_access_key_id"), "{none}");
        }
    }
}
