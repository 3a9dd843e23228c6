//! `os.exit`: ends the workers first, and the process only if the host allows it.

use std::io::{self, Write};

use mlua::chunk::ChunkMode;
use mlua::{Lua, Value};

use super::finalizers::Finalizers;
use crate::dll;

/// What `os.exit` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExit {
    /// Raises an error: a script must not end the program that embeds it.
    #[default]
    Refuse,
    /// Ends the workers, then the process, with the script's exit code. If the script asks to close the state,
    /// finalizers run first; if one of them fails, its error is written to standard error, and exit code 0 becomes 1.
    EndProcess,
}

/// Lua's own `os.exit` takes `true`, `false` or an integer; an invalid argument is rejected before any worker ends.
const END_PROCESS: &str = "
local end_use = ...
local exit, error, tointeger, type = os.exit, error, math.tointeger, type
function os.exit(code, close)
  if code ~= nil and type(code) ~= 'boolean' and not tointeger(code) then
    error(\"bad argument #1 to 'exit' (integer or boolean expected, got \" .. type(code) .. ')', 2)
  end
  if not end_use(close) and (code == nil or code == true or tointeger(code) == 0) then
    code = false
  end
  -- Finalizers have run. While Lua closes the state it could no longer call Rust, so to-be-closed variables of the main
  -- thread stay open.
  exit(code)
end
";

const REFUSE: &str = "
local error = error
function os.exit()
  error('os.exit is refused: this script is embedded in a program that continues to run', 2)
end
";

/// Replaces `os.exit`.
pub(super) fn install(lua: &Lua, on_exit: OnExit, finalizers: Finalizers) -> mlua::Result<()> {
    let end_use = lua.create_function(move |lua, close: Value| {
        // As in Lua, any value but nil and false is true.
        let closes = !matches!(close, Value::Nil | Value::Boolean(false));
        let errors = if closes { finalizers.run(lua) } else { Vec::new() };
        for error in &errors {
            // If this is not read, the exit code still reports the failure.
            let _ = writeln!(io::stderr(), "runtime64: {}", error.report());
        }
        dll::shutdown(lua);
        Ok(errors.is_empty())
    })?;
    let source = match on_exit {
        OnExit::Refuse => REFUSE,
        OnExit::EndProcess => END_PROCESS,
    };
    lua.load(source).set_name("=[runtime64]").set_mode(ChunkMode::Text).call(end_use)
}

#[cfg(test)]
mod tests {
    use crate::Runtime;

    #[test]
    fn an_embedded_script_cannot_end_its_host() {
        let runtime = Runtime::builder().build().expect("a runtime");
        let error = runtime.eval::<()>("=cfg", "os.exit(3)").expect_err("refused");
        assert!(error.to_string().starts_with("cfg:1: os.exit is refused"), "{error}");
    }
}
