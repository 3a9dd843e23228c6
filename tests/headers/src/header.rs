//! The headers, and what is known to be in each.

use runtime64::c::Abi;

/// A header and some of what it declares.
pub struct Header {
    /// What a program writes to have it.
    pub text: &'static str,
    /// Where it can be had.
    pub systems: Systems,
    /// Functions, and the type of each as C.
    pub functions: &'static [(&'static str, &'static str)],
    /// Structs or the typedef names of some, and the type of one member of each.
    pub members: &'static [(&'static str, &'static str, &'static str)],
    /// Enumerators and macros, and their values.
    pub constants: &'static [(&'static str, i128)],
}

/// The systems that have a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Systems {
    /// Linux and Windows.
    All,
    /// Linux.
    Linux,
    /// Windows.
    Windows,
}

impl Systems {
    /// Whether a header can be had for this ABI.
    pub fn have(self, abi: Abi) -> bool {
        match self {
            Systems::All => true,
            Systems::Linux => !abi.is_windows(),
            Systems::Windows => abi.is_windows(),
        }
    }
}

const NOTHING: Header = Header { text: "", systems: Systems::All, functions: &[], members: &[], constants: &[] };

/// All that are read.
pub const HEADERS: &[Header] = &[
    Header {
        text: "#include <zlib.h>\n",
        functions: &[
            ("deflate", "int (z_streamp strm, int flush)"),
            ("zlibVersion", "const char *(void)"),
            ("crc32", "uLong (uLong, const Bytef *, uInt)"),
            ("gzprintf", "int (gzFile, const char *, ...)"),
        ],
        members: &[("z_stream", "avail_in", "unsigned int"), ("gz_header", "extra", "unsigned char *")],
        constants: &[("Z_STREAM_END", 1), ("Z_DEFLATED", 8), ("Z_BUF_ERROR", -5)],
        ..NOTHING
    },
    Header {
        text: "#include <sqlite3.h>\n",
        functions: &[
            ("sqlite3_open", "int (const char *, sqlite3 **)"),
            ("sqlite3_exec", "int (sqlite3 *, const char *, int (*)(void *, int, char **, char **), void *, char **)"),
            ("sqlite3_column_int64", "long long (sqlite3_stmt *, int)"),
            ("sqlite3_mprintf", "char *(const char *, ...)"),
        ],
        members: &[
            ("sqlite3_module", "xBestIndex", "int (*)(sqlite3_vtab *, sqlite3_index_info *)"),
            ("struct sqlite3_index_info", "nConstraint", "int"),
        ],
        constants: &[("SQLITE_ROW", 100), ("SQLITE_OPEN_READWRITE", 2)],
        ..NOTHING
    },
    Header {
        text: "#include <libusb.h>\n",
        functions: &[("libusb_get_device_list", "ssize_t (libusb_context *, libusb_device ***)")],
        systems: Systems::Linux,
        members: &[("struct libusb_device_descriptor", "idVendor", "uint16_t")],
        constants: &[("LIBUSB_ERROR_TIMEOUT", -7), ("LIBUSB_CLASS_HID", 3)],
    },
    Header {
        text: "#include <libusb.h>\n",
        systems: Systems::Windows,
        functions: &[
            ("libusb_init", "int __stdcall (libusb_context **)"),
            (
                "libusb_bulk_transfer",
                "int __stdcall (libusb_device_handle *, unsigned char, unsigned char *, int, int *, unsigned int)",
            ),
        ],
        members: &[("struct libusb_transfer", "callback", "void (__stdcall *)(struct libusb_transfer *)")],
        constants: &[("LIBUSB_TRANSFER_TYPE_BULK", 2)],
    },
    Header {
        text: "#include <portaudio.h>\n",
        functions: &[
            ("Pa_Initialize", "PaError (void)"),
            (
                "Pa_OpenDefaultStream",
                "PaError (PaStream **, int, int, PaSampleFormat, double, unsigned long, PaStreamCallback *, void *)",
            ),
        ],
        members: &[("PaDeviceInfo", "defaultSampleRate", "double"), ("PaStreamParameters", "device", "int")],
        constants: &[("paNoError", 0), ("paNotInitialized", -10000), ("paInt16", 8)],
        ..NOTHING
    },
    Header {
        text: "#include <stdio.h>\n",
        functions: &[
            ("puts", "int (const char *)"),
            ("fopen", "FILE *(const char *restrict, const char *restrict)"),
            ("fread", "size_t (void *restrict, size_t, size_t, FILE *restrict)"),
        ],
        constants: &[("EOF", -1), ("SEEK_END", 2)],
        ..NOTHING
    },
    Header {
        text: "#include <stdlib.h>\n",
        functions: &[("malloc", "void *(size_t)"), ("getenv", "char *(const char *)")],
        members: &[("div_t", "rem", "int"), ("lldiv_t", "quot", "long long")],
        constants: &[("EXIT_FAILURE", 1)],
        ..NOTHING
    },
    Header { text: "#include <string.h>\n", functions: &[("strlen", "size_t (const char *)")], ..NOTHING },
    Header {
        text: "#include <math.h>\n",
        functions: &[
            ("sin", "double (double)"),
            ("frexp", "double (double, int *)"),
            ("sqrtl", "long double (long double)"),
        ],
        ..NOTHING
    },
    Header {
        text: "#include <time.h>\n",
        functions: &[("clock", "clock_t (void)"), ("asctime", "char *(const struct tm *)")],
        members: &[("struct tm", "tm_isdst", "int")],
        ..NOTHING
    },
    Header {
        text: "#include <pthread.h>\n",
        functions: &[(
            "pthread_create",
            "int (pthread_t *restrict, const pthread_attr_t *restrict, void *(*)(void *), void *restrict)",
        )],
        systems: Systems::Linux,
        members: &[("pthread_mutex_t", "__align", "long")],
        constants: &[("PTHREAD_MUTEX_RECURSIVE", 1)],
    },
    Header {
        text: "#include <pthread.h>\n",
        systems: Systems::Windows,
        functions: &[("pthread_join", "int (pthread_t, void **)")],
        ..NOTHING
    },
    Header {
        text: "#include <sys/socket.h>\n",
        systems: Systems::Linux,
        functions: &[
            ("bind", "int (int, const struct sockaddr *, socklen_t)"),
            ("recv", "ssize_t (int, void *, size_t, int)"),
        ],
        members: &[("struct sockaddr", "sa_data", "char [14]"), ("struct msghdr", "msg_iovlen", "size_t")],
        constants: &[("SOCK_DGRAM", 2), ("AF_INET", 2)],
    },
    Header {
        text: "#include <netinet/in.h>\n",
        systems: Systems::Linux,
        functions: &[("htons", "uint16_t (uint16_t)")],
        members: &[("struct sockaddr_in", "sin_port", "uint16_t"), ("struct in6_addr", "__in6_u", "")],
        constants: &[("IPPROTO_UDP", 17), ("INADDR_BROADCAST", 0xFFFF_FFFF)],
    },
    Header {
        text: "#include <complex.h>\n",
        functions: &[("csqrt", "double _Complex (double _Complex)"), ("cabsf", "float (float _Complex)")],
        ..NOTHING
    },
    WINDOWS,
    Header { text: "#define WIN32_LEAN_AND_MEAN\n#include <windows.h>\n", ..WINDOWS },
    Header {
        text: "#include <windef.h>\n",
        systems: Systems::Windows,
        members: &[("RECT", "bottom", "long"), ("POINT", "x", "LONG")],
        constants: &[("MAX_PATH", 260)],
        ..NOTHING
    },
    Header {
        text: "#include <windows.h>\n#include <commctrl.h>\n",
        systems: Systems::Windows,
        functions: &[("ImageList_Create", "HIMAGELIST __stdcall (int, int, UINT, int, int)")],
        members: &[("LVITEMW", "pszText", "LPWSTR"), ("NMHDR", "code", "UINT")],
        constants: &[("LVM_FIRST", 0x1000), ("TBSTYLE_FLAT", 0x800)],
    },
    Header {
        text: "#include <windows.h>\n#include <setupapi.h>\n",
        systems: Systems::Windows,
        functions: &[("SetupDiDestroyDeviceInfoList", "BOOL __stdcall (HDEVINFO)")],
        members: &[
            ("SP_DEVINFO_DATA", "ClassGuid", "GUID"),
            ("SP_DEVICE_INTERFACE_DETAIL_DATA_A", "DevicePath", "char [1]"),
        ],
        constants: &[("DIGCF_DEVICEINTERFACE", 0x10)],
    },
    Header {
        text: "#include <winsock2.h>\n#include <windows.h>\n",
        systems: Systems::Windows,
        functions: &[
            ("recv", "int __stdcall (SOCKET, char *, int, int)"),
            ("WSAStartup", "int __stdcall (WORD, LPWSADATA)"),
        ],
        members: &[("struct sockaddr_in", "sin_addr", "struct in_addr"), ("WSADATA", "wVersion", "WORD")],
        constants: &[("SOCKET_ERROR", -1), ("WSAEWOULDBLOCK", 10035)],
    },
    Header {
        text: "#include <ole2.h>\n",
        systems: Systems::Windows,
        functions: &[
            ("CoInitializeEx", "HRESULT __stdcall (LPVOID, DWORD)"),
            ("SysAllocString", "BSTR __stdcall (const OLECHAR *)"),
        ],
        members: &[
            ("VARIANT", "decVal", "DECIMAL"),
            ("struct IUnknownVtbl", "AddRef", "ULONG (__stdcall *)(IUnknown *)"),
            ("SAFEARRAY", "cDims", "USHORT"),
        ],
        constants: &[("VT_BSTR", 8), ("COINIT_APARTMENTTHREADED", 2)],
    },
    Header {
        text: "#include <shlobj.h>\n",
        systems: Systems::Windows,
        functions: &[("SHGetFolderPathW", "HRESULT __stdcall (HWND, int, HANDLE, DWORD, LPWSTR)")],
        members: &[("BROWSEINFOW", "lpszTitle", "LPCWSTR"), ("SHELLEXECUTEINFOW", "hInstApp", "HINSTANCE")],
        constants: &[("CSIDL_APPDATA", 26)],
    },
];

/// `<windows.h>` includes `<winbase.h>` and `<winuser.h>`, which cannot be included without it.
const WINDOWS: Header = Header {
    text: "#include <windows.h>\n",
    systems: Systems::Windows,
    functions: &[
        ("MessageBoxW", "int __stdcall (HWND, LPCWSTR, LPCWSTR, UINT)"),
        ("CreateFileA", "HANDLE __stdcall (LPCSTR, DWORD, DWORD, LPSECURITY_ATTRIBUTES, DWORD, DWORD, HANDLE)"),
        ("GetLastError", "DWORD __stdcall (void)"),
        ("PostMessageW", "BOOL __stdcall (HWND, UINT, WPARAM, LPARAM)"),
        ("wsprintfA", "int (LPSTR, LPCSTR, ...)"),
    ],
    members: &[
        ("RECT", "bottom", "long"),
        ("WNDCLASSEXW", "lpfnWndProc", "LRESULT (__stdcall *)(HWND, UINT, WPARAM, LPARAM)"),
        ("LARGE_INTEGER", "QuadPart", "long long"),
        ("GUID", "Data4", "unsigned char [8]"),
    ],
    constants: &[("WM_CLOSE", 0x10), ("PAGE_READWRITE", 4), ("MAX_PATH", 260), ("JobObjectBasicLimitInformation", 2)],
};
