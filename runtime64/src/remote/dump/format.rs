//! The format of a minidump (MSDN, `minidumpapiset.h`): a header, a directory of streams, the streams, and the data
//! that they refer to by its offset in the file.

use protocol::{Machine, Platform};

/// The content of a dump.
#[derive(Debug)]
pub(super) struct Dump {
    pub(super) machine: Machine,
    pub(super) platform: Platform,
    pub(super) process: u32,
    /// The time of the dump, in seconds since 1970.
    pub(super) time: u32,
    pub(super) thread: u32,
    /// The thread's `CONTEXT`, if its registers are known.
    pub(super) context: Option<Vec<u8>>,
    pub(super) exception: Exception,
    pub(super) modules: Vec<DumpModule>,
    /// Parts of the memory; the first one is the thread's stack, if it is known.
    pub(super) memory: Vec<MemoryRange>,
    pub(super) has_stack: bool,
    /// The memory map of the process, in the text format of Linux.
    pub(super) maps: Option<Vec<u8>>,
}

/// The reason why the thread stopped.
#[derive(Debug)]
pub(super) struct Exception {
    pub(super) code: u32,
    pub(super) address: u64,
    pub(super) parameters: Vec<u64>,
}

/// A loaded file.
#[derive(Debug)]
pub(super) struct DumpModule {
    pub(super) base: u64,
    pub(super) bytes: u32,
    pub(super) checksum: u32,
    pub(super) time: u32,
    pub(super) path: String,
}

/// A part of the memory.
#[derive(Debug)]
pub(super) struct MemoryRange {
    pub(super) address: u64,
    pub(super) bytes: Vec<u8>,
}

/// The signature at the start of the file, and the version of the format.
const SIGNATURE: u32 = 0x504d_444d;
const VERSION: u32 = 0xa793;

const HEADER_BYTES: usize = 32;
const ENTRY_BYTES: usize = 12;

/// The stream numbers. The one for the Linux memory map is Breakpad's.
const THREADS: u32 = 3;
const MODULES: u32 = 4;
const MEMORY: u32 = 5;
const EXCEPTION: u32 = 6;
const SYSTEM: u32 = 7;
const PROCESS: u32 = 15;
const LINUX_MAPS: u32 = 0x4767_0009;

/// The platforms of `MINIDUMP_SYSTEM_INFO`; the one for Linux is Breakpad's.
const WINDOWS: u32 = 2;
const LINUX: u32 = 0x8201;

/// The maximum number of parameters of an exception.
const PARAMETERS: usize = 15;

/// An offset in the file, and the number of bytes there.
#[derive(Clone, Copy, Default)]
struct Location {
    bytes: u32,
    place: u32,
}

impl Dump {
    /// Encodes the dump as a file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let streams = 6 + usize::from(self.maps.is_some());
        let mut file = DumpFile(vec![0; HEADER_BYTES + ENTRY_BYTES * streams]);
        let context = self.context.as_deref().map_or(Location::default(), |context| file.append(context));
        let ranges: Vec<Location> = self.memory.iter().map(|range| file.append(&range.bytes)).collect();
        let mut directory = vec![
            (THREADS, self.threads(&mut file, context, &ranges)),
            (MODULES, self.module_list(&mut file)),
            (MEMORY, self.memory_list(&mut file, &ranges)),
            (EXCEPTION, self.exception(&mut file, context)),
            (SYSTEM, self.system(&mut file)),
            (PROCESS, self.process(&mut file)),
        ];
        directory.extend(self.maps.as_deref().map(|maps| (LINUX_MAPS, file.append(maps))));
        let mut front = RecordWriter::default();
        front.u32(SIGNATURE).u32(VERSION).u32(streams as u32).u32(HEADER_BYTES as u32);
        // No checksum; the time; no flags.
        front.u32(0).u32(self.time).u64(0);
        for (kind, location) in directory {
            front.u32(kind).location(location);
        }
        file.0[..front.0.len()].copy_from_slice(&front.0);
        file.0
    }

    /// The list of threads, which has one: the one that crashed.
    fn threads(&self, file: &mut DumpFile, context: Location, ranges: &[Location]) -> Location {
        let stack = self.memory.first().zip(ranges.first()).filter(|_| self.has_stack);
        let mut list = RecordWriter::default();
        // The thread's ID; its suspend count, priorities and the address of its block are unknown.
        list.u32(1).u32(self.thread).u32(0).u32(0).u32(0).u64(0);
        match stack {
            Some((range, location)) => list.u64(range.address).location(*location),
            None => list.u64(0).location(Location::default()),
        };
        list.location(context);
        file.append(&list.0)
    }

    fn module_list(&self, file: &mut DumpFile) -> Location {
        const VERSION_INFORMATION: [u8; 52] = [0; 52];
        let names: Vec<u32> = self.modules.iter().map(|module| file.string(&module.path)).collect();
        let mut list = RecordWriter::default();
        list.u32(self.modules.len() as u32);
        for (module, name) in self.modules.iter().zip(names) {
            list.u64(module.base).u32(module.bytes).u32(module.checksum).u32(module.time).u32(name);
            list.0.extend_from_slice(&VERSION_INFORMATION);
            // No debugging records, and zeros in the reserved words.
            list.location(Location::default()).location(Location::default()).u64(0).u64(0);
        }
        file.append(&list.0)
    }

    fn memory_list(&self, file: &mut DumpFile, ranges: &[Location]) -> Location {
        let mut list = RecordWriter::default();
        list.u32(ranges.len() as u32);
        for (range, location) in self.memory.iter().zip(ranges) {
            list.u64(range.address).location(*location);
        }
        file.append(&list.0)
    }

    fn exception(&self, file: &mut DumpFile, context: Location) -> Location {
        let Exception { code, address, parameters } = &self.exception;
        let count = parameters.len().min(PARAMETERS);
        let mut stream = RecordWriter::default();
        // The thread and padding; code, flags, no nested record, address, parameters.
        stream.u32(self.thread).u32(0).u32(*code).u32(0).u64(0).u64(*address).u32(count as u32).u32(0);
        for index in 0..PARAMETERS {
            stream.u64(parameters.get(index).copied().unwrap_or(0));
        }
        stream.location(context);
        file.append(&stream.0)
    }

    fn system(&self, file: &mut DumpFile) -> Location {
        const PROCESSOR: [u8; 24] = [0; 24];
        let architecture = match self.machine {
            Machine::I386 => 0,
            Machine::X86_64 => 9,
        };
        let platform = match self.platform {
            Platform::Windows => WINDOWS,
            Platform::Linux => LINUX,
        };
        let text = file.string("");
        let mut stream = RecordWriter::default();
        // Only the kinds of the processor and of the system are given.
        stream.u16(architecture).u16(0).u16(0).u16(0).u32(0).u32(0).u32(0).u32(platform).u32(text).u32(0);
        stream.0.extend_from_slice(&PROCESSOR);
        file.append(&stream.0)
    }

    fn process(&self, file: &mut DumpFile) -> Location {
        const HAS_PROCESS: u32 = 1;
        let mut stream = RecordWriter::default();
        // The stream's size, its valid fields, the process, and its times.
        stream.u32(24).u32(HAS_PROCESS).u32(self.process).u32(0).u32(0).u32(0);
        file.append(&stream.0)
    }
}

/// The file under construction.
struct DumpFile(Vec<u8>);

impl DumpFile {
    /// Appends bytes at a multiple of 8.
    fn append(&mut self, bytes: &[u8]) -> Location {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let place = self.0.len() as u32;
        self.0.extend_from_slice(bytes);
        Location { bytes: bytes.len() as u32, place }
    }

    /// Appends a string: its length in bytes, then UTF-16 with a terminating zero.
    fn string(&mut self, text: &str) -> u32 {
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut string = RecordWriter::default();
        string.u32(2 * units.len() as u32);
        units.into_iter().chain([0]).for_each(|unit| {
            string.u16(unit);
        });
        self.append(&string.0).place
    }
}

/// A structure of the format, built field by field.
#[derive(Default)]
struct RecordWriter(Vec<u8>);

impl RecordWriter {
    fn u16(&mut self, value: u16) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn u32(&mut self, value: u32) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn u64(&mut self, value: u64) -> &mut Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    fn location(&mut self, location: Location) -> &mut Self {
        self.u32(location.bytes).u32(location.place)
    }
}
