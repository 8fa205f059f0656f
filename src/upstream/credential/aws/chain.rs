//! The keys of a profile: those that stand in it, or those that a chain of roles and logins leads to.

use super::keys::{REREAD, of_source, read};
use super::{login, roles};
use crate::base::Secret;
use crate::config::profile::{self, Base, Way};
use crate::config::settings::{Around, AwsKeys, AwsSource};
use crate::upstream::credential::renewing::Fetched;
use crate::upstream::credential::token::NoToken;
use std::path::PathBuf;
use tokio_rustls::TlsConnector;

/// Roles that are taken one for the other, at most: AWS's own programs end such chains too.
const MAX_ROLES: usize = 8;

/// Follows a profile to its first keys, and takes the roles on the way back.
pub(super) async fn of_profile(
    tls: &TlsConnector,
    name: &str,
    files: &[PathBuf],
    around: &Around,
) -> Result<Fetched<AwsKeys>, NoToken> {
    let mut texts = Vec::with_capacity(files.len());
    for file in files {
        // A file that is not there holds no profile; another one may.
        texts.extend(read(file).await.ok());
    }
    let texts = || texts.iter().map(Secret::expose);
    let fixed = |value: AwsKeys| Fetched { value, lives: REREAD };
    let mut taken = Vec::new();
    let mut name = name.to_owned();
    let mut keys = loop {
        let role = match profile::way(texts(), &name).map_err(NoToken::unusable)? {
            Way::Keys(keys) => break fixed(keys),
            Way::Login(login) => break login::fetch(tls, around, &login).await?,
            Way::Role(role) => role,
        };
        if taken.len() == MAX_ROLES {
            return Err(NoToken::unusable("the profile's roles refer to one another without end"));
        }
        let platform = match &role.base {
            Base::TokenFile(file) => {
                break roles::by_token(tls, &around.token_service, &role.arn, &role.session, file).await?;
            }
            Base::Profile(source) if *source == name => {
                let keys = profile::keys(texts(), &name);
                taken.push(role);
                break keys
                    .map(fixed)
                    .ok_or_else(|| NoToken::unusable("the profile is its own source without keys"))?;
            }
            Base::Profile(source) => {
                name = source.clone();
                taken.push(role);
                continue;
            }
            Base::Environment => around.environment.clone().map(AwsSource::Fixed),
            Base::Container => around.container.clone(),
            Base::Machine => around.machine.clone(),
        };
        taken.push(role);
        let platform = platform.ok_or_else(|| NoToken::unusable("what credential_source names is not there"))?;
        break Box::pin(of_source(&platform, tls)).await?;
    };
    for role in taken.iter().rev() {
        keys = roles::by_keys(tls, around, &keys.value, role).await?;
    }
    Ok(keys)
}
