//! Structs and unions.

use std::collections::HashSet;
use std::sync::Arc;

use super::Parser;
use super::attribute::Attributes;
use super::declaration::unknown_macro;
use super::tokens::Token;
use crate::c::Abi;
use crate::c::error::{Parsed, Problem};
use crate::c::layout::layout;
use crate::c::lexer::TokenKind;
use crate::c::names::Tag;
use crate::c::types::{Member, Record, RecordBody, RecordKind, TYPE_DEPTH, Type};

impl<'s> Parser<'s> {
    /// Parses a struct or union: its tag, its members or both. `outer` contains the attributes before the
    /// keyword. Returns whether it was defined here.
    pub(super) fn record(&mut self, outer: &mut Attributes<'s>) -> Parsed<(Type, bool)> {
        let keyword = self.take()?;
        let kind = if keyword.kind == TokenKind::Union { RecordKind::Union } else { RecordKind::Struct };
        let mut attributes = Attributes::default();
        self.attributes(&mut attributes)?;
        let tag = self.accept(TokenKind::Identifier)?;
        self.attributes(&mut attributes)?;
        if self.kind()? == TokenKind::LeftBrace {
            attributes.align_to_declspec(outer);
            let record = self.record_definition(kind, tag, &mut attributes)?;
            outer.call_as(attributes)?;
            return Ok((Type::Record(record), true));
        }
        let Some(tag) = tag else { return Err(self.expected("a tag or '{'")) };
        if self.kind()? == TokenKind::Identifier && self.peek_second()?.kind == TokenKind::LeftBrace {
            return Err(unknown_macro(tag));
        }
        if self.kind()? == TokenKind::Colon && self.peek_second()?.kind == TokenKind::Identifier {
            return Err(tag.unsupported("a struct with a base class is", "write the members of the base first"));
        }
        outer.call_as(attributes)?;
        self.record_reference(kind, tag).map(|record| (Type::Record(record), false))
    }

    /// Parses `struct tag` without members.
    fn record_reference(&mut self, kind: RecordKind, tag: Token<'s>) -> Parsed<Arc<Record>> {
        // 'struct tag;' alone declares a new struct of this text.
        let announces = self.kind()? == TokenKind::Semicolon;
        let known = if announces { self.scope.declared_tag(tag.text) } else { self.scope.find_tag(tag.text) };
        match known {
            Some(Tag::Record(record)) if record.kind == kind => Ok(record),
            Some(other) => Err(other_kind(tag, &other, kind.keyword())),
            None => {
                self.may_introduce(tag, kind.keyword())?;
                Ok(self.new_record(kind, Some(tag.text)))
            }
        }
    }

    /// A text that is only a type name introduces no tag: an undeclared one is a typing error.
    pub(super) fn may_introduce(&self, tag: Token<'s>, keyword: &str) -> Parsed<()> {
        if !self.only_names {
            return Ok(());
        }
        let hint = match self.scope.suggest_tag(tag.text) {
            Some(similar) => format!("; did you mean '{similar}'?"),
            None => "; declare it first".to_owned(),
        };
        Err(tag.invalid(format!("unknown type '{keyword} {}'{hint}", tag.text)))
    }

    pub(super) fn new_record(&mut self, kind: RecordKind, tag: Option<&str>) -> Arc<Record> {
        let record = Arc::new(Record::new(kind, tag.map(str::to_owned)));
        if let Some(tag) = tag {
            self.scope.set_tag(tag, Tag::Record(record.clone()));
        }
        record
    }

    fn record_definition(
        &mut self,
        kind: RecordKind,
        tag: Option<Token<'s>>,
        attributes: &mut Attributes<'s>,
    ) -> Parsed<Arc<Record>> {
        let known = tag.and_then(|tag| self.scope.declared_tag(tag.text));
        let record = match (known, tag) {
            (Some(Tag::Record(record)), _) if record.kind == kind => record,
            (Some(other), Some(tag)) => return Err(other_kind(tag, &other, kind.keyword())),
            _ => self.new_record(kind, tag.map(|tag| tag.text)),
        };
        let open = self.take()?;
        let outer = std::mem::replace(&mut self.in_parameters, false);
        let outer_constants = self.member_constants.len();
        let mut constants = Vec::new();
        let members = self.members(kind, &mut constants)?;
        self.member_constants.truncate(outer_constants);
        self.in_parameters = outer;
        let pack = self.pack;
        self.expect(TokenKind::RightBrace, "'}'")?;
        self.attributes(attributes)?;
        let body = RecordBody {
            nesting: 1 + members.iter().map(|member| nesting(&member.ty)).max().unwrap_or(0),
            members,
            pack,
            packed: attributes.packed,
            aligned: attributes.last_aligned.clone(),
            declspec_aligned: attributes.declspec_aligned.clone(),
            bit_fields: attributes.bit_fields,
            constants,
            layouts: Default::default(),
        };
        if body.nesting > TYPE_DEPTH {
            return Err(open.failure(Problem::TooDeep(TYPE_DEPTH)));
        }
        let place = tag.unwrap_or(open);
        check_names(&body, place)?;
        self.complete(record, body, place)
    }

    /// Sets the members of a record, or checks that it already has the same ones.
    fn complete(&mut self, record: Arc<Record>, body: RecordBody, place: Token<'s>) -> Parsed<Arc<Record>> {
        if let Some(before) = record.body() {
            if *before == body {
                return Ok(record);
            }
            let now = Record::new(record.kind, record.tag.clone());
            now.set_body(Some(Arc::new(body)));
            return Err(place.failure(Problem::Redeclared {
                name: format!("{} {}", record.kind.keyword(), record.tag.as_deref().unwrap_or_default()),
                before: Type::Record(record).definition().replace('\n', "\n  "),
                now: Type::Record(Arc::new(now)).definition().replace('\n', "\n  "),
            }));
        }
        record.set_body(Some(Arc::new(body)));
        self.scope.completed(Tag::Record(record.clone()));
        let whole = Type::Record(record.clone());
        let errors = Abi::ALL.map(|abi| layout(&whole, abi).err());
        match errors {
            [Some(_), Some(_), Some(error), Some(_)] => Err(place.failure(error)),
            _ => Ok(record),
        }
    }
}

impl<'s> Attributes<'s> {
    /// Adopts the alignment that `__declspec` before the keyword specifies.
    fn align_to_declspec(&mut self, outer: &Attributes<'s>) {
        if self.last_aligned.is_none() {
            self.last_aligned.clone_from(&outer.declspec_aligned);
            self.declspec_aligned.clone_from(&outer.declspec_aligned);
        }
    }
}

/// The error for a tag that belongs to another kind of type.
pub(super) fn other_kind(tag: Token<'_>, known: &Tag, keyword: &str) -> crate::c::error::ParseFailure {
    tag.failure(Problem::Redeclared {
        name: tag.text.to_owned(),
        before: format!("{} {}", known.keyword(), tag.text),
        now: format!("{keyword} {}", tag.text),
    })
}

/// The nesting depth of the records that a member contains by value.
fn nesting(ty: &Type) -> u32 {
    let mut ty = ty.resolve();
    while let Type::Array(array) = ty {
        ty = array.element.resolve();
    }
    match ty {
        Type::Record(record) => record.body().map_or(0, |body| body.nesting),
        _ => 0,
    }
}

/// Checks that no two members have the same name, including those of anonymous members.
fn check_names(body: &RecordBody, place: Token<'_>) -> Parsed<()> {
    // Records without any name can be contained by value again and again, twice as many at each level.
    const MOST_RECORDS: usize = 10_000;
    let mut names: HashSet<String> = body.constants.iter().map(|constant| constant.constant.name.clone()).collect();
    if names.len() < body.constants.len() {
        return Err(place.invalid("two constants have the same name"));
    }
    let mut records = 0;
    let mut open: Vec<Arc<RecordBody>> = Vec::new();
    let mut check = |member: &Member, open: &mut Vec<Arc<RecordBody>>| match (&member.name, member.ty.resolve()) {
        (Some(name), _) if !names.insert(name.clone()) => Err(place.invalid(format!("duplicate member '{name}'"))),
        (None, Type::Record(record)) => {
            open.extend(record.body());
            Ok(())
        }
        _ => Ok(()),
    };
    body.members.iter().try_for_each(|member| check(member, &mut open))?;
    while let Some(body) = open.pop() {
        records += 1;
        if records > MOST_RECORDS {
            return Err(place
                .invalid(format!("a struct or union contains more than {MOST_RECORDS} anonymous structs and unions")));
        }
        body.members.iter().try_for_each(|member| check(member, &mut open))?;
    }
    Ok(())
}
