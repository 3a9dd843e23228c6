//! Top-level declarations.

use std::sync::Arc;

use super::Parser;
use super::attribute::Attributes;
use super::declarator::{Declarator, Naming};
use super::specifier::Specifiers;
use super::tokens::Token;
use crate::c::error::{ParseFailure, Parsed, Problem};
use crate::c::lexer::TokenKind;
use crate::c::names::{Declaration, FunctionDeclaration, VariableDeclaration};
use crate::c::types::{ConstantValue, FunctionType, RecordKind, TYPE_DEPTH, Type, Typedef};

use super::expression::Operand;

impl<'s> Parser<'s> {
    /// Parses all declarations up to the end of the text.
    pub(super) fn all_declarations(&mut self) -> Parsed<()> {
        let mut linkage_blocks: Vec<Token<'s>> = Vec::new();
        loop {
            let token = self.peek()?;
            match token.kind {
                TokenKind::End => match linkage_blocks.last() {
                    Some(open) => return Err(open.failure(Problem::Unclosed("'extern' block"))),
                    None => return Ok(()),
                },
                TokenKind::RightBrace if linkage_blocks.pop().is_some() => {
                    self.take()?;
                }
                TokenKind::Semicolon => {
                    self.take()?;
                }
                TokenKind::StaticAssert => self.static_assert()?,
                TokenKind::Pragma => {
                    self.attributes(&mut Attributes::default())?;
                }
                TokenKind::Asm => {
                    self.take()?;
                    self.skip_group()?;
                }
                TokenKind::Extern if self.peek_second()?.kind == TokenKind::String => {
                    self.linkage()?;
                    linkage_blocks.extend(self.accept(TokenKind::LeftBrace)?);
                }
                _ => self.declaration()?,
            }
        }
    }

    /// `extern "C"`
    fn linkage(&mut self) -> Parsed<()> {
        self.take()?;
        let language = self.take()?;
        match language.text {
            "\"C\"" => Ok(()),
            other => Err(language
                .unsupported(format!("the language {other} is"), "declare the C functions that the library exports")),
        }
    }

    /// `_Static_assert(condition, "message")`
    pub(super) fn static_assert(&mut self) -> Parsed<()> {
        self.take()?;
        self.expect(TokenKind::LeftParenthesis, "'('")?;
        let start = self.peek()?;
        let truths = self.expression()?.numbers(&start)?.map(super::arithmetic::Number::is_true);
        let message = match self.accept(TokenKind::Comma)? {
            Some(_) => {
                let first = self.expect(TokenKind::String, "a message")?;
                match self.string(first)? {
                    Operand::Text(ConstantValue::String(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
                    _ => String::new(),
                }
            }
            None => String::new(),
        };
        self.expect(TokenKind::RightParenthesis, "')'")?;
        self.expect(TokenKind::Semicolon, "';'")?;
        // A header for one platform may contain assertions that hold only there.
        if truths.contains(&Some(true)) {
            return Ok(());
        }
        Err(start.invalid(format!("static assertion failed on every platform: {message}")))
    }

    /// Parses one declaration, up to its semicolon or function body.
    fn declaration(&mut self) -> Parsed<()> {
        let specifiers = self.specifiers()?;
        if let Some(semicolon) = self.accept(TokenKind::Semicolon)? {
            return if specifiers.names_tag {
                Ok(())
            } else {
                Err(semicolon.invalid("this declares nothing: a name is missing"))
            };
        }
        loop {
            let declarator = self.declarator(Naming::Required)?;
            self.no_stray_word(&declarator)?;
            if self.declared(&specifiers, declarator)? {
                return Ok(());
            }
            if self.accept(TokenKind::Comma)?.is_none() {
                break;
            }
        }
        // As in LuaJIT, the last declaration of a text needs no semicolon.
        if self.kind()? == TokenKind::End {
            return Ok(());
        }
        self.expect(TokenKind::Semicolon, "';' after the declaration").map(|_| ())
    }

    /// Rejects a word after a declarator, which can only be an undefined macro: in `int API f(int) NOTHROW` it
    /// is the name if nothing follows it, else the word.
    pub(super) fn no_stray_word(&mut self, declarator: &Declarator<'s>) -> Parsed<()> {
        let next = self.peek()?;
        let Some(name) = declarator.name else { return Ok(()) };
        match next.kind {
            TokenKind::Identifier if next.argument.is_none() => {}
            // `char FAR *name`
            TokenKind::Star if declarator.ends_in_name() => return Err(unknown_macro(name)),
            _ => return Ok(()),
        }
        let called = self.peek_second()?.kind == TokenKind::LeftParenthesis;
        if called && self.peek_third()?.kind == TokenKind::LeftParenthesis {
            let what = format!("'{}((…))' is", next.text);
            return Err(next.unsupported(what, "write the parameters without the macro, in one pair of parentheses"));
        }
        if called && !declarator.ends_in_name() {
            let what = format!("'{}(…)', which can only be a macro, is", next.text);
            return Err(next.unsupported(what, "leave it out if it has no meaning here"));
        }
        // Macros are usually uppercase.
        let capital = |word: &str| !word.contains(|letter: char| letter.is_ascii_lowercase());
        let is_name = declarator.ends_in_name() && (called || capital(name.text) || !capital(next.text));
        Err(unknown_macro(if is_name { name } else { next }))
    }

    /// Declares the declarator; returns true if a function body ended the declaration.
    fn declared(&mut self, specifiers: &Specifiers<'s>, mut declarator: Declarator<'s>) -> Parsed<bool> {
        let Some(name) = declarator.name else { return Err(self.expected("a name")) };
        let symbol = self.symbol(name)?;
        self.attributes(&mut declarator.attributes)?;
        let mut attributes = specifiers.attributes.clone();
        attributes.merge(declarator.attributes.clone())?;
        let is_function = declarator.is_function() && !specifiers.storage.is_typedef;
        if attributes.uncallable.is_some() && is_function && self.is_preprocessed(name) {
            return self.skip_body();
        }
        if attributes.vector.is_some() && specifiers.storage.is_typedef && self.is_preprocessed(name) {
            let opaque = self.opaque_type(name.text);
            return self.typedef(name, opaque, Attributes::default()).map(|()| false);
        }
        let ty = declarator.build(specifiers)?;
        if specifiers.storage.is_typedef {
            // GCC reads the attributes before the type last.
            attributes.last_aligned = specifiers.attributes.last_aligned.clone().or(attributes.last_aligned);
            return self.typedef(name, ty, attributes).map(|()| false);
        }
        if let Type::Function(function) = ty.resolve() {
            return self.function(specifiers, name, symbol, function.clone());
        }
        self.variable(specifiers, name, symbol, ty).map(|()| false)
    }

    /// Declares an unsupported type of a header as a struct that is never defined: it can appear in the
    /// declarations of functions, and no call can pass it.
    pub(super) fn opaque_type(&mut self, name: &str) -> Type {
        match self.scope.declared_tag(name) {
            Some(tag) => tag.ty(),
            None => Type::Record(self.new_record(RecordKind::Struct, Some(name))),
        }
    }

    fn typedef(&mut self, name: Token<'s>, ty: Type, attributes: Attributes<'s>) -> Parsed<()> {
        let depth = ty.depth() + 1;
        if depth > TYPE_DEPTH {
            return Err(name.failure(Problem::TooDeep(TYPE_DEPTH)));
        }
        let typedef = Typedef {
            name: name.text.to_owned(),
            ty,
            aligned: attributes.last_aligned,
            declspec_aligned: attributes.declspec_aligned,
            depth,
        };
        self.declare(Declaration::Typedef(Arc::new(typedef)), name)
    }

    /// Declares a function. A static or inline one with a body is not a symbol of a library and is left out.
    fn function(
        &mut self,
        specifiers: &Specifiers<'s>,
        name: Token<'s>,
        symbol: String,
        ty: Arc<FunctionType>,
    ) -> Parsed<bool> {
        let has_body = self.skip_body()?;
        if has_body && (specifiers.storage.is_inline || specifiers.storage.is_static) {
            return Ok(true);
        }
        let position = self.source.position(name.offset);
        let function = FunctionDeclaration { name: name.text.to_owned(), symbol, ty, position };
        self.declare(Declaration::Function(Arc::new(function)), name)?;
        Ok(has_body)
    }

    /// Whether the text here is preprocessor output: most of it is never called, whereas hand-written text is
    /// there for a purpose.
    pub(super) fn is_preprocessed(&self, token: Token<'s>) -> bool {
        self.source.position(token.offset).file.is_some()
    }

    /// Skips a function body if one is next; returns whether it was.
    fn skip_body(&mut self) -> Parsed<bool> {
        let has_body = self.kind()? == TokenKind::LeftBrace;
        if has_body {
            self.skip_group()?;
        }
        Ok(has_body)
    }

    fn variable(&mut self, specifiers: &Specifiers<'s>, name: Token<'s>, symbol: String, ty: Type) -> Parsed<()> {
        if ty.is_void() {
            return Err(name.invalid("a variable cannot be void"));
        }
        let storage = specifiers.storage;
        if self.accept(TokenKind::Equal)?.is_some() {
            if !storage.is_extern && (storage.is_static || ty.is_const()) {
                return self.constant(name, &ty);
            }
            self.skip_initializer()?;
        }
        if storage.is_static {
            // It is not a symbol of a library.
            return Ok(());
        }
        let position = self.source.position(name.offset);
        let variable = VariableDeclaration { name: name.text.to_owned(), symbol, ty, position };
        self.declare(Declaration::Variable(Arc::new(variable)), name)
    }

    /// The symbol given by `asm("symbol")` after a declarator, else the name.
    fn symbol(&mut self, name: Token<'s>) -> Parsed<String> {
        if self.accept(TokenKind::Asm)?.is_none() {
            return Ok(name.text.to_owned());
        }
        self.expect(TokenKind::LeftParenthesis, "'('")?;
        let first = self.expect(TokenKind::String, "a symbol name in quotes")?;
        let Operand::Text(ConstantValue::String(bytes)) = self.string(first)? else {
            return Err(first.invalid("a symbol name must be a plain string"));
        };
        self.expect(TokenKind::RightParenthesis, "')'")?;
        match String::from_utf8(bytes) {
            Ok(symbol) if !symbol.is_empty() && !symbol.contains('\0') => Ok(symbol),
            _ => Err(first.invalid("this is not a valid symbol name")),
        }
    }
}

/// The error for a word that can only be a macro that the text does not define.
pub(super) fn unknown_macro(word: Token<'_>) -> ParseFailure {
    word.invalid(format!(
        "'{0}' is not known; if it is a macro that has no meaning here, write '#define {0}' before this",
        word.text
    ))
}
