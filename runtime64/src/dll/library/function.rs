//! Functions: bound once, then called.

use std::fmt;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use mlua::{AnyUserData, Value as LuaValue};
use protocol::{FailureRule, Prepare, Signature, Symbol, Type};

use super::{Library, SymbolQuery, not_exported};
use crate::c;
use crate::dll::address_space::AddressSpace;
use crate::dll::conversion_error::ConversionError;
use crate::dll::failure::from_remote;
use crate::dll::function_stats::FunctionStats;
use crate::dll::generational::GenerationalId;
use crate::dll::types::{Ctype, Prototype};
use crate::dll::variants::Variants;
use crate::dll::worker_extension::WorkerExtension;
use crate::error::{Error, ErrorKind};
use crate::remote::{RemoteError, Session};

/// A function of a library, ready to be called.
pub(in crate::dll) struct Function {
    pub(super) library: Arc<Library>,
    /// Its type, and what it is called in messages.
    pub(super) declaration: Arc<c::FunctionDeclaration>,
    /// What the library is asked for.
    symbol_query: SymbolQuery,
    pub(super) prototype: Prototype,
    /// How it is called, where the decoration of its symbol completes what the declaration says.
    decorated: OnceLock<Signature>,
    /// The worker's id for it.
    prepared: GenerationalId,
    /// Where it lies in the worker, once it was prepared.
    address: AtomicU64,
    /// The worker's ids for calls with further arguments.
    variants: Variants,
    /// Which of its results say that it failed: the place of the rule in [`RULES`].
    rule: AtomicU8,
    function_stats: Arc<FunctionStats>,
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
    /// Binds a declaration to a library: lays it out for the library's ABI and finds its symbol.
    ///
    /// Naming a function is no call, and happens outside of `pcall(lib.f)`: if the worker has ended, that is left to the next call
    /// to report, and the symbol to the first call to find.
    pub(in crate::dll) fn bind(library: Arc<Library>, declaration: Arc<c::FunctionDeclaration>) -> Result<Self, Error> {
        let symbol_query = SymbolQuery::Declared(declaration.symbol.clone());
        let function = Self::new(library, declaration, symbol_query)?;
        match function.find() {
            Err(error) if !error.is_end() => Err(error),
            _ => Ok(function),
        }
    }

    /// Binds what a script looks for, which no declaration names, to a type.
    pub(in crate::dll) fn bind_symbol(
        library: Arc<Library>,
        symbol_query: SymbolQuery,
        ty: Arc<c::FunctionType>,
    ) -> Result<Self, Error> {
        let (name, symbol) = (symbol_query.name(&library), symbol_query.to_string());
        let declaration = c::FunctionDeclaration { name, symbol, ty, position: c::Position::default() };
        let function = Self::new(library, Arc::new(declaration), symbol_query)?;
        function.find()?;
        Ok(function)
    }

    fn new(
        library: Arc<Library>,
        declaration: Arc<c::FunctionDeclaration>,
        symbol_query: SymbolQuery,
    ) -> Result<Self, Error> {
        let types = library.module().types();
        let prototype = Prototype::new(types, &declaration.ty, library.abi(), library.defaults()).map_err(|error| {
            let message = format!("{}: {}", declaration.name, error.message);
            Error { message, ..error }.in_library(library.name()).in_function(&declaration.name)
        })?;
        let extension = WorkerExtension::of(library.worker());
        let function_stats =
            extension.map(|extension| extension.function_stats(library.name(), &declaration.name)).unwrap_or_default();
        Ok(Self {
            library,
            declaration,
            symbol_query,
            prototype,
            decorated: OnceLock::new(),
            prepared: GenerationalId::default(),
            address: AtomicU64::new(0),
            variants: Variants::default(),
            rule: AtomicU8::new(0),
            function_stats,
        })
    }

    /// Finds its symbol in the worker that runs now.
    pub(in crate::dll) fn find(&self) -> Result<(), Error> {
        self.id(&mut self.session()?).map(drop)
    }

    /// Whether its symbol was ever found.
    pub(in crate::dll) fn is_found(&self) -> bool {
        self.prepared.is_known()
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

    /// Where it lies in the worker that runs now, and whose that address is.
    pub(in crate::dll) fn resolve(&self) -> Result<(u64, AddressSpace), Error> {
        let mut session = self.session()?;
        self.id(&mut session)?;
        Ok((self.address.load(Ordering::Relaxed), AddressSpace::of(self.library.worker(), &session)))
    }

    /// Where it lies in a worker that may be held at this moment: it must have been found there before.
    pub(in crate::dll) fn address_in(&self, space: &AddressSpace) -> Result<u64, ConversionError> {
        let name = &self.declaration.name;
        if !Arc::ptr_eq(self.library.worker(), &space.worker) {
            let reason = format!("{name} is of {} and means nothing in {}", self.library.worker(), space.worker);
            return Err(ConversionError::new(ErrorKind::Stale, reason));
        }
        match self.prepared.get(space.generation) {
            Some(_) => Ok(self.address.load(Ordering::Relaxed)),
            None => {
                let reason = format!("{name} was found in a worker that has ended; dll.cast finds it in the new one");
                Err(ConversionError::new(ErrorKind::Stale, reason))
            }
        }
    }

    /// The worker's id for the function, prepared anew for each generation.
    fn id(&self, session: &mut Session<'_>) -> Result<u32, Error> {
        match self.prepared.get(session.generation()) {
            Some(id) => Ok(id),
            None => self.prepare(session),
        }
    }

    /// Finds the symbol in the worker and prepares calls; gives the worker's id.
    fn prepare(&self, session: &mut Session<'_>) -> Result<u32, Error> {
        let library = self.library.id(session)?;
        let mut function = self.request(session, library)?;
        if let Some(signature) = self.completed_by(&function.symbol)? {
            let _ = self.decorated.set(signature);
            function = self.request(session, library)?;
        }
        self.address.store(function.address, Ordering::Relaxed);
        self.prepared.set(session.generation(), function.id);
        Ok(function.id)
    }

    fn request(&self, session: &mut Session<'_>, library: u32) -> Result<protocol::Function, Error> {
        let request = Prepare { library, symbols: self.symbols(), signature: self.signature().clone() };
        session.call(&request).map_err(|error| self.failure(error))
    }

    /// How it is called.
    pub(super) fn signature(&self) -> &Signature {
        self.decorated.get().unwrap_or(&self.prototype.signature)
    }

    /// What the library may export it as, in the order of trying.
    fn symbols(&self) -> Vec<Symbol> {
        self.symbol_query.function_symbols(self.prototype.argument_bytes)
    }
}

impl Function {
    /// How its values are converted.
    #[inline]
    pub(in crate::dll) fn prototype(&self) -> &Prototype {
        &self.prototype
    }

    /// The library that it is of.
    #[inline]
    pub(in crate::dll) fn library(&self) -> &Library {
        &self.library
    }

    /// What is counted of its calls.
    #[inline]
    pub(in crate::dll) fn function_stats(&self) -> &FunctionStats {
        &self.function_stats
    }

    /// Which of its results say that it failed.
    #[inline]
    pub(in crate::dll) fn failure_rule(&self) -> FailureRule {
        RULES[usize::from(self.rule.load(Ordering::Relaxed))]
    }

    /// Its name, or what stands for one, in messages.
    pub(in crate::dll) fn name(&self) -> String {
        match self.symbol_query {
            // A number alone says nothing.
            SymbolQuery::Ordinal(_) => format!("{}: {}", self.library.name(), self.declaration.name),
            _ => self.declaration.name.clone(),
        }
    }

    /// The running worker of its library; it is started if need be.
    #[inline]
    pub(in crate::dll) fn session(&self) -> Result<Session<'_>, Error> {
        self.library.worker().session().map_err(|error| self.failure(error))
    }

    /// The worker's id for it, and its address where the id does not stand for that. `further` are the types of the arguments
    /// beyond the parameters.
    #[inline]
    pub(in crate::dll) fn prepared(&self, session: &mut Session<'_>, further: &[Type]) -> Result<(u32, u64), Error> {
        let id = self.id(session).map_err(|error| error.in_function(&self.declaration.name))?;
        if further.is_empty() {
            return Ok((id, 0));
        }
        let variant = self.variants.id(session, self.signature(), further);
        variant.map(|id| (id, self.address.load(Ordering::Relaxed))).map_err(|error| self.failure(error))
    }

    /// What a failure of the worker means. Counts it.
    #[cold]
    pub(in crate::dll) fn failure(&self, error: RemoteError) -> Error {
        let missing = matches!(&error, RemoteError::Fault(fault) if fault.kind == protocol::FaultKind::Symbol);
        if missing {
            return self.located(not_exported(
                &self.library,
                &self.declaration.name,
                &self.symbol_query,
                &self.symbols(),
            ));
        }
        let doing = format!("{}: {}", self.library.name(), self.declaration.name);
        let is_own = matches!(error, RemoteError::Lost(_) | RemoteError::TimedOut(_));
        let error = self.located(from_remote(error, self.library.worker(), &doing));
        if is_own {
            self.library.failed(&error);
        }
        self.function_stats.fail();
        error
    }

    /// The error with the function that it happened in.
    pub(in crate::dll) fn located(&self, error: Error) -> Error {
        error.in_library(self.library.name()).in_function(&self.declaration.name)
    }
}

impl fmt::Display for Function {
    /// The function's declaration, as C.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if matches!(self.symbol_query, SymbolQuery::Ordinal(_)) {
            write!(formatter, "{}: ", self.library.name())?;
        }
        self.declaration.fmt(formatter)
    }
}

/// Whether a value is a function of a library.
pub(in crate::dll) fn is_function(value: &LuaValue) -> bool {
    matches!(value, LuaValue::UserData(userdata) if userdata.is::<Function>())
}

/// A function of a library in words; nothing for other userdata.
pub(in crate::dll) fn described(userdata: &AnyUserData) -> Option<String> {
    userdata.borrow::<Function>().ok().map(|function| format!("the function {}", function.name()))
}

/// The type of a function of a library; nothing for other userdata.
pub(in crate::dll) fn type_of(userdata: &AnyUserData) -> Option<Arc<c::FunctionType>> {
    userdata.borrow::<Function>().ok().map(|function| Arc::clone(function.ty()))
}

/// The address of a function of a library as a pointer to a function of that type; nothing for other userdata.
pub(in crate::dll) fn address_of(
    userdata: &AnyUserData,
    needed: &Ctype,
    space: &AddressSpace,
) -> Result<Option<u64>, ConversionError> {
    let Ok(function) = userdata.borrow::<Function>() else { return Ok(None) };
    let own = c::Type::Function(Arc::clone(function.ty()));
    let target = needed.ty.pointee().unwrap_or(&needed.ty);
    if !target.is_void() && *target.resolve() != own {
        let reason = format!("{} is needed, not {}; dll.cast converts, if you know that it is right", needed.ty, own);
        return Err(ConversionError::new(ErrorKind::Type, reason));
    }
    function.address_in(space).map(Some)
}

/// The address of a function of a library in the worker that runs now, and whose it is; nothing for other userdata.
pub(in crate::dll) fn resolved(userdata: &AnyUserData) -> Result<Option<(u64, AddressSpace)>, Error> {
    match userdata.borrow::<Function>() {
        Ok(function) => function.resolve().map(Some),
        Err(_) => Ok(None),
    }
}
