//! The export that contains an address, as far as can be determined without debug information.

use std::path::Path;

use super::{Export, ExportKind, Image};

/// The last exported function that starts before `offset`, an address relative to the library's load address, and the
/// distance: `Reset+0x14`. Functions that are not exported have no names, so the address may belong to one of those
/// behind it.
#[must_use]
pub fn nearest_export(path: &Path, offset: u64) -> Option<String> {
    let exports = Image::open(path).ok()?.exports().ok()?;
    let nearest = nearest(&exports, offset)?;
    let name = match (&nearest.undecorated, nearest.ordinal) {
        (name, _) if !name.is_empty() => name.clone(),
        (_, ordinal) => format!("#{}", ordinal?),
    };
    Some(format!("{name}+{:#x}", offset - nearest.address))
}

fn nearest(exports: &[Export], offset: u64) -> Option<&Export> {
    let before = exports.iter().filter(|export| {
        export.kind == ExportKind::Function
            && export.forwarder.is_none()
            && export.address <= offset
            && export.address != 0
    });
    // Of several names of one function, the alphabetically first, so that reports are reproducible.
    before.min_by(|left, right| right.address.cmp(&left.address).then_with(|| left.name.cmp(&right.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::exports::RawExport;
    use crate::image::{Format, Machine};

    #[test]
    fn the_last_function_before_an_address_is_the_nearest() {
        let export = |name: &str, address, kind| {
            RawExport::named(name.to_owned(), address, kind).describe(Format::Elf, Machine::I386)
        };
        let exports = [
            export("b", 0x1000, ExportKind::Function),
            export("a", 0x1000, ExportKind::Function),
            export("later", 0x2000, ExportKind::Function),
            export("data", 0x1800, ExportKind::Data),
        ];
        let name = |offset| nearest(&exports, offset).and_then(|export| export.name.as_deref());
        assert_eq!(
            [name(0xfff), name(0x1000), name(0x1fff), name(0x9000)],
            [None, Some("a"), Some("a"), Some("later")]
        );
    }

    #[test]
    fn a_file_that_is_no_library_has_none() {
        assert_eq!(nearest_export(Path::new("/nowhere/a.so"), 16), None);
    }
}
