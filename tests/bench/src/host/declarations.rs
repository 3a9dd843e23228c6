//! How long it takes to read declarations. Nothing is called, so this concerns no system.

use std::fmt::Write;
use std::time::Instant;

use runtime64::c::{Declarations, Error};

use super::figures::{Effort, Figures};

/// A header of 1 MB, and what a program may declare at its start.
///
/// # Errors
/// The declarations are refused.
pub fn measure(effort: Effort) -> Result<Vec<Figures>, Error> {
    let mut header = String::new();
    for number in 0.. {
        if header.len() >= 1_000_000 {
            break;
        }
        header += &declarations(number);
    }
    let mut program =
        "void start(DWORD, BOOL, HANDLE, HWND, LPCWSTR, LRESULT, RECT *, SYSTEMTIME *, GUID *, MSG *, OVERLAPPED *);\n"
            .to_owned();
    for number in 0..2_000 {
        // Writing to a string cannot fail.
        let _ = writeln!(
            program,
            "BOOL __stdcall Function{number}(HANDLE device, const char *name, DWORD *length, int n{number});"
        );
    }
    Ok(vec![time("reading 1 MB of declarations", &header, effort)?, time("reading 2000 functions", &program, effort)?])
}

/// What stands in headers again and again.
fn declarations(number: u32) -> String {
    format!(
        "#define LIMIT_{number} (1u << 4 | {number})\n\
         /* What it does, at some length, as headers tell it: the handle must have been opened before. */\n\
         typedef struct _SAMPLE_{number} {{ DWORD size; union {{ double value; BYTE raw[LIMIT_{number}]; }}; struct \
         _SAMPLE_{number} *next; unsigned flags : 3; }} SAMPLE_{number}, *PSAMPLE_{number};\n\
         enum kind_{number} {{ FIRST_{number}, SECOND_{number} = FIRST_{number} + 5, THIRD_{number} }};\n\
         typedef int (CALLBACK *HANDLER_{number})(void *context, const SAMPLE_{number} *sample);\n\
         __declspec(dllimport) BOOL WINAPI Read{number}(_In_ HANDLE device, _Out_writes_(count) SAMPLE_{number} *samples, \
         DWORD count, HANDLER_{number} handler, void *context);\n"
    )
}

fn time(row: &str, text: &str, effort: Effort) -> Result<Figures, Error> {
    let mut times = Vec::new();
    let deadline = Instant::now() + effort.time;
    while Instant::now() < deadline || times.len() < 7 {
        let start = Instant::now();
        Declarations::new().declare(text)?;
        times.push(start.elapsed().as_secs_f64() * 1e6);
    }
    Ok(Figures::of(row, times))
}
