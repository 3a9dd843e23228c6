-- `print` as Lua has it, but a write that fails is an error, or ends the program if nobody reads. Arguments: the first words
-- of the error, whether an `errno` says that nobody reads, and what ends the program.

local words, is_unread, end_program = ...

local stdout = io.stdout
local concat, error, select, tostring = table.concat, error, select, tostring
local write, flush = stdout.write, stdout.flush

local function joined(...)
  local texts = { ... }
  for index = 1, select("#", ...) do
    texts[index] = tostring(texts[index])
  end
  return concat(texts, "\t")
end

function print(...)
  local count = select("#", ...)
  local done, message, code
  -- Up to two values, which is nearly always, no table is made.
  if count == 1 then
    done, message, code = write(stdout, tostring((...)), "\n")
  elseif count == 2 then
    local first, second = ...
    done, message, code = write(stdout, tostring(first), "\t", tostring(second), "\n")
  else
    done, message, code = write(stdout, joined(...), "\n")
  end
  if done then
    done, message, code = flush(stdout)
  end
  if not done then
    if is_unread(code) then
      end_program()
    end
    error(words .. ": " .. message, 2)
  end
end
