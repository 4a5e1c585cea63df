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

/// A predicate that recognizes source, and the name of the function to call for it.
type Program = (fn(&str) -> bool, Arc<str>);

/// Functions by name.
pub(crate) struct Registry<C> {
    functions: BTreeMap<Arc<str>, Arc<Erased<C>>>,
    /// Recognizers of programs that controllers send as source.
    programs: Vec<Program>,
    /// Functions that every worker has, and that error messages do not list.
    builtins: BTreeMap<Arc<str>, Arc<Erased<C>>>,
}

/// A request with its function.
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

    /// Registers a function. It replaces an earlier function of the name.
    pub(crate) fn register<A>(&mut self, name: String, function: impl Function<C, A>) {
        self.functions.insert(name.into(), erase(function));
    }

    /// Registers a function that is called if no other one of the name is registered.
    #[cfg(feature = "std")]
    pub(crate) fn register_builtin<A>(&mut self, name: &str, function: impl Function<C, A>) {
        self.builtins.insert(name.into(), erase(function));
    }

    /// Calls the function of this name for source that `recognizes` recognizes.
    #[cfg(feature = "std")]
    pub(crate) fn recognize(&mut self, name: &str, recognizes: fn(&str) -> bool) {
        self.programs.push((recognizes, name.into()));
    }

    /// Decodes the payload of a CHANNEL_EXEC, and finds its function.
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
        // Registered functions first: a program can replace a builtin.
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

    /// The function name for a request without a call name: that of a recognized program, or the source itself.
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

    /// A text that lists the registered functions.
    fn known(&self) -> String {
        let mut names = self.functions.keys();
        let Some(first) = names.next() else {
            return "nothing is registered".to_string();
        };
        let mut text = String::from("registered: ");
        // Writing to a string cannot fail.
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
