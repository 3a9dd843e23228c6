//! Prompt commands, which begin with a colon.

/// A prompt command.
#[derive(Debug, PartialEq)]
pub(super) enum Command<'a> {
    /// `:help`
    Help,
    /// `:load FILE` runs a file in this session.
    Load(&'a str),
    /// `:time CODE` runs code and shows its duration.
    Time(&'a str),
    /// `:quit`
    Quit,
}

/// The commands and their descriptions in the help text.
const COMMANDS: &[(&str, &str)] = &[
    (":help", "show this help"),
    (":load FILE", "run a file; its definitions stay"),
    (":time CODE", "run code and show how long it took"),
    (":quit", "leave, like Ctrl-D"),
];

/// The notes below the commands in the help text.
const NOTES: &str = "\
Other input is Lua. An expression shows its values; an unfinished line continues on the next.
  _        the last value
  _error   the last error
  dll      calls 32-bit libraries: lib = dll.load(\"legacy.dll\")
Ctrl-C clears the line, or interrupts running code; the arrow keys recall earlier lines.";

/// Whether an entry is a command. A Lua label begins with two colons.
pub(super) fn is_command(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(':') && !text.starts_with("::")
}

impl<'a> Command<'a> {
    /// Parses a command; `None` if the entry is Lua, an error message if the command is invalid.
    pub(super) fn parse(text: &'a str) -> Option<Result<Self, String>> {
        if !is_command(text) {
            return None;
        }
        let text = text.trim();
        let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let rest = rest.trim();
        Some(match (name, rest.is_empty()) {
            (":help" | ":h", true) => Ok(Command::Help),
            (":quit" | ":q", true) => Ok(Command::Quit),
            (":load", false) => Ok(Command::Load(rest)),
            (":time", false) => Ok(Command::Time(rest)),
            _ => Err(refusal(name)),
        })
    }
}

/// The text of `:help`.
pub(super) fn help() -> String {
    let commands = COMMANDS.iter().map(|(usage, meaning)| format!("  {usage:<12} {meaning}\n"));
    format!("{}{NOTES}", commands.collect::<String>())
}

fn refusal(name: &str) -> String {
    let usage = COMMANDS.iter().find(|(usage, _)| usage.split(' ').next() == Some(name));
    match usage {
        Some((usage, _)) => format!("usage: {usage}"),
        None => format!("unknown command {name}; :help lists the commands"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read() {
        let cases = [
            (":help", Some(Ok(Command::Help))),
            ("  :q ", Some(Ok(Command::Quit))),
            (":load my file.lua", Some(Ok(Command::Load("my file.lua")))),
            (":time 1 + 1", Some(Ok(Command::Time("1 + 1")))),
            (":load", Some(Err("usage: :load FILE".to_owned()))),
            (":quit now", Some(Err("usage: :quit".to_owned()))),
            (":nonsense x", Some(Err("unknown command :nonsense; :help lists the commands".to_owned()))),
            ("::label::", None),
            ("x = 1", None),
            ("", None),
        ];
        for (text, command) in cases {
            assert_eq!(Command::parse(text), command, "{text:?}");
        }
    }
}
