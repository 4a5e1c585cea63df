//! Servers that run while something is done with them.

use std::thread;

use execnet::{Listen, Server, ServerOptions, ServerStop};

/// Serves while `test` runs, on what it is given the spec of.
///
/// # Panics
///
/// When there can be no server, or it fails.
pub fn served(listen: Listen, test: impl FnOnce(&str)) {
    served_with(listen, ServerOptions::default(), |spec, _| test(spec));
}

/// The same on a Unix socket in a directory of its own.
///
/// # Panics
///
/// As [`served`].
pub fn served_unix(test: impl FnOnce(&str)) {
    served_unix_until(|spec, _| test(spec));
}

/// The same for a test that stops the server itself.
///
/// # Panics
///
/// As [`served`].
pub fn served_unix_until(test: impl FnOnce(&str, &ServerStop)) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("private/socket");
    served_with(Listen::Unix(path), ServerOptions::default(), test);
}

/// The same with these settings.
///
/// # Panics
///
/// As [`served`].
pub fn served_with(listen: Listen, options: ServerOptions, test: impl FnOnce(&str, &ServerStop)) {
    let server = Server::bind(listen, options).unwrap();
    let (spec, stop) = (server.spec(), server.stop_handle());
    thread::scope(|scope| {
        let running = scope.spawn(|| server.run());
        test(&spec, &stop);
        stop.stop();
        running.join().unwrap().unwrap();
    });
}
