//! Functions: bound once, then called.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mlua::{Lua, MetaMethod, MultiValue, UserData, UserDataMethods};
use protocol::{Convention, Machine, Outcome, Prepare, Type};

use super::Callee;
use crate::c;
use crate::dll::failure::from_remote;
use crate::dll::generational::GenerationalId;
use crate::dll::library::{Library, not_exported};
use crate::dll::memory::{Owner, owner};
use crate::dll::mismatch::Mismatch;
use crate::dll::types::Prototype;
use crate::dll::variants::Variants;
use crate::error::{Error, ErrorKind};
use crate::image;
use crate::remote::{RemoteError, Session, Worker};

/// A declared function of a library, ready to be called.
pub(in crate::dll) struct Function {
    library: Arc<Library>,
    declaration: Arc<c::FunctionDeclaration>,
    prototype: Prototype,
    /// The worker's id for it.
    prepared: GenerationalId,
    /// Where it lies in the worker, once it was prepared.
    address: AtomicU64,
    /// The worker's ids for calls with further arguments.
    variants: Variants,
    /// A death of the worker that was noticed when the function was bound, for its first call to tell.
    pending: Option<Error>,
    /// Whether it was told.
    is_told: AtomicBool,
}

impl Function {
    /// Binds a declaration to a library: lays it out for the library's ABI and resolves its symbol.
    pub(in crate::dll) fn bind(library: Arc<Library>, declaration: Arc<c::FunctionDeclaration>) -> Result<Self, Error> {
        let types = library.module().types();
        let prototype =
            Prototype::new(types, &declaration.ty, library.abi(), library.convention()).map_err(|error| {
                let message = format!("{}: {}", declaration.name, error.message);
                Error { message, ..error }.in_library(library.name()).in_function(&declaration.name)
            })?;
        let mut function = Self {
            library,
            declaration,
            prototype,
            prepared: GenerationalId::default(),
            address: AtomicU64::new(0),
            variants: Variants::default(),
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

    /// Its type.
    pub(in crate::dll) fn ty(&self) -> &Arc<c::FunctionType> {
        &self.declaration.ty
    }

    /// Calls the function.
    fn call(&self, lua: &Lua, arguments: &MultiValue) -> mlua::Result<MultiValue> {
        if let Some(death) = &self.pending
            && !self.is_told.swap(true, Ordering::Relaxed)
        {
            return Err(death.clone().into());
        }
        if let Some(death) = self.library.module().shared().untold_death() {
            return Err(death.into());
        }
        super::call(self, lua, arguments)
    }

    /// Where it lies in the worker that runs now, and whose that address is.
    pub(super) fn resolve(&self) -> Result<(u64, Owner), Error> {
        let mut session = self.library.session()?;
        self.id(&mut session)?;
        Ok((self.address.load(Ordering::Relaxed), owner(self.library.worker(), &session)))
    }

    /// Where it lies in a worker that may be held at this moment: it must have been found there before.
    pub(super) fn address_in(&self, owner: &Owner) -> Result<u64, Mismatch> {
        let name = &self.declaration.name;
        if !Arc::ptr_eq(self.library.worker(), &owner.worker) {
            let (own, other) = (self.library.worker().kind(), owner.worker.kind());
            let reason = format!("{name} is of the {own} worker and means nothing in the {other} one");
            return Err(Mismatch::new(ErrorKind::Stale, reason));
        }
        match self.prepared.get(owner.generation) {
            Some(_) => Ok(self.address.load(Ordering::Relaxed)),
            None => {
                let reason = format!("{name} was found in a worker that has ended; dll.cast finds it in the new one");
                Err(Mismatch::new(ErrorKind::Stale, reason))
            }
        }
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
        self.address.store(function.address, Ordering::Relaxed);
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
}

impl Callee for Function {
    fn prototype(&self) -> &Prototype {
        &self.prototype
    }

    fn worker(&self) -> &Arc<Worker> {
        self.library.worker()
    }

    fn name(&self) -> String {
        self.declaration.name.clone()
    }

    fn declaration(&self) -> String {
        self.to_string()
    }

    fn session(&self) -> Result<Session<'_>, Error> {
        self.library.session()
    }

    fn prepared(&self, session: &mut Session<'_>, further: &[Type]) -> Result<(u32, u64), Error> {
        let id = self.id(session).map_err(|error| error.in_function(&self.declaration.name))?;
        if further.is_empty() {
            return Ok((id, 0));
        }
        let variant = self.variants.id(session, &self.prototype.signature, further);
        variant.map(|id| (id, self.address.load(Ordering::Relaxed))).map_err(|error| self.failure(error))
    }

    fn remember(&self, _: &Lua, outcome: &Outcome) {
        let kind = self.library.worker().kind();
        self.library.module().shared().remember(kind, outcome.errno, outcome.last_error);
    }

    fn failure(&self, error: RemoteError) -> Error {
        let missing = matches!(&error, RemoteError::Fault(fault) if fault.kind == protocol::FaultKind::Symbol);
        if missing {
            return self.located(not_exported(&self.library, &self.declaration.name, &self.symbols()));
        }
        let doing = format!("{}: {}", self.library.name(), self.declaration.name);
        self.located(from_remote(error, self.library.worker().kind(), &doing))
    }

    fn located(&self, error: Error) -> Error {
        error.in_library(self.library.name()).in_function(&self.declaration.name)
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
