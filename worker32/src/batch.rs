//! Batches: calls made one after the other without the host in between.

use protocol::{BatchOutcome, BatchedCall, Fault, FaultKind, InvokeBatch, Outcome, Value};

use crate::conversation::outcome;
use crate::invoke::{ErrorNumbers, Prepared};
use crate::server::Server;

/// The calls of a batch, with their functions found.
pub(crate) struct Batch {
    calls: Vec<(&'static Prepared, BatchedCall)>,
}

impl Batch {
    pub(crate) fn new(request: InvokeBatch, server: &Server) -> Result<Self, Fault> {
        let calls = request.calls.into_iter().map(|call| Ok((server.function(call.function)?, call)));
        Ok(Self { calls: calls.collect::<Result<_, Fault>>()? })
    }

    /// Makes the calls, up to the first that fails.
    pub(crate) fn run(self, errors: &mut ErrorNumbers) -> BatchOutcome {
        let mut outcomes = Vec::with_capacity(self.calls.len());
        for (function, mut call) in self.calls {
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

/// Puts the results of earlier calls in the place of the arguments that stand for them.
fn fill_in(call: &mut BatchedCall, outcomes: &[Outcome]) -> Result<(), Fault> {
    for (argument, earlier) in &call.earlier {
        let result = outcomes.get(*earlier as usize);
        let place = call.arguments.get_mut(*argument as usize);
        let (Some(place), Some(result)) = (place, result) else {
            let message = format!("argument {} is the result of call {earlier}, which is none", argument + 1);
            return Err(Fault::new(FaultKind::Protocol, message));
        };
        *place = match &result.result {
            Value::Bytes(bytes) => Value::Bytes(bytes.iter().copied().chain([0]).collect()),
            other => other.clone(),
        };
    }
    Ok(())
}
