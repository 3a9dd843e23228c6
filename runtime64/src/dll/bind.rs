//! Names of a library as Lua values: functions, variables, constants, and any symbol by its exact name.

mod symbol;
mod table;
mod variable;

pub(super) use symbol::{bind as bind_symbol, symbol_query};
pub(super) use table::{library_of, table_of};
