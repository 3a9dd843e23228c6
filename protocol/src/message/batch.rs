//! Batches: several calls in one crossing.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::{Fault, Value, limits};

/// Calls prepared functions one after the other, up to the first that fails.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvokeBatch {
    /// The calls, at most [`limits::BATCH`].
    #[serde(deserialize_with = "limits::bounded::<{ limits::BATCH }, _, _>")]
    pub calls: Vec<BatchedCall>,
}

/// One call of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchedCall {
    /// The function's id.
    pub function: u32,
    /// As in [`Invoke`](crate::Invoke).
    pub address: u64,
    /// As in [`Invoke`](crate::Invoke).
    #[serde(deserialize_with = "limits::bounded::<{ limits::ARGUMENTS + 1 }, _, _>")]
    pub arguments: Vec<Value>,
    /// Which arguments are results of earlier calls of the batch: the argument's index, and the call's.
    #[serde(deserialize_with = "limits::bounded::<{ limits::ARGUMENTS }, _, _>")]
    pub earlier: Vec<(u32, u32)>,
    /// Which results end the batch.
    pub failure: FailureRule,
}

/// What the calls of a batch came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchOutcome {
    /// One outcome for each call that was made; the last one is a failure if there are fewer than calls.
    #[serde(deserialize_with = "limits::bounded::<{ limits::BATCH }, _, _>")]
    pub outcomes: Vec<Outcome>,
    /// Why the next call could not be made.
    pub fault: Option<Fault>,
}

/// Which results of a function say that it has failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureRule {
    /// None does.
    #[default]
    Never,
    /// All but zero, false and NULL.
    Nonzero,
    /// Zero, false and NULL.
    Zero,
    /// Negative numbers.
    Negative,
    /// Any, if `GetLastError()` is not 0 after the call.
    LastError,
    /// Any, if `errno` is not 0 after the call.
    Errno,
    /// Negative numbers of 32 bits: an `HRESULT`.
    Hresult,
}

impl FailureRule {
    /// Whether an outcome is a failure.
    #[must_use]
    pub fn holds(self, outcome: &Outcome) -> bool {
        let is_zero = match &outcome.result {
            Value::Nil | Value::Bool(false) | Value::Integer(0) => true,
            Value::Float(value) => *value == 0.0,
            _ => false,
        };
        match self {
            FailureRule::Never => false,
            FailureRule::Nonzero => !is_zero,
            FailureRule::Zero => is_zero,
            FailureRule::Negative => match &outcome.result {
                Value::Integer(value) => *value < 0,
                Value::Float(value) => *value < 0.0,
                _ => false,
            },
            FailureRule::LastError => outcome.last_error != 0,
            FailureRule::Errno => outcome.errno != 0,
            // The declaration may have made an unsigned number of it.
            FailureRule::Hresult => matches!(outcome.result, Value::Integer(value) if (value as i32) < 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_tells_failures_from_results() {
        use FailureRule::{Errno, Hresult, LastError, Negative, Never, Nonzero, Zero};
        let integer = |value| Outcome { result: Value::Integer(value), errno: 0, last_error: 0 };
        let cases = [
            (integer(0), vec![Zero]),
            (integer(1), vec![Nonzero]),
            (integer(-1), vec![Nonzero, Negative, Hresult]),
            (integer(0x8000_4005), vec![Nonzero, Hresult]),
            (Outcome { result: Value::Nil, errno: 0, last_error: 0 }, vec![Zero]),
            (Outcome { result: Value::Bool(false), errno: 0, last_error: 5 }, vec![Zero, LastError]),
            (Outcome { result: Value::Float(-0.5), errno: 2, last_error: 0 }, vec![Nonzero, Negative, Errno]),
        ];
        for (outcome, failing) in cases {
            for rule in [Never, Nonzero, Zero, Negative, LastError, Errno, Hresult] {
                assert_eq!(rule.holds(&outcome), failing.contains(&rule), "{rule:?} {outcome:?}");
            }
        }
    }
}
