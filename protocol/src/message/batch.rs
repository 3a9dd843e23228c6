//! Batches: several calls in one round trip.

use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::{Fault, Value, limits};

/// Calls prepared functions one after the other, up to the first failure.
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
    /// The arguments that are results of earlier calls of the batch: the argument's index, and the call's.
    #[serde(deserialize_with = "limits::bounded::<{ limits::ARGUMENTS }, _, _>")]
    pub earlier: Vec<(u32, u32)>,
    /// The results that end the batch.
    pub failure: FailureRule,
}

/// The results of the calls of a batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchOutcome {
    /// One outcome for each call made; if there are fewer than calls, the last one is a failure.
    #[serde(deserialize_with = "limits::bounded::<{ limits::BATCH }, _, _>")]
    pub outcomes: Vec<Outcome>,
    /// The reason the next call could not be made.
    pub fault: Option<Fault>,
}

/// The rule that decides which results of a function indicate failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum FailureRule {
    /// No result does.
    #[default]
    Never,
    /// Every result except zero, false and NULL.
    Nonzero,
    /// Zero, false and NULL.
    Zero,
    /// Negative numbers.
    Negative,
    /// Any result, if `GetLastError()` is not 0 after the call.
    LastError,
    /// Any result, if `errno` is not 0 after the call.
    Errno,
    /// Negative 32-bit numbers: an `HRESULT`.
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
            // It may have been declared as an unsigned number.
            FailureRule::Hresult => matches!(outcome.result, Value::Integer(value) if (value as i32) < 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_separates_failures_from_results() {
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
