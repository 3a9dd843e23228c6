//! Batches: calls that are written down first and made in one crossing.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlua::{Function, LightUserData, Lua, MultiValue, Table, Value as LuaValue};
use protocol::{BatchedCall, InvokeBatch, limits};

use super::exchange::converse;
use super::{CallBuilder, CallTarget, OutBuffers, Ready, Time, enter, in_time, make_ready, target, with_target};
use crate::dll::address_space::AddressSpace;
use crate::dll::describe::{describe_argument, describe_call_of};
use crate::dll::hook;
use crate::dll::types::Conversion;
use crate::error::{Error, ErrorKind};
use crate::remote::Worker;
use crate::stack;
use callable::Callable;
use results::Made;

mod callable;
mod results;

/// How many calls of a batch its references tell apart.
const CALLS: usize = limits::BATCH;

/// A call that was written down.
struct Written {
    /// Which of the functions it calls.
    function: usize,
    arguments: MultiValue,
}

/// What was written down: the calls, and the functions that they call, each once.
#[derive(Default)]
struct Notes {
    functions: Vec<LuaValue>,
    calls: Vec<Written>,
}

/// A batch that is being written, and the number that tells its references from those of others.
struct Batch {
    number: usize,
    notes: Mutex<Notes>,
}

/// Among how many functions the one that is called is looked for, before it counts as another one.
const LOOKED_AT: usize = 8;

impl Notes {
    /// The place of a function in the list. Most calls of a batch are of the same few.
    fn place_of(&self, function: &LuaValue) -> Option<usize> {
        let (address, count) = (function.to_pointer(), self.functions.len());
        let recent = &self.functions[count.saturating_sub(LOOKED_AT)..];
        let place = recent.iter().rposition(|known| known.to_pointer() == address)?;
        Some(count - recent.len() + place)
    }
}

impl Batch {
    fn new() -> Self {
        static NUMBERS: AtomicUsize = AtomicUsize::new(1);
        Self { number: NUMBERS.fetch_add(1, Ordering::Relaxed), notes: Mutex::default() }
    }

    /// Writes a call down, and gives what stands for its result in later ones.
    fn write(&self, lua: &Lua, function: LuaValue, arguments: MultiValue) -> mlua::Result<LuaValue> {
        let known = self.notes().place_of(&function);
        // Nothing of Lua runs while the notes are held.
        let new = match known {
            Some(_) => None,
            None => Some(target::fixed(lua, function)?),
        };
        if let Some(function) = &new {
            // The worker wakes up while the other calls are written down.
            let _ = with_target(function, |callee| callee.worker.wake_early());
        }
        let mut notes = self.notes();
        if notes.calls.len() >= CALLS {
            let message = format!("dll.batch: more than {CALLS} calls; several batches can be made");
            return Err(Error::new(ErrorKind::Range, message).into());
        }
        notes.functions.extend(new);
        let function = known.unwrap_or(notes.functions.len() - 1);
        notes.calls.push(Written { function, arguments });
        // It is a number that looks like no other value of Lua, and is never followed as an address.
        let reference = self.number * CALLS + notes.calls.len() - 1;
        Ok(LuaValue::LightUserData(LightUserData(std::ptr::without_provenance_mut::<c_void>(reference))))
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
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
    let call = lua.create_function(move |lua, mut arguments: MultiValue| {
        let function = arguments.pop_front().unwrap_or_default();
        writer.write(lua, function, arguments)
    })?;
    stack::with_room_for_lua(|| write.call::<()>(call))?;
    let Notes { functions, calls } = std::mem::take(&mut *batch.notes());
    let Some(first) = calls.first() else { return lua.create_table() };
    let worker = with_target(&functions[first.function], |callee| Arc::clone(callee.worker))?;
    let functions: Vec<Callable> = functions.into_iter().map(Callable::of).collect();
    run(lua, &batch, &worker, &functions, calls)
}

/// Makes the calls in a worker.
fn run(
    lua: &Lua,
    batch: &Batch,
    worker: &Arc<Worker>,
    functions: &[Callable],
    calls: Vec<Written>,
) -> mlua::Result<Table> {
    let called_by: Vec<usize> = calls.iter().map(|written| written.function).collect();
    let first = &functions[called_by[0]];
    let limit = hook::limited(worker.interrupt(), worker.call_deadline())?;
    let generation = first.with(|callee| enter(callee, lua, limit).map(|session| session.generation()))??;
    let mut session = match worker.session_of(generation) {
        Ok(session) => session,
        Err(error) => return Err(first.with(|callee| callee.failure(error))?.into()),
    };
    for (index, written) in calls.iter().enumerate() {
        let is_ready = functions[written.function].with(|callee| match session.is_of(callee.worker) {
            true => make_ready(callee, &mut session, limit),
            // Its preparation refuses it.
            false => Ok(()),
        });
        is_ready.and_then(|is_ready| is_ready).map_err(|error| numbered(error, index))?;
    }
    let time = Time::begin(&session, hook::limited(worker.interrupt(), limit)?);
    let space = AddressSpace::of(worker, &session);
    let mut called = CallBuilder::new(session, &space);
    let mut request = InvokeBatch { calls: Vec::with_capacity(calls.len()) };
    let mut out_buffers = Vec::with_capacity(calls.len());
    let mut calls = calls;
    for (index, written) in calls.iter_mut().enumerate() {
        let function = &functions[written.function];
        let prepared = function.with(|callee| prepare(batch, callee, &mut called, &mut written.arguments));
        let (prepared, made) = prepared.and_then(|prepared| prepared).map_err(|error| numbered(error, index))?;
        request.calls.push(prepared);
        out_buffers.push(made);
    }
    let CallBuilder { session, callbacks, .. } = called;
    let mut ended = converse(lua, worker, &space, session, &request, time.deadline);
    drop(callbacks);
    in_time(time, &mut ended);
    let describe = |index: usize, name: &str| describe_written(batch, &calls[index], name);
    let made = Made { functions, called_by: &called_by, space: &space, out_buffers: &out_buffers, describe: &describe };
    made.results(lua, ended)
}

/// A call with its arguments as they were written down.
fn describe_written(batch: &Batch, written: &Written, name: &str) -> String {
    describe_call_of(name, &written.arguments, |argument| match batch.earlier(argument) {
        Ok(Some(call)) => format!("the result of call {}", call + 1),
        _ => describe_argument(argument),
    })
}

/// A call as it travels.
fn prepare(
    batch: &Batch,
    callee: &CallTarget<'_>,
    called: &mut CallBuilder<'_>,
    arguments: &mut MultiValue,
) -> Result<(BatchedCall, OutBuffers), Error> {
    if !called.session.is_of(callee.worker) {
        let message = format!("{}: all calls of a batch are made in one worker", callee.name());
        return Err(callee.located(Error::new(ErrorKind::Type, message)));
    }
    let mut earlier = Vec::new();
    let mut references = Vec::new();
    let count = arguments.len();
    called.later.clear();
    for (position, value) in arguments.iter_mut().enumerate() {
        if let Some(call) = batch.earlier(value)? {
            let parameter = callee.prototype.parameter_of(count, position);
            let reference = std::mem::replace(value, stand_in(callee, parameter, position)?);
            references.push((position, reference));
            called.later.push(position);
            earlier.push((parameter as u32, call));
        }
    }
    let Ready { function, address, values, out_buffers } = called.prepare_held(callee, arguments)?;
    // An error is to tell the call as it was written down.
    for (position, reference) in references {
        arguments[position] = reference;
    }
    if let Some(function) = callee.function() {
        function.function_stats().begin();
    }
    // The room for a record comes before the arguments.
    let shift = u32::from(matches!(callee.prototype.result, Conversion::Record { .. }));
    earlier.iter_mut().for_each(|(parameter, _)| *parameter += shift);
    Ok((BatchedCall { function, address, arguments: values, earlier, failure: callee.failure_rule() }, out_buffers))
}

/// A value that the parameter takes, in the place of a result that is not known yet.
fn stand_in(callee: &CallTarget<'_>, parameter: usize, position: usize) -> Result<LuaValue, Error> {
    match callee.prototype.parameters.get(parameter).map(|parameter| &parameter.conversion) {
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

/// The error with the call's place in the batch.
fn numbered(error: Error, index: usize) -> Error {
    let mut error = error.at(format_args!("call {} of the batch", index + 1));
    error.context.index = Some(index + 1);
    error
}
