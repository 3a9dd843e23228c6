//! The outcome of a call as Lua values, or as an error if the result means failure.

use mlua::{Lua, MultiValue, Value as LuaValue};
use protocol::{DescribeLastError, FailureRule, Outcome, Platform, Value};

use super::annotated::Output;
use super::{CallTarget, OutBuffers};
use crate::dll::address_space::AddressSpace;
use crate::dll::cdata;
use crate::dll::marshal;
use crate::dll::module::Module;
use crate::dll::types::Conversion;
use crate::error::{Error, ErrorKind};
use crate::remote::Session;

/// The outputs that a call has stored in its buffers.
#[derive(Clone, Debug, Default)]
pub(super) struct Outputs {
    /// The bytes of a result that is a record.
    record: Option<Vec<u8>>,
    written: Vec<Output>,
}

/// Reads the outputs of a call from the worker.
#[inline]
pub(super) fn stored(
    callee: &CallTarget<'_>,
    out_buffers: &OutBuffers,
    outcome: &Outcome,
    session: &mut Session<'_>,
) -> Result<Outputs, Error> {
    let prototype = callee.prototype;
    let mut stored = Outputs::default();
    if let Conversion::Record { ctype, .. } = &prototype.result {
        let mut bytes = vec![0; ctype.bytes().unwrap_or(0) as usize];
        session.read(out_buffers.record, &mut bytes).map_err(|error| callee.failure(error))?;
        stored.record = Some(bytes);
    }
    if let (Some(plan), Some(expected)) = (&prototype.plan, &out_buffers.expected) {
        let written = expected.read(plan, &outcome.result, session);
        stored.written = written.map_err(|error| callee.failure(error))?;
    }
    Ok(stored)
}

/// The result as a Lua value, followed by the outputs of annotated parameters.
#[inline]
pub(super) fn to_lua(
    callee: &CallTarget<'_>,
    lua: &Lua,
    space: &AddressSpace,
    outcome: Outcome,
    stored: Outputs,
) -> mlua::Result<MultiValue> {
    let prototype = callee.prototype;
    let mut results = MultiValue::new();
    if !matches!(prototype.result, Conversion::Void) {
        results.push_back(value(callee, lua, space, outcome, stored.record)?);
    }
    if let Some(plan) = &prototype.plan {
        for written in stored.written {
            results.push_back(written.to_lua(plan, lua, space)?);
        }
    }
    Ok(results)
}

/// The results as a single value: a list if there are several.
#[inline]
pub(super) fn to_one(
    callee: &CallTarget<'_>,
    lua: &Lua,
    space: &AddressSpace,
    outcome: Outcome,
    stored: Outputs,
) -> mlua::Result<LuaValue> {
    match &callee.prototype.plan {
        None => value(callee, lua, space, outcome, stored.record),
        Some(_) => as_one(lua, to_lua(callee, lua, space, outcome, stored)?),
    }
}

/// The result itself; nil if there is none.
#[inline]
fn value(
    callee: &CallTarget<'_>,
    lua: &Lua,
    space: &AddressSpace,
    outcome: Outcome,
    record: Option<Vec<u8>>,
) -> mlua::Result<LuaValue> {
    match (&callee.prototype.result, record) {
        (Conversion::Record { ctype, .. }, Some(bytes)) => {
            let module = Module::of_state(lua).ok_or_else(ending)?;
            cdata::copy_of(lua, &module, ctype, &bytes, space)
        }
        (conversion, _) => marshal::to_lua(conversion, lua, outcome.result, space),
    }
}

/// Combines the results of one call into a single value: a list if there are several.
pub(super) fn as_one(lua: &Lua, mut results: MultiValue) -> mlua::Result<LuaValue> {
    match results.len() {
        0 | 1 => Ok(results.pop_front().unwrap_or_default()),
        _ => Ok(LuaValue::Table(lua.create_sequence_from(results)?)),
    }
}

pub(super) fn ending() -> mlua::Error {
    mlua::Error::runtime("the Lua state is closing")
}

/// The error for a result that means failure by a rule, with the system's message for its number.
#[cold]
pub(super) fn failed(
    callee: &CallTarget<'_>,
    outcome: &Outcome,
    rule: FailureRule,
    session: &mut Session<'_>,
) -> Error {
    let result = match &outcome.result {
        Value::Integer(code) => Some(*code),
        Value::Bool(truth) => Some((*truth).into()),
        _ => None,
    };
    let code = match rule {
        FailureRule::Hresult => result.map(|code| i64::from(code as u32)),
        FailureRule::LastError => Some(outcome.last_error.into()),
        FailureRule::Errno => Some(outcome.errno.into()),
        _ => result,
    };
    let is_windows = callee.worker.kind().platform == Platform::Windows;
    // A function that reports nothing but failure gives the reason in the last error.
    let number = match rule {
        FailureRule::Hresult => code.map(|code| code as u32),
        _ => Some(outcome.last_error).filter(|number| *number != 0),
    };
    let words = match number.filter(|_| is_windows) {
        Some(number) => described(number, session),
        None if outcome.errno != 0 && !is_windows => {
            let text = std::io::Error::from_raw_os_error(outcome.errno).to_string();
            Some(text.rsplit_once(" (os error").map_or(text.as_str(), |(text, _)| text).to_owned())
        }
        None => None,
    };
    let shown = match (rule, &outcome.result) {
        (FailureRule::Hresult, _) => format!("{:#010x}", code.unwrap_or_default()),
        (_, Value::Nil) => "NULL".to_owned(),
        (_, Value::Bool(truth)) => truth.to_string(),
        (_, Value::Float(number)) => number.to_string(),
        (_, Value::Integer(number)) => number.to_string(),
        (_, Value::Bytes(bytes)) => format!("{:?}", String::from_utf8_lossy(bytes)),
    };
    let why = words.map(|words| format!(": {words}")).unwrap_or_default();
    let numbers = match (is_windows, outcome.last_error, outcome.errno) {
        (true, 0, _) | (false, _, 0) => String::new(),
        (true, number, _) => format!(" (last error {number})"),
        (false, _, number) => format!(" (errno {number})"),
    };
    let message = format!("{} failed with {shown}{numbers}{why}", callee.name());
    let mut error = callee.located(Error::new(ErrorKind::Failed, message).with_code(code));
    error.context.errno = Some(outcome.errno);
    error.context.last_error = Some(outcome.last_error).filter(|_| is_windows);
    error
}

/// The system's message for an error number or an `HRESULT`.
fn described(number: u32, session: &mut Session<'_>) -> Option<String> {
    match session.call(&DescribeLastError { code: number }) {
        Ok(Value::Bytes(text)) => Some(String::from_utf8_lossy(&text).into_owned()),
        _ => None,
    }
}
