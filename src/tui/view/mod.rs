//! The views, one file each: what they show is a function of the state.

pub(super) mod decisions;
pub(super) mod detail;
pub(super) mod experiments;
pub(super) mod log;
pub(super) mod over;
pub(super) mod overview;
pub(super) mod providers;
pub(super) mod read;
pub(super) mod routes;
pub(super) mod sessions;

/// The first line to show of `count`, so that the chosen one stands in sight, around the middle.
pub(super) fn first(chosen: usize, count: usize, room: usize) -> usize {
    chosen.saturating_sub(room / 2).min(count.saturating_sub(room))
}
