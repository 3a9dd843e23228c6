//! Where C++ exceptions end that a library lets out. The unwinder finds no description of a frame here, and so has
//! `std::terminate` called at once, which knows what was thrown; otherwise it would go on through Rust's frames.

use std::arch::naked_asm;
use std::ffi::c_void;

type Work = unsafe extern "C-unwind" fn(*mut c_void);

/// Does something that no C++ exception leaves. A panic ends the process as well.
#[inline]
pub(crate) fn barrier<R>(work: impl FnOnce() -> R) -> R {
    fn carry_out<W: FnOnce() -> R, R>() -> Work {
        unsafe extern "C-unwind" fn run<W: FnOnce() -> R, R>(given: *mut c_void) {
            // SAFETY: `barrier` passes a state of these types, which outlives the call and is reached by nobody else.
            let state = unsafe { &mut *given.cast::<(Option<W>, Option<R>)>() };
            state.1 = state.0.take().map(|work| work());
        }
        run::<W, R>
    }
    fn enter_with<W: FnOnce() -> R, R>(work: W) -> Option<R> {
        let mut state = (Some(work), None);
        // SAFETY: the function expects just this state.
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

/// Calls a function with an argument. The stack is left at a multiple of sixteen, as System V asks for.
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
    fn what_is_done_behind_it_gives_its_result() {
        let text = String::from("behind it");
        assert_eq!(barrier(move || text.len()), 9);
    }
}
