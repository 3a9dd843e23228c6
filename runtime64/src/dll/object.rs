//! Objects: C memory that a script has made with `dll.new`, read and written as plain memory.

use std::sync::Arc;

use mlua::{Lua, MetaMethod, UserData, UserDataMethods, Value as LuaValue};
use protocol::Value;

use super::convert::{Memory, describe, integer};
use super::element::{Element, Lasting, ScalarBytes};
use super::mismatch::Mismatch;
use super::pointer::{Owner, Pointer, agree, pointer_type};
use super::shape::{Parts, Shape};
use crate::c;
use crate::error::{Error, ErrorKind};
use crate::remote::Allocation;

/// An object, or the part of one: its memory lives as long as anything leads to it.
#[derive(Clone)]
pub(super) struct Object {
    /// Nothing once it was closed.
    memory: Option<Arc<Allocation>>,
    /// Where it starts in the memory.
    offset: u64,
    shape: Arc<Shape>,
    owner: Owner,
}

impl Object {
    /// An object that takes up the front of `memory`.
    pub(super) fn new(memory: Allocation, shape: Arc<Shape>, owner: Owner) -> Self {
        Self { memory: Some(Arc::new(memory)), offset: 0, shape, owner }
    }

    pub(super) fn shape(&self) -> &Arc<Shape> {
        &self.shape
    }

    /// Whose it is.
    pub(super) fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Its memory, and where in it it starts.
    pub(super) fn memory(&self) -> Result<(&Arc<Allocation>, u64), Mismatch> {
        match &self.memory {
            Some(memory) => Ok((memory, self.offset)),
            None => {
                Err(Mismatch::new(ErrorKind::Stale, format!("the {} was closed; its memory is gone", self.shape.ty)))
            }
        }
    }

    /// Its address, for a parameter that points to `target`, in a call that `owner` will execute.
    fn address_for(&self, target: &c::Type, owner: &Owner) -> Result<u64, Mismatch> {
        let (memory, offset) = self.memory()?;
        let address = memory.address() + offset;
        self.owner.check(owner, &self.shape.ty)?;
        let pointee = self.shape.pointee();
        if pointee.is_const() && !target.is_const() {
            let reason = format!("{} is needed, and {} may not be written", pointer_type(target), self.shape.ty);
            return Err(Mismatch::new(ErrorKind::Type, reason));
        }
        if agree(pointee, target) || agree(&self.shape.ty, target) {
            return Ok(address);
        }
        let reason = format!(
            "{} is needed, not {}; dll.cast converts, if you know that it is right",
            pointer_type(target),
            self.shape.ty
        );
        Err(Mismatch::new(ErrorKind::Type, reason))
    }

    /// A pointer to it as one to `target`, which keeps its memory alive.
    pub(super) fn pointer_to(&self, target: c::Type) -> Result<Pointer, Mismatch> {
        let (memory, offset) = self.memory()?;
        let pointer = Pointer::new(memory.address() + offset, target, self.owner.clone());
        Ok(pointer.into_part_of(Arc::clone(memory)))
    }

    /// The number or boolean that it is, nothing for arrays and pointers.
    pub(super) fn number(&self, through: &mut dyn Memory) -> Result<Option<LuaValue>, Mismatch> {
        match &self.shape.parts {
            Parts::Scalar(element) if self.shape.ty.pointee().is_none() => {
                self.bytes_of(element, 0, through).map(|bytes| Some(element.number(bytes)))
            }
            _ => Ok(None),
        }
    }

    /// Its value as a parameter that points to `target`: of an object that holds a pointer, that pointer, unless the
    /// parameter points to such pointers; of all others, its address.
    pub(super) fn pointer_for(
        &self,
        target: &c::Type,
        owner: &Owner,
        through: &mut dyn Memory,
    ) -> Result<Value, Mismatch> {
        if let Parts::Scalar(element) = &self.shape.parts
            && self.shape.ty.pointee().is_some()
            && let Some((address, pointee)) = element.pointer(self.bytes_of(element, 0, through)?)
            && agree(pointee, target)
        {
            self.owner.check(owner, &self.shape.ty)?;
            return Ok(if address == 0 { Value::Nil } else { Value::Integer(address as i64) });
        }
        self.address_for(target, owner).map(|address| Value::Integer(address as i64))
    }

    /// Element `key`, counted from 0.
    #[inline]
    fn index(&self, lua: &Lua, key: &LuaValue) -> mlua::Result<LuaValue> {
        let (part, offset) = self.part(key)?;
        match &part.parts {
            Parts::Scalar(element) => self.read(lua, element, offset),
            Parts::Array { .. } => {
                let part = Self { offset: self.offset + offset, shape: Arc::clone(part), ..self.clone() };
                lua.create_userdata(part).map(LuaValue::UserData)
            }
        }
    }

    /// Sets element `key`.
    #[inline]
    fn set_index(&self, key: &LuaValue, value: &LuaValue) -> mlua::Result<()> {
        let (part, offset) = self.part(key)?;
        match &part.parts {
            Parts::Scalar(element) if element.is_const() => {
                Err(self.error(Mismatch::new(ErrorKind::Type, "it is const and may not be written")).into())
            }
            Parts::Scalar(element) => Ok(self.write(element, offset, value).map_err(|error| {
                let mismatch = Mismatch::new(error.kind, format!("element {}: {}", describe(key), error.reason));
                self.error(mismatch)
            })?),
            Parts::Array { .. } => {
                let reason = format!("element {} is an array; its own elements can be set", describe(key));
                Err(self.error(Mismatch::new(ErrorKind::Type, reason)).into())
            }
        }
    }

    /// The part that a key names, and where in the object it starts. A scalar has one part, number 0: itself.
    #[inline]
    fn part(&self, key: &LuaValue) -> Result<(&Arc<Shape>, u64), Error> {
        let (part, count) = match &self.shape.parts {
            Parts::Scalar(_) => (&self.shape, 1),
            Parts::Array { element, count, .. } => (element, *count),
        };
        let index = match key {
            LuaValue::Integer(index) => *index,
            other => integer(other).map_err(|_| {
                let reason = format!("there is no field {}; elements have numbers from 0", describe(other));
                self.error(Mismatch::new(ErrorKind::Type, reason))
            })?,
        };
        match u64::try_from(index) {
            Ok(index) if index < count => Ok((part, index * part.bytes)),
            _ => {
                let reason = match count {
                    0 => format!("there is no element {index}; it is empty"),
                    _ => format!("there is no element {index}; there are 0 to {}", count - 1),
                };
                Err(self.error(Mismatch::new(ErrorKind::Range, reason)))
            }
        }
    }

    #[inline]
    fn read(&self, lua: &Lua, element: &Element, offset: u64) -> mlua::Result<LuaValue> {
        let bytes = self.bytes_of(element, offset, &mut Lasting).map_err(|mismatch| self.error(mismatch))?;
        element.read(lua, bytes, &self.owner)
    }

    #[inline]
    fn bytes_of(&self, element: &Element, offset: u64, through: &mut dyn Memory) -> Result<ScalarBytes, Mismatch> {
        let mut bytes: ScalarBytes = [0; 8];
        let (memory, start) = self.memory()?;
        through.read(memory, start + offset, &mut bytes[..element.bytes])?;
        Ok(bytes)
    }

    /// Sets the scalar at an offset.
    pub(super) fn write(&self, element: &Element, offset: u64, value: &LuaValue) -> Result<(), Mismatch> {
        let (memory, start) = self.memory()?;
        let bytes = element.write(value, &self.owner)?;
        memory.write(start + offset, &bytes[..element.bytes]).map_err(|error| Mismatch::from_remote(&error))
    }

    fn error(&self, mismatch: Mismatch) -> Error {
        Error::new(mismatch.kind, format!("{}: {}", self.shape.ty, mismatch.reason))
    }

    /// Type, address and the first values.
    fn show(&self, lua: &Lua) -> mlua::Result<String> {
        const MOST: u64 = 8;
        let Ok((memory, offset)) = self.memory() else {
            return Ok(format!("{} (closed)", self.shape.ty));
        };
        let digits = usize::from(self.owner.worker.kind().pointer_bits() / 4);
        let place = format!("{} 0x{:0digits$x}", self.shape.ty, memory.address() + offset);
        let shown = |value: LuaValue| match &value {
            LuaValue::UserData(_) => value.to_string(),
            other => Ok(describe(other)),
        };
        match &self.shape.parts {
            _ if !memory.is_alive() => Ok(format!("{place} (its worker has ended)")),
            Parts::Scalar(element) => Ok(format!("{place} = {}", shown(self.read(lua, element, 0)?)?)),
            Parts::Array { element, count, .. } if matches!(element.parts, Parts::Scalar(_)) => {
                let mut values = Vec::new();
                for index in 0..*count.min(&MOST) {
                    values.push(shown(self.index(lua, &LuaValue::Integer(index as i64))?)?);
                }
                if *count > MOST {
                    values.push("…".to_owned());
                }
                Ok(format!("{place} {{{}}}", values.join(", ")))
            }
            Parts::Array { .. } => Ok(place),
        }
    }
}

impl UserData for Object {
    fn add_methods<M: UserDataMethods<Self>>(methods: &mut M) {
        methods.add_meta_method(MetaMethod::Index, |lua, object, key: LuaValue| object.index(lua, &key));
        methods.add_meta_method(MetaMethod::NewIndex, |_, object, (key, value): (LuaValue, LuaValue)| {
            object.set_index(&key, &value)
        });
        methods.add_meta_method(MetaMethod::Len, |_, object, ()| match &object.shape.parts {
            Parts::Array { count, .. } => Ok(*count),
            Parts::Scalar(_) => {
                let reason = "it is one value and has no length";
                Err(object.error(Mismatch::new(ErrorKind::Type, reason)).into())
            }
        });
        methods.add_meta_method_mut(MetaMethod::Close, |_, object, _: LuaValue| {
            object.memory = None;
            Ok(())
        });
        methods.add_meta_method(MetaMethod::ToString, |lua, object, ()| object.show(lua));
        methods.add_meta_function(MetaMethod::Eq, |_, (left, right): (LuaValue, LuaValue)| {
            Ok(super::place::same(&left, &right))
        });
    }
}
