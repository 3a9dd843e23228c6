//! What the compiler is asked after a header, and what the answers must be.

use std::collections::HashSet;

use runtime64::c::{Abi, ConstantValue, Declaration, Declarations, Type, layout, record_layout};

/// Constant expressions and the values that they have by our reckoning.
#[derive(Default)]
pub struct Questions {
    list: Vec<(String, u64)>,
}

impl Questions {
    /// Size and alignment of every complete type, the place of every member, the value of every enumerator.
    pub fn about(declarations: &Declarations, abi: Abi) -> Self {
        let mut questions = Questions::default();
        for ty in declarations.tagged() {
            questions.about_type(&ty, abi);
        }
        for declaration in declarations.iter() {
            match declaration {
                Declaration::Typedef(typedef) => questions.about_type(&Type::Named(typedef.clone()), abi),
                Declaration::Constant(constant) => questions.about_value(&constant.name, constant.value(abi)),
                Declaration::Function(_) | Declaration::Variable(_) => {}
            }
        }
        questions
    }

    /// The value of every macro that is an integer.
    pub fn about_macros(declarations: &Declarations, abi: Abi) -> Self {
        let mut questions = Questions::default();
        for name in declarations.macro_names() {
            let value = declarations.constant(name).and_then(|constant| constant.value(abi));
            questions.about_value(name, value);
        }
        questions
    }

    /// Asks a compiler, and panics with all that it sees otherwise. What it has confirmed before, after another header,
    /// is not asked again.
    #[track_caller]
    pub fn ask(
        mut self,
        confirmed: &mut HashSet<(String, u64)>,
        place: &str,
        compiler: impl FnOnce(&[String]) -> Vec<u64>,
    ) {
        self.list.retain(|question| !confirmed.contains(question));
        if self.list.is_empty() {
            return;
        }
        let expressions: Vec<String> = self.list.iter().map(|(expression, _)| expression.clone()).collect();
        let answers = compiler(&expressions);
        assert_eq!(answers.len(), self.list.len(), "{place}");
        let wrong: Vec<String> = (self.list.iter().zip(answers))
            .filter(|((_, ours), theirs)| ours != theirs)
            .map(|((expression, ours), theirs)| format!("{expression} is {theirs}, not {ours}"))
            .collect();
        assert!(wrong.is_empty(), "{place}: {} differences:\n{}", wrong.len(), wrong.join("\n"));
        confirmed.extend(self.list);
    }

    fn about_type(&mut self, ty: &Type, abi: Abi) {
        let record = match ty.resolve() {
            Type::Record(record) => Some(record),
            _ => None,
        };
        let Ok(size) = layout(ty, abi) else {
            let complete = record.is_some_and(|record| record.body().is_some());
            assert!(!complete, "{ty:?} is complete and has no size on {abi:?}: {}", ty.definition());
            return;
        };
        self.add(format!("sizeof({ty})"), size.size);
        self.add(format!("_Alignof({ty})"), size.align);
        let Some((record, body)) = record.and_then(|record| record.body().map(|body| (record, body))) else { return };
        let members = record_layout(record, abi).expect("its size is known");
        for (member, place) in body.members.iter().zip(&members.members) {
            if let (Some(name), None) = (&member.name, member.bits) {
                self.add(format!("__builtin_offsetof({ty}, {name})"), place.offset);
            }
        }
    }

    fn about_value(&mut self, name: &str, value: Option<ConstantValue>) {
        if let Some(ConstantValue::Integer(value)) = value {
            // As C converts it to the type of the answers.
            self.add(name.to_owned(), value as u64);
        }
    }

    fn add(&mut self, expression: String, expected: u64) {
        self.list.push((expression, expected));
    }
}
