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

/// As annotated declarations have it: no buffer is made and no length is told by the script.
const COMPRESSION: &str = "dll.cdef [[
    int compress(_Out_writes_bytes_to_(*size, *size) unsigned char *compressed, _Inout_ unsigned long *size,
                 _In_reads_bytes_(length) const unsigned char *data, unsigned long length);
    int uncompress(_Out_writes_bytes_to_(*size, *size) unsigned char *data, _Inout_ unsigned long *size,
                   _In_reads_bytes_(length) const unsigned char *compressed, unsigned long length);
]]
local function try(z)
    local text = ('The quick brown fox jumps over the lazy dog'):rep(1000, '\\0')
    local code, compressed, size = z.compress(1000, text)
    print(code, #compressed == size, size < 1000)
    local code, back, length = z.uncompress(100000, compressed)
    print(code, back == text, length)
    print(z.uncompress(10, compressed))
end\n";

const COMPRESSION_PRINTS: &str = "0\ttrue\ttrue\n0\ttrue\t43999\n-5\tThe quick \t10\n";

#[test]
fn annotated_zlib_of_the_32_bit_system() {
    let code = format!("{COMPRESSION}try(dll.load 'libz.so.1')");
    prints(Configuration::Native, &code, COMPRESSION_PRINTS);
}

#[test]
fn annotated_zlib_for_windows() {
    let zlib = mingw_zlib();
    for configuration in [Configuration::WineWorker, Configuration::Windows] {
        let code = format!("{COMPRESSION}try(dll.load [[{}]])", configuration.path(&zlib));
        prints(configuration, &code, COMPRESSION_PRINTS);
    }
}

#[test]
fn mathematics_of_the_32_bit_system() {
    let code = "dll.cdef [[ double cos(double x); double pow(double x, double y); float sqrtf(float x); double fabs(double x);
            long lround(double x); double ldexp(double x, int exponent); int ilogb(double x); ]]
        local m = dll.load 'libm.so.6'
        print(m.cos(0), m.pow(2, 0.5) == 2 ^ 0.5, m.sqrtf(2.25), m.fabs(-1.5), m.lround(-2.5), m.ldexp(0.75, 4), m.ilogb(1000))";
    prints(Configuration::Native, code, "1.0\ttrue\t1.5\t1.5\t-3\t12.0\t9\n");
}

/// Comparisons by the script, structs as results and as arguments, a thread whose function is the script's.
#[test]
fn the_c_library_of_the_32_bit_system() {
    let code = "dll.cdef [[
            typedef struct { int quot, rem; } div_t;
            typedef struct { long long quot, rem; } lldiv_t;
            struct in_addr { uint32_t s_addr; };
            div_t div(int numerator, int denominator);
            lldiv_t lldiv(long long numerator, long long denominator);
            const char *inet_ntoa(struct in_addr address);
            void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
            void *bsearch(const void *key, const void *base, size_t count, size_t size,
                          int (*compare)(const void *, const void *));
            int pthread_create(unsigned long *thread, const void *attributes, void *(*run)(void *), void *argument);
            int pthread_join(unsigned long thread, void **result);
        ]]
        local c = dll.C
        local small, large = c.div(-17, 5), c.lldiv(1 << 40, 1000)
        print(small.quot, small.rem, large.quot, large.rem)
        print(c.inet_ntoa(dll.new('struct in_addr', (string.unpack('<I4', string.char(192, 168, 0, 1))))))
        local function compare(a, b)
            return dll.cast('const double *', a)[0] < dll.cast('const double *', b)[0] and -1 or 1
        end
        local list = dll.new('double[5]', { 3, 1, 2.5, -1, 2 })
        c.qsort(list, 5, 8, compare)
        print(list[0], list[1], list[2], list[3], list[4])
        local found = c.bsearch(dll.new('double', 2.5), list, 5, 8, function(key, element)
            return math.tointeger(2 * (dll.cast('const double *', key)[0] - dll.cast('const double *', element)[0]))
        end)
        print(dll.cast('double *', found) - dll.cast('double *', list))
        local run <close> = dll.callback('void *(*)(void *)', function(argument)
            return dll.cast('void *', dll.cast('int *', argument)[0] * 2)
        end, { thread = 'sync' })
        local thread, result, number = dll.new 'unsigned long[1]', dll.new 'void *[1]', dll.new('int', 21)
        print(c.pthread_create(thread, nil, run, number), c.pthread_join(thread[0], result))
        print(dll.tonumber(dll.cast('uintptr_t', result[0])))";
    let expected = "-3\t-2\t1099511627\t776\n192.168.0.1\n-1.0\t1.0\t2.0\t2.5\t3.0\n3\n0\t0\n42\n";
    prints(Configuration::Native, code, expected);
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
