//! Real compilers, and what their object files tell.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use object::{Object, ObjectSection, ObjectSymbol, SectionIndex};
use runtime64::c::Abi;

use crate::declaration::Sample;
use crate::figures::Figure;
use crate::probe::{Probe, Question};
use crate::source;

/// A compiler, and the ABI that it is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compiler {
    /// The program's name.
    pub program: &'static str,
    /// What makes it follow the ABI.
    pub options: &'static [&'static str],
    /// The ABI.
    pub abi: Abi,
}

/// For Windows: Microsoft's bit-fields and Microsoft's `long double`.
const MICROSOFT: &[&str] = &["-mms-bitfields", "-mlong-double-64"];

impl Compiler {
    /// One for each ABI.
    pub const ALL: [Compiler; 4] = [
        Compiler { program: "gcc", options: &["-m32"], abi: Abi::I386SystemV },
        Compiler { program: "gcc", options: &["-m64"], abi: Abi::X8664SystemV },
        Compiler { program: "i686-w64-mingw32-gcc", options: MICROSOFT, abi: Abi::I386Windows },
        Compiler { program: "x86_64-w64-mingw32-gcc", options: MICROSOFT, abi: Abi::X8664Windows },
    ];

    /// The figures of each sample, in the order of its probes. Nothing that is compiled is run.
    pub(crate) fn measure(
        &self,
        samples: &[(&Sample, &[Probe])],
        folder: &Path,
        name: &str,
    ) -> Result<Vec<Vec<Figure>>, CompilerError> {
        let source = folder.join(format!("{name}-{:?}.c", self.abi));
        let object = source.with_extension("o");
        let at = |path: &Path| {
            let path = path.to_owned();
            |error| CompilerError::File(path, error)
        };
        fs::write(&source, source::file(samples)).map_err(at(&source))?;
        let mut command = Command::new(self.program);
        command
            .args(self.options)
            .args(["-std=gnu11", "-w", "-Wno-packed-bitfield-compat", "-O0", "-c", "-o"])
            .arg(&object)
            .arg(&source);
        let output = command.stdin(Stdio::null()).output();
        let output = output.map_err(|error| CompilerError::Start(self.program, error))?;
        if !output.status.success() {
            let message = String::from_utf8_lossy(&output.stderr).into_owned();
            return Err(CompilerError::Refused(self.to_string(), source, message));
        }
        let bytes = fs::read(&object).map_err(at(&object))?;
        let figures = read(&bytes, samples).map_err(|error| CompilerError::Object(object.clone(), error))?;
        fs::remove_file(&source).map_err(at(&source))?;
        fs::remove_file(&object).map_err(at(&object))?;
        Ok(figures)
    }
}

impl fmt::Display for Compiler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.program, self.options.join(" "))
    }
}

/// Why a compiler gave no figures.
#[derive(Debug, thiserror::Error)]
pub enum CompilerError {
    /// It is not installed.
    #[error("{0} cannot be started: {1}")]
    Start(&'static str, io::Error),
    /// It does not take the source for C; the file is kept.
    #[error("{0} refuses {1}:\n{2}")]
    Refused(String, PathBuf, String),
    /// A file cannot be written or read.
    #[error("{0}: {1}")]
    File(PathBuf, io::Error),
    /// The object file is not what it should be.
    #[error("{0}: {1}")]
    Object(PathBuf, ObjectError),
}

/// What is wrong with an object file.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// It cannot be read.
    #[error(transparent)]
    Format(#[from] object::Error),
    /// A symbol or what it names is missing.
    #[error("there is no {0}")]
    Missing(String),
    /// The bits of a bit-field are not one behind the other.
    #[error("{0} has gaps")]
    Gaps(String),
}

/// The data that the symbols of an object file name.
struct Objects<'data> {
    file: object::File<'data>,
    symbols: HashMap<String, (SectionIndex, u64)>,
}

impl<'data> Objects<'data> {
    fn new(bytes: &'data [u8]) -> Result<Self, ObjectError> {
        let file = object::File::parse(bytes)?;
        let mut symbols = HashMap::new();
        for symbol in file.symbols() {
            if let Some(section) = symbol.section_index() {
                let base = file.section_by_index(section)?.address();
                // On 32-bit Windows, names of C begin with an underscore.
                let name = symbol.name()?.trim_start_matches('_').to_owned();
                symbols.insert(name, (section, symbol.address() - base));
            }
        }
        Ok(Objects { file, symbols })
    }

    /// The bytes from a symbol to the end of its section.
    fn data_at(&self, name: &str) -> Result<&'data [u8], ObjectError> {
        let missing = || ObjectError::Missing(name.to_owned());
        let (section, offset) = self.symbols.get(name).ok_or_else(missing)?;
        let data = self.file.section_by_index(*section)?.data()?;
        usize::try_from(*offset).ok().and_then(|offset| data.get(offset..)).ok_or_else(missing)
    }
}

fn read(bytes: &[u8], samples: &[(&Sample, &[Probe])]) -> Result<Vec<Vec<Figure>>, ObjectError> {
    let objects = Objects::new(bytes)?;
    let mut numbers = objects.data_at(source::NUMBERS)?.chunks_exact(8);
    let mut number = || {
        let bytes = numbers.next().and_then(|bytes| bytes.try_into().ok());
        bytes.map(u64::from_le_bytes).ok_or_else(|| ObjectError::Missing("number".to_owned()))
    };
    let mut bit_fields = 0;
    let mut all = Vec::with_capacity(samples.len());
    for (_, probes) in samples {
        let mut figures = Vec::with_capacity(probes.len());
        let mut size = 0;
        for probe in *probes {
            figures.push(if let Question::Bits(_) = probe.question {
                bit_fields += 1;
                bits(&objects, &source::bits_name(bit_fields - 1), size)?
            } else {
                let number = number()?;
                if probe.question == Question::Size {
                    size = number;
                }
                Figure::Number(number)
            });
        }
        all.push(figures);
    }
    Ok(all)
}

/// Which bits of an object are set.
fn bits(objects: &Objects<'_>, name: &str, size: u64) -> Result<Figure, ObjectError> {
    let bytes = objects.data_at(name)?;
    let bytes = usize::try_from(size).ok().and_then(|size| bytes.get(..size));
    let bytes = bytes.ok_or_else(|| ObjectError::Missing(name.to_owned()))?;
    let is_set = |bit: &u64| bytes[(bit / 8) as usize] >> (bit % 8) & 1 == 1;
    let set: Vec<u64> = (0..8 * size).filter(is_set).collect();
    match set[..] {
        [first, ..] if set.last() == Some(&(first + set.len() as u64 - 1)) => {
            Ok(Figure::Bits { first, width: set.len() as u64 })
        }
        _ => Err(ObjectError::Gaps(name.to_owned())),
    }
}
