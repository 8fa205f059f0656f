//! Keys of `[provider.NAME]` that say how calls to AWS are signed.

use crate::config::leaf::filled;
use crate::config::report::Field;
use crate::config::secret::{Reference, reference};
use crate::config::section::Section;
use crate::config::tree::Place;

/// What they say.
#[derive(Debug)]
pub(in crate::config) struct RawAws {
    pub(in crate::config) access_key_id: Option<Field<Reference>>,
    pub(in crate::config) secret_access_key: Option<Field<Reference>>,
    pub(in crate::config) session_token: Option<Field<Reference>>,
    pub(in crate::config) profile: Option<Field<String>>,
}

impl RawAws {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        Self {
            access_key_id: section.optional("access_key_id", reference),
            secret_access_key: section.optional("secret_access_key", reference),
            session_token: section.optional("session_token", reference),
            profile: section.optional("profile", filled),
        }
    }

    /// The keys that stand here, and where.
    pub(in crate::config) fn given(&self) -> impl Iterator<Item = (&Place, &str)> {
        fn at<T>(field: &Option<Field<T>>) -> Option<(&Place, &str)> {
            field.as_ref().map(|field| (&field.place, field.key.as_str()))
        }
        let secrets = [at(&self.access_key_id), at(&self.secret_access_key), at(&self.session_token)];
        secrets.into_iter().chain([at(&self.profile)]).flatten()
    }
}
