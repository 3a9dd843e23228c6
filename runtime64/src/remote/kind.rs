//! The kinds of worker: one for each format and width of libraries.

use std::fmt;

use protocol::{Machine, Platform};

/// The kind of worker that can load a library, by the library's format and processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WorkerKind {
    /// The platform, which determines format and ABI.
    pub platform: Platform,
    /// The processor architecture.
    pub machine: Machine,
}

impl WorkerKind {
    /// The host system's own 32-bit kind, the default before any library is loaded.
    pub const DEFAULT: Self = Self { platform: HOST, machine: Machine::I386 };

    /// All kinds, in the order of [`WorkerKind::index`].
    pub const ALL: [Self; 4] = [
        Self { platform: Platform::Linux, machine: Machine::I386 },
        Self { platform: Platform::Linux, machine: Machine::X86_64 },
        Self { platform: Platform::Windows, machine: Machine::I386 },
        Self { platform: Platform::Windows, machine: Machine::X86_64 },
    ];

    /// The kind's index in [`WorkerKind::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.platform == Platform::Windows) * 2 + usize::from(self.machine == Machine::X86_64)
    }

    /// The file name of this kind's executable.
    #[must_use]
    pub fn executable(self) -> &'static str {
        ["worker32", "worker64", "worker32.exe", "worker64.exe"][self.index()]
    }

    /// Whether this kind runs through Wine on this host.
    #[must_use]
    pub fn needs_wine(self) -> bool {
        self.platform == Platform::Windows && HOST == Platform::Linux
    }

    /// Whether a worker of this kind can have this many bytes at an address, which an untrusted worker has reported.
    #[must_use]
    pub fn can_hold(self, address: u64, bytes: u64) -> bool {
        let last = u64::MAX >> (64 - u32::from(self.pointer_bits()));
        address != 0 && address.checked_add(bytes).is_some_and(|end| end <= last)
    }

    /// The width of a pointer, in bits.
    #[must_use]
    pub fn pointer_bits(self) -> u8 {
        match self.machine {
            Machine::I386 => 32,
            Machine::X86_64 => 64,
        }
    }
}

impl fmt::Display for WorkerKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let platform = match self.platform {
            Platform::Linux => "Linux",
            Platform::Windows => "Windows",
        };
        write!(formatter, "{}-bit {platform}", self.pointer_bits())
    }
}

const HOST: Platform = if cfg!(windows) { Platform::Windows } else { Platform::Linux };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_index_and_name() {
        for (index, kind) in WorkerKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), index);
            assert_eq!(kind.executable().ends_with(".exe"), kind.platform == Platform::Windows);
            assert!(kind.executable().contains(&kind.pointer_bits().to_string()));
        }
    }

    #[test]
    fn memory_lies_within_the_width_of_a_pointer() {
        let [narrow, wide, ..] = WorkerKind::ALL;
        let cases = [
            (narrow, 0x1000, 16, true),
            (narrow, 0, 16, false),
            (narrow, 0xffff_0000, 0xffff, true),
            (narrow, 0xffff_0000, 0x1_0000, false),
            (narrow, 1 << 32, 0, false),
            (wide, 1 << 32, 1 << 32, true),
            (wide, u64::MAX - 7, 16, false),
        ];
        for (kind, address, bytes, expected) in cases {
            assert_eq!(kind.can_hold(address, bytes), expected, "{bytes} bytes at {address:#x} of {kind}");
        }
    }
}
