//! The functions called by a batch, borrowed once for all calls.

use mlua::{UserDataRef, Value as LuaValue};

use crate::dll::call::{CallTarget, with_target};
use crate::dll::library::Function;
use crate::error::Error;

/// A value that may be callable.
pub(super) enum Callable {
    /// A function of a library.
    Function(UserDataRef<Function>),
    /// A pointer to a function, or a value that the first call reports as not callable.
    Other(LuaValue),
}

impl Callable {
    pub(super) fn of(value: LuaValue) -> Self {
        let function = value.as_userdata().and_then(|userdata| userdata.borrow::<Function>().ok());
        function.map_or(Callable::Other(value), Callable::Function)
    }

    /// Runs `act` with the callable value.
    #[inline]
    pub(super) fn with<R>(&self, act: impl FnOnce(&CallTarget<'_>) -> R) -> Result<R, Error> {
        match self {
            Callable::Function(function) => Ok(act(&CallTarget::of(function))),
            Callable::Other(value) => with_target(value, act),
        }
    }
}
