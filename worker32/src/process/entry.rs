//! Entry points called from a library's code. On i386, System V guarantees functions a stack aligned to 16 bytes,
//! which compiled code relies on. Code of old compilers and hand-written assembly aligns it to 4 bytes only.

/// Defines a function called from a library's code that calls another function on a stack aligned to 16 bytes. It
/// passes at most four words of arguments.
///
/// On Windows the compiler expects an alignment of 4 bytes on i386 and aligns the stack itself where necessary.
macro_rules! entry {
    ($(#[$attribute:meta])* unsafe extern $abi:literal fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)? = $work:path;) => {
        $(#[$attribute])*
        #[cfg(all(target_arch = "x86", unix))]
        #[unsafe(naked)]
        unsafe extern $abi fn $name($($argument: $type),*) $(-> $result)? {
            // The words beyond the arguments belong to the caller and are not read. The unwinder passes through here
            // on its way from an `abort` to the library that called it.
            ::std::arch::naked_asm!(
                ".cfi_startproc",
                "push ebp",
                ".cfi_def_cfa_offset 8",
                ".cfi_offset ebp, -8",
                "mov ebp, esp",
                ".cfi_def_cfa_register ebp",
                "and esp, -16",
                "push dword ptr [ebp + 20]",
                "push dword ptr [ebp + 16]",
                "push dword ptr [ebp + 12]",
                "push dword ptr [ebp + 8]",
                "call {work}",
                "leave",
                ".cfi_def_cfa esp, 4",
                "ret",
                ".cfi_endproc",
                work = sym $work,
            )
        }

        $(#[$attribute])*
        #[cfg(not(all(target_arch = "x86", unix)))]
        unsafe extern $abi fn $name($($argument: $type),*) $(-> $result)? {
            // SAFETY: the caller provides the same guarantees.
            unsafe { $work($($argument),*) }
        }
    };
}

pub(crate) use entry;
