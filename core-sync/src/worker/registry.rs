//! The functions of a worker by name, and how a request finds its function.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::fmt::Write as _;

use execnet_serializer::LoadOptions;

use super::function::CallError;
use super::request::Request;
use super::{Function, Kwargs};
use crate::report::escaped_name;

type Erased<C> = dyn Fn(&C, Kwargs) -> Result<(), CallError> + Send + Sync;

/// A predicate that recognizes source, and the name of the function to call for it.
type Program = (fn(&str) -> bool, Arc<str>);

/// The functions that a worker or an endpoint serves, by name. `C` is the type of their channels.
#[derive(Clone)]
pub struct Functions<C> {
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

impl<C> Functions<C> {
    /// An empty set.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            functions: BTreeMap::new(),
            programs: Vec::new(),
            builtins: BTreeMap::new(),
        }
    }

    /// Registers a function under this name. It replaces an earlier function of the name.
    pub fn register<A>(
        &mut self,
        name: impl Into<String>,
        function: impl Function<C, A>,
    ) -> &mut Self {
        self.functions.insert(name.into().into(), erase(function));
        self
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
    ///
    /// # Errors
    ///
    /// The text for the peer.
    pub(crate) fn prepare(
        &self,
        payload: &[u8],
        options: LoadOptions,
    ) -> Result<Prepared<'_, C>, String> {
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

    fn refuse(&self, wanted: &str, named: bool) -> String {
        let known = self.known();
        let is_name = |text: &str| {
            let mut characters = text.chars();
            // Any letter of another script, too, without the tables of them: they would be in the flash of devices.
            characters.all(|c| {
                c.is_ascii_alphanumeric() || !c.is_ascii() || matches!(c, '_' | '.' | '-' | ':')
            })
        };
        if named || is_name(wanted) {
            let name = escaped_name(wanted);
            format!(
                "no function '{name}' is registered with this worker, which is a Rust program; {known}"
            )
        } else {
            format!(
                "this worker is a Rust program and runs no Python source: call a function by its name; {known}"
            )
        }
    }

    /// A text that lists the registered functions.
    fn known(&self) -> String {
        let mut names = self.functions.keys();
        let Some(first) = names.next() else {
            return String::from("nothing is registered");
        };
        let mut text = format!("registered: '{first}'");
        // Writing to a string cannot fail.
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
    /// # Errors
    ///
    /// The text for the peer.
    pub(crate) fn call(self, channel: &C) -> Result<(), String> {
        let called = (self.function)(channel, self.kwargs);
        called.map_err(|error| error.text(self.name))
    }
}

impl<C> Default for Functions<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C> fmt::Debug for Functions<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.functions.keys()).finish()
    }
}
