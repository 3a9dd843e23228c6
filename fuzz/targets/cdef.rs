//! Arbitrary texts as declarations and as types. None may panic, hang or exhaust memory; and the printed form of
//! accepted declarations declares the same again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use runtime64::c::{Abi, Argument, Declaration, Declarations, Type, layout, record_layout};

/// Declarations of an earlier text.
const EARLIER: &str = "#define N (1 << 2)\n#define API __stdcall\ntypedef struct node { struct node *next; int v[N]; } T;\n\
    union u; enum e { A, B = 5, C = sizeof(long) }; int f(T *, enum e); extern int x[]; static const double d = 1.5;\n\
    int g(); typedef int (*callback)(void *); typedef struct { char c; long long l; } pair;";

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    declarations(&text, Declarations::new());
    let mut earlier = Declarations::new();
    earlier.declare(EARLIER).expect("the text is valid");
    types(&text, &Declarations::new());
    types(&text, &earlier);
    with_arguments(&text, &earlier);
    declarations(&text, earlier);
});

fn declarations(text: &str, mut declarations: Declarations) {
    let taken = declarations.declare(text);
    if let Err(error) = &taken {
        let _ = error.to_string();
    }
    let _ = declarations.declare(text);
    walk(&declarations);
    if taken.is_ok() && is_plain(text, &declarations) {
        declares_the_same(&mut declarations);
    }
}

/// Prints and lays out all declarations, and looks up constants.
fn walk(declarations: &Declarations) {
    for name in declarations.macro_names() {
        let _ = declarations.constant(name);
    }
    for declaration in declarations.iter() {
        let _ = (declaration.to_string(), declarations.get(declaration.name()));
        match declaration {
            Declaration::Function(function) => lay_out(&Type::Function(function.ty.clone())),
            Declaration::Variable(variable) => lay_out(&variable.ty),
            Declaration::Typedef(typedef) => lay_out(&typedef.ty),
            Declaration::Constant(constant) => Abi::ALL.into_iter().for_each(|abi| {
                let _ = constant.value(abi);
            }),
        }
    }
    for ty in declarations.tagged() {
        let _ = ty.definition();
        lay_out(&ty);
    }
}

fn lay_out(ty: &Type) {
    for abi in Abi::ALL {
        let size = layout(ty, abi);
        if let Type::Record(record) = ty.resolve() {
            let members = record_layout(record, abi);
            assert_eq!(size.is_ok(), members.is_ok(), "{ty}");
        }
    }
    if let Type::Function(function) = ty.resolve() {
        lay_out(&function.result);
        function.parameters.iter().for_each(|parameter| lay_out(&parameter.ty));
    }
}

/// Whether names have the same meaning at the end of the text as within it.
fn is_plain(text: &str, declarations: &Declarations) -> bool {
    let standard = Declarations::new();
    let no_standard_name = |name: &str| standard.get(name).is_none() && standard.constant(name).is_none();
    !text.contains("#define")
        && declarations.iter().all(|declaration| no_standard_name(declaration.name()))
        && declarations.tagged().iter().all(|ty| match standard.parse_type(&ty.to_string()) {
            Ok(known) => layout(&known, Abi::I386Windows).is_err(),
            Err(_) => true,
        })
}

/// The printed declarations are accepted, as the same.
fn declares_the_same(declarations: &mut Declarations) {
    let printable = |declaration: &&Declaration| !matches!(declaration, Declaration::Constant(_));
    let mut texts: Vec<String> = declarations.iter().filter(printable).map(ToString::to_string).collect();
    texts.extend(declarations.tagged().iter().map(Type::definition));
    for text in texts {
        if let Err(error) = declarations.declare(&format!("{text};")) {
            panic!("the printed text is rejected: {text}\n{error}");
        }
    }
}

fn types(text: &str, declarations: &Declarations) {
    let Ok(ty) = declarations.parse_type(text) else { return };
    lay_out(&ty);
    let printed = ty.to_string();
    // A tag or constant introduced by the text itself is known only within it, and macros are gone once printed.
    let of_its_own = ["struct", "union", "enum", "#define"].iter().any(|word| text.contains(word));
    match declarations.parse_type(&printed) {
        Ok(again) => {
            assert_eq!(again.to_string(), printed);
            assert!(again == ty || of_its_own, "{printed}");
        }
        Err(error) => assert!(of_its_own, "the printed text is rejected: {printed}\n{error}"),
    }
}

/// Each `$` of the text has an argument.
fn with_arguments(text: &str, declarations: &Declarations) {
    let count = text.matches('$').count();
    if count == 0 {
        return;
    }
    let node = declarations.parse_type("T *").expect("it is declared");
    let kinds = [Argument::Type(node), Argument::Number(3), Argument::Name("name".to_owned())];
    let arguments: Vec<Argument> = kinds.iter().cycle().skip(text.len() % 3).take(count).cloned().collect();
    let _ = declarations.parse_type_with(text, &arguments);
    let mut fresh = Declarations::new();
    let _ = fresh.declare_with(text, &arguments);
    walk(&fresh);
}
