//! What is asked about the types of a sample.

use crate::declaration::{Base, Definition, Member, Record, Sample};

/// Something that the compiler and `runtime64::c` are both asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Probe {
    /// The type, as C writes it.
    pub(crate) ty: String,
    pub(crate) question: Question,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Size,
    Alignment,
    /// Whether an enumeration is signed.
    Signed,
    /// The offset of a member, named by the steps to it.
    Offset(Vec<Step>),
    /// The bits of a bit-field.
    Bits(Vec<Step>),
}

/// One step to a member that may lie within others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) name: String,
    /// How many lengths an array has, whose first element is meant.
    pub(crate) indices: usize,
}

impl Probe {
    /// All that is asked of a sample.
    pub(crate) fn all(sample: &Sample) -> Vec<Probe> {
        let mut probes = Vec::new();
        for definition in &sample.definitions {
            let ty = definition.type_name();
            let mut ask = |question| probes.push(Probe { ty: ty.clone(), question });
            ask(Question::Size);
            ask(Question::Alignment);
            match definition {
                Definition::Record(record) => ask_members(record, &[], true, &mut ask),
                Definition::Enumeration { .. } => ask(Question::Signed),
                Definition::Typedef { .. } => {}
            }
        }
        probes
    }

    /// The question as one reads it.
    pub(crate) fn describe(&self) -> String {
        match &self.question {
            Question::Size => format!("sizeof({})", self.ty),
            Question::Alignment => format!("_Alignof({})", self.ty),
            Question::Signed => format!("({})-1 < 0", self.ty),
            Question::Offset(steps) => format!("offsetof({}, {})", self.ty, designator(steps)),
            Question::Bits(steps) => format!("the bits of {} in {}", designator(steps), self.ty),
        }
    }
}

/// The steps as C writes them: `a.b[0].c`.
pub(crate) fn designator(steps: &[Step]) -> String {
    let written = |step: &Step| format!("{}{}", step.name, "[0]".repeat(step.indices));
    steps.iter().map(written).collect::<Vec<_>>().join(".")
}

/// `whole`: whether every step so far leads to one object, so that it can be initialised.
fn ask_members(record: &Record, before: &[Step], whole: bool, ask: &mut impl FnMut(Question)) {
    for member in &record.members {
        let mut steps = before.to_vec();
        if let Some(name) = &member.name {
            steps.push(Step { name: name.clone(), indices: 0 });
            match member.bits {
                Some(_) if whole => ask(Question::Bits(steps.clone())),
                Some(_) => {}
                None => ask(Question::Offset(steps.clone())),
            }
        }
        if let Some(inner) = inner_record(member) {
            if let (Some(_), Some(last)) = (&member.name, steps.last_mut()) {
                last.indices = member.lengths.len();
            }
            ask_members(inner, &steps, whole && member.lengths.is_empty(), ask);
        }
    }
}

/// The record that a member holds by value and defines in place.
fn inner_record(member: &Member) -> Option<&Record> {
    match &member.base {
        Base::Record(record) if member.around == ("", "") => Some(record),
        _ => None,
    }
}
