//! Batches: calls that are written down first and made in one crossing.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mlua::{Function, LightUserData, Lua, MultiValue, Table, Value as LuaValue};
use protocol::{BatchOutcome, BatchedCall, InvokeBatch, limits};

use super::{Called, Callee, Ready, Rooms, result, with_callee};
use crate::dll::callback::{self, Ended};
use crate::dll::memory::Owner;
use crate::dll::types::Conversion;
use crate::error::{Error, ErrorKind};
use crate::remote::{RemoteError, Worker};

/// A call that was written down.
struct Written {
    function: LuaValue,
    arguments: MultiValue,
}

/// The calls of one batch, and the number that tells its references from those of others.
struct Batch {
    number: usize,
    calls: Mutex<Vec<Written>>,
}

/// How many calls of a batch its references tell apart.
const CALLS: usize = limits::BATCH;

impl Batch {
    fn new() -> Self {
        static NUMBERS: AtomicUsize = AtomicUsize::new(1);
        Self { number: NUMBERS.fetch_add(1, Ordering::Relaxed), calls: Mutex::default() }
    }

    /// Writes a call down, and gives what stands for its result in later ones.
    fn write(&self, function: LuaValue, arguments: MultiValue) -> Result<LuaValue, Error> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() >= CALLS {
            let message = format!("dll.batch: more than {CALLS} calls; several batches can be made");
            return Err(Error::new(ErrorKind::Range, message));
        }
        calls.push(Written { function, arguments });
        // It is a number that looks like no other value of Lua, and is never followed as an address.
        let reference = self.number * CALLS + calls.len() - 1;
        Ok(LuaValue::LightUserData(LightUserData(std::ptr::without_provenance_mut::<c_void>(reference))))
    }

    /// Which earlier call a value stands for.
    fn earlier(&self, value: &LuaValue) -> Result<Option<u32>, Error> {
        let LuaValue::LightUserData(reference) = value else { return Ok(None) };
        let reference = reference.0.addr();
        if reference / CALLS != self.number {
            let message = "dll.batch: the result of a call of another batch is no argument; its value is";
            return Err(Error::new(ErrorKind::Type, message));
        }
        Ok(Some((reference % CALLS) as u32))
    }
}

/// Has a function write calls down, makes them, and gives their results.
pub(in crate::dll) fn batch(lua: &Lua, write: &Function) -> mlua::Result<Table> {
    let batch = Arc::new(Batch::new());
    let writer = Arc::clone(&batch);
    let call = lua.create_function(move |_, mut arguments: MultiValue| {
        let function = arguments.pop_front().unwrap_or_default();
        Ok(writer.write(function, arguments)?)
    })?;
    write.call::<()>(call)?;
    let calls = std::mem::take(&mut *batch.calls.lock().unwrap_or_else(PoisonError::into_inner));
    match calls.first() {
        None => lua.create_table(),
        Some(first) => with_callee(&first.function, |callee| run(lua, &batch, callee.worker(), &calls))?,
    }
}

/// Makes the calls in a worker.
fn run(lua: &Lua, batch: &Batch, worker: &Arc<Worker>, calls: &[Written]) -> mlua::Result<Table> {
    let first = with_callee(&calls[0].function, |callee| callee.session().map(|session| session.generation()))??;
    let session = worker.session_of(first).map_err(|error| at(calls, 0, |callee| callee.failure(error)))?;
    let mut called = Called::new(session, worker);
    let mut request = InvokeBatch { calls: Vec::with_capacity(calls.len()) };
    let mut rooms = Vec::with_capacity(calls.len());
    for (index, written) in calls.iter().enumerate() {
        let prepared = with_callee(&written.function, |callee| prepare(batch, callee, &mut called, written, index));
        let (prepared, made) = prepared.and_then(|prepared| prepared).map_err(|error| numbered(error, index))?;
        request.calls.push(prepared);
        rooms.push(made);
    }
    let Called { session, owner, callbacks, .. } = called;
    let ended = callback::converse(lua, worker, &owner, session, &request, None);
    if !callbacks.is_empty() {
        callback::release(&owner, &callbacks);
    }
    results(lua, calls, &owner, &rooms, ended)
}

/// A call as it travels.
fn prepare(
    batch: &Batch,
    callee: &dyn Callee,
    called: &mut Called<'_>,
    written: &Written,
    index: usize,
) -> Result<(BatchedCall, Rooms), Error> {
    if !called.session.is_of(callee.worker()) {
        let message = format!("{}: all calls of a batch are made in one worker", callee.name());
        return Err(callee.located(Error::new(ErrorKind::Type, message)));
    }
    let mut earlier = Vec::new();
    let mut arguments = written.arguments.clone();
    called.later.clear();
    for (position, value) in arguments.iter_mut().enumerate() {
        if let Some(call) = batch.earlier(value)? {
            debug_assert!((call as usize) < index, "a call is written down before its result is used");
            let parameter = callee.prototype().parameter_of(written.arguments.len(), position);
            *value = stand_in(callee, parameter, position)?;
            called.later.push(position);
            earlier.push((parameter as u32, call));
        }
    }
    let Ready { function, address, values, rooms } = called.prepare_held(callee, &arguments)?;
    // The room for a record comes before the arguments.
    let shift = u32::from(matches!(callee.prototype().result, Conversion::Record { .. }));
    earlier.iter_mut().for_each(|(parameter, _)| *parameter += shift);
    Ok((BatchedCall { function, address, arguments: values, earlier, failure: callee.failure_rule() }, rooms))
}

/// A value that the parameter takes, in the place of a result that is not known yet.
fn stand_in(callee: &dyn Callee, parameter: usize, position: usize) -> Result<LuaValue, Error> {
    match callee.prototype().parameters.get(parameter).map(|parameter| &parameter.conversion) {
        Some(Conversion::Number(number, _)) => Ok(number.zero()),
        Some(Conversion::Pointer { .. }) => Ok(LuaValue::Nil),
        _ => {
            let message = format!(
                "{}: argument {} cannot be the result of an earlier call; numbers and pointers can",
                callee.name(),
                position + 1
            );
            Err(callee.located(Error::new(ErrorKind::Type, message)))
        }
    }
}

/// The results of all calls, or the error of the first that failed.
fn results(
    lua: &Lua,
    calls: &[Written],
    owner: &Owner,
    rooms: &[Rooms],
    ended: Ended<'_, BatchOutcome>,
) -> mlua::Result<Table> {
    let Ended { session: Some(mut session), reply: Ok(reply), raised } = ended else {
        let error = ended.reply.err().unwrap_or(RemoteError::EndedMeanwhile);
        return match (error, ended.raised) {
            (RemoteError::EndedMeanwhile, Some(raised)) => Err(raised),
            (error, _) => Err(at(calls, 0, |callee| callee.failure(error)).into()),
        };
    };
    let mut records = Vec::with_capacity(reply.outcomes.len());
    for (index, (outcome, written)) in reply.outcomes.iter().zip(calls).enumerate() {
        let record = with_callee(&written.function, |callee| {
            if callee.failure_rule().holds(outcome) {
                return Err(result::failed(callee, outcome, callee.failure_rule(), &mut session));
            }
            result::stored(callee, &rooms[index], outcome, &mut session)
        });
        records.push(record.and_then(|record| record).map_err(|error| numbered(error, index))?);
    }
    drop(session);
    if let Some(raised) = raised {
        return Err(raised);
    }
    let made = reply.outcomes.len();
    if let Some(fault) = reply.fault {
        return Err(numbered(at(calls, made, |callee| callee.failure(RemoteError::Fault(fault))), made).into());
    }
    let results = lua.create_table_with_capacity(made, 0)?;
    for (index, ((outcome, record), written)) in reply.outcomes.into_iter().zip(records).zip(calls).enumerate() {
        let value = with_callee(&written.function, |callee| {
            if index + 1 == made {
                callee.remember(lua, &outcome);
            }
            result::to_lua(callee, lua, owner, outcome, record)
        })??;
        results.raw_set(index + 1, result::as_one(lua, value)?)?;
    }
    Ok(results)
}

/// The error of a call by its index.
fn at(calls: &[Written], index: usize, failure: impl FnOnce(&dyn Callee) -> Error) -> Error {
    match calls.get(index) {
        Some(written) => with_callee(&written.function, failure).unwrap_or_else(|error| error),
        None => Error::new(ErrorKind::Protocol, "dll.batch: the worker tells of a call that was not written down"),
    }
}

/// The error with the call's place in the batch.
fn numbered(mut error: Error, index: usize) -> Error {
    error.message = format!("call {} of the batch: {}", index + 1, error.message);
    error.context.index = Some(index + 1);
    error
}
