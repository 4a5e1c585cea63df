/* The library that Rust's standard library takes random numbers from on Windows. Wine has it from release 9 on: this
 * stands in for it in older ones, for the tests of `scripts/test windows`. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T size) {
    return RtlGenRandom(data, (ULONG)size);
}
