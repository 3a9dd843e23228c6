---@meta pretty

---Lua values written for people to read: nested tables in a stable order, strings quoted, cycles and depth bounded.
---Tables are read raw: no `__index`, `__pairs` or `__len` of theirs runs. A `__tostring` or a `__name` is honoured.
---@class pretty
---@overload fun(...: any)
local pretty = {}

---@class pretty.Options
---@field depth? integer levels of tables that are opened, 6 by default and 100 at most; deeper ones are written `{…}`
---@field width? integer columns, 80 by default; a table that fits stays on one line
---@field items? integer entries of a table that are written, 200 by default
---@field length? integer bytes of a string that are written, 4096 by default
---@field indent? string one level of indentation, two spaces by default

---The text of a value.
---@param value any
---@param options? pretty.Options
---@return string
function pretty.format(value, options) end

---Prints values as `print` does, each with `pretty.format`. `pretty(…)` is the same.
---@param ... any
function pretty.print(...) end

return pretty
