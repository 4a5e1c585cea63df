//! Starting the first of several programs that exists.

use core::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use crate::command::Launch;
use crate::sys;

/// Maximum number of bytes of a script's first line, as on Linux.
const FIRST_LINE: u64 = 256;

/// No program was started.
#[derive(Debug)]
pub(crate) enum StartError {
    /// No program exists; the first command, and the programs of all of them.
    NoProgram(String, Vec<String>),
    /// The working directory of this command cannot be created or entered.
    Directory(String, io::Error),
    /// This command cannot be started.
    Start(String, io::Error),
}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> Self {
        match error {
            StartError::NoProgram(_, tried) => {
                Self::new(io::ErrorKind::NotFound, not_found(&tried))
            }
            StartError::Directory(_, error) | StartError::Start(_, error) => error,
        }
    }
}

/// The text for programs that do not exist.
pub(crate) fn not_found(tried: &[String]) -> String {
    format!("no interpreter found; tried {}", tried.join(", "))
}

/// Starts the first of these programs that exists, in its directory.
///
/// # Errors
///
/// None exists, or the first that does cannot be started.
pub(crate) fn start_first<T>(
    launches: &[Launch],
    start: impl Fn(&Launch) -> io::Result<T>,
) -> Result<T, StartError> {
    let mut missing = Vec::new();
    for launch in launches {
        // Before the program is started: the system reports a missing directory as it reports a missing program, and
        // the next candidate would be tried.
        if let Some(directory) = &launch.chdir {
            make_directory(directory)
                .map_err(|error| StartError::Directory(launch.to_string(), error))?;
        }
        match start(launch).map_err(|error| explain(launch, error)) {
            Ok(started) => return Ok(started),
            // Only a missing program leads to the next candidate. Any other error is about a program that exists, and a
            // candidate further down must not hide it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                missing.push(launch.program.to_string_lossy().into_owned());
            }
            Err(error) => return Err(StartError::Start(launch.to_string(), error)),
        }
    }
    let command = launches.first().map(Launch::to_string);
    Err(StartError::NoProgram(command.unwrap_or_default(), missing))
}

/// Creates the directory, as execnet does: only its last component may be missing.
fn make_directory(path: &Path) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // For a dangling link or a file, starting the program would fail later as if the program did not exist.
            match fs::metadata(path)?.is_dir() {
                true => Ok(()),
                false => Err(io::ErrorKind::NotADirectory.into()),
            }
        }
        done => done,
    }
}

/// Explains a "not found" for a program that exists: the interpreter in the first line of a script, or the loader, does
/// not.
fn explain(launch: &Launch, error: io::Error) -> io::Error {
    match find(launch) {
        Some(path) if error.kind() == io::ErrorKind::NotFound => {
            io::Error::other(UnusableProgram {
                first_line: first_line(&path),
                path,
                source: error,
            })
        }
        _ => error,
    }
}

/// The file of the program.
fn find(launch: &Launch) -> Option<PathBuf> {
    let program = Path::new(&launch.program);
    if sys::os_bytes(&launch.program).iter().any(sys::is_separator) {
        // A relative path is relative to the directory in which the process starts.
        let path = launch
            .chdir
            .as_ref()
            .map_or_else(PathBuf::new, PathBuf::clone)
            .join(program);
        return path.is_file().then_some(path);
    }
    let path = match launch.env.get("PATH") {
        // As `Command` does it: the variable of the new process counts, not that of this one.
        Some(path) => path.as_ref().map(Into::into),
        None => std::env::var_os("PATH"),
    };
    std::env::split_paths(&path?)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

/// The first line of a script; `None` for other files.
fn first_line(path: &Path) -> Option<String> {
    let mut line = Vec::new();
    // Bounded: the file may be a binary without any line end.
    let mut file = BufReader::new(File::open(path).ok()?.take(FIRST_LINE));
    file.read_until(b'\n', &mut line).ok()?;
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    line.starts_with(b"#!")
        .then(|| String::from_utf8_lossy(line).into_owned())
}

#[derive(Debug)]
struct UnusableProgram {
    path: PathBuf,
    first_line: Option<String>,
    source: io::Error,
}

impl fmt::Display for UnusableProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.first_line {
            // Escaped: the carriage return of a file with CRLF is what makes it unusable.
            Some(line) => write!(
                f,
                "{path} names an interpreter that does not exist: {line:?}"
            ),
            None => write!(
                f,
                "{path} exists, but the loader or library that it needs does not"
            ),
        }
    }
}

impl core::error::Error for UnusableProgram {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.source)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::Command;

    use super::*;
    use crate::command::{SshHints, launches};

    fn started(spec: &str) -> Result<(), StartError> {
        let launches = launches(&spec.parse().unwrap(), &SshHints::default()).unwrap();
        start_first(&launches, |launch| {
            let mut command = Command::new(&launch.program);
            command.args(&launch.arguments);
            command.current_dir(launch.chdir.as_deref().unwrap_or(Path::new(".")));
            command.spawn()?.wait().map(drop)
        })
    }

    fn script(directory: &Path, text: &str) -> String {
        let path = directory.join("script");
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_script_whose_interpreter_is_missing_is_not_a_missing_program() {
        let place = tempfile::tempdir().unwrap();
        for (text, shown) in [
            ("#!/nowhere/python\n", r##""#!/nowhere/python""##),
            ("#!/bin/sh\r\nexit\r\n", r##""#!/bin/sh\r""##),
        ] {
            let path = script(place.path(), text);
            let error = match started(&format!("popen//python={path}")) {
                Err(StartError::Start(_, error)) => error.to_string(),
                other => panic!("{text:?}: {other:?}"),
            };
            assert!(
                error.starts_with(&path) && error.ends_with(shown),
                "{error}"
            );
        }
        let error = io::Error::other(UnusableProgram {
            path: PathBuf::from("p"),
            first_line: None,
            source: io::ErrorKind::NotFound.into(),
        });
        let source = core::error::Error::source(&error).unwrap();
        assert_eq!(source.to_string(), "entity not found");
        let missing = started("popen//python=/nowhere/python");
        assert!(
            matches!(missing, Err(StartError::NoProgram(_, names)) if names == ["/nowhere/python"])
        );
    }

    #[test]
    fn a_file_in_place_of_the_directory_is_not_a_missing_program() {
        let place = tempfile::tempdir().unwrap();
        let link = place.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        let file = script(place.path(), "");
        for path in [link.to_str().unwrap(), &file] {
            let error = started(&format!("popen//python=true//chdir={path}"));
            assert!(
                matches!(error, Err(StartError::Directory(..))),
                "{path}: {error:?}"
            );
        }
    }

    #[test]
    fn a_program_that_may_not_be_run_is_not_one_without_an_interpreter() {
        let place = tempfile::tempdir().unwrap();
        let path = script(place.path(), "#!/bin/sh\n");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        match started(&format!("popen//python={path}")) {
            Err(StartError::Start(_, error)) => {
                assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_missing_directory_is_created() {
        let place = tempfile::tempdir().unwrap();
        let new = place.path().join("new");
        let spec = format!("popen//python=true//chdir={}", new.display());
        started(&spec).unwrap();
        assert!(new.is_dir());
        started(&spec).unwrap();
        let parentless = started(&format!("{spec}/a/b"));
        assert!(matches!(parentless, Err(StartError::Directory(..))));
    }

    /// A second look would only say that it is not there.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_directory_that_cannot_be_made_is_reported_with_the_reason() {
        match started("popen//python=true//chdir=/sys/kernel/execnet") {
            Err(StartError::Directory(_, error)) => {
                assert_ne!(error.kind(), io::ErrorKind::NotFound, "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}
