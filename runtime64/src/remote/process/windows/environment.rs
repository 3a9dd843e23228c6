//! The environment of a new process, in the format of `CreateProcessW`.

use std::env;
use std::ffi::{OsStr, OsString};
use std::os::windows::ffi::OsStrExt;

/// This process's environment with some variables set or removed, or `None` if it is inherited unchanged.
///
/// The block consists of `NAME=value` strings, each terminated by a zero, sorted without regard to case, and a final
/// zero (MSDN, CreateProcessW, "Changing Environment Variables").
pub(super) fn block(changes: &[(OsString, Option<OsString>)]) -> Option<Vec<u16>> {
    if changes.is_empty() {
        return None;
    }
    let mut variables: Vec<(OsString, OsString)> = env::vars_os().collect();
    for (name, value) in changes {
        variables.retain(|(known, _)| folded(known) != folded(name));
        variables.extend(value.iter().map(|value| (name.clone(), value.clone())));
    }
    variables.sort_by_key(|(name, _)| folded(name));
    let mut block = Vec::new();
    for (name, value) in &variables {
        block.extend(name.encode_wide());
        block.push(u16::from(b'='));
        block.extend(value.encode_wide());
        block.push(0);
    }
    if block.is_empty() {
        block.push(0);
    }
    block.push(0);
    Some(block)
}

/// A name in the form for comparison: names that differ only in case are the same.
fn folded(name: &OsStr) -> String {
    name.to_string_lossy().to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_whatever_their_case_and_the_block_is_sorted() {
        assert_eq!(block(&[]), None);
        let set = |name: &str, value: &str| (OsString::from(name), Some(OsString::from(value)));
        let made = block(&[set("zz_TEST", "1"), set("ZZ_test", "2"), ("PATH".into(), None)]).expect("a block");
        let text = String::from_utf16_lossy(&made);
        assert!(text.contains("ZZ_test=2\0") && !text.contains("zz_TEST"), "{text}");
        assert!(text.ends_with("\0\0"), "{text}");
        let names: Vec<String> =
            text.split('\0').filter_map(|line| Some(line.split_once('=')?.0.to_uppercase())).collect();
        assert!(names.is_sorted() && !names.contains(&"PATH".to_owned()), "{names:?}");
    }
}
