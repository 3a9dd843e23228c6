-- The C that LuaJIT's declarations may be written in, construct by construct. "LuaJIT:" says what it does where this
-- module documents something else.
local check = require "check"
local calls = check.library "calls"

local ffi = require "dll"

-- The size, or the constant, that a declaration makes.
local function constant(name, text)
  ffi.cdef(text)
  return ffi.C[name]
end

-- Literals and constant expressions, with the escape '\e'.
check.equal(constant("ESCAPE", [[enum { ESCAPE = '\e', LETTER = 'A' + 1, HEXADECIMAL = '\x41', OCTAL = '\101' };]]), 27, "\\e")
check.equal(ffi.C.LETTER, 66, "a letter")
check.equal(ffi.C.HEXADECIMAL, 65, "a hexadecimal escape")
check.equal(ffi.C.OCTAL, 65, "an octal one")
ffi.cdef[[
enum {
  QUOTIENT = -5 / 2, REMAINDER = -5 % 3, COMPLEMENT = ~0, NEGATION = !5, LOGIC = 3 > 2 && 1 || 0, SHIFTS = (1 << 3) >> 1,
  CHOICE = 1 == 1 ? 5 : 6, MASK = 0xffu & 0xf0, EXCLUSIVE = 5 ^ 1, CUT = (unsigned char)300, SIZE = sizeof(int[3]),
  OF_TEXT = sizeof("abc"), OCTAL_NUMBER = 010, NEXT
};
]]
local C = ffi.C
check.equal(C.QUOTIENT, -2, "/")
check.equal(C.REMAINDER, -2, "%")
check.equal(C.COMPLEMENT, -1, "~")
check.equal(C.NEGATION, 0, "!")
check.equal(C.LOGIC, 1, "&& and ||")
check.equal(C.SHIFTS, 4, "<< and >>")
check.equal(C.CHOICE, 5, "?:")
check.equal(C.MASK, 240, "&")
check.equal(C.EXCLUSIVE, 4, "^")
check.equal(C.CUT, 44, "a cast")
check.equal(C.SIZE, 12, "sizeof")
check.equal(C.OF_TEXT, 4, "sizeof of a literal")
check.equal(C.NEXT, 9, "one more than the one before")

-- Booleans and complex numbers.
check.equal(ffi.sizeof "bool", 1, "bool")
check.equal(ffi.sizeof "_Bool", 1, "_Bool")
check.equal(ffi.sizeof "complex", 16, "complex")
check.equal(ffi.sizeof "_Complex", 16, "_Complex")
check.equal(ffi.sizeof "complex double", 16, "complex double")
check.equal(ffi.sizeof "complex float", 8, "complex float")
check.equal(ffi.sizeof "float _Complex", 8, "in the other order")

-- LuaJIT: vector types can be declared, loaded and stored. Here they are refused, with the reason; mode is known.
check.raises("declaration", "vector_size", ffi.cdef, "typedef float vector_t __attribute__((vector_size(16)));")
ffi.cdef "typedef int half_t __attribute__((mode(HI))); typedef int byte_t __attribute__((__mode__(__QI__)));"
check.equal(ffi.sizeof "half_t", 2, "mode(HI)")
check.equal(ffi.sizeof "byte_t", 1, "mode(__QI__)")

-- Transparent structs and unions; a type without a name.
ffi.cdef[[
typedef struct {
  int kind;
  union {
    struct { uint8_t low, high; };
    uint16_t word;
  };
} event_t;
]]
local event = ffi.new "event_t"
event.word = 0x1234
check.equal(event.low, 0x34, "a member of a struct in a union in a struct")
check.equal(ffi.offsetof("event_t", "high"), 5, "and its offset")

-- Enumerations: incomplete, and inside a struct, whose enumerators are the struct's and everybody's.
ffi.cdef "enum later; typedef enum later later_t; enum later { LATER = 4 }; later_t identity(later_t value);"
check.equal(ffi.sizeof "later_t", 4, "an enumeration that is declared first and defined later")
ffi.cdef "struct scoped { enum { IDLE = 1, BUSY } state; int rest; };"
check.equal(C.BUSY, 2, "an enumerator that was declared inside a struct")
check.equal(ffi.typeof "struct scoped".BUSY, 2, "belongs to the struct")
check.equal(ffi.new("struct scoped", { state = "BUSY" }).state, 2, "and names a value of the field")

-- Constants inside a struct, as in C++.
ffi.cdef "struct limited { static const int LIMIT = 42; int value; };"
check.equal(ffi.typeof "struct limited".LIMIT, 42, "a constant of a struct")
check.equal(ffi.sizeof "struct limited", 4, "which takes no room")

-- Lengths that are zero or open, and empty structs.
ffi.cdef[[
struct empty {};
struct zero_length { int count; char text[0]; };
struct flexible { int count; char text[]; };
struct variable { int count; char text[?]; };
]]
check.equal(ffi.sizeof "struct empty", 0, "an empty struct")
check.equal(ffi.sizeof "struct zero_length", 4, "[0]")
check.equal(ffi.sizeof "struct flexible", 4, "[]")
check.equal(ffi.sizeof("struct variable", 8), 12, "[?]")

-- LuaJIT: C++'s references are pointers that are followed by themselves. Here the error says what to write instead.
check.raises("declaration", { "reference", "pointer" }, ffi.cdef, "int by_reference(int &x);")

-- GCC's other spellings, attributes, and names for symbols.
ffi.cdef[[
__const__ int *spelled(__volatile__ int *x, char *__restrict__ text, __signed__ char c);
__extension__ typedef long long extended_t;
enum { ALIGNMENT = __alignof__(short), ALSO = __alignof(short) };
int second_name(int a, int b) __asm__("add");
int third_name(int a, int b) asm("add");
int with_attributes(int) __attribute__((noreturn, nothrow, format(printf, 1, 2), unheard_of(3)));
]]
check.equal(C.ALIGNMENT, 2, "__alignof__")
check.equal(calls.second_name(2, 3), 5, "__asm__")
check.equal(calls.third_name(2, 4), 6, "asm")
ffi.cdef[[
struct packed_t { char a; int b; } __attribute__((packed));
struct aligned_t { char a; } __attribute__((aligned(8)));
struct member_t { char a; int b __attribute__((aligned(16))); };
int __attribute__((cdecl)) attribute_cdecl(int);
int attribute_stdcall(int) __attribute__((stdcall));
int attribute_fastcall(int) __attribute__((fastcall));
int attribute_thiscall(int) __attribute__((thiscall));
]]
check.equal(ffi.sizeof "struct packed_t", 5, "packed")
check.equal(ffi.sizeof "struct aligned_t", 8, "aligned")
check.equal(ffi.offsetof("struct member_t", "b"), 16, "aligned, of a member")

-- Microsoft's keywords.
check.equal(ffi.sizeof "__int8", 1, "__int8")
check.equal(ffi.sizeof "unsigned __int16", 2, "__int16")
check.equal(ffi.sizeof "__int32", 4, "__int32")
check.equal(ffi.sizeof "__int64", 8, "__int64")
ffi.cdef[[
int __cdecl microsoft_cdecl(int);
int __stdcall microsoft_stdcall(int);
int __fastcall microsoft_fastcall(int);
int __thiscall microsoft_thiscall(int);
typedef int (__stdcall *microsoft_pointer)(int);
__declspec(align(16)) struct microsoft_aligned { int a; };
__declspec(dllimport) int imported(int);
#pragma pack(push, 1)
struct microsoft_packed { char a; int b; };
#pragma pack(pop)
struct microsoft_default { char a; int b; };
#pragma pack(2)
struct microsoft_two { char a; int b; };
#pragma pack()
]]
check.equal(ffi.alignof "struct microsoft_aligned", 16, "__declspec(align)")
check.equal(ffi.sizeof "struct microsoft_packed", 5, "#pragma pack(push, 1)")
check.equal(ffi.sizeof "struct microsoft_default", 8, "#pragma pack(pop)")
check.equal(ffi.sizeof "struct microsoft_two", 6, "#pragma pack(2)")
-- LuaJIT: __ptr64 is passed over. Here a pointer has the width of its process.
check.raises("declaration", { "__ptr64", "uint64_t" }, ffi.cdef, "typedef void *__ptr64 wide_pointer;")
check.equal(ffi.sizeof "microsoft_pointer", check.bits // 8, "a pointer with a convention")

-- What is declared from the start; declaring it again changes nothing.
local pointer_size = check.bits // 8
for _, name in ipairs { "ptrdiff_t", "size_t", "intptr_t", "uintptr_t" } do
  check.equal(ffi.sizeof(name), pointer_size, name)
end
for _, bits in ipairs { 8, 16, 32, 64 } do
  check.equal(ffi.sizeof("int" .. bits .. "_t"), bits // 8, "int" .. bits .. "_t")
  check.equal(ffi.sizeof("uint" .. bits .. "_t"), bits // 8, "uint" .. bits .. "_t")
end
check.equal(ffi.sizeof "wchar_t", check.is_pe and 2 or 4, "wchar_t")
for _, name in ipairs { "va_list", "__builtin_va_list", "__gnuc_va_list" } do
  check.truthy(ffi.sizeof(name) >= pointer_size, name)
end
ffi.cdef "typedef unsigned int uint32_t; typedef signed char int8_t;"
check.equal(ffi.sizeof "uint32_t", 4, "a second declaration")
-- Programs bring the names of Windows with them, each in its own way; theirs count then. As anywhere, only once.
ffi.cdef "typedef uint32_t DWORD; typedef void *HANDLE, *HWND; typedef struct { int x, y; } POINT; typedef unsigned short WCHAR;"
check.equal(ffi.offsetof("POINT", "y"), 4, "a struct of Windows that the program declares")
check.equal(ffi.sizeof "DWORD", 4, "a number of Windows")
check.raises("declaration", { "DWORD", "conflicting declarations" }, ffi.cdef, "typedef unsigned long DWORD;")

-- The bodies of inline functions are skipped.
ffi.cdef "static inline int twice(int x) { if (x) { return 2 * x; } return 0; } int after_it(int);"

-- Types in all orders, declarators of all kinds, parameters that are arrays and functions.
ffi.cdef[[
typedef long unsigned int unsigned_long_t; typedef int long long long_long_t; typedef short unsigned unsigned_short_t;
int several(void), *results(int), table_of_four[4];
extern int (*table_of_functions[3])(int, char);
typedef int (*nested_t)(int (*)(void), ...);
void parameters(int a[10], int b[], int c[static 3], int (d)(int), register int e);
]]
check.equal(ffi.sizeof "long_long_t", 8, "int long long")
check.equal(ffi.sizeof "unsigned_short_t", 2, "short unsigned")
check.equal(ffi.sizeof "unsigned_long_t", ffi.sizeof "long", "long unsigned int")

-- What is not supported there is not here either.
check.raises("declaration", "no_type", ffi.cdef, "no_type();")
check.raises("declaration", "a", ffi.cdef, "int old_style(a, b) int a; int b;")
ffi.cdef "int count_call(); int count_calls_so_far();"
check.equal(calls.count_call(), 1, "() takes no arguments")
check.raises("type", { "count_call", "got 1" }, calls.count_call, 1)
-- LuaJIT: long double cannot be read. Here it is rounded to Lua's floats.
check.equal(ffi.new("long double", 1.5)[0], 1.5, "long double")
-- LuaJIT: a constant has at most 32 bits and is an integer.
ffi.cdef "static const int SMALL = -3; static const unsigned UNSIGNED = 0xffffffff;"
ffi.cdef "static const long long WIDE = 1LL << 40; static const double HALF = 0.5;"
check.equal(C.SMALL, -3, "static const int")
check.equal(C.UNSIGNED, 4294967295, "static const unsigned")
check.equal(C.WIDE, 1 << 40, "static const long long")
check.equal(C.HALF, 0.5, "static const double")

check.finish()
