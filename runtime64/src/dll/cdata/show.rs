//! Text for C data: type, address and values.

use std::fmt::{self, Write};

use super::{Cdata, CdataKind};
use crate::c;
use crate::dll::memory::Location;
use crate::dll::types::{Array, Ctype, Field, Fields, Form, Number, NumberBytes};

/// The number of elements, fields, levels and characters shown before an ellipsis.
const ELEMENTS: usize = 8;
const FIELDS: usize = 24;
const DEPTH: usize = 3;
const TEXT: usize = 80;

/// The maximum number of bytes of an object that are read to show it.
const BYTES: u64 = 64 << 10;

/// Type, address and values of C data.
pub(super) fn shown(cdata: &Cdata) -> String {
    let ty = &cdata.ctype.ty;
    if cdata.location.is_closed() {
        return format!("{ty} (closed)");
    }
    let head = cdata.to_string();
    if cdata.kind == CdataKind::Pointer {
        return head;
    }
    if !cdata.location.is_alive() {
        return format!("{head} (its worker has exited)");
    }
    let is_aggregate = matches!(cdata.ctype.form, Form::Array(_) | Form::Record(_));
    match value_text(cdata) {
        Some(value) if is_aggregate => format!("{head} {value}"),
        Some(value) => format!("{head} = {value}"),
        None => head,
    }
}

/// Type and address.
impl fmt::Display for Cdata {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = usize::from(self.space().worker.kind().pointer_bits() / 4);
        match (self.kind, self.location.address()) {
            (CdataKind::Pointer, 0) => write!(formatter, "{} NULL", self.ctype.ty),
            (_, address) => write!(formatter, "{} 0x{address:0digits$x}", self.ctype.ty),
        }
    }
}

/// The values of an object; `None` if it has none to show.
pub(in crate::dll) fn value_text(cdata: &Cdata) -> Option<String> {
    let length = cdata.ctype.bytes().ok()?;
    if matches!(cdata.ctype.form, Form::Opaque(_) | Form::Function(_)) {
        return None;
    }
    let bytes = match read(&cdata.location, length.min(BYTES)) {
        Ok(bytes) => bytes,
        Err(reason) => return Some(format!("({reason})")),
    };
    let mut text = String::new();
    write_value(&mut text, &cdata.ctype, &bytes, 0);
    Some(text)
}

fn read(location: &Location, length: u64) -> Result<Vec<u8>, String> {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    location.read(&"cannot be read", 0, &mut bytes).map_err(|error| error.message)?;
    Ok(bytes)
}

/// Appends the value in some bytes. Writing to a string cannot fail.
fn write_value(text: &mut String, ctype: &Ctype, bytes: &[u8], depth: usize) {
    match &ctype.form {
        Form::Number(number) => write_number(text, number, bytes),
        Form::Pointer(_) => {
            let mut address = [0; 8];
            let length = bytes.len().min(ctype.abi.pointer_bytes() as usize);
            address[..length].copy_from_slice(&bytes[..length]);
            let _ = match u64::from_le_bytes(address) {
                0 => write!(text, "NULL"),
                address => write!(text, "{address:#x}"),
            };
        }
        Form::Array(_) | Form::Record(_) if depth >= DEPTH => text.push_str("{…}"),
        Form::Array(array) => write_array(text, array, bytes, depth),
        Form::Record(fields) => write_fields(text, fields, bytes, depth),
        Form::Function(_) | Form::Opaque(_) => {
            let hexadecimal: Vec<String> = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
            let _ = write!(text, "<{}>", hexadecimal.join(" "));
        }
    }
}

fn write_number(text: &mut String, number: &Number, bytes: &[u8]) {
    let mut all = NumberBytes::default();
    let length = bytes.len().min(all.len());
    all[..length].copy_from_slice(&bytes[..length]);
    let value = number.value_of(&all);
    write_plain(text, number, &value);
}

fn write_plain(text: &mut String, number: &Number, value: &mlua::Value) {
    let shown = match (number, value) {
        (Number::Enumeration(enumeration), mlua::Value::Integer(value)) => {
            enumeration.name_of(*value).map(str::to_owned)
        }
        (Number::Unsigned64, mlua::Value::Integer(value)) => Some((*value as u64).to_string()),
        _ => None,
    };
    text.push_str(&shown.unwrap_or_else(|| crate::dll::describe::describe(value)));
}

/// Appends the elements of an array, or the text if it contains text.
fn write_array(text: &mut String, array: &Array, bytes: &[u8], depth: usize) {
    if let Some(shown) = as_text(array, bytes) {
        text.push_str(&shown);
        return;
    }
    let size = array.element.bytes().unwrap_or(0).max(1) as usize;
    let count = array.count.unwrap_or(0) as usize;
    text.push('{');
    for (index, element) in bytes.chunks_exact(size).take(count.min(ELEMENTS)).enumerate() {
        text.push_str(if index == 0 { "" } else { ", " });
        write_value(text, &array.element, element, depth + 1);
    }
    text.push_str(if count > ELEMENTS { ", …}" } else { "}" });
}

fn as_text(array: &Array, bytes: &[u8]) -> Option<String> {
    if !matches!(array.element.ty.resolve(), c::Type::Basic(c::Basic::Char)) {
        return None;
    }
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (text, rest) = bytes.split_at(end);
    let text = std::str::from_utf8(text).ok()?;
    let is_odd = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
    if text.is_empty() || text.chars().any(is_odd) || rest.iter().any(|byte| *byte != 0) {
        return None;
    }
    let short: String = text.chars().take(TEXT).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    Some(format!("\"{}{more}\"", short.escape_debug()))
}

fn write_fields(text: &mut String, fields: &Fields, bytes: &[u8], depth: usize) {
    text.push('{');
    for (index, field) in fields.list.iter().take(FIELDS).enumerate() {
        let _ = write!(text, "{}{} = ", if index == 0 { "" } else { ", " }, field.name);
        write_field(text, field, bytes, depth);
    }
    text.push_str(if fields.list.len() > FIELDS { ", …}" } else { "}" });
}

fn write_field(text: &mut String, field: &Field, bytes: &[u8], depth: usize) {
    let start = (field.offset as usize).min(bytes.len());
    if let (Some(bits), Form::Number(number)) = (field.bits, &field.ctype.form) {
        let end = (start + bits.bytes()).min(bytes.len());
        let mut window = NumberBytes::default();
        window[..end - start].copy_from_slice(&bytes[start..end]);
        write_plain(text, number, &number.of_bits(u128::from_le_bytes(window), bits));
        return;
    }
    let length = field.ctype.bytes().unwrap_or(0) as usize;
    let end = (start + length).min(bytes.len());
    write_value(text, &field.ctype, &bytes[start..end], depth + 1);
}

/// A type as C declares it; with the offset of each member of a struct or union, and the value of each enumerator.
pub(in crate::dll) fn declaration(ctype: &Ctype) -> String {
    let size = match ctype.layout() {
        Ok(layout) => format!("{} bytes, aligned to {}", layout.size, layout.align),
        Err(error) => error.reason,
    };
    match (&ctype.form, ctype.ty.resolve()) {
        (Form::Record(fields), c::Type::Record(record)) => {
            let tag = c::Type::Record(record.clone()).to_string();
            let name = if record.tag.is_some() { tag } else { record.kind.keyword().to_owned() };
            let rows = fields.list.iter().map(row).collect();
            match ctype.ty.to_string() {
                own if own == name => body(&name, &size, rows, ""),
                own if is_plain_name(&own) => body(&format!("typedef {name}"), &size, rows, &format!(" {own}")),
                // A const type has no declaration of its own.
                _ => body(&name, &size, rows, ""),
            }
        }
        (Form::Number(Number::Enumeration(enumeration)), _) => {
            let rows = enumeration.names().map(|(name, value)| (format!("{name} = {value},"), String::new())).collect();
            body(&ctype.ty.to_string(), &size, rows, "")
        }
        (Form::Function(function), _) => function.ty.to_string(),
        (_, resolved) if ctype.ty.to_string() == resolved.to_string() => format!("{} /* {size} */", ctype.ty),
        (_, resolved) => format!("typedef {}; /* {size} */", resolved.declare(&ctype.ty.to_string())),
    }
}

fn is_plain_name(text: &str) -> bool {
    text.chars().all(|character| character.is_alphanumeric() || character == '_')
}

/// A member, and a comment with its offset.
fn row(field: &Field) -> (String, String) {
    let declared = field.ctype.ty.declare(&field.name);
    match field.bits {
        Some(bits) => {
            (format!("{declared} : {};", bits.width), format!("/* at {}, bit {} */", field.offset, bits.first))
        }
        None => (format!("{declared};"), format!("/* at {} */", field.offset)),
    }
}

/// A definition with aligned comments.
fn body(name: &str, size: &str, rows: Vec<(String, String)>, closing: &str) -> String {
    let widest = rows.iter().map(|(declared, _)| declared.chars().count()).max().unwrap_or(0);
    let mut text = format!("{name} {{ /* {size} */\n");
    for (declared, comment) in rows {
        let line = format!("  {declared:<widest$}  {comment}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push('}');
    text.push_str(closing);
    text.push(';');
    text
}

/// C data with the definition of its type: type, address, and values by name.
pub(in crate::dll) fn describe(cdata: &Cdata) -> String {
    let there = match (cdata.kind, cdata.ctype.pointee()) {
        (CdataKind::Pointer, Some(pointee)) if !cdata.location.is_null() && pointee.bytes().is_ok() => {
            value_text(&Cdata::object(pointee, cdata.location.clone()))
        }
        _ => None,
    };
    let declared = declaration(&cdata.ctype.pointee().unwrap_or_else(|| cdata.ctype.clone()));
    match there {
        Some(there) => format!("{declared}\n{} -> {there}", shown(cdata)),
        None => format!("{declared}\n{}", shown(cdata)),
    }
}
