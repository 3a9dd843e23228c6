//! Libraries that are reported as missing, and those that are not.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
#[cfg(not(windows))]
use crate::image::test_files::Elf;
use crate::image::test_files::{Directory, Pe};

fn search(directory: &Directory) -> Search {
    let place = |name: &str| directory.path().join(name);
    let system = Search::for_script(Some(&place("script")), &[place("extra")], || None);
    system.with_system_directories(vec![place("lib64"), place("lib32")], vec![place("syswow64")])
}

#[cfg(not(windows))]
fn elf(needed: &[&str]) -> Vec<u8> {
    Elf { needed, ..Default::default() }.build()
}

fn pe(imports: &[&str]) -> Vec<u8> {
    Pe { imports, ..Default::default() }.build()
}

#[cfg(not(windows))]
#[test]
fn the_chain_leads_to_the_missing_library() {
    let directory = Directory::new("chain");
    let outer = directory.write("sdk/outer.so", &elf(&["libc.so.6", "libinner.so.2"]));
    directory.write("lib32/libinner.so.2", &elf(&["libouter.so", "libabsent.so.3"]));
    directory.write("lib32/libouter.so", &elf(&["libinner.so.2"]));
    let image = Image::open(&outer).unwrap();
    let missing = missing_dependency(&image, &search(&directory)).unwrap();
    assert_eq!(missing.name, "libabsent.so.3");
    assert_eq!(missing.chain, ["outer.so", "libinner.so.2", "libabsent.so.3"]);
    let error = crate::image::Error::MissingDependency { path: outer, missing: Box::new(missing) };
    assert_eq!(error.kind(), crate::image::ErrorKind::MissingDependency);
    assert!(error.to_string().contains("outer.so → libinner.so.2 → libabsent.so.3"), "{error}");
}

#[cfg(not(windows))]
#[test]
fn the_other_width_does_not_satisfy_a_need_but_is_mentioned() {
    let directory = Directory::new("width");
    let outer = directory.write("sdk/outer.so", &elf(&["libfoo.so.1"]));
    let wide = directory.write("lib64/libfoo.so.1", &Elf { is_64: true, ..Default::default() }.build());
    let image = Image::open(&outer).unwrap();
    let missing = missing_dependency(&image, &search(&directory)).unwrap();
    assert_eq!(missing.near_miss.as_ref().unwrap().path, wide);
    assert!(missing.to_string().contains("is not a 32-bit library"), "{missing}");
    directory.write("lib32/libfoo.so.1", &elf(&[]));
    assert_eq!(missing_dependency(&image, &search(&directory)), None);
}

#[cfg(not(windows))]
#[test]
fn search_paths_of_the_file_and_of_its_users_count() {
    let directory = Directory::new("runpath");
    let with_path =
        |needed: &[&str], runpath: &str| Elf { needed, runpath: Some(runpath), ..Default::default() }.build();
    let outer = directory.write("sdk/outer.so", &with_path(&["liba.so"], "/nowhere:${ORIGIN}/../parts/$LIB"));
    directory.write("parts/lib32/liba.so", &elf(&["libb.so"]));
    let image = Image::open(&outer).unwrap();
    let missing = missing_dependency(&image, &search(&directory)).unwrap();
    assert_eq!(missing.chain, ["outer.so", "liba.so", "libb.so"]);
    directory.write("parts/lib32/libb.so", &elf(&[]));
    assert_eq!(missing_dependency(&image, &search(&directory)), None);
}

#[cfg(not(windows))]
#[test]
fn the_worker_also_looks_beside_the_library_and_where_the_script_says() {
    let directory = Directory::new("neighbour");
    let outer = directory.write("sdk/outer.so", &elf(&["libnear.so"]));
    assert!(missing_dependency(&Image::open(&outer).unwrap(), &search(&directory)).is_some());
    directory.write("sdk/libnear.so", &elf(&["libfar.so"]));
    let missing = missing_dependency(&Image::open(&outer).unwrap(), &search(&directory)).unwrap();
    assert_eq!(missing.chain, ["outer.so", "libnear.so", "libfar.so"]);
}

#[test]
fn dlls_are_found_beside_the_library_in_extra_and_system_directories_and_as_api_sets() {
    let directory = Directory::new("dll");
    directory.write("syswow64/kernel32.dll", &pe(&["never-looked-at.dll"]));
    directory.write("extra/helper.dll", &pe(&["api-ms-win-core-file-l1-1-0.dll"]));
    directory.write("sdk/beside.dll", &pe(&["KERNEL32.dll", "deep.dll"]));
    let program = Pe { characteristics: 0x0102, ..Default::default() }.build();
    directory.write("sdk/Host.exe", &program);
    let imports = ["KERNEL32.dll", "HOST.EXE", "BESIDE.dll", "Helper", "ext-ms-win-ntuser-window-l1-1-0.dll"];
    let outer = directory.write("sdk/outer.dll", &pe(&imports));
    let image = Image::open(&outer).unwrap();
    let missing = missing_dependency(&image, &search(&directory)).unwrap();
    assert_eq!(missing.chain, ["outer.dll", "BESIDE.dll", "deep.dll"]);
    let wide = directory.write("sdk/deep.dll", &Pe { machine: 0x8664, ..Default::default() }.build());
    let missing = missing_dependency(&image, &search(&directory)).unwrap();
    assert_eq!(missing.near_miss.unwrap().path, wide);
    directory.write("sdk/deep.dll", &pe(&[]));
    assert_eq!(missing_dependency(&image, &search(&directory)), None);
}

#[test]
fn without_windows_in_sight_nothing_is_called_missing() {
    let directory = Directory::new("no_windows");
    let image = Image::open(&directory.write("outer.dll", &pe(&["KERNEL32.dll"]))).unwrap();
    assert_eq!(missing_dependency(&image, &search(&directory)), None);
    let wide = Pe { machine: 0x8664, ..Default::default() }.build();
    directory.write("syswow64/kernel32.dll", &wide);
    assert_eq!(missing_dependency(&image, &search(&directory)), None);
}

#[cfg(target_os = "linux")]
#[test]
fn the_hosts_own_libraries_lack_nothing() {
    let search = Search::for_script(None, &[], || None);
    let image = Image::open(&search.find("libc.so.6").unwrap().path).unwrap();
    assert_eq!(missing_dependency(&image, &search), None);
}
