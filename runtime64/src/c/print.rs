//! Printing of types and declarations as C, with the name in the place C requires.

use std::cell::Cell;
use std::fmt::{self, Write};

use super::types::{
    Annotation, ArrayType, Count, Enumeration, ExtentUnit, FunctionType, Length, Member, Qualifiers, Record,
    RecordConstant, SizeExpression, SizeOperator, Type,
};

impl Type {
    /// The declaration of `name` with this type, without a semicolon.
    ///
    /// ```
    /// let ty = runtime64::c::Declarations::new().parse_type("int (*)(const char *)")?;
    /// assert_eq!(ty.declare("compare"), "int (*compare)(const char *)");
    /// # Ok::<(), runtime64::c::Error>(())
    /// ```
    pub fn declare(&self, name: &str) -> String {
        self.declare_within(name, None)
    }

    /// The declaration within a `#pragma pack` of this value: a struct without a tag that is packed differently must
    /// be printed with its own pragma.
    fn declare_within(&self, name: &str, pack: Pack) -> String {
        let mut declarator = Declarator { text: name.to_owned(), ends_in_pointer: false, pack };
        let mut ty = self;
        loop {
            ty = match ty {
                Type::Pointer(pointee) => {
                    declarator.pointer(Qualifiers::default());
                    pointee
                }
                Type::Qualified(qualifiers, inner) => match &**inner {
                    Type::Pointer(pointee) => {
                        declarator.pointer(*qualifiers);
                        pointee
                    }
                    base => return declarator.finish(&format!("{qualifiers} {}", Base(base, pack))),
                },
                Type::Array(array) => {
                    declarator.array(array);
                    &array.element
                }
                Type::Function(function) => {
                    declarator.function(function);
                    if let Some(annotation) = &function.result_annotation {
                        return format!("{annotation} {}", function.result.declare_within(&declarator.text, pack));
                    }
                    &function.result
                }
                base => return declarator.finish(&Base(base, pack).to_string()),
            }
        }
    }
}

/// The `#pragma pack` in effect where something is printed.
type Pack = Option<u64>;

/// A declarator, built from the name outwards.
struct Declarator {
    text: String,
    ends_in_pointer: bool,
    pack: Pack,
}

impl Declarator {
    fn pointer(&mut self, qualifiers: Qualifiers) {
        let space = if qualifiers.is_empty() || self.text.is_empty() { "" } else { " " };
        self.text = format!("*{qualifiers}{space}{}", self.text);
        self.ends_in_pointer = true;
    }

    fn array(&mut self, array: &ArrayType) {
        if self.ends_in_pointer {
            self.text = format!("({})", self.text);
        }
        // Writing to a string cannot fail.
        let _ = match &array.length {
            Length::Incomplete => write!(self.text, "[]"),
            Length::Variable => write!(self.text, "[?]"),
            Length::Fixed(count) => write!(self.text, "[{count}]"),
        };
        self.ends_in_pointer = false;
    }

    fn function(&mut self, function: &FunctionType) {
        let convention = function.convention.map_or("", |convention| convention.keyword());
        let space = if convention.is_empty() || self.text.is_empty() { "" } else { " " };
        let parameters = Parameters(function, self.pack);
        self.text = if self.ends_in_pointer {
            format!("({convention}{space}{})({parameters})", self.text)
        } else {
            format!("{convention}{space}{}({parameters})", self.text)
        };
        self.ends_in_pointer = false;
    }

    fn finish(self, base: &str) -> String {
        if self.text.is_empty() { base.to_owned() } else { format!("{base} {}", self.text) }
    }
}

/// The part before a declarator.
struct Base<'a>(&'a Type, Pack);

impl fmt::Display for Base<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Type::Basic(basic) => basic.fmt(formatter),
            Type::Named(typedef) => formatter.write_str(&typedef.name),
            Type::Record(record) => match &record.tag {
                Some(tag) => write!(formatter, "{} {tag}", record.kind.keyword()),
                None => write_members(record, formatter, " ", self.1),
            },
            Type::Enumeration(enumeration) => match &enumeration.tag {
                Some(tag) => write!(formatter, "enum {tag}"),
                None => write_enumerators(enumeration, formatter, " "),
            },
            other => other.fmt(formatter),
        }
    }
}

struct Parameters<'a>(&'a FunctionType, Pack);

impl fmt::Display for Parameters<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = self.0;
        let mut separator = "";
        for parameter in &function.parameters {
            formatter.write_str(separator)?;
            if let Some(annotation) = &parameter.annotation {
                write!(formatter, "{annotation} ")?;
            }
            formatter.write_str(&parameter.ty.declare_within(parameter.name.as_deref().unwrap_or(""), self.1))?;
            separator = ", ";
        }
        match (function.variadic, function.prototype && function.parameters.is_empty()) {
            (true, _) => write!(formatter, "{separator}..."),
            (false, true) => formatter.write_str("void"),
            (false, false) => Ok(()),
        }
    }
}

/// Prints the attributes for an alignment, and for the part of it that `__declspec` specifies.
pub(super) fn write_alignment(
    aligned: Option<&Count>,
    declspec_aligned: Option<&Count>,
    formatter: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    if let Some(aligned) = declspec_aligned {
        write!(formatter, " __declspec(align({aligned}))")?;
    }
    match aligned {
        Some(aligned) if declspec_aligned != Some(aligned) => {
            write!(formatter, " __attribute__((aligned({aligned})))")
        }
        _ => Ok(()),
    }
}

/// The limits on the nesting depth and number of structs without a tag in one printed text. No text that parses nests
/// them more deeply; types built from other types at run time may, and can grow without bound.
const NESTED_RECORDS: usize = 64;
const RECORDS: usize = 2048;

thread_local! {
    /// The depth of the struct that is being printed, and the number of structs started in its text.
    static WRITTEN: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Prints the members of a struct or union, or an ellipsis if they exceed the limits.
fn write_members(
    record: &Record,
    formatter: &mut fmt::Formatter<'_>,
    separator: &str,
    outer_pack: Pack,
) -> fmt::Result {
    let (depth, count) = WRITTEN.get();
    if depth >= NESTED_RECORDS || count >= RECORDS {
        return write!(formatter, "{} {{ ... }}", record.kind.keyword());
    }
    WRITTEN.set((depth + 1, count + 1));
    let written = write_all_members(record, formatter, separator, outer_pack);
    // The next text starts at zero again.
    WRITTEN.set(if depth == 0 { (0, 0) } else { (depth, WRITTEN.get().1) });
    written
}

/// Prints a whole struct or union: one member per line if `separator` is a line break, else all on one line.
fn write_all_members(
    record: &Record,
    formatter: &mut fmt::Formatter<'_>,
    separator: &str,
    outer_pack: Pack,
) -> fmt::Result {
    let Some(body) = record.body() else {
        return write!(formatter, "{} {{ ... }}", record.kind.keyword());
    };
    let indentation = if separator == "\n" { "    " } else { "" };
    if body.pack != outer_pack {
        write!(formatter, "__pragma(pack(push, {})) ", body.pack.unwrap_or(0))?;
    }
    formatter.write_str(record.kind.keyword())?;
    if body.packed {
        formatter.write_str(" __attribute__((packed))")?;
    }
    write_alignment(body.aligned.as_ref(), body.declspec_aligned.as_ref(), formatter)?;
    if let Some(rule) = body.bit_fields {
        write!(formatter, " __attribute__(({}))", rule.attribute())?;
    }
    if let Some(tag) = &record.tag {
        write!(formatter, " {tag}")?;
    }
    write!(formatter, " {{{separator}")?;
    for RecordConstant { ty, constant, expression } in &body.constants {
        write!(formatter, "{indentation}static {} = {expression};{separator}", ty.declare(&constant.name))?;
    }
    for member in &body.members {
        write!(formatter, "{indentation}{};{separator}", MemberWithin(member, body.pack))?;
    }
    formatter.write_str("}")?;
    if body.pack != outer_pack {
        formatter.write_str(" __pragma(pack(pop))")?;
    }
    Ok(())
}

/// Prints a whole enumeration; `separator` as in [`write_members`].
fn write_enumerators(enumeration: &Enumeration, formatter: &mut fmt::Formatter<'_>, separator: &str) -> fmt::Result {
    let Some(body) = enumeration.body() else {
        return formatter.write_str("enum { ... }");
    };
    let indentation = if separator == "\n" { "    " } else { "" };
    formatter.write_str("enum")?;
    if body.packed {
        formatter.write_str(" __attribute__((packed))")?;
    }
    if let Some(tag) = &enumeration.tag {
        write!(formatter, " {tag}")?;
    }
    if let Some(underlying) = &body.underlying {
        write!(formatter, " : {underlying}")?;
    }
    write!(formatter, " {{{separator}")?;
    let mut comma = String::new();
    for enumerator in &body.enumerators {
        write!(formatter, "{comma}{indentation}{} = {}", enumerator.name, enumerator.value)?;
        comma = format!(",{separator}");
    }
    write!(formatter, "{separator}}}")
}

/// A record or enumeration with the contents of its braces, as printed by [`Type::definition`].
struct Definition<'a>(&'a Type);

impl fmt::Display for Definition<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Type::Record(record) if record.body().is_some() => write_members(record, formatter, "\n", None),
            Type::Enumeration(enumeration) if enumeration.body().is_some() => {
                write_enumerators(enumeration, formatter, "\n")
            }
            other => other.fmt(formatter),
        }
    }
}

impl Type {
    /// The struct, union or enumeration with its members, one per line; for any other type, and for an incomplete
    /// one, only the type.
    ///
    /// ```
    /// let mut declarations = runtime64::c::Declarations::new();
    /// declarations.declare("struct point { int x, y; };")?;
    /// let point = declarations.parse_type("struct point")?;
    /// assert_eq!(point.definition(), "struct point {\n    int x;\n    int y;\n}");
    /// # Ok::<(), runtime64::c::Error>(())
    /// ```
    pub fn definition(&self) -> String {
        Definition(self.resolve()).to_string()
    }
}

impl fmt::Display for Type {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Pointer(_) | Type::Array(_) | Type::Function(_) | Type::Qualified(..) => {
                formatter.write_str(&self.declare(""))
            }
            base => Base(base, None).fmt(formatter),
        }
    }
}

impl fmt::Display for FunctionType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&Type::Function(std::sync::Arc::new(self.clone())).declare(""))
    }
}

impl fmt::Display for Member {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        MemberWithin(self, None).fmt(formatter)
    }
}

/// A member of a struct with this packing.
struct MemberWithin<'a>(&'a Member, Pack);

impl fmt::Display for MemberWithin<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MemberWithin(member, pack) = *self;
        formatter.write_str(&member.ty.declare_within(member.name.as_deref().unwrap_or(""), pack))?;
        if let Some(bits) = member.bits {
            write!(formatter, " : {bits}")?;
        }
        if member.packed {
            formatter.write_str(" __attribute__((packed))")?;
        }
        write_alignment(member.aligned.as_ref(), member.declspec_aligned.as_ref(), formatter)
    }
}

impl fmt::Display for Annotation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.spelling)?;
        let Some(extent) = &self.extent else { return Ok(()) };
        match &extent.valid {
            Some(valid) => write!(formatter, "({}, {valid})", extent.capacity),
            None => write!(formatter, "({})", extent.capacity),
        }
    }
}

impl fmt::Display for ExtentUnit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            ExtentUnit::Elements => "elements",
            ExtentUnit::Bytes => "bytes",
        })
    }
}

impl fmt::Display for SizeExpression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SizeExpression::Number(number) => write!(formatter, "{number}"),
            SizeExpression::Parameter(name) => formatter.write_str(name),
            SizeExpression::Dereference(name) => write!(formatter, "*{name}"),
            SizeExpression::SizeOf(ty) => write!(formatter, "sizeof({ty})"),
            SizeExpression::Result => formatter.write_str("return"),
            SizeExpression::Binary(operator, operands) => {
                let sign = match operator {
                    SizeOperator::Add => '+',
                    SizeOperator::Subtract => '-',
                    SizeOperator::Multiply => '*',
                    SizeOperator::Divide => '/',
                };
                let parenthesised = |operand: &SizeExpression| match operand {
                    SizeExpression::Binary(..) => format!("({operand})"),
                    _ => operand.to_string(),
                };
                write!(formatter, "{} {sign} {}", parenthesised(&operands.0), parenthesised(&operands.1))
            }
        }
    }
}
