//! The declarations known while a text is parsed: those of earlier texts, the standard ones, and those of this text.

use std::collections::HashMap;

use super::names::{Declaration, Macro, Names, StoredMacro, Tag};
use super::standard;
use super::suggest::Closest;
use super::types::Type;

/// The declarations of all earlier texts.
#[derive(Default)]
pub(super) struct Known {
    pub(super) names: Names,
    pub(super) macros: HashMap<String, StoredMacro>,
}

/// The declarations known at some point of a text. Those of the text itself are kept apart until all of it has been
/// parsed.
pub(super) struct Scope<'s> {
    known: &'s Known,
    added: Names,
    /// The macros that this text defines, or undefines (`None`).
    macros: HashMap<&'s str, Option<Macro<'s>>>,
    /// The records and enumerations that this text completes.
    completed: Vec<Tag>,
    /// Whether this is a text of standard names, all of whose tags are its own.
    standard: bool,
}

/// The declarations of a text, once all of it has been parsed.
pub(super) struct Additions {
    names: Names,
    macros: Vec<(String, Option<StoredMacro>)>,
}

impl<'s> Scope<'s> {
    pub(super) fn new(known: &'s Known, standard: bool) -> Self {
        Scope { known, added: Names::default(), macros: HashMap::new(), completed: Vec::new(), standard }
    }

    /// The type with this name, including standard ones.
    pub(super) fn find_type(&self, name: &str) -> Option<Type> {
        match self.declared(name) {
            Some(Declaration::Typedef(typedef)) => Some(Type::Named(typedef.clone())),
            Some(_) => None,
            None => standard::find_type(name),
        }
    }

    /// The declaration that the texts gave a name, without standard ones.
    pub(super) fn declared(&self, name: &str) -> Option<&Declaration> {
        self.added.get(name).or_else(|| self.known.names.get(name))
    }

    pub(super) fn set(&mut self, declaration: Declaration) {
        self.added.set(declaration);
    }

    /// The type of a tag that the texts have declared.
    pub(super) fn declared_tag(&self, tag: &str) -> Option<Tag> {
        self.added.tags.get(tag).or_else(|| self.known.names.tags.get(tag)).cloned()
    }

    /// The type of a tag, including standard ones. A standard tag belongs to this text from then on, so that the text
    /// cannot declare it differently later.
    pub(super) fn find_tag(&mut self, tag: &str) -> Option<Tag> {
        if let Some(found) = self.declared_tag(tag) {
            return Some(found);
        }
        let found = if self.standard { None } else { standard::find_tag(tag) }?;
        self.set_tag(tag, found.clone());
        Some(found)
    }

    pub(super) fn set_tag(&mut self, tag: &str, what: Tag) {
        self.added.tags.insert(tag.to_owned(), what);
    }

    /// Records that this text has completed a record or enumeration.
    pub(super) fn completed(&mut self, what: Tag) {
        self.completed.push(what);
    }

    /// The macro with this name, if the texts have defined one.
    pub(super) fn find_macro(&self, name: &str) -> Option<Macro<'s>> {
        if let Some(here) = self.macros.get(name) {
            return *here;
        }
        let stored = self.known.macros.get(name)?;
        Some(Macro { body: &stored.body, has_parameters: stored.has_parameters })
    }

    /// Whether the texts have undefined the macro.
    pub(super) fn is_undefined_macro(&self, name: &str) -> bool {
        matches!(self.macros.get(name), Some(None))
    }

    pub(super) fn set_macro(&mut self, name: &'s str, definition: Option<Macro<'s>>) {
        self.macros.insert(name, definition);
    }

    /// The known name that is most similar, of types or of constants.
    pub(super) fn suggest(&self, name: &str, constants: bool) -> Option<String> {
        let mut closest = Closest::new(name);
        for declaration in self.added.list.iter().chain(&self.known.names.list) {
            if matches!(declaration, Declaration::Typedef(_)) != constants {
                closest.consider(declaration.name());
            }
        }
        if constants {
            self.macros.keys().for_each(|name| closest.consider(name));
            self.known.macros.keys().for_each(|name| closest.consider(name));
        } else {
            standard::type_names().for_each(|name| closest.consider(name));
        }
        closest.found().map(str::to_owned)
    }

    /// The known tag that is most similar.
    pub(super) fn suggest_tag(&self, tag: &str) -> Option<String> {
        let mut closest = Closest::new(tag);
        self.added.tags.keys().chain(self.known.names.tags.keys()).for_each(|known| closest.consider(known));
        closest.found().map(str::to_owned)
    }

    /// Reverts the changes of this text to records that were known before.
    pub(super) fn undo(self) {
        for tag in self.completed {
            match tag {
                Tag::Record(record) => record.set_body(None),
                Tag::Enumeration(enumeration) => enumeration.set_body(None),
            }
        }
    }

    pub(super) fn finish(self) -> Additions {
        let own = |definition: Macro<'_>| StoredMacro {
            body: definition.body.to_owned(),
            has_parameters: definition.has_parameters,
        };
        let macros = self.macros.into_iter().map(|(name, body)| (name.to_owned(), body.map(own))).collect();
        Additions { names: self.added, macros }
    }
}

impl Additions {
    /// The names alone, for a text without macros.
    pub(super) fn into_names(self) -> Names {
        self.names
    }
}

impl Known {
    pub(super) fn add(&mut self, additions: Additions) {
        self.names.extend(additions.names);
        for (name, definition) in additions.macros {
            match definition {
                Some(definition) => self.macros.insert(name, definition),
                None => self.macros.remove(&name),
            };
        }
    }
}
