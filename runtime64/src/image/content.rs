//! Recognition of files that users load by mistake, for the error message.

/// The apparent content of a file that is not a library. Both texts are parts of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// The kind of content, with an article: "a ZIP archive".
    pub what: &'static str,
    /// The advice: "unpack it and load the library inside".
    pub advice: &'static str,
}

const UNPACK: &str = "unpack it and load the library inside";
const INSTALL: &str = "install or unpack it and load the library it contains";
const LIBRARY: &str = "load the shared library (.so or .dll) that belongs to it";
const DOWNLOAD: &str = "the download probably failed: fetch the file again";

/// File signatures, the longest and most specific first.
const SIGNATURES: &[(&[u8], &str, &str)] = &[
    (
        b"version https://git-lfs.github.com/",
        "a Git LFS pointer, not the file itself",
        "run 'git lfs pull' in its repository",
    ),
    (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "an OLE compound file (such as an .msi installer)", INSTALL),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive", UNPACK),
    (b"\xFD7zXZ\0", "an XZ archive", UNPACK),
    (b"Rar!\x1A\x07", "a RAR archive", UNPACK),
    (b"SZDDQ", "a file compressed by Microsoft's COMPRESS.EXE", "expand it with 'expand' or 'msexpand'"),
    (b"SZDD\x88", "a file compressed by Microsoft's COMPRESS.EXE", "expand it with 'expand' or 'msexpand'"),
    (b"KWAJ\x88", "a file compressed by Microsoft's COMPRESS.EXE", "expand it with 'expand' or 'msexpand'"),
    (b"MSFT\x02\0\x01\0", "a COM type library", "load the DLL or OCX that it describes"),
    (b"!<arch>\ndebian-binary", "a Debian package", INSTALL),
    (b"SQLite format 3\0", "an SQLite database", LIBRARY),
    (b"%PDF-", "a PDF document", LIBRARY),
    (b"ISc(", "an InstallShield cabinet", "unpack it with the setup program it came with, or with unshield"),
    (b"MSCF", "a cabinet archive", UNPACK),
    (b"PK\x03\x04", "a ZIP archive", UNPACK),
    (b"PK\x05\x06", "an empty ZIP archive", DOWNLOAD),
    (b"\x1F\x8B", "a gzip archive", UNPACK),
    (b"BZh", "a bzip2 archive", UNPACK),
    (b"\x28\xB5\x2F\xFD", "a Zstandard archive", UNPACK),
    (b"\xED\xAB\xEE\xDB", "an RPM package", INSTALL),
    (b"\0asm", "a WebAssembly module", "get the vendor's native build"),
    (b"BC\xC0\xDE", "LLVM bitcode", "compile and link it into a shared library"),
    (b"\x1BLua", "a compiled Lua chunk", "run it as a script"),
    (b"\xCA\xFE\xBA\xBE", "a Java class file", "load the native library that it uses"),
    (b"\x89PNG", "a PNG image", LIBRARY),
    (b"{\\rtf", "a document (RTF)", LIBRARY),
];

/// Determines the apparent content of a file of unknown format from its first bytes.
pub(super) fn recognise(head: &[u8]) -> Content {
    if head.is_empty() {
        return Content { what: "an empty file", advice: "copy or download the file again" };
    }
    if let Some((_, what, advice)) = SIGNATURES.iter().find(|(signature, ..)| head.starts_with(signature)) {
        return Content { what, advice };
    }
    if head.iter().all(|&byte| byte == 0) {
        return Content { what: "filled with zeros", advice: "copy or download the file again" };
    }
    if is_text(head) {
        return recognise_text(head);
    }
    Content {
        what: "of an unknown format (neither ELF nor PE)",
        advice: "check that it is the library itself, and that it is neither compressed nor encrypted",
    }
}

fn recognise_text(head: &[u8]) -> Content {
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches('\u{FEFF}').trim_start();
    let begins = |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if text.starts_with("#!") {
        Content { what: "a script", advice: "run it instead, or load the library that it starts" }
    } else if begins("<!doctype html") || begins("<html") {
        Content { what: "a web page (HTML)", advice: DOWNLOAD }
    } else if begins("<?xml") {
        Content { what: "an XML document", advice: LIBRARY }
    } else if text.starts_with("#include") || text.starts_with("#ifndef") || text.starts_with("#pragma once") {
        Content {
            what: "a C header or source file",
            advice: "give its declarations to dll.cdef and load the library it describes",
        }
    } else {
        Content { what: "a text file", advice: LIBRARY }
    }
}

/// Whether the bytes are readable text: UTF-16 with a byte order mark, or bytes without control characters.
pub(super) fn is_text(head: &[u8]) -> bool {
    head.starts_with(b"\xFF\xFE")
        || head.starts_with(b"\xFE\xFF")
        || !head.iter().any(|byte| matches!(byte, 0..=8 | 14..=26 | 28..=31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_are_named() {
        let cases: [(&[u8], &str); 12] = [
            (b"", "an empty file"),
            (b"\0\0\0\0", "filled with zeros"),
            (b"hello world\n", "a text file"),
            (b"\xEF\xBB\xBFhello", "a text file"),
            (b"#!/bin/sh\n", "a script"),
            (b"\n<!DOCTYPE HTML><html>404", "a web page (HTML)"),
            (b"#include <stdio.h>\n", "a C header or source file"),
            (b"PK\x03\x04....", "a ZIP archive"),
            (b"\x1F\x8B\x08\0", "a gzip archive"),
            (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer, not the file itself"),
            (b"MSFT\x02\0\x01\0", "a COM type library"),
            (b"\x01\x02\x03\x04", "of an unknown format (neither ELF nor PE)"),
        ];
        for (head, what) in cases {
            assert_eq!(recognise(head).what, what);
        }
    }
}
