//! The types of one module: what has been declared, laid out for each ABI when first needed.

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
pub(super) use plan::{Arguments, Extent, Passing, Plan, Role, Shape, Size, Target};
pub(super) use prototype::{Conversion, Defaults, FunctionForm, Parameter, Prototype, Strings, convention_named};
pub(super) use text_array::{is_text, put_text, wide_character};

/// How many names of types are kept; a script may make up any number of them.
const NAMES: usize = 4096;

/// The declarations, and the types that they name.
#[derive(Default)]
pub(super) struct Types {
    declarations: RwLock<c::Declarations>,
    /// What texts such as `int[3]` name, for each ABI.
    named: [Mutex<Named>; Abi::ALL.len()],
    /// The records that are in use, by the address of their declaration.
    records: Mutex<Records>,
}

/// Types by the texts that name them.
type Named = HashMap<Box<[u8]>, Arc<Ctype>>;

type Records = HashMap<usize, Known>;

/// What is known of a struct or union.
struct Known {
    /// No other record takes its address as long as this is here.
    record: Weak<c::Record>,
    fields: [Option<Arc<Fields>>; Abi::ALL.len()],
    metatype: Arc<OnceLock<Metatype>>,
}

impl Types {
    /// Declares all that a text declares, or nothing of it. `arguments` are what `$` stands for in it.
    pub(super) fn declare(&self, source: &str, arguments: &[c::Argument]) -> Result<(), Error> {
        self.declarations_mut().declare_with(source, arguments).map_err(|error| declaration_error(&error))?;
        // A name may mean something else from now on: programs may declare what is known from the start.
        for named in &self.named {
            lock(named).clear();
        }
        Ok(())
    }

    pub(super) fn declarations(&self) -> RwLockReadGuard<'_, c::Declarations> {
        // Declaring is all or nothing, so a panic leaves the declarations whole.
        self.declarations.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn declarations_mut(&self) -> RwLockWriteGuard<'_, c::Declarations> {
        self.declarations.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The type that a text names.
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

    /// The type that a text with `$` in it names.
    pub(super) fn parameterised(
        self: &Arc<Self>,
        text: &str,
        arguments: &[c::Argument],
        abi: Abi,
    ) -> Result<Arc<Ctype>, Error> {
        let parsed = self.declarations().parse_type_with(text, arguments);
        Ok(self.ctype(&parsed.map_err(|error| declaration_error(&error))?, abi))
    }

    /// The type as it is now on an ABI: laid out anew if that was for another one, or before it was complete.
    pub(super) fn current(self: &Arc<Self>, ctype: &Arc<Ctype>, abi: Abi) -> Arc<Ctype> {
        let is_complete = ctype.layout().is_ok() || !matches!(ctype.ty.resolve(), c::Type::Record(_));
        if is_complete && ctype.abi == abi {
            return Arc::clone(ctype);
        }
        self.ctype(&ctype.ty, abi)
    }

    /// Lays a type out.
    pub(super) fn ctype(self: &Arc<Self>, ty: &c::Type, abi: Abi) -> Arc<Ctype> {
        Ctype::new(self, ty, abi)
    }

    /// The parts of a struct or union; nothing while it is incomplete.
    fn fields(self: &Arc<Self>, record: &Arc<c::Record>, abi: Abi) -> Option<Arc<Fields>> {
        let metatype = {
            let mut records = self.records();
            let known = Known::of(&mut records, record);
            if let Some(fields) = &known.fields[abi.index()] {
                return Some(Arc::clone(fields));
            }
            Arc::clone(&known.metatype)
        };
        // The lock is not held meanwhile, since the parts may be records themselves. Another thread may do the same.
        let fields = Arc::new(Fields::of(self, record, abi, &metatype)?);
        let mut records = self.records();
        Some(Arc::clone(Known::of(&mut records, record).fields[abi.index()].get_or_insert(fields)))
    }

    /// What scripts have given values of a struct or union beyond fields, once they have.
    fn metatype(&self, record: &Arc<c::Record>) -> Arc<OnceLock<Metatype>> {
        Arc::clone(&Known::of(&mut self.records(), record).metatype)
    }

    /// Gives the values of a struct or union their metamethods; false if they have some already.
    pub(super) fn set_metatype(&self, record: &Arc<c::Record>, metatype: Metatype) -> bool {
        self.metatype(record).set(metatype).is_ok()
    }

    fn records(&self) -> MutexGuard<'_, Records> {
        lock(&self.records)
    }
}

impl Known {
    fn of<'a>(records: &'a mut Records, record: &Arc<c::Record>) -> &'a mut Known {
        let address = Arc::as_ptr(record).addr();
        // Structs without a tag come and go with the texts that define them: when the map is full, those that nothing leads
        // to any more make room.
        if records.len() == records.capacity() && !records.contains_key(&address) {
            records.retain(|_, known| known.record.strong_count() > 0);
        }
        records.entry(address).or_insert_with(|| Known {
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

/// Nothing else runs while one of these locks is held, so a panic of another thread leaves the state whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error of `cdef` or of a type's name.
fn declaration_error(error: &c::Error) -> Error {
    Error::new(ErrorKind::Declaration, error.to_string())
}
