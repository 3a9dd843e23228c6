//! Callbacks: Lua functions that a library calls.
//!
//! The worker makes functions of a signature and knows nothing of Lua; the Lua function bound to each is kept in its
//! [table](super::callback_table), per worker. A callback made for an argument lives as long as the call; one that
//! `dll.callback` made, or that was written to memory, lives until it is freed. A library that calls it later causes an
//! error.

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

/// The function type that a pointer type points to.
pub(super) fn form_of(pointer: &Ctype) -> Result<Arc<FunctionForm>, ConversionError> {
    let not_one = || ConversionError::new(ErrorKind::Type, format!("{} is not a pointer to a function", pointer.ty));
    let pointee = pointer.pointee();
    let target = pointee.as_deref().unwrap_or(pointer);
    match &target.form {
        Form::Function(form) => Ok(Arc::clone(form)),
        _ => Err(not_one()),
    }
}

/// The prototype of callbacks of a pointer type.
///
/// # Errors
/// The type points to no function, or to one that a callback cannot implement.
pub(super) fn prototype_of<'a>(
    form: &'a FunctionForm,
    pointer: &Ctype,
    space: &AddressSpace,
) -> Result<&'a Prototype, ConversionError> {
    let prototype = form.prototype(space.abi()).map_err(ConversionError::from)?;
    if prototype.is_variadic {
        let reason = format!("{} is variadic, and a callback cannot be", pointer.ty);
        return Err(ConversionError::new(ErrorKind::Declaration, reason));
    }
    Ok(prototype)
}

/// A Lua function with its type; the library gets `default` if the function fails.
fn bound(function: &Function, pointer: &Ctype, space: &AddressSpace, default: Value) -> Result<Bound, ConversionError> {
    let form = form_of(pointer)?;
    prototype_of(&form, pointer, space)?;
    Ok(Bound { function: function.clone(), form, shown: pointer.ty.clone(), default })
}

/// Binds a Lua function to a callback of the session's worker, until it is released.
fn bind(
    session: &mut Session<'_>,
    bound: Bound,
    space: &AddressSpace,
    answer: Option<Value>,
) -> Result<(u32, u64), ConversionError> {
    let form = Arc::clone(&bound.form);
    let prototype = form.prototype(space.abi()).map_err(ConversionError::from)?;
    let callbacks = table_of(space)
        .ok_or_else(|| ConversionError::new(ErrorKind::Callback, "callbacks are not available for this worker"))?;
    callbacks.bind(session, &prototype.signature, bound, answer).map_err(|error| ConversionError::from_remote(&error))
}

/// The callbacks made for a call: they are released when this is dropped, even if the call cannot be made.
#[derive(Default)]
pub(super) struct LentCallbacks {
    /// The address space of the callbacks, if there are any.
    space: Option<AddressSpace>,
    ids: Vec<u32>,
}

impl LentCallbacks {
    /// Makes a callback for the call of a session and returns its address.
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

impl Drop for LentCallbacks {
    fn drop(&mut self) {
        if let Some(space) = &self.space
            && let Some(callbacks) = table_of(space)
        {
            callbacks.release(space.generation, &self.ids);
        }
    }
}

/// Makes a callback that lives until it is freed, and returns its address.
pub(super) fn keep(function: &Function, pointer: &Ctype, space: &AddressSpace) -> Result<u64, ConversionError> {
    keep_with(function, pointer, space, Value::Nil, false)
}

/// Like [`keep`], with the result for the library if the function fails. If `is_queued`, calls on the library's own
/// threads return it at once.
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

/// Refuses a callback that was freed: the library would keep a dangling function pointer.
pub(super) fn check_alive(address: u64, space: &AddressSpace) -> Result<(), ConversionError> {
    let is_released = table_of(space).is_some_and(|callbacks| callbacks.is_released(space.generation, address));
    if is_released {
        return Err(ConversionError::new(ErrorKind::Callback, "the callback was already freed"));
    }
    Ok(())
}

/// The callbacks of a worker.
pub(super) fn table_of(space: &AddressSpace) -> Option<&Callbacks> {
    WorkerExtension::of(&space.worker).map(|extension| &extension.callbacks)
}
