//! The compilers whose headers are read, one for each ABI.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use object::{Object, ObjectSection};
use runtime64::c::Abi;

/// A compiler for one ABI.
#[derive(Clone, Copy, Debug)]
pub struct Compiler {
    /// The ABI that it compiles for.
    pub abi: Abi,
    program: &'static str,
    width: &'static str,
}

/// The section that answers lie in.
const SECTION: &str = "answers";

impl Compiler {
    /// One for each ABI.
    pub const ALL: [Compiler; 4] = [
        Compiler { abi: Abi::I386SystemV, program: "gcc", width: "-m32" },
        Compiler { abi: Abi::I386Windows, program: "i686-w64-mingw32-gcc", width: "-m32" },
        Compiler { abi: Abi::X8664SystemV, program: "gcc", width: "-m64" },
        Compiler { abi: Abi::X8664Windows, program: "x86_64-w64-mingw32-gcc", width: "-m64" },
    ];

    /// The text after preprocessing, with the definitions of its macros if they are wanted.
    pub fn preprocess(&self, text: &str, keep_macros: bool) -> String {
        let scratch = Scratch::new(self, text);
        let mut command = self.command();
        command.arg("-E").args(keep_macros.then_some("-dD")).arg(&scratch.source);
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", self.program));
        assert!(output.status.success(), "{self:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The values of constant expressions after a text. Nothing is run: they are read from the object file.
    pub fn values(&self, text: &str, expressions: &[String]) -> Vec<u64> {
        self.answers(&format!("{text}\n#include <limits.h>\n#include <stddef.h>"), &[], expressions)
    }

    /// The same after a text that has been preprocessed, so that no macro of it can replace words of the expressions.
    pub fn values_without_macros(&self, preprocessed: &str, expressions: &[String]) -> Vec<u64> {
        self.answers(preprocessed, &["-fpreprocessed"], expressions)
    }

    fn answers(&self, text: &str, options: &[&str], expressions: &[String]) -> Vec<u64> {
        let list: String = expressions.iter().map(|text| format!("(unsigned long long)({text}),\n")).collect();
        let array = format!(
            "{text}\n__attribute__((section(\"{SECTION}\"), used)) const unsigned long long answers_in_order[] = {{\n{list}}};"
        );
        let scratch = Scratch::new(self, &array);
        let mut command = self.command();
        command.args(options).args(["-c", "-w", "-o"]).arg(&scratch.object).arg(&scratch.source);
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", self.program));
        assert!(output.status.success(), "{self:?}: {}", String::from_utf8_lossy(&output.stderr));
        let bytes = fs::read(&scratch.object).expect("the compiler has written it");
        let file = object::File::parse(&*bytes).expect("it is an object file");
        let section = file.section_by_name(SECTION).expect("the text defines it");
        let data = section.data().expect("it holds an array");
        let words = data.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("they are 8 bytes")));
        words.take(expressions.len()).collect()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.program);
        command.args([self.width, "-std=gnu11", "-I/usr/include/libusb-1.0"]);
        if self.abi.is_windows() {
            // Headers that are the same on every system are installed for the host alone.
            command.arg("-idirafter").arg("/usr/include");
            // Libraries for Windows follow Microsoft's compiler.
            command.arg("-mlong-double-64");
        }
        command
    }
}

/// Files of one run of a compiler, removed after it.
struct Scratch {
    folder: PathBuf,
    source: PathBuf,
    object: PathBuf,
}

impl Scratch {
    fn new(compiler: &Compiler, text: &str) -> Self {
        let thread = std::thread::current().id();
        let name = format!("runtime64-headers-{}-{thread:?}-{:?}", std::process::id(), compiler.abi);
        let folder = env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("the folder for temporary files can be written");
        let source = folder.join("text.c");
        fs::write(&source, text).expect("the folder for temporary files can be written");
        Scratch { object: folder.join("text.o"), folder, source }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
