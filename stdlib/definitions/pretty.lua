---@meta pretty

---Lua values formatted for people to read: nested tables in a stable order, strings quoted, cycles and depth bounded.
---Tables are read raw: their `__index`, `__pairs` and `__len` do not run. `__tostring` and `__name` are honoured.
---@class pretty
---@overload fun(...: any)
local pretty = {}

---@class pretty.Options
---@field depth? integer levels of tables to expand, 6 by default and 100 at most; deeper ones are written `{…}`
---@field width? integer columns, 80 by default; a table that fits stays on one line
---@field items? integer maximum entries of a table to write, 200 by default
---@field length? integer maximum bytes of a string to write, 4096 by default
---@field indent? string one level of indentation, two spaces by default

---Formats a value.
---@param value any
---@param options? pretty.Options
---@return string
function pretty.format(value, options) end

---Prints values like `print`, each formatted with `pretty.format`. `pretty(…)` does the same.
---@param ... any
function pretty.print(...) end

return pretty
