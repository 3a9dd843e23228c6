//! The script that compresses files as gzip does: what it writes is looked at byte by byte, and read by itself.

/// The script's name.
pub(super) const SCRIPT: &str = "stream";

// Windows has no zlib of its own.
#[cfg(unix)]
mod unix {
    use std::fs;
    use std::path::{Path, PathBuf};

    use tests::{Configuration, Output, Scratch, repository, run};

    use super::super::script;
    use super::SCRIPT;

    /// Zlib as the distribution has it for this configuration's worker; nothing where the script finds it itself.
    fn zlib(configuration: Configuration) -> Option<PathBuf> {
        let candidates: &[&str] = match configuration {
            Configuration::Native => return None,
            Configuration::HostWidth => &["/usr/lib/x86_64-linux-gnu/libz.so.1", "/usr/lib64/libz.so.1"],
            Configuration::WineWorker | Configuration::Windows => &["/usr/i686-w64-mingw32/lib/zlib1.dll"],
        };
        let found = candidates.iter().map(Path::new).find(|path| path.is_file());
        Some(found.unwrap_or_else(|| panic!("zlib is missing, one of {candidates:?}")).to_owned())
    }

    fn stream(configuration: Configuration, options: &[&str], task: &str, from: &Path, to: &Path) -> Output {
        let mut command = script(configuration, SCRIPT);
        command.args(options);
        if let Some(library) = zlib(configuration) {
            command.arg("--library").arg(configuration.path(&library));
        }
        command.arg(task).arg(configuration.path(from)).arg(configuration.path(to));
        run(command, configuration.limit())
    }

    /// Some hundred kilobytes: a part that compresses well, and one that does not.
    fn content() -> Vec<u8> {
        let mut bytes = b"The same line, again and again.\n".repeat(6000);
        let mut state = 1_u32;
        bytes.extend((0..200_000).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        }));
        bytes
    }

    /// The CRC-32 that RFC 1952 defines, computed bit by bit.
    fn crc32(bytes: &[u8]) -> u32 {
        let shift = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
        !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), shift))
    }

    /// Asserts that a file is one member of gzip's format which says that it holds this content.
    #[track_caller]
    fn assert_is_gzip_of(file: &Path, content: &[u8]) {
        let bytes = fs::read(file).expect("the file was written");
        assert_eq!(bytes[..3], [0x1F, 0x8B, 8], "the magic bytes and the method");
        let trailer = bytes.last_chunk::<8>().expect("a trailer");
        let length = u32::try_from(content.len()).expect("a short content");
        assert_eq!(trailer[..4], crc32(content).to_le_bytes(), "the checksum");
        assert_eq!(trailer[4..], length.to_le_bytes(), "the length");
    }

    #[track_caller]
    fn assert_goes_and_comes_back(configuration: Configuration, options: &[&str], content: &[u8]) {
        let scratch = Scratch::new();
        let file = scratch.file("content", content);
        let (packed, back) = (scratch.path().join("packed.gz"), scratch.path().join("back"));
        stream(configuration, options, "compress", &file, &packed).assert_code(0);
        assert_is_gzip_of(&packed, content);
        stream(configuration, options, "decompress", &packed, &back).assert_code(0);
        assert!(fs::read(&back).expect("the file was written") == content, "what came back is not what was there");
    }

    #[test]
    fn files_are_compressed_as_gzip_does_and_come_back() {
        for configuration in Configuration::ALL {
            assert_goes_and_comes_back(*configuration, &[], &content());
        }
        for options in [["--level", "0"], ["--level", "9"]] {
            assert_goes_and_comes_back(Configuration::Native, &options, &content());
        }
        // Just as much as a piece holds, and nothing.
        assert_goes_and_comes_back(Configuration::Native, &[], &content()[..1 << 16]);
        assert_goes_and_comes_back(Configuration::Native, &[], b"");
    }

    /// All that zlib takes from the script's functions is given back to them.
    #[test]
    fn the_script_allocates_for_zlib() {
        for configuration in Configuration::ALL {
            let scratch = Scratch::new();
            let file = scratch.file("content", content());
            let (packed, back) = (scratch.path().join("packed.gz"), scratch.path().join("back"));
            for (task, from, to) in [("compress", &file, &packed), ("decompress", &packed, &back)] {
                let output = stream(*configuration, &["--count-allocations"], task, from, to);
                output.assert_code(0);
                let numbers: Vec<u64> = output.stderr.split([' ', '\n']).filter_map(|word| word.parse().ok()).collect();
                let [allocations, peak, freed, left] = numbers[..] else {
                    panic!("four numbers are expected\n{output}")
                };
                assert!(allocations > 0 && freed == allocations && left == 0, "{output}");
                assert!(peak > 10_000, "{output}");
            }
            assert!(fs::read(&back).expect("the file was written") == content(), "it came back otherwise");
        }
    }

    #[test]
    fn standard_streams_can_be_used() {
        let text = "A text that is piped.\n".repeat(5000);
        let scratch = Scratch::new();
        let file = scratch.file("content", &text);
        let packed = scratch.path().join("packed.gz");
        stream(Configuration::Native, &[], "compress", &file, &packed).assert_code(0);
        stream(Configuration::Native, &[], "decompress", &packed, Path::new("-")).assert_code(0).assert_stdout(&text);
        let mut command = script(Configuration::Native, SCRIPT);
        command.args(["compress", "-"]).arg(&packed);
        tests::run_with_input(command, &text, Configuration::Native.limit()).assert_code(0);
        assert_is_gzip_of(&packed, text.as_bytes());
    }

    /// As gzip has it, files that were put one after the other expand to their contents, one after the other.
    #[test]
    fn members_are_put_together() {
        let scratch = Scratch::new();
        let file = scratch.file("content", content());
        let packed = scratch.path().join("packed.gz");
        stream(Configuration::Native, &[], "compress", &file, &packed).assert_code(0);
        let both = scratch.file("both.gz", fs::read(&packed).expect("the file was written").repeat(2));
        let back = scratch.path().join("back");
        stream(Configuration::Native, &[], "decompress", &both, &back).assert_code(0);
        assert!(fs::read(&back).expect("the file was written") == content().repeat(2), "it came back otherwise");
    }

    #[test]
    fn what_is_no_whole_gzip_file_is_told() {
        let scratch = Scratch::new();
        let file = scratch.file("content", content());
        let packed = scratch.path().join("packed.gz");
        stream(Configuration::Native, &[], "compress", &file, &packed).assert_code(0);
        let whole = fs::read(&packed).expect("the file was written");
        let mut damaged = whole.clone();
        let checksum = damaged.len() - 8;
        damaged[checksum] ^= 1;
        let cases: [(&str, &[u8], &str); 4] = [
            ("cut.gz", &whole[..whole.len() - 100], "ends too early"),
            ("damaged.gz", &damaged, "incorrect data check"),
            ("empty.gz", b"", "ends too early"),
            ("text", b"This is no gzip file.", "incorrect header check"),
        ];
        for (name, bytes, message) in cases {
            let from = scratch.file(name, bytes);
            for options in [&[][..], &["--count-allocations"]] {
                let output = stream(Configuration::Native, options, "decompress", &from, &scratch.path().join("back"));
                output.assert_code(1).assert_stderr_has(&["stream.lua", name, message]);
            }
        }
    }

    #[test]
    fn files_and_libraries_that_are_missing_are_named() {
        let scratch = Scratch::new();
        let (absent, to) = (scratch.path().join("absent"), scratch.path().join("to"));
        let output = stream(Configuration::Native, &[], "compress", &absent, &to);
        output.assert_code(1).assert_stderr_has(&["absent"]);
        let options = ["--library", "libabsent.so.9"];
        let output = stream(Configuration::Native, &options, "compress", &repository().join("Cargo.toml"), &to);
        output.assert_code(1).assert_stderr_has(&["libabsent.so.9"]);
    }
}
