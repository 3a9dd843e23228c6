#pragma pack(push, 1)
typedef struct _SAMPLE { DWORD id; union { double value; BYTE raw[8]; }; unsigned flags : 3, : 0; } SAMPLE, *PSAMPLE;
#pragma pack(pop)
__declspec(dllimport) BOOL WINAPI ReadSample(_In_ HANDLE device, _Out_writes_to_(count, *read) SAMPLE *samples, DWORD count, _Inout_ DWORD *read);
typedef LRESULT (CALLBACK *HANDLER)(HWND, UINT, WPARAM, LPARAM);
