//! What a library exports, one row for each symbol.

use super::{Convention, Format, Machine, decoration};

/// The most that all names of one library may add up to, in bytes. Tables that overlap could otherwise unfold without end.
pub(super) const NAME_BYTES_LIMIT: usize = 64 << 20;

/// Whether an export can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportKind {
    /// Code: an ELF function symbol, or a PE export in an executable section.
    Function,
    /// A variable.
    Data,
}

/// A symbol that a library offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The name in the file, decorated or mangled as the compiler left it. `None` for a PE export by ordinal alone.
    pub name: Option<String>,
    /// The PE ordinal.
    pub ordinal: Option<u32>,
    /// For a PE export that another DLL implements: that DLL and function, as in `NTDLL.RtlAllocateHeap` or `OTHER.#12`.
    pub forwarder: Option<String>,
    /// Function or variable. A forwarder counts as a function.
    pub kind: ExportKind,
    /// The address relative to where the library is loaded: an ELF symbol value, a PE RVA. Zero for a forwarder.
    pub address: u64,
    /// The name as the source has it; empty for an export by ordinal alone.
    pub undecorated: String,
    /// The calling convention that the name tells, if any.
    pub convention: Option<Convention>,
    /// The size of all arguments in bytes that the name tells, if any.
    pub argument_bytes: Option<u32>,
    /// The C++ declaration that the name stands for, if any.
    pub demangled: Option<String>,
}

/// An export as the file has it, before its name is taken apart.
pub(super) struct RawExport {
    pub(super) name: Option<String>,
    pub(super) ordinal: Option<u32>,
    pub(super) forwarder: Option<String>,
    pub(super) kind: ExportKind,
    pub(super) address: u64,
}

impl RawExport {
    pub(super) fn named(name: String, address: u64, kind: ExportKind) -> Self {
        Self { name: Some(name), ordinal: None, forwarder: None, kind, address }
    }

    /// Adds what the name tells.
    pub(super) fn describe(self, format: Format, machine: Machine) -> Export {
        let decoration = decoration::undecorate(self.name.as_deref().unwrap_or_default(), format, machine);
        Export {
            name: self.name,
            ordinal: self.ordinal,
            forwarder: self.forwarder,
            kind: self.kind,
            address: self.address,
            undecorated: decoration.undecorated,
            convention: decoration.convention,
            argument_bytes: decoration.argument_bytes,
            demangled: decoration.demangled,
        }
    }
}
