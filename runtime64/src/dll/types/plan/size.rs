//! Size expressions of annotations, with resolved parameters.

use std::sync::Arc;

use crate::c::{self, Abi, SizeExpression, SizeOperator, layout};
use crate::dll::types::{Number, Types};

/// A size to be computed at each call.
#[derive(Debug)]
pub(in crate::dll) enum Size {
    /// A number.
    Number(i64),
    /// The value of a parameter.
    Parameter(usize),
    /// The integer that a parameter points to.
    Pointed(usize, Number),
    /// The function's result.
    Result,
    /// Two sizes combined.
    Binary(SizeOperator, Box<(Size, Size)>),
}

impl Size {
    /// Resolves a size expression; `None` if it names no integer parameter of the function.
    pub(super) fn of(
        types: &Arc<Types>,
        expression: &SizeExpression,
        parameters: &[c::Parameter],
        abi: Abi,
    ) -> Option<Self> {
        let find = |name: &str| parameters.iter().position(|parameter| parameter.name.as_deref() == Some(name));
        Some(match expression {
            SizeExpression::Number(number) => Size::Number(i64::try_from(*number).ok()?),
            SizeExpression::SizeOf(ty) => Size::Number(i64::try_from(layout(ty, abi).ok()?.size).ok()?),
            SizeExpression::Result => Size::Result,
            SizeExpression::Parameter(name) => {
                let index = find(name)?;
                types.ctype(&parameters[index].ty, abi).integer()?;
                Size::Parameter(index)
            }
            SizeExpression::Dereference(name) => {
                let index = find(name)?;
                Size::Pointed(index, types.ctype(parameters[index].ty.pointee()?, abi).integer()?.clone())
            }
            SizeExpression::Binary(operator, operands) => {
                let left = Self::of(types, &operands.0, parameters, abi)?;
                let right = Self::of(types, &operands.1, parameters, abi)?;
                Size::Binary(*operator, Box::new((left, right)))
            }
        })
    }

    /// Computes the size from the values of parameters and of the result that `value` returns. `None` if a value is
    /// unknown or the computation fails; the size may be negative.
    pub(in crate::dll) fn evaluate<E>(
        &self,
        value: &mut dyn FnMut(&Size) -> Result<Option<i64>, E>,
    ) -> Result<Option<i64>, E> {
        match self {
            Size::Number(number) => Ok(Some(*number)),
            Size::Parameter(_) | Size::Pointed(..) | Size::Result => value(self),
            Size::Binary(operator, operands) => {
                let left = operands.0.evaluate(value)?;
                let right = operands.1.evaluate(value)?;
                let (Some(left), Some(right)) = (left, right) else { return Ok(None) };
                Ok(match operator {
                    SizeOperator::Add => left.checked_add(right),
                    SizeOperator::Subtract => left.checked_sub(right),
                    SizeOperator::Multiply => left.checked_mul(right),
                    SizeOperator::Divide => left.checked_div(right),
                })
            }
        }
    }
}
