//! The names of annotations and their meanings.

use crate::c::types::{Direction, ExtentUnit};

/// The meaning of an annotation's name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Meaning {
    pub(super) direction: Direction,
    pub(super) optional: bool,
    pub(super) zero_terminated: bool,
    /// The unit of its argument, if it has one.
    pub(super) unit: Option<ExtentUnit>,
    /// Whether a second argument specifies the size that is valid after the call.
    pub(super) to: bool,
}

/// Whether a name is that of an annotation.
pub(in crate::c::parser) fn is_annotation(name: &str) -> bool {
    meaning(name).is_some() || is_ignored(name) || plain_word(name).is_some()
}

/// Annotations that do not matter to calls. Those with parentheses take arguments, which are skipped.
pub(super) fn is_ignored(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "_Check_return_",
        "_Must_inspect_result_",
        "_Reserved_",
        "_Const_",
        "_Null_terminated_",
        "_NullNull_terminated_",
        "_Printf_format_string_",
        "_Scanf_format_string_",
        "_Use_decl_annotations_",
        "_Frees_ptr_",
        "_Frees_ptr_opt_",
        "_Pre_",
        "_Post_",
        "_Notnull_",
        "_Maybenull_",
        "_Notref_",
        "_Valid_",
        "_Notvalid_",
        "_Readable_bytes_",
        "_Writable_bytes_",
        "_Readable_elements_",
        "_Writable_elements_",
        "_Success_",
        "_Return_type_success_",
        "_On_failure_",
        "_Always_",
        "_When_",
        "_At_",
        "_Group_",
        "_Field_size_",
        "_Field_size_opt_",
        "_Field_size_bytes_",
        "_Field_size_full_",
        "_Field_z_",
        "_Field_range_",
        "_Struct_size_bytes_",
        "_In_range_",
        "_Out_range_",
        "_Ret_range_",
        "_Deref_in_range_",
        "_Deref_out_range_",
        "_Pre_valid_",
        "_Post_valid_",
        "_Pre_notnull_",
        "_Pre_maybenull_",
        "_Post_invalid_",
        "_Post_ptr_invalid_",
        "_Post_writable_byte_size_",
        "_Post_readable_byte_size_",
        "_Post_equal_to_",
        "_Post_satisfies_",
        "_Pre_satisfies_",
        "_IRQL_requires_max_",
        "_IRQL_requires_",
        "_Function_class_",
        "_Acquires_lock_",
        "_Releases_lock_",
        "_Requires_lock_held_",
        "_Analysis_noreturn_",
        "_Inout_cap_",
        "_Enum_is_bitflag_",
        "_Literal_",
        "_Notliteral_",
        "__checkReturn",
        "__reserved",
        "__callback",
        "__format_string",
        "__nullterminated",
        "__fallthrough",
        "__success",
        "__control_entrypoint",
        "__drv_aliasesMem",
        "__drv_freesMem",
        "__kernel_entry",
        "__typefix",
        "__analysis_noreturn",
    ];
    NAMES.contains(&name)
}

/// The old words that are annotations only if something follows that they can describe, since they can also be
/// names.
pub(super) fn plain_word(name: &str) -> Option<Option<Direction>> {
    Some(match name {
        "IN" => Some(Direction::In),
        "OUT" => Some(Direction::Out),
        "OPTIONAL" => None,
        _ => return None,
    })
}

/// The meaning of a name, if it is an annotation.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    if let Some(old) = name.strip_prefix("__") {
        return old_meaning(old);
    }
    let words = name.strip_prefix('_')?.strip_suffix('_')?;
    let mut words = words.split('_');
    let first = words.next()?;
    let direction = match first {
        "In" => Direction::In,
        "Out" | "Ret" => Direction::Out,
        "Inout" => Direction::InOut,
        "Outptr" => Direction::OutPointer,
        "COM" if words.next() == Some("Outptr") => Direction::OutPointer,
        _ => return None,
    };
    let mut meaning = Meaning { direction, optional: false, zero_terminated: false, unit: None, to: false };
    for word in words {
        match word {
            "opt" | "maybenull" => meaning.optional = true,
            "z" => meaning.zero_terminated = true,
            "reads" | "writes" | "updates" | "buffer" | "count" | "cap" => meaning.unit = Some(ExtentUnit::Elements),
            "bytes" | "bytebuffer" | "bytecount" | "bytecap" => meaning.unit = Some(ExtentUnit::Bytes),
            "to" => meaning.to = true,
            "all" | "or" | "result" | "notnull" | "valid" | "null" => {}
            _ => return None,
        }
    }
    Some(meaning)
}

/// The annotations from before 2008: `__in`, `__out_ecount(n)`, `__deref_out_opt`.
fn old_meaning(words: &str) -> Option<Meaning> {
    let (words, deref) = match words.strip_prefix("deref_") {
        Some(rest) => (rest, true),
        None => (words, false),
    };
    let mut words = words.split('_');
    let direction = match (words.next()?, deref) {
        ("out", true) => Direction::OutPointer,
        ("in", false) => Direction::In,
        ("out", false) => Direction::Out,
        ("inout", false) => Direction::InOut,
        _ => return None,
    };
    let mut meaning = Meaning { direction, optional: false, zero_terminated: false, unit: None, to: false };
    for word in words {
        match word {
            "opt" => meaning.optional = true,
            "z" => meaning.zero_terminated = true,
            "ecount" => meaning.unit = Some(ExtentUnit::Elements),
            "bcount" => meaning.unit = Some(ExtentUnit::Bytes),
            "part" => meaning.to = true,
            "full" => {}
            _ => return None,
        }
    }
    Some(meaning)
}
