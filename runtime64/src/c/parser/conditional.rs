//! `#if` … `#endif`: which lines count.

use crate::c::error::{Failure, Parsed, Problem};

/// The conditions that are open.
#[derive(Default)]
pub(super) struct Conditionals {
    open: Vec<Conditional>,
}

struct Conditional {
    /// Whether the lines that follow count.
    active: bool,
    /// Whether some branch has been taken, or the whole lies in lines that do not count.
    settled: bool,
    /// Whether `#else` has been seen.
    closing: bool,
    offset: usize,
}

impl Conditionals {
    /// Whether the lines that follow count.
    pub(super) fn active(&self) -> bool {
        self.open.last().is_none_or(|conditional| conditional.active)
    }

    /// `#if`, `#ifdef`, `#ifndef`. Within lines that do not count, the condition does not matter.
    pub(super) fn begin(&mut self, condition: bool, offset: usize) {
        let outer = self.active();
        let active = outer && condition;
        self.open.push(Conditional { active, settled: active || !outer, closing: false, offset });
    }

    /// Whether the condition of an `#elif` matters.
    pub(super) fn wants_condition(&self) -> bool {
        self.open.last().is_some_and(|conditional| !conditional.settled)
    }

    /// `#elif`, and `#else` as the last of them.
    pub(super) fn other(&mut self, condition: bool, last: bool, offset: usize, length: usize) -> Parsed<()> {
        let stray = |what: &str| Failure::new(Problem::Invalid(what.to_owned()), offset, length);
        let conditional = self.open.last_mut().ok_or_else(|| stray("there is no '#if' to this"))?;
        if conditional.closing {
            return Err(stray("there has been an '#else' before this"));
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
            None => Err(Failure::new(Problem::Invalid("there is no '#if' to this".to_owned()), offset, length)),
        }
    }

    /// The end of the text.
    pub(super) fn finish(&self) -> Parsed<()> {
        match self.open.last() {
            Some(open) => Err(Failure::new(Problem::Unclosed("'#if'"), open.offset, 1)),
            None => Ok(()),
        }
    }
}
