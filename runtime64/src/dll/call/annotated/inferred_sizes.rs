//! Omitted sizes, inferred from other arguments.

use mlua::Value as LuaValue;
use protocol::Value;

use super::{Expansion, Length};
use crate::dll::conversion_error::ConversionError;
use crate::dll::marshal::to_wire;
use crate::error::ErrorKind;

impl Expansion<'_, '_> {
    /// Infers the value of an omitted size parameter.
    pub(super) fn infer_size(&mut self, size: usize) -> Result<(), ConversionError> {
        if !self.plan.roles[size].is_inferred || self.pending[size].position.is_some() {
            return Ok(());
        }
        let mut inferred: Option<(usize, u64)> = None;
        for source in (0..self.pending.len()).filter(|index| self.plan.roles[*index].size_parameter == Some(size)) {
            // NULL has length 0.
            let state = &self.pending[source];
            let is_null =
                self.values[self.first + source] == Value::Nil && state.content.is_none() && !state.is_filled_in;
            let nothing = is_null.then_some(Length { count: 0, is_terminated: false });
            let Some(length) = self.pending[source].length.or(nothing) else { continue };
            match inferred {
                Some((other, count)) if count != length.count => return Err(self.inferred_twice(size, other, source)),
                _ => inferred = Some((source, length.count)),
            }
        }
        let text = &self.prototype.parameters[size].text;
        let Some((_, count)) = inferred else {
            let reason = format!("'{text}' is omitted and cannot be inferred: a pointer has no length");
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
        let length = |index: usize| {
            let role = &self.plan.roles[index];
            match (&role.extent, &role.target, self.pending[index].length) {
                (Some(extent), Some(target), Some(length)) => extent.counted(target, length.count),
                _ => "nothing".to_owned(),
            }
        };
        let text = |index: usize| &self.prototype.parameters[index].text;
        let reason = format!(
            "'{}' is omitted, but '{}' has {} and '{}' has {}; pass the size explicitly",
            text(size),
            text(one),
            length(one),
            text(other),
            length(other)
        );
        ConversionError::new(ErrorKind::Range, reason)
    }
}
