//! Cache points: what Anthropic writes as `cache_control` on a block stands here as a block of its own, after it.

use super::block::{Block, CachePoint};
use super::model::Family;
use super::tools::Entry;
use super::turns::Turn;
use crate::wire::conversation::Part;
use crate::wire::conversation::read::{Members, Text};
use crate::wire::policy::Policy;
use serde_json::value::RawValue;

/// Cache points that one request may hold.
const MAX_POINTS: usize = 4;

/// The `cache_control` of a part.
pub(super) fn of_part<'a>(part: &Part<'a>) -> Option<&'a RawValue> {
    match part {
        Part::Text { cache_control, .. } | Part::Image { cache_control, .. } | Part::File { cache_control, .. } => {
            *cache_control
        }
        Part::Audio { .. } | Part::Refusal(_) => None,
    }
}

/// The point that a `cache_control` asks for; `None` where there is none or the model takes none.
pub(super) fn point(control: Option<&RawValue>, family: Family, policy: &mut Policy) -> Option<CachePoint> {
    let control = control?;
    if !family.caches() {
        policy.leave_out("cache_control");
        return None;
    }
    let ttl = Members::of(control).and_then(|members| members.get("ttl"));
    let ttl = ttl.and_then(|ttl| serde_json::from_str::<Text<'_>>(ttl.get()).ok());
    let ttl = match ttl.as_ref().map(|ttl| &*ttl.0) {
        Some("1h") if family == Family::Claude => Some("1h"),
        Some("5m") if family == Family::Claude => Some("5m"),
        _ => None,
    };
    Some(CachePoint { kind: "default", ttl })
}

/// Takes out what is more than Bedrock allows. The first point stays (tools and system, shared between conversations),
/// and the last ones (each covers all that stands before it).
pub(super) fn limit(
    tools: &mut Vec<Entry<'_>>,
    system: &mut Vec<Block<'_>>,
    turns: &mut [Turn<'_>],
    policy: &mut Policy,
) {
    let is_point = |block: &Block<'_>| matches!(block, Block::CachePoint(_));
    let points = tools.iter().filter(|entry| matches!(entry, Entry::CachePoint(_))).count()
        + system.iter().filter(|block| is_point(block)).count()
        + turns.iter().flat_map(|turn| &turn.content).filter(|block| is_point(block)).count();
    let Some(over) = points.checked_sub(MAX_POINTS).filter(|over| *over > 0) else { return };
    policy.leave_out("cache_control");
    let mut seen = 0;
    let mut stays = |is_point: bool| {
        seen += usize::from(is_point);
        !is_point || seen == 1 || seen > over + 1
    };
    tools.retain(|entry| stays(matches!(entry, Entry::CachePoint(_))));
    system.retain(|block| stays(is_point(block)));
    for turn in turns {
        turn.content.retain(|block| stays(is_point(block)));
    }
}
