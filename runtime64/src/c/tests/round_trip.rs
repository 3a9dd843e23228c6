//! Round trips: random types and declarations are printed, the text is parsed, and the result is the same type, which
//! prints as the same text again.

mod strategies;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use self::strategies::{any_type, function, untagged};
use crate::c::types::TYPE_DEPTH;
use crate::c::{
    Basic, Count, Declaration, Declarations, FunctionDeclaration, Position, Record, Type, Typedef, VariableDeclaration,
};

/// Names of types declared in advance.
const EARLIER: &str =
    "struct node { struct node *next; }; union u; struct unknown; enum color { RED, GREEN }; typedef int (*callback)(void *);
    typedef const unsigned char *bytes; typedef struct { int a, b; } pair; typedef int vector[3];";

/// Declarations that all tests share, since a tag names the same type only within one program.
static PROGRAM: LazyLock<Mutex<Declarations>> = LazyLock::new(|| {
    let mut declarations = Declarations::new();
    declarations.declare(EARLIER).unwrap();
    Mutex::new(declarations)
});

fn program() -> MutexGuard<'static, Declarations> {
    PROGRAM.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An unused name.
fn new_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("name{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Whether a type is shallow enough for its text to parse: parentheses count as nesting, too.
fn is_shallow(ty: &Type) -> bool {
    ty.depth() < TYPE_DEPTH / 8
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn types_come_back(ty in any_type().prop_filter("it is too deep", is_shallow)) {
        let printed = ty.to_string();
        let again = program().parse_type(&printed).map_err(|error| TestCaseError::fail(format!("{printed}\n{error}")))?;
        prop_assert_eq!(again.to_string(), &*printed);
        prop_assert_eq!(again, ty);
    }

    #[test]
    fn functions_come_back(ty in function(any_type()), symbol in option::of("[a-z@0-9]{1,8}")) {
        let name = new_name();
        let symbol = symbol.unwrap_or_else(|| name.clone());
        let function = FunctionDeclaration { name, symbol, ty: Arc::new(ty), position: Position::default() };
        declare(&function.to_string())?;
        let again = program().function(&function.name).unwrap();
        prop_assert_eq!(again.to_string(), function.to_string());
        prop_assert_eq!(&again.symbol, &function.symbol);
        prop_assert_eq!(&again.ty, &function.ty);
    }

    #[test]
    fn variables_come_back(ty in any_type()) {
        let ty = if matches!(ty.resolve(), Type::Function(_) | Type::Basic(Basic::Void)) { ty.pointer_to() } else { ty };
        let name = new_name();
        let variable = VariableDeclaration { symbol: name.clone(), name, ty, position: Position::default() };
        declare(&variable.to_string())?;
        let again = program().variable(&variable.name).unwrap();
        prop_assert_eq!(again.to_string(), variable.to_string());
        prop_assert_eq!(&again.ty, &variable.ty);
    }

    #[test]
    fn typedefs_come_back(ty in any_type(), aligned in option::of(select(vec![1_u64, 8, 64]))) {
        let typedef = Typedef { name: new_name(), depth: 0, aligned: aligned.map(Count::same), declspec_aligned: None, ty };
        declare(&typedef.to_string())?;
        let Some(Declaration::Typedef(again)) = program().get(&typedef.name) else { panic!("{typedef}") };
        prop_assert_eq!(again.to_string(), typedef.to_string());
        prop_assert_eq!(&again.aligned, &typedef.aligned);
        prop_assert_eq!(&again.ty, &typedef.ty);
    }

    #[test]
    fn structs_come_back(ty in untagged(any_type())) {
        let Type::Record(untagged) = &ty else { panic!("{ty}") };
        let tagged = Record::new(untagged.kind, Some(new_name()));
        tagged.set_body(untagged.body());
        let tagged = Type::Record(Arc::new(tagged));
        declare(&tagged.definition())?;
        let again = program().parse_type(&tagged.to_string()).unwrap();
        prop_assert_eq!(again.definition(), tagged.definition());
        let (Type::Record(again), Type::Record(tagged)) = (&again, &tagged) else { panic!("{again}") };
        prop_assert!(*again.body().unwrap() == *tagged.body().unwrap());
    }
}

fn declare(text: &str) -> Result<(), TestCaseError> {
    program().declare(&format!("{text};")).map_err(|error| TestCaseError::fail(format!("{text}\n{error}")))
}
