//! Files of compilers and linkers that no loader accepts: object files and archives of them; and Mach-O files.

use object::pe;

use super::word;

pub(super) fn is_mach_o(head: &[u8]) -> bool {
    let Some(magic) = head.get(..4) else {
        return false;
    };
    match magic {
        [0xFE, 0xED, 0xFA, 0xCE | 0xCF] | [0xCE | 0xCF, 0xFA, 0xED, 0xFE] => true,
        // A Java class file has the same magic number; in the place of its version (45 and up), a universal binary
        // has the number of its architectures, which is small.
        [0xCA, 0xFE, 0xBA, 0xBE] => head.get(4..8).is_some_and(|count| matches!(count, [0, 0, 0, 1..=30])),
        _ => false,
    }
}

pub(super) fn is_archive(head: &[u8]) -> bool {
    let is_package = head[8.min(head.len())..].starts_with(b"debian-binary");
    (head.starts_with(b"!<arch>\n") && !is_package) || head.starts_with(b"!<thin>\n")
}

/// The DLL of an import library: a name ending in `.dll` inside an archive with import descriptors.
pub(super) fn imported_dll(head: &[u8]) -> Option<String> {
    let has = |pattern: &[u8]| head.windows(pattern.len()).any(|window| window == pattern);
    // Long-form members have sections named .idata$…; short-form ones start with 0, 0xFFFF and version 0.
    if !has(b".idata$") && !has(b"`\n\0\0\xFF\xFF\0\0") {
        return None;
    }
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-+".contains(&byte);
    let end = head.windows(5).position(|window| window.eq_ignore_ascii_case(b".dll\0"))? + 4;
    let start = head[..end].iter().rposition(|&byte| !is_name(byte)).map_or(0, |before| before + 1);
    std::str::from_utf8(&head[start..end]).ok().map(str::to_owned)
}

/// COFF has no signature: an object file is recognised by its machine, a plausible number of sections, and no
/// optional header.
pub(super) fn is_coff_object(head: &[u8], length: u64) -> bool {
    let (Some(machine), Some(sections), Some(optional_size)) = (word(head, 0), word(head, 2), word(head, 16)) else {
        return false;
    };
    // "Anonymous" objects: those of /GL and /bigobj.
    if machine == 0 && sections == 0xFFFF {
        return true;
    }
    let symbols = head.get(8..12).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_le_bytes);
    matches!(
        pe::Machine(machine),
        pe::IMAGE_FILE_MACHINE_I386
            | pe::IMAGE_FILE_MACHINE_AMD64
            | pe::IMAGE_FILE_MACHINE_ARMNT
            | pe::IMAGE_FILE_MACHINE_ARM64
    ) && optional_size == 0
        && sections > 0
        && 20 + u64::from(sections) * 40 <= length
        && u64::from(symbols) <= length
}
