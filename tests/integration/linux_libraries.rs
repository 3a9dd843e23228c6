//! Libraries of Linux distributions, called from their published declarations: 32-bit ones, and zlib built for Windows.

use std::path::{Path, PathBuf};

use tests::Configuration;

use crate::assert_prints as prints;

const ZLIB: &str = "dll.cdef [[
    const char *zlibVersion(void);
    unsigned long crc32(unsigned long crc, const unsigned char *buffer, unsigned int length);
    unsigned long adler32(unsigned long adler, const unsigned char *buffer, unsigned int length);
    unsigned long compressBound(unsigned long length);
    const char *zError(int code);
]]
local function try(z)
    local text = 'The quick brown fox jumps over the lazy dog'
    print(z.zlibVersion():match '^1%.%d+' ~= nil)
    print(string.format('%08x %08x', z.crc32(0, text, #text), z.adler32(1, text, #text)))
    print(z.crc32(0, nil, 0), z.compressBound(1000) > 1000, z.zError(-3))
end\n";

const ZLIB_PRINTS: &str = "true\n414fa339 5bdc0fda\n0\ttrue\tdata error\n";

#[test]
fn zlib_of_the_32_bit_system() {
    let code = format!(
        "{ZLIB}try(dll.load 'libz.so.1')
        print(dll.arch, dll.sizeof 'void *')"
    );
    prints(Configuration::Native, &code, &format!("{ZLIB_PRINTS}x86\t4\n"));
}

#[test]
fn mathematics_of_the_32_bit_system() {
    let code = "dll.cdef [[ double cos(double x); double pow(double x, double y); float sqrtf(float x); double fabs(double x);
            long lround(double x); double ldexp(double x, int exponent); int ilogb(double x); ]]
        local m = dll.load 'libm.so.6'
        print(m.cos(0), m.pow(2, 0.5) == 2 ^ 0.5, m.sqrtf(2.25), m.fabs(-1.5), m.lround(-2.5), m.ldexp(0.75, 4), m.ilogb(1000))";
    prints(Configuration::Native, code, "1.0\ttrue\t1.5\t1.5\t-3\t12.0\t9\n");
}

#[test]
fn zlib_for_windows() {
    let zlib = mingw_zlib();
    for configuration in [Configuration::WineWorker, Configuration::Windows] {
        let code = format!("{ZLIB}try(dll.load [[{}]])", configuration.path(&zlib));
        prints(configuration, &code, ZLIB_PRINTS);
    }
}

/// The i686 build of zlib that Debian and Ubuntu have for cross-compilers.
fn mingw_zlib() -> PathBuf {
    let path = Path::new("/usr/i686-w64-mingw32/lib/zlib1.dll");
    assert!(path.is_file(), "{} is missing: install the package libz-mingw-w64", path.display());
    path.to_owned()
}
