//! The reason `abort` was called: the C library's message, or the uncaught C++ exception.

use std::ffi::{CStr, c_char, c_uint, c_void};
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use protocol::{Cause, Text};

use crate::process;

/// Finds a symbol of a loaded library; NULL if it has none of that name.
pub(crate) type Symbols<'a> = &'a dyn Fn(&CStr) -> *mut c_void;

/// The message that the C library keeps for debuggers when it aborts (glibc, `struct abort_msg_s`).
#[repr(C)]
struct Message {
    /// The size of the whole mapping in bytes, including this field.
    bytes: c_uint,
    text: [c_char; 0],
}

type Handler = unsafe extern "C-unwind" fn();
type CurrentType = unsafe extern "C" fn() -> *const TypeInfo;
type SetTerminate = unsafe extern "C" fn(Handler) -> Option<Handler>;

/// The start of `std::type_info` (Itanium C++ ABI, 2.9.3).
#[repr(C)]
struct TypeInfo {
    methods: *const c_void,
    name: *const c_char,
}

/// The C library's variable that points to its message.
static MESSAGE: AtomicPtr<*const Message> = AtomicPtr::new(ptr::null_mut());
/// `__cxa_current_exception_type`.
static CURRENT_TYPE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
/// The previous handler of `std::terminate`.
static TERMINATE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
/// The type name of the exception for which `std::terminate` was called.
static UNCAUGHT: AtomicPtr<c_char> = AtomicPtr::new(ptr::null_mut());

/// The thread that is currently loading a library; 0 if none.
pub(super) static LOADING: AtomicU32 = AtomicU32::new(0);

/// The C++ runtimes shared between libraries.
const RUNTIMES: [&CStr; 2] = [c"libstdc++.so.6", c"libc++abi.so.1"];

/// Looks up symbols in advance, since a handler may not.
pub(super) fn prepare() {
    // SAFETY: both names are zero-terminated. The variable has this type in every glibc that has it.
    let message = unsafe { libc::dlvsym(libc::RTLD_DEFAULT, c"__abort_msg".as_ptr(), c"GLIBC_PRIVATE".as_ptr()) };
    MESSAGE.store(message.cast(), Ordering::Relaxed);
}

/// Hooks the exceptions of a library's C++ runtime, if it is the first one seen: its own, or a shared one.
pub(crate) fn prepare_new_library(own: Symbols<'_>) {
    if !CURRENT_TYPE.load(Ordering::Relaxed).is_null() || hook(own) {
        return;
    }
    // The first one present is sufficient.
    let _ = RUNTIMES.into_iter().any(|runtime| hook(&|name| in_runtime(runtime, name)));
}

/// The address of a symbol of a C++ runtime, NULL if that runtime is not in this process.
fn in_runtime(runtime: &CStr, name: &CStr) -> *mut c_void {
    // SAFETY: both names are zero-terminated; only a library that is already loaded is opened, and it stays loaded.
    unsafe {
        let handle = libc::dlopen(runtime.as_ptr(), libc::RTLD_NOW | libc::RTLD_NOLOAD);
        if handle.is_null() { ptr::null_mut() } else { libc::dlsym(handle, name.as_ptr()) }
    }
}

fn hook(find: Symbols<'_>) -> bool {
    let (current, set) = (find(c"__cxa_current_exception_type"), find(c"_ZSt13set_terminatePFvvE"));
    if current.is_null() || set.is_null() {
        return false;
    }
    CURRENT_TYPE.store(current, Ordering::Relaxed);
    // SAFETY: `std::set_terminate` takes and returns a function without arguments and results, or none (C++17
    // 21.6.2).
    let before = unsafe { mem::transmute::<*mut c_void, SetTerminate>(set)(terminating) };
    TERMINATE.store(before.map_or(ptr::null_mut(), |before| before as *mut c_void), Ordering::Relaxed);
    true
}

process::entry! {
    /// Called by `std::terminate`.
    unsafe extern "C-unwind" fn terminating() = terminated;
}

/// Handler of `std::terminate`. Records the exception for the report of the `abort` that follows.
unsafe extern "C-unwind" fn terminated() {
    // SAFETY: both addresses were found under the names of functions of these types; the type of a thrown exception
    // lives as long as its library, which is never unloaded.
    unsafe {
        let current = mem::transmute::<*mut c_void, Option<CurrentType>>(CURRENT_TYPE.load(Ordering::Relaxed));
        if let Some(ty) = current.and_then(|current| current().as_ref()) {
            UNCAUGHT.store(ty.name.cast_mut(), Ordering::Relaxed);
        }
        if let Some(before) = mem::transmute::<*mut c_void, Option<Handler>>(TERMINATE.load(Ordering::Relaxed)) {
            before();
        }
        libc::abort();
    }
}

/// The reason a thread called `abort`, and its text.
pub(super) fn explain(thread: u32) -> (Cause, Text) {
    let text = message();
    let mut uncaught = UNCAUGHT.load(Ordering::Relaxed);
    if uncaught.is_null() && text.is_empty() && LOADING.load(Ordering::Relaxed) == thread {
        uncaught = thrown_while_loading();
    }
    if uncaught.is_null() {
        return (Cause::Abort, text);
    }
    // SAFETY: names of types are zero-terminated and static.
    (Cause::CppException, unsafe { text_at(uncaught, Text::LONGEST) })
}

/// The C library's message.
fn message() -> Text {
    let variable = MESSAGE.load(Ordering::Relaxed);
    if variable.is_null() {
        return Text::default();
    }
    // SAFETY: the C library has stored the address of a mapping of its own there, or NULL, and never unmaps the last
    // one.
    let text = unsafe {
        match variable.read_volatile().as_ref() {
            Some(message) => text_at((&raw const message.text).cast(), message.bytes as usize),
            None => Text::default(),
        }
    };
    Text::of(text.bytes().trim_ascii())
}

/// The type thrown by a library's constructor if the library brought its C++ runtime with it. A handler may look it
/// up in this one case: this very thread holds the loader's lock, and the heap is not the cause.
fn thrown_while_loading() -> *mut c_char {
    let name = c"__cxa_current_exception_type";
    let found = RUNTIMES.map(|runtime| in_runtime(runtime, name)).into_iter().find(|found| !found.is_null());
    // SAFETY: a function of that name has this type; the type is static.
    unsafe {
        let current = mem::transmute::<*mut c_void, Option<CurrentType>>(found.unwrap_or(ptr::null_mut()));
        current.and_then(|current| current().as_ref()).map_or(ptr::null_mut(), |ty| ty.name.cast_mut())
    }
}

/// The text at an address.
///
/// # Safety
/// All bytes up to the first zero or the limit are readable.
unsafe fn text_at(start: *const c_char, limit: usize) -> Text {
    let mut text = Text::default();
    for index in 0..limit.min(Text::LONGEST) {
        // SAFETY: as the caller guarantees.
        let byte = unsafe { *start.add(index) } as u8;
        if byte == 0 {
            break;
        }
        text.push(&[byte]);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_library_s_message_can_be_found() {
        prepare();
        assert!(!MESSAGE.load(Ordering::Relaxed).is_null());
        assert_eq!(explain(7), (Cause::Abort, Text::default()));
    }

    #[test]
    fn text_ends_at_a_zero_or_at_the_limit() {
        let text = c"abcdef";
        // SAFETY: the text is zero-terminated.
        let read = |limit| unsafe { text_at(text.as_ptr(), limit) };
        assert_eq!((read(3).bytes(), read(100).bytes()), (&b"abc"[..], &b"abcdef"[..]));
    }
}
