//! Callbacks: Lua functions that a library calls.
//!
//! The worker makes functions of a signature and knows nothing of Lua; which Lua function each of them stands for is kept
//! [here](table), for each worker. One that is passed to a call stands for its Lua function as long as that call lasts; one
//! that `dll.callback` made, or that was put into memory, until it is freed. A library that calls it afterwards is told so.

use std::sync::Arc;
use std::time::Duration;

use mlua::{Function, Lua, Value as LuaValue};
use protocol::Value;

use super::cdata::Cdata;
use super::companion::Companion;
use super::memory::Owner;
use super::mismatch::Mismatch;
use super::module::Module;
use super::types::{Ctype, Form, FunctionForm};
use crate::c;
use crate::error::ErrorKind;
use crate::remote::Session;

mod conversation;
mod method;
mod serve;
mod table;

pub(super) use conversation::{Ended, converse, poll};
pub(super) use method::{free_closed, method_of};
pub(super) use table::Callbacks;

/// What a callback stands for.
#[derive(Clone)]
struct Bound {
    function: Function,
    form: Arc<FunctionForm>,
    /// Its type, for messages.
    shown: c::Type,
    /// What the library gets if the Lua function fails.
    default: Value,
}

/// How a callback is made that a library may keep.
#[derive(Debug, Default)]
pub(super) struct Options {
    /// What the library gets if the Lua function fails, or before it was called.
    pub(super) default: LuaValue,
    /// Whether calls on the library's own threads are answered with that at once.
    pub(super) is_queued: bool,
}

/// The function that a pointer's type points to.
fn form_of(pointer: &Ctype) -> Result<Arc<FunctionForm>, Mismatch> {
    let not_one = || Mismatch::new(ErrorKind::Type, format!("{} is no pointer to a function", pointer.ty));
    let pointee = pointer.pointee();
    let target = pointee.as_deref().unwrap_or(pointer);
    match &target.form {
        Form::Function(form) => Ok(Arc::clone(form)),
        _ => Err(not_one()),
    }
}

/// What a Lua function is bound with. The worker must not be held unless `default` is nil: it may lie in its memory, or be a
/// Lua function that becomes a callback itself.
fn bound(function: &Function, pointer: &Ctype, owner: &Owner, default: &LuaValue) -> Result<Bound, Mismatch> {
    let form = form_of(pointer)?;
    let prototype = form.prototype(owner.abi()).map_err(Mismatch::from)?;
    if prototype.is_variadic {
        let reason = format!("{} takes a variable number of arguments, which no callback can", pointer.ty);
        return Err(Mismatch::new(ErrorKind::Declaration, reason));
    }
    let default = match default {
        LuaValue::Nil => Value::Nil,
        value => {
            serve::result_to_wire(prototype, value, owner).map_err(|mismatch| mismatch.within("option 'default'"))?
        }
    };
    Ok(Bound { function: function.clone(), form: Arc::clone(&form), shown: pointer.ty.clone(), default })
}

/// Binds a Lua function to a callback of the worker that is held. It stays until it is released.
fn bind(session: &mut Session<'_>, bound: Bound, owner: &Owner, answer: Option<Value>) -> Result<(u32, u64), Mismatch> {
    let form = Arc::clone(&bound.form);
    let prototype = form.prototype(owner.abi()).map_err(Mismatch::from)?;
    let callbacks = table_of(owner).ok_or_else(|| Mismatch::new(ErrorKind::Callback, "callbacks cannot be kept"))?;
    callbacks.bind(session, &prototype.signature, bound, answer).map_err(|error| Mismatch::from_remote(&error))
}

/// The callbacks that live as long as a call: they are released with this, also where the call cannot be made.
#[derive(Default)]
pub(super) struct Lent {
    /// Whose they are, if there are any.
    owner: Option<Owner>,
    ids: Vec<u32>,
}

impl Lent {
    /// Makes a callback for the call that a session is held for, and gives its address.
    pub(super) fn lend(
        &mut self,
        session: &mut Session<'_>,
        function: &Function,
        pointer: &Ctype,
        owner: &Owner,
    ) -> Result<u64, Mismatch> {
        let bound = bound(function, pointer, owner, &LuaValue::Nil)?;
        let (id, address) = bind(session, bound, owner, None)?;
        self.owner = Some(owner.clone());
        self.ids.push(id);
        Ok(address)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(owner) = &self.owner
            && let Some(callbacks) = table_of(owner)
        {
            callbacks.release(owner.generation, &self.ids);
        }
    }
}

/// Makes a callback that stays until it is freed, and gives its address.
pub(super) fn keep(function: &Function, pointer: &Ctype, owner: &Owner) -> Result<u64, Mismatch> {
    keep_with(function, pointer, owner, &Options::default())
}

fn keep_with(function: &Function, pointer: &Ctype, owner: &Owner, options: &Options) -> Result<u64, Mismatch> {
    let bound = bound(function, pointer, owner, &options.default)?;
    let answer = options.is_queued.then(|| bound.default.clone());
    let mut session = owner.worker.session_of(owner.generation).map_err(|error| Mismatch::from_remote(&error))?;
    bind(&mut session, bound, owner, answer).map(|(_, address)| address)
}

/// Makes a callback that stays until it is freed, as a pointer.
pub(super) fn new(
    lua: &Lua,
    function: &Function,
    pointer: &Arc<Ctype>,
    owner: &Owner,
    options: &Options,
) -> mlua::Result<LuaValue> {
    let pointer = match &pointer.form {
        Form::Function(_) => pointer.pointer_to(),
        _ => Arc::clone(pointer),
    };
    let refused = |mismatch: Mismatch| mismatch.at(format_args!("dll.callback: {}", pointer.ty));
    let address = keep_with(function, &pointer, owner, options).map_err(refused)?;
    Cdata::pointer_value(lua, &pointer, address, owner)
}

/// Serves the callbacks that wait for the host in any of a module's workers, and tells how many.
pub(super) fn serve_waiting(lua: &Lua, module: &Module) -> mlua::Result<u32> {
    let mut served = 0;
    for worker in module.shared().all_workers() {
        let companion = Companion::of(&worker);
        let callbacks = companion.map(|companion| &companion.callbacks);
        // A worker that runs no more, or has no callbacks that anything of its could call, is not asked.
        if let Some(generation) = worker.running()
            && callbacks.is_some_and(|callbacks| callbacks.is_any_bound(generation))
        {
            served += poll(lua, &worker, Duration::ZERO)?;
        }
    }
    Ok(served)
}

/// Refuses a callback that was freed: the library would keep what leads nowhere.
pub(super) fn check_alive(address: u64, owner: &Owner) -> Result<(), Mismatch> {
    let is_released = table_of(owner).is_some_and(|callbacks| callbacks.is_released(owner.generation, address));
    if is_released {
        return Err(Mismatch::new(ErrorKind::Callback, "the callback was freed before"));
    }
    Ok(())
}

/// The callbacks of a worker.
fn table_of(owner: &Owner) -> Option<&Callbacks> {
    Companion::of(&owner.worker).map(|companion| &companion.callbacks)
}
