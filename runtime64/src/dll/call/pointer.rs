//! Calls through pointers to functions: members of structs, results, what `dll.cast` makes of an address.

use std::sync::Arc;

use mlua::{Lua, MultiValue, Value as LuaValue};
use protocol::{PrepareSignature, Type};

use super::{Callee, call, not_callable};
use crate::dll::cdata::{self, Cdata};
use crate::dll::failure::from_remote;
use crate::dll::memory::Place;
use crate::dll::types::{Ctype, Form, FunctionForm, Prototype};
use crate::error::{Error, ErrorKind};
use crate::remote::{RemoteError, Session, Worker};

/// Calls the function that a pointer leads to.
pub(in crate::dll) fn at_address(lua: &Lua, cdata: &Cdata, arguments: &MultiValue) -> mlua::Result<MultiValue> {
    with_target(cdata, |target| call(target, lua, arguments))?
}

/// Does something with the function that a pointer leads to.
pub(super) fn with_target<R>(cdata: &Cdata, act: impl FnOnce(&Target<'_>) -> R) -> Result<R, Error> {
    let ctype = match &cdata.ctype.form {
        Form::Function(_) => Arc::clone(&cdata.ctype),
        _ => cdata.ctype.pointee().ok_or_else(|| not_callable(cdata))?,
    };
    let Form::Function(form) = &ctype.form else { return Err(not_callable(cdata)) };
    let place = cdata.leads_to(&cdata.ctype.ty)?;
    if place.is_null() {
        let message = format!("{}: it is NULL and cannot be called", cdata.ctype.ty);
        return Err(Error::new(ErrorKind::Memory, message).with_address(0));
    }
    let described = |error: Error| error.at(&cdata.ctype.ty);
    let prototype = form.prototype(ctype.abi).map_err(described)?;
    Ok(act(&Target { form, prototype, ctype: &cdata.ctype, place }))
}

/// What is to be called while its worker is held: an object that holds a pointer could not be read then, so what it holds
/// now is taken in its place.
pub(super) fn fixed(lua: &Lua, function: LuaValue) -> mlua::Result<LuaValue> {
    let Some(cdata) = cdata::of(&function).map(|cdata| cdata.clone()).filter(Cdata::holds_pointer) else {
        return Ok(function);
    };
    let place = with_target(&cdata, |target| target.place.clone())?;
    Cdata::pointer_value(lua, &cdata.ctype, place.address(), place.owner())
}

/// A function that is known by its address.
pub(super) struct Target<'a> {
    form: &'a FunctionForm,
    prototype: &'a Prototype,
    ctype: &'a Ctype,
    place: Place,
}

impl Callee for Target<'_> {
    fn prototype(&self) -> &Prototype {
        self.prototype
    }

    fn worker(&self) -> &Arc<Worker> {
        &self.place.owner().worker
    }

    fn name(&self) -> String {
        self.ctype.ty.to_string()
    }

    fn declaration(&self) -> String {
        self.name()
    }

    fn session(&self) -> Result<Session<'_>, Error> {
        let owner = self.place.owner();
        owner.worker.session_of(owner.generation).map_err(|error| self.failure(error))
    }

    fn prepared(&self, session: &mut Session<'_>, further: &[Type]) -> Result<(u32, u64), Error> {
        let address = self.place.address();
        if !further.is_empty() {
            let variant = self.form.variants.id(session, &self.prototype.signature, further);
            return variant.map(|id| (id, address)).map_err(|error| self.failure(error));
        }
        if let Some(id) = self.form.prepared.get(session.generation()) {
            return Ok((id, address));
        }
        let request = PrepareSignature { signature: self.prototype.signature.clone() };
        let id = session.call(&request).map_err(|error| self.failure(error))?.id;
        self.form.prepared.set(session.generation(), id);
        Ok((id, address))
    }

    fn failure(&self, error: RemoteError) -> Error {
        from_remote(error, self.worker(), &self.name())
    }

    fn located(&self, error: Error) -> Error {
        error
    }
}
