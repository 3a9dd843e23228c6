//! Making a sample smaller while it still shows what it shows.

use crate::declaration::{Base, Definition, Member, Record, Sample};

/// A smaller sample for which the condition still holds, such that it holds for none that lacks one part more.
pub(crate) fn smallest(sample: &Sample, holds: impl Fn(&Sample) -> bool) -> Sample {
    let mut sample = sample.clone();
    while let Some(smaller) = smaller(&sample).into_iter().find(&holds) {
        sample = smaller;
    }
    sample
}

/// The sample without each of its parts in turn.
fn smaller(sample: &Sample) -> Vec<Sample> {
    let mut all = Vec::new();
    for index in (0..sample.definitions.len()).rev() {
        all.push(without(sample, index));
    }
    for (index, definition) in sample.definitions.iter().enumerate() {
        if let Definition::Record(record) = definition {
            for smaller in smaller_records(record) {
                let mut sample = sample.clone();
                sample.definitions[index] = Definition::Record(smaller);
                all.push(sample);
            }
        }
    }
    all
}

fn without(sample: &Sample, index: usize) -> Sample {
    let mut sample = sample.clone();
    sample.definitions.remove(index);
    sample
}

fn smaller_records(record: &Record) -> Vec<Record> {
    let mut all = Vec::new();
    let mut push = |change: &dyn Fn(&mut Record)| {
        let mut record = record.clone();
        change(&mut record);
        all.push(record);
    };
    for index in 0..record.members.len() {
        push(&|record| drop(record.members.remove(index)));
    }
    if record.pack.is_some() {
        push(&|record| record.pack = None);
    }
    for index in 0..record.leading.len() {
        push(&|record| drop(record.leading.remove(index)));
    }
    for index in 0..record.trailing.len() {
        push(&|record| drop(record.trailing.remove(index)));
    }
    for (index, member) in record.members.iter().enumerate() {
        for smaller in smaller_members(member) {
            push(&|record| record.members[index] = smaller.clone());
        }
    }
    all
}

fn smaller_members(member: &Member) -> Vec<Member> {
    let mut all = Vec::new();
    let mut push = |change: &dyn Fn(&mut Member)| {
        let mut member = member.clone();
        change(&mut member);
        all.push(member);
    };
    for index in 0..member.lengths.len() {
        push(&|member| {
            member.lengths.remove(index);
        });
    }
    for index in 0..member.leading.len() {
        push(&|member| drop(member.leading.remove(index)));
    }
    for index in 0..member.trailing.len() {
        push(&|member| drop(member.trailing.remove(index)));
    }
    if let Base::Record(record) = &member.base {
        for smaller in smaller_records(record) {
            push(&|member| member.base = Base::Record(smaller.clone()));
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator;

    #[test]
    fn nothing_is_left_that_the_condition_does_not_need() {
        let has_array = |sample: &Sample| sample.to_string().contains("[7]");
        let mut samples = (0..).map(|number| generator::sample(1, number, runtime64::c::Abi::I386SystemV));
        let sample = samples.find(has_array).unwrap();
        let smallest = smallest(&sample, has_array);
        assert_eq!(smallest.definitions.len(), 1, "{smallest}");
        assert_eq!(smallest.to_string().matches(';').count(), 2, "{smallest}");
    }
}
