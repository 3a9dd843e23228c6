//! C source text into tokens.

mod directive;

use std::ops::Range;

use logos::{Lexer, Logos, Skip};

use directive::directive;

/// The error in a piece of text that is not a token.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum LexicalError {
    #[default]
    Character,
    Unclosed(&'static str),
}

/// The tokens of a text, without whitespace and comments.
pub(super) struct Tokens<'s>(Lexer<'s, TokenKind>);

impl<'s> Tokens<'s> {
    pub(super) fn of(text: &'s str) -> Self {
        Self(TokenKind::lexer(text))
    }

    /// The whole text.
    pub(super) fn source(&self) -> &'s str {
        self.0.source()
    }

    /// The position of the last token.
    pub(super) fn span(&self) -> Range<usize> {
        self.0.span()
    }

    /// The text after the last token.
    pub(super) fn remainder(&self) -> &'s str {
        self.0.remainder()
    }

    /// The text of the last token.
    pub(super) fn slice(&self) -> &'s str {
        self.0.slice()
    }
}

impl Iterator for Tokens<'_> {
    type Item = Result<TokenKind, LexicalError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.by_ref().find(|kind| *kind != Ok(TokenKind::Blank))
    }
}

/// A kind of token. Keywords that compilers spell in several ways are one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Logos)]
#[logos(error = LexicalError)]
pub(super) enum TokenKind {
    /// Whitespace, comments and continued lines. The lexer returns them as one kind, because its own skipping
    /// uses stack for each consecutive piece in unoptimised builds.
    #[regex(r"[ \t\r\n\x0B\x0C\u{FEFF}\u{1A}]+")]
    #[regex(r"\\\r?\n")]
    #[regex(r"//([^\\\n]|\\[^\r\n]|\\\r?\n)*\\?", allow_greedy = true)]
    #[token("/*", comment)]
    Blank,
    #[regex(r"[A-Za-z_\u{80}-\u{10FFFF}][A-Za-z0-9_$\u{80}-\u{10FFFF}]*", priority = 1)]
    Identifier,
    #[regex(r"\.?[0-9]([eEpP][+\-]|[0-9A-Za-z_.'])*")]
    Number,
    #[regex(r#"(L|u8|u|U)?"([^"\\\n]|\\[^\r\n]|\\\r?\n)*""#, priority = 5)]
    String,
    #[regex(r"(L|u8|u|U)?'([^'\\\n]|\\[^\r\n]|\\\r?\n)+'", priority = 5)]
    Character,
    /// A preprocessor directive, up to the end of its logical line.
    #[token("#", directive)]
    Directive,
    #[token("\"", unclosed_string)]
    UnclosedString,
    #[token("'", unclosed_character)]
    UnclosedCharacter,

    #[token("(")]
    LeftParenthesis,
    #[token(")")]
    RightParenthesis,
    #[token("[")]
    #[token("<:")]
    LeftBracket,
    #[token("]")]
    #[token(":>")]
    RightBracket,
    #[token("{")]
    #[token("<%")]
    LeftBrace,
    #[token("}")]
    #[token("%>")]
    RightBrace,
    #[token(";")]
    Semicolon,
    #[token(",")]
    Comma,
    #[token(":")]
    Colon,
    #[token("::")]
    ScopeResolution,
    #[token("...")]
    Ellipsis,
    #[token("*")]
    Star,
    #[token("&")]
    Ampersand,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("~")]
    Tilde,
    #[token("!")]
    Exclamation,
    #[token("/")]
    Slash,
    #[token("%")]
    Percent,
    #[token("<")]
    Less,
    #[token(">")]
    Greater,
    #[token("<<")]
    ShiftLeft,
    #[token(">>")]
    ShiftRight,
    #[token("<=")]
    LessEqual,
    #[token(">=")]
    GreaterEqual,
    #[token("==")]
    EqualEqual,
    #[token("!=")]
    NotEqual,
    #[token("^")]
    Caret,
    #[token("|")]
    Bar,
    #[token("&&")]
    And,
    #[token("||")]
    Or,
    #[token("?")]
    Question,
    #[token("=")]
    Equal,
    #[token("$")]
    Dollar,
    /// Operators that occur only in skipped function bodies.
    #[token(".")]
    #[token("->")]
    #[token("++")]
    #[token("--")]
    #[regex(r"(\+|-|\*|/|%|&|\||\^|<<|>>)=")]
    OtherOperator,

    #[token("typedef")]
    Typedef,
    #[token("extern")]
    Extern,
    #[token("static")]
    Static,
    #[token("auto")]
    #[token("register")]
    Register,
    #[token("inline")]
    #[token("__inline")]
    #[token("__inline__")]
    #[token("__forceinline")]
    Inline,
    #[token("_Noreturn")]
    Noreturn,
    #[token("_Thread_local")]
    #[token("__thread")]
    ThreadLocal,
    #[token("__extension__")]
    Extension,
    #[token("const")]
    #[token("__const")]
    #[token("__const__")]
    Const,
    #[token("volatile")]
    #[token("__volatile")]
    #[token("__volatile__")]
    Volatile,
    #[token("restrict")]
    #[token("__restrict")]
    #[token("__restrict__")]
    Restrict,
    #[token("_Atomic")]
    Atomic,
    /// Pointer keywords that have no effect in 32-bit code.
    #[token("__unaligned")]
    #[token("_unaligned")]
    #[token("__ptr32")]
    #[token("__w64")]
    #[token("_w64")]
    #[token("__sptr")]
    #[token("__uptr")]
    PointerWord,
    #[token("__ptr64")]
    Pointer64,

    #[token("void")]
    Void,
    #[token("_Bool")]
    Bool,
    #[token("char")]
    Char,
    #[token("short")]
    Short,
    #[token("int")]
    Int,
    #[token("long")]
    Long,
    #[token("float")]
    #[token("_Float32")]
    Float,
    #[token("double")]
    #[token("_Float64")]
    #[token("_Float32x")]
    Double,
    #[token("_Float16")]
    #[token("__fp16")]
    #[token("__bf16")]
    HalfFloat,
    #[token("_Float64x")]
    LongDouble,
    #[token("_Float128")]
    #[token("__float128")]
    Float128,
    #[token("signed")]
    #[token("__signed")]
    #[token("__signed__")]
    Signed,
    #[token("unsigned")]
    Unsigned,
    #[token("_Complex")]
    #[token("__complex__")]
    #[token("__complex")]
    Complex,
    #[token("_Imaginary")]
    Imaginary,
    #[token("__int8")]
    #[token("_int8")]
    Int8,
    #[token("__int16")]
    #[token("_int16")]
    Int16,
    #[token("__int32")]
    #[token("_int32")]
    Int32,
    #[token("__int64")]
    #[token("_int64")]
    Int64,
    #[token("__int128")]
    #[token("__int128_t")]
    Int128,
    #[token("__uint128_t")]
    UnsignedInt128,
    #[token("__builtin_va_list")]
    VaList,
    #[token("struct")]
    Struct,
    #[token("union")]
    Union,
    #[token("enum")]
    Enum,
    #[token("typeof")]
    #[token("__typeof")]
    #[token("__typeof__")]
    #[token("__auto_type")]
    Typeof,

    #[token("__attribute__")]
    #[token("__attribute")]
    Attribute,
    #[token("__declspec")]
    #[token("_declspec")]
    Declspec,
    #[token("__pragma")]
    #[token("_Pragma")]
    Pragma,
    #[token("_Alignas")]
    Alignas,
    #[token("_Alignof")]
    #[token("__alignof")]
    #[token("__alignof__")]
    Alignof,
    #[token("sizeof")]
    Sizeof,
    #[token("__builtin_offsetof")]
    #[token("offsetof")]
    Offsetof,
    #[token("_Static_assert")]
    #[token("static_assert")]
    StaticAssert,
    #[token("asm")]
    #[token("__asm")]
    #[token("__asm__")]
    Asm,
    #[token("_Generic")]
    Generic,
    #[token("return")]
    Return,

    #[token("__cdecl")]
    #[token("_cdecl")]
    #[token("__cdecl__")]
    Cdecl,
    #[token("__stdcall")]
    #[token("_stdcall")]
    #[token("__stdcall__")]
    Stdcall,
    #[token("__fastcall")]
    #[token("_fastcall")]
    #[token("__fastcall__")]
    Fastcall,
    #[token("__thiscall")]
    #[token("_thiscall")]
    #[token("__thiscall__")]
    Thiscall,
    #[token("__vectorcall")]
    #[token("__regcall")]
    #[token("__clrcall")]
    #[token("__pascal")]
    #[token("_pascal")]
    OtherConvention,

    /// The end of the text.
    End,
}

fn comment(lexer: &mut Lexer<'_, TokenKind>) -> Result<(), LexicalError> {
    let end = lexer.remainder().find("*/").ok_or(LexicalError::Unclosed("comment"))?;
    lexer.bump(end + 2);
    Ok(())
}

fn unclosed_string(_: &mut Lexer<'_, TokenKind>) -> Result<Skip, LexicalError> {
    Err(LexicalError::Unclosed("string"))
}

fn unclosed_character(_: &mut Lexer<'_, TokenKind>) -> Result<Skip, LexicalError> {
    Err(LexicalError::Unclosed("character constant"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<Result<TokenKind, LexicalError>> {
        Tokens::of(text).collect()
    }

    #[test]
    fn comments_and_continued_lines_are_skipped() {
        for text in ["int/**/x", "int /* a\n * b **/ x", "int // c \\\n still c\nx", "int \\\n x", "int \\\r\n x"] {
            assert_eq!(kinds(text), [Ok(TokenKind::Int), Ok(TokenKind::Identifier)], "{text:?}");
        }
    }

    #[test]
    fn directives_reach_to_the_end_of_their_logical_line() {
        let cases = [
            ("#define A 1\nint", "#define A 1"),
            ("  # define A \\\n 1\nint", "# define A \\\n 1"),
            ("#define A /* x\n y */ 1\nint", "#define A /* x\n y */ 1"),
            ("#define A \"/*\"\nint", "#define A \"/*\""),
            ("/* a */ #define A\nint", "#define A"),
            ("#define A // it's \"so\nint", "#define A // it's \"so"),
        ];
        for (text, expected) in cases {
            let mut lexer = Tokens::of(text);
            assert_eq!(lexer.next(), Some(Ok(TokenKind::Directive)), "{text:?}");
            assert_eq!(lexer.slice(), expected);
            assert_eq!(lexer.next(), Some(Ok(TokenKind::Int)), "{text:?}");
        }
    }

    #[test]
    fn unclosed_pieces_are_named() {
        assert_eq!(kinds("/* x")[0], Err(LexicalError::Unclosed("comment")));
        assert_eq!(kinds("\"x")[0], Err(LexicalError::Unclosed("string")));
        assert_eq!(kinds("'x")[0], Err(LexicalError::Unclosed("character constant")));
        assert_eq!(kinds("int #")[1], Err(LexicalError::Character));
    }

    #[test]
    fn numbers_strings_and_characters_are_one_token() {
        for text in ["0x1Fu", "1.5e-3f", ".5", "1'000", "L\"a\\\"b\"", "u8\"é\"", "'\\''", "L'ä'", "\"a\\\nb\""] {
            assert_eq!(kinds(text).len(), 1, "{text}");
        }
    }
}
