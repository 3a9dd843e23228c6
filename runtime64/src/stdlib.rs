//! The standard library: Lua modules embedded in the executable, so that `require` finds them everywhere.

use runtime64_stdlib::MODULES;

/// Returns the source of the standard library's module of this name, if it exists.
pub(crate) fn source(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(module, _)| *module == name).map(|(_, source)| *source)
}

/// The chunk name of a module, as tracebacks show it.
pub(crate) fn chunk_name(name: &str) -> String {
    format!("@stdlib/{name}.lua")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Runtime;

    #[test]
    fn every_module_can_be_required() {
        let runtime = Runtime::builder().build().expect("a runtime");
        for (name, _) in MODULES {
            let kind: String = runtime
                .eval("=test", format!("return type(require '{name}')"))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(kind, "table", "{name}");
        }
    }

    /// Lua expressions and the text that `pretty.format` makes of their values.
    const WRITTEN: &[(&str, &str)] = &[
        ("nil", "nil"),
        ("1, {}", "1"),
        ("1.0", "1.0"),
        ("-0.0", "-0.0"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("1e100", "1e+100"),
        ("2^53", "9007199254740992.0"),
        ("1/0", "inf"),
        ("0/0", "nan"),
        ("math.mininteger", "-9223372036854775808"),
        ("'a \"b\" \\\\ \\n\\0\\27'", r#""a \"b\" \\ \n\x00\x1B""#),
        ("'héé ☃'", "\"héé ☃\""),
        ("'caf\\xE9 é'", r#""caf\xE9 \xC3\xA9""#),
        ("'\\u{9B}31m'", r#""\xC2\x9B31m""#),
        ("'ééé', {length = 3}", "\"é\"… (4 more bytes)"),
        ("{}", "{}"),
        ("{ 1, 2, { 3 } }", "{ 1, 2, { 3 } }"),
        (
            "{ b = 1, a = 2, 7, [true] = 3, [2.5] = 4, [-1] = 5 }",
            "{ 7, [-1] = 5, [2.5] = 4, a = 2, b = 1, [true] = 3 }",
        ),
        ("{ ['end'] = 1, ['a b'] = 2 }", "{ [\"a b\"] = 2, [\"end\"] = 1 }"),
        ("{ 1, nil, 3 }", "{ 1, [3] = 3 }"),
        ("{ { { {} } } }, {depth = 2}", "{ { {…} } }"),
        ("{ 1, 2, 3, x = 4 }, {items = 2}", "{ 1, 2, … 2 more }"),
        ("{ 'aaaa', { 'bbbb' } }, {width = 18}", "{\n  \"aaaa\",\n  { \"bbbb\" }\n}"),
        ("(function() local t = {} t.t = t return t end)()", "{ t = <cycle> }"),
        ("(function() local s = {} return {s, s} end)()", "{ {}, {} }"),
        ("setmetatable({}, {__tostring = function() return 'point' end})", "point"),
        ("setmetatable({ 1 }, {__name = 'Point'})", "Point { 1 }"),
        ("setmetatable({ 1 }, {__index = error, __pairs = error, __len = error, __metatable = 1})", "{ 1 }"),
    ];

    #[test]
    fn values_are_written_for_people() {
        let runtime = Runtime::builder().build().expect("a runtime");
        for (expression, text) in WRITTEN {
            let code = format!("return require('pretty').format({expression})");
            let written: String = runtime.eval("=test", &code).unwrap_or_else(|error| panic!("{expression}: {error}"));
            assert_eq!(written, *text, "{expression}");
        }
    }

    #[test]
    fn a_table_that_could_be_written_in_endless_ways_is_cut() {
        let runtime = Runtime::builder().build().expect("a runtime");
        let code =
            "local t = {} for _ = 1, 60 do t = { t, t } end return #require('pretty').format(t, { depth = 100 })";
        let length: usize = runtime.eval("=test", code).expect("a finite text");
        assert!(length < 10_000_000, "{length} bytes");
    }
}
