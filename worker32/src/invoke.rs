//! Calls: a prepared signature, arguments in, a result out.
#![allow(unsafe_code, reason = "this module calls foreign functions")]

use std::ffi::c_void;
use std::sync::atomic::{AtomicU32, Ordering};

use protocol::{Fault, FaultKind, Record, Signature, Type, Value, limits};

pub(crate) mod ffi;
#[cfg(any(target_arch = "x86", test))]
pub(crate) mod plan;
pub(crate) mod value;
#[cfg(target_arch = "x86")]
mod x86;
#[cfg(not(target_arch = "x86"))]
mod x86_64;

#[cfg(target_arch = "x86")]
use x86::Interface;
#[cfg(not(target_arch = "x86"))]
pub(crate) use x86_64::Interface;

/// `errno` and the last error as seen by the library's code. They are set before each call and saved right after it,
/// so that nothing the worker does between calls affects them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ErrorNumbers {
    /// The C library's `errno`.
    pub(crate) errno: i32,
    /// `GetLastError()`; stays 0 on Unix.
    pub(crate) last_error: u32,
}

/// A callable function: its address, and its signature prepared for this machine.
pub(crate) struct Prepared {
    address: usize,
    interface: Interface,
    signature: Signature,
}

/// A function at an address, its arguments, and the buffer for a record result.
#[derive(Clone, Copy)]
pub(crate) struct InvokeTarget<'a> {
    code: *const c_void,
    arguments: &'a [Value],
    room: u64,
}

/// The number of library functions being called, for crash reports.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// The number of library functions currently being called.
pub(crate) fn calls() -> u32 {
    CALLS.load(Ordering::Relaxed)
}

impl Prepared {
    /// Prepares calls of the function at `address`; NULL if each call specifies its own address.
    pub(crate) fn new(address: *mut c_void, signature: Signature) -> Result<Self, Fault> {
        check(&signature)?;
        Ok(Self { address: address.addr(), interface: Interface::new(&signature)?, signature })
    }

    /// Whether this is a signature without a function, and this one.
    pub(crate) fn is_signature(&self, signature: &Signature) -> bool {
        self.address == 0 && self.signature == *signature
    }

    /// Calls the function, or the one at `address` if it is not 0.
    #[inline]
    pub(crate) fn call(&self, address: u64, values: &[Value], errors: &mut ErrorNumbers) -> Result<Value, Fault> {
        let target = self.target(address, values)?;
        CALLS.fetch_add(1, Ordering::Relaxed);
        let result = self.interface.call(&self.signature, target, errors);
        CALLS.fetch_sub(1, Ordering::Relaxed);
        result
    }

    fn target<'a>(&self, address: u64, values: &'a [Value]) -> Result<InvokeTarget<'a>, Fault> {
        let code = match usize::try_from(address) {
            Ok(0) => self.address,
            Ok(address) => address,
            Err(_) => {
                let message = format!("{address:#x} is not an address in this process");
                return Err(Fault::new(FaultKind::Protocol, message));
            }
        };
        if code == 0 {
            return Err(Fault::new(FaultKind::Protocol, "the prepared signature has no function address"));
        }
        let expected = self.signature.values();
        if values.len() != expected {
            let message = format!("the function takes {expected} values, but {} were sent", values.len());
            return Err(Fault::new(FaultKind::Protocol, message));
        }
        let (room, arguments) = match (self.signature.record(self.signature.result), values) {
            (None, arguments) => (0, arguments),
            (Some(_), [Value::Integer(room), arguments @ ..]) if usize::try_from(*room).is_ok_and(|room| room != 0) => {
                (*room as u64, arguments)
            }
            (Some(_), _) => return Err(Fault::new(FaultKind::Protocol, "the buffer for the result is missing")),
        };
        Ok(InvokeTarget { code: std::ptr::without_provenance(code), arguments, room })
    }
}

/// Rejects signatures that cannot be called.
pub(crate) fn check(signature: &Signature) -> Result<(), Fault> {
    let refused = |what: &str| Err(Fault::new(FaultKind::Signature, what));
    let fits = |record: &Record| {
        (1..=limits::RECORD_BYTES).contains(&record.bytes) && record.align.is_power_of_two() && record.align <= 64
    };
    let is_known = |ty: Type| !matches!(ty, Type::Record(_)) || signature.record(ty).is_some();
    if signature.parameters.contains(&Type::Void) {
        return refused("a parameter cannot be void");
    }
    if !signature.records.iter().all(fits) {
        return refused("a record has an invalid size or alignment");
    }
    if !signature.parameters.iter().chain([&signature.result]).all(|ty| is_known(*ty)) {
        return refused("a record type is not described");
    }
    if signature.fixed.is_some_and(|fixed| fixed as usize > signature.parameters.len()) {
        return refused("there are fewer parameters than the declaration has");
    }
    Ok(())
}
