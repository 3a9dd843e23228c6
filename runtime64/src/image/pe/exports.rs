//! The export table of a DLL.

use object::LittleEndian as LE;
use object::pe::{self, ImageExportDirectory, ImageSectionHeader};
use object::{U16, U32};

use super::PeView;
use crate::image::error::Fault;
use crate::image::exports::{ExportKind, NAME_BYTES_LIMIT, RawExport};

impl PeView<'_> {
    /// The export table in ordinal order. A function with several names appears once for each.
    pub(in crate::image) fn exports(&self) -> Result<Vec<RawExport>, Fault> {
        if self.exports.address == 0 {
            return Ok(Vec::new());
        }
        let outside = || Fault::Damaged("its export table lies outside the file".to_owned());
        let table = self.structures::<ImageExportDirectory>(self.exports.address, 1).ok_or_else(outside)?;
        let table = table.first().ok_or_else(outside)?;
        let base = table.base.get(LE);
        let functions = table.number_of_functions.get(LE) as usize;
        let addresses = self.array::<U32<LE>>(table.address_of_functions.get(LE), functions).ok_or_else(outside)?;
        let names = self.names(table).ok_or_else(outside)?;
        let mut has_name = vec![false; addresses.len()];
        let mut exports = Vec::with_capacity(addresses.len());
        let mut name_bytes = 0;
        for (name, index) in names {
            // An index beyond the table is a dangling name; Windows ignores it until it is requested.
            let Some(address) = addresses.get(index) else {
                continue;
            };
            name_bytes += name.len();
            if name_bytes > NAME_BYTES_LIMIT {
                return Err(Fault::Damaged("its export names overlap".to_owned()));
            }
            has_name[index] = true;
            exports.push(self.export(Some(name), base, index, address.get(LE)));
        }
        for (index, address) in addresses.iter().enumerate() {
            // A zero fills a gap between ordinals.
            if !has_name[index] && address.get(LE) != 0 {
                exports.push(self.export(None, base, index, address.get(LE)));
            }
        }
        exports.sort_by_key(|export| export.ordinal);
        Ok(exports)
    }

    /// The export names with their indexes into the address table.
    fn names(&self, table: &ImageExportDirectory) -> Option<Vec<(String, usize)>> {
        // An index is 16 bits wide, and every function can have several names, but no library needs more than this.
        let count = (table.number_of_names.get(LE) as usize).min(1 << 20);
        if count == 0 {
            return Some(Vec::new());
        }
        let pointers = self.array::<U32<LE>>(table.address_of_names.get(LE), count)?;
        let indexes = self.array::<U16<LE>>(table.address_of_name_ordinals.get(LE), count)?;
        let pairs = pointers.iter().zip(indexes);
        Some(
            pairs
                .filter_map(|(pointer, index)| Some((self.string_at(pointer.get(LE))?, usize::from(index.get(LE)))))
                .collect(),
        )
    }

    fn export(&self, name: Option<String>, base: u32, index: usize, address: u32) -> RawExport {
        // An address inside the export table is that of a forwarder string.
        let is_forwarder = address.checked_sub(self.exports.address).is_some_and(|offset| offset < self.exports.size);
        let forwarder = if is_forwarder { self.string_at(address) } else { None };
        let kind = if forwarder.is_some() || self.is_code(address) { ExportKind::Function } else { ExportKind::Data };
        let ordinal = u32::try_from(index).ok().and_then(|index| base.checked_add(index));
        RawExport { name, ordinal, address: if forwarder.is_some() { 0 } else { address.into() }, forwarder, kind }
    }

    fn is_code(&self, address: u32) -> bool {
        const CODE: u32 = pe::IMAGE_SCN_MEM_EXECUTE.0 | pe::IMAGE_SCN_CNT_CODE.0;
        let inside = |section: &&ImageSectionHeader| {
            let size = section.virtual_size.get(LE).max(section.size_of_raw_data.get(LE));
            address.checked_sub(section.virtual_address.get(LE)).is_some_and(|offset| offset < size)
        };
        self.sections.iter().find(inside).is_some_and(|section| section.characteristics.get(LE).0 & CODE != 0)
    }
}
