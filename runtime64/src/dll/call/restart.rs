//! The script's function for restarts, which runs before the next call.

use mlua::Lua;

use crate::dll::failure::message_of;
use crate::dll::library::Library;
use crate::dll::worker_group::on_restart;
use crate::error::{Error, ErrorKind};
use crate::remote::Started;
use crate::stack;

/// Calls the script's function for restarts. If it fails, the next call calls it again.
pub(super) fn restarted(lua: &Lua, library: &Library) -> mlua::Result<()> {
    let Some(table) = library.module().worker_group().table(lua)? else { return Ok(()) };
    let Some(function) = on_restart(&table)? else { return Ok(()) };
    let outcome = stack::with_room_for_lua(|| function.call::<()>(table));
    let worker = library.worker();
    match outcome {
        Ok(()) => {
            worker.set_fresh();
            Ok(())
        }
        Err(error) => {
            worker.set_restarted();
            Err(failed(&error).into())
        }
    }
}

/// The error of a script's function for restarts: the actual call has not begun.
fn failed(error: &mlua::Error) -> Error {
    if let Some(error) = error.downcast_ref::<Error>() {
        let message = format!("on_restart: {}", error.message);
        return Error { message, ..error.clone() }.before_start();
    }
    let (message, _) = message_of(error);
    Error::new(ErrorKind::Callback, format!("on_restart: {message}")).with_started(Started::No)
}
