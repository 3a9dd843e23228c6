//! Compiling source text.

use std::fs;
use std::path::Path;

use mlua::chunk::ChunkMode;
use mlua::{Error, Function, Lua};

use super::RuntimeError;

/// Compiles Lua source. `chunk_name` is in Lua's form: `@path` for a file, `=words` for other text.
pub(super) fn compile(lua: &Lua, chunk_name: &str, source: &[u8]) -> Result<Function, RuntimeError> {
    let chunk = lua.load(source).set_name(chunk_name).set_mode(ChunkMode::Text);
    chunk.into_function().map_err(|error| match error {
        Error::SyntaxError { message, incomplete_input } => {
            RuntimeError::Syntax { message, incomplete: incomplete_input }
        }
        other => RuntimeError::Host(other),
    })
}

/// Compiles a script, whose first line may be meant for the operating system.
pub(super) fn compile_script(lua: &Lua, chunk_name: &str, source: &[u8]) -> Result<Function, RuntimeError> {
    compile(lua, chunk_name, without_first_comment(source))
}

/// Compiles a file. Its chunk name is its path as given.
pub(super) fn compile_file(lua: &Lua, path: &Path) -> Result<Function, RuntimeError> {
    let source = fs::read(path).map_err(|source| RuntimeError::Read { path: path.to_owned(), source })?;
    compile_script(lua, &format!("@{}", path.display()), &source)
}

/// The source without a byte order mark and without the text of a first line that starts with `#`, which is meant for
/// the operating system. The line itself stays, so that the others keep their numbers.
fn without_first_comment(source: &[u8]) -> &[u8] {
    const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
    let source = source.strip_prefix(BYTE_ORDER_MARK).unwrap_or(source);
    if source.first() != Some(&b'#') {
        return source;
    }
    let end = source.iter().position(|&byte| byte == b'\n');
    &source[end.unwrap_or(source.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_for_the_operating_system_is_skipped_and_counted() {
        let cases: &[(&str, &str)] = &[
            ("return 1", "return 1"),
            ("#!/usr/bin/env runtime64\nreturn 1", "\nreturn 1"),
            ("# any words\r\nreturn 1", "\nreturn 1"),
            ("\u{FEFF}#!x\nreturn 1", "\nreturn 1"),
            ("\u{FEFF}return 1", "return 1"),
            ("#!only", ""),
            ("", ""),
            ("return #t", "return #t"),
        ];
        for (source, rest) in cases {
            assert_eq!(without_first_comment(source.as_bytes()), rest.as_bytes(), "{source:?}");
        }
    }

    #[test]
    fn bytecode_is_refused() {
        let lua = Lua::new();
        let bytecode = compile(&lua, "=x", b"return 1").expect("valid Lua").dump(true);
        assert!(matches!(compile(&lua, "=x", &bytecode), Err(RuntimeError::Syntax { .. })));
    }
}
