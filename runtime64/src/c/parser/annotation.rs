//! Annotations of Microsoft's source-code annotation language: `_In_`, `_Out_writes_(n)`, `__in`, `IN` and the rest.

use super::Parser;
use super::arithmetic::Number;
use super::literal;
use crate::c::error::Parsed;
use crate::c::lexer::Kind;
use crate::c::types::{Annotation, Direction, Extent, ExtentUnit, SizeExpression, SizeOperator};

/// What an annotation turned out to be.
pub(super) enum Found {
    /// One that says something of the data.
    Annotation(Annotation),
    /// One that only tools for checking programs want.
    Ignored,
}

/// What the name of an annotation tells.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Meaning {
    direction: Direction,
    optional: bool,
    zero_terminated: bool,
    /// What its argument counts, if it has one.
    unit: Option<ExtentUnit>,
    /// Whether a second argument tells how much is valid afterwards.
    to: bool,
}

/// Whether a name is that of an annotation.
pub(super) fn is_annotation(name: &str) -> bool {
    meaning(name).is_some() || is_ignored(name) || plain_word(name).is_some()
}

/// Annotations without meaning for calls. Those in parentheses take arguments, which are skipped.
fn is_ignored(name: &str) -> bool {
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

/// The old words that are annotations only where something follows that they can describe, since they are names, too.
fn plain_word(name: &str) -> Option<Option<Direction>> {
    Some(match name {
        "IN" => Some(Direction::In),
        "OUT" => Some(Direction::Out),
        "OPTIONAL" => None,
        _ => return None,
    })
}

/// What the name of an annotation tells, if it is one.
fn meaning(name: &str) -> Option<Meaning> {
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

/// The annotations of before 2008: `__in`, `__out_ecount(n)`, `__deref_out_opt`.
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

impl<'s> Parser<'s> {
    /// Takes the annotation that is next, if one is.
    pub(super) fn annotation(&mut self) -> Parsed<Option<Found>> {
        let token = self.peek()?;
        if !token.text.starts_with(['_', 'I', 'O']) || self.scope.declared(token.text).is_some() {
            return Ok(None);
        }
        if is_ignored(token.text) {
            self.take()?;
            if self.kind()? == Kind::LeftParenthesis {
                self.skip_group()?;
            }
            return Ok(Some(Found::Ignored));
        }
        let is_old = !token.text.ends_with('_');
        let plain = plain_word(token.text);
        let meaning = match plain {
            Some(Some(direction)) => {
                Some(Meaning { direction, optional: false, zero_terminated: false, unit: None, to: false })
            }
            _ => meaning(token.text),
        };
        if is_old && (plain.is_some() || meaning.is_some()) {
            let next = self.peek_second()?.kind;
            if matches!(next, Kind::Comma | Kind::RightParenthesis | Kind::LeftBracket | Kind::Semicolon | Kind::Equal)
            {
                return Ok(None);
            }
        }
        let Some(meaning) = meaning else {
            if plain.is_some() {
                self.take()?;
                return Ok(Some(Found::Ignored));
            }
            return Ok(None);
        };
        self.take()?;
        let extent = self.extent(meaning)?;
        Ok(Some(Found::Annotation(Annotation {
            spelling: token.text.to_owned(),
            direction: meaning.direction,
            optional: meaning.optional,
            zero_terminated: meaning.zero_terminated,
            extent,
        })))
    }

    /// The arguments of an annotation.
    fn extent(&mut self, meaning: Meaning) -> Parsed<Option<Extent>> {
        let Some(unit) = meaning.unit else { return Ok(None) };
        self.expect(Kind::LeftParenthesis, "'(' and a size")?;
        let capacity = self.size_expression()?;
        let valid = match self.accept(Kind::Comma)? {
            Some(_) => Some(self.size_expression()?),
            None if meaning.to => return Err(self.expected("',' and how much is valid afterwards")),
            None => None,
        };
        self.expect(Kind::RightParenthesis, "')'")?;
        Ok(Some(Extent { unit, capacity, valid }))
    }

    /// Sums and differences.
    fn size_expression(&mut self) -> Parsed<SizeExpression> {
        self.nested(|parser| {
            let mut left = parser.size_product()?;
            let mut operators = 0;
            loop {
                let operator = match parser.kind()? {
                    Kind::Plus => SizeOperator::Add,
                    Kind::Minus => SizeOperator::Subtract,
                    _ => return Ok(left),
                };
                parser.count_operator(&mut operators)?;
                left = SizeExpression::Binary(operator, Box::new((left, parser.size_product()?)));
            }
        })
    }

    /// Products and quotients.
    fn size_product(&mut self) -> Parsed<SizeExpression> {
        let mut left = self.size_primary()?;
        let mut operators = 0;
        loop {
            let operator = match self.kind()? {
                Kind::Star => SizeOperator::Multiply,
                Kind::Slash => SizeOperator::Divide,
                _ => return Ok(left),
            };
            self.count_operator(&mut operators)?;
            left = SizeExpression::Binary(operator, Box::new((left, self.size_primary()?)));
        }
    }

    /// Takes an operator, of which there may not be many: each makes the expression one level deeper.
    fn count_operator(&mut self, operators: &mut u32) -> Parsed<()> {
        *operators += 1;
        if *operators > 16 {
            return Err(self.failure(crate::c::Problem::TooDeep(16)));
        }
        self.take().map(|_| ())
    }

    fn size_primary(&mut self) -> Parsed<SizeExpression> {
        while self.expand_constant()? {}
        let token = self.take()?;
        match token.kind {
            Kind::Number => match literal::number(token.text).map_err(|reason| token.invalid(reason))?[0] {
                Number::Integer { value, .. } => match u64::try_from(value) {
                    Ok(size) => Ok(SizeExpression::Number(size)),
                    Err(_) => Err(token.invalid("this size is too large")),
                },
                _ => Err(token.invalid("a size is a whole number")),
            },
            Kind::Identifier => match self.scope.declared(token.text) {
                Some(crate::c::Declaration::Constant(constant)) => match &constant.values[0] {
                    Some(crate::c::ConstantValue::Integer(value)) if *value >= 0 => {
                        Ok(SizeExpression::Number(u64::try_from(*value).unwrap_or(u64::MAX)))
                    }
                    _ => Err(token.invalid("this constant is no size")),
                },
                _ if token.text == "_Old_" || token.text == "_Curr_" => self.nested(Self::size_primary),
                _ => Ok(SizeExpression::Parameter(token.text.to_owned())),
            },
            Kind::Return => Ok(SizeExpression::Result),
            Kind::Star => {
                let parenthesis = self.accept(Kind::LeftParenthesis)?;
                let name = self.expect(Kind::Identifier, "the name of a parameter")?;
                if parenthesis.is_some() {
                    self.expect(Kind::RightParenthesis, "')'")?;
                }
                Ok(SizeExpression::Dereference(name.text.to_owned()))
            }
            Kind::LeftParenthesis => {
                let inner = self.size_expression()?;
                self.expect(Kind::RightParenthesis, "')'")?;
                Ok(inner)
            }
            Kind::Sizeof => {
                self.expect(Kind::LeftParenthesis, "'('")?;
                let ty = self.type_name()?;
                self.expect(Kind::RightParenthesis, "')'")?;
                Ok(SizeExpression::SizeOf(ty))
            }
            _ => {
                let found = token.describe();
                Err(token.invalid(format!("expected a number or a parameter as a size, found {found}")))
            }
        }
    }
}
