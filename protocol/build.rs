//! Has programs for Linux carry GCC's unwinder, so that they need the C library alone.
//!
//! Rust's standard library asks the linker for `-lgcc_s`, which `-static-libgcc` does not change. The linker finds a script of
//! that name first, which names the static libraries instead. The 32-bit `libgcc_s.so.1` is in a package of its own, which
//! nothing else would have a user install.

use std::env;
use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=link-linux-gnu");
    let target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        let folder = Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("link-linux-gnu");
        println!("cargo::rustc-link-search=native={}", folder.display());
    }
}
