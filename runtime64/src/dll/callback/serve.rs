//! A callback that a library has called: its Lua function is called with the arguments, and its result goes back.

use mlua::{Lua, MultiValue, Value as LuaValue};
use protocol::{CallbackInvocation, CallbackReply, Value};

use super::table::Found;
use super::{Bound, table_of};
use crate::c;
use crate::dll::call;
use crate::dll::companion::Companion;
use crate::dll::failure::words_of;
use crate::dll::hook;
use crate::dll::memory::{Lasting, Owner};
use crate::dll::mismatch::Mismatch;
use crate::dll::module::Module;
use crate::dll::types::{Conversion, Prototype};
use crate::error::{Error, ErrorKind};
use crate::stack;

/// Serves a callback. What went wrong is told beside the result, which is the default then: the library knows nothing of it.
pub(super) fn serve(
    lua: &Lua,
    owner: &Owner,
    called: &CallbackInvocation,
    arguments: &[Value],
) -> (CallbackReply, Option<mlua::Error>) {
    let found = table_of(owner).and_then(|callbacks| callbacks.find(owner.generation, called.callback));
    let bound = match found {
        Some(Found::Bound(bound)) => bound,
        Some(Found::Released(shown)) => return (reply(Value::Nil), Some(released(shown.as_ref()).into())),
        None => {
            let message = format!("the worker called callback number {}, which was never made", called.callback);
            return (reply(Value::Nil), Some(Error::new(ErrorKind::Protocol, message).into()));
        }
    };
    let lost = (called.lost > 0).then(|| {
        let message = format!(
            "{} calls of callbacks that are queued were lost before a call of {}: more than fit were made before the host \
             served them",
            called.lost, bound.shown
        );
        mlua::Error::from(Error::new(ErrorKind::Callback, message))
    });
    match stack::with_room_for_lua(|| call_function(lua, owner, called, &bound, arguments)) {
        Ok(result) => (reply(result), lost),
        Err(error) => (reply(bound.default), Some(error)),
    }
}

fn reply(result: Value) -> CallbackReply {
    CallbackReply { result }
}

fn call_function(
    lua: &Lua,
    owner: &Owner,
    called: &CallbackInvocation,
    bound: &Bound,
    arguments: &[Value],
) -> mlua::Result<Value> {
    let module = Module::of_state(lua).ok_or_else(|| mlua::Error::runtime("the Lua state is ending"))?;
    let prototype = bound.form.prototype(owner.abi()).map_err(mlua::Error::from)?;
    if arguments.len() != prototype.parameters.len() {
        let message = format!("{}: the worker sent {} arguments", bound.shown, arguments.len());
        return Err(Error::new(ErrorKind::Protocol, message).into());
    }
    let mut values = MultiValue::with_capacity(arguments.len());
    for (parameter, value) in prototype.parameters.iter().zip(arguments) {
        values.push_back(call::argument_to_lua(lua, &module, &parameter.conversion, value, owner)?);
    }
    if let Some(companion) = Companion::of(&owner.worker) {
        companion.error_numbers.set(called.errno, called.last_error);
    }
    let result: LuaValue = bound.function.call(values).map_err(|error| described(bound, error))?;
    // Code that caught the error by which it was stopped has returned all the same.
    hook::time_left(owner.worker.interrupt())?;
    if called.is_queued {
        // The caller has had its answer.
        return Ok(Value::Nil);
    }
    let refused = |mismatch: Mismatch| mismatch.at(format_args!("{}: the result of the callback", bound.shown));
    Ok(result_to_wire(prototype, &result, owner).map_err(refused)?)
}

/// The result of a Lua function as it travels to the library.
pub(super) fn result_to_wire(prototype: &Prototype, value: &LuaValue, owner: &Owner) -> Result<Value, Mismatch> {
    match &prototype.result {
        Conversion::Void => Ok(Value::Nil),
        Conversion::Record { ctype, .. } => {
            crate::dll::cdata::bytes_of(ctype, value, owner, &mut Lasting).map(Value::Bytes)
        }
        conversion => call::to_wire(conversion, value, owner, &mut Lasting),
    }
}

/// Errors of this runtime stay what they are; a message of Lua's becomes one that says where it was raised.
fn described(bound: &Bound, error: mlua::Error) -> mlua::Error {
    if error.downcast_ref::<Error>().is_some() {
        return error;
    }
    let (message, traceback) = words_of(&error);
    let error = Error::new(ErrorKind::Callback, message).in_function(&bound.shown.to_string());
    match traceback {
        Some(traceback) => error.with_detail(traceback).into(),
        None => error.into(),
    }
}

fn released(shown: Option<&c::Type>) -> Error {
    let of = shown.map(|shown| format!(" of type {shown}")).unwrap_or_default();
    let message = format!(
        "the library called a callback{of} that was released: a function that is passed to a call lives as long as that call, \
         and dll.callback makes one that stays until it is freed"
    );
    Error::new(ErrorKind::Callback, message)
}
