-- Callbacks of the Windows API: windows, locales and resources are enumerated by functions of the script, and a
-- window of the script receives its messages. user32 and kernel32 are loaded in 32 bits, on Linux through Wine.
--
-- Usage: runtime64 windows.lua [COUNT]
-- COUNT is the number of each to show (default: 5).

local shown = math.tointeger(arg[1] or 5)
if not shown or shown < 0 or arg[2] then
  io.stderr:write "usage: runtime64 windows.lua [COUNT]\n"
  os.exit(2)
end

local ok, user32 = pcall(dll.load, "user32.dll")
if not ok then
  io.stderr:write("windows.lua needs Windows, or Wine with its 32-bit half:\n", tostring(user32), "\n")
  os.exit(1)
end
local kernel32 = dll.load "kernel32.dll"

dll.cdef [[
  typedef BOOL CALLBACK resource_callback(HMODULE module, LPCWSTR type, LPWSTR name, LONG_PTR parameter);
  typedef BOOL CALLBACK locale_callback(LPWSTR name);
  typedef struct {
    UINT cbSize, style;
    WNDPROC lpfnWndProc;
    int cbClsExtra, cbWndExtra;
    HINSTANCE hInstance; HICON hIcon; HCURSOR hCursor; HBRUSH hbrBackground;
    LPCWSTR lpszMenuName, lpszClassName;
    HICON hIconSm;
  } WNDCLASSEXW;
  enum { WM_APP = 0x8000, LCID_SUPPORTED = 2 };

  HMODULE WINAPI GetModuleHandleW(LPCWSTR name);
  BOOL WINAPI EnumSystemLocalesW(locale_callback *callback, DWORD flags);
  BOOL WINAPI EnumResourceNamesW(HMODULE module, LPCWSTR type, resource_callback *callback, LONG_PTR parameter);
  int WINAPIV wsprintfA(char *buffer, const char *format, ...);
  BOOL WINAPI EnumWindows(WNDENUMPROC callback, LPARAM parameter);
  int WINAPI GetWindowTextW(HWND window, WCHAR *buffer, int size);
  ATOM WINAPI RegisterClassExW(const WNDCLASSEXW *class);
  HWND WINAPI CreateWindowExW(DWORD extended, LPCWSTR class, LPCWSTR title, DWORD style, int x, int y, int width,
                              int height, HWND parent, HMENU menu, HINSTANCE instance, LPVOID parameter);
  LRESULT WINAPI SendMessageW(HWND window, UINT message, WPARAM first, LPARAM second);
  LRESULT WINAPI DefWindowProcW(HWND window, UINT message, WPARAM first, LPARAM second);
  BOOL WINAPI DestroyWindow(HWND window);
  DWORD WINAPI GetWindowThreadProcessId(HWND window, DWORD *process);
]]

local function heading(text)
  print("\n== " .. text)
end

-- The result of a function that returns 0 or NULL on failure; the reason is in GetLastError.
local function must(result, what)
  if not result or result == 0 then
    error(string.format("%s: error %d, %s", what, dll.lasterror()), 0)
  end
  return result
end

local function formatted_text()
  heading "Text, put together by wsprintfA"
  local buffer = dll.new("char[?]", 1024)
  local length = user32.wsprintfA(buffer, "%s: %d files, 0x%08X", "Report", 12, 0xBEEF)
  print(string.format("  %s (%d bytes)", dll.string(buffer), length))
end

-- A callback that returns 0 ends an enumeration; this one continues, to count all of them.
local function locales()
  heading "Locales, as EnumSystemLocalesW knows them"
  local count = 0
  must(kernel32.EnumSystemLocalesW(function(name)
    count = count + 1
    if count <= shown then
      print("  " .. dll.string(name))
    end
    return 1
  end, kernel32.LCID_SUPPORTED), "EnumSystemLocalesW")
  print(string.format("  %d locales", count))
end

-- In C a callback finds its data through the parameter that the enumeration passes on, here the address of a struct.
-- A Lua function uses its upvalues instead.
local function resources()
  heading "Mouse pointers among the resources of user32.dll"
  dll.cdef "struct census { int named, numbered; };"
  local RT_GROUP_CURSOR = dll.cast("LPCWSTR", 12)
  local census = dll.new "struct census"
  local address = dll.tonumber(dll.cast("LONG_PTR", census))
  local module = kernel32.GetModuleHandleW "user32.dll"
  must(kernel32.EnumResourceNamesW(module, RT_GROUP_CURSOR, function(_, _, name, parameter)
    local found = dll.cast("struct census *", parameter)
    -- A name is a text, or a number below 0x10000 in place of its address.
    if dll.tonumber(dll.cast("uintptr_t", name)) < 0x10000 then
      found.numbered = found.numbered + 1
    else
      found.named = found.named + 1
    end
    return 1
  end, address), "EnumResourceNamesW")
  print(string.format("  %d with a number, %d with a name", census.numbered, census.named))
end

local title = dll.new("WCHAR[?]", 256)

local function window_list()
  heading "Windows that EnumWindows finds"
  local count, named = 0, 0
  must(user32.EnumWindows(function(window)
    count = count + 1
    if user32.GetWindowTextW(window, title, #title) > 0 then
      named = named + 1
      if named <= shown then
        print("  " .. dll.string(title))
      end
    end
    return 1
  end, 0), "EnumWindows")
  print(count == 0 and "  none: this session has no desktop"
    or string.format("  %d windows, %d of them with a title", count, named))
end

-- A window procedure in Lua: Windows calls it for each message to the window. This one answers a message of its own
-- and leaves the rest to Windows. Windows keeps it, so it is a callback that lives until the window is destroyed.
local function own_window()
  heading "A window whose messages the script answers"
  local messages = 0
  local procedure <close> = dll.callback("WNDPROC", function(window, message, first, second)
    messages = messages + 1
    if message == user32.WM_APP then
      return first * second
    end
    return user32.DefWindowProcW(window, message, first, second)
  end)
  local name = dll.new("WCHAR[?]", 32, "runtime64.example")
  local class = dll.new "WNDCLASSEXW"
  class.cbSize, class.lpfnWndProc, class.lpszClassName = dll.sizeof(class), procedure, name
  must(user32.RegisterClassExW(class), "RegisterClassExW")
  -- With this parent it is never shown, and needs no screen.
  local HWND_MESSAGE = dll.cast("HWND", -3)
  local window = user32.CreateWindowExW(0, name, "Größe 2 × 3 m", 0, 0, 0, 0, 0, HWND_MESSAGE, nil, nil, nil)
  must(window, "CreateWindowExW")
  user32.GetWindowTextW(window, title, #title)
  print("  its title: " .. dll.string(title))
  print("  its answer to WM_APP with 6 and 7: " .. user32.SendMessageW(window, user32.WM_APP, 6, 7))
  must(user32.DestroyWindow(window), "DestroyWindow")
  print(string.format("  it got %d messages", messages))
  local _, failure = pcall(function()
    must(user32.GetWindowThreadProcessId(window, nil), "GetWindowThreadProcessId")
  end)
  print("  it is gone: " .. tostring(failure))
end

formatted_text()
locales()
resources()
window_list()
own_window()
