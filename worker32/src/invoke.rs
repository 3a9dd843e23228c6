//! Calls: a prepared signature, values in, a value out.
#![allow(unsafe_code, reason = "calling a foreign function is what this module is for")]

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

/// `errno` and the last error as the library's code sees them. They are put in place before each call and taken right
/// after it, so that nothing the worker does between calls shows in them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ErrorNumbers {
    /// The C library's `errno`.
    pub(crate) errno: i32,
    /// `GetLastError()`; stays 0 on Unix.
    pub(crate) last_error: u32,
}

/// A function that can be called: its address, and what its signature comes to on this machine.
pub(crate) struct Prepared {
    address: usize,
    interface: Interface,
    signature: Signature,
}

/// A function at an address, its arguments, and the room for a result that is a record.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    code: *const c_void,
    arguments: &'a [Value],
    room: u64,
}

/// How many functions of libraries are being called, for the report of a fault.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// How many functions of libraries are being called at this moment.
pub(crate) fn calls() -> u32 {
    CALLS.load(Ordering::Relaxed)
}

impl Prepared {
    /// Prepares calls of the function at `address`; NULL where each call tells another one.
    pub(crate) fn new(address: *mut c_void, signature: Signature) -> Result<Self, Fault> {
        check(&signature)?;
        Ok(Self { address: address.addr(), interface: Interface::new(&signature)?, signature })
    }

    /// Whether this is a signature alone, and which one.
    pub(crate) fn is_signature(&self, signature: &Signature) -> bool {
        self.address == 0 && self.signature == *signature
    }

    /// Calls the function, or with an address the one that lies there.
    #[inline]
    pub(crate) fn call(&self, address: u64, values: &[Value], errors: &mut ErrorNumbers) -> Result<Value, Fault> {
        let target = self.target(address, values)?;
        CALLS.fetch_add(1, Ordering::Relaxed);
        let result = self.interface.call(&self.signature, target, errors);
        CALLS.fetch_sub(1, Ordering::Relaxed);
        result
    }

    fn target<'a>(&self, address: u64, values: &'a [Value]) -> Result<Target<'a>, Fault> {
        let code = match usize::try_from(address) {
            Ok(0) => self.address,
            Ok(address) => address,
            Err(_) => return Err(Fault::new(FaultKind::Protocol, format!("{address:#x} is no address here"))),
        };
        if code == 0 {
            return Err(Fault::new(FaultKind::Protocol, "a signature alone has no function to call"));
        }
        let expected = self.signature.values();
        if values.len() != expected {
            let message = format!("the function takes {expected} values, {} were sent", values.len());
            return Err(Fault::new(FaultKind::Protocol, message));
        }
        let (room, arguments) = match (self.signature.record(self.signature.result), values) {
            (None, arguments) => (0, arguments),
            (Some(_), [Value::Integer(room), arguments @ ..]) if usize::try_from(*room).is_ok_and(|room| room != 0) => {
                (*room as u64, arguments)
            }
            (Some(_), _) => return Err(Fault::new(FaultKind::Protocol, "there is no room for the result")),
        };
        Ok(Target { code: std::ptr::without_provenance(code), arguments, room })
    }
}

/// Refuses what no call can be made of.
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
        return refused("a record has a size or alignment that none can have");
    }
    if !signature.parameters.iter().chain([&signature.result]).all(|ty| is_known(*ty)) {
        return refused("a record is not described");
    }
    if signature.fixed.is_some_and(|fixed| fixed as usize > signature.parameters.len()) {
        return refused("fewer parameters are there than are declared");
    }
    Ok(())
}
