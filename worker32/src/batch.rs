//! Batches: calls made one after the other without a round trip to the host in between.

use std::sync::atomic::{AtomicU32, Ordering};

use protocol::{BatchOutcome, BatchedCall, Fault, FaultKind, InvokeBatch, Outcome, Value};

use crate::conversation::outcome;
use crate::invoke::{ErrorNumbers, Prepared};
use crate::server::Server;

/// The number of the batched call in progress, from 1; 0 if none. A callback of that call may start another batch.
static UNDER_WAY: AtomicU32 = AtomicU32::new(0);

/// The number of the call in progress in the innermost batch, for crash reports.
pub(crate) fn under_way() -> u32 {
    UNDER_WAY.load(Ordering::Relaxed)
}

/// The calls of a batch, with their functions resolved.
pub(crate) struct Batch {
    calls: Vec<(&'static Prepared, BatchedCall)>,
}

impl Batch {
    pub(crate) fn new(request: InvokeBatch, server: &Server) -> Result<Self, Fault> {
        let calls = request.calls.into_iter().map(|call| Ok((server.function(call.function)?, call)));
        Ok(Self { calls: calls.collect::<Result<_, Fault>>()? })
    }

    /// Makes the calls, up to the first failure.
    pub(crate) fn run(self, errors: &mut ErrorNumbers) -> BatchOutcome {
        let outer = under_way();
        let outcome = self.make_calls(errors);
        UNDER_WAY.store(outer, Ordering::Relaxed);
        outcome
    }

    fn make_calls(self, errors: &mut ErrorNumbers) -> BatchOutcome {
        let mut outcomes = Vec::with_capacity(self.calls.len());
        for (number, (function, mut call)) in (1..).zip(self.calls) {
            UNDER_WAY.store(number, Ordering::Relaxed);
            let result =
                fill_in(&mut call, &outcomes).and_then(|()| function.call(call.address, &call.arguments, errors));
            match result {
                Ok(result) => outcomes.push(outcome(result, *errors)),
                Err(fault) => return BatchOutcome { outcomes, fault: Some(fault) },
            }
            if outcomes.last().is_some_and(|outcome| call.failure.holds(outcome)) {
                break;
            }
        }
        BatchOutcome { outcomes, fault: None }
    }
}

/// Replaces the arguments that stand for results of earlier calls.
fn fill_in(call: &mut BatchedCall, outcomes: &[Outcome]) -> Result<(), Fault> {
    for (argument, earlier) in &call.earlier {
        let result = outcomes.get(*earlier as usize);
        let place = call.arguments.get_mut(*argument as usize);
        let (Some(place), Some(result)) = (place, result) else {
            let message =
                format!("argument {} refers to the result of call {earlier}, which does not exist", argument + 1);
            return Err(Fault::new(FaultKind::Protocol, message));
        };
        *place = match &result.result {
            Value::Bytes(bytes) => Value::Bytes(bytes.iter().copied().chain([0]).collect()),
            other => other.clone(),
        };
    }
    Ok(())
}
