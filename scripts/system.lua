-- A 32-bit program's view of this system, queried through dll.C: the C library and, on Windows, the system's
-- libraries.
--
-- Usage: runtime64 system.lua

local function show(what, value)
  print(string.format("%-22s %s", what, value))
end

local function windows()
  dll.cdef [[
    DWORD WINAPI GetVersion(void);
    DWORD WINAPI GetTickCount(void);
    DWORD WINAPI GetCurrentProcessId(void);
    UINT WINAPI GetACP(void);
    int WINAPI GetSystemMetrics(int index);
  ]]
  local version = dll.C.GetVersion()
  show("Windows version", string.format("%d.%d", version & 0xff, version >> 8 & 0xff))
  show("running for", string.format("%.1f hours", dll.C.GetTickCount() / 3600000))
  show("worker's process", dll.C.GetCurrentProcessId())
  show("code page", dll.C.GetACP())
  show("screen", string.format("%d x %d", dll.C.GetSystemMetrics(0), dll.C.GetSystemMetrics(1)))
end

local function linux()
  dll.cdef [[
    const char *gnu_get_libc_version(void);
    int getpid(void);
    long sysconf(int name);
    const char *getenv(const char *name);
    enum { _SC_PAGESIZE = 30, _SC_NPROCESSORS_ONLN = 84, _SC_PHYS_PAGES = 85 };
  ]]
  local C = dll.C
  show("C library", "glibc " .. C.gnu_get_libc_version())
  show("worker's process", C.getpid())
  show("processors", C.sysconf(C._SC_NPROCESSORS_ONLN))
  show("memory", string.format("%d MiB", C.sysconf(C._SC_PHYS_PAGES) * C.sysconf(C._SC_PAGESIZE) >> 20))
  show("home folder", C.getenv "HOME" or "(none)")
end

show("system", dll.os)
show("worker's width", 8 * dll.sizeof "void *" .. " bit")
if dll.os == "Windows" then
  windows()
else
  linux()
end
