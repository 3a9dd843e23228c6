//! A barrier for C++ exceptions that escape a library. The unwinder finds no description of its frame, and therefore
//! calls `std::terminate` at once, which knows the exception; otherwise it would continue through Rust's frames.

use std::arch::naked_asm;
use std::ffi::c_void;

type Work = unsafe extern "C-unwind" fn(*mut c_void);

/// Runs an operation that no C++ exception leaves. A panic ends the process as well.
#[inline]
pub(crate) fn barrier<R>(work: impl FnOnce() -> R) -> R {
    fn carry_out<W: FnOnce() -> R, R>() -> Work {
        unsafe extern "C-unwind" fn run<W: FnOnce() -> R, R>(given: *mut c_void) {
            // SAFETY: `barrier` passes a state of these types, which outlives the call and is not accessed elsewhere.
            let state = unsafe { &mut *given.cast::<(Option<W>, Option<R>)>() };
            state.1 = state.0.take().map(|work| work());
        }
        run::<W, R>
    }
    fn enter_with<W: FnOnce() -> R, R>(work: W) -> Option<R> {
        let mut state = (Some(work), None);
        // SAFETY: the function expects exactly this state.
        unsafe { enter(carry_out::<W, R>(), (&raw mut state).cast()) };
        state.1
    }
    enter_with(work).unwrap_or_else(|| unreachable!("the function was called"))
}

/// Calls a function with an argument.
#[cfg(target_arch = "x86_64")]
#[unsafe(naked)]
unsafe extern "C" fn enter(work: Work, argument: *mut c_void) {
    naked_asm!("push rbp", "mov rbp, rsp", "mov rax, rdi", "mov rdi, rsi", "call rax", "pop rbp", "ret")
}

/// Calls a function with an argument. Keeps the stack aligned to sixteen bytes, as System V requires.
#[cfg(target_arch = "x86")]
#[unsafe(naked)]
unsafe extern "C" fn enter(work: Work, argument: *mut c_void) {
    naked_asm!(
        "push ebp",
        "mov ebp, esp",
        "sub esp, 20",
        "push dword ptr [ebp + 12]",
        "call dword ptr [ebp + 8]",
        "leave",
        "ret"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operation_returns_its_result() {
        let text = String::from("behind it");
        assert_eq!(barrier(move || text.len()), 9);
    }
}
