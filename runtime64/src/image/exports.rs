//! The exports of a library, one row per symbol.

use super::{Convention, Format, Machine, decoration};

/// The limit on the total size of all names of one library, in bytes. Overlapping tables could otherwise expand
/// without bound.
pub(super) const NAME_BYTES_LIMIT: usize = 64 << 20;

/// Whether an export can be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportKind {
    /// Code: an ELF function symbol, or a PE export in an executable section.
    Function,
    /// A variable.
    Data,
}

/// An exported symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The name in the file, decorated or mangled by the compiler. `None` for a PE export by ordinal only.
    pub name: Option<String>,
    /// The PE ordinal.
    pub ordinal: Option<u32>,
    /// For a PE export implemented by another DLL: that DLL and function, as in `NTDLL.RtlAllocateHeap` or
    /// `OTHER.#12`.
    pub forwarder: Option<String>,
    /// Function or variable. A forwarder counts as a function.
    pub kind: ExportKind,
    /// The address relative to the library's load address: an ELF symbol value, a PE RVA. Zero for a forwarder.
    pub address: u64,
    /// The name in the source; empty for an export by ordinal only.
    pub undecorated: String,
    /// The calling convention, if the name contains it.
    pub convention: Option<Convention>,
    /// The size of all arguments in bytes, if the name contains it.
    pub argument_bytes: Option<u32>,
    /// The C++ declaration, if the name is mangled.
    pub demangled: Option<String>,
}

/// An export from the file, before its name is parsed.
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

    /// Adds the information that the name contains.
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
