//! The declarations of a program.

use std::sync::Arc;

use super::argument::Argument;
use super::error::Error;
use super::names::{Declaration, FunctionDeclaration, VariableDeclaration};
use super::parser::Parser;
use super::scope::{Known, Scope};
use super::standard;
use super::types::{Constant, Type};

/// Everything `cdef` has declared: functions, variables, typedef names, constants, and the tags of structs,
/// unions and enumerations.
///
/// The names of `<stdint.h>`, `<stddef.h>`, `<stdbool.h>` and the common ones of `<windows.h>` are predeclared;
/// each is parsed on first use. A program may redeclare any of them.
///
/// Types are shared and may outlive this value. Structs that point to each other in a cycle keep each other
/// alive, and therefore stay in memory for the life of the process.
///
/// ```
/// use runtime64::c::Declarations;
///
/// let mut declarations = Declarations::new();
/// declarations.declare("int Add(int a, int b);  // once
///                       int Add(int, int);      // the same again is fine")?;
/// let add = declarations.function("Add").expect("declared above");
/// assert_eq!(add.to_string(), "int Add(int a, int b)");
///
/// let error = declarations.declare("int Sub(int, int); long Add(int, int);").unwrap_err();
/// assert!(error.to_string().contains("conflicting declarations of 'Add'"));
/// assert!(declarations.function("Sub").is_none());
/// # Ok::<(), runtime64::c::Error>(())
/// ```
#[derive(Default)]
pub struct Declarations {
    known: Known,
}

impl Declarations {
    /// Creates a set with only the standard declarations.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds all declarations of a text.
    ///
    /// # Errors
    /// Reports what is wrong in the text and where. Nothing of the text is declared then.
    pub fn declare(&mut self, text: &str) -> Result<(), Error> {
        self.declare_with(text, &[])
    }

    /// Adds all declarations of a text in which each `$` stands for the next argument.
    ///
    /// # Errors
    /// Reports what is wrong in the text and where, including missing arguments, unused arguments and arguments
    /// of the wrong kind. Nothing of the text is declared then.
    pub fn declare_with(&mut self, text: &str, arguments: &[Argument]) -> Result<(), Error> {
        // Editors on Windows start files with a byte order mark.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let additions = Parser::new(text, arguments, Scope::new(&self.known, false)).declarations()?;
        self.known.add(additions);
        Ok(())
    }

    /// Parses an abstract declaration such as `const char *` or `int (*)(int)`.
    ///
    /// # Errors
    /// Reports what is wrong in the text and where.
    pub fn parse_type(&self, text: &str) -> Result<Type, Error> {
        self.parse_type_with(text, &[])
    }

    /// Parses an abstract declaration in which each `$` stands for the next argument.
    ///
    /// ```
    /// use runtime64::c::{Argument, Declarations};
    ///
    /// let declarations = Declarations::new();
    /// let int = declarations.parse_type("int")?;
    /// let ty = declarations.parse_type_with("const $ *[$]", &[Argument::Type(int), Argument::Number(4)])?;
    /// assert_eq!(ty.to_string(), "const int *[4]");
    /// # Ok::<(), runtime64::c::Error>(())
    /// ```
    ///
    /// # Errors
    /// Reports what is wrong in the text and where, including missing arguments, unused arguments and arguments
    /// of the wrong kind.
    pub fn parse_type_with(&self, text: &str, arguments: &[Argument]) -> Result<Type, Error> {
        Parser::new(text, arguments, Scope::new(&self.known, false)).single_type()
    }

    /// The declaration of a name, including standard types and constants, but not macros.
    pub fn get(&self, name: &str) -> Option<Declaration> {
        self.known.names.get(name).cloned().or_else(|| standard::find(name))
    }

    /// The function with this name.
    pub fn function(&self, name: &str) -> Option<Arc<FunctionDeclaration>> {
        match self.known.names.get(name)? {
            Declaration::Function(function) => Some(function.clone()),
            _ => None,
        }
    }

    /// The global variable with this name.
    pub fn variable(&self, name: &str) -> Option<Arc<VariableDeclaration>> {
        match self.known.names.get(name)? {
            Declaration::Variable(variable) => Some(variable.clone()),
            _ => None,
        }
    }

    /// The constant with this name: an enumerator, a `static const` number, or a `#define` whose text is a
    /// constant expression by now. This includes standard constants such as `INT_MAX`.
    pub fn constant(&self, name: &str) -> Option<Arc<Constant>> {
        match self.known.names.get(name) {
            Some(Declaration::Constant(constant)) => return Some(constant.clone()),
            Some(_) => return None,
            None => {}
        }
        let body = match self.known.macros.get(name) {
            Some(definition) if definition.has_parameters => return None,
            Some(definition) => &definition.body,
            None => standard::constant(name)?,
        };
        let (values, position) = Parser::new(body, &[], Scope::new(&self.known, false)).single_constant()?;
        Some(Arc::new(Constant { name: name.to_owned(), values, position }))
    }

    /// Whether a text has declared or defined this name.
    pub fn is_declared(&self, name: &str) -> bool {
        self.known.names.get(name).is_some() || self.known.macros.contains_key(name)
    }

    /// All declarations of the texts, in order; without macros and standard names.
    ///
    /// ```
    /// let mut declarations = runtime64::c::Declarations::new();
    /// declarations.declare("typedef int level; level get(void); enum { LOW = 1 };")?;
    /// let names: Vec<_> = declarations.iter().map(|declaration| declaration.name().to_owned()).collect();
    /// assert_eq!(names, ["level", "get", "LOW"]);
    /// # Ok::<(), runtime64::c::Error>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &Declaration> {
        self.known.names.list.iter()
    }

    /// The structs, unions and enumerations with a tag that the texts have named, in alphabetical order.
    ///
    /// ```
    /// let mut declarations = runtime64::c::Declarations::new();
    /// declarations.declare("struct point { int x, y; }; union either; enum { LOW };")?;
    /// let tagged: Vec<_> = declarations.tagged().iter().map(ToString::to_string).collect();
    /// assert_eq!(tagged, ["union either", "struct point"]);
    /// # Ok::<(), runtime64::c::Error>(())
    /// ```
    pub fn tagged(&self) -> Vec<Type> {
        let mut tags: Vec<_> = self.known.names.tags.iter().collect();
        tags.sort_unstable_by_key(|(tag, _)| tag.as_str());
        tags.into_iter().map(|(_, tag)| tag.ty()).collect()
    }

    /// The names of the macros without parameters that the texts have defined, in alphabetical order.
    pub fn macro_names(&self) -> Vec<&str> {
        let named = self.known.macros.iter().filter(|(_, definition)| !definition.has_parameters);
        let mut names: Vec<_> = named.map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        names
    }
}
