/* Wine before 9 has no bcryptprimitives.dll, from which Rust's standard library takes its random numbers. */
#include <windows.h>

/* RtlGenRandom, under the name that advapi32 exports it by. */
BOOLEAN WINAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length)
{
    return SystemFunction036(buffer, (ULONG)length);
}
