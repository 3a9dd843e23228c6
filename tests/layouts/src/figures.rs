//! Sizes, alignments and places, and what `runtime64::c` says they are.

use std::fmt;
use std::sync::Arc;

use runtime64::c::{Abi, Declarations, MemberLayout, Record, Type, layout, record_layout};

use crate::declaration::Sample;
use crate::probe::{Probe, Question, Step};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Bytes, or the truth of a condition.
    Number(u64),
    /// The bits of a bit-field, counted from the start of the record.
    Bits {
        /// The first bit.
        first: u64,
        /// How many there are.
        width: u64,
    },
    /// No answer, and why.
    None(String),
}

impl fmt::Display for Figure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Figure::Number(number) => number.fmt(formatter),
            Figure::Bits { first, width } => write!(formatter, "{width} from bit {first}"),
            Figure::None(reason) => formatter.write_str(reason),
        }
    }
}

/// What `runtime64::c` answers to the probes.
pub(crate) fn of(sample: &Sample, probes: &[Probe], abi: Abi) -> Vec<Figure> {
    let mut declarations = Declarations::new();
    if let Err(error) = declarations.declare(&sample.to_string()) {
        return vec![Figure::None(error.to_string()); probes.len()];
    }
    let answer = |probe: &Probe| {
        let ty = declarations.parse_type(&probe.ty).map_err(|error| error.to_string())?;
        answer(&ty, &probe.question, abi)
    };
    probes.iter().map(|probe| answer(probe).unwrap_or_else(Figure::None)).collect()
}

fn answer(ty: &Type, question: &Question, abi: Abi) -> Result<Figure, String> {
    let whole = || layout(ty, abi).map_err(|error| error.to_string());
    match question {
        Question::Size => Ok(Figure::Number(whole()?.size)),
        Question::Alignment => Ok(Figure::Number(whole()?.align)),
        Question::Signed => match ty.resolve() {
            Type::Enumeration(enumeration) => {
                let body = enumeration.body().ok_or("the enumeration is incomplete")?;
                Ok(Figure::Number(body.integer(abi).signed.into()))
            }
            other => Err(format!("{other} is no enumeration")),
        },
        Question::Offset(steps) | Question::Bits(steps) => {
            let (bytes, place) = find(ty, steps, abi)?;
            match (question, place.bits) {
                (Question::Offset(_), None) => Ok(Figure::Number(bytes)),
                (Question::Bits(_), Some(bits)) => {
                    Ok(Figure::Bits { first: 8 * bytes + u64::from(bits.first), width: bits.width.into() })
                }
                _ => Err("one says that it is a bit-field, and one that it is not".to_owned()),
            }
        }
    }
}

/// The bytes from the start of the type to the member that the steps lead to, and its place in the innermost record.
fn find(ty: &Type, steps: &[Step], abi: Abi) -> Result<(u64, MemberLayout), String> {
    let [step, rest @ ..] = steps else { return Err("there is no member to find".to_owned()) };
    let Type::Record(record) = element(ty) else { return Err(format!("{ty} has no members")) };
    let (bytes, place, ty) =
        member(record, &step.name, abi)?.ok_or_else(|| format!("{ty} has no member '{}'", step.name))?;
    if rest.is_empty() {
        return Ok((bytes, place));
    }
    let (more, place) = find(&ty, rest, abi)?;
    Ok((bytes + more, place))
}

/// The offset, place and type of a member, which may lie in an anonymous one.
fn member(record: &Arc<Record>, name: &str, abi: Abi) -> Result<Option<(u64, MemberLayout, Type)>, String> {
    let laid_out = record_layout(record, abi).map_err(|error| error.to_string())?;
    let body = record.body().ok_or("the record is incomplete")?;
    for (candidate, place) in body.members.iter().zip(&laid_out.members) {
        if candidate.name.as_deref() == Some(name) {
            return Ok(Some((place.offset, *place, candidate.ty.clone())));
        }
        if let (None, Type::Record(inner)) = (&candidate.name, candidate.ty.resolve())
            && candidate.exists_on(abi)
            && let Some((bytes, inner_place, ty)) = member(inner, name, abi)?
        {
            return Ok(Some((place.offset + bytes, inner_place, ty)));
        }
    }
    Ok(None)
}

/// The innermost element of an array, or the type itself.
fn element(ty: &Type) -> &Type {
    let mut ty = ty.resolve();
    while let Type::Array(array) = ty {
        ty = array.element.resolve();
    }
    ty
}
