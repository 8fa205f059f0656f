//! How long to wait before the same target is tried again.

use crate::config::settings::UpstreamPolicy;
use std::time::Duration;

/// The pause before retry number `tried + 1`; `None` = give up at this target. `chance` is drawn evenly
/// from [0, 1): the pause is drawn from zero to a bound that doubles with each retry (full jitter), so
/// that callers who failed together do not come back together. A provider's `Retry-After` is respected
/// as it is; one that is longer than `max_backoff` means giving up.
#[must_use]
pub fn pause(policy: &UpstreamPolicy, tried: u32, retry_after: Option<Duration>, chance: f64) -> Option<Duration> {
    if tried >= policy.retries {
        return None;
    }
    if let Some(after) = retry_after {
        return (after <= policy.max_backoff).then_some(after);
    }
    let bound = policy.backoff.saturating_mul(2_u32.saturating_pow(tried)).min(policy.max_backoff);
    Some(bound.mul_f64(chance.clamp(0.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::BreakerPolicy;

    fn policy() -> UpstreamPolicy {
        let second = Duration::from_secs(1);
        UpstreamPolicy {
            connect_timeout: second,
            first_byte_timeout: second,
            idle_timeout: second,
            retries: 3,
            backoff: Duration::from_millis(100),
            max_backoff: Duration::from_millis(300),
            breaker: BreakerPolicy { enabled: true, failures: 5, cooldown: second },
        }
    }

    #[test]
    fn the_bound_doubles_up_to_its_limit() {
        let bounds: Vec<_> = (0..4).map(|tried| pause(&policy(), tried, None, 1.0)).collect();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(bounds, [ms(100), ms(200), ms(300), None]);
        assert_eq!(pause(&policy(), 1, None, 0.5), ms(100));
    }

    #[test]
    fn a_providers_hint_is_respected_or_means_giving_up() {
        let hint = |ms| pause(&policy(), 0, Some(Duration::from_millis(ms)), 0.0);
        assert_eq!(hint(250), Some(Duration::from_millis(250)));
        assert_eq!(hint(301), None);
    }
}
