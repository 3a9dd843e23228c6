//! Signatures as libffi types.

use std::ptr;

use libffi::raw::{self, ffi_cif, ffi_type};
#[cfg(target_arch = "x86_64")]
use protocol::{Eightbyte, Record, Signature};
use protocol::{Fault, FaultKind, Type};

/// A call interface, with the types it refers to.
pub(crate) struct CallInterface {
    cif: Box<ffi_cif>,
    /// The targets of the interface's pointers: lists of parameters and of the parts of records, and records.
    _lists: Vec<Box<[*mut ffi_type]>>,
    _records: Vec<Box<[ffi_type]>>,
}

// SAFETY: the interface is only read once it is prepared, also by libffi; it owns everything it points to, which does
// not move, or is static.
unsafe impl Send for CallInterface {}
// SAFETY: as above.
unsafe impl Sync for CallInterface {}

/// The types of an interface under construction.
#[derive(Default)]
pub(crate) struct Types {
    lists: Vec<Box<[*mut ffi_type]>>,
    records: Vec<Box<[ffi_type]>>,
}

impl Types {
    /// A struct with this size and alignment and with these parts, as far as libffi needs them.
    pub(crate) fn record(&mut self, size: usize, align: u32, parts: &[*mut ffi_type]) -> *mut ffi_type {
        let mut list: Box<[*mut ffi_type]> = parts.iter().copied().chain([ptr::null_mut()]).collect();
        let elements = list.as_mut_ptr();
        self.lists.push(list);
        let record = ffi_type { size, alignment: align as u16, type_: raw::ffi_type_enum_STRUCT, elements };
        let mut record: Box<[ffi_type]> = Box::new([record]);
        let place = record.as_mut_ptr();
        self.records.push(record);
        place
    }

    /// The libffi type of an x86-64 record: by its registers, or through memory, which libffi uses for records with a
    /// part of more than 32 bytes.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn of_record(&mut self, record: &Record) -> *mut ffi_type {
        let size = record.bytes as usize;
        if cfg!(windows) {
            return self.record(size, record.align, &[&raw mut raw::ffi_type_uint8]);
        }
        let parts: Vec<*mut ffi_type> = record
            .registers
            .iter()
            .map(|register| match register {
                Eightbyte::Integer => &raw mut raw::ffi_type_uint64,
                Eightbyte::Sse => &raw mut raw::ffi_type_double,
                Eightbyte::X87 => &raw mut raw::ffi_type_longdouble,
            })
            .collect();
        if parts.is_empty() {
            let large = self.record(64, 8, &[&raw mut raw::ffi_type_uint64]);
            return self.record(size, record.align, &[large]);
        }
        self.record(size.next_multiple_of(8), record.align.max(8), &parts)
    }

    /// The libffi type of any type of a signature.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn of(&mut self, signature: &Signature, ty: Type) -> *mut ffi_type {
        match signature.record(ty) {
            Some(record) => self.of_record(record),
            None => scalar(ty),
        }
    }

    /// The interface for these parameters and this result. `fixed` is the number of parameters before the variable
    /// arguments.
    pub(crate) fn interface(
        mut self,
        abi: raw::ffi_abi,
        result: *mut ffi_type,
        parameters: &[*mut ffi_type],
        fixed: Option<u32>,
    ) -> Result<CallInterface, Fault> {
        let mut list: Box<[*mut ffi_type]> = parameters.into();
        let mut cif = Box::new(ffi_cif::default());
        let count = list.len() as u32;
        // SAFETY: the list has `count` types; it, the result and everything they point to are owned by the returned
        // value, or static, and do not move.
        let status = unsafe {
            match fixed {
                None => raw::ffi_prep_cif(&raw mut *cif, abi, count, result, list.as_mut_ptr()),
                Some(fixed) => raw::ffi_prep_cif_var(&raw mut *cif, abi, fixed, count, result, list.as_mut_ptr()),
            }
        };
        self.lists.push(list);
        if status != raw::ffi_status_FFI_OK {
            return Err(Fault::new(FaultKind::Signature, format!("the signature cannot be called ({status})")));
        }
        Ok(CallInterface { cif, _lists: self.lists, _records: self.records })
    }
}

impl CallInterface {
    /// The pointer that libffi takes, which it only reads.
    pub(crate) fn as_ptr(&self) -> *mut ffi_cif {
        (&raw const *self.cif).cast_mut()
    }
}

/// The type of a scalar.
pub(crate) fn scalar(ty: Type) -> *mut ffi_type {
    match ty {
        Type::Void | Type::Record(_) => &raw mut raw::ffi_type_void,
        Type::Bool | Type::Uint8 => &raw mut raw::ffi_type_uint8,
        Type::Int8 => &raw mut raw::ffi_type_sint8,
        Type::Int16 => &raw mut raw::ffi_type_sint16,
        Type::Uint16 => &raw mut raw::ffi_type_uint16,
        Type::Int32 => &raw mut raw::ffi_type_sint32,
        Type::Uint32 => &raw mut raw::ffi_type_uint32,
        Type::Int64 => &raw mut raw::ffi_type_sint64,
        Type::Uint64 => &raw mut raw::ffi_type_uint64,
        Type::Float32 => &raw mut raw::ffi_type_float,
        Type::Float64 => &raw mut raw::ffi_type_double,
        Type::Extended => &raw mut raw::ffi_type_longdouble,
        Type::Pointer | Type::CString => &raw mut raw::ffi_type_pointer,
    }
}
