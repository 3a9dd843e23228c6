//! Small library files, built byte by byte for the tests, and directories for them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory that is removed with its contents when the test ends.
pub(super) struct Directory(PathBuf);

impl Directory {
    pub(super) fn new(name: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("runtime64-image-{}-{count}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, creating its parent directories, and returns its path.
    pub(super) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Bytes that are written at given offsets.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn put(&mut self, offset: usize, bytes: &[u8]) {
        if self.0.len() < offset + bytes.len() {
            self.0.resize(offset + bytes.len(), 0);
        }
        self.0[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    fn put16(&mut self, offset: usize, value: u16) {
        self.put(offset, &value.to_le_bytes());
    }

    fn put32(&mut self, offset: usize, value: u32) {
        self.put(offset, &value.to_le_bytes());
    }

    /// Appends a zero-terminated string and returns its offset.
    fn text(&mut self, text: &str) -> u32 {
        let start = self.0.len();
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
        u32::try_from(start).unwrap()
    }
}

/// A shared object for Linux.
#[derive(Clone, Default)]
pub(super) struct Elf<'a> {
    pub(super) is_64: bool,
    pub(super) needed: &'a [&'a str],
    pub(super) soname: Option<&'a str>,
    pub(super) runpath: Option<&'a str>,
    /// Names and symbol types (1 data, 2 function) of the exports.
    pub(super) symbols: &'a [(&'a str, u8)],
    pub(super) flags_1: u32,
}

impl Elf<'_> {
    /// One segment that maps the whole file at address 0: program headers at 64, dynamic section, symbols, hash
    /// table, strings.
    pub(super) fn build(&self) -> Vec<u8> {
        let (symbol_size, word) = if self.is_64 { (24, 8) } else { (16, 4) };
        let mut strings = Bytes(vec![0]);
        let mut dynamic: Vec<(u32, u32)> = self.needed.iter().map(|name| (1, strings.text(name))).collect();
        dynamic.extend(self.soname.map(|name| (14, strings.text(name))));
        dynamic.extend(self.runpath.map(|path| (29, strings.text(path))));
        let names: Vec<u32> = self.symbols.iter().map(|(name, _)| strings.text(name)).collect();
        let symbols_at = 0x400;
        let count = 1 + names.len();
        let hash_at = symbols_at + count * symbol_size;
        let strings_at = hash_at + 16 + 4 * count;
        let place = |value: usize| u32::try_from(value).unwrap();
        dynamic.extend([
            (4, place(hash_at)),
            (5, place(strings_at)),
            (6, place(symbols_at)),
            (10, place(strings.0.len())),
        ]);
        dynamic.extend([(0x6FFF_FFFB, self.flags_1), (0, 0)]);

        let mut file = Bytes::default();
        file.put(0, b"\x7FELF");
        file.put(4, &[if self.is_64 { 2 } else { 1 }, 1, 1]);
        file.put16(16, 3);
        file.put16(18, if self.is_64 { 62 } else { 3 });
        file.put32(20, 1);
        file.put32(if self.is_64 { 32 } else { 28 }, 64);
        let tail = if self.is_64 { 52 } else { 40 };
        file.put16(tail, if self.is_64 { 64 } else { 52 });
        file.put16(tail + 2, if self.is_64 { 56 } else { 32 });
        file.put16(tail + 4, 2);
        let length = place(strings_at + strings.0.len());
        self.program(&mut file, 0, 1, 0, length);
        self.program(&mut file, 1, 2, 0x200, place(dynamic.len() * 2 * word));
        for (index, (tag, value)) in dynamic.iter().enumerate() {
            file.put32(0x200 + index * 2 * word, *tag);
            file.put32(0x200 + index * 2 * word + word, *value);
        }
        for (index, (name, (_, kind))) in names.iter().zip(self.symbols).enumerate() {
            let at = symbols_at + (index + 1) * symbol_size;
            file.put32(at, *name);
            let (value, info, section) = if self.is_64 { (8, 4, 6) } else { (4, 12, 14) };
            file.put32(at + value, 0x1000 + place(index));
            file.put(at + info, &[0x10 | kind]);
            file.put16(at + section, 1);
        }
        file.put32(hash_at, 1);
        file.put32(hash_at + 4, place(count));
        file.put(strings_at, &strings.0);
        file.0
    }

    fn program(&self, file: &mut Bytes, index: usize, kind: u32, offset: u32, size: u32) {
        let (at, width) = if self.is_64 { (64 + index * 56, 8) } else { (64 + index * 32, 4) };
        file.put32(at, kind);
        let first = if self.is_64 { at + 8 } else { at + 4 };
        // Offset, virtual address, physical address, size in the file, size in memory.
        for (field, value) in [offset, offset, offset, size, size].into_iter().enumerate() {
            file.put32(first + field * width, value);
        }
        file.put32(if self.is_64 { at + 4 } else { at + 24 }, 5);
    }
}

/// A DLL for Windows.
#[derive(Clone)]
pub(super) struct Pe<'a> {
    pub(super) machine: u16,
    pub(super) characteristics: u16,
    pub(super) imports: &'a [&'a str],
    /// Names of exported functions, the first with ordinal 5. An empty name is an export by ordinal only.
    pub(super) exports: &'a [&'a str],
    /// The forwarder of an export called `Forwarded`, which comes last.
    pub(super) forwarder: Option<&'a str>,
    pub(super) managed: bool,
}

impl Default for Pe<'_> {
    fn default() -> Self {
        Self { machine: 0x014C, characteristics: 0x2102, imports: &[], exports: &[], forwarder: None, managed: false }
    }
}

impl Pe<'_> {
    /// One executable section at address 0x1000 and file offset 0x400: export table, import table, names.
    pub(super) fn build(&self) -> Vec<u8> {
        let mut section = Bytes::default();
        section.put(0, &[0; 0x400]);
        self.put_exports(&mut section);
        for (index, name) in self.imports.iter().enumerate() {
            let name = 0x1000 + section.text(name);
            section.put32(0x200 + index * 20 + 12, name);
            section.put32(0x200 + index * 20 + 16, 0x1000);
        }
        let size = u32::try_from(section.0.len()).unwrap();

        let is_64 = self.machine == 0x8664;
        let mut file = Bytes::default();
        file.put(0, b"MZ");
        file.put16(0x18, 0x40);
        file.put32(0x3C, 0x80);
        file.put(0x80, b"PE\0\0");
        file.put16(0x84, self.machine);
        file.put16(0x86, 1);
        let directories = if is_64 { 112 } else { 96 };
        file.put16(0x94, directories + 16 * 8);
        file.put16(0x96, self.characteristics);
        let directories = usize::from(directories);
        file.put16(0x98, if is_64 { 0x20B } else { 0x10B });
        file.put32(0x98 + 60, 0x400);
        file.put32(0x98 + directories - 4, 16);
        if !self.exports.is_empty() || self.forwarder.is_some() {
            file.put32(0x98 + directories, 0x1000);
            file.put32(0x98 + directories + 4, 0x200);
        }
        if !self.imports.is_empty() {
            file.put32(0x98 + directories + 8, 0x1200);
            file.put32(0x98 + directories + 12, 0x100);
        }
        if self.managed {
            file.put32(0x98 + directories + 14 * 8, 0x1300);
            file.put32(0x98 + directories + 14 * 8 + 4, 72);
        }
        let header = 0x98 + directories + 16 * 8;
        file.put(header, b".text\0\0\0");
        for (index, value) in [size, 0x1000, size, 0x400].into_iter().enumerate() {
            file.put32(header + 8 + index * 4, value);
        }
        file.put32(header + 36, 0x6000_0020);
        file.put(0x400, &section.0);
        file.0
    }

    fn put_exports(&self, section: &mut Bytes) {
        let mut addresses = vec![0x1300_u32; self.exports.len()];
        let mut names: Vec<(&str, usize)> =
            self.exports.iter().enumerate().map(|(index, name)| (*name, index)).collect();
        names.retain(|(name, _)| !name.is_empty());
        if let Some(forwarder) = self.forwarder {
            section.put(0x1C0, forwarder.as_bytes());
            names.push(("Forwarded", addresses.len()));
            addresses.push(0x11C0);
        }
        section.put32(16, 5);
        section.put32(20, u32::try_from(addresses.len()).unwrap());
        section.put32(24, u32::try_from(names.len()).unwrap());
        for (index, table) in [0x1040, 0x1080, 0x10C0].into_iter().enumerate() {
            section.put32(28 + index * 4, table);
        }
        for (index, address) in addresses.iter().enumerate() {
            section.put32(0x40 + index * 4, *address);
        }
        for (place, (name, index)) in names.into_iter().enumerate() {
            let name = 0x1000 + section.text(name);
            section.put32(0x80 + place * 4, name);
            section.put16(0xC0 + place * 2, u16::try_from(index).unwrap());
        }
    }
}

/// Changes random bytes of `seed` and truncates it at random places, `rounds` times, and passes each result to `read`.
/// The sequence is reproducible.
pub(super) fn damage(seed: &[u8], rounds: u32, mut read: impl FnMut(&[u8])) {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = |bound: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % bound.max(1)
    };
    let mut bytes = seed.to_vec();
    for round in 0..rounds {
        let mut changed = Vec::new();
        for _ in 0..1 + next(8) {
            // Half of the changes are in the headers, where they have the most effect.
            let bound = if next(2) == 0 { bytes.len().min(1024) } else { bytes.len() };
            let place = next(bound);
            changed.push(place);
            bytes[place] = match next(4) {
                0 => 0,
                1 => 0xFF,
                _ => next(256) as u8,
            };
        }
        let length = if round % 4 == 0 { next(bytes.len()) } else { bytes.len() };
        read(&bytes[..length]);
        for place in changed {
            bytes[place] = seed[place];
        }
    }
}
