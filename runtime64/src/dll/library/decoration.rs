//! What the decoration of a function's symbol says of how it is called.

use std::fmt;

use protocol::{Convention, Machine, Signature, Symbol};

use super::Function;
use crate::error::{Error, ErrorKind};
use crate::image;

impl Function {
    /// A decorated symbol tells its convention: it stands in for one that the declaration leaves out, and contradicts a
    /// wrong one, which would otherwise leave the stack out of balance after each call. Gives the signature that it completes.
    pub(super) fn completed_by(&self, symbol: &Symbol) -> Result<Option<Signature>, Error> {
        let Symbol::Name(name) = symbol else { return Ok(None) };
        // On x86-64 a name may tell a convention, but there is only one.
        if !image::is_decorated(name) || self.library.worker().kind().machine != Machine::I386 {
            return Ok(None);
        }
        let decoration = image::undecorate(name, image::Format::Pe, image::Machine::I386);
        if let Some(bytes) = decoration.argument_bytes.filter(|bytes| *bytes != self.prototype.argument_bytes) {
            let own = self.prototype.argument_bytes;
            return Err(self.unfit(format_args!("its arguments take {own} bytes, its symbol {name} has {bytes}")));
        }
        let told = match decoration.convention {
            None => return Ok(None),
            Some(image::Convention::Cdecl) => Convention::Cdecl,
            Some(image::Convention::Stdcall) => Convention::Stdcall,
            Some(image::Convention::Fastcall) => Convention::Fastcall,
            Some(image::Convention::Thiscall) => Convention::Thiscall,
            Some(image::Convention::Vectorcall) => {
                return Err(self.unfit(format_args!("its symbol {name} says vectorcall, which cannot be called")));
            }
        };
        if told == self.signature().convention {
            return Ok(None);
        }
        if self.prototype.convention_is_named {
            let reason =
                format_args!("it is declared with another convention than its symbol {name} has, which is {told:?}");
            return Err(self.unfit(reason));
        }
        Ok(Some(Signature { convention: told, is_convention_open: false, ..self.prototype.signature.clone() }))
    }

    /// A declaration that the symbol contradicts.
    fn unfit(&self, reason: fmt::Arguments<'_>) -> Error {
        let message = format!("{}: '{}': {reason}", self.library.name(), self.declaration);
        self.located(Error::new(ErrorKind::Convention, message))
    }
}
