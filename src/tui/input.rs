//! What a person does: keys, and places of a frame that can be clicked.

use super::app::View;
use ratatui_core::layout::{Position, Rect};

/// A key, without the terminal's own ways of naming it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Key {
    /// A character, with Shift already in it.
    Char(char),
    /// A character with Control.
    Ctrl(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Shift-Tab.
    BackTab,
    /// Backspace.
    Backspace,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// Home.
    Home,
    /// End.
    End,
}

/// A place of a frame that does something when it is clicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Where it is.
    pub area: Rect,
    /// What it stands for.
    pub target: Target,
}

/// What a click means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Another view.
    Tab(View),
    /// A line of the view's list, counted from its first item.
    Row(usize),
}

/// What stands at this place; the last one drawn lies on top.
pub(super) fn at(hits: &[Hit], x: u16, y: u16) -> Option<Target> {
    hits.iter().rev().find(|hit| hit.area.contains(Position { x, y })).map(|hit| hit.target)
}
