//! The Lua text of a script that declares the functions of a library, calls each, and checks what comes back.

use std::fmt::Write;

use crate::sample::{IN_DECLARATIONS, Sample, parameter};
use crate::types::{CHOICE, Number, Scalar, Value};

/// A failed sample does not keep the others from being tried; ten are told.
const PRELUDE: &str = r#"
local library = dll.load(arg[1])
local memory = dll.of(library)
local new, null = memory.new, memory.nullptr
local passed, failed = 0, 0

local function pointer(address)
  return memory.cast("void *", address)
end
local function address(place)
  return place == nil and 0 or memory.tonumber(memory.cast("uintptr_t", place))
end
local function equal(actual, expected, what)
  if actual ~= expected or math.type(actual) ~= math.type(expected) then
    error(string.format("%s: %s expected, got %s", what, expected, actual), 0)
  end
end
local function try(name, declarations, body)
  local ok, raised = pcall(function()
    dll.cdef(declarations)
    body()
  end)
  local answered, mistakes = pcall(library.take_mistakes)
  if ok and answered and mistakes == nil then
    passed = passed + 1
    return
  end
  failed = failed + 1
  if failed <= 10 then
    print(string.format("%s: %s %s\n%s\n", name, ok and "" or tostring(raised), mistakes or "", declarations))
  end
end
"#;

const END: &str = r#"
print(string.format("%d samples passed, %d failed", passed, failed))
os.exit(failed == 0 and 0 or 1)
"#;

/// The last line that the script prints if so many samples pass.
pub(crate) fn last_line(count: usize) -> String {
    format!("{count} samples passed, 0 failed")
}

/// One script for many samples, whose argument is the path of the library.
pub(crate) fn file(samples: &[Sample]) -> String {
    let mut text = format!("{PRELUDE}dll.cdef [[ const char *take_mistakes(void); {CHOICE} ]]\n");
    for sample in samples {
        let declarations = sample.definitions() + &sample.declaration(&IN_DECLARATIONS, "");
        // Writing to a string cannot fail.
        let _ = write!(text, "\ntry(\"{}\", [[\n{declarations};]], function()\n", sample.name());
        let call = if sample.is_callback { callback(&mut text, sample) } else { call(sample) };
        match &sample.result {
            Some((_, value)) => {
                let _ = writeln!(text, "  local result = {call}");
                compare(&mut text, "  ", "result", value);
            }
            None => {
                let _ = writeln!(text, "  equal(select(\"#\", {call}), 0, \"results\")");
            }
        }
        text.push_str("end)\n");
    }
    text + END
}

/// A call with every argument.
fn call(sample: &Sample) -> String {
    let arguments: Vec<String> = sample.parameters.iter().map(|(_, value)| made(value)).collect();
    format!("library.{}({})", sample.name(), arguments.join(", "))
}

/// The function that is called back, and the call that it is given to. Every other one outlives its call.
fn callback(text: &mut String, sample: &Sample) -> String {
    let names: Vec<String> = (1..=sample.parameters.len()).map(parameter).collect();
    let _ = writeln!(text, "  local function callback(...)");
    let _ = writeln!(text, "    equal(select(\"#\", ...), {}, \"arguments\")", names.len());
    if !names.is_empty() {
        let _ = writeln!(text, "    local {} = ...", names.join(", "));
    }
    for (name, (_, value)) in names.iter().zip(&sample.parameters) {
        compare(text, "    ", name, value);
    }
    if let Some((_, value)) = &sample.result {
        let _ = writeln!(text, "    return {}", made(value));
    }
    text.push_str("  end\n");
    if sample.number % 8 == 3 {
        let name = sample.callback_name();
        let _ = writeln!(text, "  local kept <close> = memory.callback(\"{name}\", callback)");
        return format!("library.{}(kept)", sample.name());
    }
    format!("library.{}(callback)", sample.name())
}

fn compare(text: &mut String, indent: &str, name: &str, value: &Value) {
    let mut leaves = Vec::new();
    value.leaves(name, &mut leaves);
    for (path, scalar, number) in leaves {
        let actual = if scalar == Scalar::Pointer { format!("address({path})") } else { path.clone() };
        let expected = match (scalar, number) {
            (Scalar::Pointer, Number::Integer(address)) => address.to_string(),
            _ => literal(scalar, number),
        };
        let _ = writeln!(text, "{indent}equal({actual}, {expected}, \"{path}\")");
    }
}

/// An argument or a result.
fn made(value: &Value) -> String {
    match value {
        Value::Struct(record, _) | Value::Union(record, ..) => {
            format!("new(\"{}\", {})", record.words(), initialiser(value))
        }
        _ => initialiser(value),
    }
}

fn initialiser(value: &Value) -> String {
    match value {
        Value::Scalar(scalar, number) => literal(*scalar, *number),
        Value::Struct(record, values) => {
            let fields = record.members.iter().zip(values);
            let fields: Vec<String> =
                fields.map(|(member, value)| format!("{} = {}", member.name, initialiser(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Value::Union(record, chosen, value) => {
            format!("{{ {} = {} }}", record.members[*chosen].name, initialiser(value))
        }
        Value::Array(values) => {
            let values: Vec<String> = values.iter().map(initialiser).collect();
            format!("{{ {} }}", values.join(", "))
        }
    }
}

/// A value in Lua. NULL is an object here, since `nil` would end a table.
fn literal(scalar: Scalar, number: Number) -> String {
    match (scalar, number) {
        (_, Number::Floating(number)) => format!("{number:?}"),
        (Scalar::Bool, Number::Integer(number)) => (number != 0).to_string(),
        (Scalar::Pointer, Number::Integer(0)) => "null".to_owned(),
        (Scalar::Pointer, Number::Integer(address)) => format!("pointer({address:#x})"),
        // Lua's integers have 64 bits and a sign: a greater one is the one with the same bits.
        (_, Number::Integer(number)) => {
            match u64::try_from(number).map_or(number, |bits| i128::from(bits.cast_signed())) {
                number if number == i128::from(i64::MIN) => "math.mininteger".to_owned(),
                number => number.to_string(),
            }
        }
    }
}
