//! Callbacks: Lua functions that a library calls.
//!
//! The worker makes functions of a signature and knows nothing of Lua; which Lua function each of them stands for is kept
//! in its [table](super::callback_table), for each worker. One that is passed to a call stands for its Lua function as long as that call lasts; one
//! that `dll.callback` made, or that was put into memory, until it is freed. A library that calls it afterwards is told so.

use std::sync::Arc;

use mlua::Function;
use protocol::Value;

use super::address_space::AddressSpace;
use super::callback_table::{Bound, Callbacks};
use super::conversion_error::ConversionError;
use super::types::{Ctype, Form, FunctionForm, Prototype};
use super::worker_extension::WorkerExtension;
use crate::error::ErrorKind;
use crate::remote::Session;

/// The function that a pointer's type points to.
pub(super) fn form_of(pointer: &Ctype) -> Result<Arc<FunctionForm>, ConversionError> {
    let not_one = || ConversionError::new(ErrorKind::Type, format!("{} is no pointer to a function", pointer.ty));
    let pointee = pointer.pointee();
    let target = pointee.as_deref().unwrap_or(pointer);
    match &target.form {
        Form::Function(form) => Ok(Arc::clone(form)),
        _ => Err(not_one()),
    }
}

/// The prototype of callbacks of a pointer's type.
///
/// # Errors
/// It points to no function, or to one that no callback can stand for.
pub(super) fn prototype_of<'a>(
    form: &'a FunctionForm,
    pointer: &Ctype,
    space: &AddressSpace,
) -> Result<&'a Prototype, ConversionError> {
    let prototype = form.prototype(space.abi()).map_err(ConversionError::from)?;
    if prototype.is_variadic {
        let reason = format!("{} takes a variable number of arguments, which no callback can", pointer.ty);
        return Err(ConversionError::new(ErrorKind::Declaration, reason));
    }
    Ok(prototype)
}

/// What a Lua function is bound with; the library gets `default` if it fails.
fn bound(function: &Function, pointer: &Ctype, space: &AddressSpace, default: Value) -> Result<Bound, ConversionError> {
    let form = form_of(pointer)?;
    prototype_of(&form, pointer, space)?;
    Ok(Bound { function: function.clone(), form, shown: pointer.ty.clone(), default })
}

/// Binds a Lua function to a callback of the worker that is held. It stays until it is released.
fn bind(
    session: &mut Session<'_>,
    bound: Bound,
    space: &AddressSpace,
    answer: Option<Value>,
) -> Result<(u32, u64), ConversionError> {
    let form = Arc::clone(&bound.form);
    let prototype = form.prototype(space.abi()).map_err(ConversionError::from)?;
    let callbacks =
        table_of(space).ok_or_else(|| ConversionError::new(ErrorKind::Callback, "callbacks cannot be kept"))?;
    callbacks.bind(session, &prototype.signature, bound, answer).map_err(|error| ConversionError::from_remote(&error))
}

/// The callbacks that live as long as a call: they are released with this, also where the call cannot be made.
#[derive(Default)]
pub(super) struct Lent {
    /// Whose they are, if there are any.
    space: Option<AddressSpace>,
    ids: Vec<u32>,
}

impl Lent {
    /// Makes a callback for the call that a session is held for, and gives its address.
    pub(super) fn lend(
        &mut self,
        session: &mut Session<'_>,
        function: &Function,
        pointer: &Ctype,
        space: &AddressSpace,
    ) -> Result<u64, ConversionError> {
        let bound = bound(function, pointer, space, Value::Nil)?;
        let (id, address) = bind(session, bound, space, None)?;
        self.space = Some(space.clone());
        self.ids.push(id);
        Ok(address)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(space) = &self.space
            && let Some(callbacks) = table_of(space)
        {
            callbacks.release(space.generation, &self.ids);
        }
    }
}

/// Makes a callback that stays until it is freed, and returns its address.
pub(super) fn keep(function: &Function, pointer: &Ctype, space: &AddressSpace) -> Result<u64, ConversionError> {
    keep_with(function, pointer, space, Value::Nil, false)
}

/// The same with what the library gets if the function fails. If `is_queued`, calls on the library's own threads are answered
/// with that at once.
pub(super) fn keep_with(
    function: &Function,
    pointer: &Ctype,
    space: &AddressSpace,
    default: Value,
    is_queued: bool,
) -> Result<u64, ConversionError> {
    let bound = bound(function, pointer, space, default)?;
    let answer = is_queued.then(|| bound.default.clone());
    let mut session =
        space.worker.session_of(space.generation).map_err(|error| ConversionError::from_remote(&error))?;
    bind(&mut session, bound, space, answer).map(|(_, address)| address)
}

/// Refuses a callback that was freed: the library would keep what leads nowhere.
pub(super) fn check_alive(address: u64, space: &AddressSpace) -> Result<(), ConversionError> {
    let is_released = table_of(space).is_some_and(|callbacks| callbacks.is_released(space.generation, address));
    if is_released {
        return Err(ConversionError::new(ErrorKind::Callback, "the callback was freed before"));
    }
    Ok(())
}

/// The callbacks of a worker.
pub(super) fn table_of(space: &AddressSpace) -> Option<&Callbacks> {
    WorkerExtension::of(&space.worker).map(|extension| &extension.callbacks)
}
