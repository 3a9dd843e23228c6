//! The calling convention that a function's symbol decoration specifies.

use std::fmt;

use protocol::{Convention, Machine, Signature, Symbol};

use super::Function;
use crate::error::{Error, ErrorKind};
use crate::image;

impl Function {
    /// Checks the declaration against a decorated symbol. The decoration supplies a convention that the declaration
    /// omits, and contradicts a wrong one, which would unbalance the stack on each call. Returns the completed
    /// signature, if it differs.
    pub(super) fn completed_by(&self, symbol: &Symbol) -> Result<Option<Signature>, Error> {
        let Symbol::Name(name) = symbol else { return Ok(None) };
        // On x86-64 a decoration may specify a convention, but there is only one.
        if !image::is_decorated(name) || self.library.worker().kind().machine != Machine::I386 {
            return Ok(None);
        }
        let decoration = image::undecorate(name, image::Format::Pe, image::Machine::I386);
        if let Some(bytes) = decoration.argument_bytes.filter(|bytes| *bytes != self.prototype.argument_bytes) {
            let own = self.prototype.argument_bytes;
            return Err(
                self.unfit(format_args!("its arguments take {own} bytes, but its symbol {name} specifies {bytes}"))
            );
        }
        let convention = match decoration.convention {
            None => return Ok(None),
            Some(image::Convention::Cdecl) => Convention::Cdecl,
            Some(image::Convention::Stdcall) => Convention::Stdcall,
            Some(image::Convention::Fastcall) => Convention::Fastcall,
            Some(image::Convention::Thiscall) => Convention::Thiscall,
            Some(image::Convention::Vectorcall) => {
                return Err(self.unfit(format_args!("its symbol {name} specifies vectorcall, which is not supported")));
            }
        };
        if convention == self.signature().convention {
            return Ok(None);
        }
        if self.prototype.convention_is_named {
            let reason =
                format_args!("its declared convention contradicts its symbol {name}, which specifies {convention:?}");
            return Err(self.unfit(reason));
        }
        Ok(Some(Signature { convention, is_convention_open: false, ..self.prototype.signature.clone() }))
    }

    /// The error for a declaration that contradicts the symbol.
    fn unfit(&self, reason: fmt::Arguments<'_>) -> Error {
        let message = format!("{}: '{}': {reason}", self.library.name(), self.declaration);
        self.located(Error::new(ErrorKind::Convention, message))
    }
}
