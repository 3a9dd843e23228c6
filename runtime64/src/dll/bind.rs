//! Names of a library bound to Lua values: functions, variables, constants, and anything by its exact symbol.

mod symbol;
mod table;
mod variable;

pub(super) use symbol::{bind as bind_symbol, symbol_query};
pub(super) use table::{library_of, table_of};
