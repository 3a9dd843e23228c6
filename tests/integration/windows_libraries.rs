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
fn annotated_kernel32() {
    let code = "dll.cdef [[
            DWORD WINAPI GetTempPathA(_In_ DWORD size, _Out_writes_to_opt_(size, return + 1) LPSTR buffer);
            BOOL WINAPI GetComputerNameA(_Out_writes_to_opt_(*size, *size + 1) LPSTR buffer, _Inout_ LPDWORD size);
            BOOL WINAPI GetComputerNameW(_Out_writes_to_opt_(*size, *size + 1) LPWSTR buffer, _Inout_ LPDWORD size);
            BOOL WINAPI QueryPerformanceCounter(_Out_ int64_t *count);
            typedef struct { DWORD size, major, minor, build, platform; CHAR pack[128]; } VERSION;
            BOOL WINAPI GetVersionExA(_Inout_ VERSION *version);
            BOOL WINAPI GetDiskFreeSpaceA(_In_opt_ LPCSTR root, _Out_opt_ LPDWORD sectors, _Out_opt_ LPDWORD bytes,
                                          _Out_opt_ LPDWORD available, _Out_opt_ LPDWORD total);
            int WINAPI MultiByteToWideChar(_In_ UINT page, _In_ DWORD flags, _In_reads_bytes_(bytes) LPCSTR text, _In_ int bytes,
                                           _Out_writes_to_opt_(size, return) LPWSTR wide, _In_ int size);
        ]]
        local k = dll.load 'kernel32.dll'
        local length, path = k.GetTempPathA(260)
        print(length == #path, path:match '^%a:.*\\\\$' ~= nil)
        local ok, name, size = k.GetComputerNameA(64)
        local _, wide, wide_size = k.GetComputerNameW(64)
        print(ok, #name == size, name:upper() == wide:upper(), wide_size == size)
        local ok, one = k.QueryPerformanceCounter()
        local _, two = k.QueryPerformanceCounter()
        print(ok, math.type(one), two >= one)
        local ok, version = k.GetVersionExA { size = dll.sizeof 'VERSION' }
        print(ok, version.major >= 5, version.platform)
        print(select('#', k.GetDiskFreeSpaceA 'C:\\\\'), (select(3, k.GetDiskFreeSpaceA 'C:\\\\')))
        print(k.MultiByteToWideChar(65001, 0, 'Größe', 20))";
    for configuration in WINDOWS {
        prints(
            *configuration,
            code,
            "true\ttrue\n1\ttrue\ttrue\ttrue\n1\tinteger\ttrue\n1\ttrue\t2\n5\t512\n5\tGröße\n",
        );
    }
}

#[test]
fn annotated_version() {
    let code = "dll.cdef [[
            DWORD WINAPI GetFileVersionInfoSizeA(_In_ LPCSTR name, _Out_opt_ LPDWORD handle);
            BOOL WINAPI GetFileVersionInfoA(_In_ LPCSTR name, _Reserved_ DWORD handle, _In_ DWORD size,
                                            _Out_writes_bytes_(size) LPVOID data);
            BOOL WINAPI VerQueryValueA(_In_ LPCVOID block, _In_ LPCSTR part, _Outptr_result_buffer_(*length) LPVOID *buffer,
                                       _Out_ PUINT length);
            typedef struct { DWORD signature, structure, high, low; } FIXED;
        ]]
        local v = dll.load 'version.dll'
        local size, handle = v.GetFileVersionInfoSizeA 'kernel32.dll'
        print(size > 0, handle)
        local ok, data = v.GetFileVersionInfoA('kernel32.dll', 0, size)
        print(ok, #data == size)
        local block = dll.new('BYTE[?]', size, data)
        local ok, buffer, length = v.VerQueryValueA(block, '\\\\')
        local fixed = dll.cast('FIXED *', buffer)
        print(ok, length, string.format('%08x', fixed.signature))";
    for configuration in WINDOWS {
        prints(*configuration, code, "true\t0\n1\ttrue\n1\t52\tfeef04bd\n");
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

/// Functions of the script that the system calls: an enumeration, a thread, a comparison; structs by value.
#[test]
fn callbacks_and_structs_of_system_libraries() {
    let code = "dll.cdef [[
            BOOL WINAPI EnumSystemCodePagesA(BOOL (WINAPI *found)(char *name), DWORD flags);
            HANDLE WINAPI CreateThread(void *attributes, size_t stack, DWORD (WINAPI *run)(void *), void *argument,
                                       DWORD flags, DWORD *id);
            DWORD WINAPI WaitForSingleObject(HANDLE object, DWORD milliseconds);
            BOOL WINAPI GetExitCodeThread(HANDLE thread, DWORD *code);
            BOOL WINAPI CloseHandle(HANDLE object);
            typedef struct { int quot, rem; } div_t;
            div_t div(int numerator, int denominator);
            void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
            struct in_addr { uint32_t s_addr; };
            const char *WINAPI inet_ntoa(struct in_addr address);
        ]]
        local k, c, sockets = dll.load 'kernel32.dll', dll.load 'msvcrt.dll', dll.load 'ws2_32.dll'
        local names, count = {}, 0
        k.EnumSystemCodePagesA(function(name)
            count = count + 1
            names[dll.string(name)] = true
            return count < 1000 and 1 or 0
        end, 2)
        print(names['437'], names['1252'], count > 5)
        local stopped = 0
        k.EnumSystemCodePagesA(function() stopped = stopped + 1; return 0 end, 2)
        print(stopped)
        local run <close> = dll.callback('DWORD (WINAPI *)(void *)', function(argument)
            return dll.cast('int *', argument)[0] * 2
        end, { thread = 'sync' })
        local number, code = dll.new('int', 21), dll.new 'DWORD[1]'
        local thread = k.CreateThread(nil, 0, run, number, 0, nil)
        print(k.WaitForSingleObject(thread, 10000), k.GetExitCodeThread(thread, code) ~= 0, code[0])
        k.CloseHandle(thread)
        local list = dll.new('int[4]', { 30, -10, 20, 0 })
        c.qsort(list, 4, 4, function(a, b) return dll.cast('const int *', a)[0] - dll.cast('const int *', b)[0] end)
        print(list[0], list[1], list[2], list[3])
        local result = c.div(-17, 5)
        print(result.quot, result.rem)
        print(sockets.inet_ntoa(dll.new('struct in_addr', (string.unpack('<I4', string.char(192, 168, 0, 1))))))";
    let expected = "true\ttrue\ttrue\n1\n0\ttrue\t42\n-10\t0\t20\t30\n-3\t-2\n192.168.0.1\n";
    for configuration in WINDOWS {
        prints(*configuration, code, expected);
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

/// Functions that have had their numbers since the first versions of these libraries, most of them no name.
#[test]
fn ordinals_of_system_libraries() {
    let code = "local sockets, controls, shell = dll.load 'ws2_32.dll', dll.load 'comctl32.dll', dll.load 'shlwapi.dll'
        local htons = dll.symbol(sockets, 9, 'unsigned short __stdcall(unsigned short)')
        local htonl = dll.symbol(sockets, 8, 'unsigned long __stdcall(unsigned long)')
        print(htons(0x1234) == 0x3412, htonl(0x12345678) == 0x78563412)
        local Alloc = dll.symbol(controls, 71, 'void *__stdcall(unsigned long bytes)')
        local GetSize = dll.symbol(controls, 74, 'unsigned long __stdcall(void *memory)')
        local Free = dll.symbol(controls, 73, 'int __stdcall(void *memory)')
        local memory = Alloc(100)
        dll.copy(memory, 'text')
        print(dll.string(memory), GetSize(memory) >= 100, Free(memory) ~= 0)
        -- Forwarded to user32.
        local IsCharAlphaW = dll.symbol(shell, 25, 'int __stdcall(wchar_t)')
        print(IsCharAlphaW(65), IsCharAlphaW(49), (tostring(IsCharAlphaW):gsub('.*: ', '')))";
    for configuration in WINDOWS {
        prints(*configuration, code, "true\ttrue\ntext\ttrue\ttrue\n1\t0\tint __stdcall #25(wchar_t)\n");
    }
}

/// Microsoft's own C++: the class that its C runtime exports, and strings of its C++ library.
#[test]
fn classes_of_system_libraries() {
    let code = r"local runtime = dll.load 'msvcrt.dll'
        local new = dll.symbol(runtime, '??2@YAPAXI@Z', 'void *(size_t bytes)')
        local delete = dll.symbol(runtime, '??3@YAXPAX@Z', 'void(void *memory)')
        local construct = dll.symbol(runtime, '??0exception@@QAE@ABQBD@Z', 'void *(void *self, const char *const *what)')
        local what = dll.symbol(runtime, '?what@exception@@UBEPBDXZ', 'const char *(const void *self)')
        local destroy = dll.symbol(runtime, '??1exception@@UAE@XZ', 'void(void *self)')
        local exception, message = new(12), dll.new('char[?]', 9, 'no paper')
        construct(exception, dll.new('const char *[1]', { message }))
        print(what(exception), (tostring(what):gsub(' asm.*', '')))
        destroy(exception)
        delete(exception)

        local library = dll.load 'msvcp60.dll'
        local class = '?$basic_string@DU?$char_traits@D@std@@V?$allocator@D@2@@std@@'
        local function method(name, kind, ty) return dll.symbol(library, '?' .. name .. class .. kind, ty) end
        local string, allocator = new(64), new(4)
        method('?0', 'QAE@PBDABV?$allocator@D@1@@Z', 'void *(void *self, const char *text, const void *allocator)')(string, 'C++ ', allocator)
        method('append@', 'QAEAAV12@PBD@Z', 'void *(void *self, const char *text)')(string, 'strings')
        local c_str = method('c_str@', 'QBEPBDXZ', 'const char *(const void *self)')
        print(c_str(string), method('length@', 'QBEIXZ', 'unsigned int(const void *self)')(string))
        method('?1', 'QAE@XZ', 'void(void *self)')(string)
        delete(string)
        delete(allocator)";
    for configuration in WINDOWS {
        let expected = "no paper\tconst char *exception::what(const void *self)\nC++ strings\t11\n";
        prints(*configuration, code, expected);
    }
}
