//! The common names of `<windows.h>`, and the words that its declarations use.

use super::standard::Group;
use super::types::Convention;

/// The meaning of a word of the Windows headers in a declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// A calling convention.
    Convention(Convention),
    /// `const`
    Const,
    /// No effect here.
    Ignored,
}

/// The meaning of a word, if Windows headers define it as a macro.
pub(super) fn word(name: &str) -> Option<Word> {
    Some(match name {
        "WINAPI" | "CALLBACK" | "APIENTRY" | "APIPRIVATE" | "PASCAL" | "NTAPI" | "STDMETHODCALLTYPE"
        | "STDAPICALLTYPE" | "WINOLEAPICALLTYPE" => Word::Convention(Convention::Stdcall),
        "WINAPIV" | "CDECL" | "STDMETHODVCALLTYPE" | "STDAPIVCALLTYPE" => Word::Convention(Convention::Cdecl),
        "FASTCALL" => Word::Convention(Convention::Fastcall),
        "CONST" => Word::Const,
        "FAR"
        | "NEAR"
        | "UNALIGNED"
        | "WINBASEAPI"
        | "WINUSERAPI"
        | "WINGDIAPI"
        | "WINADVAPI"
        | "WINSOCK_API_LINKAGE"
        | "WINOLEAPI"
        | "NTSYSAPI"
        | "DECLSPEC_IMPORT"
        | "DECLSPEC_NORETURN"
        | "EXTERN_C" => Word::Ignored,
        _ => return None,
    })
}

const fn types(names: &'static [&'static str], text: &'static str) -> Group {
    Group { names, tags: &[], text }
}

const fn tagged(names: &'static [&'static str], tags: &'static [&'static str], text: &'static str) -> Group {
    Group { names, tags, text }
}

/// A handle type as defined by `DECLARE_HANDLE`: a pointer to a struct that is never defined.
macro_rules! handle {
    ($name:literal) => {
        types(&[$name], concat!("typedef struct ", $name, "__ *", $name, ";"))
    };
}

/// The texts, each with the declarations of one use.
pub(super) const GROUPS: &[Group] = &[
    types(&["VOID", "PVOID", "LPVOID", "LPCVOID"], "typedef void VOID, *PVOID, *LPVOID; typedef const void *LPCVOID;"),
    types(&["CHAR", "CCHAR", "PCHAR"], "typedef char CHAR, CCHAR, *PCHAR;"),
    types(&["UCHAR", "PUCHAR"], "typedef unsigned char UCHAR, *PUCHAR;"),
    types(&["BYTE", "PBYTE", "LPBYTE"], "typedef unsigned char BYTE, *PBYTE, *LPBYTE;"),
    types(&["BOOLEAN", "PBOOLEAN"], "typedef unsigned char BOOLEAN, *PBOOLEAN;"),
    types(&["SHORT", "PSHORT"], "typedef short SHORT, *PSHORT;"),
    types(&["USHORT", "PUSHORT"], "typedef unsigned short USHORT, *PUSHORT;"),
    types(&["WORD", "PWORD", "LPWORD", "ATOM"], "typedef unsigned short WORD, *PWORD, *LPWORD, ATOM;"),
    types(&["LANGID"], "typedef WORD LANGID;"),
    types(&["INT", "PINT", "LPINT"], "typedef int INT, *PINT, *LPINT;"),
    types(&["UINT", "PUINT", "LPUINT"], "typedef unsigned int UINT, *PUINT, *LPUINT;"),
    types(&["BOOL", "PBOOL", "LPBOOL"], "typedef int BOOL, *PBOOL, *LPBOOL;"),
    types(&["LONG", "PLONG", "LPLONG"], "typedef long LONG, *PLONG, *LPLONG;"),
    types(&["ULONG", "PULONG"], "typedef unsigned long ULONG, *PULONG;"),
    types(&["DWORD", "PDWORD", "LPDWORD"], "typedef unsigned long DWORD, *PDWORD, *LPDWORD;"),
    types(&["LCID", "PLCID", "LCTYPE", "COLORREF", "LPCOLORREF", "ACCESS_MASK"],
        "typedef DWORD LCID, *PLCID, LCTYPE, COLORREF, *LPCOLORREF, ACCESS_MASK;"),
    types(&["LONGLONG", "PLONGLONG", "USN"], "typedef long long LONGLONG, *PLONGLONG, USN;"),
    types(&["ULONGLONG", "PULONGLONG", "DWORDLONG", "PDWORDLONG"],
        "typedef unsigned long long ULONGLONG, *PULONGLONG, DWORDLONG, *PDWORDLONG;"),
    types(&["INT8", "PINT8"], "typedef signed char INT8, *PINT8;"),
    types(&["INT16", "PINT16"], "typedef short INT16, *PINT16;"),
    types(&["INT32", "PINT32", "LONG32", "PLONG32"], "typedef int INT32, *PINT32, LONG32, *PLONG32;"),
    types(&["INT64", "PINT64", "LONG64", "PLONG64"], "typedef long long INT64, *PINT64, LONG64, *PLONG64;"),
    types(&["UINT8", "PUINT8"], "typedef unsigned char UINT8, *PUINT8;"),
    types(&["UINT16", "PUINT16"], "typedef unsigned short UINT16, *PUINT16;"),
    types(&["UINT32", "PUINT32", "ULONG32", "PULONG32", "DWORD32", "PDWORD32"],
        "typedef unsigned int UINT32, *PUINT32, ULONG32, *PULONG32, DWORD32, *PDWORD32;"),
    types(&["UINT64", "PUINT64", "ULONG64", "PULONG64", "DWORD64", "PDWORD64"],
        "typedef unsigned long long UINT64, *PUINT64, ULONG64, *PULONG64, DWORD64, *PDWORD64;"),
    types(&["FLOAT", "PFLOAT"], "typedef float FLOAT, *PFLOAT;"),
    types(&["DOUBLE"], "typedef double DOUBLE;"),
    types(&["WCHAR", "PWCHAR"], "typedef wchar_t WCHAR, *PWCHAR;"),
    types(&["INT_PTR", "PINT_PTR", "LONG_PTR", "PLONG_PTR"], "typedef intptr_t INT_PTR, *PINT_PTR, LONG_PTR, *PLONG_PTR;"),
    types(&["UINT_PTR", "PUINT_PTR", "ULONG_PTR", "PULONG_PTR", "DWORD_PTR", "PDWORD_PTR"],
        "typedef uintptr_t UINT_PTR, *PUINT_PTR, ULONG_PTR, *PULONG_PTR, DWORD_PTR, *PDWORD_PTR;"),
    types(&["SIZE_T", "PSIZE_T"], "typedef size_t SIZE_T, *PSIZE_T;"),
    types(&["SSIZE_T", "PSSIZE_T"], "typedef ssize_t SSIZE_T, *PSSIZE_T;"),
    types(&["WPARAM"], "typedef UINT_PTR WPARAM;"),
    types(&["LPARAM", "LRESULT"], "typedef LONG_PTR LPARAM, LRESULT;"),
    types(&["HRESULT", "SCODE"], "typedef LONG HRESULT, SCODE;"),
    types(&["NTSTATUS", "LSTATUS"], "typedef LONG NTSTATUS, LSTATUS;"),
    types(&["LPSTR", "PSTR", "NPSTR", "PZZSTR"], "typedef char *LPSTR, *PSTR, *NPSTR, *PZZSTR;"),
    types(&["LPCSTR", "PCSTR", "PCZZSTR"], "typedef const char *LPCSTR, *PCSTR, *PCZZSTR;"),
    types(&["LPWSTR", "PWSTR", "NWPSTR", "LPWCH", "PWCH"], "typedef WCHAR *LPWSTR, *PWSTR, *NWPSTR, *LPWCH, *PWCH;"),
    types(&["LPCWSTR", "PCWSTR", "LPCWCH", "PCWCH"], "typedef const WCHAR *LPCWSTR, *PCWSTR, *LPCWCH, *PCWCH;"),
    types(&["OLECHAR", "LPOLESTR", "BSTR"], "typedef WCHAR OLECHAR, *LPOLESTR, *BSTR;"),
    types(&["LPCOLESTR"], "typedef const OLECHAR *LPCOLESTR;"),
    types(&["VARIANT_BOOL"], "typedef short VARIANT_BOOL;"),
    types(&["HANDLE", "PHANDLE", "LPHANDLE"], "typedef void *HANDLE, **PHANDLE, **LPHANDLE;"),
    types(&["HGLOBAL", "HLOCAL", "GLOBALHANDLE", "LOCALHANDLE"], "typedef HANDLE HGLOBAL, HLOCAL, GLOBALHANDLE, LOCALHANDLE;"),
    types(&["SC_HANDLE", "SERVICE_STATUS_HANDLE"],
        "typedef struct SC_HANDLE__ *SC_HANDLE; typedef struct SERVICE_STATUS_HANDLE__ *SERVICE_STATUS_HANDLE;"),
    types(&["HINSTANCE", "HMODULE"], "typedef struct HINSTANCE__ *HINSTANCE; typedef HINSTANCE HMODULE;"),
    types(&["HICON", "HCURSOR"], "typedef struct HICON__ *HICON; typedef HICON HCURSOR;"),
    types(&["HKEY", "PHKEY"], "typedef struct HKEY__ *HKEY, **PHKEY;"),
    handle!("HWND"),
    handle!("HHOOK"),
    handle!("HACCEL"),
    handle!("HBITMAP"),
    handle!("HBRUSH"),
    handle!("HDC"),
    handle!("HGLRC"),
    handle!("HDESK"),
    handle!("HFONT"),
    handle!("HMENU"),
    handle!("HPALETTE"),
    handle!("HPEN"),
    handle!("HRGN"),
    handle!("HRSRC"),
    handle!("HSTR"),
    handle!("HTASK"),
    handle!("HWINSTA"),
    handle!("HKL"),
    handle!("HMONITOR"),
    handle!("HDROP"),
    types(&["HGDIOBJ"], "typedef void *HGDIOBJ;"),
    types(&["HFILE"], "typedef int HFILE;"),
    types(&["FARPROC"], "typedef INT_PTR (__stdcall *FARPROC)();"),
    types(&["PROC"], "typedef INT_PTR (__stdcall *PROC)();"),
    types(&["WNDPROC"], "typedef LRESULT (__stdcall *WNDPROC)(HWND, UINT, WPARAM, LPARAM);"),
    types(&["DLGPROC"], "typedef INT_PTR (__stdcall *DLGPROC)(HWND, UINT, WPARAM, LPARAM);"),
    types(&["TIMERPROC"], "typedef void (__stdcall *TIMERPROC)(HWND, UINT, UINT_PTR, DWORD);"),
    types(&["WNDENUMPROC"], "typedef BOOL (__stdcall *WNDENUMPROC)(HWND, LPARAM);"),
    types(&["HOOKPROC"], "typedef LRESULT (__stdcall *HOOKPROC)(int, WPARAM, LPARAM);"),
    types(&["LPTHREAD_START_ROUTINE"], "typedef DWORD (__stdcall *LPTHREAD_START_ROUTINE)(LPVOID);"),
    tagged(&["POINT", "PPOINT", "LPPOINT"], &["tagPOINT"],
        "typedef struct tagPOINT { LONG x; LONG y; } POINT, *PPOINT, *LPPOINT;"),
    tagged(&["POINTL", "PPOINTL"], &["_POINTL"], "typedef struct _POINTL { LONG x; LONG y; } POINTL, *PPOINTL;"),
    tagged(&["SIZE", "PSIZE", "LPSIZE"], &["tagSIZE"], "typedef struct tagSIZE { LONG cx; LONG cy; } SIZE, *PSIZE, *LPSIZE;"),
    tagged(&["RECT", "PRECT", "LPRECT", "LPCRECT"], &["tagRECT"],
        "typedef struct tagRECT { LONG left; LONG top; LONG right; LONG bottom; } RECT, *PRECT, *LPRECT;
         typedef const RECT *LPCRECT;"),
    tagged(&["MSG", "PMSG", "LPMSG"], &["tagMSG"],
        "typedef struct tagMSG { HWND hwnd; UINT message; WPARAM wParam; LPARAM lParam; DWORD time; POINT pt; }
         MSG, *PMSG, *LPMSG;"),
    tagged(&["FILETIME", "PFILETIME", "LPFILETIME"], &["_FILETIME"],
        "typedef struct _FILETIME { DWORD dwLowDateTime; DWORD dwHighDateTime; } FILETIME, *PFILETIME, *LPFILETIME;"),
    tagged(&["SYSTEMTIME", "PSYSTEMTIME", "LPSYSTEMTIME"], &["_SYSTEMTIME"],
        "typedef struct _SYSTEMTIME { WORD wYear; WORD wMonth; WORD wDayOfWeek; WORD wDay; WORD wHour; WORD wMinute;
         WORD wSecond; WORD wMilliseconds; } SYSTEMTIME, *PSYSTEMTIME, *LPSYSTEMTIME;"),
    tagged(&["LARGE_INTEGER", "PLARGE_INTEGER"], &["_LARGE_INTEGER"],
        "typedef union _LARGE_INTEGER { struct { DWORD LowPart; LONG HighPart; };
         struct { DWORD LowPart; LONG HighPart; } u; LONGLONG QuadPart; } LARGE_INTEGER, *PLARGE_INTEGER;"),
    tagged(&["ULARGE_INTEGER", "PULARGE_INTEGER"], &["_ULARGE_INTEGER"],
        "typedef union _ULARGE_INTEGER { struct { DWORD LowPart; DWORD HighPart; };
         struct { DWORD LowPart; DWORD HighPart; } u; ULONGLONG QuadPart; } ULARGE_INTEGER, *PULARGE_INTEGER;"),
    tagged(&["GUID", "LPGUID", "IID", "LPIID", "CLSID", "LPCLSID", "LPCGUID", "UUID"], &["_GUID"],
        "typedef struct _GUID { unsigned long Data1; unsigned short Data2; unsigned short Data3; unsigned char Data4[8]; }
         GUID, *LPGUID, IID, *LPIID, CLSID, *LPCLSID, UUID; typedef const GUID *LPCGUID;"),
    types(&["REFGUID", "REFIID", "REFCLSID"], "typedef const GUID *REFGUID; typedef const IID *REFIID; typedef const CLSID *REFCLSID;"),
    tagged(&["SECURITY_ATTRIBUTES", "PSECURITY_ATTRIBUTES", "LPSECURITY_ATTRIBUTES"], &["_SECURITY_ATTRIBUTES"],
        "typedef struct _SECURITY_ATTRIBUTES { DWORD nLength; LPVOID lpSecurityDescriptor; BOOL bInheritHandle; }
         SECURITY_ATTRIBUTES, *PSECURITY_ATTRIBUTES, *LPSECURITY_ATTRIBUTES;"),
    tagged(&["OVERLAPPED", "LPOVERLAPPED"], &["_OVERLAPPED"],
        "typedef struct _OVERLAPPED { ULONG_PTR Internal; ULONG_PTR InternalHigh;
         union { struct { DWORD Offset; DWORD OffsetHigh; }; PVOID Pointer; }; HANDLE hEvent; } OVERLAPPED, *LPOVERLAPPED;"),
];

/// The constants that declarations and calls need most.
pub(super) const CONSTANTS: &[(&str, &str)] = &[
    ("TRUE", "1"),
    ("FALSE", "0"),
    ("MAX_PATH", "260"),
    ("INFINITE", "0xffffffffUL"),
    ("INVALID_HANDLE_VALUE", "((HANDLE)(LONG_PTR)-1)"),
    ("ANYSIZE_ARRAY", "1"),
    ("S_OK", "((HRESULT)0L)"),
    ("S_FALSE", "((HRESULT)1L)"),
    ("E_NOTIMPL", "((HRESULT)0x80004001L)"),
    ("E_NOINTERFACE", "((HRESULT)0x80004002L)"),
    ("E_POINTER", "((HRESULT)0x80004003L)"),
    ("E_ABORT", "((HRESULT)0x80004004L)"),
    ("E_FAIL", "((HRESULT)0x80004005L)"),
    ("E_UNEXPECTED", "((HRESULT)0x8000FFFFL)"),
    ("E_ACCESSDENIED", "((HRESULT)0x80070005L)"),
    ("E_HANDLE", "((HRESULT)0x80070006L)"),
    ("E_OUTOFMEMORY", "((HRESULT)0x8007000EL)"),
    ("E_INVALIDARG", "((HRESULT)0x80070057L)"),
];
