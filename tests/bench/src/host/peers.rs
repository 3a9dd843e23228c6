//! Other bridges, each measured by a script of its own that prints its figures as this program does.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::figures::{Effort, Figures};
use super::ours::Ours;
use super::places::{Places, System};

/// A peer: the environment variable that names its interpreter, its script, and what the script is given.
const PEERS: [(&str, &str, &str); 3] = [
    ("RUNTIME64_BENCH_PYTHON", "ctypes_add.py", "libbench64.so"),
    ("RUNTIME64_BENCH_PYTHON", "msl_loadlib_add.py", ""),
    ("RUNTIME64_BENCH_LUAJIT", "luajit_ffi.lua", "libbench64.so"),
];

/// Measures the peers that are installed, and `runtime64` with the library that comes with one of them.
#[must_use]
pub fn measure(places: &Places, effort: Effort) -> Vec<Figures> {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers");
    let mut figures = Vec::new();
    for (variable, script, library) in PEERS {
        let Some(interpreter) = Places::existing(std::env::var_os(variable).map(PathBuf::from)) else {
            eprintln!("bench: {script}: left out, its interpreter is not installed");
            continue;
        };
        let mut command = Command::new(interpreter);
        command.arg(scripts.join(script)).arg(places.fixtures.join(library)).arg(effort.time.as_secs_f64().to_string());
        match run(&mut command) {
            Ok(printed) => figures.extend(printed),
            Err(error) => eprintln!("bench: {script}: {error}"),
        }
    }
    figures.extend(same_library(places, effort));
    figures
}

fn run(command: &mut Command) -> Result<Vec<Figures>, String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("it ended with {}", output.status));
    }
    let lines = String::from_utf8_lossy(&output.stdout);
    lines.lines().map(|line| serde_json::from_str(line).map_err(|error| format!("{line}: {error}"))).collect()
}

/// The same function of the same library that msl-loadlib is measured with.
fn same_library(places: &Places, effort: Effort) -> Option<Figures> {
    let library = Places::existing(std::env::var_os("RUNTIME64_BENCH_CPP_LIB32").map(PathBuf::from))?;
    let rows = "dll.cdef[[ int add(int a, int b); ]] local add = dll.load(...).add \
                return { add = function(count) for _ = 1, count do add(2, 3) end end }";
    let ours = Ours::with_library(places, System::Elf, rows, &library.display().to_string());
    let measured = ours.and_then(|ours| ours.measure("add", "add of msl-loadlib's cpp_lib32.so", effort));
    measured.inspect_err(|error| eprintln!("bench: cpp_lib32.so: {error}")).ok()
}
