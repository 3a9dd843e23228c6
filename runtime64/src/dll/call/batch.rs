//! Batches: calls that are recorded first and sent to the worker together.

use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mlua::{Function, LightUserData, Lua, MultiValue, Table, Value as LuaValue};
use protocol::{BatchedCall, InvokeBatch, limits};

use super::exchange::converse;
use super::{
    CallBuilder, CallTarget, CallTime, OutBuffers, PreparedCall, enter, in_time, make_ready, target, with_target,
};
use crate::dll::address_space::AddressSpace;
use crate::dll::describe::{describe_argument, describe_call_of};
use crate::dll::hook;
use crate::dll::types::Conversion;
use crate::error::{Error, ErrorKind};
use crate::remote::Worker;
use crate::stack;
use callable::Callable;
use results::SentBatch;

mod callable;
mod results;

/// The number of calls of a batch that references can distinguish.
const CALLS: usize = limits::BATCH;

/// A recorded call.
struct RecordedCall {
    /// The index of its function.
    function: usize,
    arguments: MultiValue,
}

/// The recorded calls, and the functions they call, each once.
#[derive(Default)]
struct Recording {
    functions: Vec<LuaValue>,
    calls: Vec<RecordedCall>,
}

/// A batch that is being recorded, and the number that distinguishes its references from those of other batches.
struct Batch {
    number: usize,
    recording: Mutex<Recording>,
}

/// The number of functions searched for the called one before it is added again.
const SEARCHED: usize = 8;

impl Recording {
    /// The index of a function in the list. Most calls of a batch are to the same few functions.
    fn position_of(&self, function: &LuaValue) -> Option<usize> {
        let (address, count) = (function.to_pointer(), self.functions.len());
        let recent = &self.functions[count.saturating_sub(SEARCHED)..];
        let place = recent.iter().rposition(|known| known.to_pointer() == address)?;
        Some(count - recent.len() + place)
    }
}

impl Batch {
    fn new() -> Self {
        static NUMBERS: AtomicUsize = AtomicUsize::new(1);
        Self { number: NUMBERS.fetch_add(1, Ordering::Relaxed), recording: Mutex::default() }
    }

    /// Records a call, and returns a reference to its result for later calls.
    fn record(&self, lua: &Lua, function: LuaValue, arguments: MultiValue) -> mlua::Result<LuaValue> {
        let known = self.recording().position_of(&function);
        // No Lua code runs while the lock is held.
        let new = match known {
            Some(_) => None,
            None => Some(target::resolve_pointer(lua, function)?),
        };
        if let Some(function) = &new {
            // The worker wakes up while the other calls are recorded.
            let _ = with_target(function, |callee| callee.worker.wake_early());
        }
        let mut recording = self.recording();
        if recording.calls.len() >= CALLS {
            let message = format!("dll.batch: more than {CALLS} calls; use several batches");
            return Err(Error::new(ErrorKind::Range, message).into());
        }
        recording.functions.extend(new);
        let function = known.unwrap_or(recording.functions.len() - 1);
        recording.calls.push(RecordedCall { function, arguments });
        // The reference is a number that equals no other Lua value, and is never dereferenced as an address.
        let reference = self.number * CALLS + recording.calls.len() - 1;
        Ok(LuaValue::LightUserData(LightUserData(std::ptr::without_provenance_mut::<c_void>(reference))))
    }

    fn recording(&self) -> MutexGuard<'_, Recording> {
        self.recording.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The earlier call that a value refers to.
    fn earlier(&self, value: &LuaValue) -> Result<Option<u32>, Error> {
        let LuaValue::LightUserData(reference) = value else { return Ok(None) };
        let reference = reference.0.addr();
        if reference / CALLS != self.number {
            let message = "dll.batch: an argument refers to a call of another batch; pass the value of its result";
            return Err(Error::new(ErrorKind::Type, message));
        }
        Ok(Some((reference % CALLS) as u32))
    }
}

/// Records the calls that a function makes, sends them, and returns their results.
pub(in crate::dll) fn batch(lua: &Lua, write: &Function) -> mlua::Result<Table> {
    let batch = Arc::new(Batch::new());
    let recorder = Arc::clone(&batch);
    let call = lua.create_function(move |lua, mut arguments: MultiValue| {
        let function = arguments.pop_front().unwrap_or_default();
        recorder.record(lua, function, arguments)
    })?;
    stack::with_room_for_lua(|| write.call::<()>(call))?;
    let Recording { functions, calls } = std::mem::take(&mut *batch.recording());
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
    calls: Vec<RecordedCall>,
) -> mlua::Result<Table> {
    let called_by: Vec<usize> = calls.iter().map(|recorded| recorded.function).collect();
    let first = &functions[called_by[0]];
    let limit = hook::limited(worker.interrupt(), worker.call_deadline())?;
    let generation = first.with(|callee| enter(callee, lua, limit).map(|session| session.generation()))??;
    let mut session = match worker.session_of(generation) {
        Ok(session) => session,
        Err(error) => return Err(first.with(|callee| callee.failure(error))?.into()),
    };
    for (index, recorded) in calls.iter().enumerate() {
        let is_ready = functions[recorded.function].with(|callee| match session.is_of(callee.worker) {
            true => make_ready(callee, &mut session, limit),
            // It belongs to another worker, which its preparation reports.
            false => Ok(()),
        });
        is_ready.and_then(|is_ready| is_ready).map_err(|error| numbered(error, index))?;
    }
    let time = CallTime::begin(&session, hook::limited(worker.interrupt(), limit)?);
    let space = AddressSpace::of(worker, &session);
    let mut builder = CallBuilder::new(session, &space);
    let mut request = InvokeBatch { calls: Vec::with_capacity(calls.len()) };
    let mut out_buffers = Vec::with_capacity(calls.len());
    let mut calls = calls;
    for (index, recorded) in calls.iter_mut().enumerate() {
        let function = &functions[recorded.function];
        let prepared = function.with(|callee| prepare(batch, callee, &mut builder, &mut recorded.arguments));
        let (prepared, buffers) = prepared.and_then(|prepared| prepared).map_err(|error| numbered(error, index))?;
        request.calls.push(prepared);
        out_buffers.push(buffers);
    }
    let CallBuilder { session, callbacks, .. } = builder;
    let mut ended = converse(lua, worker, &space, session, &request, time.deadline);
    drop(callbacks);
    in_time(time, &mut ended);
    let describe = |index: usize, name: &str| describe_recorded(batch, &calls[index], name);
    let sent =
        SentBatch { functions, called_by: &called_by, space: &space, out_buffers: &out_buffers, describe: &describe };
    sent.results(lua, ended)
}

/// A call with its arguments as recorded.
fn describe_recorded(batch: &Batch, recorded: &RecordedCall, name: &str) -> String {
    describe_call_of(name, &recorded.arguments, |argument| match batch.earlier(argument) {
        Ok(Some(call)) => format!("the result of call {}", call + 1),
        _ => describe_argument(argument),
    })
}

/// Converts a call to its message.
fn prepare(
    batch: &Batch,
    callee: &CallTarget<'_>,
    builder: &mut CallBuilder<'_>,
    arguments: &mut MultiValue,
) -> Result<(BatchedCall, OutBuffers), Error> {
    if !builder.session.is_of(callee.worker) {
        let message = format!("{}: all calls of a batch must be in the same worker", callee.name());
        return Err(callee.located(Error::new(ErrorKind::Type, message)));
    }
    let mut earlier = Vec::new();
    let mut references = Vec::new();
    let count = arguments.len();
    builder.pending.clear();
    for (position, value) in arguments.iter_mut().enumerate() {
        if let Some(call) = batch.earlier(value)? {
            let parameter = callee.prototype.parameter_of(count, position);
            let reference = std::mem::replace(value, placeholder(callee, parameter, position)?);
            references.push((position, reference));
            builder.pending.push(position);
            earlier.push((parameter as u32, call));
        }
    }
    let PreparedCall { function, address, values, out_buffers } = builder.prepare_held(callee, arguments)?;
    // Errors describe the call as recorded.
    for (position, reference) in references {
        arguments[position] = reference;
    }
    if let Some(function) = callee.function() {
        function.function_stats().begin();
    }
    // The buffer for a record precedes the arguments.
    let shift = u32::from(matches!(callee.prototype.result, Conversion::Record { .. }));
    earlier.iter_mut().for_each(|(parameter, _)| *parameter += shift);
    Ok((BatchedCall { function, address, arguments: values, earlier, failure: callee.failure_rule() }, out_buffers))
}

/// A placeholder for a result that is not known yet, of the parameter's type.
fn placeholder(callee: &CallTarget<'_>, parameter: usize, position: usize) -> Result<LuaValue, Error> {
    match callee.prototype.parameters.get(parameter).map(|parameter| &parameter.conversion) {
        Some(Conversion::Number(number, _)) => Ok(number.zero()),
        Some(Conversion::Pointer { .. }) => Ok(LuaValue::Nil),
        _ => {
            let message = format!(
                "{}: argument {} cannot be the result of an earlier call; only numbers and pointers can",
                callee.name(),
                position + 1
            );
            Err(callee.located(Error::new(ErrorKind::Type, message)))
        }
    }
}

/// Adds the call's position in the batch to an error.
fn numbered(error: Error, index: usize) -> Error {
    let mut error = error.at(format_args!("call {} of the batch", index + 1));
    error.context.index = Some(index + 1);
    error
}
