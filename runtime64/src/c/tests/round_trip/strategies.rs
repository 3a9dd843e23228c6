//! Random types that are valid C.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::program;
use crate::c::{
    Annotation, ArrayType, Basic, Convention, Count, Declarations, Direction, FunctionType, Length, Member, Parameter,
    Qualifiers, Record, RecordBody, RecordKind, Type,
};

/// Names, some of which are also types or words of Windows headers.
const NAMES: &[&str] = &["a", "b", "value", "DWORD", "pair", "IN", "OUT", "FAR", "in", "_x", "größe", "T$1"];

const ANNOTATIONS: &[&str] = &[
    "_In_",
    "_Out_opt_",
    "_Inout_",
    "_In_reads_(7)",
    "_Out_writes_to_(7 * 2, return + 1)",
    "__out_ecount(sizeof(int))",
    "IN",
    "IN OUT",
];

/// A named type.
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

/// Any type that is valid C, as far as can be decided without a layout.
pub(super) fn any_type() -> BoxedStrategy<Type> {
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

/// Adds qualifiers, except to functions, which have none in C.
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

/// An array, if its element type allows one.
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
        // The annotation of a callback's result is written in the same place.
        let spelling = spelling.filter(|_| inner_function(&ty).is_none_or(|inner| inner.result_annotation.is_none()));
        let fits = |annotation: &Annotation| match ty.pointee().map(|target| (target, target.resolve())) {
            Some((_, Type::Function(_)) | (_, Type::Basic(Basic::Void))) => annotation.spelling == "IN",
            Some((target, _)) => annotation.direction == Direction::In || !target.is_const(),
            None => annotation.direction == Direction::In && annotation.extent.is_none(),
        };
        let annotation = spelling.map(annotation).filter(fits);
        Parameter { name, ty, annotation }
    })
}

pub(super) fn function(inner: BoxedStrategy<Type>) -> impl Strategy<Value = FunctionType> {
    let shape = (convention(), any::<bool>(), any::<bool>(), any::<bool>());
    (shape, inner.clone(), vec(parameter(inner), 0..4)).prop_map(
        |((convention, variadic, prototype, annotated), result, parameters)| {
            let result = match result.resolve() {
                Type::Array(_) | Type::Function(_) => result.pointer_to(),
                _ => result,
            };
            // Such an annotation describes the first function from the name outwards, so no outer function can have one.
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
                    .map(|ret| Annotation { direction: Direction::Out, ..ret }),
                prototype: prototype || variadic || !parameters.is_empty(),
                parameters,
                variadic,
            }
        },
    )
}

/// The function that a declarator of this type spells out in full.
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
pub(super) fn untagged(inner: BoxedStrategy<Type>) -> impl Strategy<Value = Type> {
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
                    declspec_aligned: None,
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
                declspec_aligned: None,
                bit_fields: None,
                constants: Vec::new(),
                nesting: 1,
                layouts: Default::default(),
            };
            record.set_body(Some(Arc::new(body)));
            Type::Record(Arc::new(record))
        },
    )
}
