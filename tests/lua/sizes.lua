-- dll.sizeof, dll.alignof, dll.os, dll.arch, dll.abi: they speak of the worker, and agree with the compiler that made its library.
local check = require "check"
local calls = check.library "calls"

dll.cdef "enum color { RED, GREEN = 5, BLUE }; int size_of(const char *type);"

local types = {
  "char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int", "long", "unsigned long",
  "long long", "unsigned long long", "float", "double", "bool", "void *", "const char *", "int8_t", "uint16_t", "int32_t",
  "uint64_t", "intptr_t", "size_t", "wchar_t", "enum color",
}
for _, ctype in ipairs(types) do
  check.equal(dll.sizeof(ctype), calls.size_of(ctype), ctype)
end
check.equal(calls.size_of "no_such_type", -1, "what the library does not know")

check.equal(dll.sizeof "void *", check.bits // 8, "pointers")
check.equal(dll.sizeof "long", check.bits == 64 and not check.is_pe and 8 or 4, "long")
check.equal(dll.sizeof "wchar_t", check.is_pe and 2 or 4, "wchar_t")
check.equal(dll.alignof "int", 4, "int's alignment")
-- The System V ABI for i386 aligns these to 4, everyone else to 8.
local eight = check.bits == 32 and not check.is_pe and 4 or 8
check.equal(dll.alignof "double", eight, "double's alignment")
check.equal(dll.alignof "long long", eight, "long long's alignment")

check.equal(dll.os, check.is_pe and "Windows" or "Linux", "os")
check.equal(dll.arch, check.bits == 32 and "x86" or "x64", "arch")
check.equal(dll.abi "32bit", check.bits == 32, "abi 32bit")
check.equal(dll.abi "64bit", check.bits == 64, "abi 64bit")
check.equal(dll.abi "le", true, "abi le")
check.equal(dll.abi "be", false, "abi be")
check.equal(dll.abi "win", check.is_pe, "abi win")

check.equal(dll.sizeof "int[10]", 40, "an array")
check.equal(require "dll", dll, "require gives the same module")

check.finish()
