//! Lexing of directives as whole logical lines.

use logos::{FilterResult, Lexer};

use super::{LexicalError, TokenKind};

/// Consumes the rest of a directive: up to the end of the line, across continued lines and comments.
pub(super) fn directive(lexer: &mut Lexer<'_, TokenKind>) -> FilterResult<(), LexicalError> {
    let before = &lexer.source().as_bytes()[..lexer.span().start];
    let blank = before.iter().rev().take_while(|byte| **byte != b'\n').all(u8::is_ascii_whitespace);
    if !blank && !ends_in_comment(before) {
        return FilterResult::Error(LexicalError::Character);
    }
    lexer.bump(logical_line(lexer.remainder().as_bytes()));
    FilterResult::Emit(())
}

/// Whether the text ends in a comment, which may precede a directive.
fn ends_in_comment(text: &[u8]) -> bool {
    text.trim_ascii_end().ends_with(b"*/")
}

/// The number of bytes up to the line break that ends the logical line, or up to the end of the text.
fn logical_line(text: &[u8]) -> usize {
    let mut at = 0;
    let mut quote = None;
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        match (byte, quote) {
            (b'\n', _) => return at,
            (b'\\', _) => at += if rest.starts_with(b"\\\r\n") { 2 } else { 1 },
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            (b'/', None) if rest.starts_with(b"/*") => {
                // The last byte of the comment is skipped below.
                at += 3 + rest[2..].windows(2).position(|pair| pair == b"*/").unwrap_or(rest.len() - 2);
            }
            (b'/', None) if rest.starts_with(b"//") => quote = Some(b'\n'),
            _ => {}
        }
        at += 1;
    }
    text.len()
}
