//! Dispatch of a callback: calls its Lua function with the arguments and returns the result to the library.

use mlua::{Lua, MultiValue, Value as LuaValue};
use protocol::{CallbackInvocation, CallbackReply, Value};

use super::address_space::AddressSpace;
use super::callback_registry::table_of;
use super::callback_table::{Bound, CallbackState};
use super::conversion_error::ConversionError;
use super::failure::message_of;
use super::hook;
use super::marshal;
use super::module::Module;
use super::worker_extension::WorkerExtension;
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::stack;

/// Serves a callback. An error is returned beside the result, which is the default then: the library does not see the
/// error.
pub(super) fn serve(
    lua: &Lua,
    space: &AddressSpace,
    called: &CallbackInvocation,
    arguments: &[Value],
) -> (CallbackReply, Option<mlua::Error>) {
    let found = table_of(space).and_then(|callbacks| callbacks.find(space.generation, called.callback));
    let bound = match found {
        Some(CallbackState::Bound(bound)) => bound,
        Some(CallbackState::Released(shown)) => return (reply(Value::Nil), Some(released(shown.as_ref()).into())),
        None => {
            let message = format!("the worker called callback {}, which does not exist", called.callback);
            return (reply(Value::Nil), Some(Error::new(ErrorKind::Protocol, message).into()));
        }
    };
    let lost = (called.lost > 0).then(|| {
        let message = format!(
            "{} queued callback calls were lost before a call of {}: the queue was full before the host \
             served them",
            called.lost, bound.shown
        );
        mlua::Error::from(Error::new(ErrorKind::Callback, message))
    });
    match stack::with_room_for_lua(|| call_function(lua, space, called, &bound, arguments)) {
        Ok(result) => (reply(result), lost),
        Err(error) => (reply(bound.default), Some(error)),
    }
}

fn reply(result: Value) -> CallbackReply {
    CallbackReply { result }
}

fn call_function(
    lua: &Lua,
    space: &AddressSpace,
    called: &CallbackInvocation,
    bound: &Bound,
    arguments: &[Value],
) -> mlua::Result<Value> {
    let module = Module::of_state(lua).ok_or_else(|| mlua::Error::runtime("the Lua state is ending"))?;
    let prototype = bound.form.prototype(space.abi()).map_err(mlua::Error::from)?;
    if arguments.len() != prototype.parameters.len() {
        let message = format!("{}: the worker sent {} arguments", bound.shown, arguments.len());
        return Err(Error::new(ErrorKind::Protocol, message).into());
    }
    let mut values = MultiValue::with_capacity(arguments.len());
    for (parameter, value) in prototype.parameters.iter().zip(arguments) {
        values.push_back(marshal::argument_to_lua(lua, &module, &parameter.conversion, value, space)?);
    }
    if let Some(extension) = WorkerExtension::of(&space.worker) {
        extension.error_numbers.set(called.errno, called.last_error);
    }
    let result: LuaValue = bound.function.call(values).map_err(|error| described(bound, error))?;
    // The function may have caught the error that stopped it, and returned normally.
    hook::time_left(space.worker.interrupt())?;
    if called.is_queued {
        // The caller already has its result.
        return Ok(Value::Nil);
    }
    let refused = |error: ConversionError| error.at(format_args!("{}: the result of the callback", bound.shown));
    Ok(marshal::callback_result(prototype, &result, space).map_err(refused)?)
}

/// Keeps errors of this runtime; turns other errors of Lua into one that contains message and traceback.
fn described(bound: &Bound, error: mlua::Error) -> mlua::Error {
    if error.downcast_ref::<Error>().is_some() {
        return error;
    }
    let (message, traceback) = message_of(&error);
    let error = Error::new(ErrorKind::Callback, message).in_function(&bound.shown.to_string());
    match traceback {
        Some(traceback) => error.with_detail(traceback).into(),
        None => error.into(),
    }
}

fn released(shown: Option<&c::Type>) -> Error {
    let of = shown.map(|shown| format!(" of type {shown}")).unwrap_or_default();
    let message = format!(
        "the library called a callback{of} that was released: a function passed as an argument is valid for the duration \
         of that call; dll.callback makes one that is valid until it is freed"
    );
    Error::new(ErrorKind::Callback, message)
}
