//! Declarations as they are made, printed and shrunk: C in parts.

use std::fmt::{self, Display, Formatter};

/// What is compared at once: definitions, each of which may use those before it.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    /// The definitions in their order.
    pub definitions: Vec<Definition>,
}

/// One definition, whose type has figures of its own.
#[derive(Clone, Debug)]
pub enum Definition {
    /// A struct or union with a tag.
    Record(Record),
    /// A typedef name of a type and attributes.
    Typedef {
        /// The name that is defined.
        name: String,
        /// Attributes before the type.
        leading: String,
        /// The type, a word or more.
        ty: String,
        /// The length of an array, and attributes.
        trailing: String,
    },
    /// An enumeration with a tag.
    Enumeration {
        /// The tag.
        name: String,
        /// Whether it has the attribute `packed`.
        packed: bool,
        /// The enumerators' values.
        values: Vec<String>,
    },
}

/// A struct or union.
#[derive(Clone, Debug)]
pub struct Record {
    /// `struct` or `union`
    pub keyword: &'static str,
    /// The tag.
    pub tag: Option<String>,
    /// The number of `#pragma pack`.
    pub pack: Option<u32>,
    /// Attributes between the keyword and the tag.
    pub leading: Vec<String>,
    /// Attributes after the closing brace.
    pub trailing: Vec<String>,
    /// The members.
    pub members: Vec<Member>,
}

/// A member.
#[derive(Clone, Debug)]
pub struct Member {
    /// The name; none of padding and of anonymous structs and unions.
    pub name: Option<String>,
    /// What stands before the declarator.
    pub base: Base,
    /// What stands around the name, such as `*` and nothing.
    pub around: (&'static str, &'static str),
    /// The lengths of an array; none where one is left open.
    pub lengths: Vec<Option<u64>>,
    /// The width, of a bit-field.
    pub bits: Option<u32>,
    /// Attributes before the type.
    pub leading: Vec<String>,
    /// Attributes after the declarator.
    pub trailing: Vec<String>,
}

/// The type before a declarator.
#[derive(Clone, Debug)]
pub enum Base {
    /// Words, such as `unsigned int` or `struct s`.
    Words(String),
    /// A struct or union that is defined in place.
    Record(Record),
}

impl Definition {
    /// The name of the type that it defines, as C writes it.
    pub fn type_name(&self) -> String {
        match self {
            Definition::Record(record) => format!("{} {}", record.keyword, record.tag.as_deref().unwrap_or_default()),
            Definition::Typedef { name, .. } => name.clone(),
            Definition::Enumeration { name, .. } => format!("enum {name}"),
        }
    }
}

impl Display for Sample {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.definitions.iter().try_for_each(|definition| writeln!(formatter, "{definition}"))
    }
}

impl Display for Definition {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Definition::Record(record) => match record.pack {
                Some(pack) => write!(formatter, "#pragma pack(push, {pack})\n{record};\n#pragma pack(pop)"),
                None => write!(formatter, "{record};"),
            },
            Definition::Typedef { name, leading, ty, trailing } => {
                write!(formatter, "typedef {leading} {ty} {name} {trailing};")
            }
            Definition::Enumeration { name, packed, values } => {
                write!(formatter, "enum {}{name} {{", if *packed { "__attribute__((packed)) " } else { "" })?;
                for (index, value) in values.iter().enumerate() {
                    write!(formatter, " {name}_{index} = {value},")?;
                }
                write!(formatter, " }};")
            }
        }
    }
}

impl Display for Record {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.keyword)?;
        write_words(formatter, &self.leading)?;
        write!(formatter, " {} {{", self.tag.as_deref().unwrap_or_default())?;
        let mut before: Option<&Member> = None;
        for member in &self.members {
            // Members of one type can be declared together.
            match before {
                Some(before) if before.can_precede(member) => write!(formatter, ", {}", Declarator(member))?,
                Some(_) => write!(formatter, "; {member}")?,
                None => write!(formatter, " {member}")?,
            }
            before = Some(member);
        }
        formatter.write_str(if before.is_some() { "; }" } else { " }" })?;
        write_words(formatter, &self.trailing)
    }
}

impl Member {
    /// Whether the next member can be declared in one declaration with this one.
    fn can_precede(&self, next: &Member) -> bool {
        let declares = |member: &Member| member.name.is_some() || member.bits.is_some();
        match (&self.base, &next.base) {
            (Base::Words(words), Base::Words(same)) => {
                words == same
                    && !words.contains('*')
                    && self.leading == next.leading
                    && declares(self)
                    && declares(next)
            }
            _ => false,
        }
    }
}

impl Display for Member {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        self.leading.iter().try_for_each(|word| write!(formatter, "{word} "))?;
        match &self.base {
            Base::Words(words) => formatter.write_str(words)?,
            Base::Record(record) => record.fmt(formatter)?,
        }
        write!(formatter, " {}", Declarator(self))
    }
}

/// What stands behind the type of a member.
struct Declarator<'a>(&'a Member);

impl Display for Declarator<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Declarator(member) = self;
        write!(formatter, "{}{}", member.around.0, member.name.as_deref().unwrap_or_default())?;
        for length in &member.lengths {
            match length {
                Some(length) => write!(formatter, "[{length}]")?,
                None => write!(formatter, "[]")?,
            }
        }
        formatter.write_str(member.around.1)?;
        if let Some(bits) = member.bits {
            write!(formatter, ": {bits}")?;
        }
        write_words(formatter, &member.trailing)
    }
}

fn write_words(formatter: &mut Formatter<'_>, words: &[String]) -> fmt::Result {
    words.iter().try_for_each(|word| write!(formatter, " {word}"))
}
