//! What is printed means what was printed: random types and declarations become text, the text is parsed, and the same
//! type comes back, which prints the same again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::c::types::TYPE_DEPTH;
use crate::c::{
    Annotation, ArrayType, Basic, Convention, Count, Declaration, Declarations, FunctionDeclaration, FunctionType,
    Length, Member, Parameter, Position, Qualifiers, Record, RecordBody, RecordKind, Type, Typedef,
    VariableDeclaration,
};

/// Names of types that exist before.
const EARLIER: &str =
    "struct node { struct node *next; }; union u; struct unknown; enum color { RED, GREEN }; typedef int (*callback)(void *);
    typedef const unsigned char *bytes; typedef struct { int a, b; } pair; typedef int vector[3];";

/// Names, some of which are types or words of Windows headers, too.
const NAMES: &[&str] = &["a", "b", "value", "DWORD", "pair", "IN", "OUT", "FAR", "in", "_x", "größe", "T$1"];

const ANNOTATIONS: &[&str] = &[
    "_In_",
    "_Out_opt_",
    "_Inout_",
    "_In_reads_(n)",
    "_Out_writes_to_(n * 2, *n + 1)",
    "__out_ecount(n)",
    "_Outptr_",
    "IN",
];

/// Declarations that all tests share, since a tag names the same type only within one program.
static PROGRAM: LazyLock<Mutex<Declarations>> = LazyLock::new(|| {
    let mut declarations = Declarations::new();
    declarations.declare(EARLIER).unwrap();
    Mutex::new(declarations)
});

fn program() -> MutexGuard<'static, Declarations> {
    PROGRAM.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A name that nothing has yet.
fn new_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    format!("name{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// A type by its name.
fn named() -> impl Strategy<Value = Type> {
    let names = [
        "struct node",
        "union u",
        "enum color",
        "struct unknown *",
        "callback",
        "bytes",
        "pair",
        "vector",
        "HWND",
        "uint8_t",
    ];
    let declarations = program();
    let types: Vec<Type> = names.iter().map(|name| declarations.parse_type(name).unwrap()).collect();
    select((0..types.len()).collect::<Vec<_>>()).prop_map(move |index| types[index].clone())
}

fn basic() -> impl Strategy<Value = Type> {
    let all = [
        Basic::Void,
        Basic::Bool,
        Basic::Char,
        Basic::SignedChar,
        Basic::UnsignedChar,
        Basic::Short,
        Basic::UnsignedShort,
        Basic::Int,
        Basic::UnsignedInt,
        Basic::Long,
        Basic::UnsignedLong,
        Basic::LongLong,
        Basic::UnsignedLongLong,
        Basic::Int128,
        Basic::UnsignedInt128,
        Basic::Float,
        Basic::Double,
        Basic::LongDouble,
        Basic::Float128,
        Basic::FloatComplex,
        Basic::DoubleComplex,
        Basic::LongDoubleComplex,
        Basic::WideChar,
        Basic::Size,
        Basic::SignedSize,
        Basic::PtrDiff,
        Basic::IntPtr,
        Basic::UintPtr,
        Basic::VaList,
    ];
    select(all.to_vec()).prop_map(Type::Basic)
}

fn qualifiers() -> impl Strategy<Value = Qualifiers> {
    any::<(bool, bool, bool)>().prop_map(|(is_const, is_volatile, is_restrict)| Qualifiers {
        is_const,
        is_volatile,
        is_restrict,
    })
}

/// Any type that C allows, as far as this can tell without a layout.
fn any_type() -> BoxedStrategy<Type> {
    prop_oneof![basic(), named()]
        .prop_recursive(6, 40, 5, |inner| {
            prop_oneof![
                3 => inner.clone().prop_map(Type::pointer_to),
                2 => (inner.clone(), qualifiers()).prop_map(|(ty, qualifiers)| qualified(ty, qualifiers)),
                2 => (inner.clone(), length()).prop_map(|(element, length)| array(element, length)),
                2 => function(inner.clone()).prop_map(|function| Type::Function(Arc::new(function))),
                1 => untagged(inner),
            ]
        })
        .boxed()
}

/// C gives a function no qualifiers.
fn qualified(ty: Type, qualifiers: Qualifiers) -> Type {
    if matches!(ty.resolve(), Type::Function(_)) { ty } else { ty.qualified(qualifiers) }
}

fn length() -> impl Strategy<Value = Length> {
    let sizes = Declarations::new().parse_type("char [sizeof(long) * 2]").unwrap();
    let Type::Array(sizes) = sizes else { panic!("{sizes}") };
    prop_oneof![
        Just(Length::Incomplete),
        Just(Length::Variable),
        (0..1000_u64).prop_map(|count| Length::Fixed(Count::same(count))),
        Just(sizes.length.clone()),
    ]
}

/// An array, if the element may be one's.
fn array(element: Type, length: Length) -> Type {
    match element.resolve() {
        Type::Function(_) | Type::Basic(Basic::Void) => element,
        Type::Array(inner) if !matches!(inner.length, Length::Fixed(_)) => element,
        _ => Type::Array(Arc::new(ArrayType { element, length })),
    }
}

fn convention() -> impl Strategy<Value = Option<Convention>> {
    option::of(select(vec![Convention::Cdecl, Convention::Stdcall, Convention::Fastcall, Convention::Thiscall]))
}

fn annotation(spelling: &str) -> Annotation {
    let mut declarations = Declarations::new();
    declarations.declare(&format!("void f({spelling} int *p);")).unwrap();
    declarations.function("f").unwrap().ty.parameters[0].annotation.clone().unwrap()
}

fn name() -> impl Strategy<Value = String> {
    select(NAMES.to_vec()).prop_map(str::to_owned)
}

fn parameter(inner: BoxedStrategy<Type>) -> impl Strategy<Value = Parameter> {
    (option::of(name()), inner, option::of(select(ANNOTATIONS.to_vec()))).prop_map(|(name, ty, spelling)| {
        let ty = match ty.resolve() {
            Type::Array(array) => array.element.clone().pointer_to(),
            Type::Function(_) | Type::Basic(Basic::Void) => ty.pointer_to(),
            _ => ty,
        };
        // What describes a callback's result stands in the same place.
        let spelling = spelling.filter(|_| inner_function(&ty).is_none_or(|inner| inner.result_annotation.is_none()));
        Parameter { name, ty, annotation: spelling.map(annotation) }
    })
}

fn function(inner: BoxedStrategy<Type>) -> impl Strategy<Value = FunctionType> {
    let shape = (convention(), any::<bool>(), any::<bool>(), any::<bool>());
    (shape, inner.clone(), vec(parameter(inner), 0..4)).prop_map(
        |((convention, variadic, prototype, annotated), result, parameters)| {
            let result = match result.resolve() {
                Type::Array(_) | Type::Function(_) => result.pointer_to(),
                _ => result,
            };
            // Such a word describes the first function from the name outwards, so none further out can have one.
            let annotated_further_out = |inner: &FunctionType| inner.result_annotation.is_some();
            let result = if inner_function(&result).is_some_and(annotated_further_out) {
                Type::Basic(Basic::Int)
            } else {
                result
            };
            let has_function = inner_function(&result).is_some();
            let mut ret = annotation("_In_z_");
            "_Ret_z_".clone_into(&mut ret.spelling);
            FunctionType {
                convention,
                result,
                result_annotation: (annotated && !has_function)
                    .then_some(ret)
                    .map(|ret| Annotation { direction: crate::c::Direction::Out, ..ret }),
                prototype: prototype || variadic || !parameters.is_empty(),
                parameters,
                variadic,
            }
        },
    )
}

/// The function that a declarator of this type spells out.
fn inner_function(ty: &Type) -> Option<&FunctionType> {
    match ty {
        Type::Pointer(inner) | Type::Qualified(_, inner) => inner_function(inner),
        Type::Array(array) => inner_function(&array.element),
        Type::Function(function) => {
            Some(inner_function(&function.result).filter(|inner| inner.result_annotation.is_some()).unwrap_or(function))
        }
        _ => None,
    }
}

/// A struct or union with members and no tag.
fn untagged(inner: BoxedStrategy<Type>) -> impl Strategy<Value = Type> {
    let attributes = (any::<bool>(), option::of(select(vec![1_u64, 4, 16])), option::of(select(vec![1_u64, 2, 8])));
    (any::<bool>(), vec((inner, 0..40_u32, attributes.clone()), 1..5), attributes).prop_map(
        |(is_union, members, attributes)| {
            let kind = if is_union { RecordKind::Union } else { RecordKind::Struct };
            let record = Record::new(kind, None);
            let members = members.into_iter().enumerate().map(|(index, (ty, bits, (packed, aligned, _)))| {
                let ty = match ty.resolve() {
                    Type::Function(_) | Type::Basic(Basic::Void | Basic::Int128 | Basic::UnsignedInt128) => {
                        ty.pointer_to()
                    }
                    Type::Array(array) if !matches!(array.length, Length::Fixed(_)) => {
                        array.element.clone().pointer_to()
                    }
                    _ if crate::c::Abi::ALL.iter().all(|abi| crate::c::layout(&ty, *abi).is_err()) => ty.pointer_to(),
                    _ => ty,
                };
                let is_int = matches!(ty.resolve(), Type::Basic(Basic::Int | Basic::UnsignedInt));
                let bits = (is_int && (1..=32).contains(&bits)).then_some(bits);
                Member {
                    name: Some(format!("m{index}")),
                    ty,
                    bits,
                    packed,
                    aligned: aligned.map(Count::same),
                    on_windows_only: false,
                }
            });
            let members: Vec<Member> = members.collect();
            let (packed, aligned, pack) = attributes;
            let body = RecordBody {
                members,
                pack,
                packed,
                aligned: aligned.map(Count::same),
                gcc_bit_fields: false,
                constants: Vec::new(),
                nesting: 1,
                layouts: Default::default(),
            };
            record.set_body(Some(Arc::new(body)));
            Type::Record(Arc::new(record))
        },
    )
}

/// How deep a type may lie for a text that parses: parentheses count there, too.
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
        let typedef = Typedef { name: new_name(), depth: 0, aligned: aligned.map(Count::same), ty };
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
