//! C types laid out for one ABI: all data needed to read and write values of them.

use std::sync::{Arc, OnceLock, Weak};

use mlua::Value as LuaValue;

use super::Types;
use super::fields::Fields;
use super::metatype::{Event, Metatype};
use super::number::Number;
use super::prototype::FunctionForm;
use crate::c::{self, Abi, Length};
use crate::dll::conversion_error::ConversionError;
use crate::error::ErrorKind;

/// A C type on one ABI.
#[derive(Debug)]
pub(in crate::dll) struct Ctype {
    /// The type, in the names the program uses.
    pub(in crate::dll) ty: c::Type,
    pub(in crate::dll) abi: Abi,
    pub(in crate::dll) form: Form,
    /// Whether its objects are read-only.
    pub(in crate::dll) is_const: bool,
    layout: Result<c::Layout, c::LayoutError>,
}

/// The structure of a type's values.
#[derive(Debug)]
pub(in crate::dll) enum Form {
    /// A number or a boolean.
    Number(Number),
    /// An address.
    Pointer(Pointee),
    /// Equal elements in a row.
    Array(Array),
    /// Named parts: structs, unions, complex numbers.
    Record(Arc<Fields>),
    /// Code, only behind a pointer.
    Function(Arc<FunctionForm>),
    /// Types without Lua values: `void`, incomplete types, 128-bit integers. An opaque struct may have a metatype all
    /// the same.
    Opaque(Option<Arc<OnceLock<Metatype>>>),
}

/// The elements of an array.
#[derive(Clone, Debug)]
pub(in crate::dll) struct Array {
    pub(in crate::dll) element: Arc<Ctype>,
    /// The number of elements; `None` if the type leaves it open.
    pub(in crate::dll) count: Option<u64>,
    /// Whether the type is `[?]`: then a single initialiser is not repeated for all elements.
    pub(in crate::dll) is_variable: bool,
    /// Whether it is the last member of a struct and declared with at most one element, which in headers means any
    /// number of them: its bounds are those of the memory.
    pub(in crate::dll) is_open: bool,
}

impl Array {
    /// Whether the type is `[?]` without a given number of elements.
    fn is_left_open(&self) -> bool {
        self.is_variable && self.count.is_none()
    }
}

/// The type that a pointer points to, laid out when first needed.
#[derive(Debug)]
pub(in crate::dll) struct Pointee {
    ty: c::Type,
    types: Weak<Types>,
    known: OnceLock<Arc<Ctype>>,
}

impl Ctype {
    /// Lays out a type.
    pub(super) fn new(types: &Arc<Types>, ty: &c::Type, abi: Abi) -> Arc<Self> {
        let form = Form::of(types, ty, abi);
        let layout = match &form {
            // The offsets of elements would depend on the number of elements in each.
            Form::Array(array) if array.element.takes_count() => Err(c::LayoutError::Variable(ty.to_string())),
            _ => c::layout(ty, abi),
        };
        Arc::new(Self { ty: ty.clone(), abi, form, is_const: ty.is_const(), layout })
    }

    /// The size in bytes.
    pub(in crate::dll) fn bytes(&self) -> Result<u64, ConversionError> {
        self.layout().map(|layout| layout.size)
    }

    /// The size and alignment.
    pub(in crate::dll) fn layout(&self) -> Result<c::Layout, ConversionError> {
        self.layout.clone().map_err(|error| ConversionError::new(ErrorKind::Declaration, error.to_string()))
    }

    /// Whether objects need a number of elements: `[?]`, or a struct that ends with one.
    pub(in crate::dll) fn takes_count(&self) -> bool {
        match &self.form {
            Form::Array(array) => array.is_left_open(),
            Form::Record(fields) => fields
                .flexible()
                .is_some_and(|last| matches!(&last.ctype.form, Form::Array(array) if array.is_left_open())),
            _ => false,
        }
    }

    /// The type with `count` elements where it leaves the number open.
    pub(in crate::dll) fn with_count(&self, count: u64) -> Result<Arc<Self>, ConversionError> {
        let (form, layout) = match &self.form {
            Form::Array(array) => {
                let element = array.element.layout()?;
                let size = times(element.size, count)?;
                let form = Form::Array(Array { count: Some(count), is_open: false, ..array.clone() });
                (form, c::Layout { size, align: element.align })
            }
            Form::Record(fields) => {
                let Some(last) = fields.flexible() else { return Err(self.fixed_size()) };
                let counted = last.ctype.with_count(count)?;
                let layout = self.layout()?;
                let end = last
                    .offset
                    .checked_add(counted.bytes()?)
                    .and_then(|end| end.checked_next_multiple_of(layout.align));
                let size = end.ok_or_else(|| too_large(count))?.max(layout.size);
                (Form::Record(Arc::new(fields.with_last(counted))), c::Layout { size, align: layout.align })
            }
            _ => return Err(self.fixed_size()),
        };
        Ok(Arc::new(Self { ty: self.ty.clone(), abi: self.abi, form, is_const: self.is_const, layout: Ok(layout) }))
    }

    /// The type as the last member of a struct, where an array of at most one element has no bounds.
    pub(in crate::dll) fn at_end(self: &Arc<Self>) -> Arc<Self> {
        match &self.form {
            Form::Array(array) if array.count.is_none_or(|count| count <= 1) => {
                let form = Form::Array(Array { is_open: true, ..array.clone() });
                let (ty, layout) = (self.ty.clone(), self.layout.clone());
                Arc::new(Self { ty, abi: self.abi, form, is_const: self.is_const, layout })
            }
            _ => Arc::clone(self),
        }
    }

    fn fixed_size(&self) -> ConversionError {
        ConversionError::new(
            ErrorKind::Declaration,
            format!("{} has a fixed size and accepts no number of elements", self.ty),
        )
    }

    /// The type of a pointer to this one.
    pub(in crate::dll) fn pointer_to(self: &Arc<Self>) -> Arc<Self> {
        let ty = self.ty.clone().pointer_to();
        let pointee = Pointee { ty: self.ty.clone(), types: Weak::new(), known: OnceLock::from(Arc::clone(self)) };
        let bytes = u64::from(self.abi.pointer_bytes());
        let layout = Ok(c::Layout { size: bytes, align: bytes });
        Arc::new(Self { ty, abi: self.abi, form: Form::Pointer(pointee), is_const: false, layout })
    }

    /// The const version of the type.
    pub(in crate::dll) fn constant(self: &Arc<Self>, types: Option<&Arc<Types>>) -> Arc<Self> {
        match types {
            Some(types) if !self.is_const => {
                let constant = Self::new(types, &self.ty.clone().qualified(c::Qualifiers::CONST), self.abi);
                match &self.form {
                    Form::Array(Array { count: Some(count), .. }) if constant.count().is_none() => {
                        constant.with_count(*count).unwrap_or(constant)
                    }
                    _ => constant,
                }
            }
            _ => Arc::clone(self),
        }
    }

    /// Whether any part of it is const.
    pub(in crate::dll) fn holds_const(&self) -> bool {
        match &self.form {
            Form::Record(fields) => fields.holds_const(),
            Form::Array(array) => array.element.holds_const(),
            _ => false,
        }
    }

    /// The number of elements of an array.
    pub(in crate::dll) fn count(&self) -> Option<u64> {
        match &self.form {
            Form::Array(array) => array.count,
            _ => None,
        }
    }

    /// The target of a pointer to an object of this type: an array's element (C's decay), or the object itself.
    pub(in crate::dll) fn decayed(self: &Arc<Self>) -> Arc<Self> {
        match &self.form {
            Form::Array(array) => Arc::clone(&array.element),
            _ => Arc::clone(self),
        }
    }

    /// The target of a pointer.
    pub(in crate::dll) fn pointee(&self) -> Option<Arc<Self>> {
        match &self.form {
            Form::Pointer(pointee) => Some(pointee.ctype(self.abi)),
            _ => None,
        }
    }

    /// The metamethod of this struct or of the one that this points to.
    pub(in crate::dll) fn metamethod(&self, event: Event) -> Option<LuaValue> {
        let of = |form: &Form| match form {
            Form::Record(fields) => fields.metatype.get()?.get(event).cloned(),
            Form::Opaque(metatype) => metatype.as_ref()?.get()?.get(event).cloned(),
            _ => None,
        };
        match &self.form {
            Form::Pointer(pointee) => of(&pointee.ctype(self.abi).form),
            form => of(form),
        }
    }

    /// The struct or union that this is or points to.
    pub(in crate::dll) fn record(&self) -> Option<Arc<Fields>> {
        match &self.form {
            Form::Record(fields) => Some(Arc::clone(fields)),
            Form::Pointer(pointee) => match &pointee.ctype(self.abi).form {
                Form::Record(fields) => Some(Arc::clone(fields)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether both are the same type, ignoring qualifiers.
    pub(in crate::dll) fn is_same(&self, other: &Self) -> bool {
        self.ty.resolve() == other.ty.resolve()
    }
}

impl Form {
    fn of(types: &Arc<Types>, ty: &c::Type, abi: Abi) -> Self {
        if let Some(number) = Number::of(ty, abi) {
            return Form::Number(number);
        }
        match ty.resolve() {
            c::Type::Pointer(target) => {
                Form::Pointer(Pointee { ty: (**target).clone(), types: Arc::downgrade(types), known: OnceLock::new() })
            }
            c::Type::Array(array) => Form::Array(Array {
                element: Ctype::new(types, &array.element, abi),
                count: match &array.length {
                    Length::Fixed(count) => Some(count.on(abi)),
                    Length::Variable | Length::Incomplete => None,
                },
                is_variable: array.length == Length::Variable,
                is_open: false,
            }),
            c::Type::Record(record) => match types.fields(record, abi) {
                Some(fields) => Form::Record(fields),
                None => Form::Opaque(Some(types.metatype(record))),
            },
            c::Type::Function(function) => Form::Function(Arc::new(FunctionForm::new(types, function))),
            c::Type::Basic(basic) => match Fields::of_complex(types, *basic, abi) {
                Some(fields) => Form::Record(Arc::new(fields)),
                None => Form::Opaque(None),
            },
            // `resolve` has resolved typedefs, and enumerations are numbers.
            _ => Form::Opaque(None),
        }
    }
}

impl Pointee {
    /// The laid-out type. An incomplete type may be completed later, so it is not cached.
    pub(in crate::dll) fn ctype(&self, abi: Abi) -> Arc<Ctype> {
        if let Some(known) = self.known.get() {
            return Arc::clone(known);
        }
        let Some(types) = self.types.upgrade() else {
            // The Lua state is closing: nothing is read any more.
            let layout = Err(c::LayoutError::Incomplete(self.ty.to_string()));
            return Arc::new(Ctype { ty: self.ty.clone(), abi, form: Form::Opaque(None), is_const: true, layout });
        };
        let ctype = types.ctype(&self.ty, abi);
        if ctype.layout.is_ok() || !matches!(ctype.ty.resolve(), c::Type::Record(_)) {
            let _ = self.known.set(Arc::clone(&ctype));
        }
        ctype
    }

    /// The type as declared.
    pub(in crate::dll) fn ty(&self) -> &c::Type {
        &self.ty
    }
}

/// The size of `count` elements in bytes.
pub(in crate::dll) fn times(bytes: u64, count: u64) -> Result<u64, ConversionError> {
    bytes.checked_mul(count).filter(|all| *all <= i64::MAX as u64).ok_or_else(|| too_large(count))
}

fn too_large(count: u64) -> ConversionError {
    ConversionError::new(ErrorKind::Memory, format!("{count} elements exceed the address space"))
}
