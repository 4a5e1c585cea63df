//! Building specs in a program.

use core::fmt::Display;
use std::ffi::{OsStr, OsString};

use super::{XSpec, text};

/// Builder methods: each sets a key and replaces its previous value. Values are checked when the gateway is made.
///
/// ```
/// use execnet::XSpec;
/// let spec = XSpec::ssh("me@build1").python("~/venv/bin/python").chdir("work").env_var("URL", "http://host/x");
/// assert_eq!(
///     spec.as_str(),
///     "ssh=me@build1//python=~/venv/bin/python//chdir=work//env:URL=http:////host/x"
/// );
/// assert_eq!(spec, spec.as_str().parse()?);
/// # Ok::<(), execnet::SpecError>(())
/// ```
impl XSpec {
    /// `popen`: an interpreter on this machine.
    #[must_use]
    pub fn popen() -> Self {
        Self::default()
    }

    /// `ssh=`: an interpreter on another host, over ssh. `target` is the host and options of the ssh client, split into
    /// words as by a shell.
    #[must_use]
    pub fn ssh(target: impl Display) -> Self {
        Self::with_transport("ssh", target)
    }

    /// Another transport, such as `docker` or `tcp`, with its target.
    #[must_use]
    pub fn with_transport(key: &str, value: impl Display) -> Self {
        Self::empty().set(key, value)
    }

    /// `python=`: the interpreter and its options, split into words as by a shell.
    #[must_use]
    pub fn python(self, words: impl AsRef<OsStr>) -> Self {
        self.set_os("python", words)
    }

    /// `chdir=`: the working directory.
    #[must_use]
    pub fn chdir(self, path: impl AsRef<OsStr>) -> Self {
        self.set_os("chdir", path)
    }

    /// `env:NAME=`: an environment variable.
    #[must_use]
    pub fn env_var(mut self, name: &str, value: impl Display) -> Self {
        let value = value.to_string();
        let part = written(&format!("env:{name}"), Some(value.as_ref()));
        let replaced = self.env.insert(name.to_owned(), value);
        self.with_text(part, replaced.is_some())
    }

    /// `id=`: the gateway's id.
    #[must_use]
    pub fn id(self, id: impl Display) -> Self {
        self.set("id", id)
    }

    /// `via=`: the id of the gateway of the group that this one goes through.
    #[must_use]
    pub fn via(self, id: impl Display) -> Self {
        self.set("via", id)
    }

    /// Sets any key to a value.
    #[must_use]
    pub fn set(self, key: &str, value: impl Display) -> Self {
        self.put(key, Some(value.to_string().into()))
    }

    /// Sets any key to a value that need not be UTF-8: see [above](Self#paths-that-are-not-utf-8).
    ///
    /// ```
    /// use std::path::Path;
    /// let home = Path::new("/home/me");
    /// let spec = execnet::XSpec::ssh("build1").set_os("ssh_config", home.join(".ssh/build"));
    /// assert_eq!(spec.as_str(), "ssh=build1//ssh_config=/home/me/.ssh/build");
    /// ```
    #[must_use]
    pub fn set_os(self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.put(key, Some(value.as_ref().to_owned()))
    }

    /// Sets any key without a value.
    #[must_use]
    pub fn flag(self, key: &str) -> Self {
        self.put(key, None)
    }

    fn put(mut self, key: &str, value: Option<OsString>) -> Self {
        let part = written(key, value.as_deref());
        let replaced = self.insert(key, value);
        self.with_text(part, replaced)
    }

    /// Updates the text: appends a part, or rebuilds the text if a part was replaced.
    fn with_text(mut self, part: String, replaced: bool) -> Self {
        if !replaced {
            if !self.text.is_empty() {
                self.text.push_str("//");
            }
            self.text.push_str(&part);
            return self;
        }
        let keys = self.keys.keys().map(|key| written(key, self.get_os(key)));
        let env = self.env.iter();
        let env = env.map(|(name, value)| written(&format!("env:{name}"), Some(value.as_ref())));
        self.text = keys.chain(env).collect::<Vec<_>>().join("//");
        self
    }
}

/// The text of a key with its value.
fn written(key: &str, value: Option<&OsStr>) -> String {
    match value {
        Some(value) => format!("{key}={}", text::escape(&value.to_string_lossy())),
        None => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_built_spec_is_the_spec() {
        let spec = XSpec::with_transport("docker", "-u root box")
            .python("py -O")
            .env_var("A", "b//c=d")
            .flag("sudo")
            .set("nice", 3)
            .via("m")
            .id("x/");
        assert_eq!(
            spec.as_str(),
            "docker=-u root box//python=py -O//env:A=b////c=d//sudo//nice=3//via=m//id=x/"
        );
        let parsed: XSpec = spec.as_str().parse().unwrap();
        assert_eq!(
            parsed.keys().collect::<Vec<_>>(),
            spec.keys().collect::<Vec<_>>()
        );
        assert_eq!(parsed.env(), spec.env());
    }

    #[test]
    fn each_transport_has_its_key() {
        assert_eq!(XSpec::popen().as_str(), "popen");
        assert_eq!(XSpec::ssh("me@h -p 2").as_str(), "ssh=me@h -p 2");
        let socket = XSpec::with_transport("tcp", "h:1");
        assert_eq!(socket.as_str(), "tcp=h:1");
    }

    #[test]
    fn a_value_is_replaced() {
        let spec = XSpec::popen()
            .chdir("a")
            .env_var("A", 1)
            .chdir("b")
            .env_var("A", 2);
        assert_eq!(spec.as_str(), "chdir=b//popen//env:A=2");
        assert_eq!(spec.get("chdir"), Some("b"));
    }
}
