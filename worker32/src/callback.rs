//! Callbacks: functions that a library can call and that call the host.
#![allow(unsafe_code, reason = "this module creates functions at run time")]

use std::ffi::c_void;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use libffi::raw::{self, ffi_cif};
use protocol::{Callbacks, CreateCallbacks, Fault, FaultKind, QueueCallback, Signature, Value, limits};

use crate::conversation::Conversation;
use crate::invoke;
use crate::process;

#[cfg(target_arch = "x86")]
mod x86;
#[cfg(not(target_arch = "x86"))]
mod x86_64;

#[cfg(target_arch = "x86")]
use x86::Shape;
#[cfg(not(target_arch = "x86"))]
use x86_64::Shape;

/// A callback function. Libraries may keep its address forever, so it lives as long as the process.
struct Callback {
    id: u32,
    shape: Arc<Shape>,
    conversation: Arc<Conversation>,
    /// The immediate result for callers on the library's own threads, if they do not wait for the host.
    answer: Mutex<Option<Value>>,
}

/// All callbacks, by id.
#[derive(Default)]
pub(crate) struct CallbackTable(Mutex<Vec<&'static Callback>>);

impl CallbackTable {
    /// Creates callbacks of one signature.
    pub(crate) fn create(
        &self,
        conversation: &Arc<Conversation>,
        request: &CreateCallbacks,
    ) -> Result<Callbacks, Fault> {
        if request.count as usize > limits::CALLBACKS {
            let message = format!("{} callbacks exceed the limit of one request", request.count);
            return Err(Fault::new(FaultKind::Protocol, message));
        }
        invoke::check(&request.signature)?;
        let shape = Arc::new(Shape::new(&request.signature)?);
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let first = u32::try_from(table.len()).ok().filter(|first| first.checked_add(request.count).is_some());
        let first = first.ok_or_else(|| Fault::new(FaultKind::Memory, "too many callbacks exist"))?;
        let mut addresses = Vec::with_capacity(request.count as usize);
        for index in 0..request.count {
            let callback = Box::leak(Box::new(Callback {
                id: first + index,
                shape: Arc::clone(&shape),
                conversation: Arc::clone(conversation),
                answer: Mutex::default(),
            }));
            addresses.push(code_for(callback)?.addr() as u64);
            table.push(callback);
        }
        Ok(Callbacks { first, addresses })
    }

    /// Sets whether calls of a callback wait for the host.
    pub(crate) fn queue(&self, request: &QueueCallback) -> Result<(), Fault> {
        let table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let callback = table.get(request.callback as usize);
        let unknown = || Fault::new(FaultKind::Protocol, format!("there is no callback number {}", request.callback));
        let mut answer = callback.ok_or_else(unknown)?.answer.lock().unwrap_or_else(PoisonError::into_inner);
        *answer = request.is_queued.then(|| request.answer.clone());
        Ok(())
    }
}

/// Creates the code that a library calls.
fn code_for(callback: &'static Callback) -> Result<*mut c_void, Fault> {
    let mut code = ptr::null_mut();
    let refused = |what: &str| Fault::new(FaultKind::Memory, format!("the worker cannot create a callback: {what}"));
    // SAFETY: the closure has the size that libffi requires and is never freed; the call interface belongs to the
    // callback, which is leaked; the function has the type that libffi calls.
    unsafe {
        let closure = raw::ffi_closure_alloc(size_of::<raw::ffi_closure>(), &raw mut code);
        if closure.is_null() {
            return Err(refused("no executable memory is available"));
        }
        let data = ptr::from_ref(callback).cast_mut().cast();
        let cif = callback.shape.cif().as_ptr();
        let status = raw::ffi_prep_closure_loc(closure.cast(), cif, Some(enter), data, code);
        if status != raw::ffi_status_FFI_OK {
            return Err(refused(&format!("libffi failed ({status})")));
        }
    }
    Ok(code)
}

process::entry! {
    /// The entry point of every callback.
    unsafe extern "C" fn enter(
        interface: *mut ffi_cif,
        result: *mut c_void,
        arguments: *mut *mut c_void,
        data: *mut c_void
    ) = answer;
}

/// Calls the host and returns its result to the caller.
unsafe extern "C" fn answer(_: *mut ffi_cif, result: *mut c_void, arguments: *mut *mut c_void, data: *mut c_void) {
    // A forked process has no host, and its messages would corrupt those of its parent.
    if process::is_fork() {
        process::end_now();
    }
    // SAFETY: libffi passes the data that the closure was created with, which is leaked.
    let callback = unsafe { &*data.cast::<Callback>() };
    // SAFETY: libffi passes as many arguments as the shape's call interface has, each readable as its type, and a
    // buffer for its result.
    let call = unsafe { callback.shape.entered(arguments, result) };
    let read = |list: &mut Vec<Value>| call.read(list);
    // `call_host` saves the caller's error numbers first and restores them last.
    let entered = process::error_numbers();
    let answer = callback.answer.lock().unwrap_or_else(PoisonError::into_inner).clone();
    process::set_error_numbers(entered);
    let reply = match answer {
        Some(answer) if callback.conversation.queue(callback.id, read) => answer,
        _ => callback.conversation.call_host(callback.id, read),
    };
    let left = process::error_numbers();
    call.answer(&reply);
    process::set_error_numbers(left);
}

/// The bytes of a scalar value, or zeros if its kind does not match the type.
fn scalar_bytes(signature: &Signature, value: &Value) -> invoke::value::ResultBytes {
    invoke::value::bits(value, signature.result).unwrap_or_default()
}
