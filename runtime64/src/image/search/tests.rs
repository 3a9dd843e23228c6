//! The file found for a name.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
#[cfg(not(windows))]
use crate::image::test_files::Elf;
use crate::image::test_files::{Directory, Pe};

#[cfg(not(windows))]
fn elf(is_64: bool) -> Vec<u8> {
    Elf { is_64, ..Default::default() }.build()
}

fn dll(machine: u16) -> Vec<u8> {
    Pe { machine, ..Default::default() }.build()
}

const I386: u16 = 0x014C;
const AMD64: u16 = 0x8664;

fn search(directory: &Directory) -> Search {
    let place = |name: &str| directory.path().join(name);
    Search::for_script(Some(&place("script")), &[place("extra")], || None)
        .with_system_directories(vec![place("lib64"), place("lib32")], vec![place("syswow64"), place("system32")])
}

#[cfg(not(windows))]
#[test]
fn a_bare_name_is_looked_for_beside_the_script_first_then_in_extra_directories_then_in_the_systems() {
    let directory = Directory::new("order");
    let search = search(&directory);
    for place in ["lib32", "extra", "script"] {
        let path = directory.write(&format!("{place}/libacme.so"), &elf(false));
        for name in ["acme", "libacme.so", "acme.so"] {
            assert_eq!(search.find(name).unwrap(), Found { path: path.clone(), system: false }, "{name}");
        }
    }
}

#[cfg(not(windows))]
#[test]
fn a_dll_beside_the_script_comes_before_a_system_library_of_that_name() {
    let directory = Directory::new("format");
    let system = directory.write("lib32/libusb.so", &elf(false));
    assert_eq!(search(&directory).find("usb").unwrap().path, system);
    let near = directory.write("script/usb.dll", &dll(0x14c));
    assert_eq!(search(&directory).find("usb").unwrap().path, near);
}

#[cfg(not(windows))]
#[test]
fn a_32_bit_library_wins_over_a_64_bit_one() {
    let directory = Directory::new("width");
    let wide = directory.write("lib64/libz.so.1", &elf(true));
    assert_eq!(search(&directory).find("z").unwrap().path, wide);
    let narrow = directory.write("lib32/libz.so.1", &elf(false));
    assert_eq!(search(&directory).find("z").unwrap().path, narrow);
    assert_eq!(search(&directory).find("libz.so.1").unwrap().path, narrow);
    let path = format!("{}", wide.display());
    assert_eq!(search(&directory).find(&path).unwrap().path, wide);
}

#[test]
fn dll_names_follow_windows_rules_in_any_case() {
    let directory = Directory::new("dll");
    let system = directory.write("system32/kernel32.dll", &dll(AMD64));
    assert_eq!(
        search(&directory).find("KERNEL32.dll").unwrap().path.file_name(),
        system.file_name().map(|_| { if cfg!(windows) { "KERNEL32.dll" } else { "kernel32.dll" }.as_ref() })
    );
    let narrow = directory.write("syswow64/kernel32.dll", &dll(I386));
    let found = search(&directory).find("kernel32").unwrap();
    assert_eq!(found, Found { path: narrow, system: true });
    let own = directory.write("script/Legacy.DLL", &dll(I386));
    let found = search(&directory).find("legacy.dll").unwrap();
    assert!(!found.system);
    assert_eq!(found.path.parent(), own.parent());
}

#[test]
fn a_name_with_a_directory_is_a_path_relative_to_the_script() {
    let directory = Directory::new("path");
    directory.write("extra/sub/acme.dll", &dll(I386));
    directory.write("script/sub/acme.dll", &dll(I386));
    let expected = directory.path().join("script").join("sub").join("acme.dll");
    for name in ["sub/acme.dll", "./sub/acme.dll", "sub/acme", r"sub\acme.dll"] {
        let found = search(&directory).find(name).unwrap();
        assert_eq!(found.path.canonicalize().unwrap(), expected.canonicalize().unwrap(), "{name}");
    }
}

#[test]
fn a_bare_name_is_never_looked_for_in_the_current_directory() {
    let directory = Directory::new("current");
    let error = search(&directory).find("Cargo.toml").unwrap_err();
    let Error::NotFound { name, tried } = &error else { panic!("{error}") };
    assert_eq!(name, "Cargo.toml");
    assert!(tried.iter().all(|path| path.starts_with(directory.path())), "{tried:?}");
    assert!(error.to_string().contains("Cargo.toml"));
}

#[test]
fn a_file_that_is_no_library_is_said_rather_than_absence() {
    let directory = Directory::new("refused");
    directory.write("script/acme.dll", b"a text");
    let error = search(&directory).find("acme.dll").unwrap_err();
    assert!(matches!(error, Error::NotALibrary { .. }), "{error}");
    directory.write("syswow64/acme.dll", &dll(I386));
    assert!(search(&directory).find("acme.dll").unwrap().system);
}

#[cfg(not(windows))]
#[test]
fn linker_scripts_are_followed_and_circles_end() {
    let directory = Directory::new("script");
    let real = directory.write("lib32/libc.so.6", &elf(false));
    directory.write(
        "lib32/libc.so",
        format!("/* GNU ld script */\nGROUP ( {} libc_nonshared.a )", real.display()).as_bytes(),
    );
    directory.write("lib64/libc.so", b"INPUT(libc.so.6)");
    assert_eq!(search(&directory).find("c").unwrap().path, real);
    directory.write("lib32/libloop.so", b"GROUP(libloop.so)");
    let error = search(&directory).find("loop").unwrap_err();
    assert!(matches!(error, Error::LinkerScript { .. }), "{error}");
}

#[test]
fn odd_names_are_just_not_found() {
    let directory = Directory::new("odd");
    for name in ["", ".", "..", "/", "a\0b", "...", "\u{FFFD}"] {
        assert!(search(&directory).find(name).is_err(), "{name:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_hosts_own_c_library_is_found() {
    let found = Search::for_script(None, &[], || None).find("libc.so.6").unwrap();
    assert!(found.path.is_absolute() && !found.system);
    crate::image::Image::open(&found.path).unwrap();
}
