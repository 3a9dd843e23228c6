-- Libraries made by a Fortran compiler: every argument by its address, matrices column by column.
local check = require "check"
local library = check.library "fortran"
local memory = dll.of(library)

dll.cdef [[
  int8_t sum_8bit_(const int8_t *a, const int8_t *b);
  int16_t sum_16bit_(const int16_t *a, const int16_t *b);
  int32_t sum_32bit_(const int32_t *a, const int32_t *b);
  int64_t sum_64bit_(const int64_t *a, const int64_t *b);
  float sum_float_(const float *a, const float *b);
  double sum_double_(const double *a, const double *b);
  int32_t is_greater_(const int32_t *a, const int32_t *b);
  void divide_(const int32_t *a, const int32_t *b, int32_t *quotient, int32_t *remainder);
  void negate_each_(double *values, const int32_t *count);
  void multiply_matrices_(const double *a, const double *b, double *c, const int32_t *rows, const int32_t *inner,
                          const int32_t *columns);
  void reverse_string_(const char *text, char *result, int32_t text_length, int32_t result_length);
  extern struct { int32_t count; double factors[2]; } settings_;
]]

-- Scalars of every width.
-- { function, type, two values, their sum }
local sums = {
  { "8bit", "int8_t", -100, 99, -1 },
  { "8bit", "int8_t", 100, 100, -56 },
  { "16bit", "int16_t", -32768, 1, -32767 },
  { "32bit", "int32_t", 2147483647, -1, 2147483646 },
  { "64bit", "int64_t", 1 << 40, 1, (1 << 40) + 1 },
  { "float", "float", 0.5, 0.25, 0.75 },
  { "double", "double", 0.1, 0.2, 0.1 + 0.2 },
}
for _, row in ipairs(sums) do
  local name, type, a, b, sum = table.unpack(row)
  local add = library["sum_" .. name .. "_"]
  check.equal(add(memory.new(type .. "[1]", a), memory.new(type .. "[1]", b)), sum, "arrays of one " .. type)
  check.equal(add(memory.new(type, a), memory.new(type, b)), sum, "objects of " .. type)
end
local integer = memory.typeof "int32_t"
check.equal(library.is_greater_(integer(2), integer(1)), 1, "a LOGICAL that is true")
check.equal(library.is_greater_(integer(1), integer(2)), 0, "a LOGICAL that is false")

-- A subroutine's results.
local quotient, remainder = memory.new "int32_t[1]", memory.new "int32_t[1]"
library.divide_(integer(17), integer(5), quotient, remainder)
check.equal(quotient[0], 3, "the quotient")
check.equal(remainder[0], 2, "the remainder")
local values = memory.new("double[3]", 1, -2, 3)
library.negate_each_(values, integer(#values))
check.equal(values[0] + 10 * values[1] + 100 * values[2], -281.0, "an array in place")

-- Matrices lie column by column: a row is the inner index.
local function matrix(rows)
  local elements = {}
  for column = 1, #rows[1] do
    for row = 1, #rows do
      elements[#elements + 1] = rows[row][column]
    end
  end
  return memory.new("double[?]", #elements, elements)
end
local a = matrix { { 1, 2, 3 }, { 4, 5, 6 } }
local b = matrix { { 1, 0 }, { 0, 1 }, { 10, 100 } }
local c = memory.new "double[4]"
library.multiply_matrices_(a, b, c, integer(2), integer(3), integer(2))
check.equal(c[0], 31.0, "row 1, column 1")
check.equal(c[1], 64.0, "row 2, column 1")
check.equal(c[2], 302.0, "row 1, column 2")
check.equal(c[3], 605.0, "row 2, column 2")
-- As an array of columns.
local columns = memory.new("double[2][2]", { { 1, 2 }, { 3, 4 } })
local unit, two = memory.new("double[4]", 1, 0, 0, 1), integer(2)
library.multiply_matrices_(memory.cast("double *", columns), unit, c, two, two, two)
check.equal(c[2], columns[1][0], "the second column")

-- Strings have their lengths behind all other arguments, and are padded with blanks.
local result = memory.new "char[8]"
library.reverse_string_("desserts", result, 8, 8)
check.equal(memory.string(result, 8), "stressed", "as long as the result")
library.reverse_string_("live", result, 4, 8)
check.equal(memory.string(result, 8), "evil    ", "padded")

-- A COMMON block.
check.equal(library.settings_.factors[1], 0.25, "a variable")
library.settings_.count = 3
check.equal(library.settings_.count, 3, "set")

check.finish()
