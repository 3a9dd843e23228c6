//! Functions of libraries: bound once, then called.

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

/// A function of a library.
pub(in crate::dll) struct Function {
    pub(super) library: Arc<Library>,
    /// Its type, and its name for messages.
    pub(super) declaration: Arc<c::FunctionDeclaration>,
    /// The query for its symbol.
    symbol_query: SymbolQuery,
    pub(super) prototype: Prototype,
    /// The signature as completed by the symbol's decoration.
    decorated: OnceLock<Signature>,
    /// The worker's id for the function.
    prepared: GenerationalId,
    /// The address in the worker, once prepared.
    address: AtomicU64,
    /// The worker's ids for calls with further arguments.
    variants: Variants,
    /// The index in [`RULES`] of the rule for failed results.
    rule: AtomicU8,
    function_stats: Arc<FunctionStats>,
}

/// The rules that `dll.check` can set.
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
    /// Naming a function is not a call, and happens outside `pcall(lib.f)`. So the end of a worker is left to the next
    /// call to report, and the symbol is then found by the first call.
    pub(in crate::dll) fn bind(library: Arc<Library>, declaration: Arc<c::FunctionDeclaration>) -> Result<Self, Error> {
        let symbol_query = SymbolQuery::Declared(declaration.symbol.clone());
        let function = Self::new(library, declaration, symbol_query)?;
        match function.find() {
            Err(error) if !error.is_end() => Err(error),
            _ => Ok(function),
        }
    }

    /// Binds a symbol that a script queries to a type; no declaration is involved.
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

    /// Finds the symbol in the running worker.
    pub(in crate::dll) fn find(&self) -> Result<(), Error> {
        self.id(&mut self.session()?).map(drop)
    }

    /// Whether the symbol was found in any generation.
    pub(in crate::dll) fn is_found(&self) -> bool {
        self.prepared.is_known()
    }

    /// Its type, a function type.
    pub(in crate::dll) fn ty(&self) -> &Arc<c::FunctionType> {
        &self.declaration.ty
    }

    /// Sets the rule for failed results.
    pub(in crate::dll) fn set_failure_rule(&self, rule: FailureRule) {
        let place = RULES.iter().position(|known| *known == rule).unwrap_or_default();
        self.rule.store(place as u8, Ordering::Relaxed);
    }

    /// The address in the running worker, and its address space.
    pub(in crate::dll) fn resolve(&self) -> Result<(u64, AddressSpace), Error> {
        let mut session = self.session()?;
        self.id(&mut session)?;
        Ok((self.address.load(Ordering::Relaxed), AddressSpace::of(self.library.worker(), &session)))
    }

    /// The address in a worker that may be held at the moment; it must have been found there before.
    pub(in crate::dll) fn address_in(&self, space: &AddressSpace) -> Result<u64, ConversionError> {
        let name = &self.declaration.name;
        if !Arc::ptr_eq(self.library.worker(), &space.worker) {
            let reason = format!("{name} belongs to {} and is not valid in {}", self.library.worker(), space.worker);
            return Err(ConversionError::new(ErrorKind::Stale, reason));
        }
        match self.prepared.get(space.generation) {
            Some(_) => Ok(self.address.load(Ordering::Relaxed)),
            None => {
                let reason = format!("{name} was found in a worker that has exited; dll.cast finds it in the new one");
                Err(ConversionError::new(ErrorKind::Stale, reason))
            }
        }
    }

    /// The worker's id for the function, prepared again in each generation.
    fn id(&self, session: &mut Session<'_>) -> Result<u32, Error> {
        match self.prepared.get(session.generation()) {
            Some(id) => Ok(id),
            None => self.prepare(session),
        }
    }

    /// Finds the symbol in the worker, prepares calls, and returns the worker's id.
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

    /// The signature used for calls.
    pub(super) fn signature(&self) -> &Signature {
        self.decorated.get().unwrap_or(&self.prototype.signature)
    }

    /// The symbols it may be exported as, in order of attempts.
    fn symbols(&self) -> Vec<Symbol> {
        self.symbol_query.function_symbols(self.prototype.argument_bytes)
    }
}

impl Function {
    /// The conversion of its values.
    #[inline]
    pub(in crate::dll) fn prototype(&self) -> &Prototype {
        &self.prototype
    }

    /// The library it belongs to.
    #[inline]
    pub(in crate::dll) fn library(&self) -> &Library {
        &self.library
    }

    /// The counters of its calls.
    #[inline]
    pub(in crate::dll) fn function_stats(&self) -> &FunctionStats {
        &self.function_stats
    }

    /// The rule for failed results.
    #[inline]
    pub(in crate::dll) fn failure_rule(&self) -> FailureRule {
        RULES[usize::from(self.rule.load(Ordering::Relaxed))]
    }

    /// The name for messages.
    pub(in crate::dll) fn name(&self) -> String {
        match self.symbol_query {
            // An ordinal alone is not informative.
            SymbolQuery::Ordinal(_) => format!("{}: {}", self.library.name(), self.declaration.name),
            _ => self.declaration.name.clone(),
        }
    }

    /// A session with the running worker of its library, which is started if necessary.
    #[inline]
    pub(in crate::dll) fn session(&self) -> Result<Session<'_>, Error> {
        self.library.worker().session().map_err(|error| self.failure(error))
    }

    /// The worker's id for the function, and its address where the id stands for a signature only. `further` are the
    /// types of arguments beyond the parameters.
    #[inline]
    pub(in crate::dll) fn prepared(&self, session: &mut Session<'_>, further: &[Type]) -> Result<(u32, u64), Error> {
        let id = self.id(session).map_err(|error| error.in_function(&self.declaration.name))?;
        if further.is_empty() {
            return Ok((id, 0));
        }
        let variant = self.variants.id(session, self.signature(), further);
        variant.map(|id| (id, self.address.load(Ordering::Relaxed))).map_err(|error| self.failure(error))
    }

    /// Converts an error of the worker, and counts it.
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

    /// Adds library and function to an error.
    pub(in crate::dll) fn located(&self, error: Error) -> Error {
        error.in_library(self.library.name()).in_function(&self.declaration.name)
    }
}

impl fmt::Display for Function {
    /// The declaration in C.
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

/// The description of a function of a library; `None` for other userdata.
pub(in crate::dll) fn described(userdata: &AnyUserData) -> Option<String> {
    userdata.borrow::<Function>().ok().map(|function| format!("the function {}", function.name()))
}

/// The type of a function of a library; `None` for other userdata.
pub(in crate::dll) fn type_of(userdata: &AnyUserData) -> Option<Arc<c::FunctionType>> {
    userdata.borrow::<Function>().ok().map(|function| Arc::clone(function.ty()))
}

/// The address of a function of a library as a pointer of type `needed`; `None` for other userdata.
pub(in crate::dll) fn address_of(
    userdata: &AnyUserData,
    needed: &Ctype,
    space: &AddressSpace,
) -> Result<Option<u64>, ConversionError> {
    let Ok(function) = userdata.borrow::<Function>() else { return Ok(None) };
    let own = c::Type::Function(Arc::clone(function.ty()));
    let target = needed.ty.pointee().unwrap_or(&needed.ty);
    if !target.is_void() && *target.resolve() != own {
        let reason = format!("expected {}, got {}; use dll.cast if the conversion is intended", needed.ty, own);
        return Err(ConversionError::new(ErrorKind::Type, reason));
    }
    function.address_in(space).map(Some)
}

/// The address of a function of a library in the running worker, and its address space; `None` for other userdata.
pub(in crate::dll) fn resolved(userdata: &AnyUserData) -> Result<Option<(u64, AddressSpace)>, Error> {
    match userdata.borrow::<Function>() {
        Ok(function) => function.resolve().map(Some),
        Err(_) => Ok(None),
    }
}
