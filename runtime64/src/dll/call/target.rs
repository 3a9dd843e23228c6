//! What is called: a function of a library, or what a pointer leads to.

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

/// What is called.
pub(super) struct CallTarget<'a> {
    /// How its values are converted.
    pub(super) prototype: &'a Prototype,
    /// The worker that it lies in.
    pub(super) worker: &'a Arc<Worker>,
    callee: Callee<'a>,
}

#[derive(Clone, Copy)]
enum Callee<'a> {
    Function(&'a Function),
    /// What a pointer leads to; its type is what stands for a name.
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

    /// The function of a library that it is.
    #[inline]
    pub(super) fn function(&self) -> Option<&'a Function> {
        match self.callee {
            Callee::Function(function) => Some(function),
            Callee::Pointer { .. } => None,
        }
    }

    /// Its name, or what stands for one, in messages.
    pub(super) fn name(&self) -> String {
        match self.callee {
            Callee::Function(function) => function.name(),
            Callee::Pointer { pointer, .. } => pointer.ty.to_string(),
        }
    }

    /// What it takes, as C, in messages.
    pub(super) fn declaration(&self) -> String {
        self.function().map_or_else(|| self.name(), ToString::to_string)
    }

    /// The running worker that it can be called in.
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

    /// The worker's id for it, and its address where the id does not stand for that. `further` are the types of the arguments
    /// beyond the parameters, none for functions without such.
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

    /// The worker's id for the signature of a function that is called by its address.
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

    /// Keeps the error numbers that the call left.
    #[inline]
    pub(super) fn remember(&self, outcome: &Outcome) {
        if let Some(extension) = WorkerExtension::of(self.worker) {
            extension.error_numbers.set(outcome.errno, outcome.last_error);
        }
    }

    /// What a failure of the worker means.
    #[cold]
    pub(super) fn failure(&self, error: RemoteError) -> Error {
        match self.callee {
            Callee::Function(function) => function.failure(error),
            Callee::Pointer { .. } => from_remote(error, self.worker, &self.name()),
        }
    }

    /// The error with the function that it happened in, if that has a name.
    #[cold]
    pub(super) fn located(&self, error: Error) -> Error {
        match self.callee {
            Callee::Function(function) => function.located(error),
            Callee::Pointer { .. } => error,
        }
    }

    /// Which of its results say that it failed.
    #[inline]
    pub(super) fn failure_rule(&self) -> FailureRule {
        self.function().map_or(FailureRule::Never, Function::failure_rule)
    }
}

/// Does something with what can be called.
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
    let message = format!("a function of a library, or a pointer to one, is needed, not {}", describe(function));
    Err(Error::new(ErrorKind::Type, message))
}

/// Does something with the function that a pointer leads to, and with its location.
pub(super) fn with_pointer<R>(cdata: &Cdata, act: impl FnOnce(&CallTarget<'_>, &Location) -> R) -> Result<R, Error> {
    let ctype = match &cdata.ctype.form {
        Form::Function(_) => Arc::clone(&cdata.ctype),
        _ => cdata.ctype.pointee().ok_or_else(|| not_callable(cdata))?,
    };
    let Form::Function(form) = &ctype.form else { return Err(not_callable(cdata)) };
    let location = &cdata.leads_to(&cdata.ctype.ty)?;
    if location.is_null() {
        let message = format!("{}: it is NULL and cannot be called", cdata.ctype.ty);
        return Err(Error::new(ErrorKind::Memory, message).with_address(0));
    }
    let described = |error: Error| error.at(&cdata.ctype.ty);
    let prototype = form.prototype(ctype.abi).map_err(described)?;
    let callee = Callee::Pointer { form, pointer: &cdata.ctype, location };
    Ok(act(&CallTarget { prototype, worker: &location.space().worker, callee }, location))
}

/// What is to be called while its worker is held: an object that holds a pointer could not be read then, so what it holds
/// now is taken in its location.
pub(super) fn fixed(lua: &Lua, function: LuaValue) -> mlua::Result<LuaValue> {
    let Some(cdata) = cdata::of(&function).map(|cdata| cdata.clone()).filter(Cdata::holds_pointer) else {
        return Ok(function);
    };
    let location = with_pointer(&cdata, |_, location| location.clone())?;
    Cdata::pointer_value(lua, &cdata.ctype, location.address(), location.space())
}

/// What C data that is no function has to say to a call.
fn not_callable(cdata: &Cdata) -> Error {
    let message = format!(
        "{}: it cannot be called; only functions, pointers to them, and structs whose metatype has __call can",
        cdata.ctype.ty
    );
    Error::new(ErrorKind::Type, message)
}
