//! Functions: bound once, then called.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mlua::{Lua, MetaMethod, MultiValue, UserData, UserDataMethods};
use protocol::{Convention, Machine, Prepare, Value};

use super::convert::{Conversion, Memory};
use super::failure::from_remote;
use super::generational::GenerationalId;
use super::library::Library;
use super::mismatch::Mismatch;
use super::module::owner;
use super::pointer::Owner;
use super::signature::{Parameter, Prototype};
use super::undeclared;
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::image;
use crate::remote::{Allocation, RemoteError, Session};

/// A declared function of a library, ready to be called.
pub(super) struct Function {
    library: Arc<Library>,
    declaration: Arc<c::FunctionDeclaration>,
    prototype: Prototype,
    /// The worker's id for it.
    prepared: GenerationalId,
    /// A death of the worker that was noticed when the function was bound, for its first call to tell.
    pending: Option<Error>,
    /// Whether it was told.
    is_told: AtomicBool,
}

impl Function {
    /// Binds a declaration to a library: lays it out for the library's ABI and resolves its symbol.
    pub(super) fn bind(library: Arc<Library>, declaration: Arc<c::FunctionDeclaration>) -> Result<Self, Error> {
        let prototype = Prototype::new(&declaration, library.abi(), library.convention())
            .map_err(|error| error.in_library(library.name()).in_function(&declaration.name))?;
        let mut function = Self {
            library,
            declaration,
            prototype,
            prepared: GenerationalId::default(),
            pending: None,
            is_told: AtomicBool::new(false),
        };
        // The session ends with this statement: the next one would wait for it.
        let prepared = function.prepare(&mut function.library.session()?);
        let (_, symbol) = match prepared {
            // Naming a function is no call: the death of the worker is told by the call, where `pcall(lib.f)` sees it.
            Err(error) if matches!(error.kind, ErrorKind::WorkerLost | ErrorKind::Crash) => {
                function.pending = Some(error.before_start());
                function.prepare(&mut function.library.session()?)?
            }
            prepared => prepared?,
        };
        function.follow_decoration(&symbol)?;
        Ok(function)
    }

    fn name(&self) -> &str {
        &self.declaration.name
    }

    /// Calls the function.
    fn call(&self, lua: &Lua, arguments: &MultiValue) -> mlua::Result<MultiValue> {
        if let Some(death) = &self.pending
            && !self.is_told.swap(true, Ordering::Relaxed)
        {
            return Err(death.clone().into());
        }
        let mut session = self.library.session()?;
        let owner = owner(self.library.worker(), &session);
        let mut values = session.take_arguments();
        self.convert(arguments, &owner, &mut session, &mut values)?;
        let function = self.id(&mut session).map_err(|error| error.in_function(self.name()).before_start())?;
        let outcome = session.invoke(function, &values);
        session.give_back(values);
        drop(session);
        let outcome = outcome.map_err(|error| self.failure(error))?;
        let kind = self.library.worker().kind();
        self.library.module().shared().remember(kind, outcome.errno, outcome.last_error);
        if matches!(self.prototype.result, Conversion::Void) {
            return Ok(MultiValue::new());
        }
        let result = self.prototype.result.to_lua(lua, outcome.result, &owner)?;
        Ok(MultiValue::from_vec(vec![result]))
    }

    /// Puts the arguments into `values` as they travel, or gives an error that names function, parameter and value.
    fn convert(
        &self,
        arguments: &MultiValue,
        owner: &Owner,
        session: &mut Session<'_>,
        values: &mut Vec<Value>,
    ) -> Result<(), Error> {
        let parameters = &self.prototype.parameters;
        if arguments.len() != parameters.len() {
            let plural = if parameters.len() == 1 { "" } else { "s" };
            let message = format!("{self} takes {} argument{plural}, {} given", parameters.len(), arguments.len());
            return Err(self.located(Error::new(ErrorKind::Type, message)));
        }
        let mut memory = Called(session);
        for (index, (parameter, value)) in parameters.iter().zip(arguments).enumerate() {
            let converted = parameter.conversion.to_wire(value, owner, &mut memory);
            values.push(converted.map_err(|mismatch| self.argument_error(index, parameter, mismatch))?);
        }
        Ok(())
    }

    fn argument_error(&self, index: usize, parameter: &Parameter, mismatch: Mismatch) -> Error {
        let message = format!("{}: argument {} ({}): {}", self.name(), index + 1, parameter.text, mismatch.reason);
        self.located(Error::new(mismatch.kind, message))
    }

    /// The worker's id for the function, prepared anew for each generation.
    fn id(&self, session: &mut Session<'_>) -> Result<u32, Error> {
        match self.prepared.get(session.generation()) {
            Some(id) => Ok(id),
            None => self.prepare(session).map(|(id, _)| id),
        }
    }

    /// Resolves the symbol in the worker and prepares calls; gives the id and the name that was found.
    fn prepare(&self, session: &mut Session<'_>) -> Result<(u32, String), Error> {
        let library = self.library.id(session)?;
        let request = Prepare { library, symbols: self.symbols(), signature: self.prototype.signature.clone() };
        let function = session.call(&request).map_err(|error| self.failure(error))?;
        self.prepared.set(session.generation(), function.id);
        Ok((function.id, function.symbol))
    }

    /// A decorated symbol tells its convention: it stands in for one that the declaration leaves out, and contradicts a
    /// wrong one, which would otherwise leave the stack out of balance after each call.
    fn follow_decoration(&mut self, symbol: &str) -> Result<(), Error> {
        let decoration = image::undecorate(symbol, image::Format::Pe, image::Machine::I386);
        let decorated = symbol != self.declaration.symbol && self.library.worker().kind().machine == Machine::I386;
        let told = match decoration.convention.filter(|_| decorated) {
            Some(image::Convention::Stdcall) => Convention::Stdcall,
            Some(image::Convention::Fastcall) => Convention::Fastcall,
            _ => return Ok(()),
        };
        if told == self.prototype.signature.convention {
            return Ok(());
        }
        if self.prototype.convention_is_named {
            let message = format!(
                "{}: '{self}' is declared with another convention than its symbol {symbol} has, which is {told:?}",
                self.library.name()
            );
            return Err(self.located(Error::new(ErrorKind::Convention, message)));
        }
        self.prototype.signature.convention = told;
        self.prepare(&mut self.library.session()?).map(drop)
    }

    /// The names the library may export it by: as declared, then decorated.
    fn symbols(&self) -> Vec<String> {
        image::candidates(&self.declaration.symbol, self.prototype.argument_bytes)
    }

    fn failure(&self, error: RemoteError) -> Error {
        let missing = matches!(&error, RemoteError::Fault(fault) if fault.kind == protocol::FaultKind::Symbol);
        if missing {
            return self.located(undeclared::not_exported(&self.library, self.name(), &self.symbols()));
        }
        let doing = format!("{}: {}", self.library.name(), self.name());
        self.located(from_remote(error, self.library.worker().kind(), &doing))
    }

    fn located(&self, error: Error) -> Error {
        error.in_library(self.library.name()).in_function(self.name())
    }
}

/// What a call's arguments may need of the worker that is called.
struct Called<'a, 'b>(&'a mut Session<'b>);

impl Memory for Called<'_, '_> {
    fn lend(&mut self, bytes: &[u8], zeros: usize) -> Result<Value, Mismatch> {
        self.0.lend(bytes, zeros).map_err(|error| Mismatch::from_remote(&error))
    }

    fn read(&mut self, memory: &Allocation, offset: u64, into: &mut [u8]) -> Result<(), Mismatch> {
        memory.read_in(self.0, offset, into).map_err(|error| Mismatch::from_remote(&error))
    }
}

impl fmt::Display for Function {
    /// The function's declaration, as C.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.declaration.fmt(formatter)
    }
}

impl UserData for Function {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods
            .add_meta_method(MetaMethod::Call, |lua, function, arguments: MultiValue| function.call(lua, &arguments));
        methods.add_meta_method(MetaMethod::ToString, |_, function, ()| Ok(function.to_string()));
    }
}
