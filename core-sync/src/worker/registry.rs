use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::fmt::Write as _;

use execnet_serializer::LoadOptions;

use super::function::CallError;
use super::request::Request;
use super::{Failure, Function, Kwargs};

type Erased<C> = dyn Fn(&C, Kwargs) -> Result<(), CallError> + Send + Sync;

/// Says which sources stand for the function of the name.
type Program = (fn(&str) -> bool, Arc<str>);

/// Functions by name.
pub(crate) struct Registry<C> {
    functions: BTreeMap<Arc<str>, Arc<Erased<C>>>,
    /// Functions that stand for a program that controllers send as source.
    programs: Vec<Program>,
    /// What every worker knows, and does not tell of.
    builtins: BTreeMap<Arc<str>, Arc<Erased<C>>>,
}

/// A request whose function was found.
pub(crate) struct Prepared<'r, C> {
    pub(crate) name: &'r Arc<str>,
    function: &'r Erased<C>,
    kwargs: Kwargs,
}

impl<C> Registry<C> {
    pub(crate) const fn new() -> Self {
        Self {
            functions: BTreeMap::new(),
            programs: Vec::new(),
            builtins: BTreeMap::new(),
        }
    }

    /// The last function of a name is the one that is called.
    pub(crate) fn register<A>(&mut self, name: String, function: impl Function<C, A>) {
        self.functions.insert(name.into(), erase(function));
    }

    /// A function that is called where none of its name was registered.
    #[cfg(feature = "std")]
    pub(crate) fn register_builtin<A>(&mut self, name: &str, function: impl Function<C, A>) {
        self.builtins.insert(name.into(), erase(function));
    }

    /// Has the function of this name called where the source is a program that it stands for.
    #[cfg(feature = "std")]
    pub(crate) fn recognize(&mut self, name: &str, recognizes: fn(&str) -> bool) {
        self.programs.push((recognizes, name.into()));
    }

    /// Finds the function that the payload of an EXEC asks for.
    pub(crate) fn prepare(
        &self,
        payload: &[u8],
        options: LoadOptions,
    ) -> Result<Prepared<'_, C>, Failure> {
        let request = Request::decode(payload, options)?;
        let wanted = match &request.call_name {
            Some(name) => name.as_str(),
            None => self.name_for(&request.source),
        };
        let builtins = || self.builtins.get_key_value(wanted);
        let Some((name, function)) = self.functions.get_key_value(wanted).or_else(builtins) else {
            return Err(self.refuse(wanted, request.call_name.is_some()));
        };
        Ok(Prepared {
            name,
            function: &**function,
            kwargs: request.kwargs,
        })
    }

    /// What a source that names no function is the name of: the function that stands for it, or its own text.
    fn name_for<'s>(&'s self, source: &'s str) -> &'s str {
        let found = self
            .programs
            .iter()
            .find(|(recognizes, _)| recognizes(source));
        found.map_or_else(|| source.trim(), |(_, name)| name)
    }

    fn refuse(&self, wanted: &str, named: bool) -> Failure {
        let known = self.known();
        let is_name = |text: &str| {
            let mut characters = text.chars();
            characters.all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | ':'))
        };
        if named || is_name(wanted) {
            let name = wanted.to_string();
            Failure::Unknown { name, known }
        } else {
            Failure::Source { known }
        }
    }

    /// What is registered, in a sentence.
    fn known(&self) -> String {
        let mut names = self.functions.keys();
        let Some(first) = names.next() else {
            return "nothing is registered".to_string();
        };
        let mut text = String::from("registered: ");
        // Writing to a string does not fail.
        let _ = write!(text, "'{first}'");
        for name in names {
            let _ = write!(text, ", '{name}'");
        }
        text
    }
}

fn erase<C, A>(function: impl Function<C, A>) -> Arc<Erased<C>> {
    Arc::new(move |channel: &C, kwargs: Kwargs| function.call(channel, kwargs))
}

impl<C> Prepared<'_, C> {
    pub(crate) fn call(self, channel: &C) -> Result<(), Failure> {
        let called = (self.function)(channel, self.kwargs);
        called.map_err(|error| {
            let name = self.name.to_string();
            match error {
                CallError::Arguments(error) => Failure::Arguments { name, error },
                CallError::Returned(error) => Failure::Returned { name, error },
            }
        })
    }
}

impl<C> Clone for Registry<C> {
    fn clone(&self) -> Self {
        Self {
            functions: self.functions.clone(),
            programs: self.programs.clone(),
            builtins: self.builtins.clone(),
        }
    }
}

impl<C> fmt::Debug for Registry<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.functions.keys()).finish()
    }
}
