//! Functions: bound once, then called.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use mlua::{Lua, MetaMethod, MultiValue, UserData, UserDataMethods};
use protocol::{Convention, FailureRule, Machine, Prepare, Symbol, Type};

use super::Callee;
use crate::c;
use crate::dll::companion::Companion;
use crate::dll::failure::from_remote;
use crate::dll::generational::GenerationalId;
use crate::dll::library::{Library, Sought, not_exported};
use crate::dll::memory::{Owner, owner};
use crate::dll::mismatch::Mismatch;
use crate::dll::types::Prototype;
use crate::dll::usage::Usage;
use crate::dll::variants::Variants;
use crate::error::{Error, ErrorKind};
use crate::image;
use crate::remote::{RemoteError, Session, Worker};

/// A function of a library, ready to be called.
pub(in crate::dll) struct Function {
    library: Arc<Library>,
    /// Its type, and what it is called in messages.
    declaration: Arc<c::FunctionDeclaration>,
    /// What the library is asked for.
    sought: Sought,
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
    /// Which of its results say that it failed: the place of the rule in [`RULES`].
    rule: AtomicU8,
    usage: Arc<Usage>,
}

/// The rules that `dll.check` sets.
const RULES: [FailureRule; 7] = [
    FailureRule::Never,
    FailureRule::Nonzero,
    FailureRule::Zero,
    FailureRule::Negative,
    FailureRule::LastError,
    FailureRule::Errno,
    FailureRule::Hresult,
];

impl Function {
    /// Binds a declaration to a library: lays it out for the library's ABI and resolves its symbol.
    pub(in crate::dll) fn bind(library: Arc<Library>, declaration: Arc<c::FunctionDeclaration>) -> Result<Self, Error> {
        let sought = Sought::Declared(declaration.symbol.clone());
        Self::find(library, declaration, sought)
    }

    /// Binds what a script looks for, which no declaration names, to a type.
    pub(in crate::dll) fn bind_symbol(
        library: Arc<Library>,
        sought: Sought,
        ty: Arc<c::FunctionType>,
    ) -> Result<Self, Error> {
        let (name, symbol) = (sought.name(&library), sought.to_string());
        let declaration = c::FunctionDeclaration { name, symbol, ty, position: c::Position::default() };
        Self::find(library, Arc::new(declaration), sought)
    }

    fn find(library: Arc<Library>, declaration: Arc<c::FunctionDeclaration>, sought: Sought) -> Result<Self, Error> {
        let types = library.module().types();
        let prototype = Prototype::new(types, &declaration.ty, library.abi(), library.defaults()).map_err(|error| {
            let message = format!("{}: {}", declaration.name, error.message);
            Error { message, ..error }.in_library(library.name()).in_function(&declaration.name)
        })?;
        let companion = Companion::of(library.worker());
        let usage = companion.map(|companion| companion.usage(library.name(), &declaration.name)).unwrap_or_default();
        let mut function = Self {
            library,
            declaration,
            sought,
            prototype,
            prepared: GenerationalId::default(),
            address: AtomicU64::new(0),
            variants: Variants::default(),
            pending: None,
            is_told: AtomicBool::new(false),
            rule: AtomicU8::new(0),
            usage,
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

    /// Sets which of its results say that it failed.
    pub(in crate::dll) fn set_failure_rule(&self, rule: FailureRule) {
        let place = RULES.iter().position(|known| *known == rule).unwrap_or_default();
        self.rule.store(place as u8, Ordering::Relaxed);
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
            let reason = format!("{name} is of {} and means nothing in {}", self.library.worker(), owner.worker);
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

    /// Resolves the symbol in the worker and prepares calls; gives the id and the symbol that was found.
    fn prepare(&self, session: &mut Session<'_>) -> Result<(u32, Symbol), Error> {
        let library = self.library.id(session)?;
        let request = Prepare { library, symbols: self.symbols(), signature: self.prototype.signature.clone() };
        let function = session.call(&request).map_err(|error| self.failure(error))?;
        self.address.store(function.address, Ordering::Relaxed);
        self.prepared.set(session.generation(), function.id);
        Ok((function.id, function.symbol))
    }

    /// A decorated symbol tells its convention: it stands in for one that the declaration leaves out, and contradicts a
    /// wrong one, which would otherwise leave the stack out of balance after each call.
    fn follow_decoration(&mut self, symbol: &Symbol) -> Result<(), Error> {
        let Symbol::Name(name) = symbol else { return Ok(()) };
        // On x86-64 a name may tell a convention, but there is only one.
        if !image::is_decorated(name) || self.library.worker().kind().machine != Machine::I386 {
            return Ok(());
        }
        let decoration = image::undecorate(name, image::Format::Pe, image::Machine::I386);
        if let Some(bytes) = decoration.argument_bytes.filter(|bytes| *bytes != self.prototype.argument_bytes) {
            let own = self.prototype.argument_bytes;
            return Err(self.unfit(format_args!("its arguments take {own} bytes, its symbol {name} has {bytes}")));
        }
        let told = match decoration.convention {
            None => return Ok(()),
            Some(image::Convention::Cdecl) => Convention::Cdecl,
            Some(image::Convention::Stdcall) => Convention::Stdcall,
            Some(image::Convention::Fastcall) => Convention::Fastcall,
            Some(image::Convention::Thiscall) => Convention::Thiscall,
            Some(image::Convention::Vectorcall) => {
                return Err(self.unfit(format_args!("its symbol {name} says vectorcall, which cannot be called")));
            }
        };
        if told == self.prototype.signature.convention {
            return Ok(());
        }
        if self.prototype.convention_is_named {
            let reason =
                format_args!("it is declared with another convention than its symbol {name} has, which is {told:?}");
            return Err(self.unfit(reason));
        }
        self.prototype.signature.convention = told;
        self.prototype.signature.is_convention_open = false;
        self.prepare(&mut self.library.session()?).map(drop)
    }

    /// A declaration that the symbol contradicts.
    fn unfit(&self, reason: fmt::Arguments<'_>) -> Error {
        let message = format!("{}: '{}': {reason}", self.library.name(), self.declaration);
        self.located(Error::new(ErrorKind::Convention, message))
    }

    /// What the library may export it as, in the order of trying.
    fn symbols(&self) -> Vec<Symbol> {
        self.sought.function_symbols(self.prototype.argument_bytes)
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
        match self.sought {
            // A number alone says nothing.
            Sought::Ordinal(_) => format!("{}: {}", self.library.name(), self.declaration.name),
            _ => self.declaration.name.clone(),
        }
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

    fn failure(&self, error: RemoteError) -> Error {
        let missing = matches!(&error, RemoteError::Fault(fault) if fault.kind == protocol::FaultKind::Symbol);
        if missing {
            return self.located(not_exported(&self.library, &self.declaration.name, &self.sought, &self.symbols()));
        }
        let doing = format!("{}: {}", self.library.name(), self.declaration.name);
        let is_own = matches!(error, RemoteError::Lost(_) | RemoteError::TimedOut(_));
        let error = self.located(from_remote(error, self.library.worker(), &doing));
        if is_own {
            self.library.failed(&error);
        }
        self.usage.fail();
        error
    }

    fn of_library(&self) -> Option<(&Library, &Usage)> {
        Some((&self.library, &self.usage))
    }

    fn failure_rule(&self) -> FailureRule {
        RULES[usize::from(self.rule.load(Ordering::Relaxed))]
    }

    fn located(&self, error: Error) -> Error {
        error.in_library(self.library.name()).in_function(&self.declaration.name)
    }
}

impl fmt::Display for Function {
    /// The function's declaration, as C.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self.sought, Sought::Ordinal(_)) {
            write!(formatter, "{}: ", self.library.name())?;
        }
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
