//! The target of a call: a function of a library, or the function a pointer points to.

use std::sync::Arc;

use mlua::{Lua, Value as LuaValue};
use protocol::{FailureRule, Outcome, PrepareSignature, Type};

use crate::dll::cdata::{self, Cdata};
use crate::dll::describe::describe;
use crate::dll::failure::from_remote;
use crate::dll::library::Function;
use crate::dll::memory::Location;
use crate::dll::types::{Ctype, Form, FunctionForm, Prototype};
use crate::dll::worker_extension::WorkerExtension;
use crate::error::{Error, ErrorKind};
use crate::remote::{RemoteError, Session, Worker};

/// The target of a call.
pub(super) struct CallTarget<'a> {
    /// The conversion of its values.
    pub(super) prototype: &'a Prototype,
    /// The worker it is in.
    pub(super) worker: &'a Arc<Worker>,
    callee: Callee<'a>,
}

#[derive(Clone, Copy)]
enum Callee<'a> {
    Function(&'a Function),
    /// A function called by address; its type stands for a name.
    Pointer {
        form: &'a FunctionForm,
        pointer: &'a Ctype,
        location: &'a Location,
    },
}

impl<'a> CallTarget<'a> {
    /// A function of a library.
    #[inline]
    pub(super) fn of(function: &'a Function) -> Self {
        Self {
            prototype: function.prototype(),
            worker: function.library().worker(),
            callee: Callee::Function(function),
        }
    }

    /// The function, if it is one of a library.
    #[inline]
    pub(super) fn function(&self) -> Option<&'a Function> {
        match self.callee {
            Callee::Function(function) => Some(function),
            Callee::Pointer { .. } => None,
        }
    }

    /// The name for messages.
    pub(super) fn name(&self) -> String {
        match self.callee {
            Callee::Function(function) => function.name(),
            Callee::Pointer { pointer, .. } => pointer.ty.to_string(),
        }
    }

    /// The declaration in C, for messages.
    pub(super) fn declaration(&self) -> String {
        self.function().map_or_else(|| self.name(), ToString::to_string)
    }

    /// A session with the running worker.
    #[inline]
    pub(super) fn session(&self) -> Result<Session<'a>, Error> {
        match self.callee {
            Callee::Function(function) => function.session(),
            Callee::Pointer { location, .. } => {
                let space = location.space();
                space.worker.session_of(space.generation).map_err(|error| self.failure(error))
            }
        }
    }

    /// The worker's id for the function, and its address where the id stands for a signature only. `further` are the
    /// types of arguments beyond the parameters, empty if there are none.
    #[inline]
    pub(super) fn prepared(&self, session: &mut Session<'_>, further: &[Type]) -> Result<(u32, u64), Error> {
        match self.callee {
            Callee::Function(function) => function.prepared(session, further),
            Callee::Pointer { form, location, .. } => {
                let id = self.signature_id(form, session, further).map_err(|error| self.failure(error))?;
                Ok((id, location.address()))
            }
        }
    }

    /// The worker's id for the signature of a function called by address.
    fn signature_id(
        &self,
        form: &FunctionForm,
        session: &mut Session<'_>,
        further: &[Type],
    ) -> Result<u32, RemoteError> {
        let signature = &self.prototype.signature;
        if !further.is_empty() {
            return form.variants.id(session, signature, further);
        }
        if let Some(id) = form.prepared.get(session.generation()) {
            return Ok(id);
        }
        let id = session.call(&PrepareSignature { signature: signature.clone() })?.id;
        form.prepared.set(session.generation(), id);
        Ok(id)
    }

    /// Stores the error numbers after the call.
    #[inline]
    pub(super) fn remember(&self, outcome: &Outcome) {
        if let Some(extension) = WorkerExtension::of(self.worker) {
            extension.error_numbers.set(outcome.errno, outcome.last_error);
        }
    }

    /// Converts an error of the worker.
    #[cold]
    pub(super) fn failure(&self, error: RemoteError) -> Error {
        match self.callee {
            Callee::Function(function) => function.failure(error),
            Callee::Pointer { .. } => from_remote(error, self.worker, &self.name()),
        }
    }

    /// Adds library and function to an error, if known.
    #[cold]
    pub(super) fn located(&self, error: Error) -> Error {
        match self.callee {
            Callee::Function(function) => function.located(error),
            Callee::Pointer { .. } => error,
        }
    }

    /// The rule for failed results.
    #[inline]
    pub(super) fn failure_rule(&self) -> FailureRule {
        self.function().map_or(FailureRule::Never, Function::failure_rule)
    }
}

/// Runs `act` with a callable value.
pub(super) fn with_target<R>(function: &LuaValue, act: impl FnOnce(&CallTarget<'_>) -> R) -> Result<R, Error> {
    if let LuaValue::UserData(userdata) = function {
        if let Ok(function) = userdata.borrow::<Function>() {
            return Ok(act(&CallTarget::of(&function)));
        }
        if let Ok(cdata) = userdata.borrow::<Cdata>() {
            let cdata = cdata.clone();
            return with_pointer(&cdata, |target, _| act(target));
        }
    }
    let message = format!("expected a function of a library or a pointer to one, got {}", describe(function));
    Err(Error::new(ErrorKind::Type, message))
}

/// Runs `act` with the function that a pointer points to, and with its location.
pub(super) fn with_pointer<R>(cdata: &Cdata, act: impl FnOnce(&CallTarget<'_>, &Location) -> R) -> Result<R, Error> {
    let ctype = match &cdata.ctype.form {
        Form::Function(_) => Arc::clone(&cdata.ctype),
        _ => cdata.ctype.pointee().ok_or_else(|| not_callable(cdata))?,
    };
    let Form::Function(form) = &ctype.form else { return Err(not_callable(cdata)) };
    let location = &cdata.leads_to(&cdata.ctype.ty)?;
    if location.is_null() {
        let message = format!("{}: NULL pointer cannot be called", cdata.ctype.ty);
        return Err(Error::new(ErrorKind::Memory, message).with_address(0));
    }
    let described = |error: Error| error.at(&cdata.ctype.ty);
    let prototype = form.prototype(ctype.abi).map_err(described)?;
    let callee = Callee::Pointer { form, pointer: &cdata.ctype, location };
    Ok(act(&CallTarget { prototype, worker: &location.space().worker, callee }, location))
}

/// Replaces an object that contains a pointer with that pointer: the object could not be read while its worker is held.
pub(super) fn resolve_pointer(lua: &Lua, function: LuaValue) -> mlua::Result<LuaValue> {
    let Some(cdata) = cdata::of(&function).map(|cdata| cdata.clone()).filter(Cdata::holds_pointer) else {
        return Ok(function);
    };
    let location = with_pointer(&cdata, |_, location| location.clone())?;
    Cdata::pointer_value(lua, &cdata.ctype, location.address(), location.space())
}

/// The error for C data that cannot be called.
fn not_callable(cdata: &Cdata) -> Error {
    let message = format!(
        "{}: not callable; only functions, pointers to them, and structs whose metatype has __call are",
        cdata.ctype.ty
    );
    Error::new(ErrorKind::Type, message)
}
