//! `#if` … `#endif`: which lines are active.

use crate::c::error::{ParseFailure, Parsed, Problem};

/// The open conditionals.
#[derive(Default)]
pub(super) struct Conditionals {
    open: Vec<Conditional>,
}

struct Conditional {
    /// Whether the lines that follow are active.
    active: bool,
    /// Whether a branch has been taken, or the whole conditional lies in inactive lines.
    settled: bool,
    /// Whether `#else` has been seen.
    closing: bool,
    offset: usize,
}

impl Conditionals {
    /// Whether the lines that follow are active.
    pub(super) fn active(&self) -> bool {
        self.open.last().is_none_or(|conditional| conditional.active)
    }

    /// `#if`, `#ifdef`, `#ifndef`. In inactive lines the condition does not matter.
    pub(super) fn begin(&mut self, condition: bool, offset: usize) {
        let outer = self.active();
        let active = outer && condition;
        self.open.push(Conditional { active, settled: active || !outer, closing: false, offset });
    }

    /// Whether the condition of an `#elif` matters.
    pub(super) fn wants_condition(&self) -> bool {
        self.open.last().is_some_and(|conditional| !conditional.settled)
    }

    /// `#elif`, and `#else` as the last branch.
    pub(super) fn other(&mut self, condition: bool, last: bool, offset: usize, length: usize) -> Parsed<()> {
        let stray = |what: &str| ParseFailure::new(Problem::Invalid(what.to_owned()), offset, length);
        let conditional = self.open.last_mut().ok_or_else(|| stray("there is no '#if' for this"))?;
        if conditional.closing {
            return Err(stray("this follows the '#else' of the same '#if'"));
        }
        conditional.closing = last;
        conditional.active = !conditional.settled && condition;
        conditional.settled |= condition;
        Ok(())
    }

    /// `#endif`
    pub(super) fn end(&mut self, offset: usize, length: usize) -> Parsed<()> {
        match self.open.pop() {
            Some(_) => Ok(()),
            None => Err(ParseFailure::new(Problem::Invalid("there is no '#if' for this".to_owned()), offset, length)),
        }
    }

    /// Checks that no conditional is open at the end of the text.
    pub(super) fn finish(&self) -> Parsed<()> {
        match self.open.last() {
            Some(open) => Err(ParseFailure::new(Problem::Unclosed("'#if'"), open.offset, 1)),
            None => Ok(()),
        }
    }
}
