//! Libraries of Windows itself, or Wine's, called from their published declarations.

use tests::Configuration;

use crate::assert_prints as prints;

/// Where Windows libraries can be called on this host.
const WINDOWS: &[Configuration] =
    if cfg!(windows) { &[Configuration::Windows] } else { &[Configuration::WineWorker, Configuration::Windows] };

#[test]
fn kernel32() {
    let code = "dll.cdef [[
            DWORD WINAPI GetTickCount(void);
            int WINAPI lstrlenA(LPCSTR text);
            DWORD WINAPI GetCurrentProcessId(void);
            HMODULE WINAPI GetModuleHandleA(LPCSTR name);
            BOOL WINAPI Beep(DWORD frequency, DWORD duration);
            int WINAPI MulDiv(int number, int numerator, int denominator);
            DWORD WINAPI GetFileAttributesA(LPCSTR name);
            BOOL WINAPI CloseHandle(HANDLE object);
            DWORD WINAPI GetVersion(void);
        ]]
        local k = dll.load 'kernel32.dll'
        print(dll.os, dll.arch)
        print(k.GetTickCount() > 0, k.GetCurrentProcessId() > 0, k.lstrlenA 'eight ch', k.MulDiv(7, 6, 2))
        print(k.GetModuleHandleA 'no_such_module' == nil, (dll.lasterror()))
        print(k.GetModuleHandleA 'kernel32.dll' ~= nil, type(k.GetModuleHandleA(nil)))
        print(k.GetFileAttributesA 'C:\\\\no\\\\such\\\\file', (dll.lasterror()))
        print(k.GetVersion() ~= 0)";
    for configuration in WINDOWS {
        prints(
            *configuration,
            code,
            "Windows\tx86\ntrue\ttrue\t8\t21\ntrue\t126\ntrue\tuserdata\n4294967295\t3\ntrue\n",
        );
    }
}

#[test]
fn user32() {
    let code = "dll.cdef [[
            int WINAPI GetSystemMetrics(int index);
            BOOL WINAPI IsWindow(HWND window);
            BOOL WINAPI IsCharAlphaA(char letter);
            UINT WINAPI GetDoubleClickTime(void);
        ]]
        local u = dll.load 'user32'
        print(u.GetSystemMetrics(0) >= 0, u.IsWindow(nil), u.IsCharAlphaA(65), u.IsCharAlphaA(49), u.GetDoubleClickTime() > 0)";
    for configuration in WINDOWS {
        prints(*configuration, code, "true\t0\t1\t0\ttrue\n");
    }
}

#[test]
fn msvcrt() {
    let code = "dll.cdef [[ int abs(int value); int atoi(const char *text); size_t strlen(const char *text);
            double sqrt(double value); int64_t _atoi64(const char *text); ]]
        local c = dll.load 'msvcrt.dll'
        print(c.abs(-3), c.atoi '42 apples', c.strlen 'four', c.sqrt(6.25), c._atoi64 '-9000000000')";
    for configuration in WINDOWS {
        prints(*configuration, code, "3\t42\t4\t2.5\t-9000000000\n");
    }
}

#[test]
fn exports_of_a_system_library_show_forwarders() {
    let code = "local rows = dll.exports(dll.load 'kernel32.dll')
        local names, forwarders = {}, 0
        for _, row in ipairs(rows) do
          if row.name then names[row.name] = row end
          if row.forwarder then forwarders = forwarders + 1 end
        end
        print(#rows > 500, names.GetTickCount ~= nil, forwarders > 0, math.type(names.GetTickCount.ordinal))";
    for configuration in WINDOWS {
        prints(*configuration, code, "true\ttrue\ttrue\tinteger\n");
    }
}
