//! Links GCC's unwinder statically into programs for Linux, so that they depend on the C library only.
//!
//! Rust's standard library passes `-lgcc_s` to the linker, which `-static-libgcc` does not change. The linker finds a
//! script of that name first, which names the static libraries instead. The 32-bit `libgcc_s.so.1` is in a separate
//! package, which users would have no other reason to install.

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
