//! The shared secret of a client and a server.

use core::fmt;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use crate::sys;

/// Minimum length in bytes: shorter tokens can be guessed.
const MIN: usize = 16;

/// Maximum length in bytes.
const MAX: usize = 1024;

/// A secret that a client and a server share. Each proves to the other that it knows the secret, before the client
/// sends its program and before the server starts a process. The token itself is never sent.
///
/// A token that people can remember can be guessed: a process that listens in the server's place gets a proof on which
/// it can test guesses. [`generate`](Self::generate) makes a token that cannot be guessed. `Debug` does not show the
/// token.
#[derive(Clone)]
pub struct Token(Vec<u8>);

impl Token {
    /// Generates a random token of 64 hexadecimal digits (256 bits).
    ///
    /// # Errors
    ///
    /// The system's random number generator fails.
    pub fn generate() -> io::Result<Self> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        let digits = random.iter().map(|byte| format!("{byte:02x}"));
        Ok(Self(digits.collect::<String>().into_bytes()))
    }

    /// Reads a token from a file, without surrounding white space.
    ///
    /// The file and the directories above it must belong to this user or root. Others must not be able to access the
    /// file, or to write to the directories, unless these are sticky as `/tmp` is.
    ///
    /// # Errors
    ///
    /// The file cannot be read, others have access as described above ([`PermissionDenied`](io::ErrorKind)), or it
    /// contains less than 16 or more than 1024 bytes.
    pub fn from_file(path: impl AsRef<Path>) -> io::Result<Self> {
        let file = sys::open_secret(path.as_ref())?;
        let mut text = Vec::new();
        // Bounded, as the path may name any file. The excess is for white space around the token.
        file.take(MAX as u64 + 16).read_to_end(&mut text)?;
        Self::new(text.trim_ascii())
    }

    /// Writes the token to a new file that only its owner can read.
    ///
    /// # Errors
    ///
    /// The file exists, or cannot be written.
    pub fn write_to(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let mut file = sys::create_secret(path.as_ref())?;
        file.write_all(&self.0)
    }

    /// A token of these bytes.
    ///
    /// # Errors
    ///
    /// There are fewer than 16 or more than 1024.
    pub fn new(bytes: impl Into<Vec<u8>>) -> io::Result<Self> {
        let bytes = bytes.into();
        if !(MIN..=MAX).contains(&bytes.len()) {
            let problem = format!("a token has {MIN} to {MAX} bytes");
            return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
        }
        Ok(Self(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_token_survives_a_file_that_nobody_else_can_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let token = Token::generate().unwrap();
        token.write_to(&path).unwrap();
        assert_eq!(Token::from_file(&path).unwrap().0, token.0);
        assert_eq!(
            token.write_to(&path).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o640);
        std::fs::set_permissions(&path, open).unwrap();
        assert_eq!(
            Token::from_file(&path).unwrap_err().kind(),
            io::ErrorKind::PermissionDenied
        );
    }

    #[test]
    fn tokens_differ_and_are_not_shown() {
        let (one, other) = (Token::generate().unwrap(), Token::generate().unwrap());
        assert_ne!(one.0, other.0);
        assert_eq!(format!("{one:?}"), "Token(..)");
        assert!(Token::new("short").is_err());
        assert!(Token::new(vec![b'x'; 1025]).is_err());
    }
}
