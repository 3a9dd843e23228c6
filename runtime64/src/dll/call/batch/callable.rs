//! The functions that a batch calls, borrowed once for all their calls.

use mlua::{UserDataRef, Value as LuaValue};

use crate::dll::call::{CallTarget, with_target};
use crate::dll::library::Function;
use crate::error::Error;

/// What can be called.
pub(super) enum Callable {
    /// A function of a library.
    Function(UserDataRef<Function>),
    /// A pointer to one, or what is no function, which the first call tells.
    Other(LuaValue),
}

impl Callable {
    pub(super) fn of(value: LuaValue) -> Self {
        let function = value.as_userdata().and_then(|userdata| userdata.borrow::<Function>().ok());
        function.map_or(Callable::Other(value), Callable::Function)
    }

    /// Does something with what can be called.
    #[inline]
    pub(super) fn with<R>(&self, act: impl FnOnce(&CallTarget<'_>) -> R) -> Result<R, Error> {
        match self {
            Callable::Function(function) => Ok(act(&CallTarget::of(function))),
            Callable::Other(value) => with_target(value, act),
        }
    }
}
