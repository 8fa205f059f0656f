//! `GET /v1/admin/verify`: the whole record, entry by entry, while the server runs.

use super::{Answer, Request, blocking, ok};
use crate::resource::verification::{Break, Verification};

/// Walks every chain.
pub(crate) async fn get(request: Request) -> Answer {
    let store = request.gateway.store.clone();
    let report = blocking(move || store.verify()).await?;
    ok(&Verification {
        whole: report.broken.is_none(),
        orgs: report.orgs,
        entries: report.entries,
        decisions: report.decisions,
        broken: report.broken.map(|broken| Break { org: broken.org, sequence: broken.sequence, what: broken.what }),
    })
}
