//! What a caller may ask of a list.

use crate::base::Timestamp;

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Items per page, 1 to 500.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// Which decisions; an empty query means all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DecisionQuery {
    /// Of this session.
    pub session_id: Option<String>,
    /// From this time on.
    pub from: Option<Timestamp>,
    /// Before this time.
    pub to: Option<Timestamp>,
    /// Of these requests.
    pub request_ids: Vec<String>,
    /// Of this strategy.
    pub routing_strategy: Option<String>,
    /// Served by this provider.
    pub provider: Option<String>,
    /// Served by this model.
    pub model: Option<String>,
    /// With this status.
    pub status: Option<String>,
    /// With at least this confidence.
    pub min_confidence: Option<f64>,
    /// With at most this confidence.
    pub max_confidence: Option<f64>,
}

impl Part {
    pub(super) fn pairs(self) -> Vec<(&'static str, String)> {
        let limit = ("limit", self.limit.to_string());
        std::iter::once(limit).chain(self.cursor.map(|cursor| ("cursor", cursor))).collect()
    }
}

impl DecisionQuery {
    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let ids = (!self.request_ids.is_empty()).then(|| self.request_ids.join(","));
        let all = [
            ("session_id", self.session_id.clone()),
            ("from", self.from.map(|time| time.to_string())),
            ("to", self.to.map(|time| time.to_string())),
            ("request_ids", ids),
            ("routing_strategy", self.routing_strategy.clone()),
            ("provider", self.provider.clone()),
            ("model", self.model.clone()),
            ("status", self.status.clone()),
            ("min_confidence", self.min_confidence.map(|value| value.to_string())),
            ("max_confidence", self.max_confidence.map(|value| value.to_string())),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_asked_for_is_sent() {
        assert_eq!(DecisionQuery::default().pairs(), []);
        let query = DecisionQuery {
            from: Some(Timestamp(0)),
            request_ids: vec!["a".into(), "b".into()],
            min_confidence: Some(0.5),
            ..DecisionQuery::default()
        };
        let pairs: Vec<_> = query.pairs().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(pairs, ["from=1970-01-01T00:00:00.000000Z", "request_ids=a,b", "min_confidence=0.5"]);
        assert_eq!(Part { limit: 5, cursor: None }.pairs(), [("limit", "5".to_owned())]);
    }
}
