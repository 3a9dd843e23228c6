//! The results of a batch.

use mlua::{Lua, Table};
use protocol::{BatchOutcome, Outcome};

use super::callable::Callable;
use super::numbered;
use crate::dll::address_space::AddressSpace;
use crate::dll::call::exchange::ExchangeOutcome;
use crate::dll::call::result::{self, Outputs};
use crate::dll::call::{CallTarget, OutBuffers};
use crate::error::{Error, ErrorKind};
use crate::remote::{RemoteError, Session};

/// The calls of a batch that was sent.
pub(super) struct SentBatch<'a> {
    pub(super) functions: &'a [Callable],
    /// The index of the function of each call.
    pub(super) called_by: &'a [usize],
    pub(super) space: &'a AddressSpace,
    pub(super) out_buffers: &'a [OutBuffers],
    /// Describes a call, by its index and the name of its function.
    pub(super) describe: &'a dyn Fn(usize, &str) -> String,
}

impl SentBatch<'_> {
    /// The results of all calls as a list, or the error of the first call that failed.
    pub(super) fn results(&self, lua: &Lua, ended: ExchangeOutcome<'_, BatchOutcome>) -> mlua::Result<Table> {
        let ExchangeOutcome { session: Some(mut session), reply: Ok(reply), raised } = ended else {
            let error = ended.reply.err().unwrap_or(RemoteError::EndedMeanwhile);
            return match (error, ended.raised) {
                (RemoteError::EndedMeanwhile, Some(raised)) => Err(raised),
                (error, _) => Err(self.lost(error)?.into()),
            };
        };
        let mut stored = Vec::with_capacity(reply.outcomes.len());
        for (index, outcome) in reply.outcomes.iter().enumerate() {
            let taken = self.with(index, |callee| self.take(callee, index, outcome, &mut session));
            stored.push(taken.and_then(|taken| taken).map_err(|error| numbered(error, index))?);
        }
        drop(session);
        if let Some(raised) = raised {
            return Err(raised);
        }
        let made = reply.outcomes.len();
        if let Some(fault) = reply.fault {
            let error = self.with(made, |callee| callee.failure(RemoteError::Fault(fault)))?;
            return Err(numbered(error, made).into());
        }
        if made < self.called_by.len() {
            let message = "dll.batch: the worker returned fewer results than calls, without an error";
            return Err(Error::new(ErrorKind::Protocol, message).into());
        }
        let mut results = Vec::with_capacity(made);
        for (index, (outcome, stored)) in reply.outcomes.into_iter().zip(stored).enumerate() {
            let value = self.with(index, |callee| {
                if index + 1 == made {
                    callee.remember(&outcome);
                }
                result::to_one(callee, lua, self.space, outcome, stored)
            })??;
            results.push(value);
        }
        lua.create_sequence_from(results)
    }

    /// The error of a batch without results. The report of a crash may contain the call that was running.
    fn lost(&self, error: RemoteError) -> Result<Error, Error> {
        let reported = match &error {
            RemoteError::Lost(death) => death.crash_report.as_ref().map_or(0, |words| words.batched as usize),
            _ => 0,
        };
        let index = reported.checked_sub(1).filter(|index| *index < self.called_by.len());
        let failure = |callee: &CallTarget<'_>| (callee.failure(error), callee.name());
        let (failure, name) = self.with(index.unwrap_or(0), failure)?;
        Ok(match index {
            Some(index) => numbered(failure.in_call(|| (self.describe)(index, &name)), index),
            None => failure,
        })
    }

    /// Reads the outputs of a call, or returns its failure.
    fn take(
        &self,
        callee: &CallTarget<'_>,
        index: usize,
        outcome: &Outcome,
        session: &mut Session<'_>,
    ) -> Result<Outputs, Error> {
        let rule = callee.failure_rule();
        if let Some(function) = callee.function() {
            let (library, function_stats) = (function.library(), function.function_stats());
            library.returned();
            if rule.holds(outcome) {
                function_stats.fail();
            }
        }
        if rule.holds(outcome) {
            return Err(result::failed(callee, outcome, rule, session));
        }
        result::stored(callee, &self.out_buffers[index], outcome, session)
    }

    /// Runs `act` with the function of a call.
    fn with<R>(&self, index: usize, act: impl FnOnce(&CallTarget<'_>) -> R) -> Result<R, Error> {
        match self.called_by.get(index) {
            Some(function) => self.functions[*function].with(act),
            None => {
                let message = "dll.batch: the worker returned a result for a call that was not recorded";
                Err(Error::new(ErrorKind::Protocol, message))
            }
        }
    }
}
