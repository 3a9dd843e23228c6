//! The dynamic symbol table: exports of a shared object.

use std::collections::HashMap;

use object::LittleEndian as LE;
use object::elf;
use object::pod;
use object::read::elf::{FileHeader, GnuHashTable, HashTable, Sym};

use super::{Class, ElfView, Header32, Header64, string_at, tag_number};
use crate::image::error::Fault;
use crate::image::exports::{ExportKind, NAME_BYTES_LIMIT, RawExport};

impl ElfView<'_> {
    /// The defined, visible symbols of the dynamic symbol table.
    pub(in crate::image) fn exports(&self) -> Result<Vec<RawExport>, Fault> {
        match self.class {
            Class::Elf32 => self.exports_as::<Header32>(),
            Class::Elf64 => self.exports_as::<Header64>(),
        }
    }

    fn exports_as<Elf: FileHeader<Endian = LE>>(&self) -> Result<Vec<RawExport>, Fault> {
        let outside = || Fault::Damaged("its symbol table lies outside the file".to_owned());
        let Some(address) = self.value(tag_number(elf::DT_SYMTAB)) else {
            return Ok(Vec::new());
        };
        let count = self.symbol_count::<Elf>(address);
        let bytes = self.bytes_at(address).ok_or_else(outside)?;
        let (symbols, _) = pod::slice_from_bytes::<Elf::Sym>(bytes, count).map_err(|()| outside())?;
        let strings = self.string_table();
        let versions = self.bytes_of(tag_number(elf::DT_VERSYM));
        let mut name_bytes = 0;
        let mut by_name = HashMap::<String, usize>::new();
        let mut exports = Vec::<RawExport>::new();
        for (index, symbol) in symbols.iter().enumerate() {
            let Some(kind) = self.exported_kind::<Elf>(symbol) else {
                continue;
            };
            let Some(name) = string_at(strings, symbol.st_name(LE).into()).filter(|name| !name.is_empty()) else {
                continue;
            };
            name_bytes += name.len();
            if name_bytes > NAME_BYTES_LIMIT {
                return Err(Fault::Damaged("its symbol names overlap".to_owned()));
            }
            let export = RawExport::named(name.clone(), symbol.st_value(LE).into(), kind);
            // A name may have several versions; lookup by plain name finds the one that is not hidden.
            match by_name.get(&name) {
                Some(_) if is_hidden_version(versions, index) => {}
                Some(&place) => exports[place] = export,
                None => {
                    by_name.insert(name, exports.len());
                    exports.push(export);
                }
            }
        }
        Ok(exports)
    }

    /// The kind of a symbol; `None` if the library does not export it.
    fn exported_kind<Elf: FileHeader<Endian = LE>>(&self, symbol: &Elf::Sym) -> Option<ExportKind> {
        let section = symbol.st_shndx(LE);
        let value: u64 = symbol.st_value(LE).into();
        // An absolute zero is the name of a symbol version.
        if section == elf::SHN_UNDEF || (section == elf::SHN_ABS && value == 0) {
            return None;
        }
        if !matches!(symbol.st_bind(), elf::STB_GLOBAL | elf::STB_WEAK | elf::STB_GNU_UNIQUE)
            || !matches!(symbol.st_visibility(), elf::STV_DEFAULT | elf::STV_PROTECTED)
        {
            return None;
        }
        match symbol.st_type() {
            elf::STT_FUNC | elf::STT_GNU_IFUNC => Some(ExportKind::Function),
            elf::STT_OBJECT | elf::STT_COMMON | elf::STT_TLS => Some(ExportKind::Data),
            // Assembly sources often omit the type.
            elf::STT_NOTYPE if self.segment_of(value).is_some_and(|segment| segment.executable) => {
                Some(ExportKind::Function)
            }
            elf::STT_NOTYPE => Some(ExportKind::Data),
            _ => None,
        }
    }

    /// The number of dynamic symbols, which only the hash tables contain. Bounded by what the file can hold.
    fn symbol_count<Elf: FileHeader<Endian = LE>>(&self, symbols: u64) -> usize {
        let size = size_of::<Elf::Sym>();
        let most = self.bytes_at(symbols).map_or(0, |bytes| bytes.len() / size);
        let hash = self.bytes_of(tag_number(elf::DT_HASH)).and_then(|bytes| HashTable::<Elf>::parse(LE, bytes).ok());
        let gnu_hash = || {
            let table = GnuHashTable::<Elf>::parse(LE, self.bytes_of(tag_number(elf::DT_GNU_HASH))?).ok()?;
            // If the table is empty, all symbols before it are undefined and none is exported.
            Some(table.symbol_table_length(LE).unwrap_or_else(|| table.symbol_base()) as usize)
        };
        // Linkers place the string table right after the symbols.
        let distance = || {
            let strings = self.value(tag_number(elf::DT_STRTAB))?;
            usize::try_from(strings.checked_sub(symbols)?).ok().map(|bytes| bytes / size)
        };
        let count = hash.map(|table| table.symbol_table_length() as usize).or_else(gnu_hash).or_else(distance);
        count.unwrap_or(0).min(most)
    }
}

/// `VERSYM_HIDDEN`: the version is only for programs that were linked against it.
fn is_hidden_version(versions: Option<&[u8]>, index: usize) -> bool {
    const HIDDEN: u8 = 0x80;
    versions.and_then(|table| table.get(index * 2 + 1)).is_some_and(|high| high & HIDDEN != 0)
}
