//! A stack for the signal handler in every thread, including those created by a library: this executable's
//! `pthread_create` takes precedence over the C library's.

use std::mem;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{c_int, c_void, pthread_attr_t, pthread_key_t, pthread_t};

use crate::process;

/// Room for the handler, and for the kernel's signal frame with every vector register in it.
const STACK_BYTES: usize = 64 << 10;

type Start = unsafe extern "C-unwind" fn(*mut c_void) -> *mut c_void;
type Create = unsafe extern "C" fn(*mut pthread_t, *const pthread_attr_t, Start, *mut c_void) -> c_int;

/// The start function of a new thread.
struct Thread {
    start: Start,
    argument: *mut c_void,
}

process::entry! {
    /// Creates a thread, like the C library's function. In fuzzing builds, that name belongs to the sanitizer, which
    /// tracks threads.
    ///
    /// # Safety
    /// As for that function (pthread_create(3)).
    #[cfg_attr(not(fuzzing), unsafe(no_mangle))]
    #[cfg_attr(fuzzing, allow(dead_code, reason = "not called by name in fuzzing builds"))]
    unsafe extern "C" fn pthread_create(
        thread: *mut pthread_t,
        attributes: *const pthread_attr_t,
        start: Start,
        argument: *mut c_void
    ) -> c_int = create;
}

/// Creates a thread that has a stack for the handler.
unsafe extern "C" fn create(
    thread: *mut pthread_t,
    attributes: *const pthread_attr_t,
    start: Start,
    argument: *mut c_void,
) -> c_int {
    let Some(real) = real_create() else { return libc::EAGAIN };
    let given = Box::into_raw(Box::new(Thread { start, argument }));
    // SAFETY: the caller's pointers are passed on unchanged; `run` takes ownership of the box if the thread was
    // created, and only then.
    unsafe {
        let failure = real(thread, attributes, run, given.cast());
        if failure != 0 {
            drop(Box::from_raw(given));
        }
        failure
    }
}

/// The C library's function.
fn real_create() -> Option<Create> {
    static CREATE: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());
    let mut found = CREATE.load(Ordering::Relaxed);
    // SAFETY: the name is zero-terminated, and the C library's `pthread_create` has this type. NULL is not a
    // function.
    unsafe {
        if found.is_null() {
            found = libc::dlsym(libc::RTLD_NEXT, c"pthread_create".as_ptr());
            CREATE.store(found, Ordering::Relaxed);
        }
        mem::transmute::<*mut c_void, Option<Create>>(found)
    }
}

/// The start of a thread. A thread that is cancelled or leaves by `pthread_exit` unwinds through here, where nothing
/// is left to clean up.
unsafe extern "C-unwind" fn run(given: *mut c_void) -> *mut c_void {
    // SAFETY: the box was created for this thread only, by `pthread_create`.
    let Thread { start, argument } = *unsafe { Box::from_raw(given.cast::<Thread>()) };
    give_stack();
    // SAFETY: the thread's creator passed a function that may be called with this argument.
    unsafe { start(argument) }
}

/// Gives the calling thread a stack for the handler, if it has none of that size. The stack is freed when the thread
/// ends.
pub(super) fn give_stack() {
    // SAFETY: the structs are locals; the memory is fresh, of the given size, and stays until the thread ends, which
    // unmaps it after unregistering it from the kernel.
    unsafe {
        let mut current: libc::stack_t = mem::zeroed();
        libc::sigaltstack(ptr::null(), &raw mut current);
        if current.ss_flags & libc::SS_DISABLE == 0 && current.ss_size >= STACK_BYTES {
            return;
        }
        let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let memory = libc::mmap(ptr::null_mut(), STACK_BYTES, protection, flags, -1, 0);
        if memory == libc::MAP_FAILED {
            return;
        }
        let stack = libc::stack_t { ss_sp: memory, ss_flags: 0, ss_size: STACK_BYTES };
        libc::sigaltstack(&raw const stack, ptr::null_mut());
        if let Some(key) = key() {
            libc::pthread_setspecific(key, memory);
        }
    }
}

/// The key whose destructor frees the stack.
fn key() -> Option<pthread_key_t> {
    static KEY: OnceLock<Option<pthread_key_t>> = OnceLock::new();
    *KEY.get_or_init(|| {
        let mut key = 0;
        // SAFETY: the key is written to a local; the destructor has the required type.
        let failure = unsafe { libc::pthread_key_create(&raw mut key, Some(take_back)) };
        (failure == 0).then_some(key)
    })
}

unsafe extern "C" fn take_back(memory: *mut c_void) {
    // SAFETY: the memory was mapped by `give_stack` for this thread, which is ending. Another stack that was set
    // since is left alone.
    unsafe {
        let mut current: libc::stack_t = mem::zeroed();
        libc::sigaltstack(ptr::null(), &raw mut current);
        if current.ss_sp == memory {
            let none = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
            libc::sigaltstack(&raw const none, ptr::null_mut());
        }
        libc::munmap(memory, STACK_BYTES);
    }
}
