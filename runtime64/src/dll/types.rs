//! The types of one module: the declarations, laid out for each ABI when first needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use crate::c::{self, Abi};
use crate::error::{Error, ErrorKind};

mod by_value;
mod constant;
mod ctype;
mod enumeration;
mod extended;
mod fields;
mod metatype;
mod number;
mod plan;
mod prototype;
mod text_array;

pub(super) use constant::constant_to_lua;
pub(super) use ctype::{Array, Ctype, Form, times};
pub(super) use fields::{Field, Fields};
pub(super) use metatype::{Event, Metatype};
pub(super) use number::{Number, NumberBytes, integer};
pub(super) use plan::{Extent, GivenArguments, Passing, Plan, PointeePlan, PointeeShape, Role, Size};
pub(super) use prototype::{Conversion, Defaults, FunctionForm, Parameter, Prototype, Strings, convention_named};
pub(super) use text_array::{is_text, put_text, wide_character};

/// The maximum number of cached type names; a script may generate any number of them.
const NAMES: usize = 4096;

/// The declarations and the types they name.
#[derive(Default)]
pub(super) struct Types {
    declarations: RwLock<c::Declarations>,
    /// The types named by texts such as `int[3]`, for each ABI.
    named: [Mutex<Named>; Abi::ALL.len()],
    /// The records in use, by the address of their declaration.
    records: Mutex<Records>,
}

/// Types by the text that names them.
type Named = HashMap<Box<[u8]>, Arc<Ctype>>;

type Records = HashMap<usize, CachedRecord>;

/// The cached data of a struct or union.
struct CachedRecord {
    /// Keeps the address from being reused by another record.
    record: Weak<c::Record>,
    fields: [Option<Arc<Fields>>; Abi::ALL.len()],
    metatype: Arc<OnceLock<Metatype>>,
}

impl Types {
    /// Adds all declarations of a text, or none of them on an error. `arguments` replace `$` in it.
    pub(super) fn declare(&self, source: &str, arguments: &[c::Argument]) -> Result<(), Error> {
        self.declarations_mut().declare_with(source, arguments).map_err(|error| declaration_error(&error))?;
        // A name may denote another type now: programs may redeclare predefined names.
        for named in &self.named {
            lock(named).clear();
        }
        Ok(())
    }

    pub(super) fn declarations(&self) -> RwLockReadGuard<'_, c::Declarations> {
        // Declaring is all or nothing, so the declarations are consistent even after a panic.
        self.declarations.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn declarations_mut(&self) -> RwLockWriteGuard<'_, c::Declarations> {
        self.declarations.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The type named by a text.
    pub(super) fn named(self: &Arc<Self>, text: &[u8], abi: Abi) -> Result<Arc<Ctype>, Error> {
        let named = &self.named[abi.index()];
        if let Some(ctype) = lock(named).get(text) {
            return Ok(Arc::clone(ctype));
        }
        let parsed = self.declarations().parse_type(&String::from_utf8_lossy(text));
        let ty = parsed.map_err(|error| declaration_error(&error))?;
        let ctype = self.ctype(&ty, abi);
        // A text that defines a struct without a tag names a new type each time.
        if text.contains(&b'{') {
            return Ok(ctype);
        }
        let mut named = lock(named);
        if named.len() >= NAMES {
            named.clear();
        }
        named.insert(text.into(), Arc::clone(&ctype));
        Ok(ctype)
    }

    /// The type named by a text that contains `$`.
    pub(super) fn parameterised(
        self: &Arc<Self>,
        text: &str,
        arguments: &[c::Argument],
        abi: Abi,
    ) -> Result<Arc<Ctype>, Error> {
        let parsed = self.declarations().parse_type_with(text, arguments);
        Ok(self.ctype(&parsed.map_err(|error| declaration_error(&error))?, abi))
    }

    /// The type as currently declared, on an ABI: laid out again if it was laid out for another ABI or before it was
    /// complete.
    pub(super) fn current(self: &Arc<Self>, ctype: &Arc<Ctype>, abi: Abi) -> Arc<Ctype> {
        let is_complete = ctype.layout().is_ok() || !matches!(ctype.ty.resolve(), c::Type::Record(_));
        if is_complete && ctype.abi == abi {
            return Arc::clone(ctype);
        }
        self.ctype(&ctype.ty, abi)
    }

    /// Lays out a type.
    pub(super) fn ctype(self: &Arc<Self>, ty: &c::Type, abi: Abi) -> Arc<Ctype> {
        Ctype::new(self, ty, abi)
    }

    /// The fields of a struct or union; `None` while it is incomplete.
    fn fields(self: &Arc<Self>, record: &Arc<c::Record>, abi: Abi) -> Option<Arc<Fields>> {
        let metatype = {
            let mut records = self.records();
            let known = CachedRecord::of(&mut records, record);
            if let Some(fields) = &known.fields[abi.index()] {
                return Some(Arc::clone(fields));
            }
            Arc::clone(&known.metatype)
        };
        // The lock is not held meanwhile, as fields may be records themselves. Another thread may lay out the same
        // record.
        let fields = Arc::new(Fields::of(self, record, abi, &metatype)?);
        let mut records = self.records();
        Some(Arc::clone(CachedRecord::of(&mut records, record).fields[abi.index()].get_or_insert(fields)))
    }

    /// The metatype of a struct or union, once a script has set it.
    fn metatype(&self, record: &Arc<c::Record>) -> Arc<OnceLock<Metatype>> {
        Arc::clone(&CachedRecord::of(&mut self.records(), record).metatype)
    }

    /// Sets the metatype of a struct or union; false if it already has one.
    pub(super) fn set_metatype(&self, record: &Arc<c::Record>, metatype: Metatype) -> bool {
        self.metatype(record).set(metatype).is_ok()
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        lock(&self.records)
    }
}

impl CachedRecord {
    fn of<'a>(records: &'a mut Records, record: &Arc<c::Record>) -> &'a mut CachedRecord {
        let address = Arc::as_ptr(record).addr();
        // Structs without a tag come and go with the texts that define them: when the map is full, unreferenced ones
        // are removed.
        if records.len() == records.capacity() && !records.contains_key(&address) {
            records.retain(|_, known| known.record.strong_count() > 0);
        }
        records.entry(address).or_insert_with(|| CachedRecord {
            record: Arc::downgrade(record),
            fields: Default::default(),
            metatype: Arc::default(),
        })
    }
}

impl std::fmt::Debug for Types {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Types")
    }
}

/// No other code runs while one of these locks is held, so the state is consistent even after a panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error in `cdef` or in a type name.
fn declaration_error(error: &c::Error) -> Error {
    Error::new(ErrorKind::Declaration, error.to_string())
}
