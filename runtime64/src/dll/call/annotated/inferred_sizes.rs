//! Sizes that are left out since other arguments tell them.

use mlua::Value as LuaValue;
use protocol::Value;

use super::{Expansion, Held};
use crate::dll::conversion_error::ConversionError;
use crate::dll::marshal::to_wire;
use crate::error::ErrorKind;

impl Expansion<'_, '_> {
    /// The value of a parameter that is left out since others tell it.
    pub(super) fn infer_size(&mut self, size: usize) -> Result<(), ConversionError> {
        if !self.plan.roles[size].is_inferred || self.drafts[size].position.is_some() {
            return Ok(());
        }
        let mut told: Option<(usize, u64)> = None;
        for teller in (0..self.drafts.len()).filter(|index| self.plan.roles[*index].tells == Some(size)) {
            // NULL holds nothing.
            let draft = &self.drafts[teller];
            let is_null = self.values[self.first + teller] == Value::Nil && draft.content.is_none() && !draft.is_later;
            let nothing = is_null.then_some(Held { count: 0, is_terminated: false });
            let Some(held) = self.drafts[teller].held.or(nothing) else { continue };
            match told {
                Some((other, count)) if count != held.count => return Err(self.inferred_twice(size, other, teller)),
                _ => told = Some((teller, held.count)),
            }
        }
        let text = &self.prototype.parameters[size].text;
        let Some((_, count)) = told else {
            let reason =
                format!("'{text}' is left out, and no argument tells it: a pointer does not know how much it leads to");
            return Err(ConversionError::new(ErrorKind::Type, reason));
        };
        let value = LuaValue::Integer(i64::try_from(count).unwrap_or(i64::MAX));
        let conversion = &self.prototype.parameters[size].conversion;
        let converted = to_wire(conversion, &value, self.space, self.access);
        self.values[self.first + size] = converted.map_err(|error| error.within(format!("'{text}'")))?;
        Ok(())
    }

    #[cold]
    fn inferred_twice(&self, size: usize, one: usize, other: usize) -> ConversionError {
        let held = |index: usize| {
            let role = &self.plan.roles[index];
            match (&role.extent, &role.target, self.drafts[index].held) {
                (Some(extent), Some(target), Some(held)) => extent.counted(target, held.count),
                _ => "nothing".to_owned(),
            }
        };
        let text = |index: usize| &self.prototype.parameters[index].text;
        let reason = format!(
            "'{}' is left out, and '{}' tells {} where '{}' tells {}: which is it?",
            text(size),
            text(one),
            held(one),
            text(other),
            held(other)
        );
        ConversionError::new(ErrorKind::Range, reason)
    }
}
